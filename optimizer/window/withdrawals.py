"""Where the columns of a programme draw their power: at buses, or in the phases of buses where these are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints, rank_in_run, run_of, run_offsets
from optimizer.network.linearisation import Linearisation
from optimizer.network.network_limits import like_rows
from optimizer.window.programme import Window

SHORT_ROWS = 200
"""Up to so many columns a step, rows of losses know every device by itself."""


class Part(NamedTuple):
    """Columns of one kind; W of them.

    Args:
        place: Place of each column, shape (W,).
        step: Step in the window, shape (W,).
        sign: 1 for withdrawal, -1 for feed-in.
        shares: Which matrix of shares they refer to.
        share_row: Row of it that says where, shape (W,).
        reactive: Whether they move reactive power.
    """

    place: Ints
    step: Ints
    sign: float
    shares: int
    share_row: Ints
    reactive: bool = False


@dataclass(frozen=True, eq=False)
class Withdrawals:
    """Columns of a programme that withdraw power at the terminals of a grid's limits; W of them, sorted by step.

    Args:
        place: Place of each column, shape (W,).
        step: Step in the window, shape (W,).
        sign: 1 for withdrawal, -1 for feed-in, shape (W,).
        share_row: Row of `shares` that says where, shape (W,).
        reactive: Whether it is reactive power, shape (W,).
        shares: Shares at the terminals, shape (R, terminals).
    """

    place: Ints
    step: Ints
    sign: Floats
    share_row: Ints
    reactive: Bools
    shares: sparse.csr_array

    @classmethod
    def from_parts(cls, parts: Sequence[Part], shares: Sequence[sparse.csr_array]) -> Withdrawals:
        """Joins parts, each with its own shares, and sorts them by step; devices that draw alike have one row."""
        place = _joined([part.place for part in parts])
        step = _joined([part.step for part in parts])
        used = [_joined([part.share_row for part in parts if part.shares == k]) for k in range(len(shares))]
        chosen = [np.unique(rows) for rows in used]
        distinct, row_of = _distinct_rows(sparse.csr_array(sparse.vstack([
            sparse.csr_array(matrix)[rows] for matrix, rows in zip(shares, chosen, strict=True)
        ])))  # fmt: skip
        first = run_offsets(np.array([rows.size for rows in chosen]))
        row = _joined([
            row_of[first[part.shares] + np.searchsorted(chosen[part.shares], part.share_row)] for part in parts
        ])  # fmt: skip
        sign = np.repeat([part.sign for part in parts], [part.place.size for part in parts])
        reactive = np.repeat([part.reactive for part in parts], [part.place.size for part in parts])
        order = np.argsort(step, kind="stable")
        return cls(place[order], step[order], sign[order], row[order], reactive[order], distinct)

    def at_steps(self, steps: Ints) -> tuple[Ints, Ints]:
        """Where the columns of some steps begin and how many each has, shape (J,) each."""
        first = np.searchsorted(self.step, steps)
        return first, np.searchsorted(self.step, steps, side="right") - first

    def per_share(self, per_withdrawal: Floats) -> Floats:
        """What a unit more of each row of shares changes of J functions, shape (J, R).

        Args:
            per_withdrawal: Change per withdrawal at the terminals, shape (J, terminals) [1/MW or 1/MVAr].
        """
        return np.ascontiguousarray((self.shares @ per_withdrawal.T).T)


def device_withdrawals(window: Window) -> Withdrawals:
    """Every device of a window by itself: exact, for limits of branches and voltages."""
    parts, shares = _lasting(window)
    for block, at in window.placed_blocks():
        places, fed = np.arange(window.n_columns), block.fed
        parts.append(Part(places[at.charge], block.step, 1.0, len(shares), block.device))
        parts.append(Part(places[at.discharge], block.step[fed], -1.0, len(shares), block.device[fed]))
        shares.append(window.limits.shares(block.flexibility))
    return Withdrawals.from_parts(parts, shares)


def cell_withdrawals(window: Window) -> Withdrawals:
    """The same where sessions are known by the cells in which they draw, which stand after the own columns."""
    parts, shares = _lasting(window)
    cells, n_own = window.cells, window.compiled.program.cost.size
    for place, block in enumerate(window.blocks):
        mine = np.flatnonzero(cells.block == place)
        parts.append(Part(n_own + mine, cells.step[mine], 1.0, len(shares), cells.device[mine]))
        shares.append(window.limits.shares(block.flexibility))
    return Withdrawals.from_parts(parts, shares)


def withdrawals_for_losses(window: Window, by_device: Withdrawals) -> Withdrawals:
    """Every device by itself as long as rows are short; groups of sessions as one where they would be long."""
    slots = sum(block.slot.size for block in window.blocks)
    return by_device if slots <= SHORT_ROWS * window.n_steps else group_withdrawals(window)


def group_withdrawals(window: Window) -> Withdrawals:
    """Each group of sessions as one, where its connected devices are on average: short rows, for losses.

    Where a group draws within its area changes the losses too; this leaves that out, so the programme's losses stay off
    by as much.
    """
    parts, shares = _lasting(window)
    steps = np.arange(window.n_steps)
    for place, block in enumerate(window.blocks):
        at = (block.p_max_mw, (block.step, block.device))
        connected = sparse.csr_array(at, shape=(window.n_steps, block.flexibility.n_devices))
        total = np.maximum(np.asarray(connected.sum(axis=1)).ravel(), 1e-12)
        parts.append(Part(window.compiled.columns["sessions_mw"][place], steps, 1.0, len(shares), steps))
        of_devices = window.limits.shares(block.flexibility)
        shares.append(sparse.csr_array(sparse.diags_array(1 / total) @ connected @ of_devices))
    return Withdrawals.from_parts(parts, shares)


def rows_by_column(
    columns: Withdrawals, rows: Linearisation, now: Floats, slack: Ints, least: float
) -> tuple[sparse.csr_array, Floats]:
    """Rows ``slack[step] - sum(coefficient * column)``, and what is left of each value at `now` without the sum.

    So ``value = constant + sum(coefficient * column)`` for columns near `now`, shape (columns,).
    """
    first, length = columns.at_steps(rows.step)
    row = run_of(length)
    column = first[row] + rank_in_run(length)
    share = columns.share_row[column]
    coefficient = columns.per_share(rows.per_mw)[row, share]
    reactive = columns.reactive[column]
    if reactive.any():
        coefficient = np.where(reactive, columns.per_share(rows.per_mvar)[row, share], coefficient)
    coefficient *= columns.sign[column]
    size, largest = np.abs(coefficient), np.zeros(rows.step.size)
    np.maximum.at(largest, row, size)
    kept = np.flatnonzero((size >= least * largest[row]) & (size > 0.0))
    row, place, coefficient = row[kept], columns.place[column[kept]], coefficient[kept]
    constant = rows.value - np.bincount(row, weights=coefficient * now[place], minlength=rows.step.size)
    every = np.arange(rows.step.size)
    at = (np.concatenate([row, every]), np.concatenate([place, slack[rows.step]]))
    entries = np.concatenate([-coefficient, np.ones(rows.step.size)])
    return sparse.csr_array((entries, at), shape=(rows.step.size, now.size)), constant


def _lasting(window: Window) -> tuple[list[Part], list[sparse.csr_array]]:
    """Columns of units, stores and inverters, and the shares of their devices."""
    columns, roles = window.compiled.columns, window.roles
    of_devices = (window.limits.shares(flexibility) for flexibility in roles.lasting)
    shares = sparse.csr_array(sparse.vstack([sparse.csr_array((0, window.limits.n_terminals)), *of_devices]))
    inverters = np.array(roles.inverters, dtype=np.int64)
    parts = []
    for name, row, sign, reactive in (
        ("unit_mw", np.arange(roles.n_units), 1.0, False),
        ("charge_mw", roles.n_units + window.segment_store, 1.0, False),
        ("discharge_mw", roles.n_units + np.arange(roles.n_stores), -1.0, False),
        ("q_draw_mvar", inverters, 1.0, True),
        ("q_supply_mvar", inverters, -1.0, True),
    ):
        place = columns[name]
        step = np.broadcast_to(np.arange(window.n_steps), place.shape)
        share_row = np.broadcast_to(row[:, None], place.shape)
        parts.append(Part(place.ravel(), step.ravel(), sign, 0, share_row.ravel(), reactive))
    return parts, [shares]


def _joined(parts: Sequence[Ints]) -> Ints:
    """Arrays of integers one after another."""
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _distinct_rows(shares: sparse.csr_array) -> tuple[sparse.csr_array, Ints]:
    """Rows without those that say the same again, shape (R', terminals), and which of them each row is, shape (R,)."""
    kept, row_of = np.unique(like_rows(shares), return_inverse=True)
    return sparse.csr_array(shares[kept]), row_of
