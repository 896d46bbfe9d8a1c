"""An operation of stocks in the order of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.checks import index_faults
from carbon.stocks import StockOperation
from grid.errors import InputError, raise_if_any
from grid.series import Floats, Ints


@dataclass(frozen=True, eq=False)
class StockPlan:
    """An operation, its slots sorted by step (vehicles first) and its devices by start.

    Args:
        slots: Original place of each slot, shape (K,).
        slot_bounds: Slots of step t are slot_bounds[t] to slot_bounds[t + 1], shape (T + 1,).
        stationary_from: Of these, the first of a stationary store, shape (T,).
        device: Device of each slot, shape (K,).
        withdrawn_mwh: Energy withdrawn at the terminals, negative when discharging, shape (K,) [MWh].
        fuel_mwh: Energy drained as fuel, shape (K,) [MWh].
        devices: Devices sorted by start, shape (N,).
        device_bounds: Devices that start in step t are device_bounds[t] to device_bounds[t + 1], shape (T + 1,).
        opening_mwh: Energy in each stock before the first step, shape (O,): what its first session starts with [MWh].
        discharge_mw: Power that stores feed in at each node, shape (T, B) for B nodes [MW].
    """

    slots: Ints
    slot_bounds: Ints
    stationary_from: Ints
    device: Ints
    withdrawn_mwh: Floats
    fuel_mwh: Floats
    devices: Ints
    device_bounds: Ints
    opening_mwh: Floats
    discharge_mw: Floats


def plan_stocks(op: StockOperation, n_steps: int, n_nodes: int, step_hours: float) -> StockPlan:
    """Sorts an operation by time.

    Raises:
        InputError: If a device is at no known node or outside the steps.
    """
    raise_if_any(
        [
            *index_faults("operation.node", op.node, op.start.shape, n_nodes),
            *index_faults("operation.start", op.start, op.start.shape, n_steps),
            *index_faults("operation.stop - 1", op.stop - 1, op.start.shape, n_steps),
        ]
    )
    device, step = op.slot_device, op.slot_step
    key = 2 * step + ~op.vehicle[op.owner[device]]
    slots = np.argsort(key, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=2 * n_steps))])
    giving = np.flatnonzero(op.p_mw < 0)
    cell = step[giving] * n_nodes + op.node[device[giving]]
    discharge_mw = np.asarray(np.bincount(cell, -op.p_mw[giving], n_steps * n_nodes), dtype=np.float64)
    devices = np.argsort(op.start, kind="stable")
    return StockPlan(
        slots=slots,
        slot_bounds=bounds[::2],
        stationary_from=bounds[1::2],
        device=device[slots],
        withdrawn_mwh=step_hours * op.p_mw[slots],
        fuel_mwh=np.zeros(len(slots)) if op.p_drain_mw is None else step_hours * op.p_drain_mw[slots],
        devices=devices,
        device_bounds=np.searchsorted(op.start[devices], np.arange(n_steps + 1)),
        opening_mwh=_opening_mwh(op, devices),
        discharge_mw=discharge_mw.reshape(n_steps, n_nodes),
    )


def _opening_mwh(op: StockOperation, devices: Ints) -> Floats:
    """Energy that each owner's first session starts with, shape (O,) [MWh]; 0 without any session."""
    owners, first = np.unique(op.owner[devices], return_index=True)
    opening_mwh = np.zeros(op.n_owners)
    opening_mwh[owners] = op.e_start_mwh[devices[first]]
    return opening_mwh


def check_step_hours(step_hours: float) -> None:
    """Raises an `InputError` unless a step lasts longer than 0 hours."""
    if not (np.isfinite(step_hours) and step_hours > 0):
        raise InputError.of("step_hours", "must be greater than 0", step_hours)
