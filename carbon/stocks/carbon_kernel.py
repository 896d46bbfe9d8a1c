"""The walk of all stocks through time, compiled: what couples one step of the tracing to the next.

Departures and arrivals, then discharge, mixing in the grid and charge, step after step, under all conventions at once:
what moves is the same (`carbon.stocks.energy_kernel`), what it carries is not. Of the grid only the nodes that matter
to a store are solved here; all others follow afterwards, for a block of steps at once.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block
from carbon.mixing.compiled import kernel
from carbon.mixing.conventions_kernel import GROSS
from carbon.mixing.elimination import Pattern
from carbon.stocks.account import (
    BY_ARRIVING,
    BY_CHARGE,
    BY_DISCHARGE,
    BY_FUEL,
    BY_STANDING,
    EMPTY_MWH,
    Book,
    driven_share,
    unless_rounding,
)
from carbon.stocks.desk import (
    AFTER,
    CHARGED,
    DEVICE,
    DISCHARGE,
    EMPTIES,
    ETA,
    FUEL,
    GAINED,
    KIND,
    OWNER,
    RANK,
    STANDING,
    THROUGH,
    Desk,
    Stores,
)
from grid.arrays import Floats, Ints


@kernel()
def walk(
    first: int,
    n_steps: int,
    step_hours: float,
    pattern: Pattern,
    kinds: Ints,
    stores: Stores,
    desk: Desk,
    book: Book,
    blocks: Block,
) -> None:
    """Steps `first` to `first + n_steps`; `blocks` are factored and passed on, and the stores' discharge is added."""
    for k in range(n_steps):
        _connect(first + k, stores, book)
        n_charging, n_discharging = _take_out(first + k, k, step_hours, pattern, stores, desk, book)
        for place in range(kinds.size):
            _pass_on(k, place, kinds[place] == GROSS, n_discharging, pattern, stores, book, blocks)
            _take_up(k, place, kinds[place] == GROSS, n_charging, pattern, stores, book, blocks)
        _put_in(first + k, k, stores, desk, book)
        for kind in range(2):
            for q in range(book.contents.shape[1]):
                _add(book.total, kind, q, book.contents[first + k, q, kind])
                book.contents[first + k, q, kind] = book.total[kind, q, 0] + book.total[kind, q, 1]


@kernel()
def _connect(step: int, stores: Stores, book: Book) -> None:
    """Books what left and what arrived between sessions, for the devices that start now."""
    n_properties = stores.lossy.size
    for device in range(stores.starts[step], stores.starts[step + 1]):
        owner = stores.owner[device]
        kind, before_mwh, e_start_mwh = stores.kind[owner], book.before_mwh[device], stores.e_start_mwh[device]
        share, arriving_mwh = driven_share(before_mwh, e_start_mwh), max(e_start_mwh - before_mwh, 0.0)
        e_mwh = before_mwh + arriving_mwh - before_mwh * share
        for q in range(book.content.shape[1]):
            held = book.content[owner, q]
            driven = held * share
            arriving = stores.per_initial_mwh[owner, 1 + q % n_properties] * arriving_mwh
            left = held + arriving - driven
            book.content[owner, q] = left
            book.driven[device, 1 + q] = driven
            book.moved[step, kind, BY_FUEL, 1 + q] += driven
            book.moved[step, kind, BY_ARRIVING, 1 + q] += arriving
            book.contents[step, 1 + q, kind] += left - held
            if e_mwh > EMPTY_MWH:
                book.mix[owner, q] = left / e_mwh
            book.at_start[device, q] = book.mix[owner, q]


@kernel()
def _take_out(
    step: int, k: int, step_hours: float, pattern: Pattern, stores: Stores, desk: Desk, book: Book
) -> tuple[int, int]:
    """Feeds discharges into the grid; lists the nodes that charging and discharging depend on, and counts them."""
    n_charging, n_discharging, n_properties, begin = 0, 0, stores.lossy.size, k * desk.n_most[0]
    for entry in range(begin, begin + desk.n_entries[k]):
        seat = desk.seat[entry]
        n = desk.who[seat, RANK]
        if desk.amount[entry, CHARGED] > 0.0:
            n_charging = _climb(n, step, 0, n_charging, pattern, book)
        elif desk.amount[entry, DISCHARGE] > 0.0:
            n_discharging = _climb(n, step, 1, n_discharging, pattern, book)
            owner, per_hour = desk.who[seat, OWNER], desk.amount[entry, DISCHARGE] / step_hours
            for q in range(book.content.shape[1]):
                delivered = desk.amount[entry, ETA] if stores.lossy[q % n_properties] else 1.0
                book.fed[n, q] += book.content[owner, q] * per_hour * delivered
    return n_charging, n_discharging


