"""What happens in the stores does to their energy, compiled: what no mixing in the grid changes.

What leaves a stock takes energy, carbon and all other properties in the same proportion, so one share of the content
for each way out says it all. The shares follow from the energy alone. The events of a step are collected first and then
computed side by side: no two of them are of one stock.
"""

from __future__ import annotations

from carbon.mixing.compiled import FAST, inner_kernel, kernel
from carbon.mixing.inputs_kernel import BlockInputs
from carbon.stocks.event_log import OWNER_BIT, RANK_BITS, EventLog
from carbon.stocks.ledger import (
    AFTER,
    AT_ONCE,
    BY_ARRIVING,
    BY_CHARGE,
    BY_DISCHARGE,
    BY_FUEL,
    BY_STANDING,
    CHARGED,
    DEVICE_NOW,
    DRAINED,
    EMPTIES,
    ENERGY,
    FUEL,
    GAINED,
    GIVEN,
    HELD,
    KEEPS,
    KEPT,
    LEFT,
    OFFSET_NOW,
    OWNER_AT,
    P_MW,
    PER_AFTER,
    RANK_AT,
    RATE_FROM,
    RATE_IN,
    RATE_OUT,
    RATE_TO,
    SHARE,
    THROUGH,
    StockState,
    driven_share,
    zero_if_rounding,
)
from carbon.stocks.schedule import (
    CHARGING,
    DEVICE,
    DISCHARGING,
    E_START,
    EMPTY_MWH,
    ETA_CHARGE,
    ETA_DISCHARGE,
    KINDS,
    OWNER,
    RETENTION,
    SLOT,
    DeviceArrays,
)
from grid.arrays import Floats


@kernel()
def add_power_of_stores(first: int, n_steps: int, log: EventLog, block_inputs: BlockInputs) -> None:
    """Enters what the stores discharge in steps `first` to `first + n_steps` among what is fed in, charging as used."""
    for k in range(n_steps):
        for which in range(2):
            kind = KINDS * (first + k) + 2 * which
            for event in range(log.begins[kind + DISCHARGING], log.begins[kind + DISCHARGING + 1]):
                block_inputs.power[log.device[event] & RANK_BITS, k] -= log.values[0, event]
            if block_inputs.use.shape[0]:
                for event in range(log.begins[kind + CHARGING], log.begins[kind + CHARGING + 1]):
                    block_inputs.use[log.device[event] & RANK_BITS, k] += log.values[0, event]


@inner_kernel()
def start_energy(device: int, step: int, devices: DeviceArrays, state: StockState) -> tuple[float, float]:
    """Counts the energy that left and that arrived since the owner's last session.

    Returns:
        The share of the content that left, and the energy that arrived [MWh].
    """
    place, rates = devices.place[device], devices.rates[device]
    name, owner, e_start_mwh = place[DEVICE], place[OWNER], rates[E_START]
    held, which = state.held[owner], devices.stock_class[owner]
    before_mwh = held[ENERGY]
    share, arriving_mwh = driven_share(before_mwh, e_start_mwh), max(e_start_mwh - before_mwh, 0.0)
    driven_mwh = before_mwh * share
    after_mwh = before_mwh + arriving_mwh - driven_mwh
    held[ENERGY], held[KEEPS] = after_mwh, rates[RETENTION]
    held[RATE_TO], held[RATE_FROM] = rates[ETA_CHARGE], rates[ETA_DISCHARGE]
    state.plugged[owner, DEVICE_NOW], state.plugged[owner, OFFSET_NOW] = name, place[SLOT] - step
    state.started[name, 0] = driven_mwh
    state.moved[step, which, BY_FUEL, 0] += driven_mwh
    state.moved[step, which, BY_ARRIVING, 0] += arriving_mwh
    state.contents[step, 0, which] += after_mwh - before_mwh
    return share, arriving_mwh


@inner_kernel()
def collect_events(
    step: int, step_hours: float, first: int, n_events: int, devices: DeviceArrays, state: StockState
) -> None:
    """Brings what the events from `first` on need of their stocks into rows; from now on they have their device."""
    log, amount, at = state.log, state.amount, state.at
    for i in range(n_events):
        event = log.device[first + i]
        owner = event >> OWNER_BIT
        held = state.held[owner]
        at[OWNER_AT, i], at[RANK_AT, i] = owner, event & RANK_BITS
        amount[P_MW + i], amount[HELD + i], amount[KEPT + i] = log.values[0, first + i], held[ENERGY], held[KEEPS]
        amount[RATE_IN + i], amount[RATE_OUT + i] = held[RATE_TO], held[RATE_FROM]
        log.device[first + i] = state.plugged[owner, DEVICE_NOW]
    for i in range(n_events, AT_ONCE):  # empty stocks in which nothing happens
        amount[P_MW + i] = amount[HELD + i] = amount[DRAINED + i] = 0.0
        amount[RATE_IN + i] = amount[RATE_OUT + i] = amount[KEPT + i] = 1.0
    if devices.eta_charge.size + devices.eta_discharge.size + devices.p_drain_mw.size:
        for i in range(n_events):
            slot = state.plugged[at[OWNER_AT, i], OFFSET_NOW] + step
            if devices.eta_charge.size:
                amount[RATE_IN + i] = devices.eta_charge[slot]
            if devices.eta_discharge.size:
                amount[RATE_OUT + i] = devices.eta_discharge[slot]
            if devices.p_drain_mw.size:
                amount[DRAINED + i] = step_hours * devices.p_drain_mw[slot]


