"""What the energy in the stocks carries, step after step, compiled: what couples one step of the tracing to the next.

Departures and arrivals, then discharge, mixing in the grid and charge, under all conventions at once: what moves is the
same (`carbon.stocks.energy_kernel`), what it carries is not. Of the grid only the nodes that matter to a store are
solved here; all others follow afterwards, for a block of steps at once.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block
from carbon.mixing.compiled import inner_kernel, kernel
from carbon.mixing.conventions_kernel import GROSS
from carbon.mixing.elimination import Pattern
from carbon.stocks.energy_kernel import move_energy, start_energy
from carbon.stocks.ledger import (
    BY_ARRIVING,
    BY_CHARGE,
    BY_DISCHARGE,
    BY_FUEL,
    BY_STANDING,
    CHARGING,
    DISCHARGING,
    EMPTY_MWH,
    StockState,
    zero_if_rounding,
)
from carbon.stocks.schedule import (
    CHARGED,
    CLASS,
    DISCHARGE,
    EMPTIES,
    ETA,
    FUEL,
    GAINED,
    OWNER,
    PER_AFTER,
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
        _discharge(first + k, k, step_hours, pattern, devices, schedule, state)
        for place in range(rules.size):
            transposed = rules[place] == GROSS
            _forward_substitute(k, place, transposed, state.n_listed[DISCHARGING], pattern, devices, state, blocks)
            _back_substitute(k, place, transposed, state.n_listed[CHARGING], pattern, devices, state, blocks)
        _move_contents(first + k, k, devices, schedule, state)
        for which in range(2):
            for q in range(state.contents.shape[1]):
                _add_compensated(state.class_sum, which, q, state.contents[first + k, q, which])
                state.contents[first + k, q, which] = state.class_sum[which, q, 0] + state.class_sum[which, q, 1]


@inner_kernel()
def _start_devices(step: int, devices: DeviceArrays, state: StockState) -> None:
    """Counts what left and what arrived since the owners' last sessions, for the devices that start now."""
    n_properties = devices.lossy.size
    n_conventions = state.content.shape[1] // n_properties
    for device in range(devices.starts[step], devices.starts[step + 1]):
        owner = devices.owner[device]
        which = devices.stock_class[owner]
        share, arriving_mwh = start_energy(device, step, devices, state)
        for convention in range(n_conventions):
            for r in range(n_properties):
                q = convention * n_properties + r
                held = state.content[owner, q]
                driven = held * share
                arriving = devices.per_initial_mwh[owner, 1 + r] * arriving_mwh
                left = held + arriving - driven
                state.content[owner, q] = left
                state.driven[device, 1 + q] = driven
                state.moved[step, which, BY_FUEL, 1 + q] += driven
                state.moved[step, which, BY_ARRIVING, 1 + q] += arriving
                state.contents[step, 1 + q, which] += left - held
                if state.e_mwh[owner] > EMPTY_MWH:
                    state.mix[owner, q] = left / state.e_mwh[owner]
                state.at_start[device, q] = state.mix[owner, q]


@inner_kernel()
def _discharge(
    step: int,
    k: int,
    step_hours: float,
    pattern: Pattern,
    devices: DeviceArrays,
    schedule: BlockSchedule,
    state: StockState,
) -> None:
    """Moves the energy of every event of the step, and feeds what stores discharge into the grid.

    Lists the nodes that charging, and that discharging, depends on. Events of both kinds come in no order, so nothing
    here but the list asks which it is: a processor that guesses wrong loses more than the sums take.
    """
    n_properties, begin = devices.lossy.size, k * schedule.capacity[0]
    n_conventions = state.content.shape[1] // n_properties
    per_step_hour, n_listed = 1.0 / step_hours, state.n_listed
    n_listed[:] = 0
    for event in range(schedule.n_events[k]):
        device = schedule.device[begin + event]
        owner, n, amount = devices.place[device, OWNER], devices.place[device, RANK], state.amount[event]
        move_energy(step, step_hours, event, device, schedule.p_mw[begin + event], devices, state)
        way = CHARGING if amount[CHARGED] > 0.0 else DISCHARGING
        if state.listed[way, n] != step and amount[CHARGED] + amount[DISCHARGE] > 0.0:
            n_listed[way] = etree_path(n, step, state.listed[way], state.path[way], n_listed[way], pattern)
        for r in range(n_properties):
            per_hour = amount[DISCHARGE] * per_step_hour * (amount[ETA] if devices.lossy[r] else 1.0)
            for convention in range(n_conventions):
                q = convention * n_properties + r
                state.fed[n, q] += state.content[owner, q] * per_hour


