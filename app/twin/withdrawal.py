"""What a city's buses draw when nobody manages anything."""

from __future__ import annotations

import numpy as np

from app.simulation.inputs import SimulationInputs
from grid.network.injections import Injections


def unmanaged_withdrawal(inputs: SimulationInputs) -> Injections:
    """Withdrawal of all buses with all assets, cars charging on arrival."""
    city = inputs.loaded.city
    p_mw = np.zeros((city.clock.n_steps, city.n_buses))
    for flexibility in inputs.flexibilities:
        p_mw += flexibility.at_buses(flexibility.unmanaged_power())
    return city.injections().plus(Injections.dense(p_mw, np.zeros_like(p_mw)))
