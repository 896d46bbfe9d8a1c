"""What the energy in the stocks carries, step after step, compiled: what couples one step of the tracing to the next.

Departures and arrivals, then discharge, mixing in the grid and charge, under all conventions at once: what moves is the
same (`carbon.stocks.energy_kernel`), what it carries is not. Of the grid only the nodes that matter to a store are
solved here; all others follow afterwards, for a block of steps at once.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block
from carbon.mixing.compiled import FAST, inner_kernel, kernel
from carbon.mixing.conventions_kernel import GROSS
from carbon.mixing.elimination import Pattern
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
    EMPTIES,
    FUEL,
    GAINED,
    KEPT,
    MIX,
    PER_AFTER,
    RATE_OUT,
    SHARE,
    THROUGH,
    StockState,
    zero_if_rounding,
)
from carbon.stocks.schedule import CHARGING, DEVICE, DISCHARGING, EMPTY_MWH, KINDS, OWNER, DeviceArrays
from grid.arrays import Floats, Ints

ALL_NODES_FROM = 2
"""With so many nodes or fewer for each event of a step all are solved, without looking for those that are needed."""


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
    """Carries what the stocks hold through steps `first` to `first + n_steps`.

    Args:
        first: First step of the block.
        n_steps: Number of its steps.
        step_hours: Length of a step [h].
        pattern: Where the coefficients stand.
        rules: Mixing rule of each convention, shape (P,).
        devices: What every store did.
        state: The stocks; their contents go on to the end of the block.
        blocks: The equations under each rule, factorised and forward substituted; the stores' discharge is added.
    """
    for k in range(n_steps):
        _start_devices(first + k, devices, state)
        _move_energy(first + k, step_hours, devices, state)
        _list_nodes(first + k, pattern, state)
        _discharge(first + k, step_hours, devices.lossy, state)
        for place in range(rules.size):
            transposed = rules[place] == GROSS
            _forward_substitute(k, place, transposed, state.n_listed[DISCHARGING], pattern, devices, state, blocks)
            _back_substitute(k, place, transposed, state.n_listed[CHARGING], pattern, devices, state, blocks)
        _move_contents(first + k, devices.lossy, state)
        for which in range(2):
            for q in range(state.contents.shape[1]):
                _add_compensated(state.class_sum, which, q, state.contents[first + k, q, which])
                state.contents[first + k, q, which] = state.class_sum[which, q, 0] + state.class_sum[which, q, 1]


@inner_kernel()
def _start_devices(step: int, devices: DeviceArrays, state: StockState) -> None:
    """Counts what left and what arrived since the owners' last sessions, for the devices that start now."""
    n_properties, width = devices.lossy.size, state.fed.shape[1]
    for device in range(devices.starts[step], devices.starts[step + 1]):
        owner, started = devices.place[device, OWNER], state.started[devices.place[device, DEVICE]]
        held, moved = state.held[owner], state.moved[step, devices.stock_class[owner]]
        share, arriving_mwh = start_energy(device, step, devices, state)
        for q in range(width):
            before = held[1 + q]
            driven = before * share
            arriving = devices.per_initial_mwh[owner, 1 + q % n_properties] * arriving_mwh
            held[1 + q] = before + arriving - driven
            started[1 + q] = driven
            moved[BY_FUEL, 1 + q] += driven
            moved[BY_ARRIVING, 1 + q] += arriving
            state.contents[step, 1 + q, devices.stock_class[owner]] += held[1 + q] - before
            if held[0] > EMPTY_MWH:
                held[1 + width + q] = held[1 + q] / held[0]
            started[1 + width + q] = held[1 + width + q]


@inner_kernel()
def _move_energy(step: int, step_hours: float, devices: DeviceArrays, state: StockState) -> None:
    """Moves the energy of the step's events, row after row of `StockState.amount`."""
    begins, row = state.log.begins, 0
    for which in range(2):
        stop = begins[KINDS * step + 2 * which + 2]
        for first in range(begins[KINDS * step + 2 * which], stop, AT_ONCE):
            collect_events(step, step_hours, row, first, min(first + AT_ONCE, stop), devices, state)
            compute_energy(step_hours, state.amount[row])
            count_energy(step, which, state.amount[row], state)
            put_energy_back(step, row, first, min(first + AT_ONCE, stop), state)
            row += 1


