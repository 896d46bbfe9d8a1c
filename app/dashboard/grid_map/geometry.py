"""The net as the browser draws it: names and kinds of its elements, their places, and who is joined to whom.

Elements are all buses, then all branches, in the order of the result's topology.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.results.folder import Result

Floats = NDArray[np.float64]
MOST_DEGREES = (180.0, 85.0)
"""Longitudes and latitudes of places on Earth; what is beyond is metres or a drawing."""


class WithTopology(Protocol):
    """What has a net that can be drawn: a result, or the latest state of an estimate."""

    @property
    def topology(self) -> Mapping[str, Any]:
        """Buses and branches, as ``topology.json`` of a result holds them."""


def bus_names(result: Result) -> list[str]:
    """Names of all buses, in the order of the topology."""
    return [str(bus["name"]) for bus in result.topology["buses"]]


def branch_names(result: Result) -> list[str]:
    """Names of all branches, in the order of the topology."""
    return [str(branch["name"]) for branch in result.topology["branches"]]


def elements(result: Result) -> dict[str, Any]:
    """What all elements are called and what they are.

    Returns:
        ``buses`` with `name`, `zone` and `kv`; ``branches`` with `name` and `kind`; ``geographic``: whether places are
        longitudes and latitudes, and ``placed``: whether the net says any; ``metres``: of a unit of the map, or None.
    """
    topology = result.topology
    points = _known_points(result)
    geographic = is_geographic(points)
    return {
        "buses": [
            {"name": bus["name"], "zone": bus.get("zone") or "", "kv": bus.get("vn_kv")} for bus in topology["buses"]
        ],
        "branches": [{"name": branch["name"], "kind": branch["kind"]} for branch in topology["branches"]],
        "geographic": geographic,
        "placed": not bool(np.isnan(points).all()),
        "metres": _METRES_PER_DEGREE if geographic else None,
        **_frame(points),
    }


_METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""


def is_geographic(points: Floats) -> bool:
    """Whether all known places could be longitudes and latitudes, and not all of them lie around 0, 0.

    Drawings of nets often begin at 0, 0 and count in small numbers; few grids lie in the Gulf of Guinea.
    """
    known = points[~np.isnan(points).any(axis=1)]
    if not len(known) or (np.abs(known) > MOST_DEGREES).any():
        return False
    return bool(np.ptp(known, axis=0).max() < 5 and np.abs(known).max() > 5)


def _known_points(result: WithTopology) -> Floats:
    known = [(bus.get("x"), bus.get("y")) for bus in result.topology["buses"]]
    return np.array([(math.nan, math.nan) if None in pair else pair for pair in known], dtype=float).reshape(-1, 2)


def _frame(points: Floats) -> dict[str, Any]:
    """How coordinates of the net become those of the map: ``(x * stretch - left, y - lower)``."""
    known = points[~np.isnan(points).any(axis=1)]
    if not len(known):
        return {"stretch": 1.0, "left": 0.0, "lower": 0.0}
    stretch = math.cos(math.radians(known[:, 1].mean())) if is_geographic(points) else 1.0
    return {"stretch": stretch, "left": float(known[:, 0].mean()) * stretch, "lower": float(known[:, 1].mean())}


def places(result: WithTopology) -> Floats:
    """Where each bus is drawn, shape (buses, 2).

    Longitudes and latitudes are stretched to true proportions; a grid without coordinates is laid out as a tree around
    its first bus, and a bus without them is put beside its neighbours. The middle of the known ones is at 0, 0, since
    small numbers keep their digits in float32.
    """
    ends, points = ends_of(result), _known_points(result)
    if np.isnan(points).all():
        return tree_layout(len(points), ends.tolist())
    frame = _frame(points)
    return np.asarray(_beside_neighbours(points, ends) * (frame["stretch"], 1.0) - (frame["left"], frame["lower"]))


def geometry(result: Result) -> bytes:
    """Coordinates as float32: (x, y) of each bus, then the numbers of both buses of each branch; -1 is an open end."""
    return places(result).astype("<f4").tobytes() + ends_of(result).astype("<f4").tobytes()


def ends_of(result: WithTopology) -> NDArray[np.int64]:
    """Numbers of the two buses of each branch, shape (branches, 2); -1 where an end is open."""
    place = {bus["name"]: row for row, bus in enumerate(result.topology["buses"])}
    branches = result.topology["branches"]
    ends = [[place.get(branch["from_bus"], -1), place.get(branch["to_bus"], -1)] for branch in branches]
    return np.array(ends, dtype=np.int64).reshape(-1, 2)


def _beside_neighbours(points: Floats, ends: NDArray[np.int64]) -> Floats:
    """The points with each unknown one put where its known neighbours are on average, or in the middle of all."""
    points = points.copy()
    joined = ends[(ends >= 0).all(axis=1)]
    for _ in range(len(points)):
        unknown = np.flatnonzero(np.isnan(points[:, 0]))
        near = {bus: [*joined[joined[:, 0] == bus, 1], *joined[joined[:, 1] == bus, 0]] for bus in unknown}
        found = {bus: points[others][~np.isnan(points[others, 0])] for bus, others in near.items() if others}
        placed = {bus: spots.mean(axis=0) for bus, spots in found.items() if len(spots)}
        if not placed:
            break
        points[list(placed)] = list(placed.values())
    points[np.isnan(points[:, 0])] = np.nanmean(points, axis=0)
    return points


def tree_layout(n_buses: int, ends: list[list[int]]) -> Floats:
    """Places for buses without coordinates: rings around the first bus by number of branches, evenly spread.

    Args:
        n_buses: Number of buses.
        ends: The two buses of each branch; -1 where an end is open.

    Returns:
        Coordinates, shape (n_buses, 2).
    """
    neighbours: list[list[int]] = [[] for _ in range(n_buses)]
    for a, b in (pair for pair in ends if min(pair) >= 0):
        neighbours[a].append(b)
        neighbours[b].append(a)
    depth, order = [-1] * n_buses, []
    for root in range(n_buses):
        queue = deque([root] if depth[root] < 0 else [])
        if queue:
            depth[root] = 0 if root == 0 else 1
        while queue:
            bus = queue.popleft()
            order.append(bus)
            fresh = sorted({other for other in neighbours[bus] if depth[other] < 0})
            for other in fresh:
                depth[other] = depth[bus] + 1
            queue.extend(fresh)
    points = np.zeros((n_buses, 2))
    for level in sorted(set(depth)):
        ring = [bus for bus in order if depth[bus] == level]
        angle = 2 * math.pi * (np.arange(len(ring)) + 0.5 * (level % 2)) / max(len(ring), 1)
        points[ring] = level * np.column_stack([np.cos(angle), np.sin(angle)])
    return points
