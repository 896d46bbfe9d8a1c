"""The dispatch of a whole city as one small linear programme: assets as aggregates, hours, one bus, a few full lines.

For estimates while a lever moves: some thousand columns, solved in tens of milliseconds. It knows marginal losses,
but no voltages and no windows, and its cars share one battery (`optimizer.studies.aggregate_store`); who uses it
measures what that errs by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from optimizer._highs import INFINITY, LinearProgram, Solver
from optimizer.studies.aggregate_store import AggregateStore

PENALTY_PER_MWH = 10_000.0
"""Price of exceeding a limit, far above that of energy (ours) [currency/MWh]."""


@dataclass(frozen=True, eq=False)
class FullLines:
    """Limits of R lines that may become full, in the direction in which they do; B buses, H blocks.

    Args:
        share: Change of the flow per withdrawal at each bus, shape (R, B) [MW/MW].
        fixed_mw: Flow of all that is not decided, shape (H, R) [MW].
        limit_mw: Most flow, shape (R,) [MW].
    """

    share: Floats
    fixed_mw: Floats
    limit_mw: Floats


@dataclass(frozen=True, eq=False)
class AggregateProblem:
    """What is dispatched and what it costs, in H blocks of `block_hours`.

    Args:
        stores: The assets.
        fixed_mw: Net withdrawal of all else, shape (H,) [MW].
        import_cost_per_mwh: Price of imports with their carbon, shape (H,) [currency/MWh].
        export_price_per_mwh: Paid for exports, shape (H,) [currency/MWh].
        block_hours: Length of a block [h].
        import_max_mw: Most import [MW]; infinite for none.
        lines: Lines that may become full.
        marginal_loss: Losses of the grid for a MWh more, shape (H,) [MWh/MWh].
        month: Month of each block, 0-based, shape (H,).
        demand_charge_per_mw_month: Price of the highest import of each month [currency/MW].
    """

    stores: Sequence[AggregateStore]
    fixed_mw: Floats
    import_cost_per_mwh: Floats
    export_price_per_mwh: Floats
    block_hours: float
    import_max_mw: float
    lines: FullLines
    marginal_loss: Floats
    month: Ints
    demand_charge_per_mw_month: float = 0.0


@dataclass(frozen=True, eq=False)
class AggregatePower:
    """What an asset does, shape (H,) each [MW]; one of the two is 0 where prices are positive."""

    charge_mw: Floats
    discharge_mw: Floats


class _Builder:
    """Columns and rows of a programme, put together block by block."""

    def __init__(self) -> None:
        self.columns: list[tuple[Floats, Floats, Floats]] = []
        self.rows: list[tuple[Floats, Floats]] = []
        self._n_columns = self._n_rows = 0
        self._entries: list[tuple[Ints, Ints, Floats]] = []

    def add_columns(self, lower: Floats, upper: Floats, cost: Floats | float) -> Ints:
        places = self._n_columns + np.arange(lower.size)
        self.columns.append((lower, upper, np.broadcast_to(np.asarray(cost, dtype=np.float64), lower.shape)))
        self._n_columns += lower.size
        return places

    def add_rows(self, lower: Floats, upper: Floats) -> Ints:
        places = self._n_rows + np.arange(lower.size)
        self.rows.append((lower, upper))
        self._n_rows += lower.size
        return places

    def put(self, rows: Ints, columns: Ints, values: Floats | float) -> None:
        self._entries.append((rows, columns, np.broadcast_to(np.asarray(values, dtype=np.float64), rows.shape)))

    def program(self) -> LinearProgram:
        row, column, value = (np.concatenate(each) for each in zip(*self._entries, strict=True))
        lower, upper, cost = (np.concatenate(each) for each in zip(*self.columns, strict=True))
        row_lower, row_upper = (np.concatenate(each) for each in zip(*self.rows, strict=True))
        matrix = sparse.csr_array((value, (row, column)), shape=(row_lower.size, lower.size))
        return LinearProgram(matrix, row_lower, row_upper, lower, upper, cost)


def dispatch_aggregates(problem: AggregateProblem) -> dict[str, AggregatePower]:
    """The cheapest operation of every asset, by name.

    Raises:
        SolverError: If there is none, as when bounds of a store contradict each other.
    """
    build, n, h = _Builder(), problem.fixed_mw.size, problem.block_hours
    free = np.full(n, INFINITY)
    imports = build.add_columns(np.zeros(n), free, h * problem.import_cost_per_mwh)
    exports = build.add_columns(np.zeros(n), free, -h * problem.export_price_per_mwh)
    balance = build.add_rows(problem.fixed_mw, problem.fixed_mw)
    build.put(balance, imports, 1.0)
    build.put(balance, exports, -1.0)
    _limit_import(build, problem, imports)
    lines = _line_rows(build, problem)
    places = {store.name: _add_store(build, store, problem, balance, lines) for store in problem.stores}
    x = Solver(build.program()).solve()
    return {name: AggregatePower(x[charge], x[discharge] if discharge.size else np.zeros(n))
            for name, (charge, discharge) in places.items()}  # fmt: skip


def _limit_import(build: _Builder, problem: AggregateProblem, imports: Ints) -> None:
    """The most import, which may be exceeded at a penalty, and the highest of each month."""
    n = imports.size
    if np.isfinite(problem.import_max_mw):
        over = build.add_columns(np.zeros(n), np.full(n, INFINITY), PENALTY_PER_MWH * problem.block_hours)
        rows = build.add_rows(np.full(n, -INFINITY), np.full(n, problem.import_max_mw))
        build.put(rows, imports, 1.0)
        build.put(rows, over, -1.0)
    if problem.demand_charge_per_mw_month > 0:
        months = int(problem.month.max()) + 1
        peak = build.add_columns(np.zeros(months), np.full(months, INFINITY), problem.demand_charge_per_mw_month)
        rows = build.add_rows(np.full(n, -INFINITY), np.zeros(n))
        build.put(rows, imports, 1.0)
        build.put(rows, peak[problem.month], -1.0)


def _line_rows(build: _Builder, problem: AggregateProblem) -> Ints:
    """Rows of the lines, shape (H, R), each of which may be exceeded at a penalty."""
    lines = problem.lines
    room = (lines.limit_mw - lines.fixed_mw).ravel()
    rows = build.add_rows(np.full(room.size, -INFINITY), room)
    if room.size:
        penalty = PENALTY_PER_MWH * problem.block_hours
        over = build.add_columns(np.zeros(room.size), np.full(room.size, INFINITY), penalty)
        build.put(rows, over, -1.0)
    return rows.reshape(lines.fixed_mw.shape)


def _add_store(
    build: _Builder, store: AggregateStore, problem: AggregateProblem, balance: Ints, lines: Ints
) -> tuple[Ints, Ints]:
    """Columns of charging and of feeding in of an asset, with its energy."""
    n, h = balance.size, problem.block_hours
    none = np.zeros(n)
    charge = build.add_columns(store.charge_min_mw, np.maximum(store.charge_max_mw, store.charge_min_mw),
                               -h * store.value_per_mwh)  # fmt: skip
    feeds = bool(store.discharge_max_mw.any())
    discharge = build.add_columns(none, store.discharge_max_mw, h * store.wear_cost_per_mwh) if feeds else charge[:0]
    share = problem.lines.share @ store.shares
    for columns, sign in ((charge, 1.0), (discharge, -1.0)):
        if columns.size:
            build.put(balance, columns, -sign * (1.0 + problem.marginal_loss))
            for line in np.flatnonzero(np.abs(share) > 1e-9):
                build.put(lines[:, line], columns, sign * share[line])
    if store.stores:
        energy = build.add_columns(store.e_low_mwh, np.maximum(store.e_high_mwh, store.e_low_mwh), 0.0)
        rows = build.add_rows(store.gain_mwh, store.gain_mwh)
        build.put(rows, energy, 1.0)
        build.put(rows[1:], energy[:-1], -store.retention)
        build.put(rows, charge, -h * store.eta_charge)
        if feeds:
            build.put(rows, discharge, h / store.eta_discharge)
    return charge, discharge
