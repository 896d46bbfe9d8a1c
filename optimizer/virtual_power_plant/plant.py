"""The plants as whole schedules: what any mixture of them does, every plant can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem

BELOW_IMPORT = 1e-4
"""By how much exports earn less than imports cost, so that no energy goes round in a circle [currency/MWh]."""


@dataclass(frozen=True, eq=False)
class PlantSchedule:
    """One schedule of all plants that keeps every promise; T steps.

    Args:
        p_mw: Withdrawal of each asset by slot, by name, shape (K,) each [MW].
        total_mw: Withdrawal of all, shape (T,) [MW].
        cost: Energy at the prices of the plant, wear and fuel, less what demand that is met is worth [currency].
    """

    p_mw: Mapping[str, Floats]
    total_mw: Floats
    cost: float


@dataclass(frozen=True, eq=False)
class VirtualPlant:
    """Small plants that act as one, without the grid between them.

    What a mixture of `schedules` does together, the same mixture of every plant's own schedules does: it can always be
    given to every plant. These mixtures are an inner approximation of what the plants can do; `activate` widens it with
    schedules that are worth it until no other would be cheaper.

    Args:
        problem: The problem of the plants alone: one node, no limits of the grid, one price for energy.
        schedules: Schedules that are known, the first of them the cheapest: the baseline.
    """

    problem: DispatchProblem
    schedules: tuple[PlantSchedule, ...]

    @property
    def baseline(self) -> PlantSchedule:
        """What the plants do when nobody asks them for anything: the cheapest."""
        return self.schedules[0]

    @property
    def price_per_mwh(self) -> Floats:
        """Price of energy with its carbon, shape (T,) [currency/MWh]."""
        return self.problem.import_price_per_mwh

    def with_schedule(self, schedule: PlantSchedule) -> VirtualPlant:
        """The same with another schedule known."""
        return replace(self, schedules=(*self.schedules, schedule))

    def cheapest(self, price_per_mwh: Floats) -> PlantSchedule:
        """The cheapest schedule at other prices, shape (T,) [currency/MWh]; its cost is at the plant's own."""
        asked = replace(
            self.problem, import_price_per_mwh=price_per_mwh, export_price_per_mwh=price_per_mwh - BELOW_IMPORT
        )
        return _schedule(self.problem, dispatch(asked).p_mw)

    def totals(self, p_mw: Mapping[str, Floats]) -> tuple[Floats, float]:
        """Withdrawal of all, shape (T,) [MW], and cost [currency] of what each asset does."""
        found = _schedule(self.problem, p_mw)
        return found.total_mw, found.cost


def virtual_plant(problem: DispatchProblem) -> VirtualPlant:
    """Plants of a dispatch problem as one; one window over its whole clock.

    Args:
        problem: Its flexibilities, prices and carbon price count; fixed withdrawal and the grid do not.

    Raises:
        InputError: If there is nothing that can move.
    """
    if not problem.flexibilities:
        raise InputError.single("flexibilities", "must be at least one plant")
    nothing, n = np.zeros_like(problem.p_fixed_mw), problem.clock.n_steps
    price = problem.import_cost_per_mwh
    alone = replace(
        problem, p_fixed_mw=nothing, q_fixed_mvar=nothing, loads_mva=None, grid_limits=False, reactive=False,
        import_price_per_mwh=price, export_price_per_mwh=price - BELOW_IMPORT, carbon_price_per_kg=0.0,
        carbon_cap_kg=np.inf, import_max_mw=np.inf, export_max_mw=np.inf, demand_charge_per_mw_month=0.0,
        horizon_steps=n, look_ahead_steps=0, forecast=None, objective=None, extend=None, stored_value_per_mwh=0.0,
    )  # fmt: skip
    return VirtualPlant(alone, (_schedule(alone, dispatch(alone).p_mw),))


def _schedule(problem: DispatchProblem, p_mw: Mapping[str, Floats]) -> PlantSchedule:
    total, cost = np.zeros(problem.clock.n_steps), 0.0
    for flexibility in problem.flexibilities:
        power = p_mw[flexibility.name]
        total += flexibility.by_step(power)
        cost += _own_cost(flexibility, power)
    hours = problem.clock.step_hours
    return PlantSchedule(dict(p_mw), total, hours * (cost + float(problem.import_price_per_mwh @ total)))


def _own_cost(flexibility: Flexibility, p_mw: Floats) -> float:
    """Wear and fuel of what is fed in, less the worth of what is drawn, over all slots [currency/h]."""
    wear = np.maximum(-p_mw, 0.0) @ flexibility.per_slot(flexibility.wear_cost_per_mwh)
    return float(wear - p_mw @ flexibility.per_slot(flexibility.value_per_mwh))
