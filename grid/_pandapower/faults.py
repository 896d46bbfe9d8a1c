"""What is wrong with the elements of a net: one rule a line, all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import Fault

Rule = tuple[str, str, Callable[[Floats], Bools]]


def _positive(values: Floats) -> Bools:
    return values > 0


def _not_zero(values: Floats) -> Bools:
    usable: Bools = np.isfinite(values) & (values != 0)
    return usable


def _not_below_zero(values: Floats) -> Bools:
    return ~(values < 0)


MOST_MW = 100_000.0
"""Of one element of a net: the load of a large country."""


def _of_an_element(values: Floats) -> Bools:
    return ~(np.abs(values) > MOST_MW)


def _finite(*columns: str) -> tuple[Rule, ...]:
    """Columns with which, NaN, no power flow has a solution, or pandapower ends in an error of its own."""
    return tuple((column, "must be finite", np.isfinite) for column in columns)


_ABOVE_0 = "must be greater than 0"
_POWERS: tuple[Rule, ...] = (
    *(("p_mw", "must be finite", np.isfinite), ("q_mvar", "must be finite", np.isfinite)),
    ("p_mw", f"must be at most {MOST_MW:,.0f} MW (is it in kW or W?)", _of_an_element),
    ("q_mvar", f"must be at most {MOST_MW:,.0f} MVAr (is it in kVAr or VAr?)", _of_an_element),
    ("scaling", "must be finite", np.isfinite),
)
RULES: dict[str, tuple[Rule, ...]] = {
    "bus": (("vn_kv", _ABOVE_0, _positive),),
    "load": _POWERS,
    "sgen": _POWERS,
    "storage": _POWERS,
    "line": (
        ("length_km", "must be greater than 0 (a branch without impedance is a switch)", _positive),
        ("r_ohm_per_km", "must be finite", np.isfinite),
        ("x_ohm_per_km", "must be finite", np.isfinite),
        ("max_i_ka", "must be at least 0; leave it out or 0 where there is no rating", _not_below_zero),
        ("parallel", _ABOVE_0, _positive),
        *_finite("c_nf_per_km", "g_us_per_km"),
    ),
    "trafo": (
        ("sn_mva", "must be greater than 0", _positive),
        ("vn_hv_kv", "must be greater than 0", _positive),
        ("vn_lv_kv", "must be greater than 0", _positive),
        ("vk_percent", "must not be 0 (a transformer without impedance is a switch)", _not_zero),
        ("parallel", _ABOVE_0, _positive),
        *_finite("vkr_percent", "pfe_kw", "i0_percent", "shift_degree"),
    ),
    "trafo3w": tuple(
        rule
        for winding in ("hv", "mv", "lv")
        for rule in (
            (f"sn_{winding}_mva", _ABOVE_0, _positive),
            (f"vn_{winding}_kv", _ABOVE_0, _positive),
            *_finite(f"vk_{winding}_percent", f"vkr_{winding}_percent"),
        )
    )
    + _finite("pfe_kw", "i0_percent"),
    "ext_grid": (("vm_pu", _ABOVE_0, _positive), *_finite("va_degree")),
    "gen": (("vm_pu", _ABOVE_0, _positive), *_finite("p_mw", "scaling")),
    "shunt": (("vn_kv", _ABOVE_0, _positive), *_finite("p_mw", "q_mvar", "step")),
    "ward": _finite("ps_mw", "qs_mvar", "pz_mw", "qz_mvar"),
    "xward": (("vm_pu", _ABOVE_0, _positive), *_finite("ps_mw", "qs_mvar", "pz_mw", "qz_mvar", "r_ohm", "x_ohm")),
    "impedance": (("sn_mva", _ABOVE_0, _positive), *_finite("rft_pu", "xft_pu", "rtf_pu", "xtf_pu")),
}
"""What must hold for a column of elements in service; NaN never does."""
ENDS = {
    **dict.fromkeys(("load", "sgen", "storage", "ext_grid", "gen", "shunt", "ward", "xward", "motor", "switch",
                     "asymmetric_load", "asymmetric_sgen"), ("bus",)),
    **dict.fromkeys(("line", "impedance", "dcline"), ("from_bus", "to_bus")),
    "trafo": ("hv_bus", "lv_bus"),
    "trafo3w": ("hv_bus", "mv_bus", "lv_bus"),
}  # fmt: skip
"""Columns that name a bus."""
_INJECTION = ("bus", "p_mw", "q_mvar", "scaling", "in_service")
REQUIRED: dict[str, tuple[str, ...]] = {
    "bus": ("vn_kv", "in_service"),
    "load": _INJECTION,
    "sgen": _INJECTION,
    "storage": _INJECTION,
    "ext_grid": ("bus", "vm_pu", "va_degree", "in_service"),
    "gen": ("bus", "p_mw", "vm_pu", "scaling", "slack", "in_service"),
    "line": ("from_bus", "to_bus", "length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka", "df",
             "parallel", "in_service"),
    "trafo": ("hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "pfe_kw",
              "i0_percent", "shift_degree", "parallel", "df", "in_service"),
    "switch": ("bus", "element", "et", "closed"),
}  # fmt: skip
"""Columns without which a table cannot be solved."""
_NO_DC = "direct-current grids are not modelled; take a dcline, or one load and one static generator"
REFUSED = {
    "tcsc": "series compensation that follows the power is not modelled; take an impedance",
    **dict.fromkeys(("bus_dc", "vsc", "b2b_vsc", "vsc_stacked", "vsc_bipolar"), _NO_DC),
}
"""Tables of elements whose flows follow no admittance that is the same in every step, and what to take instead."""
HIGHEST_INDEX = 10_000_000
"""Of a bus: pandapower keeps an entry for every number up to the highest."""


def needed_columns(table: str) -> frozenset[str]:
    """Columns of numbers that no element in service may leave empty."""
    nothing = np.array([np.nan])
    ruled = (column for column, _, holds in RULES.get(table, ()) if not holds(nothing)[0])
    return frozenset((*ruled, *ENDS.get(table, ())))


def table_faults(net: Any) -> Iterator[Fault]:
    """What keeps the tables of a net that was read from being tables: missing columns, texts for numbers, odd indices.

    Empty tables take the columns of pandapower's own, missing names become none, and columns of numbers that were
    stored as objects become numbers.
    """
    import pandapower  # noqa: PLC0415  slow to import

    empty = pandapower.create_empty_network()
    for table, own in empty.items():
        if hasattr(own, "columns") and not table.startswith("_"):
            frame = net[table]
            if not hasattr(frame, "columns"):
                yield Fault(table, "must be a table", type(frame).__name__)
            elif not all(isinstance(name, str) for name in frame.columns):
                named = next(name for name in frame.columns if not isinstance(name, str))
                yield Fault(table, "must have columns that are named by text", named)
            elif len(frame):
                yield from _column_faults(frame, table, own)
            elif not set(own.columns) <= set(frame.columns):
                net[table] = own
    for name in ("f_hz", "sn_mva"):
        value = net[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
            yield Fault(name, "must be a number greater than 0", value)
    if not isinstance(net.user_pf_options, dict):
        yield Fault("user_pf_options", "must be a mapping", net.user_pf_options)


def _column_faults(frame: Any, table: str, own: Any) -> Iterator[Fault]:
    """What is wrong with the columns of a table with rows; `own` is pandapower's empty one."""
    import pandas as pd  # noqa: PLC0415  slow to import

    if not frame.columns.is_unique or not frame.index.is_unique:
        yield Fault(table, "must not name a column or a row twice")
        return
    if "name" in own and "name" not in frame:
        frame["name"] = None
    yield from (Fault(table, "lacks a column", name) for name in REQUIRED.get(table, ()) if name not in frame)
    if table == "bus" and not (
        pd.api.types.is_integer_dtype(frame.index) and frame.index.min() >= 0 and frame.index.max() <= HIGHEST_INDEX
    ):
        yield Fault("bus", f"must be numbered by whole numbers from 0 to {HIGHEST_INDEX:,}")
    for name in set(own.columns) & set(frame.columns):
        if own[name].dtype.kind in "iuf" and frame[name].dtype.kind not in "iufb":
            numbers = pd.to_numeric(frame[name], errors="coerce")
            wrong = (numbers.isna() & frame[name].notna()).to_numpy()
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                yield Fault(_place(frame, table, row, name), "must be a number", frame[name].iloc[row])
            else:
                frame[name] = numbers.astype(float)


