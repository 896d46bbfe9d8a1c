"""The walk of all stocks through time, compiled: what couples one step of the tracing to the next.

Departures and arrivals, then discharge, mixing in the grid and charge, step after step. Of the grid only the nodes
that matter to a store are solved here; all others follow afterwards, for a block of steps at once.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from carbon.elimination import Pattern
from carbon.mixing_kernel import Block
from grid.series import Floats, Ints

EMPTY_MWH = 1e-9
"""A stock of no more energy than this (1 mWh) is empty; a discharge may exceed the stock by no more."""
CHARGE, DISCHARGE, FUEL, STANDING, ARRIVING = range(5)


class Stores(NamedTuple):
    """What every store did, as the kernel reads it: N devices, K slots, O owners, R properties (see `StockOperation`).

    Args:
        owner: Stock of each device, shape (N,).
        rank: Rank of the node of each device, shape (N,).
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,).
        first_slot: First slot of each device, shape (N,).
        by_start: Devices sorted by start, shape (N,).
        starts: Devices that start in step t are by_start[starts[t] : starts[t + 1]], shape (T + 1,).
        kind: 0 for a vehicle, 1 for a stationary store, shape (O,).
        p_mw: Withdrawal at the terminals, shape (K,) [MW].
        p_drain_mw: Energy drained as fuel, shape (K,) [MW]; shape (0,) if there is none.
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        eta_charge: Shape (N,) [1].
        eta_discharge: Shape (N,) [1].
        retention: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        per_initial_mwh: What a MWh carries at first and from outside: itself and each property, shape (O, 1 + R).
        lossy: 1 for a property that conversion losses take along, like a share of the energy; 0 for one that whoever
            receives the rest inherits, like carbon; shape (R,).
        touched: Ranks of the nodes of all stores and of those eliminated later because of them, ascending, shape (M,).
    """

    owner: Ints
    rank: Ints
    start: Ints
    stop: Ints
    first_slot: Ints
    by_start: Ints
    starts: Ints
    kind: Ints
    p_mw: Floats
    p_drain_mw: Floats
    e_start_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    retention: Floats
    per_initial_mwh: Floats
    lossy: Ints
    touched: Ints


class Book(NamedTuple):
    """The running account of all stocks: column 0 is energy, the others are the R properties.

    Args:
        content: What each stock holds now, shape (O, 1 + R).
        mix: What a MWh in each stock carries, the last known while it is empty, shape (O, R).
        connected: Devices connected now, shape (O,); the first n_connected[0] count.
        n_connected: Shape (1,).
        leaving: Share of the content that leaves each connected stock, by the ways out, shape (O, 5) [1].
        total: Content of each class and what rounding took from it, shape (2, 1 + R, 2).
        fed: Discharged at each node in this step, by rank, shape (B, R) for B nodes [x/h].
        carried: What a MWh carries at each touched node in this step, by rank, shape (B, R).
        moved: What moved in every step, class and way, shape (T, 2, 5, 1 + R).
        contents: What each class holds at the end of every step, shape (T, 1 + R, 2).
        meter_mwh: Charged and discharged at the terminals, by step and class, shape (T, 2, 2) [MWh].
        driven: What left before each device's start, shape (N, 1 + R).
        overdrawn: First step in which a device took out too much, else -1, shape (N,).
        excess_mwh: How much too much that was, shape (N,) [MWh].
        slots: End energy, carbon charged, carbon discharged and the mix at the start, shape (3 + R, K), or (3 + R, 0)
            to keep no such record.
    """

    content: Floats
    mix: Floats
    connected: Ints
    n_connected: Ints
    leaving: Floats
    total: Floats
    fed: Floats
    carried: Floats
    moved: Floats
    contents: Floats
    meter_mwh: Floats
    driven: Floats
    overdrawn: Ints
    excess_mwh: Floats
    slots: Floats


@njit(cache=True, nogil=True)
def feed(first: int, n_steps: int, stores: Stores, book: Book, block: Block) -> None:
    """Enters what stores discharge in steps `first` to `first + n_steps` among the power supplied."""
    n_connected, n_starting = book.n_connected[0], stores.starts[first + n_steps] - stores.starts[first]
    for place in range(n_connected + n_starting):
        if place < n_connected:
            device = book.connected[place]
        else:
            device = stores.by_start[stores.starts[first] + place - n_connected]
        n, slot = stores.rank[device], stores.first_slot[device] - stores.start[device]
        for step in range(max(first, stores.start[device]), min(first + n_steps, stores.stop[device])):
            p_mw = stores.p_mw[slot + step]
            if p_mw < 0.0:
                block.excess[n, step - first] -= p_mw
                block.inflow[n, step - first] -= p_mw


@njit(cache=True, nogil=True)
def walk(
    first: int, n_steps: int, step_hours: float, pattern: Pattern, stores: Stores, book: Book, block: Block
) -> None:
    """Steps `first` to `first + n_steps`; `block` is factored and passed on, and the stores' discharge is added."""
    for k in range(n_steps):
        _connect(first + k, stores, book)
        charging, discharging = _take_out(first + k, step_hours, stores, book)
        if discharging:
            _pass_on(k, pattern, stores.touched, book, block)
        if charging:
            _take_up(k, pattern, stores.touched, book, block)
        _put_in(first + k, step_hours, stores, book)


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
            _add(book.total[kind, q], book.content[owner, q])
            _add(book.total[kind, q], -held)
        book.connected[book.n_connected[0]] = device
        book.n_connected[0] += 1


