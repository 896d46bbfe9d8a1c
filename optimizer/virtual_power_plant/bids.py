"""What the plants ask for drawing less or more than their baseline during some steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.errors import InputError
from optimizer.virtual_power_plant.activation import activate
from optimizer.virtual_power_plant.plant import VirtualPlant
from optimizer.virtual_power_plant.region import feasible_region

LEAST_MW = 1e-6


@dataclass(frozen=True)
class Bid:
    """One step of a cost curve.

    Args:
        power_mw: Change of withdrawal against the baseline up to which it holds [MW]; below 0 for drawing less.
        offered_mw: What of it the plants can do throughout [MW].
        cost: What the whole change costs beyond the baseline [currency].
        price_per_mwh: What each megawatt-hour of this step costs beyond the step before [currency/MWh]; NaN where
            nothing more can be done.
    """

    power_mw: float
    offered_mw: float
    cost: float
    price_per_mwh: float


def bids(
    plant: VirtualPlant, first: int, stop: int, powers_mw: Sequence[float]
) -> tuple[VirtualPlant, tuple[Bid, ...]]:
    """The cost curve of a change of power during some steps, the same in each of them.

    Every point is an activation at least cost; since that is a linear programme, each further megawatt costs at least
    as much as the one before.

    Args:
        plant: The plants.
        first: First step of the change.
        stop: Step after its last.
        powers_mw: Changes, all of one sign, in any order [MW].

    Returns:
        The plants with all schedules found on the way, and a bid for each change, the smallest first.

    Raises:
        InputError: If the steps lie outside of the clock, or changes are 0, infinite or of both signs.
    """
    n, hours = plant.problem.clock.n_steps, plant.problem.clock.step_hours
    if not 0 <= first < stop <= n:
        raise InputError.single("steps", f"must lie within 0..{n}, the first before the last", (first, stop))
    if not powers_mw or not np.isfinite(powers_mw).all() or len({np.sign(power) for power in powers_mw} | {0.0}) != 2:
        raise InputError.single("powers_mw", "must be at least one, finite, all above 0 or all below", list(powers_mw))
    found, before_mw, before_cost = [], 0.0, 0.0
    for power in sorted(powers_mw, key=abs):
        done = activate(plant, course(plant, first, stop, power))
        plant = done.plant
        change = done.total_mw[first:stop] - plant.baseline.total_mw[first:stop]
        offered = float(change.max() if power < 0 else change.min())
        more = abs(float(change.sum())) - before_mw
        price = (done.cost - before_cost) / (more * hours) if more > LEAST_MW else np.nan
        found.append(Bid(power, offered, done.cost, price))
        before_mw, before_cost = abs(float(change.sum())), done.cost
    return plant, tuple(found)


def course(plant: VirtualPlant, first: int, stop: int, power_mw: float) -> Floats:
    """The course that a change of power during some steps asks for, as far as the plants' bounds reach.

    Beyond the bounds of a step no schedule comes closer, and a megawatt that cannot be had must not outweigh the others
    in the linear programme.

    Args:
        plant: The plants.
        first: First step of the change.
        stop: Step after its last.
        power_mw: Change against the baseline [MW].

    Returns:
        Withdrawal of all plants, shape (T,) [MW]; NaN in steps that nothing is asked of.
    """
    region = feasible_region(plant.problem.flexibilities)
    asked = np.full(plant.problem.clock.n_steps, np.nan)
    wanted = plant.baseline.total_mw[first:stop] + power_mw
    asked[first:stop] = np.clip(wanted, region.p_min_mw[first:stop], region.p_max_mw[first:stop])
    return asked
