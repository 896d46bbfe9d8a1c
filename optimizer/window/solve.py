"""One window of the rolling horizon: a linear programme, and rounds of rows from the AC power flow.

Each round solves the programme, solves the AC power flow of its schedule, and adds what the programme did not know:
tangents of the grid's losses, and rows for branches and buses that the power flow finds outside their limits. Rows
have an elastic slack, so that a limit that cannot be kept yields the least excess instead of no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.powerflow.powerflow import PowerFlow
from optimizer._highs import InfeasibleError, InterruptedSolveError, Solver, UnboundedError, Watch
from optimizer.problem.schedule import Decided
from optimizer.window.diagnosis import (
    InfeasibleDispatchError,
    UnboundedDispatchError,
    explain_conflict,
    explain_direction,
)
from optimizer.window.first_guess import FirstGuess, kept_up
from optimizer.window.grid_rows import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU, GridRows
from optimizer.window.minimum_load import run_or_not
from optimizer.window.one_direction import OneDirection
from optimizer.window.programme import Start, Window

__all__ = ["LOADING_TOLERANCE_PERCENT", "VOLTAGE_TOLERANCE_PU", "Answer", "Solvers", "solve_window"]

MAX_ROUNDS = 12
MAX_ROUNDS_WITH_VOLTAGE = 25
LOSS_TOLERANCE = 0.02
"""Rounds end when the losses of the programme are those of the power flow to this share."""
LOSS_TOLERANCE_UNDER_A_CAP = 1e-3
"""The same where carbon is capped: the cap is on what is emitted in truth, losses are a few hundredths of that."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The schedule of a window.

    Args:
        window: The window.
        decided: What every flexibility does.
        flow: AC power flow of the schedule.
        x: The optimum, shape (columns,).
        rows: The network's rows at the optimum.
        solver: The solver at the optimum, for duals.
        rounds: Linear programmes solved.
        gap: None where the rounds came to their end. Where they were interrupted, by what share the schedule may cost
            more than the optimum; infinite where nothing was proven. There are no duals then.
    """

    window: Window
    decided: Decided
    flow: PowerFlow
    x: Floats
    rows: GridRows
    solver: Solver
    rounds: int
    gap: float | None = None

    def column(self, name: str) -> Floats:
        """Values of a component of the model, in the order of its index."""
        return self.x[self.window.compiled.columns[name]]


class Solvers:
    """One solver for each structure of windows, kept warm from window to window."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], Solver] = {}

    def of(self, window: Window) -> Solver:
        """A solver that holds the programme of a window.

        Windows with sessions differ in their matrix; all others are a matter of new bounds, costs and sides, and start
        from the basis of the one before.
        """
        program = window.program
        if window.blocks:
            return Solver(program)
        key = (window.n_steps, id(window.compiled))
        if key not in self._kept or self._kept[key].n_rows > ROWS_KEPT * program.row_lower.size:
            self._kept[key] = Solver(program)
        else:
            self._kept[key].change(program)
        return self._kept[key]


ROWS_KEPT = 3
"""A solver whose rows have grown to so many times those of the programme is made anew."""


def solve_window(window: Window, start: Start, solvers: Solvers | None = None, watch: Watch | None = None) -> Answer:
    """Solves the programme of a window with rows from the AC power flow, round by round.

    A step without an AC solution gives no rows: nothing can be said about its losses and currents.

    Args:
        window: The window.
        start: What it takes over.
        solvers: Solvers of windows before, to go on with.
        watch: When to give up, with the best schedule so far; None: never.

    Raises:
        InfeasibleDispatchError: If an inelastic problem has no solution.
        UnboundedDispatchError: If the cost falls without end, which only a user's extension can bring about.
    """
    return _Rounds(window, start, solvers or Solvers(), watch or Watch()).run()


