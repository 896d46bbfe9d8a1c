"""What pandapower itself makes of tables of others, and a power flow of it."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from grid._pandapower.compiled import keep_compiled_functions
from grid._pandapower.run import run_power_flow
from grid.arrays import Floats
from grid.errors import InputError
from grid.files.json_file import what_it_says

MOST_SAID = 20
"""Sentences of a converter that are repeated."""


class _Listener(logging.Handler):
    """Keeps the warnings of somebody else's module, each once."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a message, cut to one line."""
        sentence = " ".join(record.getMessage().split())[:200]
        if sentence not in self.said and len(self.said) < MOST_SAID:
            self.said.append(sentence)


@contextmanager
def converting(what: str) -> Iterator[list[str]]:
    """Within it, what a converter raises is a fault of the file, and its warnings are kept instead of printed.

    Args:
        what: What reads it, such as ``pandapower``.

    Raises:
        InputError: If the converter fails.
    """
    said: list[str] = []
    listener, root = _Listener(said), logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = [listener]
    root.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield said
    except InputError:
        raise
    except Exception as error:  # whatever a broken file provokes inside a converter is a fault of the file
        raise InputError.single("city.network", f"{what} cannot read it: {what_it_says(error)}") from error
    finally:
        root.handlers = before
        root.setLevel(level)


def net_of_sheets(sheets: Mapping[str, Any]) -> Any:
    """The net in the sheets of a workbook that pandapower wrote, as tables of pandas with the first column as index."""
    from pandapower.convert_format import convert_format  # noqa: PLC0415  slow to import
    from pandapower.io_utils import from_dict_of_dfs  # noqa: PLC0415

    with converting("pandapower"):
        net = from_dict_of_dfs(dict(sheets), add_basic_std_types=True)
        convert_format(net)
        for name in ("f_hz", "sn_mva"):  # of numpy, as pandas reads them
            net[name] = float(net[name])
    return net


def column_kinds(table: str) -> dict[str, str]:
    """Kinds of the columns of pandapower's own table (``b`` truth values, ``i``, ``u``, ``f`` numbers, ``O`` texts)."""
    import pandapower  # noqa: PLC0415  slow to import

    own = pandapower.create_empty_network().get(table)
    return {str(name): kind.kind for name, kind in own.dtypes.items()} if hasattr(own, "dtypes") else {}


def element_counts(net: Any) -> dict[str, int]:
    """Number of elements of a net by table, empty tables left out."""
    import pandapower  # noqa: PLC0415  slow to import

    tables = pandapower.create_empty_network()
    return {
        name: len(net[name]) for name, table in tables.items()
        if hasattr(table, "columns") and not name.startswith(("_", "res_")) and name in net and len(net[name])
    }  # fmt: skip


def stored_voltages(net: Any) -> Floats:
    """Voltages that a net brings along as results, by bus, NaN where it has none, shape (B,) [pu]."""
    if "res_bus" not in net or not len(net.res_bus) or "vm_pu" not in net.res_bus:
        return np.full(len(net.bus), np.nan)
    return np.asarray(net.res_bus.vm_pu.reindex(net.bus.index).to_numpy(dtype=float))


def voltages(net: Any) -> Floats | None:
    """Voltages of a power flow of the net as it stands, by bus, shape (B,) [pu]; None where it has no solution."""
    solved = _solved(net)
    return None if solved is None else np.asarray(solved.res_bus.vm_pu.to_numpy(dtype=float))


def _solved(net: Any) -> Any | None:
    """A copy of the net with its power flow solved; None where it has no solution."""
    solved = copy.deepcopy(net)
    keep_compiled_functions()
    try:
        with converting("pandapower"):
            run_power_flow(solved)
    except InputError:
        return None
    return solved


@dataclass(frozen=True)
class SolvedExtremes:
    """What a power flow of a net comes to.

    Args:
        vm_min_pu: Lowest voltage [pu].
        vm_max_pu: Highest voltage [pu].
        loading_max_percent: Highest loading of a line or transformer [%].
        loss_mw: Losses of lines and transformers [MW].
        supplied: Whether every bus in service is energised.
    """

    vm_min_pu: float
    vm_max_pu: float
    loading_max_percent: float
    loss_mw: float
    supplied: bool

    def within(self, vm_min_pu: float, vm_max_pu: float, loading_max_percent: float) -> bool:
        """Whether limits hold, and everybody is supplied."""
        held = vm_min_pu <= self.vm_min_pu and self.vm_max_pu <= vm_max_pu
        return self.supplied and held and self.loading_max_percent <= loading_max_percent

    def __str__(self) -> str:
        return (
            f"voltages {self.vm_min_pu:.4f} to {self.vm_max_pu:.4f} pu, highest loading "
            f"{self.loading_max_percent:.1f} %, losses {self.loss_mw:.4g} MW"
        )


def solved_extremes(net: Any) -> SolvedExtremes | None:
    """Extremes of a power flow of the net as it stands; None where it has no solution."""
    solved = _solved(net)
    if solved is None:
        return None
    vm_pu = solved.res_bus.vm_pu[solved.bus.in_service.astype(bool)]
    branches = [solved.res_line, solved.res_trafo]
    return SolvedExtremes(
        float(vm_pu.min()), float(vm_pu.max()),
        float(max(table.loading_percent.max() for table in branches if len(table))),
        float(sum(table.pl_mw.sum() for table in branches)), not bool(vm_pu.isna().any()),
    )  # fmt: skip


def bus_labels(net: Any) -> list[str]:
    """Names of the buses, by which sentences call them."""
    return [
        str(name) if name is not None else f"bus {index}"
        for name, index in zip(net.bus.name, net.bus.index, strict=True)
    ]


def hold_reference(net: Any, rows: Sequence[int]) -> str:
    """Makes a generator the reference of a net that has none.

    Args:
        net: The net; it is changed.
        rows: Rows of ``gen`` among which the largest is taken; all of them where empty.

    Returns:
        Its name; empty if the net has a reference already, or no generator.
    """
    if len(net.ext_grid) and net.ext_grid.in_service.astype(bool).any():
        return ""
    gen = net.gen
    if not len(gen) or (gen.slack.astype(bool) & gen.in_service.astype(bool)).any():
        return ""
    chosen = gen.iloc[list(rows)] if len(rows) else gen[gen.in_service.astype(bool)]
    if not len(chosen):
        return ""
    index = chosen.p_mw.astype(float).abs().idxmax()
    net.gen.loc[index, "slack"] = True
    return str(net.gen.name.at[index])
