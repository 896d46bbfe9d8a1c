"""Where the first solve of a window begins: what every session would do if it shared nothing with anyone.

Each session fills its cheapest steps at the price of imports until it has its energy. That costs one sort, and is a
vertex of the programme: the steps it fills are at their upper bound, the one it fills in part is basic, and so are the
stored energies, which otherwise would have to be brought into the basis one by one. The simplex method starts from it
in less than half the time, and the first rows of the network are stated there, near the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats, Ints
from optimizer._highs import BASIC, FREE, LOWER, UPPER, Statuses
from optimizer.problem.schedule import Decided
from optimizer.window.programme import Start, Window
from optimizer.window.sessions import SessionBlock

LITTLE_MWH = 1e-9


@dataclass(frozen=True, eq=False)
class FirstGuess:
    """A schedule that keeps every session's promise, and the vertex that it is.

    Args:
        decided: The schedule.
        columns: Status of each column in the basis, shape (N,).
        rows: Status of each row, shape (M,).
    """

    decided: Decided
    columns: Statuses
    rows: Statuses

    @classmethod
    def of(cls, window: Window, start: Start) -> FirstGuess:
        """The first guess for a window: sessions in their cheapest steps, everything else as if unmanaged."""
        decided = window.unmanaged()
        price = _price_per_mwh(window, decided)
        program, named = window.program, window.compiled
        columns = np.where(np.isfinite(program.lower), LOWER, np.where(np.isfinite(program.upper), UPPER, FREE)).astype(
            np.int8
        )
        rows = np.full(program.row_lower.size, BASIC, dtype=np.int8)
        for variable, constraint in (
            ("import_mw", "balance"), ("fleet_mw", "fleet_total"), ("energy_mwh", "store_balance"),
        ):  # fmt: skip
            columns[named.columns[variable]], rows[named.rows[constraint]] = BASIC, LOWER
        for block, at, row_at in zip(window.blocks, window.block_at, window.block_rows_at, strict=True):
            filled = _Filled.of(block, price)
            of_block, of_rows = _vertex(block, filled)
            columns[at : at + of_block.size] = np.where(of_block == LOWER, columns[at : at + of_block.size], of_block)
            rows[row_at : row_at + of_rows.size] = of_rows
            if block.flexibility.reservoir is not None:
                decided.p_mw[block.flexibility.name] = (block.slot, filled.p_mw)
        return cls(_as_seen(decided, start.ahead), columns, rows)


def kept_up(window: Window, start: Start) -> Decided:
    """A schedule that keeps every promise without an optimum: the first guess, with stores as full as they are due.

    Args:
        window: The window.
        start: What it takes over.
    """
    powers = dict(FirstGuess.of(window, start).decided.p_mw)
    for flexibility in window.roles.converters:
        slots = window.slots(flexibility).ravel()
        stated = flexibility.p_unmanaged_mw
        powers[flexibility.name] = (
            slots, flexibility.at_slots(flexibility.p_max_mw, slots) if stated is None else stated[slots],
        )  # fmt: skip
    for flexibility, store in window.roles.stores:
        slots, energy = window.slots(flexibility), start.e_now_mwh[flexibility.name].copy()
        power = np.zeros(slots.shape)
        for step in range(window.n_steps):
            now = slots[:, step]
            held = store.retention_per_step * energy - flexibility.drained_mwh(now)
            power[:, step] = flexibility.charging_power(store.e_end_mwh - held, now)
            energy = held + flexibility.gain_at(power[:, step], now)
        powers[flexibility.name] = (slots.ravel(), power.ravel())
    return Decided(powers, {})


def _as_seen(decided: Decided, ahead: Decided | None) -> Decided:
    """A schedule in which steps that the window before has seen are as it saw them."""
    if ahead is None:
        return decided
    powers = {}
    for name, (slot, power) in decided.p_mw.items():
        seen, value = ahead.p_mw[name]
        order = np.argsort(seen)
        at = np.minimum(np.searchsorted(seen, slot, sorter=order), max(seen.size - 1, 0))
        known = seen[order][at] == slot if seen.size else np.zeros(slot.size, dtype=bool)
        powers[name] = (slot, np.where(known, value[order][at], power) if seen.size else power)
    return Decided(powers, decided.q_mvar)


def _price_per_mwh(window: Window, decided: Decided) -> Floats:
    """What a MWh costs in each step: the import it needs, or the export it forgoes, shape (n_steps,)."""
    problem, at = window.problem, slice(window.first, window.stop)
    drawn = problem.p_fixed_mw[at].sum(axis=1)
    for flexibility in window.roles.converters:
        drawn = drawn + decided.p_mw[flexibility.name][1].reshape(-1, window.n_steps).sum(axis=0)
    price: Floats = np.where(drawn > 0, problem.import_cost_per_mwh[at], problem.export_price_per_mwh[at])
    return price


@dataclass(frozen=True, eq=False)
class _Filled:
    """What the sessions of a block draw.

    Args:
        p_mw: Power of each slot, shape (Kw,) [MW].
        full: Slots filled to their bound, shape (Kw,).
        partly: Slot that each device fills in part, shape (A,); -1 where it needs nothing.
    """

    p_mw: Floats
    full: Bools
    partly: Ints

    @classmethod
    def of(cls, block: SessionBlock, price_per_mwh: Floats) -> _Filled:
        """Every session in its cheapest steps."""
        most = np.maximum(block.p_max_mw, 0.0)
        gain = block.gain_mwh_per_mw * most
        order = np.lexsort((block.step, price_per_mwh[block.step], block.local))
        ordered = gain[order]
        before = np.cumsum(ordered) - ordered
        first = np.searchsorted(block.local[order], np.arange(block.needed_mwh.size))
        before -= before[first][block.local[order]] if ordered.size else 0.0
        left = block.needed_mwh[block.local[order]] - before
        share = np.clip(np.divide(left, ordered, out=np.zeros_like(left), where=ordered > 0), 0.0, 1.0)
        ends = (left > LITTLE_MWH) & (left <= ordered + LITTLE_MWH)
        p_mw, full = np.empty_like(most), np.empty(most.size, dtype=bool)
        p_mw[order], full[order] = share * most[order], (share >= 1.0) & ~ends
        partly = np.full(block.needed_mwh.size, -1)
        partly[block.local[order[ends]][::-1]] = order[ends][::-1]
        return cls(p_mw, full, partly)


def _vertex(block: SessionBlock, filled: _Filled) -> tuple[Statuses, Statuses]:
    """Status of the columns and of the rows of a block; a column that is not special is at its lower bound."""
    columns = np.full(block.n_columns, LOWER, dtype=np.int8)
    rows = np.full(block.program.row_lower.size, BASIC, dtype=np.int8)
    if block.flexibility.reservoir is None:
        return columns, rows
    k, fed = block.slot.size, int(block.with_feed_in.sum())
    columns[:k][filled.full] = UPPER
    filling = filled.partly >= 0
    columns[filled.partly[filling]] = BASIC
    feeds = np.zeros(filled.partly.size, dtype=bool)
    feeds[block.local[block.with_feed_in]] = True
    plain = np.flatnonzero(~feeds)
    rows[: plain.size][filling[plain]] = LOWER
    rows[plain.size :] = LOWER
    columns[k + fed :] = BASIC
    of_slot = block.local[block.with_feed_in]
    last = np.flatnonzero(np.append(of_slot[1:] != of_slot[:-1], True)) if fed else np.empty(0, dtype=np.int64)
    columns[k + fed + last[filling[of_slot[last]]]] = LOWER
    return columns, rows