class _Rounds:
    """The rounds of one window; `answer` is that of the last one.

    Args:
        window: The window.
        start: What it takes over.
        solvers: Solvers of windows before.
        watch: When to give up.
    """

    def __init__(self, window: Window, start: Start, solvers: Solvers, watch: Watch) -> None:
        self.window, self.start, self.problem = window, start, window.problem
        self.solver = solvers.of(window)
        self.solver.watch = watch
        self.decided = self._begin()
        self.one_direction = OneDirection(self.solver, window)
        self.rounds, self.network_rounds, self.asked_to_run = 0, 0, False
        self.answer: Answer | None = None
        self.lp_cost = -np.inf

    def _begin(self) -> Decided:
        """States the network where nobody manages anything, at the first guess, and between the two."""
        guess = FirstGuess.of(self.window, self.start)
        if self.window.blocks:
            self.solver.start_from(guess.columns, guess.rows)
        self.rows = GridRows(self.solver, self.window, self.start.decided_steps)
        self.rows.add_carbon_cap(self.start.carbon_cap_kg)
        if self.problem.alternating:
            usual = self.window.unmanaged()
            for decided in (usual, _between(usual, guess.decided), guess.decided):
                flow, now = self.window.flow(decided), self.window.values(decided)
                self.rows.add_losses(flow, now)
                self.rows.add_loadings(flow, now, np.zeros(self.window.n_steps))
        return guess.decided

    def run(self) -> Answer:
        """All rounds, or as many as the watch allows."""
        try:
            while (answer := self._round()) is None:
                pass
        except InterruptedSolveError as stop:
            return self._best(stop.bound)
        return answer

    def _round(self) -> Answer | None:
        """Solves the programme, and adds what its schedule breaks; None if it must be solved again."""
        self.rounds += 1
        x = _optimum(self.solver, self.window)
        if not self.asked_to_run:
            self.asked_to_run = True
            if run_or_not(self.solver, self.window, x):
                return None
        if self.one_direction.enforce(x):
            return None
        before, self.decided = self.decided, self.window.decided(x)
        flow = self.window.flow(self.decided)
        self.answer = Answer(self.window, self.decided, flow, x, self.rows, self.solver, self.rounds)
        self.lp_cost = self.solver.objective
        if not self.problem.grid_limits or not self._add_rows(self.answer, before):
            return self.answer
        return None

    def _add_rows(self, answer: Answer, before: Decided) -> bool:
        """Adds the rows that an answer asks for; returns whether there are any that another round must keep."""
        self.network_rounds += 1
        last = self.network_rounds >= (MAX_ROUNDS_WITH_VOLTAGE if self.problem.limits_voltage else MAX_ROUNDS)
        x, flow, now = answer.x, answer.flow, self.window.values(answer.decided)
        if not self.problem.alternating:
            return not last and self.rows.add_linear_loadings(self.window.withdrawal(answer.decided)[0], now, x)
        columns = self.window.compiled.columns
        missed = self.rows.add_losses(flow, now, x[columns["loss_mw"]])
        loading, voltage = x[columns["loading_excess_percent"]], x[columns["voltage_excess_pu"]]
        violated = self.rows.violations(flow, loading, voltage)
        tolerance = LOSS_TOLERANCE if np.isinf(self.start.carbon_cap_kg) else LOSS_TOLERANCE_UNDER_A_CAP
        if last or not (violated or missed > tolerance):
            return False
        if missed > tolerance:
            between = _between(before, answer.decided)
            self.rows.add_losses(self.window.flow(between), self.window.values(between))
        if violated:
            self.rows.add_loadings(flow, now, loading)
            self.rows.add_voltages(flow, now, voltage)
        return True

    def _best(self, bound: float) -> Answer:
        """The best schedule so far when there is no time for a better one: that of the last round, or a guess."""
        window = self.window
        decided = kept_up(window, self.start) if self.answer is None else self.answer.decided
        flow = window.flow(decided)
        x = self._columns(decided, flow)
        cost, bound = float(window.program.cost @ x), max(bound, self.lp_cost)
        gap = max(cost - bound, 0.0) / max(abs(cost), 1e-9) if np.isfinite(bound) else np.inf
        return Answer(window, decided, flow, x, self.rows, self.solver, self.rounds, gap)

    def _columns(self, decided: Decided, flow: PowerFlow) -> Floats:
        """A schedule as columns of the programme, with imports, exports and excesses as they come about."""
        window, problem = self.window, self.problem
        x, columns = window.values(decided), window.compiled.columns
        net = window.boundary_mw(decided, flow)
        imported, exported = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        x[columns["import_mw"]], x[columns["export_mw"]] = imported, exported
        x[columns["import_excess_mw"]] = np.maximum(imported - problem.import_max_mw, 0.0)
        x[columns["export_excess_mw"]] = np.maximum(exported - problem.export_max_mw, 0.0)
        months = problem.clock.times[window.first : window.stop].astype("datetime64[M]")
        for place, month in enumerate(np.unique(months)[: columns["peak_mw"].size]):
            before = self.start.peak_mw if place == 0 else 0.0
            x[columns["peak_mw"][place]] = max(before, float(imported[months == month].max()))
        if problem.alternating:
            loading, voltage = self.rows.excesses(flow)
            x[columns["loading_excess_percent"]], x[columns["voltage_excess_pu"]] = loading, voltage
        return x


def _between(one: Decided, other: Decided) -> Decided:
    """The active power half-way between two schedules, where losses are neither's."""
    powers = {name: (slot, (power + other.p_mw[name][1]) / 2) for name, (slot, power) in one.p_mw.items()}
    return Decided(powers, {})


def _optimum(solver: Solver, window: Window) -> Floats:
    try:
        return solver.solve()[: window.program.cost.size]
    except InfeasibleError as error:
        raise InfeasibleDispatchError(explain_conflict(solver, window)) from error
    except UnboundedError as error:
        raise UnboundedDispatchError(explain_direction(solver, window)) from error
