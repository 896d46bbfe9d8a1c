"""When something happens in a store, and what it does to its energy, compiled: what no mixing in the grid changes.

What leaves a stock takes energy, carbon and all other properties in the same proportion, so one share of the content
for each way out says it all. The shares follow from the energy alone.
"""

from __future__ import annotations

from carbon.mixing.compiled import inner_kernel, kernel
from carbon.mixing.inputs_kernel import BlockInputs
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
    CHARGED,
    CLASS,
    DISCHARGE,
    EMPTIES,
    ETA,
    FUEL,
    GAINED,
    OFFSET,
    OWNER,
    PER_AFTER,
    RANK,
    STANDING,
    THROUGH,
    BlockSchedule,
    DeviceArrays,
    connect_devices,
)


@kernel()
def schedule_events(
    first: int,
    n_steps: int,
    devices: DeviceArrays,
    before: BlockSchedule,
    schedule: BlockSchedule,
    block_inputs: BlockInputs,
) -> None:
    """Lists the events of steps `first` to `first + n_steps`, and enters their power among what is fed in and used.

    Args:
        first: First step of the block.
        n_steps: Number of its steps.
        devices: What every store did.
        before: The schedule of the block before; may be the same array as `schedule`.
        schedule: The schedule of this block, written here.
        block_inputs: What enters the equations of the block.
    """
    connect_devices(first, n_steps, devices, before, schedule)
    at_once, n_connected = schedule.p_copied_mw.shape[0], schedule.n_connected[0]
    for place in range(0, n_connected, at_once):
        stop = min(place + at_once, n_connected)
        for i in range(stop - place):
            device = schedule.connected[place + i]
            begin, end = max(first, devices.start[device]), min(first + n_steps, devices.stop[device])
            offset = devices.place[device, OFFSET]
            p_mw, copied = devices.p_mw[offset + begin :], schedule.p_copied_mw[i, begin - first :]
            for k in range(end - begin):
                copied[k] = p_mw[k]
        for i in range(stop - place):
            _schedule_device(first, n_steps, i, schedule.connected[place + i], devices, schedule, block_inputs)


@inner_kernel()
def _schedule_device(
    first: int,
    n_steps: int,
    copied: int,
    device: int,
    devices: DeviceArrays,
    schedule: BlockSchedule,
    block_inputs: BlockInputs,
) -> None:
    """All events of one device in the block; `copied` is the row of its power in `BlockSchedule.p_copied_mw`."""
    start, n, offset = devices.start[device], devices.place[device, RANK], devices.place[device, OFFSET]
    leaks, drains = devices.retention[device] != 1.0, devices.p_drain_mw.size > 0
    # what a stock begins with and is next to nothing leaves in its first step
    residue = start if 0.0 < devices.e_start_mwh[device] <= 2.0 * EMPTY_MWH else -1
    for step in range(max(first, start), min(first + n_steps, devices.stop[device])):
        k = step - first
        p_mw = schedule.p_copied_mw[copied, k]
        if p_mw != 0.0 or leaks or step == residue or (drains and devices.p_drain_mw[offset + step] != 0.0):
            event = k * schedule.capacity[0] + schedule.n_events[k]
            schedule.device[event], schedule.p_mw[event] = device, p_mw
            schedule.n_events[k] += 1
            block_inputs.power[n, k] += max(-p_mw, 0.0)
            if block_inputs.use.shape[0]:
                block_inputs.use[n, k] += max(p_mw, 0.0)


@inner_kernel()
def start_energy(device: int, step: int, devices: DeviceArrays, state: StockState) -> tuple[float, float]:
    """Counts the energy that left and that arrived since the owner's last session.

    Returns:
        The share of the content that left, and the energy that arrived [MWh].
    """
    owner, e_start_mwh = devices.owner[device], devices.e_start_mwh[device]
    which, before_mwh = devices.stock_class[owner], state.e_mwh[owner]
    share, arriving_mwh = driven_share(before_mwh, e_start_mwh), max(e_start_mwh - before_mwh, 0.0)
    driven_mwh = before_mwh * share
    after_mwh = before_mwh + arriving_mwh - driven_mwh
    state.e_mwh[owner] = after_mwh
    state.driven[device, 0] = driven_mwh
    state.moved[step, which, BY_FUEL, 0] += driven_mwh
    state.moved[step, which, BY_ARRIVING, 0] += arriving_mwh
    state.contents[step, 0, which] += after_mwh - before_mwh
    return share, arriving_mwh


