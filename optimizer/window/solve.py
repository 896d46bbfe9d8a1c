"""One window of the rolling horizon: a linear programme, and rounds of rows from the AC power flow.

Each round solves the programme, solves the AC power flow of its schedule, and adds what the programme did not know:
tangents of the grid's losses, and rows for branches and buses that the power flow finds outside their limits. Rows
have an elastic slack, so that a limit that cannot be kept yields the least excess instead of no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints
from grid.powerflow.grid_flow import GridFlow
from optimizer._highs import InfeasibleError, InterruptedSolveError, Solver, UnboundedError, Watch
from optimizer.network.over_limits import boundary_shares, within
from optimizer.window.diagnosis import (
    InfeasibleDispatchError,
    UnboundedDispatchError,
    explain_conflict,
    explain_direction,
)
from optimizer.window.first_guess import fallback_schedule, first_guess
from optimizer.window.grid_rows import GridRows
from optimizer.window.minimum_load import run_or_not
from optimizer.window.model import EXCESSES
from optimizer.window.one_direction import OneDirection
from optimizer.window.programme import OperatingPoint, Window, between, operating_point
from optimizer.window.state import WindowSchedule, WindowState

MAX_ROUNDS = 12
MAX_ROUNDS_WITH_VOLTAGE = 25
SETTLED_COST = 1e-5
"""Rounds end when rows that bind only in the programme cost no more than this share of its value."""
LOSS_TOLERANCE = 0.02
"""Rounds end when the losses of the programme are those of the power flow to this share."""
LOSS_TOLERANCE_UNDER_A_CAP = 1e-3
"""The same where carbon is capped: the cap is on what is emitted in truth, losses are a few hundredths of that."""
FAR, FAR_AHEAD = 0.25, 1.0
"""Steps get a new tangent of their losses where these are missed by more than this share of the tolerance, of the mean
losses: in steps that are decided for good, and in those only looked ahead at."""
LITTLE_EXCESS = 1e-6
"""A weighted excess below this share of the greatest penalty is rounding [1]."""
SAME_EXCESS = 1e-3
"""Limits are exceeded by no more than they must be if the weighted excess is the least to this share [1]."""
RAISE, MOST_RAISES = 10.0, 4
"""Penalties are raised by this factor, at most so many times."""
OWN_TOLERANCE_MW = 1e-4
"""Rounds end when what the net itself draws, at its voltages, stays the same to this, mean of all steps [MW]."""


@dataclass(frozen=True, eq=False)
class WindowSolution:
    """The optimum of a window, or the best schedule there was time for.

    Args:
        window: The window.
        schedule: What every flexibility does.
        flow: AC power flow of the schedule.
        x: The optimum, shape (columns,).
        rows: The network's rows at the optimum.
        solver: The solver at the optimum, for duals.
        rounds: Linear programmes solved.
        gap: None where the rounds came to their end. Where they were interrupted, by what share the schedule may cost
            more than the optimum; infinite where nothing was proven. There are no duals then.
    """

    window: Window
    schedule: WindowSchedule
    flow: GridFlow
    x: Floats
    rows: GridRows
    solver: Solver
    rounds: int
    gap: float | None = None

    def values(self, name: str) -> Floats:
        """Values of a component of the model, in the shape of its index."""
        return self.x[self.window.compiled.columns[name]]


class Solvers:
    """One solver for each structure of windows, kept warm from window to window.

    A solver of a window with sessions is released when the next window asks for one.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], Solver] = {}
        self._passing: Solver | None = None

    def get(self, window: Window) -> Solver:
        """A solver that holds the programme of a window.

        Windows with sessions differ in their matrix; all others are a matter of new bounds, costs and sides, and start
        from the basis of the one before.
        """
        program = window.program
        if window.blocks:
            return self._for_one_window(Solver(program))
        key = (window.n_steps, id(window.compiled))
        if key not in self._kept or self._kept[key].n_rows > ROWS_KEPT * program.row_lower.size:
            self._kept[key] = Solver(program)
        else:
            self._kept[key].change(program)
        return self._kept[key]

    def _for_one_window(self, solver: Solver) -> Solver:
        """A solver that the next window has no use for."""
        if self._passing is not None:
            self._passing.release()
        self._passing = solver
        return solver


ROWS_KEPT = 3
"""A solver whose rows have grown to so many times those of the programme is made anew."""


