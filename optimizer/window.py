"""One window of the rolling horizon: a linear programme, and rounds of rows from the AC power flow.

Each round solves the programme, solves the AC power flow of its schedule, and adds what the programme did not know:
tangents of the grid's losses, and rows for branches and buses that the power flow finds outside their limits. Rows
have an elastic slack, so that a limit that cannot be kept yields the least excess instead of no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.powerflow import PowerFlow
from grid.series import Floats
from optimizer._highs import InfeasibleError, Solver, UnboundedError
from optimizer.diagnosis import InfeasibleDispatchError, UnboundedDispatchError, explain_conflict, explain_direction
from optimizer.first_guess import FirstGuess
from optimizer.grid_rows import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU, GridRows
from optimizer.minimum_load import run_or_not
from optimizer.one_direction import OneDirection
from optimizer.programme import Start, Window
from optimizer.schedule import Decided

__all__ = ["LOADING_TOLERANCE_PERCENT", "VOLTAGE_TOLERANCE_PU", "Answer", "Solvers", "solve_window"]

MAX_ROUNDS = 12
MAX_ROUNDS_WITH_VOLTAGE = 25
LOSS_TOLERANCE = 0.02
"""Rounds end when the losses of the programme are those of the power flow to this share."""


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
    """

    window: Window
    decided: Decided
    flow: PowerFlow
    x: Floats
    rows: GridRows
    solver: Solver
    rounds: int

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


def solve_window(window: Window, start: Start, solvers: Solvers | None = None) -> Answer:
    """Solves the programme of a window with rows from the AC power flow, round by round.

    A step without an AC solution gives no rows: nothing can be said about its losses and currents.

    Raises:
        InfeasibleDispatchError: If an inelastic problem has no solution.
        UnboundedDispatchError: If the cost falls without end, which only a user's extension can bring about.
    """
    solver = (solvers or Solvers()).of(window)
    guess = FirstGuess.of(window, start)
    if window.blocks:
        solver.start_from(guess.columns, guess.rows)
    rows = GridRows(solver, window, start.decided_steps)
    rows.add_carbon_cap(start.carbon_cap_kg)
    if window.problem.alternating:
        _state_network(rows, window, guess.decided)
    most = MAX_ROUNDS_WITH_VOLTAGE if window.problem.limits_voltage else MAX_ROUNDS
    rounds, settled, decided, one_direction = 0, False, guess.decided, OneDirection(solver, window)
    while True:
        rounds += 1
        x = _optimum(solver, window)
        if not settled:
            settled = True
            if run_or_not(solver, window, x):
                continue
        if one_direction.enforce(x):
            continue
        before, decided = decided, window.decided(x)
        flow, now = window.flow(decided), window.values(decided)
        if not window.problem.grid_limits:
            break
        if not window.problem.alternating:
            if rounds >= most or not rows.add_linear_loadings(window.withdrawal(decided)[0], now, x):
                break
            continue
        missed = rows.add_losses(flow, now, x[window.compiled.columns["loss_mw"]])
        loading = x[window.compiled.columns["loading_excess_percent"]]
        voltage = x[window.compiled.columns["voltage_excess_pu"]]
        violated = rows.violations(flow, loading, voltage)
        if rounds >= most or (not violated and missed <= LOSS_TOLERANCE):
            break
        if missed > LOSS_TOLERANCE:
            _add_losses_at(rows, window, _between(before, decided))
        if violated:
            rows.add_loadings(flow, now, loading)
            rows.add_voltages(flow, now, voltage)
    return Answer(window, decided, flow, x, rows, solver, rounds)


def _state_network(rows: GridRows, window: Window, guess: Decided) -> None:
    """States losses and loadings where nobody manages anything, at the first guess, and between the two."""
    usual = window.unmanaged()
    for decided in (usual, _between(usual, guess), guess):
        flow, now = window.flow(decided), window.values(decided)
        rows.add_losses(flow, now)
        rows.add_loadings(flow, now, np.zeros(window.n_steps))


def _add_losses_at(rows: GridRows, window: Window, decided: Decided) -> None:
    rows.add_losses(window.flow(decided), window.values(decided))


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
