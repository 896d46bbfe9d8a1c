"""What the stores did in a block of steps, sorted by step, compiled.

The slots of a device lie one after another in memory, those of a step far apart. Those in which something happens are
copied together once a block, device after device; what is found out about them goes into a journal, step after step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import kernel
from grid.arrays import Floats, Ints

DEVICE, OWNER, RANK, KIND = range(4)
"""Who sits in a seat."""
CHARGED, GAINED, DISCHARGE, FUEL, STANDING, THROUGH, EMPTIES, ETA, AFTER = range(9)
"""What happens in an entry: energy charged, at the terminals and in the stock [MWh]; the shares of the content that
leave by discharge, as fuel and by standing loss, and the share of the charge that leaves in the same step, as fuel the
stock did not hold [1]; 1 if nothing is left, so that the residue leaves too, else 0; the efficiency of the discharge
[1]; the energy that is there after it [MWh]."""


class Stores(NamedTuple):
    """What every store did, as the kernel reads it: N devices, K slots, O owners, R properties (see `StockOperation`).

    Devices come in the order of their start, so that what is in use at a time lies together.

    Args:
        device: What the operation calls each device, shape (N,).
        owner: Stock of each device, shape (N,).
        rank: Rank of the node of each device, shape (N,).
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,).
        first_slot: First slot of each device, shape (N,).
        starts: Devices that start in step t are starts[t] to starts[t + 1], shape (T + 1,).
        kind: 0 for a vehicle, 1 for a stationary store, shape (O,).
        p_mw: Withdrawal at the terminals, shape (K,) [MW].
        p_drain_mw: Energy drained as fuel, shape (K,) [MW]; shape (0,) if there is none.
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        eta_charge: Shape (N,), or (K,) where it changes [1].
        eta_discharge: Shape (N,) or (K,) [1].
        eta_charge_by_slot: Whether `eta_charge` has one value a slot, else one a device.
        eta_discharge_by_slot: Likewise.
        retention: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        per_initial_mwh: What a MWh carries at first and from outside: itself and each property, shape (O, 1 + R).
        lossy: 1 for a property that conversion losses take along, like a share of the energy; 0 for one that whoever
            receives the rest inherits, like carbon; shape (R,).
    """

    device: Ints
    owner: Ints
    rank: Ints
    start: Ints
    stop: Ints
    first_slot: Ints
    starts: Ints
    kind: Ints
    p_mw: Floats
    p_drain_mw: Floats
    e_start_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    eta_charge_by_slot: bool
    eta_discharge_by_slot: bool
    retention: Floats
    per_initial_mwh: Floats
    lossy: Ints


class Desk(NamedTuple):
    """The devices connected in a block, each in a seat, and the entries of the block by step.

    An entry is a slot (device and step) in which something happens: most of most charging sessions is rest, which
    changes neither energy nor carbon. Entries of the step at place k of the block begin at k * n_most[0].

    Args:
        present: Devices that are connected in the block, shape (P,); the first n_present[0] count.
        n_present: Shape (1,).
        who: Device, owner, rank and kind of each seat, shape (P, 4).
        n_most: How many devices are connected at once at most, shape (1,).
        n_entries: Number of entries of each step, shape (B,).
        seat: Seat of each entry, shape (E,).
        amount: What happens in each entry, shape (E, 9).
    """

    present: Ints
    n_present: Ints
    who: Ints
    n_most: Ints
    n_entries: Ints
    seat: Ints
    amount: Floats

    @classmethod
    def pair(cls, stores: Stores, n_steps: int) -> tuple[Desk, Desk]:
        """Two desks for blocks of `n_steps` steps, so that one can be laid while the other is in use."""
        return cls._of(stores, n_steps), cls._of(stores, n_steps)

    @classmethod
    def _of(cls, stores: Stores, n_steps: int) -> Desk:
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
            n_most=np.array([most], dtype=np.int64),
            n_entries=np.zeros(n_steps, dtype=np.int64),
            seat=np.empty(n_entries, dtype=np.int64),
            amount=np.empty((n_entries, 9)),
        )


@kernel()
def take_seats(first: int, n_steps: int, stores: Stores, before: Desk, desk: Desk) -> None:
    """Gives a seat to every device that is connected in steps `first` to `first + n_steps`.

    `before` is the desk of the block before: who sat there may still be connected. Who starts earlier sits before who
    starts later.
    """
    n_present = 0
    for place in range(before.n_present[0]):
        if stores.stop[before.present[place]] > first:
            desk.present[n_present] = before.present[place]
            n_present += 1
    for device in range(stores.starts[first], stores.starts[first + n_steps]):
        desk.present[n_present] = device
        n_present += 1
    desk.n_present[0] = n_present
    desk.n_entries[:] = 0
    for seat in range(n_present):
        device = desk.present[seat]
        owner = stores.owner[device]
        desk.who[seat, DEVICE], desk.who[seat, OWNER] = device, owner
        desk.who[seat, RANK], desk.who[seat, KIND] = stores.rank[device], stores.kind[owner]
