"""What stands at the buses of a city, as the estimation takes it: who draws or feeds in, and with what carbon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.accounts.grid_elements import is_store
from app.simulation.inputs import SimulationInputs
from app.twin.measuring.electrical import AT_BUS, TELEMETERED_MW
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of

Origin = Literal["load", "generator", "asset"]


@dataclass(frozen=True, eq=False)
class CityElements:
    """E elements at buses: each load and generator of the net, and each asset at each of its buses.

    Args:
        name: Name of each; that of an asset at several buses is followed by a colon and the bus, length E.
        owner: The load, generator or asset that it is, length E.
        origin: What it is, length E.
        bus: Place of its bus, shape (E,).
        row: Place among the loads, generators or assets, shape (E,).
        share: Share of its owner, shape (E,).
        ci_kg_per_mwh: Intensity of what it feeds in, shape (E,) [kg/MWh]; NaN for stores, whose intensity is that of
            what they charged.
        telemetered: Whether it says itself what it does, shape (E,).
    """

    name: tuple[str, ...]
    owner: tuple[str, ...]
    origin: tuple[Origin, ...]
    bus: Ints
    row: Ints
    share: Floats
    ci_kg_per_mwh: Floats
    telemetered: Bools

    def of(self, origin: Origin) -> Ints:
        """Places of the elements of an origin."""
        return np.flatnonzero(np.array(self.origin) == origin)


def city_elements(inputs: SimulationInputs) -> CityElements:
    """The elements of a city; an asset at one bus, or a generator, of `TELEMETERED_MW` and more is telemetered."""
    city, boundary = inputs.loaded.city, inputs.upstream.boundary
    rows: list[tuple[str, str, Origin, int, int, float, float, bool]] = []
    unknown = inputs.factors.value("unknown", boundary)
    for k, (name, bus) in enumerate(zip(city.loads.names, city.loads.bus.tolist(), strict=True)):
        rows.append((name, name, "load", bus, k, 1.0, unknown, False))
    for k, (name, bus, rated) in enumerate(_generators(city)):
        ci = inputs.factors.value(city.technologies[k], boundary)
        rows.append((name, name, "generator", bus, k, 1.0, ci, rated >= TELEMETERED_MW))
    parts_of_halls = {load.deferrable_name for load in inputs.data_centres}
    for k, flexibility in enumerate(inputs.flexibilities):
        if flexibility.name in parts_of_halls:  # a hall says what all of it draws
            continue
        shares = mean_shares(flexibility)
        buses = np.flatnonzero(shares)
        large = buses.size == 1 and largest_mw(flexibility) >= TELEMETERED_MW
        ci = _ci_of(flexibility, inputs)
        for bus in buses.tolist():
            at_bus = "" if buses.size == 1 else f"{AT_BUS}{city.network.buses.names[bus]}"
            name = f"{flexibility.name}{at_bus}"
            rows.append((name, flexibility.name, "asset", bus, k, float(shares[bus]), ci, large))
    names, owners, origins, *numbers = zip(*rows, strict=True)
    bus_of, row_of, share_of, ci_of, said = (np.array(column) for column in numbers)
    return CityElements(names, owners, origins, bus_of, row_of, share_of, ci_of.astype(float), said)


def _generators(city: City) -> list[tuple[str, int, float]]:
    """Name, bus and rated power of every generator [MW]; profiles are per rated power."""
    generators = city.generators
    return list(zip(generators.names, generators.bus.tolist(), np.abs(generators.p_scale).tolist(), strict=True))


def _ci_of(flexibility: Flexibility, inputs: SimulationInputs) -> float:
    if is_store(flexibility):
        return np.nan
    if flexibility.ci_kg_per_mwh is not None:
        return flexibility.ci_kg_per_mwh[inputs.upstream.boundary == "lifecycle"]
    return inputs.factors.value(flexibility.technology or "unknown", inputs.upstream.boundary)


def mean_shares(flexibility: Flexibility) -> Floats:
    """Share of each bus in what the devices of an asset may draw or feed in, shape (B,) [1]."""
    weight = (flexibility.stop - flexibility.start).astype(float)
    by_bus = np.asarray(flexibility.shares.T @ weight)
    return by_bus / max(float(by_bus.sum()), 1e-300)


def largest_mw(flexibility: Flexibility) -> float:
    """Most that any device of an asset may draw or feed in [MW]."""
    return float(max(np.abs(values_of(flexibility.p_min_mw)).max(initial=0.0),
                     np.abs(values_of(flexibility.p_max_mw)).max(initial=0.0)))  # fmt: skip
