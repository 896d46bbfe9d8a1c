"""What a reservoir gains by power, and holds step after step, compiled: device after device through its slots."""

from __future__ import annotations

import numpy as np
from numba import njit

import grid.code_cache  # noqa: F401  before any function is compiled
from grid.arrays import Floats, Ints
from grid.flexibility.kernel_input import Devices


@njit(cache=True, nogil=True)
def charge_at_once(of: Devices, e_start_mwh: Floats, e_due_mwh: Floats) -> Floats:
    """Power of devices that charge at full power until the energy due is stored, then hold it; shape (K,) [MW]."""
    power: Floats = np.zeros(of.first_slot[-1])
    for device in range(e_start_mwh.size):
        energy = e_start_mwh[device]
        for slot in range(of.first_slot[device], of.first_slot[device + 1]):
            held = _held(of, device, slot, energy)
            power[slot] = _charging_power(of, device, slot, e_due_mwh[device] - held)
            energy = held + _gain(of, device, slot, power[slot])
    return power


@njit(cache=True, nogil=True)
def energies(of: Devices, e_start_mwh: Floats, p_mw: Floats) -> Floats:
    """Energy when each slot ends, for withdrawal `p_mw`, both of shape (K,) [MWh, MW]."""
    found: Floats = np.zeros(p_mw.size)
    for device in range(e_start_mwh.size):
        energy = e_start_mwh[device]
        for slot in range(of.first_slot[device], of.first_slot[device + 1]):
            energy = _held(of, device, slot, energy) + _gain(of, device, slot, p_mw[slot])
            found[slot] = energy
    return found


@njit(cache=True, nogil=True)
def gains_at(of: Devices, device: Ints, slot: Ints, p_mw: Floats) -> Floats:
    """Energy gained by withdrawal `p_mw` before standing losses and use, of some slots and their devices [MWh].

    All arrays have shape (J,).
    """
    found: Floats = np.zeros(slot.size)
    for j in range(slot.size):
        found[j] = _gain(of, device[j], slot[j], p_mw[j])
    return found


@njit(cache=True, nogil=True)
def charging_powers(of: Devices, device: Ints, slot: Ints, gain_mwh: Floats) -> Floats:
    """Charging power of some slots that gains `gain_mwh`, as far as it goes, shape (J,) each [MW]."""
    found: Floats = np.zeros(slot.size)
    for j in range(slot.size):
        found[j] = _charging_power(of, device[j], slot[j], gain_mwh[j])
    return found


@njit(cache=True, nogil=True)
def most_gains(of: Devices) -> Floats:
    """What each device gains at full power over all its steps, use subtracted, shape (N,) [MWh]."""
    found: Floats = np.zeros(of.first_slot.size - 1)
    for device in range(found.size):
        for slot in range(of.first_slot[device], of.first_slot[device + 1]):
            full = max(_at(of.p_max_mw, of.p_max_by_slot, device, slot), 0.0)
            found[device] += _held(of, device, slot, 0.0) + _gain(of, device, slot, full)
    return found


@njit(cache=True, nogil=True)
def carried_over(of: Devices, owner: Ints, e_start_mwh: Floats, e_due_mwh: Floats) -> tuple[Floats, Floats]:
    """Energy at the beginning and due at the end of stays, where full power may not reach what is due.

    What a stay lacks is missing at the beginning of the next of the same stock too, down to an empty one, and is
    asked for there.

    Args:
        of: The devices; those of one stock follow one another in time.
        owner: Stock of each, shape (N,).
        e_start_mwh: Energy at the beginning if every stay gets what is due, shape (N,) [MWh].
        e_due_mwh: Energy due at the end, shape (N,) [MWh].

    Returns:
        Energy at the beginning and due at the end, shape (N,) each [MWh].
    """
    start, due = e_start_mwh.copy(), e_due_mwh.copy()
    gained = most_gains(of)
    for device in range(owner.size):
        if device and owner[device] == owner[device - 1]:
            lacks = e_due_mwh[device - 1] - due[device - 1]
            if lacks > 0.0:
                start[device] = min(max(e_start_mwh[device] - lacks, 0.0), due[device - 1])
        due[device] = min(e_due_mwh[device], start[device] + gained[device])
    return start, due


@njit(cache=True, nogil=True)
def highest_energy(of: Devices, e_start_mwh: Floats, e_max_mwh: Floats, begin: int, end: int) -> Floats:
    """Most energy that each device can hold after its steps `begin` to `end` - 1, shape (N,) [MWh]."""
    found: Floats = e_start_mwh.copy()
    for device in range(found.size):
        for slot in range(of.first_slot[device] + begin, of.first_slot[device] + end):
            full = max(_at(of.p_max_mw, of.p_max_by_slot, device, slot), 0.0)
            energy = _held(of, device, slot, found[device]) + _gain(of, device, slot, full)
            found[device] = min(energy, e_max_mwh[device])
    return found


