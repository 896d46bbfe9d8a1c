"""Reading nets: files, what pandapower ships, SimBench."""

from __future__ import annotations

import inspect
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from grid._pandapower.compiled import keep_compiled_functions
from grid._pandapower.exchange.convert import converting
from grid._pandapower.faults import table_faults
from grid._pandapower.permitted import permitted_text
from grid.errors import InputError, nearest, raise_if_any
from grid.files.content import shown_path
from grid.files.json_file import read_json, what_it_says


def read_file(path: Path) -> Any:
    """The pandapower net in the JSON file `path` (plain or gzipped), see `net_in_json`."""
    return net_in_json(read_json(path, "city.network"), path)


def net_in_json(decoded: Any, path: Path) -> Any:
    """The pandapower net that a decoded JSON file holds.

    Nothing in the file is run, and nothing is read from elsewhere: see `grid._pandapower.permitted`.

    Args:
        decoded: What the file says.
        path: The file, for messages.

    Raises:
        InputError: If it is not a pandapower net, or holds what no net needs.
    """
    text = permitted_text(decoded, shown_path(path))
    import pandapower  # noqa: PLC0415  slow to import

    try:
        net = pandapower.from_json_string(text, convert=True)
    except Exception as error:  # whatever a broken file provokes inside pandapower is a fault of the file
        raise InputError.single("city.network", f"pandapower cannot read it: {what_it_says(error)}") from error
    return checked(net, path)


def checked(net: Any, path: Path) -> Any:
    """The net, whose tables are such as can be solved.

    Raises:
        InputError: With all that is wrong with its tables.
    """
    raise_if_any(table_faults(net), shown_path(path))
    return net


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "create_cigre_network_mv_pv_wind": ("create_cigre_network_mv", {"with_der": "pv_wind"}),
    "create_cigre_network_mv_all": ("create_cigre_network_mv", {"with_der": "all"}),
    "mv_oberrhein_generation": ("mv_oberrhein", {"scenario": "generation"}),
    "mv_oberrhein_substations": ("mv_oberrhein", {"include_substations": True}),
    "lv_schutterwald_heat_pumps": ("lv_schutterwald", {"include_heat_pumps": True}),
    "ieee_european_lv_off_peak_1": ("ieee_european_lv_asymmetric", {"scenario": "off_peak_1"}),
    "ieee_european_lv_off_peak_1440": ("ieee_european_lv_asymmetric", {"scenario": "off_peak_1440"}),
    **{
        f"synthetic_voltage_control_lv_{kind}": ("create_synthetic_voltage_control_lv_network", {"network_class": kind})
        for kind in ("rural_1", "rural_2", "village_1", "village_2", "suburb_1")
    },
}
"""Variants of pandapower's own nets that need arguments: the function and what it is called with."""


def builtin(name: str) -> Any | None:
    """The net that pandapower itself ships under `name` (e.g. ``case33bw``), or None.

    Some of them draw their lines at random; here a name always gives the same net.
    """
    import pandapower.networks  # noqa: PLC0415  slow to import

    if name not in builtin_names():
        return None
    function, arguments = VARIANTS.get(name, (name, {}))
    keep_compiled_functions()
    state = random.getstate()
    random.seed(name)
    try:
        return getattr(pandapower.networks, function)(**arguments)
    finally:
        random.setstate(state)


def builtin_names() -> list[str]:
    """Names of the nets that pandapower ships and can make without arguments, and of `VARIANTS`."""
    import pandapower.networks  # noqa: PLC0415  slow to import

    made = (
        name
        for name, make in inspect.getmembers(pandapower.networks, inspect.isfunction)
        if make.__module__.startswith("pandapower.networks.")
        and not name.startswith("_")
        and all(p.default is not p.empty or p.kind in {p.VAR_KEYWORD, p.VAR_POSITIONAL}
                for p in inspect.signature(make).parameters.values())
    )  # fmt: skip
    return sorted({*made, *VARIANTS})


def simbench(code: str) -> Any:
    """The net of a SimBench code with its profiles in ``net.profiles``.

    Raises:
        InputError: If the package `simbench` is not installed or does not know the code.
    """
    package = _simbench("a SimBench code")
    codes = package.collect_all_simbench_codes()
    if code not in codes:
        raise InputError.single("city.network", "no such SimBench code", code, nearest(code, codes))
    return package.get_simbench_net(code)


def net_of_simbench(tables: Mapping[str, pl.DataFrame]) -> Any:
    """The net in tables of SimBench's format, without profiles.

    Args:
        tables: Cells as texts, numbers with a point, by the names of the format; those that lack are empty.

    Raises:
        InputError: If the package `simbench` is not installed, or cannot read them.
    """
    package = _simbench("a folder of SimBench")
    from simbench.converter.format_information import get_columns  # noqa: PLC0415  optional

    with tempfile.TemporaryDirectory() as folder, converting("simbench's converter (csv2pp)"):
        for name, table in tables.items():
            absent = [pl.lit("").alias(column) for column in get_columns(name) if column not in table.columns]
            table.with_columns(absent).write_csv(Path(folder) / f"{name}.csv", separator=";")
        return package.csv2pp(folder, sep=";", fill_bus_geo_by_generic_data=False)


def _simbench(what: str) -> Any:
    """The package `simbench`, which is optional."""
    try:
        import simbench  # noqa: PLC0415  optional
    except ImportError as error:
        rule = f"{what} needs the package simbench: pip install 'gridcarbon[simbench]'"
        raise InputError.single("city.network", rule) from error
    return simbench
