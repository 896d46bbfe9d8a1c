"""What the energy in the stocks carries, compiled: what couples one step of the tracing to the next.

What a stock gives carries what the stock held before, what it takes in carries what its node does, under all
conventions at once: what moves is the same (`carbon.stocks.energy_kernel`), what it carries is not. Steps in which no
stock gives what it took in since the first of them, a run, are solved together: first what they give, then the grid in
all of them, side by side, then what they take in.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block
from carbon.mixing.compiled import FAST, inner_kernel, kernel
from carbon.mixing.conventions_kernel import GROSS, solve_equations
from carbon.mixing.elimination import Pattern
from carbon.mixing.prefetch import AHEAD, prefetch
from carbon.stocks.energy_kernel import collect_events, compute_energy, count_energy, put_energy_back, start_energy
from carbon.stocks.ledger import (
    AT_ONCE,
    BY_ARRIVING,
    BY_CHARGE,
    BY_DISCHARGE,
    BY_FUEL,
    BY_STANDING,
    CARRIED,
    CHARGED,
    CONTENT,
    CONTENTS,
    EMPTIES,
    ENERGY,
    FUEL,
    GAINED,
    KEPT,
    MIX,
    OWNER_AT,
    PER_AFTER,
    RANK_AT,
    RATE_OUT,
    SHARE,
    THROUGH,
    StockState,
    zero_if_rounding,
)
from carbon.stocks.schedule import BEFORE, CHARGING, DEVICE, DISCHARGING, EMPTY_MWH, KINDS, OWNER, DeviceArrays
from grid.arrays import Floats, Ints


@kernel()
def advance_contents(
    first: int,
    n_steps: int,
    step_hours: float,
    pattern: Pattern,
    rules: Ints,
    devices: DeviceArrays,
    state: StockState,
    blocks: Block,
) -> None:
    """Carries what the stocks hold through steps `first` to `first + n_steps`, and solves their equations.

    Args:
        first: First step of the block.
        n_steps: Number of its steps.
        step_hours: Length of a step [h].
        pattern: Where the coefficients stand.
        rules: Mixing rule of each convention, shape (P,).
        devices: What every store did.
        state: The stocks; their contents go on to the end of the block.
        blocks: The equations under each rule, factorised; then solved.
    """
    begin = n_steps - n_steps
    while begin < n_steps:
        end = _end_of_run(first, begin, n_steps, state.log.waits_for)
        for turn in range(2):
            way = DISCHARGING if turn == 0 else CHARGING
            if way == CHARGING:
                solve_equations(begin, end, devices.lossy.size, pattern, rules, blocks)
            for k in range(begin, end):
                _start_devices(way, first + begin, first + k, devices, state)
                for which in range(2):
                    _move(way, which, k, first + k, step_hours, rules, devices, state, blocks)
        for step in range(first + begin, first + end):
            for which in range(2):
                for q in range(state.contents.shape[1]):
                    _add_compensated(state.class_sum, which, q, state.contents[step, q, which])
                    state.contents[step, q, which] = state.class_sum[which, q, 0] + state.class_sum[which, q, 1]
        begin = end


@inner_kernel()
def _end_of_run(first: int, begin: int, n_steps: int, waits_for: Ints) -> int:
    """Place in the block, which begins with step `first`, of the step after the run that begins at place `begin`."""
    end = begin + 1
    while end < n_steps and waits_for[first + end] <= first + begin:
        end += 1
    return end


@inner_kernel()
def _start_devices(way: int, begin: int, step: int, devices: DeviceArrays, state: StockState) -> None:
    """Counts what left and what arrived since the owners' last sessions, for the devices that start now.

    A car that was connected in the run already, which began with step `begin`, may have been charged in it: its turn
    comes together with charging. All others may discharge, and come before.
    """
    n_properties, width = devices.lossy.size, state.contents.shape[1] - 1
    for device in range(devices.starts[step], devices.starts[step + 1]):
        if way == DISCHARGING:  # all devices are asked for their way in both turns
            _prefetch_start(min(device + AHEAD, devices.starts[-1] - 1), devices, state)
        if (devices.place[device, BEFORE] > begin) != (way == CHARGING):
            continue
        owner, started = devices.place[device, OWNER], state.started[devices.place[device, DEVICE]]
        held, moved = state.held[owner], state.moved[step, devices.stock_class[owner]]
        share, arriving_mwh = start_energy(device, step, devices, state)
        for q in range(width):
            content, mix = CONTENTS + q, CONTENTS + width + q
            before = held[content]
            driven = before * share
            arriving = 0.0
            if arriving_mwh > 0.0:  # seldom, and far away in memory
                arriving = devices.per_initial_mwh[owner, 1 + q % n_properties] * arriving_mwh
            held[content] = before + arriving - driven
            started[1 + q] = driven
            moved[BY_FUEL, 1 + q] += driven
            moved[BY_ARRIVING, 1 + q] += arriving
            state.contents[step, 1 + q, devices.stock_class[owner]] += held[content] - before
            if held[ENERGY] > EMPTY_MWH:
                held[mix] = held[content] / held[ENERGY]
            started[1 + width + q] = held[mix]


@inner_kernel()
def _prefetch_start(device: int, devices: DeviceArrays, state: StockState) -> None:
    """Has all fetched that is read and written when a device starts."""
    owner = devices.place[device, OWNER]
    prefetch(state.held[owner])
    prefetch(state.plugged[owner])
    prefetch(state.started[devices.place[device, DEVICE]])


@inner_kernel()
def _move(
    way: int,
    which: int,
    k: int,
    step: int,
    step_hours: float,
    rules: Ints,
    devices: DeviceArrays,
    state: StockState,
    blocks: Block,
) -> None:
    """Moves energy and all that it carries in the events of one kind, in the step at place `k` of the block."""
    n_properties, kind = devices.lossy.size, KINDS * step + 2 * which + way
    stop = state.log.begins[kind + 1]
    for first in range(state.log.begins[kind], stop, AT_ONCE):
        n_events = min(AT_ONCE, stop - first)
        _prefetch_log(first + AT_ONCE, state)
        collect_events(step, step_hours, first, n_events, devices, state)
        compute_energy(step_hours, state.amount)
        count_energy(step, which, state.amount, state)
        put_energy_back(step, first, n_events, state)
        for q in range(rules.size * n_properties):
            place, r = q // n_properties, q % n_properties
            lossy = devices.lossy[r] > 0
            _collect_property(n_events, q, state)
            _collect_carried(way, n_events, k, place, r, n_properties, lossy and rules[place] == GROSS, state, blocks)
            _compute_property(step, which, q, GAINED if lossy else CHARGED, state.amount, state)
            if way == DISCHARGING:
                _feed_in(n_events, k, place, r, step_hours, lossy, state, blocks)
            _put_property_back(first, n_events, q, n_properties, state)


@inner_kernel()
def _prefetch_log(first: int, state: StockState) -> None:
    """Has the room fetched that events from `first` on have for what they carry, if there is any."""
    for row in range(1, state.log.values.shape[0]):
        prefetch(state.log.values[row, first : first + AT_ONCE])


@inner_kernel()
def _collect_property(n_events: int, q: int, state: StockState) -> None:
    """Brings what the stocks of the events hold of property `q` into their rows."""
    amount, content = state.amount, CONTENTS + q
    mix = content + state.contents.shape[1] - 1
    for i in range(n_events):
        held = state.held[state.at[OWNER_AT, i]]
        amount[CONTENT + i], amount[MIX + i] = held[content], held[mix]
    for i in range(n_events, AT_ONCE):
        amount[CONTENT + i] = 0.0


@inner_kernel()
def _collect_carried(
    way: int,
    n_events: int,
    k: int,
    place: int,
    r: int,
    n_properties: int,
    per_generated: bool,
    state: StockState,
    blocks: Block,
) -> None:
    """Brings what a MWh charged brings of property `r` under the convention at `place` into the row of the events.

    Of gross power a MWh charged brings the carbon of what was generated for it, and its renewable share.
    """
    amount = state.amount
    for i in range(AT_ONCE):
        amount[CARRIED + i] = 0.0
    if way == CHARGING:
        for i in range(n_events):
            amount[CARRIED + i] = blocks.carried[place, state.at[RANK_AT, i], r, k]
        if per_generated:
            for i in range(n_events):
                factor = blocks.carried[place, state.at[RANK_AT, i], n_properties, k]
                if factor > 0.0:
                    amount[CARRIED + i] /= factor


@inner_kernel(fastmath=FAST)
def _compute_property(step: int, which: int, q: int, taken_in: int, amount: Floats, state: StockState) -> None:
    """Moves property `q` in a row's events, of class `which`; what passed the terminals is left in `CARRIED`."""
    charged = discharged = burnt = lost = changed = 0.0
    for i in range(AT_ONCE):
        held, charge = amount[CONTENT + i], amount[taken_in + i] * amount[CARRIED + i]
        discharge, fuel = held * amount[SHARE + i], held * amount[FUEL + i] + charge * amount[THROUGH + i]
        standing = held * (1.0 - amount[KEPT + i])
        left = zero_if_rounding(held + charge - discharge - fuel - standing, held, charge)
        residue, per_after = left * amount[EMPTIES + i], amount[PER_AFTER + i]
        left -= residue
        amount[CONTENT + i], amount[CARRIED + i] = left, charge + discharge
        amount[MIX + i] = left * per_after if per_after > 0.0 else amount[MIX + i]
        charged, discharged, burnt = charged + charge, discharged + discharge, burnt + fuel
        lost, changed = lost + standing + residue, changed + left - held
    moved = state.moved[step, which]
    moved[BY_CHARGE, 1 + q] += charged
    moved[BY_DISCHARGE, 1 + q] += discharged
    moved[BY_FUEL, 1 + q] += burnt
    moved[BY_STANDING, 1 + q] += lost
    state.contents[step, 1 + q, which] += changed