@kernel()
def _climb(n: int, step: int, way: int, n_listed: int, pattern: Pattern, book: Book) -> int:
    """Lists `n` and what is not listed yet between it and the root of the elimination tree; says how many there are.

    All that a node's equations refer to lies on that path.
    """
    at, stop = n, n_listed
    while book.listed[way, at] != step:
        book.listed[way, at] = step
        stop += 1
        if pattern.pointer[at] == pattern.pointer[at + 1]:
            break
        at = pattern.later[pattern.pointer[at]]
    at = n
    for place in range(stop - 1, n_listed, -1):
        book.path[way, place] = at
        at = pattern.later[pattern.pointer[at]]
    if stop > n_listed:
        book.path[way, n_listed] = at
    return stop


@kernel()
def _pass_on(
    k: int, place: int, turned: bool, n_listed: int, pattern: Pattern, stores: Stores, book: Book, blocks: Block
) -> None:
    """Forward substitution of what stores discharge, in the step at place `k` of the block, under one convention."""
    n_properties = stores.lossy.size
    coefficient, first = blocks.upper if turned else blocks.lower, place * n_properties
    for j in range(n_listed - 1, -1, -1):
        n = book.path[1, j]
        for r in range(n_properties):
            fed = book.fed[n, first + r] * (blocks.per_pivot[place, n, k] if turned else 1.0)
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                book.fed[pattern.later[c], first + r] += coefficient[place, c, k] * fed
            blocks.carried[place, n, r, k] += fed
            book.fed[n, first + r] = 0.0


@kernel()
def _take_up(
    k: int, place: int, turned: bool, n_listed: int, pattern: Pattern, stores: Stores, book: Book, blocks: Block
) -> None:
    """Backward substitution at the nodes of all who charge, in the step at place `k` of the block.

    Of gross power a MWh charged brings the carbon of what was generated for it, and its renewable share.
    """
    n_properties = stores.lossy.size
    coefficient, first = blocks.lower if turned else blocks.upper, place * n_properties
    for j in range(n_listed):
        n = book.path[0, j]
        factor = blocks.carried[place, n, n_properties, k] if turned else 1.0
        for r in range(n_properties):
            x = blocks.carried[place, n, r, k]
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                x += coefficient[place, c, k] * book.mixed[pattern.later[c], first + r]
            x *= 1.0 if turned else blocks.per_pivot[place, n, k]
            book.mixed[n, first + r] = x
            book.carried[n, first + r] = x / factor if stores.lossy[r] and factor > 0.0 else x


@kernel()
def _put_in(step: int, k: int, stores: Stores, desk: Desk, book: Book) -> None:
    """Moves everything in and out of the stocks, and writes it down."""
    n_properties, begin, amount = stores.lossy.size, k * desk.n_most[0], desk.amount
    journal, written = book.journal, book.journal.begins[step]
    kept = journal.device.size > 0
    journal.begins[step + 1] = written + desk.n_entries[k]
    for entry in range(begin, begin + desk.n_entries[k]):
        seat = desk.seat[entry]
        owner, n, kind = desk.who[seat, OWNER], desk.who[seat, RANK], desk.who[seat, KIND]
        row = written + entry - begin
        if kept:
            journal.device[row], journal.values[0, row] = stores.device[desk.who[seat, DEVICE]], amount[entry, AFTER]
        for q in range(book.content.shape[1]):
            r, held = q % n_properties, book.content[owner, q]
            charge = amount[entry, GAINED] if stores.lossy[r] else amount[entry, CHARGED]
            if charge > 0.0:
                charge *= book.carried[n, q]
            discharge, standing = held * amount[entry, DISCHARGE], held * amount[entry, STANDING]
            fuel = held * amount[entry, FUEL] + charge * amount[entry, THROUGH]
            left = unless_rounding(held + charge - discharge - fuel - standing, held, charge)
            residue = left * amount[entry, EMPTIES]
            left -= residue
            book.content[owner, q] = left
            book.moved[step, kind, BY_CHARGE, 1 + q] += charge
            book.moved[step, kind, BY_DISCHARGE, 1 + q] += discharge
            book.moved[step, kind, BY_FUEL, 1 + q] += fuel
            book.moved[step, kind, BY_STANDING, 1 + q] += standing + residue
            book.contents[step, 1 + q, kind] += left - held
            if amount[entry, AFTER] > EMPTY_MWH:
                book.mix[owner, q] = left / amount[entry, AFTER]
            if kept:
                column = 1 + q // n_properties * (1 + n_properties)
                if r == 0:
                    journal.values[column, row] = charge + discharge
                journal.values[column + 1 + r, row] = book.mix[owner, q]


@kernel()
def _add(total: Floats, kind: int, q: int, value: float) -> None:
    """Adds `value` to total[kind, q], with what rounding takes from the sum beside it (Knuth's two-sum)."""
    old = total[kind, q, 0]
    new = old + value
    part = new - old
    total[kind, q, 1] += (old - (new - part)) + (value - part)
    total[kind, q, 0] = new