def solve_window(
    window: Window, state: WindowState, solvers: Solvers | None = None, watch: Watch | None = None
) -> WindowSolution:
    """Solves the programme of a window with rows from the AC power flow, round by round.

    A step without an AC solution gives no rows: nothing can be said about its losses and currents.

    Args:
        window: The window.
        state: What it takes over.
        solvers: Solvers of windows before, to go on with.
        watch: When to give up, with the best schedule so far; None: never.

    Raises:
        InfeasibleDispatchError: If an inelastic problem has no solution.
        UnboundedDispatchError: If the cost falls without end, which only a user's extension can bring about.
    """
    return _Rounds(window, state, solvers or Solvers(), watch or Watch()).run()


class _Rounds:
    """The rounds of one window; `solution` is that of the last one.

    Args:
        window: The window.
        state: What it takes over.
        solvers: Solvers of windows before.
        watch: When to give up.
    """

    def __init__(self, window: Window, state: WindowState, solvers: Solvers, watch: Watch) -> None:
        self.window, self.state, self.problem = window, state, window.problem
        self.solver = solvers.get(window)
        self.solver.watch = watch
        self.point = self._begin()
        self.one_direction = OneDirection(self.solver, window)
        self.rounds, self.network_rounds = 0, 0
        self.solution: WindowSolution | None = None
        self.within_limits: WindowSolution | None = None
        self.lp_cost = -np.inf
        self.penalties, self.raised = window.own.cost[self._excesses], 0

    def _begin(self) -> OperatingPoint:
        """States the network where nobody manages anything, at the first guess, and between the two."""
        window, guess = self.window, first_guess(self.window, self.state)
        if window.blocks and not self.solver.decomposed:
            self.solver.start_from(guess.columns, guess.rows)
        self.rows = GridRows(self.solver, window, self.state.decided_steps)
        self.rows.add_carbon_cap(self.state.carbon_cap_kg)
        if not self.problem.alternating:
            return operating_point(window, guess.schedule)
        usual = window.unmanaged()
        points = [between(window, usual, guess.schedule, share) for share in (0.0, 0.5, 1.0)]
        self.rows.balance_at(points[-1])
        for point in points:
            self.rows.add_losses(point)
            self.rows.add_loadings(point, self.rows.limits.over(point.flow, self.rows.slacks()))
        return points[-1]

    def run(self) -> WindowSolution:
        """All rounds, or as many as the watch allows."""
        try:
            while (solution := self._round()) is None:
                pass
        except InterruptedSolveError as stop:
            return self._best(stop.bound)
        return solution

    def _round(self) -> WindowSolution | None:
        """Solves the programme, and adds what its schedule breaks; None if it must be solved again."""
        self.rounds += 1
        x = self._optimum()
        if run_or_not(self.solver, self.window, x):
            return None
        if self.one_direction.enforce(x):
            return None
        before, self.point = self.point, operating_point(self.window, self.window.schedule(x))
        self.solution = WindowSolution(
            self.window, self.point.schedule, self.point.flow, x, self.rows, self.solver, self.rounds
        )
        self.lp_cost = self.solver.objective
        again = self.problem.grid_limits and self._add_rows(x, before)
        if again or self._raise_penalties(x):
            return None
        return self.solution if self.within_limits is None else self.within_limits

    def _add_rows(self, x: Floats, before: OperatingPoint) -> bool:
        """Adds the rows that the optimum `x` asks for; returns whether there are any that another round must keep.

        A row at a point far beyond its limit may cut off what the grid admits, and one within it what the grid does
        not. So where the point before was on the other side of a limit, rows are stated on the way, where the limit is
        met; and rows that bind in the programme, but not in the power flow, are stated anew.
        """
        self.network_rounds += 1
        last = self.network_rounds >= (MAX_ROUNDS_WITH_VOLTAGE if self.problem.limits_voltage else MAX_ROUNDS)
        now, columns = self.point, self.window.compiled.columns
        if not self.problem.alternating:
            drawn = self.window.withdrawal(now.schedule)[0]
            return not last and self.rows.add_linear_loadings(drawn, now, x)
        slacks = self.rows.slacks(x)
        over = self.rows.limits.over(now.flow, slacks)
        loose, gain = self.rows.loose_rows(over, self.solver.duals())
        violated = self.rows.violates(over)
        by_step = self.rows.losses_missed(now.flow, x[columns["loss_mw"]])
        missed = float(by_step[self.rows.for_good].mean())
        moved = self.rows.own_change_mw(now) > OWN_TOLERANCE_MW
        self._keep_the_best(violated)
        tolerance = LOSS_TOLERANCE if np.isinf(self.state.carbon_cap_kg) else LOSS_TOLERANCE_UNDER_A_CAP
        cuts_off = gain > SETTLED_COST * abs(self.lp_cost)
        if last or not (violated or missed > tolerance or moved or cuts_off):
            return False
        if missed > tolerance:  # else left as they are: each new tangent moves thousands of sessions for nearly nothing
            far = np.full(by_step.size, FAR_AHEAD * tolerance)
            far[self.rows.for_good] = FAR * tolerance
            self.rows.add_losses(now, x[columns["loss_mw"]], by_step > far)
            self.rows.add_losses(between(self.window, before.schedule, now.schedule, 0.5), None, by_step > far)
        self.rows.balance_at(now)
        if violated or cuts_off:
            way = self.rows.way(before.flow, now.flow, slacks)
            share = boundary_shares(self.rows.limits.over(before.flow, slacks), over, way)
            at = now if (share == 1.0).all() else between(self.window, before.schedule, now.schedule, share)
            # of what is only looked ahead at, the rows of one round give view enough
            wanted = over if self.network_rounds == 1 else within(over, self.rows.for_good)
            self.rows.add_loadings(at, wanted, self.rows.drop(loose) if cuts_off else None)
            self.rows.add_voltages(at, over)
        return True

    def _optimum(self) -> Floats:
        """The optimum of the programme as it stands, shape (columns,)."""
        try:
            return self.solver.solve()[: self.window.n_columns]
        except InfeasibleError as error:
            raise InfeasibleDispatchError(explain_conflict(self.solver, self.window, self.rows.added)) from error
        except UnboundedError as error:
            raise UnboundedDispatchError(explain_direction(self.solver, self.window)) from error

    def _raise_penalties(self, x: Floats) -> bool:
        """Raises the penalties if the optimum `x` exceeds limits by more than it must: they come before any cost.

        Returns:
            Whether they were raised, so that the programme must be solved again.
        """
        places, excess = self._excesses, x[self._excesses]
        found = float(self.penalties @ excess)
        if not self.problem.elastic or found < LITTLE_EXCESS * self.penalties.max() or self.raised == MOST_RAISES:
            return False
        if found <= (1 + SAME_EXCESS) * self.solver.least(places, self.penalties):
            return False
        self.raised += 1
        self.solver.set_costs(places, RAISE**self.raised * self.penalties)
        return True

    @property
    def _excesses(self) -> Ints:
        """Columns by which limits may be exceeded."""
        return np.concatenate([self.window.compiled.columns[name].ravel() for name in EXCESSES])

    def _keep_the_best(self, violated: bool) -> None:
        """Keeps the last schedule if it is within its limits, for the case that the rounds end with one that is not.

        Later rounds only cut off less: the last one within its limits is the best.
        """
        if not violated:
            self.within_limits = self.solution

    def _best(self, bound: float) -> WindowSolution:
        """The best schedule so far when there is no time for a better one: that of the last round, or a guess."""
        window = self.window
        schedule = fallback_schedule(window, self.state) if self.solution is None else self.solution.schedule
        flow = window.flow(schedule)
        x = self._columns(schedule, flow)
        cost, bound = float(window.cost @ x), max(bound, self.lp_cost)
        gap = max(cost - bound, 0.0) / max(abs(cost), 1e-9) if np.isfinite(bound) else np.inf
        return WindowSolution(window, schedule, flow, x, self.rows, self.solver, self.rounds, gap)

    def _columns(self, schedule: WindowSchedule, flow: GridFlow) -> Floats:
        """A schedule as columns of the programme, with imports, exports and excesses as they come about."""
        window, problem = self.window, self.problem
        x, columns = window.columns_of(schedule), window.compiled.columns
        net = window.net_import_mw(schedule, flow)
        imported, exported = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        x[columns["import_mw"]], x[columns["export_mw"]] = imported, exported
        x[columns["import_excess_mw"]] = np.maximum(imported - problem.import_max_mw, 0.0)
        x[columns["export_excess_mw"]] = np.maximum(exported - problem.export_max_mw, 0.0)
        months = window.months
        for place in range(window.n_months):
            before = self.state.peak_mw if place == 0 else 0.0
            x[columns["peak_mw"][place]] = max(before, float(imported[months == place].max()))
        if problem.alternating:
            for name, excess in self.rows.excesses(flow).items():
                x[columns[name]] = excess
        return x
