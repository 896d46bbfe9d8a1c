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


def _not_below_zero(values: Floats) -> Bools:
    return ~(values < 0)


_POWERS: tuple[Rule, ...] = (
    *(("p_mw", "must be finite", np.isfinite), ("q_mvar", "must be finite", np.isfinite)),
    ("scaling", "must be finite", np.isfinite),
)
RULES: dict[str, tuple[Rule, ...]] = {
    "bus": (("vn_kv", "must be greater than 0", _positive),),
    "load": _POWERS,
    "sgen": _POWERS,
    "storage": _POWERS,
    "line": (
        ("length_km", "must be greater than 0 (a branch without impedance is a switch)", _positive),
        ("r_ohm_per_km", "must be finite", np.isfinite),
        ("x_ohm_per_km", "must be finite", np.isfinite),
        ("max_i_ka", "must be at least 0; leave it out or 0 where there is no rating", _not_below_zero),
    ),
    "trafo": (
        ("sn_mva", "must be greater than 0", _positive),
        ("vn_hv_kv", "must be greater than 0", _positive),
        ("vn_lv_kv", "must be greater than 0", _positive),
        ("vk_percent", "must be greater than 0", _positive),
        ("vkr_percent", "must be finite", np.isfinite),
    ),
    "ext_grid": (("vm_pu", "must be greater than 0", _positive),),
}
"""What must hold for a column of elements in service; NaN never does."""
ENDS = {"load": ("bus",), "sgen": ("bus",), "storage": ("bus",), "ext_grid": ("bus",), "line": ("from_bus", "to_bus"),
        "trafo": ("hv_bus", "lv_bus")}  # fmt: skip


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
        for column in ENDS.get(table, ()):
            for row in np.flatnonzero(~used[column].isin(net.bus.index).to_numpy()):
                yield Fault(_place(used, table, int(row), column), "no such bus", int(used[column].iloc[row]))
    line = net.line[net.line.in_service.astype(bool)]
    for row in np.flatnonzero(((line.r_ohm_per_km == 0) & (line.x_ohm_per_km == 0)).to_numpy()):
        yield Fault(
            _place(line, "line", int(row), "r_ohm_per_km, x_ohm_per_km"), "must not both be 0: that is a switch"
        )


def _place(frame: Any, table: str, row: int, column: str) -> str:
    name = frame.name.iloc[row] if "name" in frame else None
    label = repr(name) if isinstance(name, str) and name else f"#{frame.index[row]}"
    return f"{table} {label}, {column}"