@inner_kernel()
def _feed_in(
    n_events: int, k: int, place: int, r: int, step_hours: float, lossy: bool, state: StockState, blocks: Block
) -> None:
    """Feeds what the stocks gave of property `r` into the grid."""
    amount = state.amount
    for i in range(n_events):
        per_hour = (amount[RATE_OUT + i] if lossy else 1.0) / step_hours
        blocks.carried[place, state.at[RANK_AT, i], r, k] += amount[CARRIED + i] * per_hour


@inner_kernel()
def _put_property_back(first: int, n_events: int, q: int, n_properties: int, state: StockState) -> None:
    """Puts property `q` back to where it is kept and logs it."""
    amount, values, content = state.amount, state.log.values, CONTENTS + q
    mix = content + state.contents.shape[1] - 1
    for i in range(n_events):
        held = state.held[state.at[OWNER_AT, i]]
        held[content], held[mix] = amount[CONTENT + i], amount[MIX + i]
    if values.shape[0] > 1:
        column = 1 + q // n_properties * (1 + n_properties)
        for i in range(n_events):
            values[column + 1 + q % n_properties, first + i] = amount[MIX + i]
        if q % n_properties == 0:
            for i in range(n_events):
                values[column, first + i] = amount[CARRIED + i]


@inner_kernel()
def _add_compensated(class_sum: Floats, which: int, q: int, value: float) -> None:
    """Adds `value` to class_sum[which, q, 0], with what rounding takes from the sum in [..., 1] (Knuth's two-sum)."""
    old = class_sum[which, q, 0]
    new = old + value
    part = new - old
    class_sum[which, q, 1] += (old - (new - part)) + (value - part)
    class_sum[which, q, 0] = new
