"""The running state of all stocks: opened before the kernels go through time, turned into a trace after.

Its arrays are the only ones of the tracing that change, and they never leave it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import inner_kernel
from carbon.stocks.event_log import EventLog, list_events
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import KINDS, STATIONARY, VEHICLES, DeviceArrays
from carbon.stocks.trace import MOST_KEPT_EVENTS, ClassTrace, Contents, Movements, StockEvents, StockTrace
from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.sharing import keep_latest

BY_CHARGE, BY_DISCHARGE, BY_FUEL, BY_STANDING, BY_ARRIVING = range(5)
"""The ways in and out of a stock, columns of `StockState.moved`."""
AT_ONCE = 32
"""Events that are computed side by side; a constant, so that the compiler need not ask which rows overlap."""
_ROWS = 19
(
    P_MW, HELD, RATE_IN, RATE_OUT, KEPT, DRAINED,
    CHARGED, GIVEN, GAINED, SHARE, FUEL, THROUGH, LEFT, EMPTIES, PER_AFTER, AFTER,
    CONTENT, MIX, CARRIED,
) = range(0, _ROWS * AT_ONCE, AT_ONCE)  # fmt: skip
"""Where the rows of `StockState.amount` begin. Before an event: withdrawal [MW], energy in the stock [MWh],
efficiencies and retention [1], energy drained as fuel [MWh]. Of its energy: charged and discharged at the
terminals, and gained in the stock [MWh]; the shares of the content that leave by discharge and as fuel, and the
share of the charge that leaves in the same step, as fuel the stock did not hold [1]; energy that is left, negative
if too much was taken out [MWh]; 1 if nothing is left, so that the residue leaves too, else 0; one over the energy
in the stock after it, 0 if it is empty [1/MWh], and that energy [MWh]. Of one property: what the stock holds, what
a MWh there carries, and what a MWh charged brings."""
ROUNDING = 1e-14
"""A negative rest this small against what was there is the rounding of a stock that all has left."""
_FAULTS_LISTED = 20


ENERGY, RATE_TO, RATE_FROM, KEEPS, CONTENTS = range(5)
"""Columns of `StockState.held`; contents are the first of Q columns."""
DEVICE_NOW, OFFSET_NOW = range(2)
"""Columns of `StockState.plugged`."""
OWNER_AT, RANK_AT = range(2)
"""Rows of `StockState.at`."""


class StockState(NamedTuple):
    """O stocks: their energy, and Q = P R properties of it, R of them under each of P conventions.

    Where both stand in one array of sums, column 0 is energy and the properties follow.

    Args:
        held: Of each stock its energy now [MWh], efficiencies and retention of its device where they do not change [1],
            what it holds of every property, and what a MWh in it carries of each, the last known while it is empty;
            shape (O, 4 + 2 Q); together, for they are read together in no order.
        plugged: The device of each stock as the operation calls it, and its first slot less its first step, shape
            (O, 2).
        amount: What moves in some events of this step (``P_MW`` ...), `AT_ONCE` of them in each row, shape
            (19 AT_ONCE,).
        at: Their stocks and the ranks of their nodes (``OWNER_AT`` ...), shape (2, AT_ONCE).
        class_sum: Content of each class and, beside it, what rounding took from the sum, shape (2, 1 + Q, 2).
        moved: What moved in every step, class and way (``BY_CHARGE`` ...), shape (T, 2, 5, 1 + Q).
        contents: What each class holds at the end of every step (before that, what changed), shape (T, 1 + Q, 2).
        meter_mwh: Charged and discharged at the terminals, by step and class, shape (T, 2, 2) [MWh].
        started: What left before each device's start, of energy and of each property, and what a MWh then carries of
            each, the devices as the operation calls them, shape (N, 1 + 2 Q).
        overdrawn: First step in which a device took out too much, likewise, else -1, shape (N,).
        excess_mwh: How much too much that was, shape (N,) [MWh].
        log: Every event.
    """

    held: Floats
    plugged: Ints
    amount: Floats
    at: Ints
    class_sum: Floats
    moved: Floats
    contents: Floats
    meter_mwh: Floats
    started: Floats
    overdrawn: Ints
    excess_mwh: Floats
    log: EventLog


def open_stocks(
    devices: DeviceArrays,
    op: StockOperation,
    n_conventions: int = 1,
    *,
    with_log: bool = True,
    events: EventLog | None = None,
) -> StockState:
    """The state before the first step.

    Args:
        devices: What every store did, as the kernels read it.
        op: The same as it was given.
        n_conventions: Under how many conventions contents are kept, P.
        with_log: Whether every event is kept as well.
        events: All events, for who has listed them, without room for what happens in them; they stay as they are.
    """
    width = n_conventions * devices.lossy.size
    n_devices, n_steps = len(devices.place), len(devices.starts) - 1
    e_mwh = devices.e_initial_mwh
    mix = np.tile(devices.per_initial_mwh[:, 1:], n_conventions)
    content = e_mwh[:, None] * mix
    class_sum = np.zeros((2, 1 + width, 2))
    for which in (VEHICLES, STATIONARY):
        class_sum[which, 0, 0] = e_mwh[devices.stock_class == which].sum()
        class_sum[which, 1:, 0] = content[devices.stock_class == which].sum(axis=0)
    n_logged = n_conventions if with_log else 0
    room = n_logged * (1 + devices.lossy.size)
    log = list_events(devices, op, n_logged) if events is None else events.with_room(room)
    return StockState(
        held=np.column_stack([e_mwh, np.ones((e_mwh.size, CONTENTS - 1)), content, mix]),
        plugged=np.zeros((e_mwh.size, 2), dtype=np.int64),
        amount=np.zeros(_ROWS * AT_ONCE),
        at=np.zeros((2, AT_ONCE), dtype=np.int64),
        class_sum=class_sum,
        moved=np.zeros((n_steps, 2, 5, 1 + width)),
        contents=np.zeros((n_steps, 1 + width, 2)),
        meter_mwh=np.zeros((n_steps, 2, 2)),
        started=np.zeros((n_devices, 1 + 2 * width)),
        overdrawn=np.full(n_devices, -1, dtype=np.int64),
        excess_mwh=np.zeros(n_devices),
        log=log,
    )


def check_not_overdrawn(state: StockState) -> None:
    """Raises an `InputError` if more was taken out of a stock than it held: the first such step of every device."""
    overdrawn = np.flatnonzero(state.overdrawn >= 0)
    overdrawn = overdrawn[np.argsort(state.overdrawn[overdrawn], kind="stable")]
    faults = [
        Fault(
            f"operation.p_mw, device {device}, step {state.overdrawn[device]}",
            "must not take out more than the stock holds",
            f"{state.excess_mwh[device]:.3g} MWh too much",
        )
        for device in overdrawn[:_FAULTS_LISTED].tolist()
    ]
    n_more = len(overdrawn) - len(faults)
    more = [Fault("operation.p_mw", f"the same for {n_more} more devices")] if n_more > 0 else []
    raise_if_any([*faults, *more])


def in_window(state: StockState, first: int, stop: int, n_conventions: int) -> StockState:
    """The state of stocks, with room for what happens in the steps `first` to `stop` only, under so many conventions.

    Args:
        state: The stocks before step `first`, opened without a log.
        first: First step.
        stop: Step after the last.
        n_conventions: Under how many conventions contents are kept.
    """
    log = state.log
    begin, end = log.begins[[KINDS * first, KINDS * stop]].tolist()
    values = np.empty((state.moved.shape[3] + n_conventions, end - begin))
    values[0] = log.values[0, begin:end]
    return state._replace(log=log._replace(begins=log.begins - begin, device=log.device[begin:end], values=values))


def events_in_window(state: StockState, window: StockState, op: StockOperation, first: int, stop: int) -> StockEvents:
    """What happened in the steps `first` to `stop`, in arrays that those of all steps are made of.

    Args:
        state: The stocks, opened without a log.
        window: The same after these steps, see `in_window`.
        op: What every store did.
        first: First step.
        stop: Step after the last.
    """
    begin, end = state.log.begins[[KINDS * first, KINDS * stop]].tolist()
    e_after_mwh = state.log.values[0, begin:end]
    e_after_mwh[:] = window.log.values[0]
    begins = window.log.begins[KINDS * first : KINDS * stop + 1 : KINDS].copy()
    return StockEvents(op.energy, begins, window.log.device, e_after_mwh, first)


def stock_events(state: StockState, op: StockOperation) -> StockEvents:
    """All that happened, whatever the convention and the carbon; kept for who does the same next."""
    log = state.log

    def happened(e_after_mwh: Floats) -> StockEvents:
        return StockEvents(op.energy, log.begins[::KINDS].copy(), log.device, e_after_mwh)

    if len(log.device) > MOST_KEPT_EVENTS:
        return happened(log.values[0])
    return keep_latest("events of stocks", op.energy, lambda: happened(log.values[0].copy()))


def stock_trace(
    state: StockState, devices: DeviceArrays, convention: int, opening: Contents, events: StockEvents
) -> StockTrace:
    """Carbon and, if it was traced, renewable energy of all stocks after the last step, under one convention.

    Args:
        state: The stocks after the last step of the events.
        devices: What every store did, as the kernels read it.
        convention: Place of the convention.
        opening: Each stock before the first step.
        events: All that happened.
    """
    n_properties, op = devices.lossy.size, events.operation
    first, columns = 1 + (1 + n_properties) * convention, _columns(convention, n_properties)
    moved_kg, ci_kg_per_mwh, *shares = state.log.values[first : first + 1 + n_properties]
    at_start = [state.moved.shape[3] - 1 + place for place in columns[1:]]
    driven_mwh, driven_kg, ci_start_kg_per_mwh, *shares_start = (
        state.started[:, place].copy() for place in (*columns[:2], *at_start)
    )
    return StockTrace(
        events=events,
        moved_kg=moved_kg,
        ci_after_kg_per_mwh=ci_kg_per_mwh,
        renewable_share_after=shares[0] if shares else _unknown(moved_kg.size),
        ci_start_kg_per_mwh=ci_start_kg_per_mwh,
        renewable_share_start=shares_start[0] if shares_start else _unknown(len(driven_kg)),
        driven_mwh=driven_mwh,
        driven_kg=driven_kg,
        vehicles=_class_trace(state, VEHICLES, columns, opening, op.vehicle, events.steps),
        stationary=_class_trace(state, STATIONARY, columns, opening, ~op.vehicle, events.steps),
        opening=opening,
        closing=stock_contents(state, convention, n_properties),
    )


def stock_contents(state: StockState, convention: int, n_properties: int) -> Contents:
    """What each stock holds now, under the convention at a place, of carbon and, as second property, renewable."""
    properties = [CONTENTS - 1 + place for place in _columns(convention, n_properties)[1:]]
    energy, carbon, *renewable = state.held[:, [ENERGY, *properties]].T.copy()
    return Contents(energy, carbon, renewable[0] if renewable else _unknown(energy.size))


def _columns(convention: int, n_properties: int) -> list[int]:
    """Columns of energy and of each property under the convention at a place."""
    return [0, *range(n_properties * convention + 1, n_properties * (convention + 1) + 1)]


def _unknown(size: int) -> Floats:
    """What was not traced: NaN, which takes no memory."""
    return np.broadcast_to(np.nan, size)


def _class_trace(
    state: StockState, which: int, columns: list[int], opening: Contents, members: Bools, steps: slice
) -> ClassTrace:
    """All stocks of one class in some steps; between two windows of time they hold what the step before says."""
    at_first = [float(held[members].sum()) for held in (opening.e_mwh, opening.carbon_kg, opening.renewable_mwh)]
    if steps.start > 0:
        at_first = state.contents[steps.start - 1, columns, which].tolist()
    energy, carbon, *renewable = (
        Movements(value, state.contents[steps, q, which], *state.moved[steps, which, :, q].T)
        for q, value in zip(columns, at_first, strict=False)
    )
    charged_mwh, discharged_mwh = state.meter_mwh[steps, which].T
    nothing = Movements(np.nan, *(_unknown(len(charged_mwh)),) * 6)
    return ClassTrace(energy, carbon, renewable[0] if renewable else nothing, charged_mwh, discharged_mwh)


@inner_kernel()
def driven_share(before_mwh: float, e_start_mwh: float) -> float:
    """Share of a stock's content that left between two sessions."""
    return (before_mwh - e_start_mwh) / before_mwh if before_mwh > e_start_mwh else 0.0


@inner_kernel()
def zero_if_rounding(left: float, held: float, charge: float) -> float:
    """What is left of a stock; 0 where it is negative by rounding only (carbon may be negative for good)."""
    return 0.0 if -ROUNDING * (abs(held) + abs(charge)) < left < 0.0 else left
