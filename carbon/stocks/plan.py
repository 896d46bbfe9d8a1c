"""An operation of stocks as the kernels read it."""

from __future__ import annotations

import numpy as np

from carbon.mixing.elimination import EliminationOrder
from carbon.stocks.desk import Stores
from carbon.stocks.operation import StockOperation
from carbon.validation import index_faults
from grid.arrays import Floats, read_only, read_only_ints
from grid.errors import InputError, raise_if_any
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot


def stores_of(
    op: StockOperation, order: EliminationOrder, n_steps: int, per_initial_mwh: Floats, lossy: tuple[bool, ...]
) -> Stores:
    """The stores of an operation in a grid.

    Args:
        op: What every store did.
        order: The grid's order of elimination.
        n_steps: Number of steps, T.
        per_initial_mwh: Each of the R properties of a MWh at first and from outside, shape (O, R).
        lossy: Whether conversion losses take a property along, R of them (see `Stores`).

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

    def sorted_unless_slots(quantity: DeviceOrSlot) -> Floats:
        return quantity.values if isinstance(quantity, PerSlot) else read_only(quantity[by_start])

    return Stores(
        device=read_only_ints(by_start),
        owner=read_only_ints(op.owner[by_start]),
        rank=read_only_ints(order.pattern.rank[op.node[by_start]]),
        start=read_only_ints(op.start[by_start]),
        stop=read_only_ints(op.stop[by_start]),
        first_slot=read_only_ints(op.first_slot[by_start]),
        starts=read_only_ints(np.concatenate([[0], np.cumsum(np.bincount(op.start, minlength=n_steps))])),
        kind=read_only_ints(~op.vehicle),
        p_mw=op.p_mw,
        p_drain_mw=read_only(np.empty(0) if op.p_drain_mw is None else op.p_drain_mw),
        e_start_mwh=read_only(op.e_start_mwh[by_start]),
        eta_charge=sorted_unless_slots(op.eta_charge),
        eta_discharge=sorted_unless_slots(op.eta_discharge),
        eta_charge_by_slot=isinstance(op.eta_charge, PerSlot),
        eta_discharge_by_slot=isinstance(op.eta_discharge, PerSlot),
        retention=read_only(op.retention_per_step[by_start]),
        per_initial_mwh=read_only(np.column_stack([np.ones(op.n_owners), per_initial_mwh])),
        lossy=read_only_ints(lossy),
    )


def check_step_hours(step_hours: float) -> None:
    """Raises an `InputError` unless a step lasts longer than 0 hours."""
    if not (np.isfinite(step_hours) and step_hours > 0):
        raise InputError.single("step_hours", "must be greater than 0", step_hours)
