"""A net made of plain tables in pandapower's columns, for readers of other formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

Columns = Mapping[str, Any]
_MADE_BY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ext_grid": ("create_ext_grid", {}),
    "line": ("create_lines_from_parameters", {"from_bus": "from_buses", "to_bus": "to_buses"}),
    "trafo": ("create_transformers_from_parameters", {"hv_bus": "hv_buses", "lv_bus": "lv_buses"}),
    "load": ("create_loads", {"bus": "buses"}),
    "sgen": ("create_sgens", {"bus": "buses"}),
    "gen": ("create_gens", {"bus": "buses"}),
    "storage": ("create_storages", {"bus": "buses"}),
    "shunt": ("create_shunts", {"bus": "buses"}),
    "switch": ("create_switches", {"bus": "buses", "element": "elements"}),
    "impedance": ("create_impedances", {"from_bus": "from_buses", "to_bus": "to_buses"}),
}
"""pandapower's function for each table, and its names of columns that it calls otherwise; in this order."""
_BY_TYPE = {"line": "create_lines", "trafo": "create_transformers"}
"""The functions for lines and transformers of standard types."""
_ADDED = ("sector", "technology", "zone", "vector_group", "profile_p", "r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km",
          "leakage_resistance_ratio_hv", "leakage_reactance_ratio_hv")  # fmt: skip
"""Columns that are set afterwards, since pandapower's functions take none, or not always."""
_ONE_BY_ONE = ("ext_grid", "asymmetric_load", "asymmetric_sgen")


@cache
def standard_types(table: str) -> Mapping[str, Mapping[str, Any]]:
    """Pandapower's standard types of lines (``line``) or transformers (``trafo``), by name."""
    import pandapower  # noqa: PLC0415  slow to import

    types: Mapping[str, Mapping[str, Any]] = pandapower.create_empty_network().std_types[table]
    return MappingProxyType(types)


def net_of_tables(name: str, tables: Mapping[str, Columns], f_hz: float = 50.0) -> Any:
    """A pandapower net of plain tables.

    Args:
        name: Name of the net.
        tables: Columns by table, as pandapower calls both, arrays or lists of one length each; buses are named by their
            row in table ``bus``, and lines or transformers with a column ``std_type`` take the rest from there.
        f_hz: Frequency [Hz].
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = pandapower.create_empty_network(name=name, f_hz=f_hz)
    bus = dict(tables["bus"])
    x, y = bus.pop("x", None), bus.pop("y", None)
    added = {column: bus.pop(column) for column in ("zone",) if column in bus}
    pandapower.create_buses(net, len(bus["vn_kv"]), **bus, **added)
    if x is not None:
        net.bus["geo"] = _points(x, y)
    for table, (function, other_names) in _MADE_BY.items():
        columns = dict(tables.get(table, {}))
        if not columns or not len(next(iter(columns.values()))):
            continue
        added = {column: columns.pop(column) for column in _ADDED if column in columns}
        if table in _ONE_BY_ONE:
            _create_each(net, function, columns)
        elif table in _BY_TYPE and "std_type" in columns:
            _create_by_type(net, table, columns, other_names)
        else:
            getattr(pandapower, function)(net, **{other_names.get(key, key): value for key, value in columns.items()})
        for column, values in added.items():
            net[table][column] = list(values)
    for table in ("asymmetric_load", "asymmetric_sgen"):
        if tables.get(table):
            _create_each(net, f"create_{table}", tables[table])
    return net


def _points(x: Any, y: Any) -> list[str | None]:
    """Coordinates of buses as GeoJSON points, as pandapower keeps them; none where none are known."""
    return [
        json.dumps({"type": "Point", "coordinates": [float(a), float(b)]})
        if np.isfinite(a) and np.isfinite(b)
        else None
        for a, b in zip(x, y, strict=True)
    ]


def _create_each(net: Any, function: str, columns: Columns) -> None:
    """Elements for which pandapower has no function that makes many."""
    import pandapower  # noqa: PLC0415  slow to import

    for values in zip(*columns.values(), strict=True):
        getattr(pandapower, function)(net, **dict(zip(columns, values, strict=True)))


def _create_by_type(net: Any, table: str, columns: dict[str, Any], other_names: Mapping[str, str]) -> None:
    """Lines or transformers of standard types; pandapower takes one type at a time for transformers."""
    import pandapower  # noqa: PLC0415  slow to import

    types = list(columns.pop("std_type"))
    order: list[int] = []
    for kind in dict.fromkeys(types):
        rows = [k for k, each in enumerate(types) if each == kind]
        chosen = {other_names.get(key, key): [values[k] for k in rows] for key, values in columns.items()}
        getattr(pandapower, _BY_TYPE[table])(net, std_type=kind, index=rows, **chosen)
        order += rows
    net[table] = net[table].sort_index()
