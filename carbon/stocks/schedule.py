"""What the stores do, as the kernels read it, device after device."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import kernel
from carbon.mixing.elimination import EliminationOrder
from carbon.mixing.prefetch import AHEAD, prefetch
from carbon.stocks.operation import StockOperation
from carbon.validation import index_faults
from grid.arrays import Floats, Ints, read_only, read_only_ints, run_offsets
from grid.errors import raise_if_any
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot

DEVICE, OWNER, RANK, SLOT, STOP, BEFORE = range(6)
"""Columns of `DeviceArrays.place`."""
ETA_CHARGE, ETA_DISCHARGE, RETENTION, E_START = range(4)
"""Columns of `DeviceArrays.rates`."""
VEHICLES, STATIONARY = range(2)
"""Classes of stocks."""
CHARGING, DISCHARGING = range(2)
"""Ways of an event; rest in which something happens counts as charging nothing."""
KINDS = 4
"""Kinds of events: twice the class and the way."""
EMPTY_MWH = 1e-9
"""A stock of no more energy than this (1 mWh) is empty; a discharge may exceed the stock by no more."""


class DeviceArrays(NamedTuple):
    """What every store did: N devices, K slots, O owners, R properties (see `StockOperation`).

    Devices come in the order of their start, so that what is connected at a time lies together.

    Args:
        place: What the operation calls each device, its stock, the rank of its node, its first slot, its first step no
            longer connected, and that of the device before of the same owner, 0 if it is the first (``DEVICE`` ...),
            shape (N, 6); together, for they are read together.
        rates: Its efficiencies where they do not change, the share of the energy that a step's standing loss leaves
            [1], and the energy in the stock when its first step begins [MWh] (``ETA_CHARGE`` ...), shape (N, 4).
        starts: Devices that start in step t are starts[t] to starts[t + 1], shape (T + 1,).
        stock_class: ``VEHICLES`` or ``STATIONARY``, shape (O,).
        p_mw: Withdrawal at the terminals, shape (K,) [MW].
        p_drain_mw: Energy drained as fuel, shape (K,) [MW]; shape (0,) if there is none.
        e_initial_mwh: Energy in each stock before its first device begins, shape (O,) [MWh].
        eta_charge: Efficiency by slot, shape (K,) [1]; shape (0,) where it does not change.
        eta_discharge: Likewise [1].
        per_initial_mwh: What a MWh carries at first and from outside: itself and each property, shape (O, 1 + R).
        lossy: 1 for a property that conversion losses take along, like a share of the energy; 0 for one that whoever
            receives the rest inherits, like carbon; shape (R,).
    """

    place: Ints
    rates: Floats
    starts: Ints
    stock_class: Ints
    p_mw: Floats
    p_drain_mw: Floats
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
    starts = run_offsets(np.bincount(op.start, minlength=n_steps))
    place, rates = np.empty((op.n_devices, 6), dtype=np.int64), np.empty((op.n_devices, 4))
    eta_charge, eta_discharge = _by_device(op.eta_charge, op.n_devices), _by_device(op.eta_discharge, op.n_devices)
    at_nodes = read_only_ints(op.node), order.pattern.rank
    of_devices = eta_charge, eta_discharge, op.retention_per_step, op.e_start_mwh
    _arrange(*stays_of(op), *at_nodes, *of_devices, starts.copy(), place, rates)
    e_initial_mwh = np.zeros(op.n_owners)
    _follow_owners(np.zeros(op.n_owners, dtype=np.int64), place, rates, e_initial_mwh)
    return DeviceArrays(
        place=read_only_ints(place),
        rates=read_only(rates),
        starts=read_only_ints(starts),
        stock_class=read_only_ints(np.where(op.vehicle, VEHICLES, STATIONARY)),
        p_mw=op.p_mw,
        p_drain_mw=read_only(np.empty(0) if op.p_drain_mw is None else op.p_drain_mw),
        e_initial_mwh=read_only(e_initial_mwh if op.e_initial_mwh is None else op.e_initial_mwh),
        eta_charge=_by_slot(op.eta_charge),
        eta_discharge=_by_slot(op.eta_discharge),
        per_initial_mwh=read_only(np.column_stack([np.ones(op.n_owners), per_initial_mwh])),
        lossy=read_only_ints(lossy),
    )


def stays_of(op: StockOperation) -> tuple[Ints, Ints, Ints]:
    """Owner, first step and step after the last of every device, as the kernels read them."""
    return read_only_ints(op.owner), read_only_ints(op.start), read_only_ints(op.stop)


def _by_device(quantity: DeviceOrSlot, n_devices: int) -> Floats:
    """A quantity of each device, 1 where it is given by slot."""
    return read_only(np.ones(n_devices)) if isinstance(quantity, PerSlot) else quantity


def _by_slot(quantity: DeviceOrSlot) -> Floats:
    """A quantity by slot; nothing where it is given by device."""
    return read_only(quantity.values if isinstance(quantity, PerSlot) else np.empty(0))


@kernel()
def _arrange(
    owner: Ints,
    start: Ints,
    stop: Ints,
    node: Ints,
    rank: Ints,
    eta_charge: Floats,
    eta_discharge: Floats,
    retention: Floats,
    e_start_mwh: Floats,
    free: Ints,
    place: Ints,
    rates: Floats,
) -> None:
    """Enters every device in the first place that is `free` for its start, all but the column `BEFORE`."""
    slot = 0
    for device in range(owner.size):
        begin, end = start[device], stop[device]
        follows = free[start[min(device + AHEAD, start.size - 1)]]
        prefetch(place[follows])
        prefetch(rates[follows])
        at = free[begin]
        free[begin] = at + 1
        place[at, DEVICE], place[at, OWNER], place[at, RANK] = device, owner[device], rank[node[device]]
        place[at, SLOT], place[at, STOP] = slot, end
        rates[at, ETA_CHARGE], rates[at, ETA_DISCHARGE] = eta_charge[device], eta_discharge[device]
        rates[at, RETENTION], rates[at, E_START] = retention[device], e_start_mwh[device]
        slot += end - begin


@kernel()
def _follow_owners(reached: Ints, place: Ints, rates: Floats, e_initial_mwh: Floats) -> None:
    """Finds the end of the device before of each owner, and what his first device begins with.

    Args:
        reached: Zeros, shape (O,).
        place: Result: the column `BEFORE`.
        rates: See `DeviceArrays`.
        e_initial_mwh: Result: energy in the stock when the first device of each owner begins, shape (O,) [MWh].
    """
    for at in range(place.shape[0]):
        owner = place[at, OWNER]
        if reached[owner] == 0:
            e_initial_mwh[owner] = rates[at, E_START]
        place[at, BEFORE] = reached[owner]
        reached[owner] = place[at, STOP]
