"""Cars that have not arrived when a window is decided: hidden from it, and charging at once when they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot
from optimizer.problem.slots import slots_between, step_of

ROUNDING_MW = 1e-9


def hides(flexibility: Flexibility) -> bool:
    """Whether its devices are vehicles of which nothing need be known before they arrive."""
    store = flexibility.reservoir
    return (
        store is not None
        and store.vehicle
        and store.drain_mwh is None
        and bool((store.retention_per_step == 1.0).all())
        and len(store.charge_segments) == 1
    )


def without_arrivals(flexibility: Flexibility, first: int) -> Flexibility:
    """The same in which what arrives after step `first` does nothing, and owes nothing."""
    store = flexibility.reservoir
    later: Bools = flexibility.start > first
    if store is None or not later.any():
        return flexibility
    return replace(
        flexibility,
        p_min_mw=_shut(flexibility, flexibility.p_min_mw, later),
        p_max_mw=_shut(flexibility, flexibility.p_max_mw, later),
        p_unmanaged_mw=None,
        reservoir=replace(store, e_end_mwh=np.where(later, store.e_start_mwh, store.e_end_mwh)),
    )


def _shut(flexibility: Flexibility, power: DeviceOrSlot, later: Bools) -> DeviceOrSlot:
    """A bound on power that is 0 for the devices that come `later`, shape (N,)."""
    if isinstance(power, PerSlot):
        return PerSlot(np.where(later[flexibility.device], 0.0, power.values))
    return np.where(later, 0.0, power)


def charging_on_arrival(flexibility: Flexibility, devices: Ints) -> tuple[Ints, Floats]:
    """What vehicles draw at full power from their arrival until they have their energy.

    Args:
        flexibility: The fleet.
        devices: The vehicles, shape (A,).

    Returns:
        Their slots, vehicle after vehicle, and the power in each [MW], shape (Ka,) each.
    """
    store = flexibility.reservoir
    place, rank, slots = slots_between(flexibility, devices, flexibility.start[devices], flexibility.stop[devices])
    if store is None or not slots.size:
        return slots, np.zeros(slots.size)
    most = np.maximum(flexibility.at_slots(flexibility.p_max_mw, slots), 0.0)
    per_mw = flexibility.clock.step_hours * flexibility.at_slots(store.eta_charge, slots)
    gained = np.cumsum(per_mw * most)
    before = gained - per_mw * most
    before -= before[rank == 0][place]
    left = (store.e_end_mwh - store.e_start_mwh)[devices][place] - before
    power: Floats = np.clip(left / per_mw, 0.0, most)
    return slots, np.where(power > ROUNDING_MW, power, 0.0)


def expected_arrivals_mw(flexibility: Flexibility, first: int, stop: int) -> Floats:
    """What those who arrive after step `first` will draw, if yesterday's come again, shape (stop - first, B) [MW].

    Of a window longer than a day, every day is taken to be like the one before the window.
    """
    day, n = flexibility.clock.steps_per_day, stop - first
    total = np.zeros((n, flexibility.shares.shape[1]))
    devices = np.flatnonzero((flexibility.start > first - day) & (flexibility.start <= first))
    slots, power = charging_on_arrival(flexibility, devices)
    device, step = flexibility.device_of(slots), step_of(flexibility, slots) - first
    for days in range(1, -(-n // day) + 1):
        at = step + days * day
        inside = (at >= 0) & (at < n)
        by_device = sparse.csr_array((power[inside], (at[inside], device[inside])), shape=(n, flexibility.n_devices))
        total += (by_device @ flexibility.shares).toarray()
    return total
