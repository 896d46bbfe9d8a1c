"""What of a stock's operation is known before any carbon is: energies, shares and the order of events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.checks import index_faults
from carbon.stocks import EMPTY_MWH, StockOperation
from grid.errors import Fault, InputError, raise_if_any
from grid.series import Bools, Floats, Ints

_FAULTS_LISTED = 20
"""More devices at fault than these are counted, not listed."""


@dataclass(frozen=True, eq=False)
class StockPlan:
    """An operation, its slots sorted by step (vehicles first) and its devices by start.

    A stock loses energy, carbon and renewable energy in the same proportion, so one share a slot and way out says it
    all; and the shares follow from the energies alone.

    Args:
        step_hours: Length of a step [h].
        slots: Original place of each slot, shape (K,).
        slot_bounds: Slots of step t are slot_bounds[t] to slot_bounds[t + 1], shape (T + 1,).
        stationary_from: Of these, the first of a stationary store, shape (T,).
        owner: Stock of each slot, shape (K,).
        node: Node of each slot, shape (K,).
        charge_mwh: Energy charged at the terminals, shape (K,) [MWh].
        discharge_mwh: Energy discharged at the terminals, shape (K,) [MWh].
        eta_charge: Stored for charged, shape (K,) [1].
        eta_discharge: Discharged for taken out, shape (K,) [1].
        leaving_share: Share of the stock at the start of the slot that leaves by discharge, as fuel and by standing
            loss, shape (3, K) [1].
        empties: Whether the stock is empty at the end of the slot, shape (K,).
        devices: Devices sorted by start, shape (N,).
        device_bounds: Devices that start in step t are device_bounds[t] to device_bounds[t + 1], shape (T + 1,).
        driven_share: Share of the stock that left since the owner's previous session, shape (N,), sorted likewise [1].
        arriving_mwh: Energy that arrived from outside since then, shape (N,), sorted likewise [MWh].
        opening_mwh: Energy in each stock before the first step, shape (O,) [MWh].
        e_end_mwh: Energy at the end of each slot, shape (K,), in the original order [MWh].
        driven_mwh: Energy driven since the previous session, shape (N,), in the original order [MWh].
    """

    step_hours: float
    slots: Ints
    slot_bounds: Ints
    stationary_from: Ints
    owner: Ints
    node: Ints
    charge_mwh: Floats
    discharge_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    leaving_share: Floats
    empties: Bools
    devices: Ints
    device_bounds: Ints
    driven_share: Floats
    arriving_mwh: Floats
    opening_mwh: Floats
    e_end_mwh: Floats
    driven_mwh: Floats


def plan_stocks(op: StockOperation, n_steps: int, n_nodes: int, step_hours: float) -> StockPlan:
    """Sorts an operation and works out its energies.

    Raises:
        InputError: If a device is at no known node or outside the steps, or more is taken out of a stock than it holds.
    """
    raise_if_any(
        [
            *index_faults("operation.node", op.node, op.start.shape, n_nodes),
            *index_faults("operation.start", op.start, op.start.shape, n_steps),
            *index_faults("operation.stop", op.stop - 1, op.start.shape, n_steps),
        ]
    )
    slots, device, bounds = _by_step(op, n_steps)
    charge_mwh = step_hours * np.maximum(op.p_mw[slots], 0.0)
    discharge_mwh = step_hours * np.maximum(-op.p_mw[slots], 0.0)
    fuel_mwh = np.zeros_like(charge_mwh) if op.p_drain_mw is None else step_hours * op.p_drain_mw[slots]
    taken_mwh = discharge_mwh / op.eta_discharge[device]
    gain_mwh = op.eta_charge[device] * charge_mwh - taken_mwh - fuel_mwh
    e_begin_mwh, e_end_mwh = _energies(op, device, bounds[::2], gain_mwh)
    raise_if_any(_overdrawn_faults(op, slots, device, e_end_mwh))
    per_mwh = np.divide(1.0, e_begin_mwh, out=np.zeros_like(e_begin_mwh), where=e_begin_mwh > 0)
    kept = op.retention_per_step[device]
    discharge_share = np.minimum(taken_mwh * per_mwh, kept)
    fuel_share = np.minimum(fuel_mwh * per_mwh, kept - discharge_share)
    e_end_unsorted_mwh = np.empty_like(e_end_mwh)
    e_end_unsorted_mwh[slots] = np.where(e_end_mwh > EMPTY_MWH, e_end_mwh, 0.0)
    devices = np.argsort(op.start, kind="stable")
    before_mwh, opening_mwh = _before_each_session(op, e_end_unsorted_mwh)
    driven_mwh = np.maximum(before_mwh - op.e_start_mwh, 0.0)
    driven_share = np.divide(driven_mwh, before_mwh, out=np.zeros_like(driven_mwh), where=before_mwh > 0)
    return StockPlan(
        step_hours=step_hours,
        slots=slots,
        slot_bounds=bounds[::2],
        stationary_from=bounds[1::2],
        owner=op.owner[device],
        node=op.node[device],
        charge_mwh=charge_mwh,
        discharge_mwh=discharge_mwh,
        eta_charge=op.eta_charge[device],
        eta_discharge=op.eta_discharge[device],
        leaving_share=np.stack([discharge_share, fuel_share, 1.0 - kept]),
        empties=e_end_mwh <= EMPTY_MWH,
        devices=devices,
        device_bounds=np.searchsorted(op.start[devices], np.arange(n_steps + 1)),
        driven_share=driven_share[devices],
        arriving_mwh=np.maximum(op.e_start_mwh - before_mwh, 0.0)[devices],
        opening_mwh=opening_mwh,
        e_end_mwh=e_end_unsorted_mwh,
        driven_mwh=driven_mwh,
    )


def _by_step(op: StockOperation, n_steps: int) -> tuple[Ints, Ints, Ints]:
    """Slots sorted by step, vehicles first.

    Returns:
        Original place of each slot, shape (K,); its device, shape (K,); and where vehicles and stationary stores of
        each step begin, shape (2 T + 1,).
    """
    device = op.slot_device
    key = 2 * op.slot_step + ~op.vehicle[op.owner[device]]
    slots = np.argsort(key, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=2 * n_steps))])
    return slots, device[slots], bounds


def _energies(op: StockOperation, device: Ints, bounds: Ints, gain_mwh: Floats) -> tuple[Floats, Floats]:
    """Energy in the stock at the start and at the end of every slot, sorted by step, shape (K,) each [MWh].

    e' = retention e + h (eta_charge p_charge - p_discharge / eta_discharge - p_drain); no more than `EMPTY_MWH` is
    taken to be 0 in the next step.
    """
    e_mwh = op.e_start_mwh.copy()
    kept = op.retention_per_step[device]
    e_begin_mwh, e_end_mwh = np.empty_like(gain_mwh), np.empty_like(gain_mwh)
    for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
        here = slice(start, stop)
        e_begin_mwh[here] = e_mwh[device[here]]
        e_end_mwh[here] = kept[here] * e_begin_mwh[here] + gain_mwh[here]
        e_mwh[device[here]] = np.where(e_end_mwh[here] > EMPTY_MWH, e_end_mwh[here], 0.0)
    return e_begin_mwh, e_end_mwh


def _before_each_session(op: StockOperation, e_end_mwh: Floats) -> tuple[Floats, Floats]:
    """Energy the owner's previous session left, shape (N,), and the energy of each stock at first, shape (O,) [MWh].

    Before an owner's first session its stock holds what that session starts with.
    """
    left_mwh = e_end_mwh[np.cumsum(op.stop - op.start) - 1]
    before_mwh, opening_mwh = op.e_start_mwh.copy(), np.zeros(op.n_owners)
    order = np.lexsort((op.start, op.owner))
    first = np.diff(op.owner[order], prepend=-1) != 0
    before_mwh[order[~first]] = left_mwh[order[np.flatnonzero(~first) - 1]]
    opening_mwh[op.owner[order[first]]] = op.e_start_mwh[order[first]]
    return before_mwh, opening_mwh


def _overdrawn_faults(op: StockOperation, slots: Ints, device: Ints, e_end_mwh: Floats) -> list[Fault]:
    """One fault for every device that gives more than it holds: the first step in which it does."""
    overdrawn = np.flatnonzero(e_end_mwh < -EMPTY_MWH)
    if len(overdrawn) == 0:
        return []
    step = op.slot_step[slots[overdrawn]]
    devices, first = np.unique(device[overdrawn], return_index=True)
    faults = [
        Fault(
            f"operation.p_mw, device {int(device[overdrawn[i]])}, step {int(step[i])}",
            "must not take out more than the stock holds",
            f"{-e_end_mwh[overdrawn[i]]:.3g} MWh too much",
        )
        for i in first[:_FAULTS_LISTED]
    ]
    n_more = len(devices) - len(faults)
    return [*faults, Fault("operation.p_mw", f"and {n_more} more devices")] if n_more else faults


def check_step_hours(step_hours: float) -> None:
    """Raises an `InputError` unless a step lasts longer than 0 hours."""
    if not (np.isfinite(step_hours) and step_hours > 0):
        raise InputError.of("step_hours", "must be greater than 0", step_hours)
