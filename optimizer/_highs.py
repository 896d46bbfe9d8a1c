"""From a Pyomo model to arrays, and from arrays to HiGHS: the only importer of highspy.

Pyomo states the model. It is compiled once per structure into plain arrays; what changes between windows is written
into them by component name, blocks too large for an algebraic language are appended, and HiGHS is driven directly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from grid.series import Bools, Floats, Ints

INFINITY = np.inf
LOWER, BASIC, UPPER, FREE = range(4)
"""Status of a column or a row in a basis."""
Statuses = npt.NDArray[np.int8]
TOLERANCE = 1e-6
"""Residuals above this disprove an optimum."""


class SolverError(RuntimeError):
    """HiGHS did not end with an optimum; the message says how it ended."""


class InfeasibleError(SolverError):
    """No solution meets all constraints."""


class UnboundedError(SolverError):
    """The cost falls without end."""


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Minimise ``cost @ x`` with ``row_lower <= matrix @ x <= row_upper`` and ``lower <= x <= upper``.

    Args:
        matrix: Shape (M, N).
        row_lower: Shape (M,).
        row_upper: Shape (M,).
        lower: Shape (N,).
        upper: Shape (N,).
        cost: Shape (N,).
    """

    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    cost: Floats

    def with_block(self, columns: LinearProgram, into_rows: sparse.csr_array) -> LinearProgram:
        """Appends a block of columns with rows of their own; `into_rows` is what they add to the rows here."""
        return LinearProgram(
            matrix=sparse.csr_array(sparse.block_array([[self.matrix, into_rows], [None, columns.matrix]])),
            row_lower=np.concatenate([self.row_lower, columns.row_lower]),
            row_upper=np.concatenate([self.row_upper, columns.row_upper]),
            lower=np.concatenate([self.lower, columns.lower]),
            upper=np.concatenate([self.upper, columns.upper]),
            cost=np.concatenate([self.cost, columns.cost]),
        )


@dataclass(frozen=True, eq=False)
class Compiled:
    """A Pyomo model as arrays, with the places of its components.

    Args:
        program: The model.
        columns: Places of the members of each variable, in the order of its index.
        rows: Places of the members of each constraint, in the order of its index.
    """

    program: LinearProgram
    columns: dict[str, Ints]
    rows: dict[str, Ints]

    @classmethod
    def of(cls, model: Any) -> Self:
        """Compiles a linear Pyomo model.

        Every variable must occur in a constraint or in the objective: a variable that occurs nowhere has no column.
        """
        import pyomo.environ as pyo  # noqa: PLC0415  slow to import
        from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler  # noqa: PLC0415

        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        matrix = sparse.csr_array(form.A)
        bound_type = np.array([row.bound_type for row in form.rows])  # 0: =, 1: <=, -1: >=
        rhs = np.asarray(form.rhs, dtype=float)
        lower = np.where(bound_type <= 0, rhs, -INFINITY)
        upper = np.where(bound_type >= 0, rhs, INFINITY)
        # a constraint with two sides comes out as two rows, one after the other: make it one again
        constraint = np.array([id(row.constraint) for row in form.rows])
        second = np.concatenate([[False], constraint[1:] == constraint[:-1]])
        pair = np.flatnonzero(second)
        lower[pair - 1] = np.maximum(lower[pair - 1], lower[pair])
        upper[pair - 1] = np.minimum(upper[pair - 1], upper[pair])
        kept = ~second
        column_of = {id(variable): place for place, variable in enumerate(form.columns)}
        row_of = {key: place for place, key in enumerate(constraint[kept].tolist())}
        program = LinearProgram(
            matrix=sparse.csr_array(matrix[kept]),
            row_lower=lower[kept],
            row_upper=upper[kept],
            lower=np.array([-INFINITY if v.lb is None else v.lb for v in form.columns], dtype=float),
            upper=np.array([INFINITY if v.ub is None else v.ub for v in form.columns], dtype=float),
            cost=np.asarray(form.c.todense(), dtype=float).ravel(),
        )
        return cls(
            program,
            {v.local_name: _places(v, column_of) for v in model.component_objects(pyo.Var, active=True)},
            {c.local_name: _places(c, row_of) for c in model.component_objects(pyo.Constraint, active=True)},
        )

    def updated(
        self,
        *,
        bounds: dict[str, tuple[Floats | float, Floats | float]],
        cost: dict[str, Floats | float],
        rhs: dict[str, tuple[Floats | float, Floats | float]],
    ) -> LinearProgram:
        """The programme with new bounds and costs of variables and new sides of constraints, by component name."""
        program = self.program
        lower, upper, prices = program.lower.copy(), program.upper.copy(), program.cost.copy()
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        for name, (low, high) in bounds.items():
            lower[self.columns[name]], upper[self.columns[name]] = low, high
        for name, price in cost.items():
            prices[self.columns[name]] = price
        for name, (low, high) in rhs.items():
            row_lower[self.rows[name]], row_upper[self.rows[name]] = low, high
        return replace(program, lower=lower, upper=upper, cost=prices, row_lower=row_lower, row_upper=row_upper)