@inner_kernel()
def etree_path(n: int, step: int, listed: Ints, path: Ints, n_listed: int, pattern: Pattern) -> int:
    """Lists `n` and what is not listed yet between it and the root of the elimination tree; returns the new number.

    All that a node's equations refer to lies on that path.

    Args:
        n: Rank of a node.
        step: The step, by which nodes listed earlier are told.
        listed: The last step in which each node was listed.
        path: The list.
        n_listed: How many nodes are listed already.
        pattern: Where the coefficients stand.
    """
    at, stop = n, n_listed
    while listed[at] != step:
        listed[at] = step
        stop += 1
        if pattern.pointer[at] == pattern.pointer[at + 1]:
            break
        at = pattern.later[pattern.pointer[at]]
    at = n
    for place in range(stop - 1, n_listed, -1):
        path[place] = at
        at = pattern.later[pattern.pointer[at]]
    if stop > n_listed:
        path[n_listed] = at
    return stop


@inner_kernel()
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
        n = state.path[DISCHARGING, j]
        for r in range(n_properties):
            fed = state.fed[n, first + r] * (blocks.per_pivot[place, n, k] if transposed else 1.0)
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                state.fed[pattern.later[c], first + r] += coefficient[place, c, k] * fed
            blocks.carried[place, n, r, k] += fed
            state.fed[n, first + r] = 0.0


@inner_kernel()
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
        n = state.path[CHARGING, j]
        factor = blocks.carried[place, n, n_properties, k] if transposed else 1.0
        for r in range(n_properties):
            x = blocks.carried[place, n, r, k]
            for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
                x += coefficient[place, c, k] * state.mixed[pattern.later[c], first + r]
            x *= 1.0 if transposed else blocks.per_pivot[place, n, k]
            state.mixed[n, first + r] = x
            state.carried[n, first + r] = x / factor if devices.lossy[r] and factor > 0.0 else x


@inner_kernel()
def _move_contents(step: int, k: int, devices: DeviceArrays, schedule: BlockSchedule, state: StockState) -> None:
    """Moves what every event of the step moves, in and out of its stock, and logs it."""
    begin, log, written = k * schedule.capacity[0], state.log, state.log.begins[step]
    logged, n_properties = log.device.size > 0, devices.lossy.size
    log.begins[step + 1] = written + schedule.n_events[k]
    for event in range(schedule.n_events[k]):
        device, place = schedule.device[begin + event], written + event
        owner = devices.place[device, OWNER]
        if logged:
            log.device[place] = devices.device[device]
            log.values[0, place] = state.e_mwh[owner]
        for convention in range(state.content.shape[1] // n_properties):
            for r in range(n_properties):
                q, column = convention * n_properties + r, 1 + convention * (1 + n_properties)
                moved = _move_property(step, event, device, q, devices.lossy[r], devices, state)
                if logged:
                    log.values[column + 1 + r, place] = state.mix[owner, q]
                    if r == 0:
                        log.values[column, place] = moved


@inner_kernel()
def _move_property(
    step: int, event: int, device: int, q: int, lossy: int, devices: DeviceArrays, state: StockState
) -> float:
    """Moves property `q` in an event; returns what passed the terminals, in or out."""
    amount, owner, which = state.amount[event], devices.place[device, OWNER], devices.place[device, CLASS]
    moved, held = state.moved[step, which], state.content[owner, q]
    charge = (amount[GAINED] if lossy else amount[CHARGED]) * state.carried[devices.place[device, RANK], q]
    discharge = held * amount[DISCHARGE]
    moved[BY_CHARGE, 1 + q] += charge
    moved[BY_DISCHARGE, 1 + q] += discharge
    left = held + charge - discharge
    if amount[FUEL] + amount[STANDING] + amount[THROUGH] > 0.0:
        fuel, standing = held * amount[FUEL] + charge * amount[THROUGH], held * amount[STANDING]
        left -= fuel + standing
        moved[BY_FUEL, 1 + q] += fuel
        moved[BY_STANDING, 1 + q] += standing
    left = zero_if_rounding(left, held, charge)
    if amount[EMPTIES] > 0.0:
        moved[BY_STANDING, 1 + q] += left
        left = 0.0
    state.content[owner, q] = left
    state.contents[step, 1 + q, which] += left - held
    if amount[PER_AFTER] > 0.0:
        state.mix[owner, q] = left * amount[PER_AFTER]
    return charge + discharge  # type: ignore[no-any-return]


@inner_kernel()
def _add_compensated(class_sum: Floats, which: int, q: int, value: float) -> None:
    """Adds `value` to class_sum[which, q, 0], with what rounding takes from the sum in [..., 1] (Knuth's two-sum)."""
    old = class_sum[which, q, 0]
    new = old + value
    part = new - old
    class_sum[which, q, 1] += (old - (new - part)) + (value - part)
    class_sum[which, q, 0] = new