@inner_kernel(fastmath=FAST)
def compute_energy(step_hours: float, amount: Floats) -> None:
    """What moves in the events of a row (see `StockState.amount`)."""
    for i in range(AT_ONCE):
        p_mw, e_mwh, kept, fuel_mwh = amount[P_MW + i], amount[HELD + i], amount[KEPT + i], amount[DRAINED + i]
        charged_mwh, given_mwh = step_hours * max(p_mw, 0.0), step_hours * max(-p_mw, 0.0)
        gained_mwh, taken_mwh = amount[RATE_IN + i] * charged_mwh, given_mwh / amount[RATE_OUT + i]
        left_mwh = kept * e_mwh + gained_mwh - taken_mwh - fuel_mwh
        per_mwh = 1.0 / e_mwh if e_mwh > 0.0 else 0.0
        share = min(taken_mwh * per_mwh, kept)
        rest_mwh = (kept - share) * e_mwh
        enough = fuel_mwh <= rest_mwh
        lacking = min((fuel_mwh - rest_mwh) / gained_mwh, 1.0) if gained_mwh > 0.0 else 0.0
        fuel, through = fuel_mwh * per_mwh if enough else kept - share, 0.0 if enough else lacking
        out_mwh = e_mwh * (share + fuel + 1.0 - kept) + gained_mwh * through
        after_mwh = zero_if_rounding(e_mwh + gained_mwh - out_mwh, e_mwh, gained_mwh)
        amount[CHARGED + i], amount[GIVEN + i], amount[GAINED + i] = charged_mwh, given_mwh, gained_mwh
        amount[SHARE + i], amount[FUEL + i], amount[THROUGH + i] = share, fuel, through
        amount[LEFT + i], amount[EMPTIES + i] = left_mwh, 1.0 if left_mwh <= EMPTY_MWH else 0.0
        amount[AFTER + i] = after_mwh if left_mwh > EMPTY_MWH else 0.0
        amount[PER_AFTER + i] = 1.0 / after_mwh if min(after_mwh, left_mwh) > EMPTY_MWH else 0.0


@inner_kernel(fastmath=FAST)
def count_energy(step: int, which: int, amount: Floats, state: StockState) -> None:
    """Adds the energy of the events of a row to the sums of the step and of class `which`."""
    charged = given = gained = out = burnt = lost = changed = 0.0
    for i in range(AT_ONCE):
        e_mwh, standing = amount[HELD + i], amount[HELD + i] * (1.0 - amount[KEPT + i])
        discharged = e_mwh * amount[SHARE + i]
        fuel = e_mwh * amount[FUEL + i] + amount[GAINED + i] * amount[THROUGH + i]
        left = e_mwh + amount[GAINED + i] - discharged - fuel - standing
        charged, given, gained = charged + amount[CHARGED + i], given + amount[GIVEN + i], gained + amount[GAINED + i]
        out, burnt, lost = out + discharged, burnt + fuel, lost + standing + amount[EMPTIES + i] * left
        changed += amount[AFTER + i] - e_mwh
    moved = state.moved[step, which]
    moved[BY_CHARGE, 0] += gained
    moved[BY_DISCHARGE, 0] += out
    moved[BY_FUEL, 0] += burnt
    moved[BY_STANDING, 0] += lost
    state.contents[step, 0, which] += changed
    state.meter_mwh[step, which, 0] += charged
    state.meter_mwh[step, which, 1] += given


@inner_kernel()
def put_energy_back(step: int, first: int, n_events: int, state: StockState) -> None:
    """Puts the energy after events from `first` on where it is kept, and logs it and what was taken out too much."""
    log, amount = state.log, state.amount
    for i in range(n_events):
        log.values[0, first + i] = state.held[state.at[OWNER_AT, i], ENERGY] = amount[AFTER + i]
    for i in range(n_events):
        device, left_mwh = log.device[first + i], amount[LEFT + i]
        if left_mwh < -EMPTY_MWH and state.overdrawn[device] < 0:
            state.overdrawn[device] = step
            state.excess_mwh[device] = -left_mwh
