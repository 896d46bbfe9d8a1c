"""What the stores do, as the kernels read it: all of it device after device, and a block of steps event after event.

The slots of a device (device and step) lie one after another in memory, those of one step far apart. The slots of a
block in which something happens, its events, are therefore listed once, and the kernels read the list in the order of
time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import inner_kernel
from carbon.mixing.elimination import EliminationOrder
from carbon.stocks.operation import StockOperation
from carbon.validation import index_faults
from grid.arrays import Floats, Ints, read_only, read_only_ints
from grid.errors import raise_if_any
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot

OWNER, CLASS, RANK, OFFSET = range(4)
"""Columns of `DeviceArrays.place`."""
VEHICLES, STATIONARY = range(2)
"""Classes of stocks."""
CHARGED, GAINED, DISCHARGE, FUEL, STANDING, THROUGH, EMPTIES, PER_AFTER, ETA = range(9)
"""Columns of `StockState.amount`: energy charged, at the terminals and in the stock [MWh]; the shares of the content
that leave by discharge, as fuel and by standing loss, and the share of the charge that leaves in the same step, as fuel
the stock did not hold [1]; 1 if nothing is left, so that the residue leaves too, else 0; one over the energy in the
stock after the event [1/MWh], 0 if it is empty; the discharge's efficiency [1]."""


COPIED_AT_ONCE = 32
"""Devices whose power is copied before it is looked at."""


class DeviceArrays(NamedTuple):
    """What every store did: N devices, K slots, O owners, R properties (see `StockOperation`).

    Devices come in the order of their start, so that what is connected at a time lies together.

    Args:
        device: What the operation calls each device, shape (N,).
        place: Stock of each device, its class, rank of its node, and first slot less first step (``OWNER`` ...), shape
            (N, 4); together, for they are read together in no order.
        owner: Stock of each device, shape (N,).
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,).
        starts: Devices that start in step t are starts[t] to starts[t + 1], shape (T + 1,).
        stock_class: ``VEHICLES`` or ``STATIONARY``, shape (O,).
        p_mw: Withdrawal at the terminals, shape (K,) [MW].
        p_drain_mw: Energy drained as fuel, shape (K,) [MW]; shape (0,) if there is none.
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        e_initial_mwh: Energy in each stock before its first device begins, shape (O,) [MWh].
        eta_charge: Shape (N,), or (K,) where it changes from slot to slot [1].
        eta_discharge: Likewise [1].
        eta_charge_by_slot: Whether `eta_charge` has one value a slot, else one a device.
        eta_discharge_by_slot: Likewise.
        retention: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        per_initial_mwh: What a MWh carries at first and from outside: itself and each property, shape (O, 1 + R).
        lossy: 1 for a property that conversion losses take along, like a share of the energy; 0 for one that whoever
            receives the rest inherits, like carbon; shape (R,).
    """

    device: Ints
    place: Ints
    owner: Ints
    start: Ints
    stop: Ints
    starts: Ints
    stock_class: Ints
    p_mw: Floats
    p_drain_mw: Floats
    e_start_mwh: Floats
    e_initial_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    eta_charge_by_slot: bool
    eta_discharge_by_slot: bool
    retention: Floats
    per_initial_mwh: Floats
    lossy: Ints


