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
from grid.large_arrays import large_array

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


STEPS_IN_SPAN = 32
"""Steps whose events are sorted together: those of the reference city stay in a core's second-level cache."""
KINDS_IN_SPAN = KINDS * STEPS_IN_SPAN
_KIND_UNIT = 1 << 40
"""More than there are devices: kind and step of an event, and its device, are kept as one number while it is sorted."""
_START, _STOP = 2, 3
"""Columns of the stays of devices; the first two are `DEVICE` and `OWNER`."""


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

    def carrying(self, per_initial_mwh: Floats, lossy: tuple[bool, ...]) -> DeviceArrays:
        """The same with other properties of what stocks hold; arguments as `device_arrays`."""
        ones = np.ones(len(per_initial_mwh))
        properties = read_only(np.column_stack([ones, per_initial_mwh]))
        return self._replace(per_initial_mwh=properties, lossy=read_only_ints(lossy))


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
        place=read_only_ints(np.take(np.column_stack(place), by_start, axis=0)),
        rates=read_only(np.take(np.column_stack(rates), by_start, axis=0)),
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
    """What happens in all stores: J events in the order of time, those of a step by kind, those of a kind by device.

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

    def with_room(self, n_rows: int) -> EventLog:
        """A copy, before anything has happened, with room for so many rows besides the withdrawal."""
        values = np.empty((1 + n_rows, self.device.size))
        values[0] = self.values[0]
        return EventLog(self.begins, self.device.copy(), values)


def list_events(devices: DeviceArrays, op: StockOperation, n_conventions: int) -> EventLog:
    """All events of an operation, with room for what happens in them under so many conventions.

    What devices do is read in the order of memory, and its events are first brought into spans of time, then sorted
    within each; read in the order of time, or sorted at once, they would be fetched from far apart.
    """
    n_steps = len(devices.starts) - 1
    spans = -(-n_steps // STEPS_IN_SPAN)
    number = np.zeros((KINDS, spans * STEPS_IN_SPAN), dtype=np.int64)
    place = np.empty(op.n_devices, dtype=np.int64)
    place[devices.place[:, DEVICE]] = np.arange(op.n_devices)
    stays = read_only_ints(np.column_stack([place, op.owner, op.start, op.stop]))
    _count_events(devices, stays, op.retention_per_step, op.e_start_mwh, number)
    begins = np.concatenate([[0], np.cumsum(number.T)])
    n_events = int(begins[-1])
    device = large_array(n_events, np.int64)
    values = large_array((1 + n_conventions * (1 + devices.lossy.size), n_events))
    free = begins[:-1:KINDS_IN_SPAN].copy()
    _bring_into_spans(devices, stays, op.retention_per_step, op.e_start_mwh, free, device, values)
    most = int(np.diff(begins[::KINDS_IN_SPAN]).max(initial=0))
    _sort_spans(begins, begins[:-1].copy(), np.empty(most, dtype=np.int64), np.empty(most), device, values)
    return EventLog(begins[: KINDS * n_steps + 1], device, values)


@kernel()
def _count_events(devices: DeviceArrays, stays: Ints, retention: Floats, e_start_mwh: Floats, number: Ints) -> None:
    """Counts the events of each kind in each step, `number` of shape (KINDS, T); other arguments as below."""
    slot = 0
    for device in range(stays.shape[0]):
        first, n_steps = stays[device, _START], stays[device, _STOP] - stays[device, _START]
        kind = 2 * devices.stock_class[stays[device, OWNER]]
        charging, discharging = number[kind + CHARGING, first:], number[kind + DISCHARGING, first:]
        p_mw = devices.p_mw[slot:]
        for k in range(n_steps):
            charging[k] += p_mw[k] > 0.0
            discharging[k] += p_mw[k] < 0.0
        if _acts_at_rest(retention[device], e_start_mwh[device], devices.p_drain_mw):
            for k in range(n_steps):
                happens = _happens_at_rest(k, slot + k, retention[device], e_start_mwh[device], devices.p_drain_mw)
                charging[k] += happens and p_mw[k] == 0.0
        slot += n_steps


@kernel()
def _bring_into_spans(
    devices: DeviceArrays,
    stays: Ints,
    retention: Floats,
    e_start_mwh: Floats,
    free: Ints,
    to_device: Ints,
    values: Floats,
) -> None:
    """Enters every event in the first place that is `free` in its span: its power, and its device and kind as one.

    Args:
        devices: What every store did.
        stays: Of each device its place by start, owner, first step and step after the last, shape (N, 4).
        retention: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        free: First free place of each span.
        to_device: Result: device by start, and kind and step in the span, times `_KIND_UNIT`, shape (J,).
        values: Result: power in row 0.
    """
    slot = 0
    for device in range(stays.shape[0]):
        name, kind, start = stays[device, DEVICE], 2 * devices.stock_class[stays[device, OWNER]], stays[device, _START]
        n_steps = stays[device, _STOP] - start  # read once: the compiler cannot know that entering changes none of it
        p_mw = devices.p_mw[slot : slot + n_steps]
        acts = _acts_at_rest(retention[device], e_start_mwh[device], devices.p_drain_mw)
        for k in range(n_steps):
            power = p_mw[k]
            happens = power != 0.0
            if acts and not happens:
                happens = _happens_at_rest(k, slot + k, retention[device], e_start_mwh[device], devices.p_drain_mw)
            if happens:
                span = (start + k) // STEPS_IN_SPAN
                at = KINDS * (start + k - span * STEPS_IN_SPAN) + kind + (DISCHARGING if power < 0.0 else CHARGING)
                place = free[span]
                free[span] = place + 1
                to_device[place], values[0, place] = at * _KIND_UNIT + name, power
        slot += n_steps


@kernel()
def _sort_spans(begins: Ints, free: Ints, code: Ints, power: Floats, to_device: Ints, values: Floats) -> None:
    """Sorts the events of each span by step and kind, in the order in which they were entered; leaves their devices."""
    for first in range(0, begins.size - 1, KINDS_IN_SPAN):
        begin, end = begins[first], begins[first + KINDS_IN_SPAN]
        for i in range(end - begin):
            code[i], power[i] = to_device[begin + i], values[0, begin + i]
        for i in range(end - begin):
            at = first + code[i] // _KIND_UNIT
            place = free[at]
            free[at] = place + 1
            to_device[place], values[0, place] = code[i] % _KIND_UNIT, power[i]


@inner_kernel()
def _acts_at_rest(retention: float, e_start_mwh: float, p_drain_mw: Floats) -> bool:
    """Whether something may happen in a store that neither charges nor discharges."""
    acts: bool = retention != 1.0 or 0.0 < e_start_mwh <= 2.0 * EMPTY_MWH or p_drain_mw.size > 0
    return acts


@inner_kernel()
def _happens_at_rest(place: int, slot: int, retention: float, e_start_mwh: float, p_drain_mw: Floats) -> bool:
    """Whether something happens in such a store: it leaks, is drained, or a residue leaves in its first step, 0."""
    drained = p_drain_mw.size > 0 and p_drain_mw[slot] != 0.0
    happens: bool = retention != 1.0 or drained or (place == 0 and 0.0 < e_start_mwh <= 2.0 * EMPTY_MWH)
    return happens
