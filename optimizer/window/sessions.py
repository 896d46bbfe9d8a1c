"""Sessions of many short devices as a sparse block: the same mathematics as the stores of `optimizer.window.model`.

Thousands of charging sessions a day are hundreds of thousands of columns a window, of which an algebraic language
spends more time on the statement than HiGHS on the solution; so they are built as arrays and appended to the
compiled model. For device i in its steps k, with charge c, discharge d and stored energy e:

- without feed-in:  ``due <= e_now + h Σ eta_charge c_k <= e_end``, a single row, since e can only grow;
- with feed-in:     ``e_k = retention e_{k-1} + h (eta_charge c_k - d_k / eta_discharge)``, ``e_min <= e_k <= e_max``,
  and the energy due in the last step;
- both:             ``sessions_mw[v, t] = Σ_i (c - d)`` completes the rows ``sessions_total`` of the model.

A device that goes on after the window owes by its end the share of its energy that its time there is of its stay, or
more where its bounds will not let it catch up, or less where they do not let it have so much by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.flexibility.flexibility import Flexibility, Reservoir
from grid.flexibility.per_slot import values_of
from optimizer._highs import INFINITY, LinearProgram
from optimizer.problem.slots import slots_between


@dataclass(frozen=True)
class SessionColumns:
    """Where the columns of a block stand: charge of all slots, then discharge and energy of those that may feed in.

    Args:
        first: Place of the first column.
        n_slots: Slots Kw of the block.
        n_feeding: Slots F of devices that have a discharge and an energy column.
    """

    first: int
    n_slots: int
    n_feeding: int

    @property
    def charge(self) -> slice:
        """Withdrawal of each slot [MW], Kw columns."""
        return slice(self.first, self.first + self.n_slots)

    @property
    def discharge(self) -> slice:
        """Feed-in of each slot that may feed in [MW], F columns."""
        return slice(self.charge.stop, self.charge.stop + self.n_feeding)

    @property
    def energy(self) -> slice:
        """Energy at the end of the same slots [MWh], F columns."""
        return slice(self.discharge.stop, self.discharge.stop + self.n_feeding)

    @property
    def every(self) -> slice:
        """All columns of the block."""
        return slice(self.first, self.energy.stop)

    def moved_to(self, first: int) -> SessionColumns:
        """The same where the block begins at the column `first`."""
        return replace(self, first=first)


@dataclass(frozen=True, eq=False)
class SessionBlock:
    """The devices of one group of sessions within a window; A devices, Kw slots, F of them of devices that may feed in.

    Args:
        flexibility: The group.
        slot: Slots of the group within the window, shape (Kw,).
        step: Step of each, counted from the window's first, shape (Kw,).
        device: Device of each slot, shape (Kw,).
        p_max_mw: Most withdrawal of each slot, shape (Kw,) [MW].
        with_feed_in: Slots that have a discharge and an energy column, shape (Kw,).
        program: The columns in the order of `SessionColumns`; rows first for the devices that only charge, one each,
            then one for each slot with feed-in.
        local: Place of each slot's device among those in the window, shape (Kw,).
        gain_mwh_per_mw: What a megawatt drawn in each slot stores, shape (Kw,) [MWh/MW].
        needed_mwh: What each device in the window must yet store within it, shape (A,) [MWh].
    """

    flexibility: Flexibility
    slot: Ints
    step: Ints
    device: Ints
    p_max_mw: Floats
    with_feed_in: Bools
    program: LinearProgram
    local: Ints
    gain_mwh_per_mw: Floats
    needed_mwh: Floats

    @cached_property
    def fed(self) -> Ints:
        """Slots that may feed in, shape (F,)."""
        return np.flatnonzero(self.with_feed_in)

    @property
    def columns(self) -> SessionColumns:
        """The columns of the block by themselves."""
        return SessionColumns(0, self.slot.size, self.fed.size)

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.program.cost.size)

    @property
    def n_charging(self) -> int:
        """Rows of devices that only charge; those of slots with feed-in follow."""
        return int(self.program.row_lower.size) - self.fed.size if self.flexibility.reservoir is not None else 0

    @cached_property
    def eta_charge(self) -> Floats:
        """Stored per drawn energy in each slot, shape (Kw,) [1]; 1 without a reservoir."""
        store = self.flexibility.reservoir
        if store is None:
            return np.ones(self.slot.size)
        return self.flexibility.at_slots(store.eta_charge, self.slot, self.device)

    @cached_property
    def eta_discharge(self) -> Floats:
        """Fed in per energy taken out in each slot, shape (Kw,) [1]; 1 without a reservoir."""
        store = self.flexibility.reservoir
        if store is None:
            return np.ones(self.slot.size)
        return self.flexibility.at_slots(store.eta_discharge, self.slot, self.device)

    def withdrawal(self) -> sparse.csr_array:
        """Net withdrawal of each slot by column, shape (Kw, columns)."""
        k, fed = self.slot.size, self.fed
        rows = np.concatenate([np.arange(k), fed])
        columns = np.arange(k + fed.size)
        values = np.concatenate([np.ones(k), -np.ones(fed.size)])
        return sparse.csr_array((values, (rows, columns)), shape=(k, self.n_columns))

    def by_step(self, n_steps: int) -> sparse.csr_array:
        """Net withdrawal of the group in each step of the window by column, shape (n_steps, columns)."""
        gather = sparse.csr_array(
            (np.ones(self.slot.size), (self.step, np.arange(self.slot.size))), shape=(n_steps, self.slot.size)
        )
        return sparse.csr_array(gather @ self.withdrawal())

    def power(self, x: Floats) -> Floats:
        """Withdrawal of each slot, shape (Kw,), from the values of the block's columns.

        Where a device charges and discharges at once, which can pay when energy has a negative price, both are
        replaced by the single power that changes the stored energy by as much.
        """
        charge, discharge = x[self.columns.charge], np.zeros(self.slot.size)
        discharge[self.fed] = x[self.columns.discharge]
        if self.flexibility.reservoir is None:
            return charge - discharge
        return single_direction(charge, discharge, self.eta_charge, self.eta_discharge)


def single_direction(charge: Floats, discharge: Floats, eta_charge: Floats, eta_discharge: Floats) -> Floats:
    """The withdrawal that stores as much as `charge` and `discharge` together, all of one shape [MW]."""
    gain = charge * eta_charge - discharge / eta_discharge
    return np.where(gain > 0, gain / eta_charge, gain * eta_discharge)


def session_block(flexibility: Flexibility, e_now_mwh: Floats, first: int, stop: int) -> SessionBlock:
    """The block of a group of sessions for the steps `first` to `stop` - 1.

    Args:
        flexibility: The group.
        e_now_mwh: Energy of each device when the window, or its stay if that is later, begins, shape (N,) [MWh].
        first: First step of the window.
        stop: Step after its last.
    """
    active = np.flatnonzero((flexibility.start < stop) & (flexibility.stop > first))
    begin = np.maximum(flexibility.start[active], first)
    end = np.minimum(flexibility.stop[active], stop)
    length = end - begin
    local, rank, slot = slots_between(flexibility, active, begin, end)
    device = active[local]
    low = flexibility.at_slots(flexibility.p_min_mw, slot, device)
    high = flexibility.at_slots(flexibility.p_max_mw, slot, device)
    feeding = np.zeros(active.size, dtype=bool)
    feeding[local[low < 0]] = True
    if flexibility.reservoir is not None:
        feeding |= flexibility.reservoir.retention_per_step[active] != 1.0
        if flexibility.reservoir.drain_mwh is not None:
            feeding[:] = True
    parts = _Parts(flexibility, active, end, length, local, rank, slot, feeding)
    step, fed = begin[local] + rank - first, feeding[local]
    gain, due = np.ones(slot.size), (np.zeros(active.size), np.zeros(active.size))
    if flexibility.reservoir is not None:
        gain = flexibility.clock.step_hours * flexibility.at_slots(flexibility.reservoir.eta_charge, slot, device)
        due = _due(parts, flexibility.reservoir, e_now_mwh[active])
    program = _program(parts, low, high, e_now_mwh[active], gain, due)
    needed = _needed(parts, e_now_mwh[active], due[0])
    return SessionBlock(flexibility, slot, step, device, high, fed, program, local, gain, needed)


def _needed(parts: _Parts, e_now: Floats, due: Floats) -> Floats:
    """What each active device must store in the window beyond what it has and keeps, shape (A,) [MWh]."""
    store = parts.flexibility.reservoir
    if store is None:
        return np.zeros(parts.active.size)
    lost = np.bincount(parts.local, weights=parts.flexibility.drained_mwh(parts.slot), minlength=parts.active.size)
    kept: Floats = store.retention_per_step[parts.active] ** parts.length * e_now - lost
    return np.maximum(due - kept, 0.0)


@dataclass(frozen=True, eq=False)
class _Parts:
    """Indices of a block: active devices (A) and their slots (Kw)."""

    flexibility: Flexibility
    active: Ints
    end: Ints
    length: Ints
    local: Ints
    rank: Ints
    slot: Ints
    feeding: Bools

    @property
    def device(self) -> Ints:
        """Device of each slot, shape (Kw,)."""
        return self.active[self.local]


def _program(
    parts: _Parts, low: Floats, high: Floats, e_now: Floats, gain: Floats, due: tuple[Floats, Floats]
) -> LinearProgram:
    flexibility, k = parts.flexibility, parts.slot.size
    h = flexibility.clock.step_hours
    fed = np.flatnonzero(parts.feeding[parts.local])
    n_columns = k + 2 * fed.size
    lower = np.concatenate([np.maximum(low, 0.0), np.maximum(-high[fed], 0.0), np.full(fed.size, -INFINITY)])
    upper = np.concatenate([np.maximum(high, 0.0), np.maximum(-low[fed], 0.0), np.full(fed.size, INFINITY)])
    cost = np.zeros(n_columns)
    wear = flexibility.wear_cost_per_mwh
    cost[k : k + fed.size] = h * wear[parts.active[parts.local[fed]]]
    if values_of(flexibility.value_per_mwh).any():
        cost[:k] = -h * flexibility.at_slots(flexibility.value_per_mwh, parts.slot, parts.device)
    if flexibility.reservoir is None:
        empty = sparse.csr_array((0, n_columns))
        return LinearProgram(empty, np.empty(0), np.empty(0), lower, upper, cost)
    store = flexibility.reservoir
    due_low, due_high = due
    plain_rows, plain_lower, plain_upper = _plain(parts, gain, high, due_low - e_now, due_high - e_now, n_columns)
    store_rows, store_rhs = _stores(parts, store, gain, e_now, fed, n_columns)
    at = parts.local[fed]
    lower[k + fed.size :], upper[k + fed.size :] = store.e_min_mwh[parts.active][at], store.e_max_mwh[parts.active][at]
    last = np.flatnonzero(parts.rank[fed] == parts.length[at] - 1)
    lower[k + fed.size + last], upper[k + fed.size + last] = due_low[at[last]], due_high[at[last]]
    return LinearProgram(
        matrix=sparse.csr_array(sparse.vstack([plain_rows, store_rows])),
        row_lower=np.concatenate([plain_lower, store_rhs]),
        row_upper=np.concatenate([plain_upper, store_rhs]),
        lower=lower,
        upper=upper,
        cost=cost,
    )


def _due(parts: _Parts, store: Reservoir, e_now: Floats) -> tuple[Floats, Floats]:
    """Least and most energy of the active devices at the end of the window or of their stay, shape (A,) each."""
    flexibility, active = parts.flexibility, parts.active
    start, stop = flexibility.start[active], flexibility.stop[active]
    e_start, e_end = store.e_start_mwh[active], store.e_end_mwh[active]
    kept = store.retention_per_step[active]
    due = e_start + (e_end - e_start) * (parts.end - start) / (stop - start)
    later = _most_gain(parts, store, parts.end, stop - parts.end)
    due = np.maximum(due, (e_end - later) / kept ** (stop - parts.end))
    by_then = kept**parts.length * e_now + _most_gain(parts, store, parts.end - parts.length, parts.length)
    due = np.minimum(due, np.minimum(by_then, store.e_max_mwh[active]))
    most = np.maximum(e_end, due) if store.exact_end else store.e_max_mwh[active]
    return due, most


def _most_gain(parts: _Parts, store: Reservoir, begin: Ints, length: Ints) -> Floats:
    """What `length` steps of full power from the step `begin` on leave in the active devices, shape (A,) [MWh]."""
    flexibility = parts.flexibility
    local, rank, slot = slots_between(flexibility, parts.active, begin, begin + length)
    device = parts.active[local]
    power = np.maximum(flexibility.at_slots(flexibility.p_max_mw, slot, device), 0.0)
    gain = flexibility.clock.step_hours * flexibility.at_slots(store.eta_charge, slot, device) * power
    gain = gain - flexibility.drained_mwh(slot)
    kept = store.retention_per_step[parts.active][local] ** (length[local] - 1 - rank)
    return np.bincount(local, weights=gain * kept, minlength=parts.active.size).astype(np.float64)


def _plain(
    parts: _Parts, gain: Floats, high: Floats, due_low: Floats, due_high: Floats, n_columns: int
) -> tuple[sparse.csr_array, Floats, Floats]:
    """One row for each device that only charges: what it gains is what it is due."""
    chosen = ~parts.feeding
    row = np.cumsum(chosen) - 1
    slots = np.flatnonzero(chosen[parts.local])
    rows = sparse.csr_array((gain[slots], (row[parts.local[slots]], slots)), shape=(int(chosen.sum()), n_columns))
    most = np.bincount(parts.local, weights=gain * high, minlength=parts.active.size)
    lower = np.clip(due_low, 0.0, most)[chosen]  # rounding in what was charged so far must not make it infeasible
    return rows, lower, np.maximum(due_high[chosen], lower)


def _stores(
    parts: _Parts, store: Reservoir, gain: Floats, e_now: Floats, fed: Ints, n_columns: int
) -> tuple[sparse.csr_array, Floats]:
    """One row for each slot with feed-in: the balance of the stored energy."""
    k, m = parts.slot.size, fed.size
    retention = store.retention_per_step[parts.active][parts.local[fed]]
    spent = parts.flexibility.clock.step_hours / parts.flexibility.at_slots(
        store.eta_discharge, parts.slot[fed], parts.device[fed]
    )
    later = np.flatnonzero(parts.rank[fed] > 0)
    row = np.arange(m)
    rows = sparse.csr_array(
        (
            np.concatenate([np.ones(m), -retention[later], -gain[fed], spent]),
            (
                np.concatenate([row, row[later], row, row]),
                np.concatenate([k + m + row, k + m + row[later] - 1, fed, k + row]),
            ),
        ),
        shape=(m, n_columns),
    )
    first = parts.rank[fed] == 0
    return rows, np.where(first, retention * e_now[parts.local[fed]], 0.0) - parts.flexibility.drained_mwh(
        parts.slot[fed]
    )
