"""Sessions as combinations of whole schedules: Dantzig-Wolfe decomposition, behind the face of a solver.

What a group of sessions can draw together over time is a convex set. Its vertices are schedules that are cheapest at
some prices, and those are found session by session without a solver (`optimizer.aggregation.pricing`). The programme
sees only a convex combination of such schedules; its duals are the prices of the next ones [1, 2]. The combination of
whole schedules is a schedule of every session by itself, so the answer can always be delivered. Rows, as those of the
network, tell sessions apart only by where and when they draw: they are stated over cells, the sums of all columns that
draw at one place in one step, and a schedule is known to them by what it draws in each cell.

References:
    [1] G. B. Dantzig, P. Wolfe, "Decomposition principle for linear programs", Operations Research, vol. 8, 1960.
    [2] P. Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming", International
        Transactions in Operational Research, vol. 4, 1997: the smoothing of prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from optimizer._highs import InterruptedSolveError, LinearProgram, Solver, SolverError

SMOOTHING = 0.3
"""Weight of the best prices so far against the newest duals."""
MAX_ROUNDS = 300
NO_GAIN = 1e-9


class Schedules(NamedTuple):
    """A schedule of every session: the columns in which it is not 0, shape (J,), and its values there, shape (J,)."""

    column: Ints
    value: Floats


CheapestSchedules = Callable[[Floats], Schedules]
"""Given a price of each cell, shape (D,), on top of the cost of the columns: the cheapest schedule of every session."""


class FoundSchedules(NamedTuple):
    """Schedules with what the programme knows of them: J values, D cells, G groups.

    Args:
        schedules: The schedules.
        group: Group of each value, shape (J,).
        drawn: What is drawn in each cell, shape (D,).
        cost: Cost of the schedule of each group, shape (G,).
    """

    schedules: Schedules
    group: Ints
    drawn: Floats
    cost: Floats


@dataclass(frozen=True, eq=False)
class PricedColumns:
    """What a decomposition knows of the columns of sessions: C columns, D cells, G groups.

    Args:
        cost: Cost of each column, shape (C,).
        cell: Cell in which each column draws, shape (C,); any where `sign` is 0.
        sign: 1 for withdrawal, -1 for feed-in, 0 for columns that are no power, shape (C,).
        group: Group of each cell, shape (D,).
        cheapest: Finds the cheapest schedules.
    """

    cost: Floats
    cell: Ints
    sign: Floats
    group: Ints
    cheapest: CheapestSchedules


class Decomposition(Solver):
    """A programme without its sessions' rows, and schedules of groups of them as columns; N own and C session columns.

    Columns are taken and given back as if the sessions stood in it one by one, own columns first; rows are its own,
    over the own columns and the cells.

    Args:
        own: Everything else, M rows. It must be able to serve any schedule, if only at a penalty.
        links: What a unit drawn in each cell adds to its rows, shape (M, D).
        sessions: The columns of the sessions.
        gap: Gap at which a solve stops, relative to the cost without penalties [1].
        penalties: Cost of the own columns that counts as penalty, shape (N,); None: none does.
        first_price: Price of each cell at which the first schedules are the cheapest, shape (D,); None: none.
    """

    decomposed = True

    def __init__(
        self, own: LinearProgram, links: sparse.csr_array, sessions: PricedColumns, *, gap: float,
        penalties: Floats | None = None, first_price: Floats | None = None,
    ) -> None:  # fmt: skip
        self._n_own, self._links, self._sessions, self._gap = own.cost.size, links, sessions, gap
        self._penalties = np.zeros(self._n_own) if penalties is None else penalties
        self._n_groups = int(sessions.group.max(initial=-1)) + 1
        self._found: list[FoundSchedules] = []
        self._drawn = sparse.csc_array((sessions.group.size, 0))
        self.lower_bound = -np.inf
        self.pricing_rounds = 0
        one = np.ones(self._n_groups)
        convex = sparse.csr_array((self._n_groups, self._n_own))
        super().__init__(
            LinearProgram(
                sparse.csr_array(sparse.vstack([own.matrix, convex])),
                np.concatenate([own.row_lower, one]), np.concatenate([own.row_upper, one]),
                own.lower, own.upper, own.cost,
            )
        )  # fmt: skip
        self._linked = np.concatenate([np.ones(own.row_lower.size, dtype=bool), np.zeros(self._n_groups, dtype=bool)])
        self._add(self._cheapest(np.zeros(sessions.group.size) if first_price is None else first_price))

    @property
    def n_columns(self) -> int:
        """Number of columns N + C, sessions one by one."""
        return self._n_own + self._sessions.cost.size

    @property
    def n_row_columns(self) -> int:
        """Number of columns N + D that rows are stated over."""
        return self._n_own + self._sessions.group.size

    @property
    def n_schedules(self) -> int:
        """Schedules in the programme, groups counted one by one."""
        return int(self._drawn.shape[1])

    def add_rows(self, matrix: sparse.csr_array, lower: Floats, upper: Floats) -> Ints:
        """Adds rows over the own columns and the cells, N + D columns, and returns their places."""
        rows = sparse.csr_array(matrix)
        of_cells = sparse.csr_array(rows[:, self._n_own :])
        self._links = sparse.csr_array(sparse.vstack([self._links, of_cells]))
        self._linked = np.concatenate([self._linked, np.ones(lower.size, dtype=bool)])
        own = sparse.hstack([rows[:, : self._n_own], of_cells @ self._drawn])
        return super().add_rows(sparse.csr_array(own), lower, upper)

    def set_costs(self, columns: Ints, cost: Floats) -> None:
        """New costs of some own columns; of penalties the size that counts as penalty follows."""
        of_penalties = self._penalties[columns] != 0.0
        self._penalties[columns[of_penalties]] = cost[of_penalties]
        super().set_costs(columns, cost)

    def duals_of(self, weights: Floats) -> Floats:
        """Change of ``weights @ x`` per change of the side of each row, see `Solver.duals_of`."""
        of_sessions = weights[self._n_own :]
        of_schedules = [
            self._by_group(found.group, of_sessions[found.schedules.column] * found.schedules.value)
            for found in self._found
        ]
        return super().duals_of(np.concatenate([weights[: self._n_own], *of_schedules]))

    def solve(self) -> Floats:
        """The optimum to the gap, sessions one by one, shape (N + C,).

        Raises:
            InterruptedSolveError: If the watch said so first, with the bound so far.
            SolverError: If the rest has no optimum, or the gap is not reached in `MAX_ROUNDS` rounds.
        """
        steady, self.lower_bound = None, -np.inf
        for self.pricing_rounds in range(1, MAX_ROUNDS + 1):
            try:
                x = super().solve()
            except InterruptedSolveError:
                # a bound of these schedules alone bounds nothing
                raise InterruptedSolveError(self.lower_bound) from None
            dual = self.duals()
            price, value = -(dual[self._linked] @ self._links), dual[~self._linked]
            exact = self._cheapest(price)
            lagrangian = self.objective + float(np.minimum(self._reduced_cost(exact, price, value), 0.0).sum())
            if lagrangian > self.lower_bound:
                self.lower_bound, steady = lagrangian, price
            cost = self.objective - float(self._penalties @ x[: self._n_own])
            if self.objective - self.lower_bound <= self._gap * max(abs(cost), 1e-9):
                return np.concatenate([x[: self._n_own], self._combined(x[self._n_own :])])
            trial = exact
            if steady is not price and steady is not None:
                trial = self._cheapest(SMOOTHING * steady + (1 - SMOOTHING) * price)
                if not (self._reduced_cost(trial, price, value) < -NO_GAIN).any():
                    trial = exact
            self._add(trial)
        raise SolverError(f"the aggregation of the sessions kept a gap of {self.objective - self.lower_bound:g}")

    def _combined(self, weights: Floats) -> Floats:
        """The columns of the sessions, shape (C,), where every schedule has a weight, shape (schedules,)."""
        x = np.zeros(self._sessions.cost.size)
        for found, weight in zip(self._found, weights.reshape(-1, self._n_groups), strict=True):
            if weight.any():
                x[found.schedules.column] += weight[found.group] * found.schedules.value
        return x

    def _cheapest(self, price: Floats) -> FoundSchedules:
        """The cheapest schedules at prices of the cells, shape (D,)."""
        sessions = self._sessions
        found = sessions.cheapest(price)
        cell = sessions.cell[found.column]
        group, weights = sessions.group[cell], sessions.sign[found.column] * found.value
        drawn = np.bincount(cell, weights=weights, minlength=sessions.group.size).astype(np.float64)
        return FoundSchedules(found, group, drawn, self._by_group(group, sessions.cost[found.column] * found.value))

    def _by_group(self, group: Ints, values: Floats) -> Floats:
        """Values, shape (J,), summed to the groups that they are of, shape (G,)."""
        return np.bincount(group, weights=values, minlength=self._n_groups).astype(np.float64)

    def _reduced_cost(self, found: FoundSchedules, price: Floats, value: Floats) -> Floats:
        """Reduced cost of a schedule of each group, shape (G,)."""
        return found.cost + self._by_group(self._sessions.group, price * found.drawn) - value

    def _add(self, found: FoundSchedules) -> None:
        """Adds a schedule of every group."""
        sessions, drawn = self._sessions, found.drawn
        cell = np.flatnonzero(drawn)
        here = sparse.csc_array((drawn[cell], (cell, sessions.group[cell])), shape=(drawn.size, self._n_groups))
        self._found.append(found)
        self._drawn = sparse.csc_array(sparse.hstack([self._drawn, here]))
        linked = sparse.coo_array(self._links @ here)
        group = np.arange(self._n_groups)
        places = np.concatenate([np.flatnonzero(self._linked)[linked.row], np.flatnonzero(~self._linked)])
        columns, values = np.concatenate([linked.col, group]), np.concatenate([linked.data, np.ones(group.size)])
        full = sparse.csc_array((values, (places, columns)), shape=(self.n_rows, self._n_groups))
        self.highs.addCols(
            self._n_groups, found.cost, np.zeros(self._n_groups),
            np.full(self._n_groups, np.inf), full.nnz, full.indptr[:-1].astype(np.int32),
            full.indices.astype(np.int32), full.data,
        )  # fmt: skip
