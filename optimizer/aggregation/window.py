"""A window whose sessions are aggregated, all that are at one bus together (`optimizer.aggregation.decomposition`)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.flexibility.per_slot import values_of
from optimizer._highs import Solver, SolverError
from optimizer.aggregation.decomposition import Decomposition, PricedColumns, Schedules
from optimizer.aggregation.pricing import PricedSessions, taken
from optimizer.window.model import EXCESSES
from optimizer.window.programme import Window
from optimizer.window.sessions import SessionBlock, single_direction
from optimizer.window.solve import Solvers

MANY_SLOTS = 20_000
"""From so many slots of sessions in a window on, some 500 cars in 36 hours of quarters, aggregating them is the faster
way (`docs/benchmarks_dispatch.md`)."""
MOST_GROUPS = 32
"""Most groups of a block. More take fewer rounds of pricing, and more time in programmes with more columns [1]."""
GAP = 5e-5
"""Gap at which a window's decomposition stops, relative to the cost without penalties [1]."""
UNBOUNDED_MWH = 1e6
"""Stands for no bound on an energy in the pricing [MWh]."""


class AggregatedSolvers(Solvers):
    """Solvers that aggregate the sessions of a window where that is possible, and state them one by one elsewhere.

    Args:
        least_slots: Windows with fewer slots of sessions are stated one by one too.
    """

    def __init__(self, least_slots: int = 0) -> None:
        super().__init__()
        self._least_slots = least_slots

    def get(self, window: Window) -> Solver:
        """A solver that holds the programme of a window."""
        many = sum(block.slot.size for block in window.blocks) >= self._least_slots
        if many and can_aggregate(window):
            return self._for_one_window(AggregatedSolver(window))
        return super().get(window)


def can_aggregate(window: Window) -> bool:
    """Whether the sessions of a window can be aggregated.

    They must be plain stores: nothing used or lost within, no least power, no value of their own. And the rest of the
    programme must be able to serve any schedule, if only at a penalty: limits elastic, and nothing added by a user.
    """
    problem = window.problem
    plain = all(_is_plain(block) for block in window.blocks)
    return bool(window.blocks) and problem.elastic and problem.extend is None and plain


def _is_plain(block: SessionBlock) -> bool:
    flexibility, at = block.flexibility, block.columns
    store = flexibility.reservoir
    if store is None or store.drain_mwh is not None or values_of(flexibility.value_per_mwh).any():
        return False
    active = np.unique(block.device)
    powers = slice(at.charge.start, at.discharge.stop)
    return bool((store.retention_per_step[active] == 1.0).all() and (block.program.lower[powers] == 0.0).all())


def priced(block: SessionBlock) -> PricedSessions:
    """The sessions of a block as the pricing needs them; what it holds of bounds is that of the window."""
    flexibility, program, at = block.flexibility, block.program, block.columns
    store, n = flexibility.reservoir, block.needed_mwh.size
    if store is None:
        raise SolverError("only stores can be priced")
    offsets = np.searchsorted(block.local, np.arange(n + 1))
    first = offsets[:-1]
    feeds = block.with_feed_in[first]
    discharge = np.zeros(block.slot.size)
    discharge[block.fed] = program.upper[at.discharge]
    low, high, due_low, due_high, start = np.zeros((5, n))
    only_charge = slice(0, block.n_charging)
    due_low[~feeds], due_high[~feeds] = program.row_lower[only_charge], program.row_upper[only_charge]
    high[~feeds] = np.inf  # what it has only grows, and what it is due bounds it
    place = np.cumsum(block.with_feed_in) - 1
    at_first, at_last = place[first[feeds]], place[offsets[1:][feeds] - 1]
    start[feeds] = program.row_lower[block.n_charging :][at_first]
    device = block.device[first]
    low[feeds], high[feeds] = store.e_min_mwh[device[feeds]], store.e_max_mwh[device[feeds]]
    due_low[feeds], due_high[feeds] = program.lower[at.energy][at_last], program.upper[at.energy][at_last]
    wear = flexibility.wear_cost_per_mwh[device]
    return PricedSessions(
        offsets=offsets.astype(np.int64), charge_max_mw=program.upper[at.charge].copy(), discharge_max_mw=discharge,
        e_start_mwh=start, e_low_mwh=low, e_high_mwh=np.minimum(high, UNBOUNDED_MWH), e_due_low_mwh=due_low,
        e_due_high_mwh=np.minimum(due_high, UNBOUNDED_MWH), eta_charge=np.ascontiguousarray(block.eta_charge[first]),
        eta_discharge=np.ascontiguousarray(block.eta_discharge[first]), wear_per_mwh=wear,
        step_hours=flexibility.clock.step_hours,
    )  # fmt: skip


