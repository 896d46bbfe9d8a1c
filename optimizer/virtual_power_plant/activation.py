"""A course that is asked of the plants, given to every one of them at least cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats
from grid.errors import Fault, raise_if_any
from optimizer._highs import INFINITY, LinearProgram, Solver
from optimizer.virtual_power_plant.plant import VirtualPlant
from optimizer.virtual_power_plant.surplus import surplus_mwh, without_surplus

MISSED_FACTOR = 20.0
"""What a megawatt-hour that is not met counts, as a multiple of the highest price: ours, far above any wear."""
MOST_ROUNDS = 30
GAP = 1e-3
"""Share of the cost, or of the price of what is asked, that another schedule must save to be looked for."""


@dataclass(frozen=True, eq=False)
class Activation:
    """What every plant does for a course that is asked; T steps.

    Args:
        plant: The plants, with all schedules found on the way.
        p_mw: Withdrawal of each asset by slot, by name, shape (K,) each [MW].
        total_mw: Withdrawal of all, shape (T,) [MW].
        asked_mw: What was asked, shape (T,) [MW]; NaN in steps in which anything is right.
        cost: What it costs beyond the baseline [currency]; without what is counted for what is missed.
        price_per_mwh: What a megawatt-hour of withdrawal more in each asked step would cost, beyond its price, shape
            (T,) [currency/MWh]; 0 in other steps.
        bound: What no way to meet the course can cost less than, beyond the baseline and with what is missed, up to the
            gap of 5e-5 of all cost with which many sessions are combined [currency].
        rounds: Schedules that were looked for.
    """

    plant: VirtualPlant
    p_mw: Mapping[str, Floats]
    total_mw: Floats
    asked_mw: Floats
    cost: float
    price_per_mwh: Floats
    bound: float
    rounds: int

    @property
    def missed_mw(self) -> Floats:
        """What is drawn beyond (positive) or short of what was asked, shape (T,) [MW]; 0 where nothing was."""
        return np.nan_to_num(self.total_mw - self.asked_mw)

    def surplus_mwh(self) -> float:
        """Most energy that a store would hold beyond what it may [MWh]."""
        return max(
            (float(surplus_mwh(f, self.p_mw[f.name]).max(initial=0.0)) for f in self.plant.problem.flexibilities),
            default=0.0,
        )


def activate(plant: VirtualPlant, asked_mw: Floats) -> Activation:
    """Finds the cheapest mixture of schedules that meets a course, looking for better schedules on the way [1].

    Each round a linear programme mixes the schedules that are known; its prices ask the plants for the schedule that
    would help most; it ends where none does, so that the mixture is the optimum over everything that they can do.

    Args:
        plant: The plants.
        asked_mw: Withdrawal of all plants together, shape (T,) [MW]; NaN in steps in which anything is right.

    Raises:
        InputError: If the course has another length, asks nothing, or something infinite.

    References:
        [1] G. B. Dantzig, P. Wolfe, "Decomposition principle for linear programs", Operations Research, vol. 8, no. 1,
            pp. 101-111, 1960.
    """
    clock, asked = plant.problem.clock, ~np.isnan(asked_mw)
    faults = []
    if asked_mw.shape != (clock.n_steps,):
        faults.append(Fault("asked_mw", f"must have shape ({clock.n_steps},)", asked_mw.shape))
    elif not asked.any() or np.isinf(asked_mw).any():
        faults.append(Fault("asked_mw", "must ask for a finite power in at least one step"))
    raise_if_any(faults, "what is asked of the plants")
    penalty = MISSED_FACTOR * float(np.abs(plant.price_per_mwh).max()) * clock.step_hours
    bound = -np.inf
    rounds = 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        share, price, value, objective = _mixed(plant, asked_mw, asked, penalty)
        found = plant.cheapest(plant.price_per_mwh - price / clock.step_hours)
        saved = value - (found.cost - float(price @ found.total_mw))
        bound = max(bound, objective - max(saved, 0.0))
        if saved <= GAP * max(abs(objective - plant.baseline.cost), abs(plant.baseline.cost) * GAP, 1e-6):
            break
        plant = plant.with_schedule(found)
    p_mw = _of_assets(plant, share, asked)
    total, own_cost = plant.totals(p_mw)
    return Activation(
        plant, p_mw, total, asked_mw, own_cost - plant.baseline.cost, price / clock.step_hours,
        min(bound, own_cost) - plant.baseline.cost, rounds,
    )  # fmt: skip


def _of_assets(plant: VirtualPlant, share: Floats, asked: Bools) -> dict[str, Floats]:
    """What each asset does in a mixture of the first schedules, without the energy that the mixture has too much."""
    found = {}
    for flexibility in plant.problem.flexibilities:
        power = np.zeros(flexibility.n_slots)
        for weight, schedule in zip(share, plant.schedules, strict=False):
            power += weight * schedule.p_mw[flexibility.name]
        found[flexibility.name] = without_surplus(flexibility, power, asked)
    return found


def _mixed(plant: VirtualPlant, asked_mw: Floats, asked: Bools, penalty: float) -> tuple[Floats, Floats, float, float]:
    """The cheapest mixture of the known schedules.

    Returns:
        Share of each, shape (S,); price of each asked step, shape (T,) [currency/MW], 0 in others; what one more
        mixture would be worth [currency]; and the objective [currency].
    """
    total = np.stack([schedule.total_mw for schedule in plant.schedules], axis=1)[asked]
    n_rows, n = total.shape
    eye = sparse.identity(n_rows, format="csr")
    matrix = sparse.vstack(
        [sparse.hstack([sparse.csr_array(total), eye, -eye]), np.r_[np.ones(n), np.zeros(2 * n_rows)][None]]
    )
    sides = np.r_[asked_mw[asked], 1.0]
    cost = np.r_[[schedule.cost for schedule in plant.schedules], np.full(2 * n_rows, penalty)]
    size = n + 2 * n_rows
    program = LinearProgram(
        sparse.csr_array(matrix), sides, sides, np.zeros(size), np.full(size, INFINITY), cost.astype(np.float64)
    )
    solver = Solver(program)
    x, duals = solver.solve(), solver.duals()
    price = np.zeros(asked.size)
    price[asked] = duals[:-1]
    return x[:n], price, float(duals[-1]), solver.objective
