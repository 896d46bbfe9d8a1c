"""Where an asset goes: one bus by name, or a selection of buses with shares by the energy of their loads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.errors import Fault, nearest, raise_if_any
from grid.spec import Spec
from grid.units import LOW_VOLTAGE_KV


class Where(Spec):
    """Selects loads; the asset is spread over their buses by the loads' energy. All conditions must hold."""

    areas: Literal["lv", "mv", "all"] = "all"
    """`lv`: low-voltage buses and the medium-voltage buses that stand for a low-voltage area; `mv`: the others."""
    sector: str | None = None
    """Only loads with energy in this GPC sub-sector, e.g. I.1; shares count that part of their energy."""
    zone: str | None = None
    """Only buses of this district."""
    name: str | None = None
    """Only buses whose name matches this pattern (`*` and `?`)."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where an asset is and how it is spread.

    Args:
        buses: Places of the buses, shape (P,), ascending.
        shares: Share of the asset at each, shape (P,), sums to 1.
    """

    buses: Ints
    shares: Floats


def place(city: City, bus: str | None, where: Where | None, at: str) -> Placement:
    """The placement of an asset; deterministic.

    Args:
        city: The city.
        bus: Name of a bus, or None.
        where: A selection, or None.
        at: Place of the asset in the input, for messages.

    Raises:
        InputError: If not exactly one of `bus` and `where` is given, a name is unknown, or nothing is selected.
    """
    raise_if_any(placement_faults(city, bus, where, at))
    if bus is not None:
        return Placement(np.array([city.network.buses.find(bus)]), np.ones(1))
    energy = _selected_energy(city, where or Where())
    buses = np.flatnonzero(energy > 0)
    return Placement(buses, energy[buses] / energy[buses].sum())


def placement_faults(city: City, bus: str | None, where: Where | None, at: str) -> Iterator[Fault]:
    """All that is wrong with where an asset shall go."""
    if (bus is None) == (where is None):
        yield Fault(at, "needs either 'bus' or 'where'")
    elif bus is not None:
        fault = city.network.buses.fault(bus, f"{at}.bus")
        if fault is not None:
            yield fault
    else:
        yield from _where_faults(city, where or Where(), f"{at}.where")


def _where_faults(city: City, where: Where, at: str) -> Iterator[Fault]:
    zones = set(city.network.buses.zones)
    if where.zone is not None and where.zone not in zones:
        yield Fault(f"{at}.zone", f"no district called {where.zone!r}", suggestion=nearest(where.zone, zones))
    elif where.sector is not None and where.sector not in city.sectors:
        yield Fault(f"{at}.sector", f"no load in sector {where.sector!r}; there are {', '.join(city.sectors)}")
    elif not (_selected_energy(city, where) > 0).any():
        yield Fault(at, "selects no load with energy", where.model_dump(exclude_none=True))


def _selected_energy(city: City, where: Where) -> Floats:
    """Energy of the selected loads by bus, shape (B,) [MWh]."""
    loads, buses = city.loads, city.network.buses
    energy = np.maximum(loads.energy_mwh(city.clock.step_hours), 0.0)
    if where.sector is not None and where.sector in city.sectors:
        energy = energy * city.sector_shares[:, city.sectors.index(where.sector)]
    chosen: Bools = buses.node[loads.bus] >= 0
    if where.areas != "all":
        low: Bools = (buses.vn_kv[loads.bus] <= LOW_VOLTAGE_KV) | city.is_area
        chosen = chosen & (low if where.areas == "lv" else ~low)
    if where.zone is not None:
        chosen = chosen & np.array([buses.zones[bus] == where.zone for bus in loads.bus], dtype=bool)
    if where.name is not None:
        chosen = chosen & np.array([fnmatchcase(buses.names[bus], where.name) for bus in loads.bus], dtype=bool)
    by_bus = np.bincount(loads.bus[chosen], weights=energy[chosen], minlength=len(buses.names))
    return by_bus.astype(np.float64)
