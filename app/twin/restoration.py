"""What to switch after a fault in a city's grid, so that supply is back soonest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from app.scenario.loaded import LoadedScenario
from app.scenario.schema import LimitsSpec
from app.simulation.inputs import prepare
from app.simulation.limits import resolve_limits
from app.twin.withdrawal import unmanaged_withdrawal
from grid.assets.battery import Battery
from grid.assets.feed_in import reactive_capability_mvar
from grid.city.city import City
from grid.errors import Fault, nearest, raise_if_any
from grid.network.network import Network
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import FaultedGrid, IslandSource, Restoration, SwitchTimes, restore


@dataclass(frozen=True)
class FaultCase:
    """A fault, and what there is to restore supply with.

    Args:
        branch: Name of the line or transformer that fails.
        step: Step of the scenario's clock in which it fails.
        repair_hours: How long the repair takes [h].
        remote: Names of branches whose switches are controlled from afar.
        remote_min: Time that such a switch takes [min].
        manual_min: Time that a crew takes for any other [min].
        islands: Names of batteries that can lead an island, with the energy of the scenario's start.
        crews: Crews for the other switches, on their ways at the same time.
    """

    branch: str
    step: int = 0
    repair_hours: float = 4.0
    remote: Sequence[str] = ()
    remote_min: float = 1.0
    manual_min: float = 30.0
    islands: Sequence[str] = ()
    crews: int = 1


def restoration_of(
    loaded: LoadedScenario, fault: FaultCase, limits: LimitsSpec, seconds: float = 10.0
) -> tuple[Restoration, tuple[str, ...]]:
    """Restores supply after a fault, under the loads of a scenario in which nobody manages anything.

    Args:
        loaded: The scenario and its city.
        fault: The fault.
        limits: Limits until the repair.
        seconds: After how much time the search for the best state ends [s].

    Returns:
        What to switch, and the names of the buses that are without supply until the repair.

    Raises:
        InputError: If a name is unknown, the repair ends after the scenario's period, the grid is not radial, or what
            stays supplied has no power flow.
    """
    city = loaded.city
    network = switchable_network(city.network)
    raise_if_any(_faults(loaded, network.meshed, fault), "the fault")
    steps = slice(fault.step, fault.step + _n_steps(city.clock, fault))
    drawn = unmanaged_withdrawal(prepare(loaded))
    p_mw, q_mvar = (np.asarray((matrix @ drawn.profiles[:, steps]).T) for matrix in (drawn.p_mw, drawn.q_mvar))
    clock = Clock(city.clock.start + fault.step * city.clock.step, city.clock.step, len(p_mw))
    names = network.meshed.branches.names
    within = resolve_limits(limits, network.meshed).tolerated.of_elements
    grid = FaultedGrid(network, clock, p_mw, q_mvar, within, names.index(fault.branch))
    times = SwitchTimes(np.isin(names, fault.remote), fault.remote_min, fault.manual_min, fault.crews)
    found = restore(grid, times, _sources(loaded, city, fault), seconds=seconds)
    return found, tuple(city.network.buses.names[k] for k in np.flatnonzero(found.unsupplied))


def restoration_lines(found: Restoration, dark: Sequence[str]) -> list[str]:
    """A restoration in words, line by line.

    Args:
        found: What to switch.
        dark: Names of the buses that are without supply until the repair.
    """
    lines = [f"the breaker of {found.tripped} opens; {found.energy_lost_mwh:.3f} MWh would be missing until the repair"]
    several = max((action.crew for action in found.actions), default=0) > 1
    for action in found.actions:
        how = "from afar" if action.remote else f"by crew {action.crew}" if several else "by the crew"
        restored = f", {action.restored_mw:.3f} MW supplied again" if action.restored_mw else ""
        lines.append(
            f"{action.minute:6.0f} min: {'close' if action.closes else 'open'} {action.branch} {how}{restored}"
        )
    lines.append(f"not supplied: {found.energy_not_supplied_mwh:.3f} MWh")
    if found.islands:
        lines.append(f"islands led by {', '.join(found.islands)}")
    if dark:
        lines.append(f"without supply until the repair: {', '.join(dark)}")
    if not found.is_proven:
        bounds = f"{found.left_mwh:.3f} MWh are left, at least {found.bound_mwh:.3f} must be"
        lines.append(f"not proven to be the best: {bounds}")
    return lines


def _n_steps(clock: Clock, fault: FaultCase) -> int:
    """Steps until the repair."""
    return math.ceil(timedelta(hours=fault.repair_hours) / clock.step)


def _sources(loaded: LoadedScenario, city: City, fault: FaultCase) -> list[IslandSource]:
    """Batteries that can lead an island."""
    return [
        IslandSource(
            name=asset.name,
            bus=city.network.buses.find(asset.bus),
            p_max_mw=asset.p_rated_mw,
            q_max_mvar=reactive_capability_mvar(asset.p_rated_mw, asset.power_factor_min),
            e_mwh=asset.soc_start * asset.e_rated_mwh * asset.round_trip_efficiency**0.5,
        )
        for asset in loaded.assets
        if isinstance(asset, Battery) and asset.name in fault.islands and asset.bus is not None
    ]


def _faults(loaded: LoadedScenario, network: Network, fault: FaultCase) -> Iterator[Fault]:
    """Unknown names, and times outside of the scenario's period."""
    names, clock = network.branches.names, loaded.city.clock
    for place, given in (("--branch", [fault.branch]), ("--remote", fault.remote)):
        for name in given:
            if name not in names:
                yield Fault(place, f"no line or transformer called {name!r}", suggestion=nearest(name, names))
    batteries = [asset.name for asset in loaded.assets if isinstance(asset, Battery) and asset.bus is not None]
    for name in fault.islands:
        if name not in batteries:
            yield Fault("--island", f"no battery at a bus called {name!r}", suggestion=nearest(name, batteries))
    if fault.repair_hours <= 0:
        yield Fault("--hours", "must be greater than 0", fault.repair_hours)
    elif not 0 <= fault.step <= clock.n_steps - _n_steps(clock, fault):
        last = clock.n_steps - _n_steps(clock, fault)
        yield Fault("--step", f"must lie within 0..{last}, so that the repair ends in the period", fault.step)
