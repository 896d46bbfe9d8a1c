"""The walk of all stocks through time, compiled: what couples one step of the tracing to the next.

Departures and arrivals, then discharge, mixing in the grid and charge, step after step. Of the grid only the nodes
that matter to a store are solved here; all others follow afterwards, for a block of steps at once. What the stores
did in a block is first sorted by step (`carbon.stock_desk`), so that each step reads and writes its own few lines.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from carbon.elimination import Pattern
from carbon.mixing_kernel import Block
from carbon.stock_desk import Desk, Stores
from grid.series import Floats, Ints

EMPTY_MWH = 1e-9
"""A stock of no more energy than this (1 mWh) is empty; a discharge may exceed the stock by no more."""
CHARGE, DISCHARGE, FUEL, STANDING, ARRIVING = range(5)
THROUGH = CHARGE
"""Of what leaves a stock: the share of the charge that leaves in the same step, as fuel the stock did not hold."""
EMPTIES = ARRIVING
"""Of what leaves a stock: whether nothing is left, so that the residue leaves too."""
ROUNDING = 1e-14
"""A negative rest this small against what was there is the rounding of a stock that all has left."""
IDLE = -1.0
"""In that place: nothing leaves and nothing comes, as in most steps of most charging sessions."""


class Book(NamedTuple):
    """The running account of all stocks: column 0 is energy, the others are the R properties.

    Args:
        content: What each stock holds now, shape (O, 1 + R).
        mix: What a MWh in each stock carries, the last known while it is empty, shape (O, R).
        total: Content of each class and what rounding took from it, shape (2, 1 + R, 2).
        fed: Discharged at each node in this step, by rank, shape (B, R) for B nodes [x/h].
        carried: What a MWh carries at each touched node in this step, by rank, shape (B, R).
        moved: What moved in every step, class and way, shape (T, 2, 5, 1 + R).
        contents: What each class holds at the end of every step, shape (T, 1 + R, 2).
        meter_mwh: Charged and discharged at the terminals, by step and class, shape (T, 2, 2) [MWh].
        driven: What left before each device's start, shape (N, 1 + R).
        overdrawn: First step in which a device took out too much, else -1, shape (N,).
        excess_mwh: How much too much that was, shape (N,) [MWh].
    """

    content: Floats
    mix: Floats
    total: Floats
    fed: Floats
    carried: Floats
    moved: Floats
    contents: Floats
    meter_mwh: Floats
    driven: Floats
    overdrawn: Ints
    excess_mwh: Floats


@njit(cache=True, nogil=True)
def walk(
    first: int, n_steps: int, step_hours: float, pattern: Pattern, stores: Stores, desk: Desk, book: Book, block: Block
) -> None:
    """Steps `first` to `first + n_steps`; `block` is factored and passed on, and the stores' discharge is added."""
    for k in range(n_steps):
        _connect(first + k, stores, book)
        charging, discharging = _take_out(first + k, k, step_hours, stores, desk, book)
        if discharging:
            _pass_on(k, pattern, stores.touched, book, block)
        if charging:
            _take_up(k, pattern, stores.touched, book, block)
        _put_in(first + k, k, step_hours, stores, desk, book)


@njit(cache=True, nogil=True)
def _connect(step: int, stores: Stores, book: Book) -> None:
    """Books what left and what arrived between sessions, for the devices that start now."""
    for place in range(stores.starts[step], stores.starts[step + 1]):
        device = stores.by_start[place]
        owner = stores.owner[device]
        kind, e_mwh, e_start_mwh = stores.kind[owner], book.content[owner, 0], stores.e_start_mwh[device]
        share = (e_mwh - e_start_mwh) / e_mwh if e_mwh > e_start_mwh else 0.0
        for q in range(book.content.shape[1]):
            held = book.content[owner, q]
            driven = held * share
            arriving = stores.per_initial_mwh[owner, q] * max(e_start_mwh - e_mwh, 0.0)
            book.content[owner, q] = held + arriving - driven
            book.driven[device, q] = driven
            book.moved[step, kind, FUEL, q] += driven
            book.moved[step, kind, ARRIVING, q] += arriving
            _add(book.total, kind, q, book.content[owner, q])
            _add(book.total, kind, q, -held)