def _places(component: Any, place_of: dict[int, int]) -> Ints:
    return np.array([place_of[id(member)] for member in component.values()], dtype=np.int64)


class Solver:
    """HiGHS on one linear programme, which can be changed and to which rows can be added between solves.

    Args:
        program: The programme.
        time_limit_s: Most time that one solve may take [s]; infinite for none.
    """

    def __init__(self, program: LinearProgram, time_limit_s: float = INFINITY) -> None:
        import highspy  # noqa: PLC0415  loads a large library

        self._highspy = highspy
        self._highs = highspy.Highs()
        self._set("output_flag", False)
        self._set("threads", 1)
        self._set("presolve", "off")  # most solves start from the last basis, which presolve would throw away
        if np.isfinite(time_limit_s):
            self._set("time_limit", time_limit_s)
        self.n_rows = program.row_lower.size
        columns = sparse.csc_array(program.matrix)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = program.cost.size, self.n_rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
        lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = columns.indptr.astype(np.int32)
        lp.a_matrix_.index_ = columns.indices.astype(np.int32)
        lp.a_matrix_.value_ = columns.data
        if self._highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the model")

    def _set(self, option: str, value: object) -> None:
        if self._highs.setOptionValue(option, value) == self._highspy.HighsStatus.kError:
            raise SolverError(f"HiGHS refused {option} = {value}")

    def start_from(self, columns: Statuses, rows: Statuses) -> None:
        """Begins the next solve at a vertex.

        Args:
            columns: Status of each column, shape (N,).
            rows: Status of each row, shape (M,).

        Raises:
            SolverError: If HiGHS refuses it.
        """
        kinds = self._highspy.HighsBasisStatus
        status = np.array([kinds.kLower, kinds.kBasic, kinds.kUpper, kinds.kZero], dtype=object)
        basis = self._highspy.HighsBasis()
        basis.col_status, basis.row_status = status[columns].tolist(), status[rows].tolist()
        basis.valid = True
        if self._highs.setBasis(basis) == self._highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the basis")

    def change(self, program: LinearProgram) -> None:
        """Takes over the bounds, costs and sides of a programme with the same matrix; rows added since are relaxed.

        The basis stays, so that the next solve starts from the last optimum.
        """
        n, m = program.cost.size, program.row_lower.size
        columns, rows = np.arange(n, dtype=np.int32), np.arange(m, dtype=np.int32)
        self._highs.changeColsBounds(n, columns, program.lower, program.upper)
        self._highs.changeColsCost(n, columns, program.cost)
        self._highs.changeRowsBounds(m, rows, program.row_lower, program.row_upper)
        if self.n_rows > m:
            self.relax_rows(np.arange(m, self.n_rows))

    def add_rows(self, matrix: sparse.csr_array, lower: Floats, upper: Floats) -> Ints:
        """Adds rows and returns their places; the basis stays."""
        added = np.arange(self.n_rows, self.n_rows + lower.size)
        self._highs.addRows(
            lower.size, lower, upper, matrix.nnz, matrix.indptr[:-1].astype(np.int32),
            matrix.indices.astype(np.int32), matrix.data,
        )  # fmt: skip
        self.n_rows += lower.size
        return added

    def relax_rows(self, rows: Ints) -> None:
        """Takes the sides off rows; they are kept, so that the basis stays."""
        free = np.full(rows.size, INFINITY)
        self._highs.changeRowsBounds(rows.size, rows.astype(np.int32), -free, free)

    def bound(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """New bounds of some columns."""
        self._highs.changeColsBounds(columns.size, columns.astype(np.int32), lower, upper)

    def bounds(self) -> tuple[Floats, Floats]:
        """Bounds of all columns, shape (N,) each."""
        lp = self._highs.getLp()
        return np.array(lp.col_lower_), np.array(lp.col_upper_)

    def solve(self) -> Floats:
        """The optimum, shape (N,).

        What does not end in an optimum, or in one that its residuals do not bear out, is tried again from scratch and
        with presolve: a hot start can go astray (HiGHS issues 3194 and 3294).

        Raises:
            InfeasibleError: If there is no solution.
            UnboundedError: If there is no least cost.
            SolverError: If the solver ends otherwise.
        """
        self._highs.run()
        if not self._is_optimal():
            self._highs.clearSolver()
            self._set("presolve", "on")
            self._highs.run()
            self._set("presolve", "off")
        if not self._is_optimal():
            self._raise()
        return np.array(self._highs.getSolution().col_value)

    def _raise(self) -> None:
        status, kinds = self._highs.getModelStatus(), self._highspy.HighsModelStatus
        if status == kinds.kUnboundedOrInfeasible:  # presolve does not tell them apart
            self._highs.clearSolver()
            self._highs.run()
            status = self._highs.getModelStatus()
        text = self._highs.modelStatusToString(status)
        if status == kinds.kInfeasible:
            raise InfeasibleError(text)
        if status == kinds.kUnbounded:
            raise UnboundedError(text)
        raise SolverError(text)

    def _is_optimal(self) -> bool:
        """Whether HiGHS says so, and the residuals bear it out: primal, dual and the gap."""
        info = self._highs.getInfo()
        if self._highs.getModelStatus() != self._highspy.HighsModelStatus.kOptimal:
            return False
        primal, dual = info.objective_function_value, self._dual_objective()
        return bool(
            info.max_primal_infeasibility < TOLERANCE
            and info.max_dual_infeasibility < TOLERANCE
            and abs(primal - dual) <= 1e-6 * max(1.0, abs(primal))
        )

    def _dual_objective(self) -> float:
        """What the duals prove the optimum cannot fall below."""
        solution, lp = self._highs.getSolution(), self._highs.getLp()
        bound = 0.0
        for dual, low, high in (
            (solution.row_dual, lp.row_lower_, lp.row_upper_), (solution.col_dual, lp.col_lower_, lp.col_upper_),
        ):  # fmt: skip
            price, least, most = np.array(dual), np.array(low), np.array(high)
            side = np.where(price > 0, least, most)
            active = np.abs(price) > TOLERANCE
            bound += float((price[active] * side[active]).sum())
        return bound

    @property
    def n_columns(self) -> int:
        """Number of columns N."""
        return int(self._highs.getNumCol())

    @property
    def iterations(self) -> int:
        """Simplex iterations of the last solve."""
        return int(self._highs.getInfo().simplex_iteration_count)

    @property
    def objective(self) -> float:
        """Cost of the last optimum."""
        return float(self._highs.getInfo().objective_function_value)

    def duals(self) -> Floats:
        """Change of the cost per change of the side of each row at the last optimum, shape (rows,)."""
        return np.array(self._highs.getSolution().row_dual)

    def duals_of(self, weights: Floats) -> Floats:
        """Change of ``weights @ x`` per change of the side of each row, from the basis of the last optimum.

        Args:
            weights: Any linear function of the columns, shape (N,), such as their emissions.
        """
        status, basic = self._highs.getBasicVariables()
        if status == self._highspy.HighsStatus.kError:
            raise SolverError("HiGHS has no basis")
        basic = np.array(basic)
        columns = basic >= 0
        at_basis = np.zeros(self.n_rows)
        at_basis[columns] = weights[basic[columns]]
        status, found = self._highs.getBasisTransposeSolve(at_basis)
        if status == self._highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused the basis")
        return np.asarray(found, dtype=np.float64)

    def solve_on_or_off(self, columns: Ints, least: Floats, most: Floats, sign: float) -> Bools:
        """Which of some columns run, when each is 0 or between `least` and `most`; the programme stays as it was.

        Args:
            columns: Their places, shape (J,).
            least: Least size of each when it runs, shape (J,), positive.
            most: Greatest size of each, shape (J,).
            sign: 1 if the columns are positive, -1 if they are negative.
        """
        n = columns.size
        other, binary = self._with_binaries(n)
        low, high = (np.zeros(n), most) if sign > 0 else (-most, np.zeros(n))
        other.changeColsBounds(n, columns.astype(np.int32), low, high)
        starts = 2 * np.arange(n, dtype=np.int32)
        index = np.column_stack([columns, binary]).astype(np.int32).ravel()
        for limit, lower, upper in ((least, 0.0, INFINITY), (most, -INFINITY, 0.0)):
            values = np.column_stack([np.full(n, sign), -limit]).ravel()
            other.addRows(n, np.full(n, lower), np.full(n, upper), 2 * n, starts, index, values)
        return self._chosen(other, binary)

    def either_or(self, columns: Ints, pair: Ints, first: Bools, upper: Floats) -> Bools:
        """Which side of each pair is in use, when not both may be; the programme stays as it was.

        Args:
            columns: Places of the columns of all pairs, shape (J,), not negative.
            pair: Pair that each belongs to, shape (J,), from 0 on.
            first: Whether each belongs to the first side of its pair, shape (J,).
            upper: Upper bounds of all columns, shape (N,).

        Returns:
            Whether the first side is in use, shape (pairs,).
        """
        other, binary = self._with_binaries(int(pair.max(initial=-1)) + 1)
        n, most = columns.size, upper[columns]
        index = np.column_stack([columns, binary[pair]]).astype(np.int32).ravel()
        values = np.column_stack([np.ones(n), np.where(first, -most, most)]).ravel()
        sides = np.where(first, 0.0, most)
        other.addRows(n, np.full(n, -INFINITY), sides, 2 * n, 2 * np.arange(n, dtype=np.int32), index, values)
        return self._chosen(other, binary)

    def _with_binaries(self, n: int) -> tuple[Any, Ints]:
        """A copy of the programme with `n` binaries of no cost, and their places."""
        other = self._highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 1e-5)):
            other.setOptionValue(option, value)
        other.passModel(self._highs.getLp())
        first, nothing = self._highs.getNumCol(), np.zeros(0, dtype=np.int32)
        other.addCols(n, np.zeros(n), np.zeros(n), np.ones(n), 0, np.zeros(n, dtype=np.int32), nothing, np.zeros(0))
        binary = np.arange(first, first + n, dtype=np.int32)
        other.changeColsIntegrality(n, binary, np.full(n, self._highspy.HighsVarType.kInteger))
        return other, binary

    def _chosen(self, other: Any, binary: Ints) -> Bools:
        """Solves a copy and says which of its binaries are 1."""
        other.run()
        if other.getModelStatus() != self._highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"yes-or-no decisions: {other.modelStatusToString(other.getModelStatus())}")
        return np.array(other.getSolution().col_value)[binary] > 0.5

    def conflict(self) -> tuple[Ints, Ints]:
        """Rows and columns of a smallest set that cannot hold together: leaving any one out makes it feasible."""
        self._set("iis_strategy", 2)
        status, iis = self._highs.getIis()
        if status == self._highspy.HighsStatus.kError:
            raise SolverError("HiGHS found no conflict")
        return np.array(iis.row_index_, dtype=np.int64), np.array(iis.col_index_, dtype=np.int64)

    def least_relaxation(self) -> tuple[Floats, Floats]:
        """By how much rows and columns must be relaxed at least, in sum, for a solution: shapes (rows,) and (N,)."""
        lp = self._highs.getLp()
        low, high = np.array(lp.row_lower_), np.array(lp.row_upper_)
        c_low, c_high = np.array(lp.col_lower_), np.array(lp.col_upper_)
        if self._highs.feasibilityRelaxation(1.0, 1.0, 1.0) == self._highspy.HighsStatus.kError:
            raise SolverError("HiGHS found no relaxation")
        solution = self._highs.getSolution()
        rows, columns = np.array(solution.row_value)[: low.size], np.array(solution.col_value)[: c_low.size]
        return (
            np.maximum(low - rows, 0.0) - np.maximum(rows - high, 0.0),
            np.maximum(c_low - columns, 0.0) - np.maximum(columns - c_high, 0.0),
        )

    def free_direction(self) -> Floats:
        """A direction in which the cost falls without end, shape (N,)."""
        status, has, ray = self._highs.getPrimalRay()
        if status == self._highspy.HighsStatus.kError or not has:
            raise SolverError("HiGHS found no free direction")
        return np.array(ray)
