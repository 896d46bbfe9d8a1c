"""The rolling horizon: window after window, each handing its stored energies on to the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer._highs import Compiled, Watch
from optimizer.aggregation.window import AggregatedSolvers
from optimizer.horizon.carbon_budget import CarbonBudget
from optimizer.horizon.realisation import Realised, realised, roles_in
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import BindingLimit, Costs, Decided, Quality, Schedule, Shortfall
from optimizer.problem.weighting import objective_unit, weighted_problem
from optimizer.window import answers
from optimizer.window.first_guess import kept_up
from optimizer.window.programme import Start, Window, state_window
from optimizer.window.roles import Roles
from optimizer.window.solve import Answer, Solvers, solve_window

Progress = Callable[[int, int], object]
"""Told the steps decided and the steps in all; what it returns cancels the dispatch if it is False."""
FREE_MW = 1e-12


def dispatch(problem: DispatchProblem, progress: Progress | None = None) -> Schedule:
    """Decides what every flexible asset does.

    The horizon rolls: each window decides `horizon_steps` for good and sees `look_ahead_steps` beyond. In each,
    every store must be able to end with the energy it is due. Where nothing is left to decide, nothing is solved.

    Args:
        problem: The problem.
        progress: Called after each window, and from time to time within one; if it returns False, or time runs out, the
            window under way is taken as far as it has come, every promise is kept in the rest, and
            `Schedule.decided_steps` and `Schedule.optimality_gap` say how far the decision went.

    Raises:
        InfeasibleDispatchError: If an inelastic problem has no solution, with the constraints in conflict.
        UnboundedDispatchError: If a user's extension makes the cost fall without end.
        SolverError: If a window ends otherwise without an optimum, which is a defect.
    """
    free = [f for f in problem.flexibilities if _is_free(f)]
    p_mw = {f.name: f.per_slot(f.p_min_mw).copy() for f in problem.flexibilities}
    if not free and problem.extend is None:
        return Schedule(problem.clock, p_mw, lp_cost=0.0, decided_steps=problem.clock.n_steps)
    return _Rolling(_with_decided(problem, free, p_mw), p_mw).run(progress)


def _is_free(flexibility: Flexibility) -> bool:
    low, high = flexibility.p_min_mw, flexibility.p_max_mw
    if low.shape != high.shape:
        low, high = flexibility.per_slot(low), flexibility.per_slot(high)
    return bool((high - low > FREE_MW).any() or flexibility.q_max_mvar.any())


def _with_decided(problem: DispatchProblem, free: list[Flexibility], p_mw: dict[str, Floats]) -> DispatchProblem:
    """The problem with everything that has no freedom as fixed withdrawal."""
    fixed = problem.p_fixed_mw.copy()
    for flexibility in problem.flexibilities:
        if not any(flexibility is other for other in free):
            fixed += flexibility.at_buses(p_mw[flexibility.name])
    return replace(problem, p_fixed_mw=fixed, flexibilities=tuple(free))


class _Rolling:
    """A dispatch under way.

    Args:
        problem: The problem, with what is decided already as fixed withdrawal.
        p_mw: Power of every flexibility by slot, to be filled in.
    """

    def __init__(self, problem: DispatchProblem, p_mw: dict[str, Floats]) -> None:
        self.problem, self.p_mw = problem, p_mw
        self.unit = 1.0 if problem.objective is None else objective_unit(problem.objective, problem)
        self.weighed = problem if problem.objective is None else weighted_problem(problem.objective, problem, self.unit)
        self.roles = Roles.of(self.weighed.flexibilities, reactive=_with_q(problem), extend=problem.extend)
        self.energy = {f.name: f.reservoir.e_start_mwh.copy() for f in problem.flexibilities if f.reservoir is not None}
        self.before: dict[str, Floats] | None = None
        self.ahead: Decided | None = None
        self.compiled: dict[int, Compiled] = {}
        self.solvers = AggregatedSolvers() if problem.sessions == "aggregated" else Solvers()
        shape = (problem.clock.n_steps, len(problem.network.buses.names))
        self.q_mvar: dict[str, Floats] = {}
        self.price, self.marginal = (np.full(shape, np.nan) for _ in range(2))
        self.boundary_mw, self.imbalance_mw = (np.full(problem.clock.n_steps, np.nan) for _ in range(2))
        self.lp_mw = np.zeros((2, problem.clock.n_steps))
        self.costs, self.rounds, self.windows, self.decided = Costs(), 0, 0, 0
        self.peaks: dict[np.datetime64, float] = {}
        self.budget = CarbonBudget(problem)
        self.shortfalls: list[Shortfall] = []
        self.binding: list[BindingLimit] = []
        self.cap_prices: list[float] = []
        self.duals: dict[str, Floats] = {}
        self.is_bound = problem.forecast is None
        self.gap = 0.0

    def run(self, progress: Progress | None) -> Schedule:
        n, until = self.problem.clock.n_steps, time.monotonic() + self.problem.time_limit_s
        go_on = None if progress is None else lambda: progress(self.decided, n) is not False
        reached = 0
        while reached < n and time.monotonic() < until:
            reached = self._window(*self._steps(reached), Watch(until, go_on))
            if self.decided < reached or (go_on is not None and not go_on()):
                break
        if reached < n:
            self._guess_the_rest(reached)
        self._compare_with_the_cap()
        return self._schedule()

    def _steps(self, first: int) -> tuple[int, int, int]:
        """First step of a window, the one after those it decides, and the one after those it sees."""
        n = self.problem.clock.n_steps
        decided = min(first + self.problem.horizon_steps, n)
        return first, decided, min(decided + self.problem.look_ahead_steps, n)

    def _window(self, first: int, decided: int, stop: int, watch: Watch) -> int:
        """States, solves and takes over one window; returns the step after those it decided."""
        window, start = self._stated(first, decided, stop)
        answer = solve_window(window, start, self.solvers, watch)
        done = self._done(answer)
        for flexibility in self.problem.flexibilities:
            self._take_over(flexibility, done.answer.decided, first, decided)
        at = slice(first, decided)
        if answer.gap is None:
            self._report(answer, done, decided - first)
            self.decided = decided
        else:
            self.gap, self.is_bound = max(self.gap, answer.gap), False
        self.shortfalls += answers.shortfalls(done.answer, decided - first)
        self._account(done, at, decided - first)
        self.ahead = answer.decided
        self.windows, self.rounds = self.windows + 1, self.rounds + answer.rounds
        return decided

    def _stated(self, first: int, decided: int, stop: int) -> tuple[Window, Start]:
        """The programme of a window, and what it takes over."""
        problem, n = self.problem, stop - first
        if n not in self.compiled:
            self.compiled[n] = self.roles.compiled(n, problem.clock.step_hours)
        month = problem.clock.times[first].astype("datetime64[M]")
        cap_kg = self.budget.of_window(first, stop)
        view, roles = self._seen(first, stop)
        before = self.before if view is self.weighed else _reachable(self.before, view, roles, first)
        start = Start(self.energy, self.peaks.get(month, 0.0), before, cap_kg, decided - first, self.ahead)
        return state_window(view, roles, self.compiled[n], first, stop, start), start

    def _seen(self, first: int, stop: int) -> tuple[DispatchProblem, Roles]:
        """The problem as a window sees it, in the units of its objective."""
        problem = self.problem
        if problem.forecast is None:
            return self.weighed, self.roles
        view = problem.forecast(problem, first, stop)
        if view is problem:
            return self.weighed, self.roles
        if problem.objective is not None:
            view = weighted_problem(problem.objective, view, self.unit)
        return view, roles_in(view, self.roles)

    def _done(self, answer: Answer) -> Realised:
        """What a window comes to in truth."""
        if self.problem.forecast is not None:
            return realised(self.problem, answer)
        window = (
            answer.window if answer.window.problem is self.problem else replace(answer.window, problem=self.problem)
        )
        return Realised(replace(answer, window=window), np.zeros(answer.window.n_steps))

    def _take_over(self, flexibility: Flexibility, what: Decided, first: int, decided: int) -> None:
        """Writes the decided steps of one flexibility, and carries its energies on."""
        slot, power = what.p_mw[flexibility.name]
        device = flexibility.device_of(slot)
        step = slot - flexibility.offsets[device] + flexibility.start[device]
        mine = step < decided
        self.p_mw[flexibility.name][slot[mine]] = power[mine]
        if flexibility.name in what.q_mvar:
            slots, q = what.q_mvar[flexibility.name]
            own = self.q_mvar.setdefault(flexibility.name, np.zeros(flexibility.n_slots))
            own[slots[mine]] = q[mine]
        if flexibility.lasts_throughout:
            last = power[step == decided - 1]
            self.before = {**(self.before or {}), flexibility.name: last}
        self._advance(flexibility, slot[mine], device[mine], step[mine], first, decided)

    def _advance(self, flexibility: Flexibility, slot: Ints, device: Ints, step: Ints, first: int, stop: int) -> None:
        """Carries the stored energy of every device from step `first` to step `stop`."""
        store = flexibility.reservoir
        if store is None or not slot.size:
            return
        energy = self.energy[flexibility.name]
        gain = flexibility.gain_at(self.p_mw[flexibility.name][slot], slot) - flexibility.drained_mwh(slot)
        if (store.retention_per_step == 1.0).all():
            np.add.at(energy, device, gain)
            return
        order = np.argsort(step, kind="stable")
        edges = np.searchsorted(step[order], np.arange(first, stop + 1))
        for low, high in pairwise(edges):
            at = device[order[low:high]]
            energy[at] = store.retention_per_step[at] * energy[at] + gain[order[low:high]]

    def _report(self, answer: Answer, done: Realised, n: int) -> None:
        """Prices and limits of the decided steps of a window, as planned."""
        window = answer.window
        at = slice(window.first, window.first + n)
        dual = self.unit * answer.solver.duals()
        self.price[at] = answers.nodal(answer, dual)[:n]
        weights = np.zeros(answer.solver.n_columns)
        weights[: window.emissions_kg.size] = window.emissions_kg
        if self.problem.import_marginal_ci_kg_per_mwh is not None:
            marginal = self.problem.import_marginal_ci_kg_per_mwh[window.first : window.stop]
            weights[window.compiled.columns["import_mw"]] = self.problem.clock.step_hours * marginal
        self.marginal[at] = answers.nodal(answer, answer.solver.duals_of(weights))[:n]
        found = any(True for _ in answers.shortfalls(done.answer, n))
        self.binding += answers.binding(answer, dual, n)
        self.cap_prices += list(answers.carbon_cap_price(answer, dual))
        self.duals = {name: dual[rows] for name, rows in window.compiled.rows.items()}
        inner = any((added.inner & (np.abs(dual[added.row]) > 1e-6)).any() for added in answer.rows.added)
        self.is_bound &= not found and not inner and bool((dual[window.compiled.rows["balance"]] >= -1e-9).all())

    def _account(self, done: Realised, at: slice, n: int) -> None:
        """Energy, costs, carbon and peaks of the decided steps of a window."""
        problem, answer = self.problem, done.answer
        imported, exported = (answer.column(name)[:n] for name in ("import_mw", "export_mw"))
        self.lp_mw[:, at] = imported, exported
        net = imported - exported
        if problem.alternating:
            net = np.where(answer.flow.failed[:n], net, answers.boundary_mw(answer)[:n])
        self.boundary_mw[at], self.imbalance_mw[at] = net, done.imbalance_mw[:n]
        self.costs += answers.costs(answer, n)
        self.budget.emitted_kg += answers.emissions_kg(answer, net)
        months = problem.clock.times[at].astype("datetime64[M]")
        for month in np.unique(months):
            highest = float(imported[months == month].max())
            self.peaks[month] = max(self.peaks.get(month, 0.0), highest)

    def _guess_the_rest(self, reached: int) -> None:
        """What there was no time for keeps every promise, and no more."""
        n, self.gap = self.problem.clock.n_steps, np.inf
        while reached < n:
            first, decided, _ = self._steps(reached)
            window, start = self._stated(first, decided, decided)
            guess = kept_up(window, start)
            for flexibility in self.problem.flexibilities:
                self._take_over(flexibility, guess, first, decided)
            reached = decided

    def _compare_with_the_cap(self) -> None:
        """Whether the cap on carbon was kept is known when all is over: a window may make up for another."""
        cap, emitted_kg = self.budget.cap_kg, self.budget.emitted_kg
        if emitted_kg <= cap * (1 + answers.RELATIVE_TOLERANCE):
            self.shortfalls = [shortfall for shortfall in self.shortfalls if shortfall.element != "carbon"]
        elif self.problem.forecast is not None:
            self.shortfalls.append(Shortfall(self.decided - 1, "carbon", "emissions_kg", emitted_kg, cap))

    def _schedule(self) -> Schedule:
        problem, h = self.problem, self.problem.clock.step_hours
        peak = problem.demand_charge_per_mw_month * sum(self.peaks.values())
        costs = self.costs + Costs(peak=peak)
        known = np.isfinite(self.boundary_mw)
        price = (problem.import_cost_per_mwh[known], problem.export_price_per_mwh[known])
        net = self.boundary_mw[known]
        real = np.maximum(net, 0.0) @ price[0] - np.maximum(-net, 0.0) @ price[1]
        stated = self.lp_mw[0, known] @ price[0] - self.lp_mw[1, known] @ price[1]
        return Schedule(
            clock=problem.clock,
            p_mw=self.p_mw,
            lp_cost=costs.total,
            shortfalls=tuple(self.shortfalls),
            windows=self.windows,
            rounds=self.rounds,
            q_mvar={name: q for name, q in self.q_mvar.items() if q.any()},
            import_mw=np.maximum(self.boundary_mw, 0.0),
            export_mw=np.maximum(-self.boundary_mw, 0.0),
            costs=costs,
            quality=Quality(costs.total, costs.total + h * float(real - stated), is_bound=self.is_bound),
            nodal_price_per_mwh=self.price,
            marginal_ci_kg_per_mwh=self.marginal,
            binding=tuple(self.binding),
            carbon_cap_price_per_kg=tuple(self.cap_prices),
            duals=self.duals,
            decided_steps=self.decided,
            optimality_gap=self.gap,
            imbalance_mw=self.imbalance_mw,
        )


def _with_q(problem: DispatchProblem) -> bool:
    return problem.reactive and problem.limits_voltage


def _reachable(
    before: dict[str, Floats] | None, view: DispatchProblem, roles: Roles, first: int
) -> dict[str, Floats] | None:
    """Powers before a window, brought to where ramps lead from into what the forecast allows in its first step."""
    if before is None:
        return None
    reachable = dict(before)
    for flexibility in roles.lasting:
        if flexibility.ramp_mw_per_h is None:
            continue
        ramp = flexibility.ramp_mw_per_h * view.clock.step_hours
        slot = flexibility.offsets[:-1] + first
        low, high = (flexibility.at_slots(p, slot) for p in (flexibility.p_min_mw, flexibility.p_max_mw))
        reachable[flexibility.name] = np.clip(before[flexibility.name], low - ramp, high + ramp)
    return reachable
