"""The cheapest action that is enough: the hours ahead dispatched within the limits, against the plan without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from app.simulation.limits import resolve_limits
from app.twin.alerts.moves import CHARGING, FED_BACK, LEAST_MWH, WORDS, beginning_at, fed_in, in_part, planned_moves
from app.twin.alerts.plan import Plan, plan_ahead
from app.twin.alerts.watch import GridWatch
from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.network.injections import Injections
from grid.twin.alerts.risks import Risk
from grid.twin.equipment import switchable_network
from grid.twin.forecast.history import PowerHistory
from grid.twin.learning.records import PlannedMove
from optimizer.problem.schedule import Shortfall
from optimizer.switching import OpenPointRelief, relieve

LEAST_MVAR = 1e-3
"""Reactive power below which the same holds [MVAr]."""


@dataclass(frozen=True)
class ActionPart:
    """What one asset is to do otherwise than planned.

    Args:
        asset: Its name.
        what: In words.
        less_mwh: What it draws less, or feeds in more, in some steps [MWh].
        more_mwh: What it draws more, or feeds in less, in others [MWh].
        most_mw: The most by which its power falls [MW]; of curtailment, rises.
        begins: Beginning of the first step with a change.
        ends: End of the last.
    """

    asset: str
    what: str
    less_mwh: float
    more_mwh: float
    most_mw: float
    begins: datetime
    ends: datetime


@dataclass(frozen=True, eq=False)
class ProposedAction:
    """An action, what it costs, and what it is good for.

    Args:
        parts: What each asset is to do otherwise.
        reactive_mvar: Greatest change of the reactive power of each asset, by name [MVAr]; only what changes.
        cost: What it costs more than the plan [currency]; below 0 where the plan leaves savings unused.
        carbon_kg: Carbon of imports beyond that of the plan [kg].
        left: Limits that it cannot keep on the cautious forecast, as far as the dispatch knows.
        risks: What remains likely to be exceeded with it, on the samples of the forecast.
        plan: The whole plan with it.
        moves: What each asset is to do, step by step.
        expected: What of each asset's change is to be expected by what was learned, where that is not all of it.
        currency: Currency of the cost.
    """

    parts: tuple[ActionPart, ...]
    reactive_mvar: Mapping[str, float]
    cost: float
    carbon_kg: float
    left: tuple[Shortfall, ...]
    risks: tuple[Risk, ...]
    plan: Plan
    moves: tuple[PlannedMove, ...] = ()
    expected: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""

    def probability(self, risk: Risk) -> float:
        """Probability that the same limit is exceeded with the action."""
        return next((other.probability for other in self.risks if other.key == risk.key), 0.0)


def propose(
    watch: GridWatch,
    histories: Sequence[PowerHistory] | None = None,
    rate: Callable[[str], float] = lambda _: 1.0,
    *,
    running: bool = False,
) -> ProposedAction:
    """The cheapest way, of all that can move, to keep the limits on the cautious forecast.

    Among plans of the same cost the dispatch takes any: an asset may then be said to move although it need not.

    Args:
        watch: The grid under its plan.
        histories: What is measured by now, as in `GridWatch.risks`; what is over stays as planned.
        rate: Share of what a kind of action is planned to do that is to be expected of it.
        running: As in `GridWatch.risks`; the action begins after that step.
    """
    done = watch.done(histories)
    plan = plan_ahead(
        watch.ahead, watch.past, watch.forecasts_of_all(histories), "optimal", within_limits=True,
        held=(watch.plan, done),
    )  # fmt: skip
    plan = beginning_at(watch.plan, plan, done)
    moves = planned_moves(watch.plan, plan)
    expected = {move.asset: share for move in moves if (share := rate(move.kind)) != 1.0}
    likely = in_part(watch.plan, plan, expected) if expected else plan
    return ProposedAction(
        parts=tuple(_parts(watch.plan, plan)),
        reactive_mvar=_reactive(watch.plan, plan),
        cost=plan.schedule.costs.total - watch.plan.schedule.costs.total,
        carbon_kg=plan.carbon_kg - watch.plan.carbon_kg,
        left=plan.schedule.shortfalls,
        risks=watch.with_plan(likely).risks(histories, running=running),
        plan=plan,
        moves=moves,
        expected=expected,
        currency=watch.ahead.loaded.scenario.currency,
    )


def switching_relief(watch: GridWatch) -> OpenPointRelief | None:
    """The exchange of one open point that relieves the grid most under its plan, on the cautious forecast.

    Args:
        watch: The grid under its plan.

    Returns:
        The exchange; None where the grid is not radial, nothing is exceeded, or no exchange helps.
    """
    plan = watch.plan
    network = switchable_network(watch.ahead.loaded.city.network)
    if not network.is_radial(network.open):
        return None
    p_mw = plan.problem.p_fixed_mw.copy()
    for flexibility in plan.problem.flexibilities:
        p_mw += flexibility.at_buses(plan.schedule.p_mw[flexibility.name])
    drawn = Injections.dense(p_mw, plan.problem.q_fixed_mvar + plan.reactive_at_buses())
    limits = resolve_limits(watch.ahead.loaded.scenario.limits, network.meshed).tolerated.of_elements
    return relieve(network, watch.clock, drawn, limits)


def _parts(before: Plan, after: Plan) -> Iterator[ActionPart]:
    """What assets do otherwise, asset by asset; cars apart by charging and feeding back."""
    for flexibility in after.problem.flexibilities:
        name = flexibility.name
        then, now = (flexibility.by_step(plan.schedule.p_mw[name]) for plan in (before, after))
        store = flexibility.reservoir
        if store is None or not store.vehicle:
            what = WORDS.get(flexibility.kind, "power shifted")
            yield from _part(flexibility, what, now - then)
            continue
        fed_then, fed_now = (fed_in(flexibility, plan.schedule.p_mw[name]) for plan in (before, after))
        yield from _part(flexibility, CHARGING, (now + fed_now) - (then + fed_then))
        yield from _part(flexibility, FED_BACK, fed_then - fed_now)


def _reactive(before: Plan, after: Plan) -> dict[str, float]:
    """Greatest change of reactive power by asset [MVAr]."""
    found = {}
    for flexibility in after.problem.flexibilities:
        then, now = (
            plan.schedule.q_mvar.get(flexibility.name, np.zeros(flexibility.n_slots)) for plan in (before, after)
        )
        most = float(np.abs(flexibility.by_step(now - then)).max(initial=0.0))
        if most > LEAST_MVAR:
            found[flexibility.name] = most
    return found


def _part(flexibility: Flexibility, what: str, change_mw: Floats) -> Iterator[ActionPart]:
    """A change of power by step, shape (H,), in words; nothing where it is small."""
    clock = flexibility.clock
    less, more = (float(np.maximum(sign * change_mw, 0.0).sum()) * clock.step_hours for sign in (-1, 1))
    if max(less, more) < LEAST_MWH:
        return
    at = np.flatnonzero(np.abs(change_mw) > 1e-6)
    most = float(change_mw.max() if what.endswith("curtailed") else -change_mw.min())
    begins, ends = clock.start + int(at[0]) * clock.step, clock.start + (int(at[-1]) + 1) * clock.step
    yield ActionPart(flexibility.name, what, less, more, most, begins, ends)
