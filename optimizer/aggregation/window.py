"""A window whose sessions are aggregated: its programme by Dantzig-Wolfe decomposition, behind the face of a solver.

The sessions' own rows leave the programme. What remains of a group of them, all that are at one bus, is a convex
combination of whole schedules, each of which meets every promise by itself; so does the combination, which is what the
answer gives every session (`optimizer.aggregation.fleet` has the method). Any row that is added later, as those of the
network, is known for a schedule by what it says of the schedule's slots, so limits hold as they do session by session.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from optimizer._highs import InterruptedSolveError, LinearProgram, Solver, SolverError, Statuses
from optimizer.aggregation.fleet import MAX_ROUNDS, SMOOTHING
from optimizer.aggregation.pricing import PricedSessions
from optimizer.window.programme import Window
from optimizer.window.sessions import SessionBlock, single_direction
from optimizer.window.solve import Solvers

GAP = 5e-5
"""Gap at which a window's decomposition stops, relative to the cost without penalties [1]."""
NO_GAIN = 1e-9


class AggregatedSolvers(Solvers):
    """Solvers that aggregate the sessions of a window where that is possible, and state them one by one elsewhere."""

    def of(self, window: Window) -> Solver:
        """A solver that holds the programme of a window."""
        return AggregatedSolver(window) if can_aggregate(window) else super().of(window)


def can_aggregate(window: Window) -> bool:
    """Whether the sessions of a window can be aggregated.

    They must be plain stores: nothing used or lost within, no least power, no value of their own. And the rest of the
    programme must be able to serve any schedule, if only at a penalty: limits elastic, and nothing added by a user.
    """
    problem = window.problem
    plain = all(_is_plain(block) for block in window.blocks)
    return bool(window.blocks) and problem.elastic and problem.extend is None and plain


def _is_plain(block: SessionBlock) -> bool:
    flexibility, k = block.flexibility, block.slot.size
    store = flexibility.reservoir
    if store is None or store.drain_mwh is not None or flexibility.value_per_mwh.any():
        return False
    fed = int(block.with_feed_in.sum())
    active = np.unique(block.device)
    return bool((store.retention_per_step[active] == 1.0).all() and (block.program.lower[: k + fed] == 0.0).all())


def priced(block: SessionBlock) -> PricedSessions:
    """The sessions of a block as the pricing needs them; what it holds of bounds is that of the window."""
    flexibility, program, k = block.flexibility, block.program, block.slot.size
    store, n = flexibility.reservoir, block.needed_mwh.size
    if store is None:
        raise SolverError("only stores can be priced")
    fed = np.flatnonzero(block.with_feed_in)
    offsets = np.searchsorted(block.local, np.arange(n + 1))
    first = offsets[:-1]
    feeds = block.with_feed_in[first]
    discharge = np.zeros(k)
    discharge[fed] = program.upper[k : k + fed.size]
    low, high = np.zeros((2, n))
    due_low, due_high, start = np.zeros((3, n))
    plain = int((~feeds).sum())
    due_low[~feeds], due_high[~feeds] = program.row_lower[:plain], program.row_upper[:plain]
    high[~feeds] = np.inf  # what it has only grows, and what it is due bounds it
    place = np.cumsum(block.with_feed_in) - 1
    at_first, at_last = place[first[feeds]], place[offsets[1:][feeds] - 1]
    energy = k + fed.size
    start[feeds] = program.row_lower[plain + at_first]
    device = block.device[first[feeds]]
    low[feeds], high[feeds] = store.e_min_mwh[device], store.e_max_mwh[device]
    due_low[feeds], due_high[feeds] = program.lower[energy + at_last], program.upper[energy + at_last]
    eta_charge, eta_discharge = (
        np.ascontiguousarray(flexibility.at_slots(eta, block.slot)[first])
        for eta in (store.eta_charge, store.eta_discharge)
    )
    wear = np.broadcast_to(flexibility.wear_cost_per_mwh, (flexibility.n_devices,))[block.device[first]]
    return PricedSessions(
        offsets=offsets.astype(np.int64), charge_max_mw=program.upper[:k].copy(), discharge_max_mw=discharge,
        e_start_mwh=start, e_low_mwh=low, e_high_mwh=np.where(np.isinf(high), 1e6, high), e_due_low_mwh=due_low,
        e_due_high_mwh=np.where(np.isinf(due_high), 1e6, due_high), eta_charge=eta_charge,
        eta_discharge=eta_discharge, wear_per_mwh=wear, step_hours=flexibility.clock.step_hours,
    )  # fmt: skip


