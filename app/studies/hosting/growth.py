"""What may grow at the buses of a scenario: its data centres, photovoltaics, electric cars and heat pumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import SimulationInputs, prepare
from app.simulation.phases import Progress
from app.studies.hosting.capacity import Hosting, hosting_capacities
from grid.arrays import Floats
from grid.assets import AnyAsset, Asset, site_of
from grid.errors import InputError, nearest
from grid.network.injections import Injections


@dataclass(frozen=True)
class Growth:
    """How the size of a kind is counted.

    Args:
        field: Field of the asset that is its size.
        unit: Unit of the size.
        increment: Increment in which it is sought.
        sample: Size at which its power is found; of cars enough that they do not all come at once.
        size_max: Where the search ends.
    """

    field: str
    unit: str
    increment: float
    sample: float
    size_max: float


DATA_CENTRE = Growth("p_it_rated_mw", "MW of IT", 0.1, 1.0, 500.0)
KINDS = {
    "pv": Growth("p_peak_mw", "MW of peak power", 0.01, 1.0, 500.0),
    "wind": Growth("p_rated_mw", "MW", 0.1, 1.0, 500.0),
    "ev_fleet": Growth("vehicles", "cars", 1.0, 1000.0, 500_000.0),
    "heat_pump": Growth("annual_heat_mwh", "MWh of heat a year", 5.0, 10_000.0, 1_000_000.0),
}
"""Kinds of assets whose power grows with a size."""


@dataclass(frozen=True, eq=False)
class GrowthInScenario:
    """What grows, and what it draws.

    Args:
        name: Its name in the scenario, or its kind.
        kind: How its size is counted.
        p_per_unit_mw: Withdrawal per unit of size when nobody manages it, shape (T,) [MW].
        own: Names of the flexibilities that it is in the scenario, whose size does not count; none if it is another.
        bus: Its own bus; empty where it has none.
    """

    name: str
    kind: Growth
    p_per_unit_mw: Floats
    own: frozenset[str]
    bus: str


def growth(inputs: SimulationInputs, what: str) -> GrowthInScenario:
    """What is called so in a scenario.

    Args:
        inputs: The scenario.
        what: Name of a data centre or of an asset of one of `KINDS`, or one of these kinds with its defaults.

    Raises:
        InputError: If there is none, or it has no size that could grow.
    """
    loaded = inputs.loaded
    centres = {load.name: load for load in inputs.data_centres}
    if what in centres:
        load = centres[what]
        spec = load.model.spec
        per_it = load.model.total_at(load.p_it_mw) / spec.p_it_rated_mw
        return GrowthInScenario(
            what, DATA_CENTRE, np.asarray(per_it), frozenset({load.name, load.deferrable_name}), spec.bus
        )
    assets = {asset.name: asset for asset in loaded.assets}
    if what in assets:
        asset = assets[what]
        if asset.kind not in KINDS:
            raise InputError.single("--of", f"{asset.kind} has no size that could grow; only {', '.join(KINDS)}", what)
        own = frozenset(f.name for f in inputs.flexibilities if f.name == what or f.name.startswith(f"{what}: "))
        return GrowthInScenario(what, KINDS[asset.kind], _per_unit(inputs, asset), own, asset.bus or "")
    if what not in KINDS:
        known = (*centres, *assets, *KINDS)
        raise InputError.single("--of", "no such data centre, asset or kind", what, nearest(what, known))
    kind = KINDS[what]
    given = {"kind": what, "name": what, kind.field: kind.sample, "bus": _first_bus(inputs)}
    return GrowthInScenario(
        what, kind, _per_unit(inputs, TypeAdapter(AnyAsset).validate_python(given)), frozenset(), ""
    )


def kind_of(loaded: LoadedScenario, what: str) -> str:
    """Kind of the asset that is called so, or is one itself; empty for data centres."""
    return what if what in KINDS else next((a.kind for a in loaded.assets if a.name == what), "")


def _first_bus(inputs: SimulationInputs) -> str:
    buses = inputs.loaded.city.network.buses
    return buses.names[int(np.argmax(buses.node >= 0))]


def _per_unit(inputs: SimulationInputs, asset: Asset) -> Floats:
    """Withdrawal of an asset per unit of its size, all of it at one bus, when nobody manages it, shape (T,) [MW]."""
    loaded, kind = inputs.loaded, KINDS[asset.kind]
    size = int(kind.sample) if kind.field == "vehicles" else kind.sample
    alone = asset.with_changes({kind.field: size, "bus": _first_bus(inputs), "where": None})
    site = site_of(
        loaded.city, inputs.weather, loaded.scenario.city.time_zone, v2g=False, seed=loaded.scenario.seed,
        power_limits=loaded.power_limits,
    )  # fmt: skip
    made = alone.flexibilities(site)
    return sum((one.by_step(one.unmanaged_power()) for one in made), np.zeros(inputs.clock.n_steps)) / kind.sample


def hosting_in_scenario(
    loaded: LoadedScenario,
    what: str,
    buses: Sequence[str] | None = None,
    *,
    increment: float | None = None,
    n_minus_1: bool = False,
    every_step: bool = True,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Hosting, ...]:
    """How much of something each bus could take, one bus at a time, among all other assets of a scenario.

    All other assets do what they do when nobody manages them: a planner's worst case.

    Args:
        loaded: The scenario and its city.
        what: As in `growth`.
        buses: Names of the buses to try; by default its own.
        increment: Increment of the size; by default that of its kind.
        n_minus_1: As in `hosting_capacities`.
        every_step: As in `hosting_capacities`.
        threads: Number of threads.
        progress: As in `hosting_capacities`.

    Raises:
        InputError: If there is nothing called so, or no such bus.
    """
    inputs = prepare(loaded)
    found, city = growth(inputs, what), inputs.loaded.city
    if not buses and not found.bus:
        raise InputError.single("bus", "is required: it has no bus of its own", what)
    p_mw = np.zeros((city.clock.n_steps, city.n_buses))
    for flexibility in inputs.flexibilities:
        if flexibility.name not in found.own:
            p_mw += flexibility.at_buses(flexibility.unmanaged_power())
    return hosting_capacities(
        city, loaded.scenario.limits, buses or [found.bus], found.p_per_unit_mw,
        others=city.injections().plus(Injections.dense(p_mw, np.zeros_like(p_mw))),
        increment=increment or found.kind.increment, size_max=found.kind.size_max, n_minus_1=n_minus_1,
        every_step=every_step, threads=threads, progress=progress,
    )  # fmt: skip
