"""The energy of all stocks, device after device, compiled: what happens in them that no mixing in the grid changes.

What leaves a stock takes energy, carbon and all other properties in the same proportion, so one share of the content
for each way out says it all. The shares follow from the energy alone.
"""

from __future__ import annotations

from carbon.mixing.compiled import kernel
from carbon.mixing.inputs_kernel import Entry
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
    take_seats,
)


@kernel()
def gather(
    first: int, n_steps: int, step_hours: float, stores: Stores, before: Desk, desk: Desk, book: Book, entry: Entry
) -> None:
    """Sorts what happens in the stores in steps `first` to `first + n_steps`, and books its energy.

    What they discharge enters among the power fed in, what they charge among the uses.

    Args:
        first: First step of the block.
        n_steps: Number of its steps.
        step_hours: Length of a step [h].
        stores: What every store did.
        before: The desk of the block before.
        desk: The desk of this one.
        book: The account.
        entry: What enters the equations of the block.
    """
    take_seats(first, n_steps, stores, before, desk)
    for seat in range(desk.n_present[0]):
        _work(first, n_steps, step_hours, seat, stores, desk, book, entry)


@kernel()
def _work(
    first: int, n_steps: int, step_hours: float, seat: int, stores: Stores, desk: Desk, book: Book, entry: Entry
) -> None:
    """All steps of one device in the block."""
    device, owner, n = desk.who[seat, DEVICE], desk.who[seat, OWNER], desk.who[seat, RANK]
    start, kept = stores.start[device], stores.retention[device]
    if start >= first:
        _start(device, start, desk.who[seat, KIND], stores, book)
    offset, drains = stores.first_slot[device] - start, stores.p_drain_mw.size > 0
    e_mwh = book.e_mwh[owner]
    for step in range(max(first, start), min(first + n_steps, stores.stop[device])):
        slot, k = offset + step, step - first
        p_mw = stores.p_mw[slot]
        fuel_mwh = step_hours * stores.p_drain_mw[slot] if drains else 0.0
        if p_mw != 0.0 or kept != 1.0 or fuel_mwh != 0.0 or 0.0 < e_mwh <= EMPTY_MWH:
            place = k * desk.n_most[0] + desk.n_entries[k]
            desk.n_entries[k] += 1
            desk.seat[place] = seat
            e_mwh = _move(step, step_hours, place, slot, p_mw, fuel_mwh, e_mwh, stores, desk, book)
            if p_mw < 0.0:
                entry.power[n, k] -= p_mw
            elif entry.use.shape[0]:
                entry.use[n, k] += p_mw
    book.e_mwh[owner] = e_mwh


@kernel()
def _start(device: int, step: int, kind: int, stores: Stores, book: Book) -> None:
    """Books what left and what arrived between sessions."""
    owner, e_start_mwh = stores.owner[device], stores.e_start_mwh[device]
    before_mwh = book.e_mwh[owner]
    driven_mwh = before_mwh * driven_share(before_mwh, e_start_mwh)
    arriving_mwh = max(e_start_mwh - before_mwh, 0.0)
    after_mwh = before_mwh + arriving_mwh - driven_mwh
    book.before_mwh[device], book.e_mwh[owner] = before_mwh, after_mwh
    book.driven[device, 0] = driven_mwh
    book.moved[step, kind, BY_FUEL, 0] += driven_mwh
    book.moved[step, kind, BY_ARRIVING, 0] += arriving_mwh
    book.contents[step, 0, kind] += after_mwh - before_mwh


@kernel()
def _move(
    step: int,
    step_hours: float,
    place: int,
    slot: int,
    p_mw: float,
    fuel_mwh: float,
    e_mwh: float,
    stores: Stores,
    desk: Desk,
    book: Book,
) -> float:
    """Makes an entry, and books its energy; returns what is in the stock after it [MWh]."""
    seat = desk.seat[place]
    device, kind = desk.who[seat, DEVICE], desk.who[seat, KIND]
    kept = stores.retention[device]
    eta_charge = stores.eta_charge[slot if stores.eta_charge_by_slot else device]
    eta = stores.eta_discharge[slot if stores.eta_discharge_by_slot else device]
    per_mwh = 1.0 / e_mwh if e_mwh > 0.0 else 0.0
    charged_mwh, given_mwh = step_hours * max(p_mw, 0.0), step_hours * max(-p_mw, 0.0)
    gained_mwh, taken_mwh = eta_charge * charged_mwh, given_mwh / eta
    left_mwh = kept * e_mwh + gained_mwh - taken_mwh - fuel_mwh
    if left_mwh < -EMPTY_MWH and book.overdrawn[device] < 0:
        book.overdrawn[device] = step
        book.excess_mwh[device] = -left_mwh
    share = min(taken_mwh * per_mwh, kept)
    held_mwh = (kept - share) * e_mwh
    fuel, through = fuel_mwh * per_mwh, 0.0
    if fuel_mwh > held_mwh:
        fuel = kept - share
        through = min((fuel_mwh - held_mwh) / gained_mwh, 1.0) if gained_mwh > 0.0 else 0.0
    out_mwh, burnt_mwh, lost_mwh = e_mwh * share, e_mwh * fuel + gained_mwh * through, e_mwh * (1.0 - kept)
    after_mwh = unless_rounding(e_mwh + gained_mwh - out_mwh - burnt_mwh - lost_mwh, e_mwh, gained_mwh)
    empties = 1.0 if left_mwh <= EMPTY_MWH else 0.0
    lost_mwh += after_mwh * empties
    after_mwh -= after_mwh * empties
    amount = desk.amount
    amount[place, CHARGED], amount[place, GAINED], amount[place, DISCHARGE] = charged_mwh, gained_mwh, share
    amount[place, FUEL], amount[place, STANDING], amount[place, THROUGH] = fuel, 1.0 - kept, through
    amount[place, EMPTIES], amount[place, ETA], amount[place, AFTER] = empties, eta, after_mwh
    book.moved[step, kind, BY_CHARGE, 0] += gained_mwh
    book.moved[step, kind, BY_DISCHARGE, 0] += out_mwh
    book.moved[step, kind, BY_FUEL, 0] += burnt_mwh
    book.moved[step, kind, BY_STANDING, 0] += lost_mwh
    book.contents[step, 0, kind] += after_mwh - e_mwh
    book.meter_mwh[step, kind, 0] += charged_mwh
    book.meter_mwh[step, kind, 1] += given_mwh
    return after_mwh
