"""HiGHS on a linear programme that changes and grows between solves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from grid.arrays import Floats, Ints
from optimizer._highs.compiled import INFINITY, LinearProgram
from optimizer._highs.errors import InfeasibleError, InterruptedSolveError, SolverError, UnboundedError

LOWER, BASIC, UPPER, FREE = range(4)
"""Status of a column or a row in a basis."""
Statuses = npt.NDArray[np.int8]
TOLERANCE = 1e-6
"""Residuals above this disprove an optimum."""
ASK_EVERY_S = 0.2
"""How often a running solve asks whether to go on [s]."""


@dataclass(frozen=True)
class Watch:
    """When a solve must end.

    Args:
        until: Time of `time.monotonic` at which it ends [s]; infinite for never.
        go_on: Asked from time to time while it runs; False ends it. None: nobody is asked.
    """

    until: float = INFINITY
    go_on: Callable[[], bool] | None = None

    def set_limit(self, highs: Any) -> None:
        """Leaves a run the time that is left; HiGHS counts that of all its runs."""
        left = self.until - time.monotonic()
        highs.setOptionValue("time_limit", highs.getRunTime() + max(left, 0.0) if np.isfinite(left) else INFINITY)

    @contextmanager
    def observing(self, highs: Any) -> Iterator[None]:
        """Asks from within a run of the simplex method or of branch and bound."""
        if self.go_on is None:
            yield
            return
        asked, ask = time.monotonic(), self.go_on

        def listen(event: Any) -> None:
            nonlocal asked
            if time.monotonic() - asked > ASK_EVERY_S:
                asked = time.monotonic()
                if not ask():
                    event.interrupt()

        interrupts = (highs.cbSimplexInterrupt, highs.cbMipInterrupt)
        for interrupt in interrupts:
            interrupt.subscribe(listen)
        try:
            yield
        finally:
            for interrupt in interrupts:
                interrupt.unsubscribe(listen)


class Solver:
    """HiGHS on one linear programme, which can be changed and to which rows can be added between solves.

    Args:
        program: The programme.
        watch: When to give up; None: never.
    """

    decomposed = False
    """Whether columns of the caller are combined into others here, so that places in HiGHS are not the caller's."""

    def __init__(self, program: LinearProgram, watch: Watch | None = None) -> None:
        import highspy  # noqa: PLC0415  loads a large library

        self.highspy = highspy
        self.highs = highspy.Highs()
        self.set_option("output_flag", False)
        self.set_option("threads", 1)
        self.set_option("presolve", "off")  # most solves start from the last basis, which presolve would throw away
        self.watch = watch or Watch()
        self.n_rows = program.row_lower.size
        self._known = program
        columns = sparse.csc_array(program.matrix)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = program.cost.size, self.n_rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
        lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = columns.indptr.astype(np.int32)
        lp.a_matrix_.index_ = columns.indices.astype(np.int32)
        lp.a_matrix_.value_ = columns.data
        if self.highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the model")

    def set_option(self, option: str, value: object) -> None:
        """Sets an option of HiGHS, which must know it."""
        if self.highs.setOptionValue(option, value) == self.highspy.HighsStatus.kError:
            raise SolverError(f"HiGHS refused {option} = {value}")

    def release(self) -> None:
        """Frees what HiGHS holds; nothing can be asked of the solver any more.

        Objects of highspy refer to themselves by their callbacks, so that their models would stay in memory until the
        collector comes by, window upon window.
        """
        self.highs.clear()

    def start_from(self, columns: Statuses, rows: Statuses) -> None:
        """Begins the next solve at a vertex.

        Args:
            columns: Status of each column, shape (N,).
            rows: Status of each row, shape (M,).

        Raises:
            SolverError: If HiGHS refuses it.
        """
        kinds = self.highspy.HighsBasisStatus
        status = np.array([kinds.kLower, kinds.kBasic, kinds.kUpper, kinds.kZero], dtype=object)
        basis = self.highspy.HighsBasis()
        basis.col_status, basis.row_status = status[columns].tolist(), status[rows].tolist()
        basis.valid = True
        if self.highs.setBasis(basis) == self.highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the basis")

    def change(self, program: LinearProgram) -> None:
        """Takes over the bounds, costs and sides of a programme with the same matrix; rows added since are relaxed.

        The basis stays, so that the next solve starts from the last optimum.
        """
        known, m = self._known, program.row_lower.size
        at = _changed((known.lower, known.upper), (program.lower, program.upper))
        self.highs.changeColsBounds(at.size, at, program.lower[at], program.upper[at])
        at = _changed((known.cost,), (program.cost,))
        self.highs.changeColsCost(at.size, at, program.cost[at])
        at = _changed((known.row_lower, known.row_upper), (program.row_lower, program.row_upper))
        self.highs.changeRowsBounds(at.size, at, program.row_lower[at], program.row_upper[at])
        self._known = program
        if self.n_rows > m:
            self.relax_rows(np.arange(m, self.n_rows))

    def add_rows(self, matrix: sparse.csr_array, lower: Floats, upper: Floats) -> Ints:
        """Adds rows and returns their places; the basis stays."""
        added = np.arange(self.n_rows, self.n_rows + lower.size)
        self.highs.addRows(
            lower.size, lower, upper, matrix.nnz, matrix.indptr[:-1].astype(np.int32),
            matrix.indices.astype(np.int32), matrix.data,
        )  # fmt: skip
        self.n_rows += lower.size
        return added

    def relax_rows(self, rows: Ints) -> None:
        """Takes the sides off rows; they are kept, so that the basis stays."""
        free = np.full(rows.size, INFINITY)
        self.highs.changeRowsBounds(rows.size, rows.astype(np.int32), -free, free)

    def bound(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """New bounds of some columns."""
        self._known = replace(self._known, lower=self._known.lower.copy(), upper=self._known.upper.copy())
        self._known.lower[columns], self._known.upper[columns] = lower, upper
        self.highs.changeColsBounds(columns.size, columns.astype(np.int32), lower, upper)

    def set_costs(self, columns: Ints, cost: Floats) -> None:
        """New costs of some columns of the programme."""
        self._known = replace(self._known, cost=self._known.cost.copy())
        self._known.cost[columns] = cost
        self.highs.changeColsCost(columns.size, columns.astype(np.int32), cost)

    def least(self, columns: Ints, weights: Floats) -> float:
        """The least weighted sum of some columns that the rows admit, whatever it costs; found on a copy.

        Args:
            columns: The columns, shape (J,).
            weights: Their weights, shape (J,).
        """
        other = self.highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            other.setOptionValue(option, value)
        other.passModel(self.highs.getLp())
        n = other.getNumCol()
        cost = np.zeros(n)
        cost[columns] = weights
        other.changeColsCost(n, np.arange(n, dtype=np.int32), cost)
        other.setBasis(self.highs.getBasis())
        self.watch.set_limit(other)
        other.run()
        if other.getModelStatus() != self.highspy.HighsModelStatus.kOptimal:
            raise InterruptedSolveError
        return float(other.getInfo().objective_function_value)

    def set_sides(self, rows: Ints, values: Floats) -> None:
        """Makes some rows of the programme equalities with other values."""
        self._known = replace(
            self._known, row_lower=self._known.row_lower.copy(), row_upper=self._known.row_upper.copy()
        )
        self._known.row_lower[rows] = self._known.row_upper[rows] = values
        self.highs.changeRowsBounds(rows.size, rows.astype(np.int32), values, values)

    def bounds(self) -> tuple[Floats, Floats]:
        """Bounds of all columns, shape (N,) each."""
        lp = self.highs.getLp()
        return np.array(lp.col_lower_), np.array(lp.col_upper_)

    def solve(self) -> Floats:
        """The optimum, shape (N,).

        What does not end in an optimum, or in one that its residuals do not bear out, is tried again from scratch and
        with presolve: a hot start can go astray (HiGHS issues 3194 and 3294).

        Raises:
            InfeasibleError: If there is no solution.
            UnboundedError: If there is no least cost.
            InterruptedSolveError: If the watch said so first.
            SolverError: If the solver ends otherwise.
        """
        self._run()
        if self._is_optimal():
            return np.array(self.highs.getSolution().col_value)
        self._run_from_scratch()
        if not self._is_optimal():
            self._raise()
        return np.array(self.highs.getSolution().col_value)

    def _run_from_scratch(self) -> None:
        self.highs.clearSolver()
        self.set_option("presolve", "on")
        try:
            self._run()
        finally:
            self.set_option("presolve", "off")

    def _run(self) -> None:
        """Runs HiGHS until it ends or the watch says so."""
        self.watch.set_limit(self.highs)
        with self.watch.observing(self.highs):
            self.highs.run()
        kinds = self.highspy.HighsModelStatus
        if self.highs.getModelStatus() in (kinds.kTimeLimit, kinds.kInterrupt):
            raise InterruptedSolveError(self._dual_objective(0.0))

    def _raise(self) -> None:
        status, kinds = self.highs.getModelStatus(), self.highspy.HighsModelStatus
        if status == kinds.kUnboundedOrInfeasible:  # presolve does not tell them apart
            self.highs.clearSolver()
            self.highs.run()
            status = self.highs.getModelStatus()
        text = self.highs.modelStatusToString(status)
        if status == kinds.kInfeasible:
            raise InfeasibleError(text)
        if status == kinds.kUnbounded:
            raise UnboundedError(text)
        raise SolverError(text)

    def _is_optimal(self) -> bool:
        """Whether HiGHS says so, and the residuals bear it out: primal, dual and the gap."""
        info = self.highs.getInfo()
        if self.highs.getModelStatus() != self.highspy.HighsModelStatus.kOptimal:
            return False
        primal = info.objective_function_value
        gap = 1e-6 * max(1.0, abs(primal))
        # Small duals are noise where sides are large or infinite, and all there is where costs are small.
        return bool(
            info.max_primal_infeasibility < TOLERANCE
            and info.max_dual_infeasibility < TOLERANCE
            and any(abs(primal - self._dual_objective(negligible)) <= gap for negligible in (TOLERANCE, 0.0))
        )

    def _dual_objective(self, negligible: float = TOLERANCE) -> float:
        """What the duals prove the optimum cannot fall below; those up to `negligible` count as 0."""
        solution, lp = self.highs.getSolution(), self.highs.getLp()
        bound = 0.0
        for dual, low, high in (
            (solution.row_dual, lp.row_lower_, lp.row_upper_), (solution.col_dual, lp.col_lower_, lp.col_upper_),
        ):  # fmt: skip
            price, least, most = np.array(dual), np.array(low), np.array(high)
            side = np.where(price > 0, least, most)
            active = np.abs(price) > negligible
            bound += float((price[active] * side[active]).sum())
        return bound

    @property
    def n_columns(self) -> int:
        """Number of columns N."""
        return int(self.highs.getNumCol())

    @property
    def n_row_columns(self) -> int:
        """Number of columns that rows are stated over."""
        return self.n_columns

    @property
    def iterations(self) -> int:
        """Simplex iterations of the last solve."""
        return int(self.highs.getInfo().simplex_iteration_count)

    @property
    def objective(self) -> float:
        """Cost of the last optimum."""
        return float(self.highs.getInfo().objective_function_value)

    def duals(self) -> Floats:
        """Change of the cost per change of the side of each row at the last optimum, shape (rows,)."""
        return np.array(self.highs.getSolution().row_dual)

    def duals_of(self, weights: Floats) -> Floats:
        """Change of ``weights @ x`` per change of the side of each row, from the basis of the last optimum.

        Args:
            weights: Any linear function of the columns, shape (N,), such as their emissions.
        """
        status, basic = self.highs.getBasicVariables()
        if status == self.highspy.HighsStatus.kError:
            raise SolverError("HiGHS has no basis")
        basic = np.array(basic)
        columns = basic >= 0
        at_basis = np.zeros(self.n_rows)
        at_basis[columns] = weights[basic[columns]]
        status, found = self.highs.getBasisTransposeSolve(at_basis)
        if status == self.highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the basis")
        return np.asarray(found, dtype=np.float64)


def _changed(before: tuple[Floats, ...], now: tuple[Floats, ...]) -> npt.NDArray[np.int32]:
    """Places where any of several arrays differ."""
    differs = np.any([old != new for old, new in zip(before, now, strict=True)], axis=0)
    return np.flatnonzero(differs).astype(np.int32)
