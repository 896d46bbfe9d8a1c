"""What the stores do, as the kernels read it: device after device, and event after event in the order of time.

The slots of a device (device and step) lie one after another in memory, those of one step far apart. The slots in which
something happens, the events, are therefore listed once, sorted by step and kind, and the kernels read the list.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import inner_kernel, kernel
from carbon.mixing.elimination import EliminationOrder
from carbon.stocks.operation import StockOperation
from carbon.validation import index_faults
from grid.arrays import Floats, Ints, read_only, read_only_ints
from grid.errors import raise_if_any
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot

DEVICE, OWNER, RANK, OFFSET = range(4)
"""Columns of `DeviceArrays.place`."""
ETA_CHARGE, ETA_DISCHARGE, RETENTION = range(3)
"""Columns of `DeviceArrays.rates`."""
VEHICLES, STATIONARY = range(2)
"""Classes of stocks."""
CHARGING, DISCHARGING = range(2)
"""Ways of an event; rest in which something happens counts as charging nothing."""
KINDS = 4
"""Kinds of events: twice the class and the way."""
EMPTY_MWH = 1e-9
"""A stock of no more energy than this (1 mWh) is empty; a discharge may exceed the stock by no more."""


TOUCHED_AT_ONCE, TOUCHED_SLOTS, SLOTS_IN_LINE = 32, 256, 8
"""Devices whose power is brought into the cache together, of how many slots of each, and slots of a cache line."""


class DeviceArrays(NamedTuple):
    """What every store did: N devices, K slots, O owners, R properties (see `StockOperation`).

    Devices come in the order of their start, so that what is connected at a time lies together.

    Args:
        place: What the operation calls each device, its stock, the rank of its node, and its first slot less its first
            step (``DEVICE`` ...), shape (N, 4); together, for they are read together in no order.
        rates: Its efficiencies where they do not change, and the share of the energy that a step's standing loss
            leaves (``ETA_CHARGE`` ...), shape (N, 3) [1].
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,).
        starts: Devices that start in step t are starts[t] to starts[t + 1], shape (T + 1,).
        stock_class: ``VEHICLES`` or ``STATIONARY``, shape (O,).
        p_mw: Withdrawal at the terminals, shape (K,) [MW].
        p_drain_mw: Energy drained as fuel, shape (K,) [MW]; shape (0,) if there is none.
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        e_initial_mwh: Energy in each stock before its first device begins, shape (O,) [MWh].
        eta_charge: Efficiency by slot, shape (K,) [1]; shape (0,) where it does not change.
        eta_discharge: Likewise [1].
        per_initial_mwh: What a MWh carries at first and from outside: itself and each property, shape (O, 1 + R).
        lossy: 1 for a property that conversion losses take along, like a share of the energy; 0 for one that whoever
            receives the rest inherits, like carbon; shape (R,).
    """

    place: Ints
    rates: Floats
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
    narrow = np.uint16 if n_steps <= np.iinfo(np.uint16).max else np.int64  # which numpy sorts in one pass by digits
    by_start = np.argsort(op.start.astype(narrow), kind="stable")
    e_initial_mwh = np.zeros(op.n_owners)
    e_initial_mwh[op.owner[by_start][::-1]] = op.e_start_mwh[by_start][::-1]  # the earliest is assigned last
    place = [np.arange(op.n_devices), op.owner, order.pattern.rank[op.node], op.first_slot - op.start]
    rates = [_by_device(op.eta_charge, op.n_devices), _by_device(op.eta_discharge, op.n_devices), op.retention_per_step]
    return DeviceArrays(
        place=read_only_ints(np.column_stack(place)[by_start]),
        rates=read_only(np.column_stack(rates)[by_start]),
        start=read_only_ints(op.start[by_start]),
        stop=read_only_ints(op.stop[by_start]),
        starts=read_only_ints(np.concatenate([[0], np.cumsum(np.bincount(op.start, minlength=n_steps))])),
        stock_class=read_only_ints(np.where(op.vehicle, VEHICLES, STATIONARY)),
        p_mw=op.p_mw,
        p_drain_mw=read_only(np.empty(0) if op.p_drain_mw is None else op.p_drain_mw),
        e_start_mwh=read_only(op.e_start_mwh[by_start]),
        e_initial_mwh=read_only(e_initial_mwh if op.e_initial_mwh is None else op.e_initial_mwh),
        eta_charge=_by_slot(op.eta_charge),
        eta_discharge=_by_slot(op.eta_discharge),
        per_initial_mwh=read_only(np.column_stack([np.ones(op.n_owners), per_initial_mwh])),
        lossy=read_only_ints(lossy),
    )


def _by_device(quantity: DeviceOrSlot, n_devices: int) -> Floats:
    """A quantity of each device, 1 where it is given by slot."""
    return np.ones(n_devices) if isinstance(quantity, PerSlot) else quantity


def _by_slot(quantity: DeviceOrSlot) -> Floats:
    """A quantity by slot; nothing where it is given by device."""
    return read_only(quantity.values if isinstance(quantity, PerSlot) else np.empty(0))


class EventLog(NamedTuple):
    """What happens in all stores: J events in the order of time, those of a step by kind, those of a kind by start.

    An event is a slot in which something happens: most of most charging sessions is rest, which changes neither energy
    nor carbon. What happened takes the place of what is to happen, since each is as long as the other.

    Args:
        begins: The events of kind k in step t are begins[KINDS t + k] to begins[KINDS t + k + 1], shape (KINDS T + 1,).
        device: Before its step the event's device by start, after it as the operation calls it, shape (J,).
        values: Row 0 before the step the withdrawal at the terminals [MW], after it the energy in the stock [MWh]; then
            under each of P conventions the carbon that passed the terminals, and what a MWh in the stock carries after
            it, R properties; shape (1 + P (1 + R), J), or (1, J) if nobody asks.
    """

    begins: Ints
    device: Ints
    values: Floats


def list_events(devices: DeviceArrays, n_conventions: int) -> EventLog:
    """All events, with room for what happens in them under so many conventions."""
    number = np.zeros((KINDS, len(devices.starts) - 1), dtype=np.int64)
    _count_events(devices, number)
    begins = np.concatenate([[0], np.cumsum(number.T)])
    n_events = int(begins[-1])
    device, values = np.empty(n_events, np.int64), np.empty((1 + n_conventions * (1 + devices.lossy.size), n_events))
    _fill_in_events(devices, begins[:-1].copy(), device, values, np.zeros(1))
    return EventLog(begins, device, values)


@kernel()
def _count_events(devices: DeviceArrays, number: Ints) -> None:
    """Counts the events of each kind in each step, `number` of shape (KINDS, T)."""
    for device in range(devices.start.size):
        first, n_steps = devices.start[device], devices.stop[device] - devices.start[device]
        kind = 2 * devices.stock_class[devices.place[device, OWNER]]
        charging, discharging = number[kind + CHARGING, first:], number[kind + DISCHARGING, first:]
        p_mw = devices.p_mw[devices.place[device, OFFSET] + first :]
        for k in range(n_steps):
            charging[k] += p_mw[k] > 0.0
            discharging[k] += p_mw[k] < 0.0
        if _acts_at_rest(device, devices):
            for k in range(n_steps):
                charging[k] += p_mw[k] == 0.0 and _happens_at_rest(device, first + k, devices)


@kernel()
def _fill_in_events(devices: DeviceArrays, free: Ints, to_device: Ints, values: Floats, touched: Floats) -> None:
    """Enters device and power of every event in the first place that is `free` for its step and kind.

    What devices do lies far apart in memory. It is touched first, for some devices at a time, so that it comes into the
    cache together, not after each wrong guess of the processor at what the next slot holds.
    """
    n_devices = devices.start.size
    for begin in range(0, n_devices, TOUCHED_AT_ONCE):
        end = min(begin + TOUCHED_AT_ONCE, n_devices)
        for device in range(begin, end):
            first, stop = devices.start[device], devices.stop[device]
            for step in range(first, min(stop, first + TOUCHED_SLOTS), SLOTS_IN_LINE):
                touched[0] += devices.p_mw[devices.place[device, OFFSET] + step]
        for device in range(begin, end):
            _fill_in_device(device, devices, free, to_device, values)


@inner_kernel()
def _fill_in_device(device: int, devices: DeviceArrays, free: Ints, to_device: Ints, values: Floats) -> None:
    """Enters the events of one device."""
    offset = devices.place[device, OFFSET]
    kind = 2 * devices.stock_class[devices.place[device, OWNER]]
    acts_at_rest = _acts_at_rest(device, devices)
    for step in range(devices.start[device], devices.stop[device]):
        p_mw = devices.p_mw[offset + step]
        if p_mw != 0.0 or (acts_at_rest and _happens_at_rest(device, step, devices)):
            at = KINDS * step + kind + (DISCHARGING if p_mw < 0.0 else CHARGING)
            to_device[free[at]], values[0, free[at]] = device, p_mw
            free[at] += 1


@inner_kernel()
def _acts_at_rest(device: int, devices: DeviceArrays) -> bool:
    """Whether something may happen in a store that neither charges nor discharges."""
    residue: bool = 0.0 < devices.e_start_mwh[device] <= 2.0 * EMPTY_MWH
    return devices.rates[device, RETENTION] != 1.0 or residue or devices.p_drain_mw.size > 0


@inner_kernel()
def _happens_at_rest(device: int, step: int, devices: DeviceArrays) -> bool:
    """Whether something happens in such a store in a step: it leaks, is drained, or a residue leaves in its first."""
    slot = devices.place[device, OFFSET] + step
    if devices.rates[device, RETENTION] != 1.0 or (devices.p_drain_mw.size > 0 and devices.p_drain_mw[slot] != 0.0):
        return True
    residue: bool = 0.0 < devices.e_start_mwh[device] <= 2.0 * EMPTY_MWH
    return residue and step == devices.start[device]
