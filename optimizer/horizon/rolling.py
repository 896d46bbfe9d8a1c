"""The rolling horizon: window after window, each handing its stored energies on to the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.sharing import shared
from optimizer._highs import Compiled, Watch
from optimizer.aggregation.window import MANY_SLOTS, AggregatedSolvers
from optimizer.horizon.carbon_budget import CarbonBudget
from optimizer.horizon.fixed import NetImport, fixed_schedule, own_cost
from optimizer.horizon.realisation import RealisedWindow, realise, roles_in
from optimizer.horizon.report import WindowReport, assembled_schedule, report_window, write_powers
from optimizer.horizon.state import HorizonState
from optimizer.problem.objective import Weights
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.weighting import price_unit, weighted_problem
from optimizer.window.first_guess import fallback_schedule
from optimizer.window.programme import Window, state_window
from optimizer.window.roles import GivenDraw, Roles
from optimizer.window.solve import Solvers, WindowSolution, solve_window
from optimizer.window.state import WindowState

Progress = Callable[[int, int], object]
"""Told the steps decided and the steps in all; what it returns cancels the dispatch if it is False."""
FREE_MW = 1e-12
"""Bounds no farther apart leave nothing to decide; rounding of sums of powers in MW."""


def dispatch(
    problem: DispatchProblem,
    progress: Progress | None = None,
    net_import: NetImport | None = None,
    stop: int | None = None,
) -> Schedule:
    """Decides what every flexible asset does.

    The horizon rolls: each window decides `horizon_steps` for good and sees `look_ahead_steps` beyond. In each,
    every store must be able to end with the energy it is due. Where nothing is left to decide, nothing is
    optimised, and the schedule costs what the AC power flow says.

    Args:
        problem: The problem.
        progress: Called after each window, and from time to time within one; if it returns False, or time runs out, the
            window under way is taken as far as it has come, every promise is kept in the rest, and
            `Schedule.decided_steps` and `Schedule.optimality_gap` say how far the decision went.
        net_import: Finds the net import where nothing is left to decide, for who knows it already and looks at the
            limits of the grid himself; by default the AC power flow.
        stop: Steps from it on are only looked ahead at, and not decided; by default all are decided.

    Raises:
        InfeasibleDispatchError: If an inelastic problem has no solution, with the constraints in conflict.
        UnboundedDispatchError: If a user's extension makes the cost fall without end.
        SolverError: If a window ends otherwise without an optimum, which is a defect.
    """
    free = [f for f in problem.flexibilities if _is_free(f)]
    if not free and problem.extend is None and stop is None:
        schedule = fixed_schedule(problem, net_import)
        if problem.elastic or not schedule.shortfalls:
            return schedule
    p_mw = {f.name: f.per_slot(f.p_min_mw).copy() for f in problem.flexibilities}
    given = tuple(f for f in problem.flexibilities if not any(f is other for other in free))
    rest = problem.with_fixed([(f, p_mw[f.name]) for f in given], tuple(free))
    return _roll(_Horizon.from_problem(rest, given, p_mw), p_mw, progress, stop)


def leaves_nothing(problem: DispatchProblem) -> bool:
    """Whether nothing is left to decide, so that `dispatch` optimises nothing."""
    return problem.extend is None and not any(_is_free(flexibility) for flexibility in problem.flexibilities)


@shared()
def _is_free(flexibility: Flexibility) -> bool:
    low, high = flexibility.alike(flexibility.p_min_mw, flexibility.p_max_mw)
    return bool((high - low > FREE_MW).any() or flexibility.q_max_mvar.any())


@dataclass(frozen=True, eq=False)
class _Horizon:
    """What stays the same from window to window.

    Args:
        problem: The problem, with what is decided already as fixed withdrawal.
        given: Flexibilities that are decided already: what they cost and emit by themselves counts with the rest.
        weighted: The same with its weighted objective as cost, divided by `unit`.
        unit: What the objective is divided by.
        roles: Parts of its flexibilities.
        budget: Shares of the cap on carbon.
        solvers: Solvers that are kept warm.
        compiled: Models by their numbers of steps and of months, made when first asked for.
    """

    problem: DispatchProblem
    given: tuple[Flexibility, ...]
    weighted: DispatchProblem
    unit: float
    roles: Roles
    budget: CarbonBudget
    solvers: Solvers
    compiled: dict[tuple[int, int], Compiled] = field(default_factory=dict)

    @classmethod
    def from_problem(
        cls, problem: DispatchProblem, given: tuple[Flexibility, ...], p_mw: Mapping[str, Floats]
    ) -> _Horizon:
        """A horizon before its first window; `p_mw` holds what is given, by name, the rest as above."""
        unit = price_unit(problem, problem.objective)
        weighted = _in_units(problem, problem.objective, unit)
        reactive = problem.reactive and problem.limits_voltage
        unbalance = problem.phases is not None and bool(np.isfinite(problem.phases.unbalance_max_percent))
        roles = Roles.from_flexibilities(
            weighted.flexibilities, reactive=reactive, unbalance=unbalance, extend=problem.extend,
            given=_behind_connections(given, p_mw),
        )  # fmt: skip
        budget = CarbonBudget.from_problem(problem)
        return cls(problem, given, weighted, unit, roles, budget, _solvers(problem.sessions))

    def stops(self, first: int) -> tuple[int, int]:
        """For a window that begins at a step: the step after those it decides, and the one after those it sees."""
        n = self.problem.clock.n_steps
        decided = min(first + self.problem.horizon_steps, n)
        return decided, min(decided + self.problem.look_ahead_steps, n)

    def window(self, state: HorizonState, decided: int, stop: int) -> tuple[Window, WindowState]:
        """The programme of the next window, and what it takes over."""
        problem, first = self.problem, state.step
        months = np.unique(problem.clock.times[first:stop].astype("datetime64[M]")).size
        shape = (stop - first, months)
        if shape not in self.compiled:
            self.compiled[shape] = self.roles.compiled(stop - first, problem.clock.step_hours, months)
        view, roles = self._seen(first, stop)
        before = state.p_before_mw if view is self.weighted else _reachable(state.p_before_mw, view, roles, first)
        takes_over = WindowState(
            e_now_mwh=state.e_now_mwh,
            peak_mw=state.peak_mw.get(problem.clock.times[first].astype("datetime64[M]"), 0.0),
            p_before_mw=before or None,
            carbon_cap_kg=self.budget.share_kg(first, stop, state.emitted_kg),
            decided_steps=decided - first,
            ahead=state.ahead,
        )
        return state_window(view, roles, self.compiled[shape], first, stop, takes_over), takes_over

    def _seen(self, first: int, stop: int) -> tuple[DispatchProblem, Roles]:
        """The problem as a window sees it, in the units of its objective."""
        problem = self.problem
        view = problem if problem.forecast is None else problem.forecast(problem, first, stop)
        if view is problem:
            return self.weighted, self.roles
        view = _in_units(view, problem.objective, self.unit)
        return view, roles_in(view, self.roles)

    def realised(self, plan: WindowSolution) -> RealisedWindow:
        """What a window comes to in truth."""
        if self.problem.forecast is not None:
            return realise(self.problem, plan)
        window = plan.window if plan.window.problem is self.problem else replace(plan.window, problem=self.problem)
        return RealisedWindow(replace(plan, window=window), np.zeros(plan.window.n_steps), plan.schedule)


def _behind_connections(given: tuple[Flexibility, ...], p_mw: Mapping[str, Floats]) -> dict[str, GivenDraw]:
    """What flexibilities draw behind shared connections, by connection."""
    found: dict[str, GivenDraw] = {}
    for flexibility in given:
        if flexibility.connection:
            drawn, name = flexibility.by_step(p_mw[flexibility.name]), flexibility.connection
            before = found[name].p_mw if name in found else 0.0
            found[name] = GivenDraw(before + drawn, flexibility.connection_max_mw)
    return found


def _solvers(sessions: str) -> Solvers:
    """Solvers that state sessions as a problem asks, see `DispatchProblem.sessions`."""
    if sessions == "each":
        return Solvers()
    return AggregatedSolvers(MANY_SLOTS if sessions == "auto" else 0)


def _in_units(problem: DispatchProblem, objective: Weights | None, unit: float) -> DispatchProblem:
    """A problem whose cost is its objective, divided by `unit`."""
    if objective is None and unit == 1.0:
        return problem
    return weighted_problem(objective or Weights(), problem, unit)


def _roll(horizon: _Horizon, p_mw: dict[str, Floats], progress: Progress | None, stop: int | None) -> Schedule:
    """Decides window after window, and guesses what there was no time for; powers are written into `p_mw`."""
    problem = horizon.problem
    n = problem.clock.n_steps if stop is None else stop
    until = time.monotonic() + problem.time_limit_s
    state = HorizonState.at_start(problem, own_cost(horizon.given, p_mw).emissions_kg)
    reports, q_mvar = list[WindowReport](), dict[str, Floats]()

    def go_on() -> bool:
        return progress is None or progress(reports[-1].stop if reports else 0, n) is not False

    watch = Watch(until, None if progress is None else go_on)
    while state.step < n and time.monotonic() < until:
        done, report = _decide(horizon, state, watch)
        write_powers(done.solution.window, done.solution.schedule, report.stop, p_mw, q_mvar)
        reports.append(report)
        state = _after(problem, state, done, report)
        if report.gap is not None or not go_on():
            break
    known = state
    while state.step < n:
        decided, _ = horizon.stops(state.step)
        window, takes_over = horizon.window(state, decided, decided)
        guess = fallback_schedule(window, takes_over)
        write_powers(window, guess, decided, p_mw, q_mvar)
        state = state.after(problem, window, guess, decided)
    of_given = own_cost(horizon.given, p_mw, known.step).at_price(problem.carbon_price_per_kg)
    return assembled_schedule(problem, reports, known, p_mw, q_mvar, of_given)


def _decide(horizon: _Horizon, state: HorizonState, watch: Watch) -> tuple[RealisedWindow, WindowReport]:
    """States and solves the next window: what it comes to, and what it adds to the schedule."""
    decided, stop = horizon.stops(state.step)
    plan = solve_window(*horizon.window(state, decided, stop), horizon.solvers, watch)
    done = horizon.realised(plan)
    return done, report_window(horizon.problem, plan, done, decided - state.step, horizon.unit)


def _after(problem: DispatchProblem, state: HorizonState, done: RealisedWindow, report: WindowReport) -> HorizonState:
    """The state after a window."""
    months = problem.clock.times[report.first : report.stop].astype("datetime64[M]")
    peaks = dict(state.peak_mw)
    for month in np.unique(months):
        peaks[month] = max(peaks.get(month, 0.0), float(report.import_mw[months == month].max()))
    after = state.after(problem, done.solution.window, done.solution.schedule, report.stop)
    return replace(after, peak_mw=peaks, emitted_kg=state.emitted_kg + report.emissions_kg, ahead=done.planned)


def _reachable(before: Mapping[str, Floats], view: DispatchProblem, roles: Roles, first: int) -> Mapping[str, Floats]:
    """Powers before a window, brought to where ramps lead from into what the forecast allows in its first step."""
    reachable = dict(before)
    for flexibility in roles.lasting if before else ():
        if flexibility.ramp_mw_per_h is None:
            continue
        ramp = flexibility.ramp_mw_per_h * view.clock.step_hours
        slot = flexibility.offsets[:-1] + first
        low, high = (flexibility.at_slots(p, slot) for p in (flexibility.p_min_mw, flexibility.p_max_mw))
        reachable[flexibility.name] = np.clip(before[flexibility.name], low - ramp, high + ramp)
    return reachable
