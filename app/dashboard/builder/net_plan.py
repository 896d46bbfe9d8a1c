"""The net of a draft as the map draws it before anything has run: places of its buses, and what joins them."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from app.dashboard.builder.content import Content
from app.dashboard.builder.levers.lever import NetFacts
from grid.city.source import read_grid
from grid.errors import InputError
from grid.network.network import Network
from grid.sharing import SharedPreparation, sharing_preparation

MOST_PLANS = 4


@dataclass(frozen=True, eq=False)
class NetPlan:
    """A net to be looked at.

    Args:
        buses: Name, district and rated voltage [kV] of each bus that is energised.
        x: Easting of each, or of a plan where the net has no coordinates.
        y: Northing.
        ends: Places of the two buses of each line and transformer.
        has_coordinates: Whether the net itself says where its buses are.
        main_bus: The bus at which the city hangs on the grid above.
    """

    buses: tuple[tuple[str, str, float], ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    ends: tuple[tuple[int, int], ...]
    has_coordinates: bool
    main_bus: str

    def as_json(self) -> dict[str, Any]:
        """The net as the page reads it."""
        return {
            "buses": [{"name": name, "zone": zone, "kv": kv} for name, zone, kv in self.buses],
            "x": self.x, "y": self.y, "ends": self.ends, "hasCoordinates": self.has_coordinates,
            "mainBus": self.main_bus,
        }  # fmt: skip


def net_plan(network: Network) -> NetPlan:
    """The plan of a network; buses without coordinates stand beside their neighbours, or on rings around the first."""
    buses = network.buses
    live = np.flatnonzero(buses.node >= 0)
    row = {int(bus): place for place, bus in enumerate(live)}
    pairs = zip(network.branches.from_bus.tolist(), network.branches.to_bus.tolist(), strict=True)
    ends = [(row[a], row[b]) for a, b in pairs if a in row and b in row]
    points = np.column_stack([buses.x[live], buses.y[live]])
    known = bool(np.isfinite(points).all(axis=1).any())
    points = _completed(points, ends) if known else _rings(len(live), ends)
    if known and np.abs(points[:, 0]).max() <= 180 and np.abs(points[:, 1]).max() <= 85:
        points[:, 0] *= math.cos(math.radians(float(points[:, 1].mean())))
    points = np.round(points - points.mean(axis=0), 7)
    names = tuple((buses.names[k], buses.zones[k], float(buses.vn_kv[k])) for k in live)
    x, y = (tuple(column.tolist()) for column in points.T)
    return NetPlan(names, x, y, tuple(ends), known, main_bus(network))


def main_bus(network: Network) -> str:
    """The bus below the first transformer from the grid above; where there is none, that of the grid above itself."""
    slack = set(network.slack.tolist())
    branches = network.branches
    for k in branches.of_kind("trafo"):
        if int(branches.from_node[k]) in slack and branches.to_bus[k] >= 0:
            return network.buses.names[int(branches.to_bus[k])]
    return next(
        name for name, node in zip(network.buses.names, network.buses.node.tolist(), strict=True) if node in slack
    )


def _completed(points: Any, ends: list[tuple[int, int]]) -> Any:
    """The points with those that are unknown where their known neighbours are on average, else in the middle."""
    for _ in range(len(points)):
        unknown = ~np.isfinite(points).all(axis=1)
        sums, counts = np.zeros_like(points), np.zeros(len(points))
        for a, b in ends:
            for here, there in ((a, b), (b, a)):
                if unknown[here] and not unknown[there]:
                    sums[here] += points[there]
                    counts[here] += 1
        found = counts > 0
        if not found.any():
            break
        points[found] = sums[found] / counts[found, None]
    unknown = ~np.isfinite(points).all(axis=1)
    points[unknown] = points[~unknown].mean(axis=0)
    return points


def _rings(n_buses: int, ends: list[tuple[int, int]]) -> Any:
    """Places on rings around the first bus, by the number of branches between."""
    neighbours: list[list[int]] = [[] for _ in range(n_buses)]
    for a, b in ends:
        neighbours[a].append(b)
        neighbours[b].append(a)
    depth = np.full(n_buses, -1)
    order: list[int] = []
    for root in range(n_buses):
        if depth[root] >= 0:
            continue
        depth[root] = 0 if root == 0 else 1
        queue = [root]
        for bus in queue:
            order.append(bus)
            fresh = [other for other in sorted(set(neighbours[bus])) if depth[other] < 0]
            depth[fresh] = depth[bus] + 1
            queue.extend(fresh)
    points = np.zeros((n_buses, 2))
    for level in range(1, int(depth.max(initial=0)) + 1):
        ring = [bus for bus in order if depth[bus] == level]
        angle = 2 * math.pi * (np.arange(len(ring)) + 0.5 * (level % 2)) / max(len(ring), 1)
        points[ring] = level * np.column_stack([np.cos(angle), np.sin(angle)])
    return points


@dataclass(frozen=True)
class NetPlans:
    """Plans of the nets that drafts name; the last few are kept.

    Args:
        folder: The folder of the uploads.
    """

    folder: Path
    _kept: OrderedDict[str, NetPlan] = field(default_factory=OrderedDict, repr=False)
    _one: Lock = field(default_factory=Lock, repr=False)

    def of(self, content: Content) -> NetPlan:
        """The plan of a draft's net.

        Raises:
            InputError: If the draft names no net, or it cannot be read.
        """
        city = content.get("city")
        name = city.get("network") if isinstance(city, Mapping) else None
        if not isinstance(name, str) or not name:
            raise InputError.single("city.network", "is required", None)
        with self._one:
            if name not in self._kept:
                with _kept_briefly():
                    self._kept[name] = net_plan(read_grid(name, None, self.folder).network)
                if len(self._kept) > MOST_PLANS:
                    self._kept.popitem(last=False)
            return self._kept[name]

    def place(self, content: Content) -> NetFacts:
        """What levers need to know of a draft's net; arguments and faults as in `of`."""
        return NetFacts(self.of(content).main_bus)


@contextmanager
def _kept_briefly() -> Iterator[None]:
    """Reads the net once, and keeps nothing of it but its plan."""
    with sharing_preparation(SharedPreparation()):
        yield
