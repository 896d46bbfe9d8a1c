"""How much power the plants can draw or feed in together in each step, and how much energy they can hold by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.reservoir import Reservoir
from grid.time.clock import Clock


@dataclass(frozen=True, eq=False)
class FeasibleRegion:
    """Bounds on what plants do together, each exact for its step; T steps.

    Each bound is reached by some schedule that keeps every promise of every device. Not all are reached by one: a
    course between them need not be feasible. `virtual_plant` has courses that are.

    Args:
        clock: The time axis.
        p_min_mw: Least withdrawal, shape (T,) [MW]; negative where more can be fed in than is drawn.
        p_max_mw: Most withdrawal, shape (T,) [MW].
        gained_min_mwh: Least energy that all stores have gained by the end of each step since their devices began,
            shape (T,) [MWh].
        gained_max_mwh: The most, shape (T,) [MWh].
        left_out: Assets with ramps or minimum loads, whose bounds are taken without these, and so may be too wide.
    """

    clock: Clock
    p_min_mw: Floats
    p_max_mw: Floats
    gained_min_mwh: Floats
    gained_max_mwh: Floats
    left_out: tuple[str, ...]


def feasible_region(flexibilities: Sequence[Flexibility]) -> FeasibleRegion:
    """The region of some flexibilities on one clock.

    Devices are independent of each other, so the bounds of all are the sums of those of each. For one device the
    energies that can be reached from its start, and those from which its end can be reached, are intervals; the most
    power of a step leads from the lowest of the first to the highest of the second.

    Raises:
        InputError: If there are none, or their clocks differ.
    """
    if not flexibilities or any(f.clock != flexibilities[0].clock for f in flexibilities):
        raise InputError.single("flexibilities", "must be at least one, and all on one clock")
    clock = flexibilities[0].clock
    low, high, least, most = (np.zeros(clock.n_steps) for _ in range(4))
    for flexibility in flexibilities:
        store = flexibility.reservoir
        if store is None:
            low += flexibility.by_step(flexibility.per_slot(flexibility.p_min_mw))
            high += flexibility.by_step(flexibility.per_slot(flexibility.p_max_mw))
            continue
        of_device = _with_store(flexibility, store)
        low += flexibility.by_step(of_device[0])
        high += flexibility.by_step(of_device[1])
        least += _gained(flexibility, store, of_device[2])
        most += _gained(flexibility, store, of_device[3])
    without = tuple(f.name for f in flexibilities if f.ramp_mw_per_h is not None or f.p_min_on_mw.any())
    return FeasibleRegion(clock, low, high, least, most, without)


def _with_store(flexibility: Flexibility, store: Reservoir) -> tuple[Floats, Floats, Floats, Floats]:
    """Least and most power of each slot, and least and most energy when it ends, shape (K,) each."""
    slots = np.arange(flexibility.n_slots)
    p_min, p_max = flexibility.per_slot(flexibility.p_min_mw), flexibility.per_slot(flexibility.p_max_mw)
    gain_min, gain_max = flexibility.gain_at(p_min, slots), flexibility.gain_at(p_max, slots)
    drain = flexibility.drained_mwh(slots)
    reached = _reached(flexibility, store, gain_min - drain, gain_max - drain)
    viable = _viable(flexibility, store, gain_min - drain, gain_max - drain)
    keeps = store.retention_per_step[flexibility.device]
    most = np.minimum(gain_max, viable[3] - keeps * reached[0] + drain)
    least = np.maximum(gain_min, viable[2] - keeps * reached[1] + drain)
    return (
        _power(flexibility, store, least, p_min, p_max),
        _power(flexibility, store, most, p_min, p_max),
        np.maximum(reached[2], viable[2]),
        np.minimum(reached[3], viable[3]),
    )


def _reached(
    flexibility: Flexibility, store: Reservoir, least: Floats, most: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Lowest and highest energy that can be reached by the begin and by the end of each slot, shape (K,) each."""
    found = tuple(np.empty(flexibility.n_slots) for _ in range(4))
    low, high = store.e_start_mwh.copy(), store.e_start_mwh.copy()
    for device, slot in _in_order(flexibility):
        found[0][slot], found[1][slot] = low[device], high[device]
        keeps, floor, ceiling = (x[device] for x in (store.retention_per_step, store.e_min_mwh, store.e_max_mwh))
        low[device] = np.clip(keeps * low[device] + least[slot], floor, ceiling)
        high[device] = np.clip(keeps * high[device] + most[slot], floor, ceiling)
        found[2][slot], found[3][slot] = low[device], high[device]
    return found[0], found[1], found[2], found[3]


def _viable(
    flexibility: Flexibility, store: Reservoir, least: Floats, most: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Lowest and highest energy at the begin and at the end of each slot from which the end due can be reached."""
    found = tuple(np.empty(flexibility.n_slots) for _ in range(4))
    low = store.e_end_mwh.copy()
    high = store.e_end_mwh.copy() if store.exact_end else store.e_max_mwh.copy()
    for device, slot in reversed(list(_in_order(flexibility))):
        found[2][slot], found[3][slot] = low[device], high[device]
        keeps, floor, ceiling = (x[device] for x in (store.retention_per_step, store.e_min_mwh, store.e_max_mwh))
        low[device] = np.clip((low[device] - most[slot]) / keeps, floor, ceiling)
        high[device] = np.clip((high[device] - least[slot]) / keeps, floor, ceiling)
        found[0][slot], found[1][slot] = low[device], high[device]
    return found[0], found[1], found[2], found[3]


def _in_order(flexibility: Flexibility) -> list[tuple[Ints, Ints]]:
    """For the first, second, … step of all devices that last so long: the devices and their slots."""
    length = flexibility.stop - flexibility.start
    return [
        (device := np.flatnonzero(length > rank), flexibility.offsets[device] + rank)
        for rank in range(int(length.max(initial=0)))
    ]


def _power(flexibility: Flexibility, store: Reservoir, gain: Floats, p_min: Floats, p_max: Floats) -> Floats:
    """Power that gains an energy in each slot, shape (K,) [MW]."""
    slots = np.arange(flexibility.n_slots)
    fed_in = gain * flexibility.per_slot(store.eta_discharge) / flexibility.clock.step_hours
    power = np.where(gain < 0, fed_in, flexibility.charging_power(np.maximum(gain, 0.0), slots))
    return np.asarray(np.clip(power, p_min, p_max))


def _gained(flexibility: Flexibility, store: Reservoir, energy: Floats) -> Floats:
    """What devices have gained by the end of each step since they began, the gone ones too, shape (T,) [MWh]."""
    gained = energy - store.e_start_mwh[flexibility.device]
    last = flexibility.offsets[1:] - 1
    gone = np.bincount(flexibility.stop, weights=gained[last], minlength=flexibility.clock.n_steps + 1)
    return np.asarray(flexibility.by_step(gained) + np.cumsum(gone)[: flexibility.clock.n_steps])