class PlacedSessions:
    """The sessions of all blocks of a window, by their columns from the first of a session on; C columns, D cells.

    Args:
        window: The window.
    """

    def __init__(self, window: Window) -> None:
        first = window.block_columns[0].first
        self.placed = [(block, at.moved_to(at.first - first)) for block, at in window.placed_blocks()]
        self.cells = window.cells
        self._priced = [priced(block) for block in window.blocks]

    def groups(self) -> Ints:
        """Group of each cell, shape (D,): those of a block at one bus.

        Where sessions are at more than `MOST_GROUPS` buses, those at buses that follow one another in the net, as along
        a feeder, are one group.
        """
        group, count = np.zeros(self.cells.block.size, dtype=np.int64), 0
        for place, (block, _) in enumerate(self.placed):
            mine, shares = self.cells.block == place, block.flexibility.shares
            bus = shares.indices[shares.indptr[self.cells.device[mine]]]  # of several buses the first stands for all
            buses, at = np.unique(bus, return_inverse=True)
            group[mine] = count + at * min(buses.size, MOST_GROUPS) // max(buses.size, 1)
            count = int(group[mine].max(initial=count - 1)) + 1
        return group

    def cheapest(self, price: Floats) -> Schedules:
        """The cheapest schedule of every session at prices of the cells, shape (D,)."""
        columns, values = [], []
        for (block, at), sessions in zip(self.placed, self._priced, strict=True):
            powers = sessions.cheapest(price / sessions.step_hours, self.cells.cell[at.charge])
            places, drawn = taken(*powers, block.fed)
            columns.append(at.charge.start + places)  # feed-in follows the charging
            values.append(drawn)
        return Schedules(np.concatenate(columns), np.concatenate(values))


class AggregatedSolver(Decomposition):
    """The programme of a window without its sessions' rows, and schedules of them as columns.

    Args:
        window: The window.
    """

    def __init__(self, window: Window) -> None:
        program, n_rows = window.own, window.own.row_lower.size
        self._placed = PlacedSessions(window)
        penalties = np.zeros(program.cost.size)
        for name in EXCESSES:
            penalties[window.compiled.columns[name]] = program.cost[window.compiled.columns[name]]
        cells, n_cells = window.cells, window.cells.block.size
        drawn_in = window.compiled.rows["sessions_total"][cells.block, cells.step]
        links = sparse.csr_array((-np.ones(n_cells), (drawn_in, np.arange(n_cells))), shape=(n_rows, n_cells))
        sessions = PricedColumns(
            window.cost[program.cost.size :], cells.cell, cells.sign, self._placed.groups(), self._placed.cheapest
        )
        first_price = window.problem.clock.step_hours * window.problem.import_cost_per_mwh[window.steps][cells.step]
        super().__init__(program, links, sessions, gap=GAP, penalties=penalties, first_price=first_price)

    def solve(self) -> Floats:
        """The optimum to a gap of `GAP`, sessions one by one, each going one way in a step, shape (columns,)."""
        x = super().solve()
        of_sessions = x[self._n_own :]
        for block, at in self._placed.placed:
            if block.flexibility.reservoir is None or not block.fed.size:
                continue
            charge, fed = of_sessions[at.charge], block.fed
            eta = (block.eta_charge[fed], block.eta_discharge[fed])
            net = single_direction(charge[fed], of_sessions[at.discharge], *eta)
            charge[fed], of_sessions[at.discharge] = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        return x
