"""Buses and branches of a net, in the order of its matrices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from grid._pandapower.tables import numbers, unique
from grid.arrays import Floats, Ints
from grid.network.network import Branches, Buses

DEFAULT_VM_MIN_PU, DEFAULT_VM_MAX_PU = 0.9, 1.1
"""Voltage limits where a net states none: EN 50160:2010, clause 5.2.2 (± 10 %)."""


def buses_of(net: Any, node: Ints) -> Buses:
    """The buses of a net, with the node of each; limits where the net states none are those of EN 50160."""
    x, y = np.full(len(net.bus), np.nan), np.full(len(net.bus), np.nan)
    if "geo" in net.bus:
        for place, geo in enumerate(net.bus.geo):
            x[place], y[place] = _point(geo)
    zones = net.bus.zone if "zone" in net.bus else [None] * len(net.bus)
    return Buses(
        names=unique(net.bus, "bus"),
        node=node,
        vn_kv=net.bus.vn_kv.to_numpy(dtype=float),
        zones=tuple("" if zone is None or zone != zone else str(zone) for zone in zones),  # noqa: PLR0124  NaN
        vm_min_pu=numbers(net.bus, "min_vm_pu", DEFAULT_VM_MIN_PU),
        vm_max_pu=numbers(net.bus, "max_vm_pu", DEFAULT_VM_MAX_PU),
        x=x,
        y=y,
    )


def _point(geo: Any) -> tuple[float, float]:
    """Coordinates of a bus given as a GeoJSON point; NaN for anything else."""
    try:
        shape = json.loads(geo) if isinstance(geo, str) else {}
        x, y = shape["coordinates"][:2] if shape.get("type") == "Point" else (np.nan, np.nan)
        return float(x), float(y)
    except (ValueError, TypeError, KeyError, AttributeError):
        return np.nan, np.nan


def branches_of(net: Any, ppc: Any, internal: Any) -> Branches:
    """The branches in service, with the loading that pandapower gives per current (``trafo_loading="current"``).

    Args:
        net: The net, with pandapower's maps of its elements to rows.
        ppc: Its tables of buses and branches, as pandapower keeps them.
        internal: The same without what is out of service.
    """
    rows = np.flatnonzero(internal["branch_is"])
    n = len(internal["branch_is"])
    names, kinds = [""] * n, ["other"] * n
    ends = np.full((n, 2), -1)
    per_pu = np.zeros((n, 2))
    limit = np.full(n, 100.0)
    base, branch = float(internal["baseMVA"]), ppc["branch"].real
    base_kv = ppc["bus"][:, 9].real[branch[:, :2].real.astype(int)]
    for table, (first, stop) in net._pd2ppc_lookups["branch"].items():  # noqa: SLF001
        if stop > len(branch):  # of a net in which only the external grid's bus is supplied pandapower keeps no branch
            continue
        frame, at = net[table], slice(first, stop)
        kinds[at] = [table] * (stop - first)
        if table == "trafo3w":
            names[at], per_pu[at] = _windings(frame, base, base_kv[at])
            limit[at] = np.tile(numbers(frame, "max_loading_percent", 100.0), 3)
        elif table in {"line", "trafo"}:
            names[at] = unique(frame, table)
            columns = ("from_bus", "to_bus") if table == "line" else ("hv_bus", "lv_bus")
            ends[at] = np.column_stack([net.bus.index.get_indexer(frame[column]) for column in columns])
            per_pu[at] = _percent_per_pu(table, frame, base, base_kv[at])
            limit[at] = numbers(frame, "max_loading_percent", 100.0)
        else:
            names[at] = [f"{table} {k}" for k in range(stop - first)]
    names = _told_apart(names, kinds)
    inner = internal["branch"].real[:, :2].astype(np.int64)
    return Branches(
        names=tuple(names[k] for k in rows),
        kinds=tuple(kinds[k] for k in rows),
        from_node=inner[:, 0],
        to_node=inner[:, 1],
        from_bus=ends[rows, 0],
        to_bus=ends[rows, 1],
        percent_per_pu_from=per_pu[rows, 0],
        percent_per_pu_to=per_pu[rows, 1],
        loading_max_percent=limit[rows],
    )


def _percent_per_pu(table: str, frame: Any, base_mva: float, base_kv: Floats) -> Floats:
    """Loading of lines or two-winding transformers per current at both ends, shape (rows, 2) [%/pu]; 0 unrated."""
    capacity = (frame.parallel * frame.df).to_numpy(dtype=float)
    if table == "line":
        rated_ka = numbers(frame, "max_i_ka", np.inf)
        rating_ka = capacity * np.where(rated_ka > 0, rated_ka, np.inf)
        return np.asarray(100 * base_mva / (np.sqrt(3) * base_kv) / rating_ka[:, None])
    rated_kv = frame[["vn_hv_kv", "vn_lv_kv"]].to_numpy(dtype=float)
    return np.asarray(100 * base_mva * rated_kv / base_kv / (frame.sn_mva.to_numpy(dtype=float) * capacity)[:, None])


def _told_apart(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Names of branches of all tables, those that occur in two tables with their table before them."""
    count = Counter(names)
    return [f"{kind} {name}" if count[name] > 1 else name for name, kind in zip(names, kinds, strict=True)]


def _windings(frame: Any, base_mva: float, base_kv: Floats) -> tuple[list[str], Floats]:
    """Names of the windings of three-winding transformers, and their loading per current at both ends [%/pu].

    pandapower models each as a star of three branches: all high-voltage windings, then all medium, then all low; the
    first end at their bus, the others from the star point to their bus.
    """
    labels = unique(frame, "trafo3w")
    n = len(labels)
    per_pu = np.zeros((3 * n, 2))
    for k, (winding, end) in enumerate((("hv", 0), ("mv", 1), ("lv", 1))):
        rows = np.arange(k * n, (k + 1) * n)
        rated = frame[f"vn_{winding}_kv"].to_numpy(dtype=float) / frame[f"sn_{winding}_mva"].to_numpy(dtype=float)
        per_pu[rows, end] = 100 * base_mva * rated / base_kv[rows, end]
    return [f"{label} ({winding})" for winding in ("hv", "mv", "lv") for label in labels], per_pu