@njit(cache=True, nogil=True)
def _take_out(step: int, step_hours: float, stores: Stores, book: Book) -> tuple[bool, bool]:
    """What leaves every stock, as shares of its content; feeds discharges into the grid.

    Says whether some store charges and whether some store discharges.
    """
    charging, discharging = False, False
    for place in range(book.n_connected[0]):
        device = book.connected[place]
        owner, n = stores.owner[device], stores.rank[device]
        slot = stores.first_slot[device] + step - stores.start[device]
        e_mwh, kept, eta = book.content[owner, 0], stores.retention[device], stores.eta_discharge[device]
        per_mwh = 1.0 / e_mwh if e_mwh > 0.0 else 0.0
        p_mw = stores.p_mw[slot]
        taken_mwh = step_hours * max(-p_mw, 0.0) / eta
        fuel_mwh = step_hours * stores.p_drain_mw[slot] if stores.p_drain_mw.size else 0.0
        left_mwh = kept * e_mwh + stores.eta_charge[device] * step_hours * max(p_mw, 0.0) - taken_mwh - fuel_mwh
        if left_mwh < -EMPTY_MWH and book.overdrawn[device] < 0:
            book.overdrawn[device] = step
            book.excess_mwh[device] = -left_mwh
        share = min(taken_mwh * per_mwh, kept)
        leaving = book.leaving[place]
        leaving[DISCHARGE] = share
        leaving[FUEL] = min(fuel_mwh * per_mwh, kept - share)
        leaving[STANDING] = 1.0 - kept
        leaving[ARRIVING] = 1.0 if left_mwh <= EMPTY_MWH else 0.0  # nothing is left: the residue leaves too
        charging |= p_mw > 0.0
        discharging |= p_mw < 0.0
        for r in range(book.mix.shape[1]):
            if e_mwh > EMPTY_MWH:
                book.mix[owner, r] = book.content[owner, 1 + r] * per_mwh
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
def _put_in(step: int, step_hours: float, stores: Stores, book: Book) -> None:
    """Moves everything, writes it down and lets go of the devices that leave after this step."""
    n_connected = book.n_connected[0]
    book.n_connected[0] = 0
    for place in range(n_connected):
        device = book.connected[place]
        owner = stores.owner[device]
        kind, slot = stores.kind[owner], stores.first_slot[device] + step - stores.start[device]
        charged_mwh = step_hours * max(stores.p_mw[slot], 0.0)
        book.meter_mwh[step, kind, 0] += charged_mwh
        book.meter_mwh[step, kind, 1] += step_hours * max(-stores.p_mw[slot], 0.0)
        _move(step, device, charged_mwh, book.leaving[place], stores, book)
        if book.slots.shape[1]:
            book.slots[0, slot] = book.content[owner, 0]
            for r in range(book.mix.shape[1]):
                book.slots[3 + r, slot] = book.mix[owner, r]
        if step + 1 < stores.stop[device]:
            book.connected[book.n_connected[0]] = device
            book.n_connected[0] += 1
    for kind in range(2):
        for q in range(book.content.shape[1]):
            book.contents[step, q, kind] = book.total[kind, q, 0] + book.total[kind, q, 1]


@njit(cache=True, nogil=True)
def _move(step: int, device: int, charged_mwh: float, leaving: Floats, stores: Stores, book: Book) -> None:
    """What goes into and out of one stock."""
    owner, n = stores.owner[device], stores.rank[device]
    kind, eta = stores.kind[owner], stores.eta_charge[device]
    moved = book.moved[step, kind]
    for q in range(book.content.shape[1]):
        held = book.content[owner, q]
        charge = charged_mwh * eta
        if q > 0:
            charge = (charge if stores.lossy[q - 1] else charged_mwh) * book.carried[n, q - 1]
        discharge, fuel, standing = held * leaving[DISCHARGE], held * leaving[FUEL], held * leaving[STANDING]
        left = held + charge - discharge - fuel - standing
        residue = left * leaving[ARRIVING]
        book.content[owner, q] = left - residue
        moved[CHARGE, q] += charge
        moved[DISCHARGE, q] += discharge
        moved[FUEL, q] += fuel
        moved[STANDING, q] += standing + residue
        _add(book.total[kind, q], left - residue)
        _add(book.total[kind, q], -held)
        if q == 1 and book.slots.shape[1]:
            slot = stores.first_slot[device] + step - stores.start[device]
            book.slots[1, slot] = charge
            book.slots[2, slot] = discharge


@njit(cache=True, nogil=True)
def _add(total: Floats, value: float) -> None:
    """Adds `value` to total[0], and what rounding takes from the sum to total[1] (Knuth's two-sum)."""
    old = total[0]
    new = old + value
    part = new - old
    total[1] += (old - (new - part)) + (value - part)
    total[0] = new
