"""Where the buses of a net are drawn: at their coordinates, beside their neighbours, or on rings around the first."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from grid.arrays import Floats, Ints

MOST_DEGREES = (180.0, 85.0)
"""Longitudes and latitudes of places on Earth; what is beyond is metres or a drawing."""
MOST_EXTENT_DEGREE = 5.0
"""Extent of a grid up to which its coordinates may be degrees."""
NEAR_ORIGIN = 5.0
"""Distance from 0, 0 within which coordinates are those of a drawing: few grids lie in the Gulf of Guinea."""


class MapFrame(NamedTuple):
    """How coordinates of a net become those of its map: ``(x * stretch - left, y - lower)``.

    Args:
        stretch: Length of a degree of longitude over one of latitude; 1 where coordinates are no degrees [1].
        left: Mean easting of the known places, in units of the map.
        lower: Mean northing.
    """

    stretch: float
    left: float
    lower: float


def is_geographic(points: Floats) -> bool:
    """Whether all known coordinates, shape (B, 2), could be longitudes and latitudes.

    Drawings of nets often begin at 0, 0 and count in small numbers; they are none.
    """
    known = _known(points)
    if not len(known) or (np.abs(known) > MOST_DEGREES).any():
        return False
    return bool(np.ptp(known, axis=0).max() < MOST_EXTENT_DEGREE and np.abs(known).max() > NEAR_ORIGIN)


def map_frame(points: Floats) -> MapFrame:
    """The frame of coordinates, shape (B, 2), NaN where not known."""
    known = _known(points)
    if not len(known):
        return MapFrame(1.0, 0.0, 0.0)
    stretch = math.cos(math.radians(known[:, 1].mean())) if is_geographic(points) else 1.0
    return MapFrame(stretch, float(known[:, 0].mean()) * stretch, float(known[:, 1].mean()))


def laid_out(points: Floats, ends: Ints) -> Floats:
    """Where each bus is drawn, shape (B, 2).

    Longitudes and latitudes are stretched to true proportions; a grid without coordinates is laid out as a tree around
    its first bus, and a bus without them is put beside its neighbours. The middle of the known ones is at 0, 0, since
    small numbers keep their digits in float32.

    Args:
        points: Coordinates of the buses, NaN where not known, shape (B, 2).
        ends: The two buses of each branch, -1 where an end is open, shape (L, 2).
    """
    if not len(_known(points)):
        return tree_layout(len(points), ends)
    frame = map_frame(points)
    return np.asarray(_beside_neighbours(points, ends) * (frame.stretch, 1.0) - (frame.left, frame.lower))


def tree_layout(n_buses: int, ends: Ints) -> Floats:
    """Places for buses without coordinates: rings around the first bus by number of branches, evenly spread.

    Args:
        n_buses: Number of buses.
        ends: The two buses of each branch, -1 where an end is open, shape (L, 2).

    Returns:
        Coordinates, shape (n_buses, 2).
    """
    neighbours: list[list[int]] = [[] for _ in range(n_buses)]
    for a, b in (pair for pair in ends.tolist() if min(pair) >= 0):
        neighbours[a].append(b)
        neighbours[b].append(a)
    depth, order = np.full(n_buses, -1), list[int]()
    for root in range(n_buses):
        queue = deque([root] if depth[root] < 0 else [])
        if queue:
            depth[root] = 0 if root == 0 else 1
        while queue:
            bus = queue.popleft()
            order.append(bus)
            fresh = sorted({other for other in neighbours[bus] if depth[other] < 0})
            depth[fresh] = depth[bus] + 1
            queue.extend(fresh)
    points = np.zeros((n_buses, 2))
    for level in range(1, int(depth.max(initial=0)) + 1):
        ring = [bus for bus in order if depth[bus] == level]
        angle = 2 * math.pi * (np.arange(len(ring)) + 0.5 * (level % 2)) / max(len(ring), 1)
        points[ring] = level * np.column_stack([np.cos(angle), np.sin(angle)])
    return points


def _known(points: Floats) -> Floats:
    return points[np.isfinite(points).all(axis=1)]


def _beside_neighbours(points: Floats, ends: Ints) -> Floats:
    """The points with each unknown one put where its known neighbours are on average, or in the middle of all."""
    points, joined = points.copy(), ends[(ends >= 0).all(axis=1)]
    both_ways = np.concatenate([joined, joined[:, ::-1]])
    while True:
        known = np.asarray(np.isfinite(points).all(axis=1))
        beside = both_ways[~known[both_ways[:, 0]] & known[both_ways[:, 1]]]
        if not len(beside):
            break
        sums, count = np.zeros_like(points), np.bincount(beside[:, 0], minlength=len(points))
        np.add.at(sums, beside[:, 0], points[beside[:, 1]])
        points[count > 0] = sums[count > 0] / count[count > 0, None]
    points[~known] = points[known].mean(axis=0)
    return points