@njit(cache=True, nogil=True)
def followed(
    of: Devices,
    e_start_mwh: Floats,
    e_due_mwh: Floats,
    e_min_mwh: Floats,
    e_max_mwh: Floats,
    usual_mwh: Floats,
    p_min_on_mw: Floats,
) -> Floats:
    """Charging power of devices that keep their usual energy where they can, and hold more where they must.

    They must hold what their later steps at full power lack for use, standing losses and the energy due.

    Args:
        of: The devices.
        e_start_mwh: Energy at the beginning, shape (N,) [MWh].
        e_due_mwh: Energy due at the end, shape (N,) [MWh].
        e_min_mwh: Least energy at any time, shape (N,) [MWh].
        e_max_mwh: Most energy at any time, shape (N,) [MWh].
        usual_mwh: Energy that they would hold when each slot ends, shape (K,) [MWh].
        p_min_on_mw: Minimum load, shape (N,) [MW].

    Returns:
        Power, shape (K,) [MW].
    """
    n_devices = e_start_mwh.size
    power: Floats = np.zeros(usual_mwh.size)
    needed: Floats = np.zeros(usual_mwh.size)
    for device in range(n_devices):
        first, stop, least_on = of.first_slot[device], of.first_slot[device + 1], p_min_on_mw[device]
        need = e_due_mwh[device]
        for slot in range(stop - 1, first - 1, -1):
            needed[slot] = need
            full = max(_at(of.p_max_mw, of.p_max_by_slot, device, slot), 0.0)
            gain = _gain(of, device, slot, full if full >= least_on else 0.0)
            need = max((need - _held(of, device, slot, 0.0) - gain) / of.retention_per_step[device], e_min_mwh[device])
        energy = e_start_mwh[device]
        for slot in range(first, stop):
            held = _held(of, device, slot, energy)
            wanted = min(max(usual_mwh[slot], needed[slot]), e_max_mwh[device]) - held
            power[slot] = _charging_power(of, device, slot, wanted)
            if 0.0 < power[slot] < least_on:
                runs = held + _gain(of, device, slot, least_on) <= e_max_mwh[device]
                power[slot] = least_on if runs and least_on <= _at(of.p_max_mw, of.p_max_by_slot, device, slot) else 0.0
            energy = held + _gain(of, device, slot, power[slot])
    return power


@njit(cache=True, nogil=True)
def _at(values: Floats, by_slot: bool, device: int, slot: int) -> float:
    """Value of a slot where `values` are by slot, else of its device."""
    return values[slot if by_slot else device]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _held(of: Devices, device: int, slot: int, energy_mwh: float) -> float:
    """What standing losses and use leave of the energy in a slot's step [MWh]."""
    drained = of.drain_mwh[slot] if of.drain_mwh.size else 0.0
    return of.retention_per_step[device] * energy_mwh - drained  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _charging_power(of: Devices, device: int, slot: int, gain_mwh: float) -> float:
    """Charging power that gains `gain_mwh`, as far as it goes [MW]."""
    n_segments = len(of.segments)
    p_max = max(_at(of.p_max_mw, of.p_max_by_slot, device, slot), 0.0)
    whole = max(_at(of.p_segments_mw, of.p_segments_by_slot, device, slot), 0.0)
    missing = max(gain_mwh, 0.0) / (of.step_hours * _at(of.eta_charge, of.eta_charge_by_slot, device, slot))
    power = 0.0
    for k in range(n_segments):
        share, relative = of.segments[k, 0], of.segments[k, 1]
        part = missing / relative if k == n_segments - 1 else min(missing / relative, share * whole)
        power += part
        missing -= part * relative
    return min(power, p_max)


@njit(cache=True, nogil=True)
def _gain(of: Devices, device: int, slot: int, p_mw: float) -> float:
    """Energy gained by the power of a slot [MWh]."""
    n_segments = len(of.segments)
    if p_mw < 0.0:
        return of.step_hours * p_mw / _at(of.eta_discharge, of.eta_discharge_by_slot, device, slot)
    whole = max(_at(of.p_segments_mw, of.p_segments_by_slot, device, slot), 0.0)
    stored = below = 0.0
    for k in range(n_segments):
        share, relative = of.segments[k, 0], of.segments[k, 1]
        part = max(p_mw - below, 0.0)
        stored += relative * (part if k == n_segments - 1 else min(part, share * whole))
        below += share * whole
    return of.step_hours * _at(of.eta_charge, of.eta_charge_by_slot, device, slot) * stored
