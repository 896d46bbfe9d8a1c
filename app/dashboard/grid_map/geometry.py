"""The net as the browser draws it: names and kinds of its elements, their places, and who is joined to whom.

Elements are all buses, then all branches, in the order of the result's topology.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from app.dashboard.figures.net_layout import is_geographic, laid_out, map_frame
from app.results.folder import Result
from grid.arrays import Floats, Ints


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
        **map_frame(points)._asdict(),
    }


_METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""


def _known_points(result: WithTopology) -> Floats:
    known = [(bus.get("x"), bus.get("y")) for bus in result.topology["buses"]]
    return np.array([(math.nan, math.nan) if None in pair else pair for pair in known], dtype=float).reshape(-1, 2)


def places(result: WithTopology) -> Floats:
    """Where each bus is drawn, shape (buses, 2), see `laid_out`."""
    return laid_out(_known_points(result), ends_of(result))


def geometry(result: Result) -> bytes:
    """Coordinates as float32: (x, y) of each bus, then the numbers of both buses of each branch; -1 is an open end."""
    return places(result).astype("<f4").tobytes() + ends_of(result).astype("<f4").tobytes()


def ends_of(result: WithTopology) -> Ints:
    """Numbers of the two buses of each branch, shape (branches, 2); -1 where an end is open."""
    row = {bus["name"]: k for k, bus in enumerate(result.topology["buses"])}
    branches = result.topology["branches"]
    ends = [[row.get(branch["from_bus"], -1), row.get(branch["to_bus"], -1)] for branch in branches]
    return np.array(ends, dtype=np.int64).reshape(-1, 2)
