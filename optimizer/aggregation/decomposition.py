"""Sessions as combinations of whole schedules: Dantzig-Wolfe decomposition, behind the face of a solver.

What a group of sessions can draw together over time is a convex set. Its vertices are schedules that are cheapest at
some prices, and those are found session by session without a solver (`optimizer.aggregation.pricing`). The programme
sees only a convex combination of such schedules; its duals are the prices of the next ones [1, 2]. The combination of
whole schedules is a schedule of every session by itself, so the answer can always be delivered. Any row that is added
later, as those of the network, is known for a schedule by what it says of the schedule's columns.

References:
    [1] G. B. Dantzig, P. Wolfe, "Decomposition principle for linear programs", Operations Research, vol. 8, 1960.
    [2] P. Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming", International
        Transactions in Operational Research, vol. 4, 1997: the smoothing of prices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from optimizer._highs import InterruptedSolveError, LinearProgram, Solver, SolverError, Statuses

SMOOTHING = 0.3
"""Weight of the best prices so far against the newest duals."""
MAX_ROUNDS = 300
NO_GAIN = 1e-9

CheapestSchedules = Callable[[Floats], Floats]
"""Given a price of each column of the sessions, shape (C,): the cheapest schedule of every session, shape (C,)."""


class Decomposition(Solver):
    """A programme without its sessions' rows, and schedules of groups of them as columns; N own and C session columns.

    Columns are given and taken as if the sessions stood in it one by one, own columns first; rows are its own.

    Args:
        own: Everything else, M rows. It must be able to serve any schedule, if only at a penalty.
        links: What the columns of the sessions add to its rows, shape (M, C).
        cost: Cost of the columns of the sessions, shape (C,).
        group: Group of each of those columns, shape (C,); -1 for columns that are no power.
        cheapest: Finds the cheapest schedules.
        gap: Gap at which a solve stops, relative to the cost without penalties [1].
        penalties: Cost of the own columns that counts as penalty, shape (N,); None: none does.
    """

    decomposed = True

    def __init__(
        self, own: LinearProgram, links: sparse.csr_array, cost: Floats, group: Ints, cheapest: CheapestSchedules,
        *, gap: float, penalties: Floats | None = None,
    ) -> None:  # fmt: skip
        self._n_own, self._links, self._session_cost, self._group = own.cost.size, links, cost, group
        self._cheapest, self._gap = cheapest, gap
        self._penalties = np.zeros(self._n_own) if penalties is None else penalties
        self._n_groups = int(group.max(initial=-1)) + 1
        self._schedules = sparse.csc_array((cost.size, 0))
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
        self._add(cheapest(np.zeros(cost.size)))

    @property
    def n_columns(self) -> int:
        """Number of columns N + C, sessions one by one."""
        return self._n_own + self._session_cost.size

    @property
    def n_schedules(self) -> int:
        """Schedules in the programme, groups counted one by one."""
        return int(self._schedules.shape[1])

    def start_from(self, columns: Statuses, rows: Statuses) -> None:
        """A vertex of the sessions one by one is none here; the first schedules are those at no price."""

    def add_rows(self, matrix: sparse.csr_array, lower: Floats, upper: Floats) -> Ints:
        """Adds rows over all columns, and returns their places."""
        rows = sparse.csr_array(matrix)
        of_sessions = sparse.csr_array(rows[:, self._n_own :])
        self._links = sparse.csr_array(sparse.vstack([self._links, of_sessions]))
        self._linked = np.concatenate([self._linked, np.ones(lower.size, dtype=bool)])
        own = sparse.hstack([rows[:, : self._n_own], of_sessions @ self._schedules])
        return super().add_rows(sparse.csr_array(own), lower, upper)

    def set_costs(self, columns: Ints, cost: Floats) -> None:
        """New costs of some own columns; of penalties the size that counts as penalty follows."""
        of_penalties = self._penalties[columns] != 0.0
        self._penalties[columns[of_penalties]] = cost[of_penalties]
        super().set_costs(columns, cost)

    def duals_of(self, weights: Floats) -> Floats:
        """Change of ``weights @ x`` per change of the side of each row, see `Solver.duals_of`."""
        return super().duals_of(np.concatenate([weights[: self._n_own], self._schedules.T @ weights[self._n_own :]]))

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
            price, value = self._session_cost - dual[self._linked] @ self._links, dual[~self._linked]
            exact = self._cheapest(price)
            lagrangian = self.objective + float(np.minimum(self._reduced_cost(exact, price, value), 0.0).sum())
            if lagrangian > self.lower_bound:
                self.lower_bound, steady = lagrangian, price
            cost = self.objective - float(self._penalties @ x[: self._n_own])
            if self.objective - self.lower_bound <= self._gap * max(abs(cost), 1e-9):
                return np.concatenate([x[: self._n_own], self._schedules @ x[self._n_own :]])
            trial = exact if steady is None else self._cheapest(SMOOTHING * steady + (1 - SMOOTHING) * price)
            helps = (self._reduced_cost(trial, price, value) < -NO_GAIN).any()
            self._add(trial if helps else exact)
        raise SolverError(f"the aggregation of the sessions kept a gap of {self.objective - self.lower_bound:g}")

    def _reduced_cost(self, schedule: Floats, price: Floats, value: Floats) -> Floats:
        """Reduced cost of a schedule of each group, shape (G,)."""
        used = self._group >= 0
        weights = (price * schedule)[used]
        return np.asarray(np.bincount(self._group[used], weights=weights, minlength=self._n_groups) - value)

    def _add(self, schedule: Floats) -> None:
        """Adds a schedule of every group."""
        used = np.flatnonzero((schedule != 0.0) & (self._group >= 0))
        shape = (schedule.size, self._n_groups)
        found = sparse.csc_array((schedule[used], (used, self._group[used])), shape=shape)
        self._schedules = sparse.csc_array(sparse.hstack([self._schedules, found]))
        linked = sparse.coo_array(self._links @ found)
        group = np.arange(self._n_groups)
        places = np.concatenate([np.flatnonzero(self._linked)[linked.row], np.flatnonzero(~self._linked)])
        columns, values = np.concatenate([linked.col, group]), np.concatenate([linked.data, np.ones(group.size)])
        full = sparse.csc_array((values, (places, columns)), shape=(self.n_rows, self._n_groups))
        self.highs.addCols(
            self._n_groups, np.asarray(self._session_cost @ found), np.zeros(self._n_groups),
            np.full(self._n_groups, np.inf), full.nnz, full.indptr[:-1].astype(np.int32),
            full.indices.astype(np.int32), full.data,
        )  # fmt: skip
