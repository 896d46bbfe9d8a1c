"""Energy that a mixture of schedules has too much of, because it avoids losses that its schedules have."""

from __future__ import annotations

import numpy as np

from grid.arrays import Bools, Floats
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.reservoir import Reservoir

ROUNDING_MWH = 1e-9
ROUNDING_MW = 1e-12


def surplus_mwh(flexibility: Flexibility, p_mw: Floats) -> Floats:
    """Energy beyond what a store may hold when each slot ends, shape (K,) [MWh]; what is due exactly counts at the end.

    Where one schedule charges while another feeds in, their mixture does less of both, loses less, and so holds more
    than the mixture of their energies.
    """
    store = flexibility.reservoir
    if store is None:
        return np.zeros(p_mw.size)
    return np.maximum(flexibility.energy_mwh(p_mw) - _most(flexibility, store), 0.0)


def _most(flexibility: Flexibility, store: Reservoir) -> Floats:
    """What a store may hold when each slot ends, shape (K,) [MWh]."""
    most = store.e_max_mwh[flexibility.device]
    if store.exact_end:
        last = flexibility.offsets[1:] - 1
        most[last] = np.minimum(most[last], store.e_end_mwh)
    return most


def without_surplus(flexibility: Flexibility, p_mw: Floats, kept: Bools) -> Floats:
    """The same power with less charging before energy would be too much, the latest first.

    Args:
        flexibility: The asset, K slots.
        p_mw: Withdrawal, shape (K,) [MW].
        kept: Steps whose power is changed only where no other is left, shape (T,).
    """
    store = flexibility.reservoir
    if store is None:
        return p_mw
    power = p_mw.copy()
    for device in np.unique(flexibility.device[surplus_mwh(flexibility, power) > ROUNDING_MWH]).tolist():
        begin, end = flexibility.offsets[device], flexibility.offsets[device + 1]
        for _ in range(2 * int(end - begin)):
            over = surplus_mwh(flexibility, power)[begin:end]
            if not (over > ROUNDING_MWH).any():
                break
            at = int(np.argmax(over > ROUNDING_MWH))
            charging = np.flatnonzero(power[begin : begin + at + 1] > ROUNDING_MW) + begin
            if not charging.size:
                break
            free = charging[~kept[flexibility.step[charging]]]
            slot = int((free if free.size else charging)[-1])
            kept_share = float(store.retention_per_step[device]) ** (begin + at - slot)
            eta = float(flexibility.at_slots(store.eta_charge, np.array([slot]))[0])
            less = over[at] / (kept_share * eta * flexibility.clock.step_hours)
            power[slot] = max(power[slot] - less, 0.0, float(flexibility.per_slot(flexibility.p_min_mw)[slot]))
    return power
