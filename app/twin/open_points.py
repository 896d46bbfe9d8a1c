"""Where the open points of a city's grid would be best, for losses, their cost or their carbon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import SimulationInputs, prepare
from app.simulation.limits import resolve_limits
from app.twin.withdrawal import unmanaged_withdrawal
from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.switching import SwitchableNetwork
from grid.powerflow.extremes import extremes
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import Exchange, reconfigure

Sought = Literal["losses", "cost", "carbon"]
"""What is to be low: lost energy, its price, or the carbon of imports in its place."""
UNITS: dict[Sought, str] = {"losses": "MWh", "cost": "", "carbon": "kg"}
MOST_STEPS = 672
"""Steps on which exchanges are sought; of a longer period evenly spaced ones, with the step of highest demand."""


@dataclass(frozen=True, eq=False)
class OpenPoints:
    """Better open points of a city's grid, over T steps.

    Args:
        exchanges: The exchanges, in an order that keeps the grid radial.
        sought: What was to be low.
        steps: Steps on which they were sought.
        loss_before_mwh: Losses of all steps as the grid is operated [MWh].
        loss_mwh: The same afterwards [MWh].
        value_before: What was sought, of all steps, as the grid is operated.
        value: The same afterwards.
        violations_before: Elements beyond a limit, counted in every step, as the grid is operated.
        violations: The same afterwards.
    """

    exchanges: tuple[Exchange, ...]
    sought: Sought
    steps: int
    loss_before_mwh: float
    loss_mwh: float
    value_before: float
    value: float
    violations_before: int
    violations: int


def open_points(loaded: LoadedScenario, sought: Sought = "losses") -> OpenPoints:
    """Open points under the loads of a scenario in which nobody manages anything, sought on some steps, kept on all.

    Args:
        loaded: The scenario and its city.
        sought: What is to be low.

    Raises:
        InputError: If the grid is not radial in operation, or has no switches and no open lines.
    """
    inputs = prepare(loaded)
    network, drawn = switchable_network(loaded.city.network), unmanaged_withdrawal(inputs)
    weight = {
        "losses": np.ones(inputs.clock.n_steps),
        "cost": np.maximum(inputs.import_price_per_mwh, 0.0),
        "carbon": inputs.upstream.ci_kg_per_mwh,
    }[sought]
    chosen = _searched(drawn)
    few = Injections(drawn.profiles[:, chosen], drawn.p_mw, drawn.q_mvar)
    clock = Clock(inputs.clock.start, inputs.clock.step, chosen.size)
    limits = resolve_limits(loaded.scenario.limits, network.meshed).tolerated.of_elements
    found = reconfigure(network, clock, few, limits=limits, weight_per_mwh=weight[chosen])
    before, after = (_judged(network, state, inputs, drawn, limits, weight) for state in (network.open, found.open))
    return OpenPoints(
        exchanges=found.exchanges,
        sought=sought,
        steps=int(chosen.size),
        loss_before_mwh=before[0],
        loss_mwh=after[0],
        value_before=before[1],
        value=after[1],
        violations_before=before[2],
        violations=after[2],
    )


def _searched(drawn: Injections) -> Ints:
    """Steps on which exchanges are sought, ascending."""
    total = np.asarray(drawn.p_mw.sum(axis=0)).ravel() @ drawn.profiles
    every = max(1, -(-drawn.n_steps // MOST_STEPS))
    return np.union1d(np.arange(0, drawn.n_steps, every), [int(np.argmax(total))])


def _judged(
    network: SwitchableNetwork,
    state: Bools,
    inputs: SimulationInputs,
    drawn: Injections,
    limits: Limits,
    weight: Floats,
) -> tuple[float, float, int]:
    """Losses of all steps [MWh], what they count, and how often a limit is broken."""
    operated, kept = network.operated(state)
    of_kept = Limits(limits.vm_min_pu, limits.vm_max_pu, limits.loading_max_percent[kept])
    found = extremes(operated, inputs.clock, drawn, of_kept)
    lost_mwh = found.loss_mw * inputs.clock.step_hours
    return float(lost_mwh.sum()), float(weight @ lost_mwh), int(found.violations.sum())
