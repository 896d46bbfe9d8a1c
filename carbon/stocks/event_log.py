"""All that happens in the stores, listed in the order of time before it happens, and what happened after.

The slots of a device (device and step) lie one after another in memory, those of one step far apart. The slots in which
something happens, the events, are therefore listed once, sorted by step and kind, and the kernels read the list.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import inner_kernel, kernel
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import CHARGING, DISCHARGING, EMPTY_MWH, KINDS, DeviceArrays, stays_of
from grid.arrays import Floats, Ints, run_offsets
from grid.large_arrays import large_array

STEPS_IN_SPAN = 32
"""Steps whose events are sorted together: those of the reference city stay in a core's second-level cache."""
KINDS_IN_SPAN = KINDS * STEPS_IN_SPAN
OWNER_BIT, _KIND_BIT = 24, 56
"""An event is one number until it happens: the rank of its node, from the bit `OWNER_BIT` on the owner of its stock,
and, while it is sorted, from `_KIND_BIT` on its kind and its step in the span."""
RANK_BITS, _EVENT_BITS = (1 << OWNER_BIT) - 1, (1 << _KIND_BIT) - 1


class EventLog(NamedTuple):
    """What happens in all stores: J events in the order of time, those of a step by kind, those of a kind by device.

    An event is a slot in which something happens: most of most charging sessions is rest, which changes neither energy
    nor carbon. What happened takes the place of what is to happen, since each is as long as the other.

    Args:
        begins: The events of kind k in step t are begins[KINDS t + k] to begins[KINDS t + k + 1], shape (KINDS T + 1,).
        device: Before its step the stock and the node of the event as one number (see `OWNER_BIT`), after it its
            device as the operation calls it, shape (J,).
        values: Row 0 before the step the withdrawal at the terminals [MW], after it the energy in the stock [MWh]; then
            under each of P conventions the carbon that passed the terminals, and what a MWh in the stock carries after
            it, R properties; shape (1 + P (1 + R), J), or (1, J) if nobody asks.
        waits_for: What happens in step t depends on what power carries in step waits_for[t] - 1 at the latest, for it
            is what a stock then took in that it gives now; shape (T,).
    """

    begins: Ints
    device: Ints
    values: Floats
    waits_for: Ints

    def with_room(self, n_rows: int) -> EventLog:
        """A copy, before anything has happened, with room for so many rows besides the withdrawal."""
        values = np.empty((1 + n_rows, self.device.size))
        values[0] = self.values[0]
        return self._replace(device=self.device.copy(), values=values)


def list_events(devices: DeviceArrays, op: StockOperation, n_conventions: int) -> EventLog:
    """All events of an operation, with room for what happens in them under so many conventions.

    What devices do is read in the order of memory, and its events are first brought into spans of time, then sorted
    within each; read in the order of time, or sorted at once, they would be fetched from far apart.
    """
    n_steps, stays = len(devices.starts) - 1, stays_of(op)
    spans = -(-n_steps // STEPS_IN_SPAN)
    number = np.zeros((KINDS, spans * STEPS_IN_SPAN), dtype=np.int64)
    _count_events(devices, *stays, op.retention_per_step, op.e_start_mwh, number)
    begins = run_offsets(number.T.ravel())
    n_events = int(begins[-1])
    device = large_array(n_events, np.int64)
    values = large_array((1 + n_conventions * (1 + devices.lossy.size), n_events))
    free, waits_for = begins[:-1:KINDS_IN_SPAN].copy(), np.zeros(n_steps, dtype=np.int64)
    _bring_into_spans(devices, *stays, op.retention_per_step, op.e_start_mwh, free, device, values, waits_for)
    most = int(np.diff(begins[::KINDS_IN_SPAN]).max(initial=0))
    _sort_spans(begins, begins[:-1].copy(), np.empty(most, dtype=np.int64), np.empty(most), device, values)
    return EventLog(begins[: KINDS * n_steps + 1], device, values, waits_for)


@kernel()
def _count_events(
    devices: DeviceArrays, owner: Ints, start: Ints, stop: Ints, retention: Floats, e_start_mwh: Floats, number: Ints
) -> None:
    """Counts the events of each kind in each step, `number` of shape (KINDS, T); other arguments as below."""
    slot = 0
    for device in range(owner.size):
        first, n_steps = start[device], stop[device] - start[device]
        kind = 2 * devices.stock_class[owner[device]]
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
    owner: Ints,
    start: Ints,
    stop: Ints,
    retention: Floats,
    e_start_mwh: Floats,
    free: Ints,
    to_device: Ints,
    values: Floats,
    waits_for: Ints,
) -> None:
    """Enters every event in the first place that is `free` in its span: its power, and all else as one number.

    Args:
        devices: What every store did.
        owner: Owner of each device, shape (N,).
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,).
        retention: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        free: First free place of each span.
        to_device: Result: kind and step in the span, owner and rank, shape (J,).
        values: Result: power in row 0.
        waits_for: Result: see `EventLog`, zeros before.
    """
    slot = 0
    for device in range(owner.size):
        first, kind = start[device], 2 * devices.stock_class[owner[device]]
        who = owner[device] << OWNER_BIT | devices.rank[device]
        n_steps = stop[device] - first  # read once: the compiler cannot know that entering changes none of it
        p_mw, took_in = devices.p_mw[slot : slot + n_steps], devices.before[device]
        acts = _acts_at_rest(retention[device], e_start_mwh[device], devices.p_drain_mw)
        for k in range(n_steps):
            power = p_mw[k]
            happens = power != 0.0
            if acts and not happens:
                happens = _happens_at_rest(k, slot + k, retention[device], e_start_mwh[device], devices.p_drain_mw)
            if happens:
                step = first + k
                way = DISCHARGING if power < 0.0 else CHARGING
                if way == DISCHARGING:
                    waits_for[step] = max(waits_for[step], took_in)
                else:
                    took_in = step + 1
                span = step // STEPS_IN_SPAN
                place = free[span]
                free[span] = place + 1
                to_device[place] = (KINDS * (step - span * STEPS_IN_SPAN) + kind + way) << _KIND_BIT | who
                values[0, place] = power
        slot += n_steps


@kernel()
def _sort_spans(begins: Ints, free: Ints, code: Ints, power: Floats, to_device: Ints, values: Floats) -> None:
    """Sorts the events of each span by step and kind, in the order in which they were entered."""
    for first in range(0, begins.size - 1, KINDS_IN_SPAN):
        begin, end = begins[first], begins[first + KINDS_IN_SPAN]
        for i in range(end - begin):
            code[i], power[i] = to_device[begin + i], values[0, begin + i]
        for i in range(end - begin):
            at = first + (code[i] >> _KIND_BIT)
            place = free[at]
            free[at] = place + 1
            to_device[place], values[0, place] = code[i] & _EVENT_BITS, power[i]


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


@kernel()
def fill_in(at_start: Floats, first_slot: Ints, at_end: bool, values: Floats) -> None:
    """Replaces what is NaN in `values` by what was there before, device after device."""
    n_devices = first_slot.size
    for device in range(n_devices):
        held = at_start[device]
        stop = first_slot[device + 1] if device + 1 < n_devices else values.size
        for slot in range(first_slot[device], stop):
            before = held
            if not np.isnan(values[slot]):
                held = values[slot]
            values[slot] = held if at_end else before