@inner_kernel()
def move_energy(
    step: int, step_hours: float, event: int, device: int, p_mw: float, devices: DeviceArrays, state: StockState
) -> None:
    """Moves the energy of an event, and writes what else it moves to `StockState.amount`.

    Args:
        step: The step.
        step_hours: Its length [h].
        event: Place of the event in the step, row of `StockState.amount`.
        device: Its device.
        p_mw: Withdrawal at the terminals [MW].
        devices: What every store did.
        state: The stocks.
    """
    owner, which = devices.place[device, OWNER], devices.place[device, CLASS]
    slot, kept, e_mwh = devices.place[device, OFFSET] + step, devices.retention[device], state.e_mwh[owner]
    fuel_mwh = step_hours * devices.p_drain_mw[slot] if devices.p_drain_mw.size > 0 else 0.0
    eta = devices.eta_discharge[slot if devices.eta_discharge_by_slot else device]
    charged_mwh, given_mwh = step_hours * max(p_mw, 0.0), step_hours * max(-p_mw, 0.0)
    gained_mwh = devices.eta_charge[slot if devices.eta_charge_by_slot else device] * charged_mwh
    taken_mwh = given_mwh / eta
    left_mwh = kept * e_mwh + gained_mwh - taken_mwh - fuel_mwh
    if left_mwh < -EMPTY_MWH and state.overdrawn[device] < 0:
        state.overdrawn[device] = step
        state.excess_mwh[device] = -left_mwh
    share, fuel, through = _shares_taken(kept, e_mwh, gained_mwh, taken_mwh, fuel_mwh)
    out_mwh, burnt_mwh, lost_mwh = e_mwh * share, e_mwh * fuel + gained_mwh * through, e_mwh * (1.0 - kept)
    after_mwh = zero_if_rounding(e_mwh + gained_mwh - out_mwh - burnt_mwh - lost_mwh, e_mwh, gained_mwh)
    empties = 1.0 if left_mwh <= EMPTY_MWH else 0.0
    lost_mwh += after_mwh * empties
    after_mwh -= after_mwh * empties
    amount, moved = state.amount[event], state.moved[step, which]
    amount[CHARGED], amount[GAINED], amount[DISCHARGE] = charged_mwh, gained_mwh, share
    amount[FUEL], amount[STANDING], amount[THROUGH] = fuel, 1.0 - kept, through
    amount[EMPTIES], amount[ETA] = empties, eta
    amount[PER_AFTER] = 1.0 / after_mwh if after_mwh > EMPTY_MWH else 0.0
    moved[BY_CHARGE, 0] += gained_mwh
    moved[BY_DISCHARGE, 0] += out_mwh
    moved[BY_FUEL, 0] += burnt_mwh
    moved[BY_STANDING, 0] += lost_mwh
    state.contents[step, 0, which] += after_mwh - e_mwh
    state.meter_mwh[step, which, 0] += charged_mwh
    state.meter_mwh[step, which, 1] += given_mwh
    state.e_mwh[owner] = after_mwh


@inner_kernel()
def _shares_taken(
    kept: float, e_mwh: float, gained_mwh: float, taken_mwh: float, fuel_mwh: float
) -> tuple[float, float, float]:
    """Shares of the content that a discharge and the fuel take, and of the charge the fuel that the stock lacks [1].

    Args:
        kept: Share of the content that standing losses leave [1].
        e_mwh: Energy in the stock when the step begins [MWh].
        gained_mwh: What charging adds [MWh].
        taken_mwh: What the discharge takes out [MWh].
        fuel_mwh: What is drawn as fuel [MWh].
    """
    per_mwh = 1.0 / e_mwh if e_mwh > 0.0 else 0.0
    share = min(taken_mwh * per_mwh, kept)
    held_mwh = (kept - share) * e_mwh
    if fuel_mwh <= held_mwh:
        return share, fuel_mwh * per_mwh, 0.0
    through = min((fuel_mwh - held_mwh) / gained_mwh, 1.0) if gained_mwh > 0.0 else 0.0
    return share, kept - share, through
