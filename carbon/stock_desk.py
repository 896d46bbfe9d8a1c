"""What the stores did in a block of steps, sorted by step, compiled.

The slots of a device lie one after another in memory, those of a step far apart. They are copied together once a
block, device after device, and what is found out about them goes back the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from carbon.mixing_kernel import Block
from grid.series import Floats, Ints


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
        eta_charge: Shape (N,), or (K,) where it changes [1].
        eta_discharge: Shape (N,) or (K,) [1].
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


class Desk(NamedTuple):
    """The devices connected in a block, each in a seat, and the entries (device and step) of the block by step.

    Args:
        present: Devices that are connected in the block, shape (P,); the first n_present[0] count.
        n_present: Shape (1,).
        who: Device, owner, rank and kind of each seat, shape (P, 4).
        kept: Retention of each seat, shape (P,) [1].
        bounds: Entries of the step at place k are bounds[k] to bounds[k + 1], shape (B + 2,).
        cursor: Next entry of each step, shape (B,).
        seat: Seat of each entry, shape (E,).
        p_mw: Withdrawal at the terminals, shape (E,) [MW].
        p_drain_mw: Drained as fuel, shape (E,) [MW].
        eta: Efficiency of charge and of discharge, shape (E, 2) [1].
        leaving: Share of the content that leaves, by the ways out, and of the charge that leaves at once as fuel,
            shape (E, 5) [1].
        record: Energy at the end, carbon charged and discharged, and the mix at the start, shape (E, 3 + R).
        slots: The same for all slots of the operation, shape (3 + R, K); (3 + R, 0) to keep none.
    """

    present: Ints
    n_present: Ints
    who: Ints
    kept: Floats
    bounds: Ints
    cursor: Ints
    seat: Ints
    p_mw: Floats
    p_drain_mw: Floats
    eta: Floats
    leaving: Floats
    record: Floats
    slots: Floats

    @classmethod
    def pair(cls, stores: Stores, n_steps: int, *, keep_slots: bool = True) -> tuple[Desk, Desk]:
        """Two desks for blocks of `n_steps` steps, so that one can be laid while the other is in use.

        They share the record of all slots.
        """
        n_properties = stores.per_initial_mwh.shape[1] - 1
        slots = np.empty((3 + n_properties, len(stores.p_mw) if keep_slots else 0))
        return cls._of(stores, n_steps, slots), cls._of(stores, n_steps, slots)

    @classmethod
    def _of(cls, stores: Stores, n_steps: int, slots: Floats) -> Desk:
        n_starts = np.diff(stores.starts)
        connected = np.cumsum(n_starts - np.bincount(stores.stop, minlength=len(n_starts) + 1)[: len(n_starts)])
        most = int(connected.max(initial=0))
        starting = int((stores.starts[n_steps:] - stores.starts[:-n_steps]).max(initial=0))
        n_seats = most + (starting or len(stores.owner))
        n_entries = most * n_steps
        return cls(
            present=np.zeros(n_seats, dtype=np.int64),
            n_present=np.zeros(1, dtype=np.int64),
            who=np.zeros((n_seats, 4), dtype=np.int64),
            kept=np.zeros(n_seats),
            bounds=np.zeros(n_steps + 2, dtype=np.int64),
            cursor=np.zeros(n_steps, dtype=np.int64),
            seat=np.empty(n_entries, dtype=np.int64),
            p_mw=np.empty(n_entries),
            p_drain_mw=np.empty(n_entries),
            eta=np.empty((n_entries, 2)),
            leaving=np.empty((n_entries, 5)),
            record=np.empty((n_entries, len(slots))),
            slots=slots,
        )


@njit(cache=True, nogil=True)
def gather(first: int, n_steps: int, stores: Stores, before: Desk, desk: Desk, block: Block) -> None:
    """Sorts what the stores do in steps `first` to `first + n_steps`; enters discharges among the power supplied.

    `before` is the desk of the block before: who sat there may still be connected.
    """
    _seat(first, n_steps, stores, before, desk)
    desk.cursor[:] = desk.bounds[:-2]
    charge_changes = stores.eta_charge.size > stores.owner.size
    discharge_changes = stores.eta_discharge.size > stores.owner.size
    for seat in range(desk.n_present[0]):
        device, n = desk.who[seat, 0], desk.who[seat, 2]
        slot = stores.first_slot[device] - stores.start[device]
        for step in range(max(first, stores.start[device]), min(first + n_steps, stores.stop[device])):
            k = step - first
            entry = desk.cursor[k]
            desk.cursor[k] = entry + 1
            p_mw = stores.p_mw[slot + step]
            desk.seat[entry] = seat
            desk.p_mw[entry] = p_mw
            desk.p_drain_mw[entry] = stores.p_drain_mw[slot + step] if stores.p_drain_mw.size else 0.0
            desk.eta[entry, 0] = stores.eta_charge[slot + step if charge_changes else device]
            desk.eta[entry, 1] = stores.eta_discharge[slot + step if discharge_changes else device]
            if p_mw < 0.0:
                block.excess[n, k] -= p_mw
                block.inflow[n, k] -= p_mw


@njit(cache=True, nogil=True)
def _seat(first: int, n_steps: int, stores: Stores, before: Desk, desk: Desk) -> None:
    """Gives a seat to every device that is connected in the block, and counts the entries of each step."""
    n_present = 0
    for place in range(before.n_present[0]):
        if stores.stop[before.present[place]] > first:
            desk.present[n_present] = before.present[place]
            n_present += 1
    for place in range(stores.starts[first], stores.starts[first + n_steps]):
        desk.present[n_present] = stores.by_start[place]
        n_present += 1
    desk.n_present[0] = n_present
    desk.bounds[:] = 0
    for seat in range(n_present):
        device = desk.present[seat]
        owner = stores.owner[device]
        desk.who[seat, 0], desk.who[seat, 1] = device, owner
        desk.who[seat, 2], desk.who[seat, 3] = stores.rank[device], stores.kind[owner]
        desk.kept[seat] = stores.retention[device]
        desk.bounds[max(stores.start[device] - first, 0) + 1] += 1
        desk.bounds[min(stores.stop[device] - first, n_steps) + 1] -= 1
    for _ in range(2):  # changes of the number of devices, that number, and its sum up to each step
        for k in range(1, desk.bounds.size):
            desk.bounds[k] += desk.bounds[k - 1]


@njit(cache=True, nogil=True)
def scatter(first: int, n_steps: int, stores: Stores, desk: Desk) -> None:
    """Brings what was found out about every entry back to its slot."""
    desk.cursor[:] = desk.bounds[:-2]
    for seat in range(desk.n_present[0]):
        device = desk.who[seat, 0]
        slot = stores.first_slot[device] - stores.start[device]
        for step in range(max(first, stores.start[device]), min(first + n_steps, stores.stop[device])):
            entry = desk.cursor[step - first]
            desk.cursor[step - first] = entry + 1
            for column in range(desk.record.shape[1]):
                desk.slots[column, slot + step] = desk.record[entry, column]
