"""What the flexible assets are to do in the hours ahead, as a dispatch on a cautious forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.simulation.phases import dispatch_problem
from app.twin.forecasts.powers import SIGN, CityPowers
from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot
from grid.twin.forecast.forecaster import QuantileForecast
from grid.twin.forecast.history import SeriesKind
from grid.twin.forecast.quantiles import LEVELS
from optimizer.forecast.forecast import is_available
from optimizer.forecast.issued import IssuedForecasts, IssuedPowers
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem, Strategy, with_strategy
from optimizer.problem.schedule import Schedule

CAUTIOUS: Mapping[SeriesKind, float] = {"demand": 0.9, "charging": 0.9, "pv": 0.1, "wind": 0.1}
"""Level of the quantile, at every step, that an action has to be enough for: much demand and little sun and wind."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What the flexible assets do in H steps.

    Args:
        problem: The problem that it answers.
        schedule: What they do.
    """

    problem: DispatchProblem
    schedule: Schedule

    @property
    def carbon_kg(self) -> float:
        """Carbon of imports [kg]."""
        problem = self.problem
        return float((self.schedule.import_mw * problem.import_ci_kg_per_mwh).sum()) * problem.clock.step_hours

    def curtailed_at_buses(self) -> Floats:
        """What sun and wind could feed in and do not, shape (H, B) [MW]."""
        total = np.zeros(self.problem.p_fixed_mw.shape)
        for flexibility in self.problem.flexibilities:
            if is_available(flexibility):
                least = flexibility.per_slot(flexibility.p_min_mw)
                total += flexibility.at_buses(np.maximum(self.schedule.p_mw[flexibility.name] - least, 0.0))
        return total

    def drawn_at_buses(self) -> Floats:
        """Withdrawal of all assets that sun and wind do not drive, shape (H, B) [MW]."""
        total = np.zeros(self.problem.p_fixed_mw.shape)
        for flexibility in self.problem.flexibilities:
            if not is_available(flexibility):
                total += flexibility.at_buses(self.schedule.p_mw[flexibility.name])
        return total

    def reactive_at_buses(self) -> Floats:
        """Reactive withdrawal of all assets, shape (H, B) [MVAr]."""
        total = np.zeros(self.problem.p_fixed_mw.shape)
        for flexibility in self.problem.flexibilities:
            if flexibility.name in self.schedule.q_mvar:
                total += flexibility.at_buses(self.schedule.q_mvar[flexibility.name])
        return total


def plan_ahead(
    ahead: SimulationInputs,
    past: CityPowers,
    forecasts: Sequence[QuantileForecast],
    strategy: Strategy,
    *,
    within_limits: bool,
    held: tuple[Plan, int] | None = None,
) -> Plan:
    """Dispatches the hours ahead as one window, on the cautious quantiles of what is forecast.

    Args:
        ahead: The scenario over the hours ahead.
        past: What was measured before.
        forecasts: What is forecast for the same steps.
        strategy: What may move.
        within_limits: Whether the limits of the grid and of the import count.
        held: A plan, and how many of the first steps of it are over and cannot be changed any more; None: none.
    """
    problem = dispatch_problem(ahead, *ahead.loaded.city.withdrawal())
    n = problem.clock.n_steps
    issued = cautious_powers(problem, past, forecasts)
    seen = IssuedForecasts(lambda _first, _stop: issued)(replace(problem, flexibilities=ahead.flexibilities), 0, n)
    asked = replace(
        seen if within_limits else _without_limits(seen),
        flexibilities=tuple(_held(each, held) for each in with_strategy(seen.flexibilities, strategy)),
        horizon_steps=n,
        look_ahead_steps=0,
        forecast=None,
    )
    return Plan(asked, dispatch(asked))


def _held(flexibility: Flexibility, held: tuple[Plan, int] | None) -> Flexibility:
    """The same with its power of steps that are over as it was planned; what sun and wind drive is not held."""
    if held is None or held[1] == 0 or is_available(flexibility):
        return flexibility
    planned, over = held[0].schedule.p_mw[flexibility.name], flexibility.step < held[1]
    low, high = (flexibility.per_slot(bound) for bound in (flexibility.p_min_mw, flexibility.p_max_mw))
    kept = np.clip(planned, low, high)
    return replace(
        flexibility,
        p_min_mw=PerSlot(np.where(over, kept, low)),
        p_max_mw=PerSlot(np.where(over, kept, high)),
    )


def _without_limits(problem: DispatchProblem) -> DispatchProblem:
    """The problem as if the grid and the import had no limits; losses still count."""
    return replace(
        problem,
        loading_max_percent=np.array([np.inf]),
        vm_min_pu=np.zeros(1),
        vm_max_pu=np.array([np.inf]),
        import_max_mw=np.inf,
    )


def cautious_powers(problem: DispatchProblem, past: CityPowers, forecasts: Sequence[QuantileForecast]) -> IssuedPowers:
    """The cautious quantiles at the buses, and of assets; cars beyond those expected count as fixed withdrawal."""
    p_mw, q_mvar = np.zeros(problem.p_fixed_mw.shape), np.zeros(problem.p_fixed_mw.shape)
    available: dict[str, Floats] = {}
    driven = {f.name for f in problem.flexibilities if is_available(f)}
    for forecast in forecasts:
        kind = forecast.kind
        total = forecast.quantiles_mw[:, LEVELS.index(CAUTIOUS[kind])]
        if kind == "charging":
            total = total - forecast.median_mw
        elif kind != "demand":
            of_assets = past.of_assets[kind]
            available |= {name: share * total for name, share in of_assets.items() if name in driven}
            total = past.of_net[kind] * total
        active, reactive = past.at_buses(kind, total, 0)
        p_mw += SIGN[kind] * active
        q_mvar += reactive
    other_mw, other_mvar = past.others_ahead(problem.clock.n_steps, 0)
    return IssuedPowers(p_mw + other_mw, q_mvar + other_mvar, available)
