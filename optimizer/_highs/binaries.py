"""Yes-or-no decisions on a copy of a linear programme, which stays as it was."""

from __future__ import annotations

from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from optimizer._highs.compiled import INFINITY
from optimizer._highs.errors import InterruptedSolveError, SolverError
from optimizer._highs.solver import Solver


def on_or_off(solver: Solver, columns: Ints, least: Floats, most: Floats, sign: float) -> Bools:
    """Which of some columns run, when each is 0 or between `least` and `most`.

    Args:
        solver: The solver of the programme.
        columns: Their places, shape (J,).
        least: Least size of each when it runs, shape (J,), positive.
        most: Greatest size of each, shape (J,).
        sign: 1 if the columns are positive, -1 if they are negative.
    """
    n = columns.size
    other, binary = _with_binaries(solver, n)
    low, high = (np.zeros(n), most) if sign > 0 else (-most, np.zeros(n))
    other.changeColsBounds(n, columns.astype(np.int32), low, high)
    starts = 2 * np.arange(n, dtype=np.int32)
    index = np.column_stack([columns, binary]).astype(np.int32).ravel()
    for limit, lower, upper in ((least, 0.0, INFINITY), (most, -INFINITY, 0.0)):
        values = np.column_stack([np.full(n, sign), -limit]).ravel()
        other.addRows(n, np.full(n, lower), np.full(n, upper), 2 * n, starts, index, values)
    return _chosen(solver, other, binary)


def either_or(solver: Solver, columns: Ints, pair: Ints, first: Bools, upper: Floats) -> Bools:
    """Which side of each pair is in use, when not both may be.

    Args:
        solver: The solver of the programme.
        columns: Places of the columns of all pairs, shape (J,), not negative.
        pair: Pair that each belongs to, shape (J,), from 0 on.
        first: Whether each belongs to the first side of its pair, shape (J,).
        upper: Upper bounds of all columns, shape (N,).

    Returns:
        Whether the first side is in use, shape (pairs,).
    """
    other, binary = _with_binaries(solver, int(pair.max(initial=-1)) + 1)
    n, most = columns.size, upper[columns]
    index = np.column_stack([columns, binary[pair]]).astype(np.int32).ravel()
    values = np.column_stack([np.ones(n), np.where(first, -most, most)]).ravel()
    sides = np.where(first, 0.0, most)
    other.addRows(n, np.full(n, -INFINITY), sides, 2 * n, 2 * np.arange(n, dtype=np.int32), index, values)
    return _chosen(solver, other, binary)


def _with_binaries(solver: Solver, n: int) -> tuple[Any, Ints]:
    """A copy of the programme with `n` binaries of no cost, and their places."""
    other = solver.highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 1e-5)):
        other.setOptionValue(option, value)
    other.passModel(solver.highs.getLp())
    first, nothing = solver.highs.getNumCol(), np.zeros(0, dtype=np.int32)
    other.addCols(n, np.zeros(n), np.zeros(n), np.ones(n), 0, np.zeros(n, dtype=np.int32), nothing, np.zeros(0))
    binary = np.arange(first, first + n, dtype=np.int32)
    other.changeColsIntegrality(n, binary, np.full(n, solver.highspy.HighsVarType.kInteger))
    return other, binary


def _chosen(solver: Solver, other: Any, binary: Ints) -> Bools:
    """Solves a copy and says which of its binaries are 1; if it is called off, in the best solution so far."""
    solver.watch.set_limit(other)
    with solver.watch.observing(other):
        other.run()
    status, kinds = other.getModelStatus(), solver.highspy.HighsModelStatus
    feasible = other.getInfo().primal_solution_status == solver.highspy.SolutionStatus.kSolutionStatusFeasible
    called_off = (kinds.kTimeLimit, kinds.kInterrupt)
    if status in called_off and not feasible:
        raise InterruptedSolveError
    if status not in (kinds.kOptimal, *called_off):
        raise SolverError(f"yes-or-no decisions: {other.modelStatusToString(status)}")
    return np.array(other.getSolution().col_value)[binary] > 0.5
