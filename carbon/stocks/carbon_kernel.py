"""What the energy in the stocks carries, step after step, compiled: what couples one step of the tracing to the next.

Departures and arrivals, then discharge, mixing in the grid and charge, under all conventions at once: what moves is the
same (`carbon.stocks.energy_kernel`), what it carries is not. Of the grid only the nodes that matter to a store are
solved here; all others follow afterwards, for a block of steps at once.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block
from carbon.mixing.compiled import kernel
from carbon.mixing.conventions_kernel import GROSS
from carbon.mixing.elimination import Pattern
from carbon.stocks.ledger import (
    BY_ARRIVING,
    BY_CHARGE,
    BY_DISCHARGE,
    BY_FUEL,
    BY_STANDING,
    EMPTY_MWH,
    StockState,
    driven_share,
    zero_if_rounding,
)
from carbon.stocks.schedule import (
    AFTER,
    CHARGED,
    CLASS,
    DEVICE,
    DISCHARGE,
    EMPTIES,
    ETA,
    FUEL,
    GAINED,
    OWNER,
    RANK,
    STANDING,
    THROUGH,
    BlockSchedule,
    DeviceArrays,
)
from grid.arrays import Floats, Ints


@kernel()
def advance_contents(
    first: int,
    n_steps: int,
    step_hours: float,
    pattern: Pattern,
    rules: Ints,
    devices: DeviceArrays,
    schedule: BlockSchedule,
    state: StockState,
    blocks: Block,
) -> None:
    """Carries what the stocks hold through steps `first` to `first + n_steps`.

    Args:
        first: First step of the block.
        n_steps: Number of its steps.
        step_hours: Length of a step [h].
        pattern: Where the coefficients stand.
        rules: Mixing rule of each convention, shape (P,).
        devices: What every store did.
        schedule: The events of the block.
        state: The stocks; their contents go on to the end of the block.
        blocks: The equations under each rule, factorised and forward substituted; the stores' discharge is added.
    """
    for k in range(n_steps):
        _start_devices(first + k, devices, state)
        n_charging, n_discharging = _discharge(first + k, k, step_hours, pattern, devices, schedule, state)
        for place in range(rules.size):
            transposed = rules[place] == GROSS
            _forward_substitute(k, place, transposed, n_discharging, pattern, devices, state, blocks)
            _back_substitute(k, place, transposed, n_charging, pattern, devices, state, blocks)
        _move_contents(first + k, k, devices, schedule, state)
        for which in range(2):
            for q in range(state.contents.shape[1]):
                _add_compensated(state.class_sum, which, q, state.contents[first + k, q, which])
                state.contents[first + k, q, which] = state.class_sum[which, q, 0] + state.class_sum[which, q, 1]


@kernel()
def _start_devices(step: int, devices: DeviceArrays, state: StockState) -> None:
    """Counts what left and what arrived since the owners' last sessions, for the devices that start now."""
    n_properties = devices.lossy.size
    for device in range(devices.starts[step], devices.starts[step + 1]):
        owner = devices.owner[device]
        which, before_mwh = devices.stock_class[owner], state.before_mwh[device]
        e_start_mwh = devices.e_start_mwh[device]
        share, arriving_mwh = driven_share(before_mwh, e_start_mwh), max(e_start_mwh - before_mwh, 0.0)
        e_mwh = before_mwh + arriving_mwh - before_mwh * share
        for q in range(state.content.shape[1]):
            held = state.content[owner, q]
            driven = held * share
            arriving = devices.per_initial_mwh[owner, 1 + q % n_properties] * arriving_mwh
            left = held + arriving - driven
            state.content[owner, q] = left
            state.driven[device, 1 + q] = driven
            state.moved[step, which, BY_FUEL, 1 + q] += driven
            state.moved[step, which, BY_ARRIVING, 1 + q] += arriving
            state.contents[step, 1 + q, which] += left - held
            if e_mwh > EMPTY_MWH:
                state.mix[owner, q] = left / e_mwh
            state.at_start[device, q] = state.mix[owner, q]


@kernel()
def _discharge(
    step: int,
    k: int,
    step_hours: float,
    pattern: Pattern,
    devices: DeviceArrays,
    schedule: BlockSchedule,
    state: StockState,
) -> tuple[int, int]:
    """Feeds what stores discharge into the grid.

    Returns:
        How many nodes are listed in `StockState.path` that charging, and that discharging, depends on.
    """
    n_charging, n_discharging, n_properties, begin = 0, 0, devices.lossy.size, k * schedule.capacity[0]
    for event in range(begin, begin + schedule.n_events[k]):
        row = schedule.event_row[event]
        n = schedule.row[row, RANK]
        if schedule.amount[event, CHARGED] > 0.0:
            n_charging = etree_path(n, step, 0, n_charging, pattern, state)
        elif schedule.amount[event, DISCHARGE] > 0.0:
            n_discharging = etree_path(n, step, 1, n_discharging, pattern, state)
            owner, per_hour = schedule.row[row, OWNER], schedule.amount[event, DISCHARGE] / step_hours
            for q in range(state.content.shape[1]):
                delivered = schedule.amount[event, ETA] if devices.lossy[q % n_properties] else 1.0
                state.fed[n, q] += state.content[owner, q] * per_hour * delivered
    return n_charging, n_discharging