def device_arrays(
    op: StockOperation, order: EliminationOrder, n_steps: int, per_initial_mwh: Floats, lossy: tuple[bool, ...]
) -> DeviceArrays:
    """An operation of stores in a grid.

    Args:
        op: What every store did.
        order: The grid's order of elimination.
        n_steps: Number of steps, T.
        per_initial_mwh: Each of the R properties of a MWh at first and from outside, shape (O, R).
        lossy: Whether conversion losses take a property along, R of them (see `DeviceArrays`).

    Raises:
        InputError: If a device is at no known node or outside the steps.
    """
    raise_if_any(
        [
            *index_faults("operation.node", op.node, op.start.shape, order.n_nodes),
            *index_faults("operation.start", op.start, op.start.shape, n_steps),
            *index_faults("operation.stop - 1", op.stop - 1, op.start.shape, n_steps),
        ]
    )
    by_start = np.argsort(op.start, kind="stable")
    owner, rank = op.owner[by_start], order.pattern.rank[op.node[by_start]]
    stock_class = np.where(op.vehicle, VEHICLES, STATIONARY)

    def sorted_by_start(quantity: DeviceOrSlot) -> Floats:
        return quantity.values if isinstance(quantity, PerSlot) else read_only(quantity[by_start])

    e_initial_mwh = np.zeros(op.n_owners)
    e_initial_mwh[op.owner[by_start][::-1]] = op.e_start_mwh[by_start][::-1]  # the earliest is assigned last
    return DeviceArrays(
        device=read_only_ints(by_start),
        place=read_only_ints(np.column_stack([owner, stock_class[owner], rank, (op.first_slot - op.start)[by_start]])),
        owner=read_only_ints(owner),
        start=read_only_ints(op.start[by_start]),
        stop=read_only_ints(op.stop[by_start]),
        starts=read_only_ints(np.concatenate([[0], np.cumsum(np.bincount(op.start, minlength=n_steps))])),
        stock_class=read_only_ints(stock_class),
        p_mw=op.p_mw,
        p_drain_mw=read_only(np.empty(0) if op.p_drain_mw is None else op.p_drain_mw),
        e_start_mwh=read_only(op.e_start_mwh[by_start]),
        e_initial_mwh=read_only(e_initial_mwh if op.e_initial_mwh is None else op.e_initial_mwh),
        eta_charge=sorted_by_start(op.eta_charge),
        eta_discharge=sorted_by_start(op.eta_discharge),
        eta_charge_by_slot=isinstance(op.eta_charge, PerSlot),
        eta_discharge_by_slot=isinstance(op.eta_discharge, PerSlot),
        retention=read_only(op.retention_per_step[by_start]),
        per_initial_mwh=read_only(np.column_stack([np.ones(op.n_owners), per_initial_mwh])),
        lossy=read_only_ints(lossy),
    )


class BlockSchedule(NamedTuple):
    """The devices connected in a block of B steps, and the events of the block in the order of time.

    An event is a slot in which something happens: most of most charging sessions is rest, which changes neither energy
    nor carbon. Events of the step at place k of the block begin at k * capacity[0].

    Args:
        connected: Devices that are connected in the block, shape (P,); the first n_connected[0] count.
        n_connected: Shape (1,).
        capacity: How many devices are connected at once at most, shape (1,).
        n_events: Number of events of each step, shape (B,).
        device: Device of each event, shape (E,).
        p_mw: Withdrawal at its terminals, shape (E,) [MW].
        p_copied_mw: Work space: withdrawal of some devices in the block, shape (S, B) [MW]. What devices do lies far
            apart in memory; it is copied first, some devices at a time, so that not each waits for its own.
    """

    connected: Ints
    n_connected: Ints
    capacity: Ints
    n_events: Ints
    device: Ints
    p_mw: Floats
    p_copied_mw: Floats

    @classmethod
    def allocate_pair(cls, devices: DeviceArrays, n_steps: int) -> tuple[BlockSchedule, BlockSchedule]:
        """Two schedules for blocks of `n_steps` steps, so that one can be written while the other is read."""
        return cls._allocate(devices, n_steps), cls._allocate(devices, n_steps)

    @classmethod
    def _allocate(cls, devices: DeviceArrays, n_steps: int) -> BlockSchedule:
        capacity = most_at_once(devices)
        starting = int((devices.starts[n_steps:] - devices.starts[:-n_steps]).max(initial=0))
        return cls(
            connected=np.zeros(capacity + (starting or len(devices.owner)), dtype=np.int64),
            n_connected=np.zeros(1, dtype=np.int64),
            capacity=np.array([capacity], dtype=np.int64),
            n_events=np.zeros(n_steps, dtype=np.int64),
            device=np.empty(capacity * n_steps, dtype=np.int64),
            p_mw=np.empty(capacity * n_steps),
            p_copied_mw=np.empty((COPIED_AT_ONCE, n_steps)),
        )


def most_at_once(devices: DeviceArrays) -> int:
    """How many devices are connected at once at most."""
    n_starts = np.diff(devices.starts)
    at_once = np.cumsum(n_starts - np.bincount(devices.stop, minlength=len(n_starts) + 1)[: len(n_starts)])
    return int(at_once.max(initial=0))


@inner_kernel()
def connect_devices(
    first: int, n_steps: int, devices: DeviceArrays, before: BlockSchedule, schedule: BlockSchedule
) -> None:
    """Lists every device that is connected in steps `first` to `first + n_steps`, and no event yet.

    `before` is the schedule of the block before, whose devices may still be connected. Devices that start earlier come
    first.
    """
    n_connected = 0
    for place in range(before.n_connected[0]):
        if devices.stop[before.connected[place]] > first:
            schedule.connected[n_connected] = before.connected[place]
            n_connected += 1
    for device in range(devices.starts[first], devices.starts[first + n_steps]):
        schedule.connected[n_connected] = device
        n_connected += 1
    schedule.n_connected[0] = n_connected
    schedule.n_events[:] = 0