def faults(net: Any) -> Iterator[Fault]:
    """All faults of the elements in service, each with table, name, column and value."""
    for table, rules in RULES.items():
        frame = net[table]
        used = frame[frame.in_service.astype(bool)] if "in_service" in frame else frame
        for column, rule, holds in rules:
            if column in used:
                values = used[column].to_numpy(dtype=float)
                for row in np.flatnonzero(~holds(values)):
                    yield Fault(_place(used, table, int(row), column), rule, float(values[row]))
    for table, columns in ENDS.items():
        frame = net[table]
        used = frame[frame.in_service.astype(bool)] if "in_service" in frame else frame
        for column in columns:
            for row in np.flatnonzero(~used[column].isin(net.bus.index).to_numpy()):
                yield Fault(_place(used, table, int(row), column), "no such bus", used[column].iloc[row].item())
    for table, why in REFUSED.items():
        if table in net and len(net[table]):
            yield Fault(f"{table} #{net[table].index[0]}", why)
    if "ssc" in net and (net.ssc.in_service.astype(bool) & (net.ssc.r_ohm != 0)).any():
        yield Fault("ssc, r_ohm", "must be 0: what it loses is not known step by step")
    line = net.line[net.line.in_service.astype(bool)]
    for row in np.flatnonzero(((line.r_ohm_per_km == 0) & (line.x_ohm_per_km == 0)).to_numpy()):
        yield Fault(
            _place(line, "line", int(row), "r_ohm_per_km, x_ohm_per_km"), "must not both be 0: that is a switch"
        )


def _place(frame: Any, table: str, row: int, column: str) -> str:
    name = frame.name.iloc[row] if "name" in frame else None
    label = repr(name) if isinstance(name, str) and name else f"#{frame.index[row]}"
    return f"{table} {label}, {column}"
