"""Why a linear programme has no solution, or no end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from optimizer._highs.compiled import INFINITY, LinearProgram
from optimizer._highs.errors import SolverError
from optimizer._highs.solver import TOLERANCE, Solver

LITTLE = 1e-9
"""Share of the largest weight of a certificate below which a weight is rounding."""
MOST_TRIALS = 2000
"""Sides that are left out by turns, each a solution of the programme; what remains is then not tried."""


@dataclass(frozen=True, eq=False)
class ConflictingSides:
    """Sides of a linear programme that cannot hold together, as places in `all_sides`.

    Args:
        soft: Of the sides that may give way: leaving out any one of them leads to a solution, if `smallest`.
        hard: Of the sides that must hold: those that the proof needs.
        smallest: Whether every side of `soft` was tried.
    """

    soft: Ints
    hard: Ints
    smallest: bool


def all_sides(solver: Solver) -> Floats:
    """Lower sides of all rows, their upper sides, lower bounds of all columns and their upper bounds, (2 M + 2 N,)."""
    lp = solver.highs.getLp()
    return np.concatenate([lp.row_lower_, lp.row_upper_, lp.col_lower_, lp.col_upper_])


def conflict(solver: Solver, soft: Bools) -> ConflictingSides:
    """A smallest set of sides that cannot hold together, by leaving out one after another [1].

    Whatever leaves the rest without a solution stays out. Each proof that there is none, a combination of sides that no
    point meets (Farkas), rules out all sides that it does not use at once.

    Args:
        solver: An infeasible programme of M rows and N columns.
        soft: Sides that may give way, shape (2 M + 2 N,), see `all_sides`; all others stay.

    Raises:
        SolverError: If it is feasible, or HiGHS gives up.

    References:
        [1] J. W. Chinneck, "Feasibility and Infeasibility in Optimization", Springer, 2008, chapter 6.
    """
    trial = _Trial(solver)
    if trial.has_solution(np.ones(soft.size, dtype=bool)):
        raise SolverError("the programme has a solution")
    kept = trial.used() | ~soft
    needed = np.zeros(soft.size, dtype=bool)
    trials = 0
    while (left := np.flatnonzero(kept & soft & ~needed)).size and trials < MOST_TRIALS:
        without, trials = kept.copy(), trials + 1
        without[left[-1]] = False  # bounds of columns first: rows say more
        if trial.has_solution(without):
            needed[left[-1]] = True
        else:
            kept = without & (trial.used() | ~soft | needed)
    if trial.has_solution(kept):
        raise SolverError("HiGHS contradicts itself on what has a solution")
    return ConflictingSides(
        np.flatnonzero(kept & soft), np.flatnonzero(trial.used() & ~soft), not (kept & soft & ~needed).any()
    )


class _Trial:
    """A copy of a programme without costs, of which only some sides hold.

    Args:
        solver: The programme.
    """

    def __init__(self, solver: Solver) -> None:
        self._kinds = solver.highspy.HighsModelStatus
        self._highs = solver.highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            self._highs.setOptionValue(option, value)
        lp = solver.highs.getLp()
        self._n_rows, self._n_columns = int(lp.num_row_), int(lp.num_col_)
        self._highs.passModel(lp)
        columns = np.arange(self._n_columns, dtype=np.int32)
        self._highs.changeColsCost(columns.size, columns, np.zeros(columns.size))
        self._sides, self._kept = all_sides(solver), np.ones(2 * (self._n_rows + self._n_columns), dtype=bool)
        self._free = np.repeat([-INFINITY, INFINITY] * 2, np.repeat([self._n_rows, self._n_columns], 2))

    def has_solution(self, kept: Bools) -> bool:
        """Whether some point meets the sides that are kept, shape (2 M + 2 N,)."""
        sides, changed = np.where(kept, self._sides, self._free), np.flatnonzero(kept != self._kept)
        m, n, self._kept = self._n_rows, self._n_columns, kept.copy()
        rows = np.unique(changed[changed < 2 * m] % max(m, 1)).astype(np.int32)
        columns = np.unique((changed[changed >= 2 * m] - 2 * m) % max(n, 1)).astype(np.int32)
        self._highs.changeRowsBounds(rows.size, rows, sides[rows], sides[m + rows])
        self._highs.changeColsBounds(columns.size, columns, sides[2 * m + columns], sides[2 * m + n + columns])
        self._highs.run()
        status = self._highs.getModelStatus()
        if status not in (self._kinds.kOptimal, self._kinds.kInfeasible):
            raise SolverError(f"HiGHS ended with {self._highs.modelStatusToString(status)}")
        return bool(status == self._kinds.kOptimal)

    def used(self) -> Bools:
        """Sides that the last proof of infeasibility needs; all that are kept where there is no proof to go by."""
        m, n = self._n_rows, self._n_columns
        crossed = self._crossed()
        if crossed.any():
            return crossed
        _, exists, ray = self._highs.getDualRay()
        if not exists:
            return self._kept.copy()
        rows: Floats = np.array(ray)
        columns = -(_matrix(self._highs).T @ rows)
        for sign in (1.0, -1.0):
            weight = sign * np.concatenate([rows, rows, columns, columns])
            weight[np.abs(weight) < LITTLE * np.abs(weight).max()] = 0.0
            lower = np.repeat([True, False, True, False], [m, m, n, n])
            found: Bools = (weight != 0.0) & (lower == (weight > 0))
            exists = found.any() and (self._kept[found] & np.isfinite(self._sides[found])).all()
            if exists and weight[found] @ self._sides[found] > 0:
                return found
        return self._kept.copy()

    def _crossed(self) -> Bools:
        """Both sides of the first row or column whose lower side is above its upper one."""
        m, n, found = self._n_rows, self._n_columns, np.zeros(self._sides.size, dtype=bool)
        sides = np.where(self._kept, self._sides, self._free)
        for first, size in ((0, m), (2 * m, n)):
            over = np.flatnonzero(sides[first : first + size] > sides[first + size : first + 2 * size] + TOLERANCE)
            if over.size:
                found[[first + over[0], first + size + over[0]]] = True
                break
        return found


def _matrix(highs: Any) -> sparse.csc_array:
    """The matrix of a programme in HiGHS, shape (M, N)."""
    lp = highs.getLp()
    of = lp.a_matrix_
    entries = (np.array(of.value_), np.array(of.index_), np.array(of.start_))
    shape = (int(lp.num_row_), int(lp.num_col_))
    if int(of.format_) == 1:
        return sparse.csc_array(entries, shape=shape)
    return sparse.csc_array(sparse.csr_array(entries, shape=shape))


def least_relaxation(solver: Solver, soft: Bools, weight: Floats) -> Floats:
    """By how much soft sides must give way for a solution, least in weighted sum; shape (2 M + 2 N,), not negative.

    Args:
        solver: An infeasible programme of M rows and N columns.
        soft: Sides that may give way, shape (2 M + 2 N,).
        weight: What a unit of each counts, above 0, shape (2 M + 2 N,).

    Raises:
        InfeasibleError: If no relaxation of them helps.
    """
    sides, m, n = all_sides(solver), solver.n_rows, int(solver.highs.getNumCol())
    low_row, high_row, low, high = np.split(sides, [m, 2 * m, 2 * m + n])
    eased = np.flatnonzero(soft & np.isfinite(sides))
    of_row, place = eased < 2 * m, np.where(eased < 2 * m, eased % max(m, 1), (eased - 2 * m) % max(n, 1))
    is_lower = (eased < m) | ((eased >= 2 * m) & (eased < 2 * m + n))
    of_column = np.flatnonzero(~of_row)  # bounds that give way become rows
    bounded = sparse.csr_array(
        (np.ones(of_column.size), (np.arange(of_column.size), place[of_column])), shape=(of_column.size, n)
    )
    row = np.where(of_row, place, 0)
    row[of_column] = m + np.arange(of_column.size)
    gives = sparse.csr_array(
        (np.where(is_lower, 1.0, -1.0), (row, np.arange(eased.size))), shape=(m + of_column.size, eased.size)
    )
    low, high = low.copy(), high.copy()
    low[place[of_column[is_lower[of_column]]]], high[place[of_column[~is_lower[of_column]]]] = -INFINITY, INFINITY
    side = sides[eased[of_column]]
    matrix = sparse.hstack([sparse.vstack([_matrix(solver.highs), bounded]), gives])
    x = Solver(
        LinearProgram(
            sparse.csr_array(matrix),
            np.concatenate([low_row, np.where(is_lower[of_column], side, -INFINITY)]),
            np.concatenate([high_row, np.where(is_lower[of_column], INFINITY, side)]),
            np.concatenate([low, np.zeros(eased.size)]),
            np.concatenate([high, np.full(eased.size, INFINITY)]),
            np.concatenate([np.zeros(n), weight[eased]]),
        ),
        solver.watch,
    ).solve()
    amounts = np.zeros(sides.size)
    amounts[eased] = x[n:]
    return amounts


def free_direction(solver: Solver) -> Floats:
    """A direction in which the cost falls without end, shape (N,)."""
    status, has, ray = solver.highs.getPrimalRay()
    if status == solver.highspy.HighsStatus.kError or not has:
        raise SolverError("HiGHS found no free direction")
    return np.array(ray)
