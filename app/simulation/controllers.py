"""The controllers of a scenario in its run: what the power flow has them do, and what the dispatch takes as given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from app.simulation.inputs import SimulationInputs
from grid.arrays import Floats
from grid.controllers import ControlledFlow, GridControl, PowerFactorByPower, ReactivePowerByVoltage, controlled_flow
from grid.controllers.base import AssetController, SwitchingController
from grid.controllers.reactive_power import voltage_curves
from grid.flexibility.flexibility import Flexibility
from grid.network.sequence_network import PHASES
from grid.threads import processors

Shares = Mapping[str, sparse.csr_array]
"""Share of each device of every asset in the phases of the buses, by its name, shape (N, 3 B) each."""


def grid_control(inputs: SimulationInputs, shares: Shares | None = None) -> GridControl:
    """All controllers that voltages decide, ready for the power flow.

    Args:
        inputs: The scenario.
        shares: Where phases are solved apart, the shares of all assets in the phases of the buses.
    """
    controllers, city = inputs.loaded.scenario.controllers, inputs.loaded.city
    moving = [one for one in controllers if isinstance(one, SwitchingController)]
    by_voltage = [one for one in controllers if isinstance(one, ReactivePowerByVoltage)]
    return GridControl(
        devices=tuple(one.device(city.network, city.clock) for one in moving),
        curves=voltage_curves(by_voltage, inputs.flexibilities, city.clock.n_steps, shares),
    )


def controlled(inputs: SimulationInputs, flexibility: Flexibility) -> bool:
    """Whether a controller decides the reactive power of an asset, so that the dispatch does not."""
    controllers = inputs.loaded.scenario.controllers
    return any(isinstance(one, AssetController) and one.controls(flexibility) for one in controllers)


def reactive_by_power(inputs: SimulationInputs, p_mw: Mapping[str, Floats], shares: Shares | None = None) -> Floats:
    """Reactive power that assets draw by their own power, cos φ(P), at every bus, shape (T, B) [MVAr].

    Args:
        inputs: The scenario.
        p_mw: Withdrawal of every asset by name, shape (K,) each [MW].
        shares: As in `grid_control`; then at the phases of every bus, phase by phase, shape (T, 3 B).
    """
    n_places = inputs.loaded.city.n_buses * (1 if shares is None else len(PHASES))
    drawn = np.zeros((inputs.clock.n_steps, n_places))
    by_power = [one for one in inputs.loaded.scenario.controllers if isinstance(one, PowerFactorByPower)]
    for flexibility in inputs.flexibilities:
        rule = next((one for one in by_power if one.controls(flexibility)), None)
        if rule is not None:
            q_mvar = rule.q_mvar(flexibility, p_mw[flexibility.name])
            drawn += flexibility.at_buses(q_mvar, None if shares is None else shares[flexibility.name])
    return drawn


def flow_with_controllers(
    inputs: SimulationInputs, p_mw: Floats, q_mvar: Floats, of_assets_mw: Mapping[str, Floats]
) -> ControlledFlow:
    """The power flow with all controllers at work.

    Args:
        inputs: The scenario.
        p_mw: Withdrawal at every bus, all assets included, shape (T, B) [MW].
        q_mvar: Reactive withdrawal without that of controlled assets, shape (T, B) [MVAr].
        of_assets_mw: Withdrawal of every asset by name, shape (K,) each [MW].
    """
    city = inputs.loaded.city
    return controlled_flow(
        city.network, city.clock, p_mw, q_mvar + reactive_by_power(inputs, of_assets_mw), grid_control(inputs),
        loads_mva=city.voltage_dependent_loads_mva(), threads=processors(),
    )  # fmt: skip


def notes_of_controllers(found: ControlledFlow | None) -> tuple[str, ...]:
    """What a reader should know of what controllers did, one sentence each."""
    if found is None:
        return ()
    notes = [
        f"{device.name}: {int(found.operations[:, k].sum())} operations, positions "
        f"{found.positions()[:, k].min()} to {found.positions()[:, k].max()}."
        for k, device in enumerate(found.devices)
    ]
    hunting = int(found.hunting.sum())
    if hunting:
        notes.append(
            f"In {hunting} steps tap changers or capacitor banks would go round in a circle; they were left where the "
            "voltages miss their bands least. Wider bands or delays end that."
        )
    return tuple(notes)
