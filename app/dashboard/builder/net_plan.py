"""The net of a draft as the map draws it before anything has run: places of its buses, and what joins them."""

from __future__ import annotations

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
from app.dashboard.figures.net_layout import laid_out
from grid.arrays import Ints
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
        ends: The two buses of each line and transformer, as rows of `buses`.
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
    """The plan of a network, see `laid_out`."""
    buses = network.buses
    live = np.flatnonzero(buses.node >= 0)
    row = np.full(len(buses.names), -1)
    row[live] = np.arange(len(live))
    ends = np.column_stack([_rows(row, network.branches.from_bus), _rows(row, network.branches.to_bus)])
    ends = ends[(ends >= 0).all(axis=1)]
    points = np.column_stack([buses.x[live], buses.y[live]])
    known = bool(np.isfinite(points).all(axis=1).any())
    names = tuple((buses.names[k], buses.zones[k], float(buses.vn_kv[k])) for k in live)
    x, y = (tuple(column) for column in np.round(laid_out(points, ends), 7).T.tolist())
    return NetPlan(names, x, y, tuple((a, b) for a, b in ends.tolist()), known, main_bus(network))


def _rows(row: Ints, bus: Ints) -> Ints:
    """Rows of buses of branches; -1 where an end is open or its bus is not energised."""
    return np.where(bus >= 0, row[bus], -1)


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

    def facts(self, content: Content) -> NetFacts:
        """What levers need to know of a draft's net; arguments and faults as in `of`."""
        return NetFacts(self.of(content).main_bus)


@contextmanager
def _kept_briefly() -> Iterator[None]:
    """Reads the net once, and keeps nothing of it but its plan."""
    with sharing_preparation(SharedPreparation()):
        yield
