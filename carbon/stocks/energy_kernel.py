"""The energy of all stocks through a block of steps, device after device, compiled: what no mixing in the grid changes.

What leaves a stock takes energy, carbon and all other properties in the same proportion, so one share of the content
for each way out says it all. The shares follow from the energy alone.
"""

from __future__ import annotations

from carbon.mixing.compiled import kernel
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
    connect_devices,
)


@kernel()
def advance_energy(
    first: int,
    n_steps: int,
    step_hours: float,
    devices: DeviceArrays,
    before: BlockSchedule,
    schedule: BlockSchedule,
    state: StockState,
    block_inputs: BlockInputs,
) -> None:
    """Writes the events of steps `first` to `first + n_steps`, and the energy that they move.

    What stores discharge enters among the power fed in, what they charge among the uses.

    Args:
        first: First step of the block.
        n_steps: Number of its steps.
        step_hours: Length of a step [h].
        devices: What every store did.
        before: The schedule of the block before; may be the same array as `schedule`.
        schedule: The schedule of this block, written here.
        state: The stocks; their energy goes on to the end of the block.
        block_inputs: What enters the equations of the block.
    """
    connect_devices(first, n_steps, devices, before, schedule)
    for row in range(schedule.n_connected[0]):
        _advance_device(first, n_steps, step_hours, row, devices, schedule, state, block_inputs)


@kernel()
def _advance_device(
    first: int,
    n_steps: int,
    step_hours: float,
    row: int,
    devices: DeviceArrays,
    schedule: BlockSchedule,
    state: StockState,
    block_inputs: BlockInputs,
) -> None:
    """All steps of one device in the block."""
    device, owner, n = schedule.row[row, DEVICE], schedule.row[row, OWNER], schedule.row[row, RANK]
    start, kept = devices.start[device], devices.retention[device]
    if start >= first:
        _start_device(device, start, schedule.row[row, CLASS], devices, state)
    offset, drains = devices.first_slot[device] - start, devices.p_drain_mw.size > 0
    e_mwh = state.e_mwh[owner]
    for step in range(max(first, start), min(first + n_steps, devices.stop[device])):
        slot, k = offset + step, step - first
        p_mw = devices.p_mw[slot]
        fuel_mwh = step_hours * devices.p_drain_mw[slot] if drains else 0.0
        if p_mw != 0.0 or kept != 1.0 or fuel_mwh != 0.0 or 0.0 < e_mwh <= EMPTY_MWH:
            event = k * schedule.capacity[0] + schedule.n_events[k]
            schedule.n_events[k] += 1
            schedule.event_row[event] = row
            e_mwh = _write_event(step, step_hours, event, slot, p_mw, fuel_mwh, e_mwh, devices, schedule, state)
            if p_mw < 0.0:
                block_inputs.power[n, k] -= p_mw
            elif block_inputs.use.shape[0]:
                block_inputs.use[n, k] += p_mw
    state.e_mwh[owner] = e_mwh


@kernel()
def _start_device(device: int, step: int, which: int, devices: DeviceArrays, state: StockState) -> None:
    """Counts the energy that left and that arrived since the owner's last session; `which` is its class."""
    owner, e_start_mwh = devices.owner[device], devices.e_start_mwh[device]
    before_mwh = state.e_mwh[owner]
    driven_mwh = before_mwh * driven_share(before_mwh, e_start_mwh)
    arriving_mwh = max(e_start_mwh - before_mwh, 0.0)
    after_mwh = before_mwh + arriving_mwh - driven_mwh
    state.before_mwh[device], state.e_mwh[owner] = before_mwh, after_mwh
    state.driven[device, 0] = driven_mwh
    state.moved[step, which, BY_FUEL, 0] += driven_mwh
    state.moved[step, which, BY_ARRIVING, 0] += arriving_mwh
    state.contents[step, 0, which] += after_mwh - before_mwh


@kernel()
def _write_event(
    step: int,
    step_hours: float,
    event: int,
    slot: int,
    p_mw: float,
    fuel_mwh: float,
    e_mwh: float,
    devices: DeviceArrays,
    schedule: BlockSchedule,
    state: StockState,
) -> float:
    """Writes an event, and counts its energy; returns what is in the stock after it [MWh]."""
    row = schedule.event_row[event]
    device, which = schedule.row[row, DEVICE], schedule.row[row, CLASS]
    kept = devices.retention[device]
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
    amount = schedule.amount
    amount[event, CHARGED], amount[event, GAINED], amount[event, DISCHARGE] = charged_mwh, gained_mwh, share
    amount[event, FUEL], amount[event, STANDING], amount[event, THROUGH] = fuel, 1.0 - kept, through
    amount[event, EMPTIES], amount[event, ETA], amount[event, AFTER] = empties, eta, after_mwh
    moved = state.moved[step, which]
    moved[BY_CHARGE, 0] += gained_mwh
    moved[BY_DISCHARGE, 0] += out_mwh
    moved[BY_FUEL, 0] += burnt_mwh
    moved[BY_STANDING, 0] += lost_mwh
    state.contents[step, 0, which] += after_mwh - e_mwh
    state.meter_mwh[step, which, 0] += charged_mwh
    state.meter_mwh[step, which, 1] += given_mwh
    return after_mwh


@kernel()
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