@kernel()
def etree_path(n: int, step: int, way: int, n_listed: int, pattern: Pattern, state: StockState) -> int:
    """Lists `n` and what is not listed yet between it and the root of the elimination tree; returns the new number.

    All that a node's equations refer to lies on that path.

    Args:
        n: Rank of a node.
        step: The step, by which nodes listed earlier are told.
        way: 0 for charging, 1 for discharging.
        n_listed: How many nodes are listed already.
        pattern: Where the coefficients stand.
        state: Holds the list.
    """
    at, stop = n, n_listed
    while state.listed[way, at] != step:
        state.listed[way, at] = step
        stop += 1
        if pattern.pointer[at] == pattern.pointer[at + 1]:
            break
        at = pattern.later[pattern.pointer[at]]
    at = n
    for place in range(stop - 1, n_listed, -1):
        state.path[way, place] = at
        at = pattern.later[pattern.pointer[at]]
    if stop > n_listed:
        state.path[way, n_listed] = at
    return stop


@kernel()
def _forward_substitute(
    k: int,
    place: int,
    transposed: bool,
    n_listed: int,
    pattern: Pattern,
    devices: DeviceArrays,
    state: StockState,
    blocks: Block,
) -> None:
    """Forward substitution of what stores discharge, in the step at place `k` of the block, under one convention."""
    n_properties = devices.lossy.size
    coefficient, first = blocks.upper if transposed else blocks.lower, place * n_properties
    for j in range(n_listed - 1, -1, -1):
        n = state.path[1, j]
        for r in range(n_properties):
            fed = state.fed[n, first + r] * (blocks.per_pivot[place, n, k] if transposed else 1.0)
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                state.fed[pattern.later[c], first + r] += coefficient[place, c, k] * fed
            blocks.carried[place, n, r, k] += fed
            state.fed[n, first + r] = 0.0


@kernel()
def _back_substitute(
    k: int,
    place: int,
    transposed: bool,
    n_listed: int,
    pattern: Pattern,
    devices: DeviceArrays,
    state: StockState,
    blocks: Block,
) -> None:
    """Back substitution at the nodes of all who charge, in the step at place `k` of the block, under one convention.

    Of gross power a MWh charged brings the carbon of what was generated for it, and its renewable share.
    """
    n_properties = devices.lossy.size
    coefficient, first = blocks.lower if transposed else blocks.upper, place * n_properties
    for j in range(n_listed):
        n = state.path[0, j]
        factor = blocks.carried[place, n, n_properties, k] if transposed else 1.0
        for r in range(n_properties):
            x = blocks.carried[place, n, r, k]
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                x += coefficient[place, c, k] * state.mixed[pattern.later[c], first + r]
            x *= 1.0 if transposed else blocks.per_pivot[place, n, k]
            state.mixed[n, first + r] = x
            state.carried[n, first + r] = x / factor if devices.lossy[r] and factor > 0.0 else x


@kernel()
def _move_contents(step: int, k: int, devices: DeviceArrays, schedule: BlockSchedule, state: StockState) -> None:
    """Moves what every event of the step moves, in and out of its stock, and logs it."""
    begin, log, written = k * schedule.capacity[0], state.log, state.log.begins[step]
    logged = log.device.size > 0
    log.begins[step + 1] = written + schedule.n_events[k]
    for event in range(begin, begin + schedule.n_events[k]):
        row = schedule.event_row[event]
        place = written + event - begin
        if logged:
            log.device[place] = devices.device[schedule.row[row, DEVICE]]
            log.values[0, place] = schedule.amount[event, AFTER]
        for q in range(state.content.shape[1]):
            moved = _move_property(step, event, row, q, devices, schedule, state)
            if logged:
                r = q % devices.lossy.size
                column = 1 + q // devices.lossy.size * (1 + devices.lossy.size)
                if r == 0:
                    log.values[column, place] = moved
                log.values[column + 1 + r, place] = state.mix[schedule.row[row, OWNER], q]


@kernel()
def _move_property(
    step: int, event: int, row: int, q: int, devices: DeviceArrays, schedule: BlockSchedule, state: StockState
) -> float:
    """Moves property `q` in an event; returns what passed the terminals, in or out."""
    amount, owner, which = schedule.amount, schedule.row[row, OWNER], schedule.row[row, CLASS]
    held = state.content[owner, q]
    charge = amount[event, GAINED] if devices.lossy[q % devices.lossy.size] else amount[event, CHARGED]
    if charge > 0.0:
        charge *= state.carried[schedule.row[row, RANK], q]
    discharge, standing = held * amount[event, DISCHARGE], held * amount[event, STANDING]
    fuel = held * amount[event, FUEL] + charge * amount[event, THROUGH]
    left = zero_if_rounding(held + charge - discharge - fuel - standing, held, charge)
    residue = left * amount[event, EMPTIES]
    left -= residue
    state.content[owner, q] = left
    state.moved[step, which, BY_CHARGE, 1 + q] += charge
    state.moved[step, which, BY_DISCHARGE, 1 + q] += discharge
    state.moved[step, which, BY_FUEL, 1 + q] += fuel
    state.moved[step, which, BY_STANDING, 1 + q] += standing + residue
    state.contents[step, 1 + q, which] += left - held
    if amount[event, AFTER] > EMPTY_MWH:
        state.mix[owner, q] = left / amount[event, AFTER]
    return charge + discharge  # type: ignore[no-any-return]


@kernel()
def _add_compensated(class_sum: Floats, which: int, q: int, value: float) -> None:
    """Adds `value` to class_sum[which, q, 0], with what rounding takes from the sum in [..., 1] (Knuth's two-sum)."""
    old = class_sum[which, q, 0]
    new = old + value
    part = new - old
    class_sum[which, q, 1] += (old - (new - part)) + (value - part)
    class_sum[which, q, 0] = new
