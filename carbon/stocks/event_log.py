"""All that happens in the stores, listed in the order of time before it happens, and what happened after.

The slots of a device (device and step) lie one after another in memory, those of one step far apart. The slots in which
something happens, the events, are therefore listed once, by step and kind, and the kernels read the list.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.block_kernel import CACHE_LINE
from carbon.mixing.compiled import inner_kernel, kernel
from carbon.mixing.prefetch import AHEAD, prefetch, prefetch_at
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import (
    BEFORE,
    CHARGING,
    DISCHARGING,
    E_START,
    EMPTY_MWH,
    KINDS,
    OWNER,
    RANK,
    RETENTION,
    SLOT,
    STOP,
    DeviceArrays,
    stays_of,
)
from grid.arrays import Floats, Ints, run_offsets
from grid.large_arrays import large_array

OWNER_BIT = 24
"""An event is one number until it happens: the rank of its node, and from this bit on the owner of its stock."""
RANK_BITS = (1 << OWNER_BIT) - 1
MOST_FETCHED = 64
"""Slots of a device that are fetched ahead, at most: of a longer row the processor sees what follows."""


class EventLog(NamedTuple):
    """What happens in all stores: J events by step, those of a step by kind, those of a kind by start of their device.

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

    They are counted in the order of memory, and entered device after device in the order of start: what is connected
    at a time has its events in few places, which stay in the cache until they are full.
    """
    n_steps = len(devices.starts) - 1
    number = np.zeros(KINDS * n_steps, dtype=np.int64)
    _count_events(devices, *stays_of(op), op.retention_per_step, op.e_start_mwh, number)
    begins = run_offsets(number)
    n_events = int(begins[-1])
    device = large_array(n_events, np.int64)
    values = large_array((1 + n_conventions * (1 + devices.lossy.size), n_events))
    waits_for = np.zeros(n_steps, dtype=np.int64)
    _enter_events(devices, begins[:-1].copy(), device, values, waits_for)
    return EventLog(begins, device, values, waits_for)


@kernel()
def _count_events(
    devices: DeviceArrays, owner: Ints, start: Ints, stop: Ints, retention: Floats, e_start_mwh: Floats, number: Ints
) -> None:
    """Counts the events of every step and kind.

    Args:
        devices: What every store did.
        owner: Owner of each device, shape (N,).
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,).
        retention: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        number: Result, zeros before: how many there are, shape (T KINDS,).
    """
    slot = 0
    for device in range(owner.size):
        first_kind = KINDS * start[device] + 2 * devices.stock_class[owner[device]]
        n_steps = stop[device] - start[device]
        p_mw = devices.p_mw[slot : slot + n_steps]
        acts = _acts_at_rest(retention[device], e_start_mwh[device], devices.p_drain_mw)
        for k in range(n_steps):
            power = p_mw[k]
            if power != 0.0 or (
                acts and _happens_at_rest(k, slot + k, retention[device], e_start_mwh[device], devices.p_drain_mw)
            ):
                number[first_kind + KINDS * k + _way(power)] += 1
        slot += n_steps


@kernel()
def _enter_events(devices: DeviceArrays, free: Ints, to_device: Ints, values: Floats, waits_for: Ints) -> None:
    """Enters every event in the first place that is `free` for its step and kind.

    Args:
        devices: What every store did.
        free: First free place of every step and kind, shape (T KINDS,).
        to_device: Result: owner and rank, shape (J,).
        values: Result: power in row 0.
        waits_for: Result: see `EventLog`, zeros before.
    """
    for first in range(devices.starts.size - 1):
        for at in range(devices.starts[first], devices.starts[first + 1]):
            _prefetch_power(min(at + AHEAD, devices.starts[-1] - 1), first, devices)
            place, retention, e_start_mwh = devices.place[at], devices.rates[at, RETENTION], devices.rates[at, E_START]
            owner, slot, n_steps, took_in = place[OWNER], place[SLOT], place[STOP] - first, place[BEFORE]
            who, first_kind = owner << OWNER_BIT | place[RANK], KINDS * first + 2 * devices.stock_class[owner]
            p_mw = devices.p_mw[slot : slot + n_steps]
            acts = _acts_at_rest(retention, e_start_mwh, devices.p_drain_mw)
            for k in range(n_steps):
                power = p_mw[k]
                if power != 0.0 or (acts and _happens_at_rest(k, slot + k, retention, e_start_mwh, devices.p_drain_mw)):
                    way = _way(power)
                    if way == DISCHARGING:
                        waits_for[first + k] = max(waits_for[first + k], took_in)
                    else:
                        took_in = first + k + 1
                    event = free[first_kind + KINDS * k + way]
                    free[first_kind + KINDS * k + way] = event + 1
                    to_device[event], values[0, event] = who, power
                    prefetch_at(to_device, event + CACHE_LINE)  # where the next ones of the step and kind will be
                    prefetch_at(values[0], event + CACHE_LINE)


@inner_kernel()
def _prefetch_power(at: int, step: int, devices: DeviceArrays) -> None:
    """Has the power of a device fetched that starts in `step` or soon after."""
    slot, n_slots = devices.place[at, SLOT], min(devices.place[at, STOP] - step, MOST_FETCHED)
    prefetch(devices.p_mw[slot : slot + n_slots])


@inner_kernel()
def _way(power: float) -> int:
    """The way of an event of so much withdrawal."""
    return DISCHARGING if power < 0.0 else CHARGING


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
