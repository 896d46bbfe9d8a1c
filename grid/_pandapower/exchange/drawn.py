"""A net as plain tables of what a map can hold: names instead of numbers, taps and parallel systems folded in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grid._pandapower.tables import numbers, unique
from grid.arrays import Floats

Columns = dict[str, list[Any]]
_AT_BUS = {
    "ext_grid": ("vm_pu", "va_degree"),
    "load": ("p_mw", "q_mvar"),
    "sgen": ("p_mw", "q_mvar"),
    "storage": ("p_mw", "q_mvar", "max_e_mwh"),
}
"""Tables of elements at one bus, and their columns that are numbers."""
_TEXTS = ("type", "sector")


def drawn_tables(net: Any) -> tuple[Mapping[str, Columns], Mapping[str, int]]:
    """The elements that a map holds, and how many of other tables there are.

    Transformers have their tap, parallel systems and derating as part of their ratings, lines their derating. Elements
    out of service are kept as such; an open switch at a transformer makes it one of those.

    Returns:
        Columns by table: ``bus``, ``line``, ``trafo``, ``ext_grid``, ``load``, ``sgen``, ``storage``, ``switch``.
        Number of elements of each other table that has any.
    """
    names = dict(zip(net.bus.index, unique(net.bus, "bus"), strict=True))
    tables = {"bus": _buses(net), "line": _lines(net, names), "trafo": _trafos(net, names)}
    tables |= {table: _at_bus(net, table, names) for table in _AT_BUS}
    tables["switch"] = _switches(net, names)
    others = {}
    for table in ("gen", "shunt", "ward", "xward", "impedance", "trafo3w", "motor", "dcline", "asymmetric_load",
                  "asymmetric_sgen", "svc", "ssc", "tcsc"):  # fmt: skip
        if table in net and len(net[table]):
            others[table] = len(net[table])
    return tables, others


def _buses(net: Any) -> Columns:
    zones = net.bus.zone if "zone" in net.bus else [None] * len(net.bus)
    return {
        "name": list(unique(net.bus, "bus")),
        "vn_kv": net.bus.vn_kv.astype(float).tolist(),
        "zone": [zone if isinstance(zone, str) else None for zone in zones],
        **{name: _or_none(numbers(net.bus, name, np.nan)) for name in ("min_vm_pu", "max_vm_pu")},
        "in_service": net.bus.in_service.astype(bool).tolist(),
    }


def _lines(net: Any, names: Mapping[Any, str]) -> Columns:
    line = net.line
    plain = ("length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km")
    return {
        "name": list(unique(line, "line")),
        "from_bus": [names[bus] for bus in line.from_bus],
        "to_bus": [names[bus] for bus in line.to_bus],
        **{column: line[column].astype(float).tolist() for column in plain},
        "max_i_ka": (numbers(line, "max_i_ka", 0.0) * numbers(line, "df", 1.0)).tolist(),
        "parallel": line.parallel.astype(int).tolist(),
        "std_type": [kind if isinstance(kind, str) else None for kind in line.std_type],
        "in_service": line.in_service.astype(bool).tolist(),
    }


def _trafos(net: Any, names: Mapping[Any, str]) -> Columns:
    trafo = net.trafo
    ratio, turned = _taps(trafo)
    at_hv = (trafo.tap_side == "hv").to_numpy(dtype=bool) if "tap_side" in trafo else np.ones(len(trafo), dtype=bool)
    parallel, open_at = (
        numbers(trafo, "parallel", 1.0),
        net.switch[(net.switch.et == "t") & ~net.switch.closed.astype(bool)],
    )
    in_service = trafo.in_service.to_numpy(dtype=bool) & ~np.isin(trafo.index, open_at.element)
    return {
        "name": list(unique(trafo, "trafo")),
        "hv_bus": [names[bus] for bus in trafo.hv_bus],
        "lv_bus": [names[bus] for bus in trafo.lv_bus],
        "sn_mva": (numbers(trafo, "sn_mva", np.nan) * parallel).tolist(),
        "vn_hv_kv": (numbers(trafo, "vn_hv_kv", np.nan) * np.where(at_hv, ratio, 1.0)).tolist(),
        "vn_lv_kv": (numbers(trafo, "vn_lv_kv", np.nan) * np.where(at_hv, 1.0, ratio)).tolist(),
        **{name: numbers(trafo, name, 0.0).tolist() for name in ("vk_percent", "vkr_percent", "i0_percent")},
        "pfe_kw": (numbers(trafo, "pfe_kw", 0.0) * parallel).tolist(),
        "shift_degree": (numbers(trafo, "shift_degree", 0.0) + np.where(at_hv, turned, -turned)).tolist(),
        "in_service": in_service.tolist(),
    }


def _taps(trafo: Any) -> tuple[Floats, Floats]:
    """Ratio [1] and angle [degree] of the taps of transformers; a changer of no type does nothing, as in pandapower."""
    steps = numbers(trafo, "tap_pos", 0.0) - numbers(trafo, "tap_neutral", 0.0)
    kinds = trafo["tap_changer_type"] if "tap_changer_type" in trafo else [None] * len(trafo)
    changes = np.array([kind in {"Ratio", "Symmetrical"} for kind in kinds], dtype=bool)
    turns = np.array([kind == "Ideal" for kind in kinds], dtype=bool)
    degree = numbers(trafo, "tap_step_degree", 0.0)
    added = steps * numbers(trafo, "tap_step_percent", 0.0) / 100 * np.exp(1j * np.deg2rad(degree))
    ratio = np.where(changes, 1 + added, 1.0)
    return np.abs(ratio), np.rad2deg(np.angle(ratio)) + np.where(turns, steps * degree, 0.0)


def _at_bus(net: Any, table: str, names: Mapping[Any, str]) -> Columns:
    frame = net[table]
    scaling = numbers(frame, "scaling", 1.0)
    columns: Columns = {"name": list(unique(frame, table)), "bus": [names[bus] for bus in frame.bus]}
    for column in _AT_BUS[table]:
        values = numbers(frame, column, 0.0)
        columns[column] = (values * scaling if column in {"p_mw", "q_mvar"} else values).tolist()
    for column in _TEXTS:
        if column in frame:
            columns[column] = [value if isinstance(value, str) else None for value in frame[column]]
    return columns | {"in_service": frame.in_service.astype(bool).tolist()}


def _switches(net: Any, names: Mapping[Any, str]) -> Columns:
    switch = net.switch[net.switch.et.isin(["b", "l"])]
    lines = dict(zip(net.line.index, unique(net.line, "line"), strict=True))
    of_line = (switch.et == "l").tolist()
    return {
        "name": list(unique(switch, "switch")),
        "bus": [names[bus] for bus in switch.bus],
        "other_bus": [None if line else names[k] for k, line in zip(switch.element, of_line, strict=True)],
        "line": [lines[k] if line else None for k, line in zip(switch.element, of_line, strict=True)],
        "closed": switch.closed.astype(bool).tolist(),
    }


def _or_none(values: Any) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
