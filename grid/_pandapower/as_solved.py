"""The net as it is solved: balanced, without controllers, by our options; and in words what that leaves out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from grid.errors import Fault, raise_if_any

PHASES = "abc"
SWITCHES = ("in_service", "closed")
"""Columns of truth values, which nets from other tools hold as numbers or objects."""
HONOURED = ("enforce_q_lims",)
"""Options stored in a net that every power flow of it follows; others are replaced by `RUNPP_OPTIONS`."""


def net_as_solved(net: Any) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    """A copy of a net as the power flow takes it.

    Args:
        net: The pandapower net; it is not changed.

    Returns:
        The copy: its asymmetric elements are balanced ones; what a balanced power flow misstates of the net; and what
        else of the net is not followed. One sentence each.

    Raises:
        InputError: If a column of truth values holds anything else.
    """
    net = copy.deepcopy(net)
    raise_if_any(truth_value_faults(net), "the net")
    misstated = tuple(_balance(net))
    return net, misstated, tuple(_not_followed(net))


def truth_value_faults(net: Any) -> Iterator[Fault]:
    """Turns columns of truth values into such, and yields those that cannot be."""
    for table in ("bus", "line", "trafo", "trafo3w", "load", "sgen", "storage", "gen", "ext_grid", "switch", "shunt",
                  "ward", "xward", "impedance", "motor", "dcline", "asymmetric_load", "asymmetric_sgen"):  # fmt: skip
        for column in SWITCHES:
            if column not in net[table] or net[table][column].dtype == bool:
                continue
            for row, value in enumerate(net[table][column]):
                if value not in (0, 1):
                    yield Fault(f"{table} #{net[table].index[row]}, {column}", "must be true or false", repr(value))
                    break
            else:
                net[table][column] = net[table][column].astype(bool)


def _balance(net: Any) -> Iterator[str]:
    """Replaces asymmetric loads and generators by balanced ones of the same power, and says how many."""
    import pandapower  # noqa: PLC0415  slow to import

    for table, create, what in (
        ("asymmetric_load", pandapower.create_loads, "loads"),
        ("asymmetric_sgen", pandapower.create_sgens, "generators"),
    ):
        frame = net[table]
        if not len(frame):
            continue
        p_mw, q_mvar = (
            frame[[f"{quantity}_{phase}_{unit}" for phase in PHASES]].sum(axis=1).to_numpy(dtype=float)
            for quantity, unit in (("p", "mw"), ("q", "mvar"))
        )
        names = [
            name if isinstance(name, str) and name else f"{table} {index}"
            for name, index in zip(frame.name, frame.index, strict=True)
        ]
        scaling, in_service = frame.scaling.to_numpy(dtype=float), frame.in_service.to_numpy(dtype=bool)
        added = create(
            net, frame.bus.to_numpy(), p_mw=p_mw, q_mvar=q_mvar, scaling=scaling, in_service=in_service, name=names
        )
        _keep_phases(net[table.removeprefix("asymmetric_")], added, frame)
        net[table] = frame.iloc[:0]
        power = float((p_mw * scaling)[in_service].sum())
        yield (
            f"{np.count_nonzero(in_service)} asymmetric {what} ({power:.3g} MW), such as single-phase ones, are solved "
            "as if spread evenly over three phases: the lowest voltage of a phase is lower, the highest higher, and "
            "the loading of a conductor higher than shown."
        )


def _keep_phases(balanced: Any, added: Any, frame: Any) -> None:
    """States of balanced elements which share of their power asymmetric ones have in each phase, and where: `phased`.

    Where the phases of an element cancel there is no power to take shares of, and they are NaN.
    """
    for quantity, unit in (("p", "mw"), ("q", "mvar")):
        parts = frame[[f"{quantity}_{phase}_{unit}" for phase in PHASES]].to_numpy(dtype=float)
        total = parts.sum(axis=1, keepdims=True)
        shares = np.divide(parts, total, out=np.full(parts.shape, 1 / len(PHASES)), where=total != 0)
        shares[(total[:, 0] == 0) & parts.any(axis=1)] = np.nan
        for place, phase in enumerate(PHASES):
            balanced.loc[added, f"{quantity}_share_{phase}"] = shares[:, place]
    kinds = frame["type"].astype(str).str.lower() if "type" in frame else np.full(len(frame), "wye")
    balanced.loc[added, "connection"] = np.where(np.asarray(kinds) == "delta", "delta", "wye")


def _not_followed(net: Any) -> Iterator[str]:
    """What the net holds and no power flow here follows; options that are replaced are taken out."""
    if "controller" in net and len(net.controller):
        running = net.controller[net.controller.in_service.astype(bool)]
        if len(running):
            kinds = sorted({type(controller).__name__ for controller in running.object})
            named = ", ".join(kinds)
            yield f"{len(running)} controllers stored in the net are not run: {named}; state them in the scenario."
    options = dict(net.user_pf_options) if "user_pf_options" in net and net.user_pf_options else {}
    replaced = sorted(set(options) - set(HONOURED))
    if replaced:
        yield f"Options of the power flow stored in the net are replaced: {', '.join(replaced)}."
    net.user_pf_options = {name: options[name] for name in HONOURED if name in options}
    negative = net.trafo.vk_percent.to_numpy(dtype=float) < 0
    if negative.any():
        count = int(np.count_nonzero(negative))
        yield f"{count} transformers have a negative short-circuit voltage, as only equivalents of grids have."
    rated = net.line.max_i_ka.to_numpy(dtype=float) > 0
    unrated = int(np.count_nonzero(net.line.in_service.to_numpy(dtype=bool) & ~rated))
    if unrated:
        yield f"{unrated} lines have no rated current: their loading is not known and not limited."
