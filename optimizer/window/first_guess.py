"""Where the first solve of a window begins: what every session would do if it shared nothing with anyone.

Each session fills its cheapest steps at the price of imports until it has its energy. That costs one sort, and is a
vertex of the programme: the steps it fills are at their upper bound, the one it fills in part is basic, and so are the
stored energies, which otherwise would have to be brought into the basis one by one. The simplex method starts from it
in less than half the time, and the first rows of the network are stated there, near the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grid.arrays import Bools, Floats, Ints, ratio
from optimizer._highs import BASIC, FREE, LOWER, UPPER, Statuses
from optimizer.window.programme import Window
from optimizer.window.sessions import SessionBlock
from optimizer.window.state import WindowSchedule, WindowState

LITTLE_MWH = 1e-9


@dataclass(frozen=True, eq=False)
class Filling:
    """What the sessions of a block draw.

    Args:
        p_mw: Power of each slot, shape (Kw,) [MW].
        full: Slots filled to their bound, shape (Kw,).
        partly: Slot that each device fills in part, shape (A,); -1 where it needs nothing.
    """

    p_mw: Floats
    full: Bools
    partly: Ints


@dataclass(frozen=True, eq=False)
class FirstGuess:
    """A schedule that keeps every session's promise, and the vertex that it is.

    Args:
        window: The window.
        schedule: The schedule.
        fillings: What the sessions of each block draw in it.
    """

    window: Window
    schedule: WindowSchedule
    fillings: tuple[Filling, ...]

    @property
    def columns(self) -> Statuses:
        """Status of each column in the basis, shape (N,)."""
        return self._statuses[0]

    @property
    def rows(self) -> Statuses:
        """Status of each row, shape (M,)."""
        return self._statuses[1]

    @cached_property
    def _statuses(self) -> tuple[Statuses, Statuses]:
        program, model = self.window.program, self.window.compiled
        bounded = np.where(np.isfinite(program.lower), LOWER, np.where(np.isfinite(program.upper), UPPER, FREE))
        columns, rows = bounded.astype(np.int8), np.full(program.row_lower.size, BASIC, dtype=np.int8)
        for variable, constraint in (
            ("import_mw", "balance"), ("sessions_mw", "sessions_total"), ("energy_mwh", "store_balance"),
        ):  # fmt: skip
            columns[model.columns[variable]], rows[model.rows[constraint]] = BASIC, LOWER
        for (block, at), row_at, filling in zip(
            self.window.placed_blocks(), self.window.block_rows_at, self.fillings, strict=True
        ):
            of_block, of_rows = _vertex(block, filling)
            columns[at.every] = np.where(of_block == LOWER, columns[at.every], of_block)
            rows[row_at : row_at + of_rows.size] = of_rows
        return columns, rows


def first_guess(window: Window, state: WindowState) -> FirstGuess:
    """The first guess for a window: sessions in their cheapest steps, everything else as if unmanaged."""
    schedule = window.unmanaged()
    price = _price_per_mwh(window, schedule)
    fillings = tuple(_cheapest_filling(block, price) for block in window.blocks)
    for block, filling in zip(window.blocks, fillings, strict=True):
        if block.flexibility.reservoir is not None:
            schedule.p_mw[block.flexibility.name] = (block.slot, filling.p_mw)
    return FirstGuess(window, _as_seen(schedule, state.ahead), fillings)


def fallback_schedule(window: Window, state: WindowState) -> WindowSchedule:
    """A schedule that keeps every promise without an optimum: the first guess, with stores as full as they are due.

    Args:
        window: The window.
        state: What it takes over.
    """
    powers = dict(first_guess(window, state).schedule.p_mw)
    for flexibility in window.roles.units:
        slots = window.slots(flexibility).ravel()
        stated = flexibility.p_unmanaged_mw
        powers[flexibility.name] = (
            slots, flexibility.at_slots(flexibility.p_max_mw, slots) if stated is None else stated[slots],
        )  # fmt: skip
    for flexibility, store in window.roles.stores:
        slots, energy = window.slots(flexibility), state.e_now_mwh[flexibility.name].copy()
        power = np.zeros(slots.shape)
        for step in range(window.n_steps):
            now = slots[:, step]
            held = store.retention_per_step * energy - flexibility.drained_mwh(now)
            power[:, step] = flexibility.charging_power(store.e_end_mwh - held, now)
            energy = held + flexibility.gain_at(power[:, step], now)
        powers[flexibility.name] = (slots.ravel(), power.ravel())
    return WindowSchedule(powers, {})


def _as_seen(schedule: WindowSchedule, ahead: WindowSchedule | None) -> WindowSchedule:
    """A schedule in which steps that the window before has seen are as it saw them."""
    if ahead is None:
        return schedule
    powers = {}
    for name, (slot, power) in schedule.p_mw.items():
        seen, value = ahead.p_mw[name]
        order = np.argsort(seen)
        at = np.minimum(np.searchsorted(seen, slot, sorter=order), max(seen.size - 1, 0))
        known = seen[order][at] == slot if seen.size else np.zeros(slot.size, dtype=bool)
        powers[name] = (slot, np.where(known, value[order][at], power) if seen.size else power)
    return WindowSchedule(powers, schedule.q_mvar)


def _price_per_mwh(window: Window, schedule: WindowSchedule) -> Floats:
    """What a MWh costs in each step: the import it needs, or the export it forgoes, shape (n_steps,)."""
    problem = window.problem
    drawn = problem.p_fixed_mw[window.steps].sum(axis=1)
    for flexibility in window.roles.units:
        drawn = drawn + schedule.p_mw[flexibility.name][1].reshape(-1, window.n_steps).sum(axis=0)
    imported, exported = problem.import_cost_per_mwh[window.steps], problem.export_price_per_mwh[window.steps]
    price: Floats = np.where(drawn > 0, imported, exported)
    return price


def _cheapest_filling(block: SessionBlock, price_per_mwh: Floats) -> Filling:
    """Every session in its cheapest steps, at prices of shape (n_steps,)."""
    most = np.maximum(block.p_max_mw, 0.0)
    gain = block.gain_mwh_per_mw * most
    rank = np.empty(price_per_mwh.size, dtype=np.int64)
    rank[np.argsort(price_per_mwh, kind="stable")] = np.arange(rank.size)  # of equal prices the first step first
    order = np.argsort(block.local * rank.size + rank[block.step], kind="stable")
    ordered = gain[order]
    before = np.cumsum(ordered) - ordered
    first = np.searchsorted(block.local[order], np.arange(block.needed_mwh.size))
    before -= before[first][block.local[order]] if ordered.size else 0.0
    left = block.needed_mwh[block.local[order]] - before
    share = np.clip(ratio(left, ordered, 0.0), 0.0, 1.0)
    ends = (left > LITTLE_MWH) & (left <= ordered + LITTLE_MWH)
    p_mw, full = np.empty_like(most), np.empty(most.size, dtype=bool)
    p_mw[order], full[order] = share * most[order], (share >= 1.0) & ~ends
    partly = np.full(block.needed_mwh.size, -1)
    partly[block.local[order[ends]][::-1]] = order[ends][::-1]
    return Filling(p_mw, full, partly)


def _vertex(block: SessionBlock, filling: Filling) -> tuple[Statuses, Statuses]:
    """Status of the columns and of the rows of a block; a column that is not special is at its lower bound."""
    at = block.columns
    columns = np.full(block.n_columns, LOWER, dtype=np.int8)
    rows = np.full(block.program.row_lower.size, BASIC, dtype=np.int8)
    if block.flexibility.reservoir is None:
        return columns, rows
    columns[at.charge][filling.full] = UPPER
    needs = filling.partly >= 0
    columns[filling.partly[needs]] = BASIC
    feeds = np.zeros(needs.size, dtype=bool)
    feeds[block.local[block.fed]] = True
    rows[: block.n_charging][needs[~feeds]] = LOWER
    rows[block.n_charging :] = LOWER
    columns[at.energy] = BASIC
    of_slot = block.local[block.fed]
    last = np.flatnonzero(np.append(of_slot[1:] != of_slot[:-1], True)) if of_slot.size else block.fed
    columns[at.energy][last[needs[of_slot[last]]]] = LOWER
    return columns, rows
