"""The running state of all stocks: opened before the kernels go through time, turned into a trace after.

Its arrays are the only ones of the tracing that change, and they never leave it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import inner_kernel
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import STATIONARY, VEHICLES, DeviceArrays, most_at_once
from carbon.stocks.trace import ClassTrace, Contents, Movements, StockEvents, StockTrace
from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any

EMPTY_MWH = 1e-9
"""A stock of no more energy than this (1 mWh) is empty; a discharge may exceed the stock by no more."""
BY_CHARGE, BY_DISCHARGE, BY_FUEL, BY_STANDING, BY_ARRIVING = range(5)
"""The ways in and out of a stock, columns of `StockState.moved`."""
CHARGING, DISCHARGING = range(2)
"""Rows of `StockState.path`."""
ROUNDING = 1e-14
"""A negative rest this small against what was there is the rounding of a stock that all has left."""
_FAULTS_LISTED = 20


class EventLog(NamedTuple):
    """What happened in all stores, event after event in the order of time; room for J events (see `BlockSchedule`).

    Args:
        begins: The events of step t are begins[t] to begins[t + 1], shape (T + 1,).
        device: Device of each event, as the operation calls it, shape (J,).
        values: Energy in its stock after it; then under each of P conventions the carbon that passed the terminals,
            and what a MWh in the stock carries after it, R properties; shape (1 + P (1 + R), J).
    """

    begins: Ints
    device: Ints
    values: Floats


class StockState(NamedTuple):
    """O stocks: their energy, and Q = P R properties of it, R of them under each of P conventions.

    Where both stand in one array, column 0 is energy and the properties follow.

    Args:
        e_mwh: Energy in each stock now, shape (O,) [MWh].
        content: What each stock holds now of every property, shape (O, Q).
        mix: What a MWh in each stock carries, the last known while it is empty, shape (O, Q).
        at_start: The same when a device starts, shape (N, Q).
        amount: What moves in each event of this step (``CHARGED`` ...), a row for each device connected at once.
        class_sum: Content of each class and, beside it, what rounding took from the sum, shape (2, 1 + Q, 2).
        fed: Discharged at each node in this step, by rank, shape (B, Q) for B nodes [x/h].
        mixed: The solution at the nodes of the stores in this step, by rank, shape (B, Q).
        carried: What a MWh charged at a node brings in this step, by rank, shape (B, Q).
        listed: The last step in which each node was on a path, for each of the two ways, shape (2, B).
        path: Ranks of the nodes of all who charge in this step, and of all who discharge, and of the nodes between
            them and the root of the elimination tree, those nearer to the root first; shape (2, B).
        n_listed: How many of them there are, shape (2,).
        moved: What moved in every step, class and way (``BY_CHARGE`` ...), shape (T, 2, 5, 1 + Q).
        contents: What each class holds at the end of every step (before that, what changed), shape (T, 1 + Q, 2).
        meter_mwh: Charged and discharged at the terminals, by step and class, shape (T, 2, 2) [MWh].
        driven: What left before each device's start, shape (N, 1 + Q).
        overdrawn: First step in which a device took out too much, else -1, shape (N,).
        excess_mwh: How much too much that was, shape (N,) [MWh].
        log: Every event; without room for any if nobody asks.
    """

    e_mwh: Floats
    content: Floats
    mix: Floats
    at_start: Floats
    amount: Floats
    class_sum: Floats
    fed: Floats
    mixed: Floats
    carried: Floats
    listed: Ints
    path: Ints
    n_listed: Ints
    moved: Floats
    contents: Floats
    meter_mwh: Floats
    driven: Floats
    overdrawn: Ints
    excess_mwh: Floats
    log: EventLog


def open_stocks(devices: DeviceArrays, n_nodes: int, n_conventions: int = 1, *, with_log: bool = True) -> StockState:
    """The state before the first step.

    Args:
        devices: What every store did.
        n_nodes: Number of nodes.
        n_conventions: Under how many conventions contents are kept, P.
        with_log: Whether every event is kept as well.
    """
    width = n_conventions * devices.lossy.size
    n_devices, n_steps = len(devices.owner), len(devices.starts) - 1
    e_mwh = devices.e_initial_mwh.copy()
    mix = np.tile(devices.per_initial_mwh[:, 1:], n_conventions)
    content = e_mwh[:, None] * mix
    class_sum = np.zeros((2, 1 + width, 2))
    for which in (VEHICLES, STATIONARY):
        class_sum[which, 0, 0] = e_mwh[devices.stock_class == which].sum()
        class_sum[which, 1:, 0] = content[devices.stock_class == which].sum(axis=0)
    return StockState(
        e_mwh=e_mwh,
        content=content,
        mix=mix,
        at_start=np.zeros((n_devices, width)),
        amount=np.empty((most_at_once(devices), 9)),
        class_sum=class_sum,
        fed=np.zeros((n_nodes, width)),
        mixed=np.zeros((n_nodes, width)),
        carried=np.zeros((n_nodes, width)),
        listed=np.full((2, n_nodes), -1, dtype=np.int64),
        path=np.zeros((2, n_nodes), dtype=np.int64),
        n_listed=np.zeros(2, dtype=np.int64),
        moved=np.zeros((n_steps, 2, 5, 1 + width)),
        contents=np.zeros((n_steps, 1 + width, 2)),
        meter_mwh=np.zeros((n_steps, 2, 2)),
        driven=np.zeros((n_devices, 1 + width)),
        overdrawn=np.full(n_devices, -1, dtype=np.int64),
        excess_mwh=np.zeros(n_devices),
        log=_empty_log(devices, n_conventions, _most_events(devices) if with_log else 0),
    )


def _empty_log(devices: DeviceArrays, n_conventions: int, n_events: int) -> EventLog:
    """A log with room for so many events."""
    return EventLog(
        begins=np.zeros(len(devices.starts), dtype=np.int64),
        device=np.empty(n_events, dtype=np.int64),
        values=np.empty((1 + n_conventions * (1 + devices.lossy.size), n_events)),
    )


def _most_events(devices: DeviceArrays) -> int:
    """Upper bound on the events of all stores (`carbon.stocks.energy_kernel`).

    Slots with power or fuel, all slots of a store that leaks, and one for each device, in which a residue leaves.
    """
    length = devices.stop - devices.start
    leaking = length[devices.retention != 1.0].sum()
    happens = np.count_nonzero(devices.p_mw) + np.count_nonzero(devices.p_drain_mw)
    return min(int(happens) + int(leaking) + len(length), len(devices.p_mw))


def check_not_overdrawn(state: StockState, devices: DeviceArrays) -> None:
    """Raises an `InputError` if more was taken out of a stock than it held: the first such step of every device."""
    overdrawn = np.flatnonzero(state.overdrawn >= 0)
    overdrawn = overdrawn[np.argsort(state.overdrawn[overdrawn], kind="stable")]
    faults = [
        Fault(
            f"operation.p_mw, device {devices.device[device]}, step {state.overdrawn[device]}",
            "must not take out more than the stock holds",
            f"{state.excess_mwh[device]:.3g} MWh too much",
        )
        for device in overdrawn[:_FAULTS_LISTED].tolist()
    ]
    n_more = len(overdrawn) - len(faults)
    more = [Fault("operation.p_mw", f"the same for {n_more} more devices")] if n_more > 0 else []
    raise_if_any([*faults, *more])


def stock_events(state: StockState, op: StockOperation) -> StockEvents:
    """All that happened, whatever the convention."""
    log = state.log
    n_events = log.begins[-1]
    return StockEvents(op, log.begins, log.device[:n_events], log.values[0, :n_events])


def stock_trace(
    state: StockState, devices: DeviceArrays, convention: int, opening: Contents, events: StockEvents
) -> StockTrace:
    """Carbon and renewable energy of all stocks after the last step, under one convention.

    Args:
        state: The stocks after the last step.
        devices: What every store did, as the kernels read it.
        convention: Place of the convention.
        opening: Each stock before the first step.
        events: All that happened.
    """
    first = 1 + 3 * convention
    moved_kg, ci_kg_per_mwh, renewable_share = state.log.values[first : first + 3, : events.device.size]
    columns, op = _columns(convention), events.operation
    by_device = np.empty((4, len(devices.device)))
    by_device[:2, devices.device] = state.driven[:, columns[:2]].T
    by_device[2:, devices.device] = state.at_start[:, 2 * convention : 2 * convention + 2].T
    driven_mwh, driven_kg, ci_start_kg_per_mwh, renewable_share_start = by_device
    return StockTrace(
        events=events,
        moved_kg=moved_kg,
        ci_after_kg_per_mwh=ci_kg_per_mwh,
        renewable_share_after=renewable_share,
        ci_start_kg_per_mwh=ci_start_kg_per_mwh,
        renewable_share_start=renewable_share_start,
        driven_mwh=driven_mwh,
        driven_kg=driven_kg,
        vehicles=_class_trace(state, VEHICLES, columns, opening, op.vehicle),
        stationary=_class_trace(state, STATIONARY, columns, opening, ~op.vehicle),
        opening=opening,
        closing=stock_contents(state, convention),
    )


def stock_contents(state: StockState, convention: int) -> Contents:
    """What each stock holds now, under the convention at a place."""
    carbon_kg, renewable_mwh = state.content[:, 2 * convention : 2 * convention + 2].T.copy()
    return Contents(state.e_mwh.copy(), carbon_kg, renewable_mwh)


def _columns(convention: int) -> list[int]:
    """Columns of energy, carbon and renewable energy under the convention at a place."""
    return [0, 2 * convention + 1, 2 * convention + 2]


def _class_trace(state: StockState, which: int, columns: list[int], opening: Contents, members: Bools) -> ClassTrace:
    """All stocks of one class."""
    at_first = (opening.e_mwh, opening.carbon_kg, opening.renewable_mwh)
    energy, carbon, renewable = (
        Movements(float(values[members].sum()), state.contents[:, q, which], *state.moved[:, which, :, q].T)
        for q, values in zip(columns, at_first, strict=True)
    )
    return ClassTrace(energy, carbon, renewable, state.meter_mwh[:, which, 0], state.meter_mwh[:, which, 1])


@inner_kernel()
def driven_share(before_mwh: float, e_start_mwh: float) -> float:
    """Share of a stock's content that left between two sessions."""
    return (before_mwh - e_start_mwh) / before_mwh if before_mwh > e_start_mwh else 0.0


@inner_kernel()
def zero_if_rounding(left: float, held: float, charge: float) -> float:
    """What is left of a stock; 0 where it is negative by rounding only (carbon may be negative for good)."""
    return 0.0 if -ROUNDING * (abs(held) + abs(charge)) < left < 0.0 else left