@njit(cache=True, nogil=True)
def _take_out(step: int, k: int, step_hours: float, stores: Stores, desk: Desk, book: Book) -> tuple[bool, bool]:
    """What leaves every stock, as shares of its content; feeds discharges into the grid.

    Says whether some store charges and whether some store discharges.
    """
    charging, discharging = False, False
    for entry in range(desk.bounds[k], desk.bounds[k + 1]):
        seat, p_mw, fuel_mwh = desk.seat[entry], desk.p_mw[entry], step_hours * desk.p_drain_mw[entry]
        device, owner, n = desk.who[seat, 0], desk.who[seat, 1], desk.who[seat, 2]
        eta_charge, eta, kept = desk.eta[entry, 0], desk.eta[entry, 1], desk.kept[seat]
        e_mwh = book.content[owner, 0]
        if p_mw == 0.0 and kept == 1.0 and fuel_mwh == 0.0 and e_mwh > EMPTY_MWH:  # plugged in, and nothing happens
            desk.leaving[entry, EMPTIES] = IDLE
            desk.record[entry, 0], desk.record[entry, 1], desk.record[entry, 2] = e_mwh, 0.0, 0.0
            for r in range(book.mix.shape[1]):
                desk.record[entry, 3 + r] = book.content[owner, 1 + r] / e_mwh
            continue
        per_mwh = 1.0 / e_mwh if e_mwh > 0.0 else 0.0
        taken_mwh = step_hours * -p_mw / eta if p_mw < 0.0 else 0.0
        gained_mwh = eta_charge * step_hours * max(p_mw, 0.0)
        left_mwh = kept * e_mwh + gained_mwh - taken_mwh - fuel_mwh
        if left_mwh < -EMPTY_MWH and book.overdrawn[device] < 0:
            book.overdrawn[device] = step
            book.excess_mwh[device] = -left_mwh
        share = min(taken_mwh * per_mwh, kept)
        desk.leaving[entry, DISCHARGE] = share
        held_mwh = (kept - share) * e_mwh
        if fuel_mwh <= held_mwh:
            desk.leaving[entry, FUEL] = fuel_mwh * per_mwh
            desk.leaving[entry, THROUGH] = 0.0
        else:
            desk.leaving[entry, FUEL] = kept - share
            desk.leaving[entry, THROUGH] = min((fuel_mwh - held_mwh) / gained_mwh, 1.0) if gained_mwh > 0.0 else 0.0
        desk.leaving[entry, STANDING] = 1.0 - kept
        desk.leaving[entry, EMPTIES] = 1.0 if left_mwh <= EMPTY_MWH else 0.0
        charging |= p_mw > 0.0
        discharging |= p_mw < 0.0
        for r in range(book.mix.shape[1]):
            if e_mwh > EMPTY_MWH:
                book.mix[owner, r] = book.content[owner, 1 + r] * per_mwh
            desk.record[entry, 3 + r] = book.mix[owner, r]
            if p_mw < 0.0:
                delivered = eta if stores.lossy[r] else 1.0
                book.fed[n, r] += book.content[owner, 1 + r] * share * delivered / step_hours
    return charging, discharging


@njit(cache=True, nogil=True)
def _pass_on(k: int, pattern: Pattern, touched: Ints, book: Book, block: Block) -> None:
    """Forward substitution of what stores discharge, in the step at place `k` of the block."""
    for n in touched:
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            share = block.lower[c, k]
            for r in range(book.fed.shape[1]):
                book.fed[pattern.later[c], r] += share * book.fed[n, r]
        for r in range(book.fed.shape[1]):
            block.carried[n, r, k] += book.fed[n, r]
            book.fed[n, r] = 0.0


@njit(cache=True, nogil=True)
def _take_up(k: int, pattern: Pattern, touched: Ints, book: Book, block: Block) -> None:
    """Backward substitution at the nodes of the stores, in the step at place `k` of the block."""
    for place in range(touched.size - 1, -1, -1):
        n = touched[place]
        for r in range(book.carried.shape[1]):
            x = block.carried[n, r, k]
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                x += block.upper[c, k] * book.carried[pattern.later[c], r]
            book.carried[n, r] = x * block.per_pivot[n, k]


@njit(cache=True, nogil=True)
def _put_in(step: int, k: int, step_hours: float, stores: Stores, desk: Desk, book: Book) -> None:
    """Moves everything in and out of the stocks, and writes it down."""
    for entry in range(desk.bounds[k], desk.bounds[k + 1]):
        if desk.leaving[entry, EMPTIES] == IDLE:
            continue
        seat, leaving, record = desk.seat[entry], desk.leaving[entry], desk.record[entry]
        owner, n, kind, eta = desk.who[seat, 1], desk.who[seat, 2], desk.who[seat, 3], desk.eta[entry, 0]
        charged_mwh = step_hours * max(desk.p_mw[entry], 0.0)
        book.meter_mwh[step, kind, 0] += charged_mwh
        book.meter_mwh[step, kind, 1] += step_hours * max(-desk.p_mw[entry], 0.0)
        for q in range(book.content.shape[1]):
            held = book.content[owner, q]
            charge = charged_mwh * eta
            if q > 0:
                charge = (charge if stores.lossy[q - 1] else charged_mwh) * book.carried[n, q - 1]
            discharge, fuel, standing = held * leaving[DISCHARGE], held * leaving[FUEL], held * leaving[STANDING]
            fuel += charge * leaving[THROUGH]
            left = held + charge - discharge - fuel - standing
            if -ROUNDING * (abs(held) + abs(charge)) < left < 0.0:  # all of it leaves; carbon may be negative for good
                left = 0.0
            residue = left * leaving[EMPTIES]
            left -= residue
            book.content[owner, q] = left
            book.moved[step, kind, CHARGE, q] += charge
            book.moved[step, kind, DISCHARGE, q] += discharge
            book.moved[step, kind, FUEL, q] += fuel
            book.moved[step, kind, STANDING, q] += standing + residue
            _add(book.total, kind, q, left)
            _add(book.total, kind, q, -held)
            if q == 1:
                record[1], record[2] = charge, discharge
        record[0] = book.content[owner, 0]
    for kind in range(2):
        for q in range(book.content.shape[1]):
            book.contents[step, q, kind] = book.total[kind, q, 0] + book.total[kind, q, 1]


@njit(cache=True, nogil=True)
def _add(total: Floats, kind: int, q: int, value: float) -> None:
    """Adds `value` to total[kind, q], with what rounding takes from the sum beside it (Knuth's two-sum)."""
    old = total[kind, q, 0]
    new = old + value
    part = new - old
    total[kind, q, 1] += (old - (new - part)) + (value - part)
    total[kind, q, 0] = new