@inner_kernel()
def _list_nodes(step: int, pattern: Pattern, state: StockState) -> None:
    """Lists the nodes that charging, and that discharging, depends on: all of them where there are many events."""
    begins, n_nodes, row = state.log.begins, pattern.rank.size, 0
    state.n_listed[:] = 0
    if ALL_NODES_FROM * (begins[KINDS * (step + 1)] - begins[KINDS * step]) >= n_nodes:
        for way in range(2):
            state.n_listed[way] = n_nodes
            for place in range(n_nodes):
                state.path[way, place] = n_nodes - 1 - place
        return
    for which in range(2):
        begin, kind = begins[KINDS * step + 2 * which], KINDS * step + 2 * which
        for way in range(2):
            listed, path = state.listed[way], state.path[way]
            for event in range(begins[kind + way], begins[kind + way + 1]):
                n = state.at[1, row + (event - begin) // AT_ONCE, (event - begin) % AT_ONCE]
                if listed[n] != step:
                    state.n_listed[way] = etree_path(n, step, listed, path, state.n_listed[way], pattern)
        row += (begins[kind + 2] - begin + AT_ONCE - 1) // AT_ONCE


@inner_kernel()
def _discharge(step: int, step_hours: float, lossy: Ints, state: StockState) -> None:
    """Feeds what stores discharge into the grid."""
    begins, row = state.log.begins, 0
    for which in range(2):
        kind = KINDS * step + 2 * which
        begin = begins[kind]
        for event in range(begins[kind + DISCHARGING], begins[kind + 2]):
            at, i = row + (event - begin) // AT_ONCE, (event - begin) % AT_ONCE
            fed, held, amount = state.fed[state.at[1, at, i]], state.held[state.at[0, at, i]], state.amount[at]
            per_hour = amount[SHARE + i] / step_hours
            for q in range(fed.size):
                fed[q] += held[1 + q] * per_hour * (amount[RATE_OUT + i] if lossy[q % lossy.size] else 1.0)
        row += (begins[kind + 2] - begin + AT_ONCE - 1) // AT_ONCE


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
def _move_contents(step: int, lossy: Ints, state: StockState) -> None:
    """Moves all properties in the step's events, row after row, and logs them."""
    begins, width, row = state.log.begins, state.fed.shape[1], 0
    for which in range(2):
        stop = begins[KINDS * step + 2 * which + 2]
        for first in range(begins[KINDS * step + 2 * which], stop, AT_ONCE):
            for q in range(width):
                n_events, gains = min(AT_ONCE, stop - first), lossy[q % lossy.size]
                _collect_property(row, n_events, q, state)
                _compute_property(step, which, q, GAINED if gains else CHARGED, state.amount[row], state)
                _put_property_back(row, first, n_events, q, lossy.size, state)
            row += 1


@inner_kernel()
def _collect_property(row: int, n_events: int, q: int, state: StockState) -> None:
    """Brings what the stocks of a row's events hold of property `q`, and what charging brings of it, into the row."""
    amount, width = state.amount[row], state.fed.shape[1]
    for i in range(n_events):
        held = state.held[state.at[0, row, i]]
        amount[CONTENT + i], amount[MIX + i] = held[1 + q], held[1 + width + q]
        amount[CARRIED + i] = state.carried[state.at[1, row, i], q]
    for i in range(n_events, AT_ONCE):
        amount[CONTENT + i] = amount[CARRIED + i] = 0.0


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
def _put_property_back(row: int, first: int, n_events: int, q: int, n_properties: int, state: StockState) -> None:
    """Puts property `q` back to where it is kept and logs it."""
    amount, values, width = state.amount[row], state.log.values, state.fed.shape[1]
    for i in range(n_events):
        held = state.held[state.at[0, row, i]]
        held[1 + q], held[1 + width + q] = amount[CONTENT + i], amount[MIX + i]
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