class AggregatedSolver(Solver):
    """The programme of a window without its sessions' rows, and schedules of them as columns.

    Columns are given and taken as if the sessions stood in it one by one; rows, beyond those of the model, are its own.

    Args:
        window: The window.
    """

    def __init__(self, window: Window) -> None:
        program, self._blocks = window.program, window.blocks
        self._n_own, self._n_links = window.block_at[0], window.block_rows_at[0]
        self._own_at = [at - self._n_own for at in window.block_at]
        self._block_cost = program.cost[self._n_own :]
        excess = [places for name, places in window.compiled.columns.items() if "_excess_" in name]
        self._penalties = np.zeros(self._n_own)
        self._penalties[np.concatenate(excess)] = program.cost[np.concatenate(excess)]
        matrix = sparse.csr_array(program.matrix)[: self._n_links]
        self._links = sparse.csr_array(matrix[:, self._n_own :])
        self._sessions = [priced(block) for block in self._blocks]
        self._group = self._groups()
        self._n_groups = int(self._group.max(initial=-1)) + 1
        self._schedules = sparse.csc_array((self._block_cost.size, 0))
        one = np.ones(self._n_groups)
        convex = sparse.csr_array((self._n_groups, self._n_own))
        super().__init__(
            LinearProgram(
                sparse.csr_array(sparse.vstack([matrix[:, : self._n_own], convex])),
                np.concatenate([program.row_lower[: self._n_links], one]),
                np.concatenate([program.row_upper[: self._n_links], one]),
                program.lower[: self._n_own], program.upper[: self._n_own], program.cost[: self._n_own],
            )
        )  # fmt: skip
        self._linked = np.concatenate([np.ones(self._n_links, dtype=bool), np.zeros(self._n_groups, dtype=bool)])
        self._add(self._cheapest(np.zeros(self._block_cost.size)))

    def _groups(self) -> Ints:
        """Group of each column of the blocks, shape (columns,): sessions of a fleet at one bus; -1 for energies."""
        group, count = np.full(self._block_cost.size, -1, dtype=np.int64), 0
        for block, at in zip(self._blocks, self._own_at, strict=True):
            bus = np.asarray(block.flexibility.shares.argmax(axis=1)).ravel()[block.device]
            here = count + np.unique(bus, return_inverse=True)[1]
            k, fed = block.slot.size, np.flatnonzero(block.with_feed_in)
            group[at : at + k], group[at + k : at + k + fed.size] = here, here[fed]
            count = int(here.max(initial=count - 1)) + 1
        return group

    @property
    def n_columns(self) -> int:
        """Number of columns, sessions one by one."""
        return self._n_own + self._block_cost.size

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

    def duals_of(self, weights: Floats) -> Floats:
        """Change of ``weights @ x`` per change of the side of each row, see `Solver.duals_of`."""
        return super().duals_of(np.concatenate([weights[: self._n_own], self._schedules.T @ weights[self._n_own :]]))

    def solve(self) -> Floats:
        """The optimum to a gap of `GAP`, sessions one by one, shape (N,)."""
        steady, bound = None, -np.inf
        for _ in range(MAX_ROUNDS):
            try:
                x = super().solve()
            except InterruptedSolveError:
                raise InterruptedSolveError(bound) from None  # a bound of these schedules alone bounds nothing
            dual = self.duals()
            price, value = self._block_cost - dual[self._linked] @ self._links, dual[~self._linked]
            exact = self._cheapest(price)
            gain = self._reduced(exact, price, value)
            lagrangian = self.objective + float(np.minimum(gain, 0.0).sum())
            if lagrangian > bound:
                bound, steady = lagrangian, price
            cost = self.objective - float(self._penalties @ x[: self._n_own])
            if self.objective - bound <= GAP * max(abs(cost), 1e-9):
                return self._one_by_one(x)
            trial = exact if steady is None else self._cheapest(SMOOTHING * steady + (1 - SMOOTHING) * price)
            helps = (np.minimum(self._reduced(trial, price, value), 0.0) < -NO_GAIN).any()
            self._add(trial if helps else exact)
        raise SolverError(f"the aggregation of the sessions kept a gap of {self.objective - bound:g}")

    def _reduced(self, schedule: Floats, price: Floats, value: Floats) -> Floats:
        """Reduced cost of a schedule of each group, shape (G,)."""
        used = self._group >= 0
        weights = (price * schedule)[used]
        return np.asarray(np.bincount(self._group[used], weights=weights, minlength=self._n_groups) - value)

    def _cheapest(self, price: Floats) -> Floats:
        """The cheapest schedule of every session at prices of its columns, shape (columns,)."""
        schedule = np.zeros(self._block_cost.size)
        for block, sessions, at in zip(self._blocks, self._sessions, self._own_at, strict=True):
            k, fed = block.slot.size, np.flatnonzero(block.with_feed_in)
            charge, discharge = sessions.cheapest(price[at : at + k] / sessions.step_hours)
            schedule[at : at + k], schedule[at + k : at + k + fed.size] = charge, discharge[fed]
        return schedule

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
            self._n_groups, np.asarray(self._block_cost @ found), np.zeros(self._n_groups),
            np.full(self._n_groups, np.inf), full.nnz, full.indptr[:-1].astype(np.int32),
            full.indices.astype(np.int32), full.data,
        )  # fmt: skip

    def _one_by_one(self, x: Floats) -> Floats:
        """The optimum with the combined schedule of every session, each going one way in a step."""
        combined = np.asarray(self._schedules @ x[self._n_own :])
        for block, at in zip(self._blocks, self._own_at, strict=True):
            k, fed = block.slot.size, np.flatnonzero(block.with_feed_in)
            store = block.flexibility.reservoir
            if store is None or not fed.size:
                continue
            eta = [block.flexibility.at_slots(e, block.slot[fed]) for e in (store.eta_charge, store.eta_discharge)]
            discharge = slice(at + k, at + k + fed.size)
            net = single_direction(combined[at + fed], combined[discharge], *eta)
            combined[at + fed], combined[discharge] = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        return np.concatenate([x[: self._n_own], combined])
