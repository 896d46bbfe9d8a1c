"""The controllers of a scenario in its run: what the power flow has them do, and what the dispatch takes as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.simulation.inputs import SimulationInputs
from grid.arrays import Floats
from grid.controllers import ControlledFlow, GridControl, PowerFactorByPower, ReactivePowerByVoltage, controlled_flow
from grid.controllers.base import AssetController, SwitchingController
from grid.controllers.flow import most_frequent
from grid.controllers.reactive_power import voltage_curves
from grid.flexibility.flexibility import Flexibility
from grid.threads import processors
from optimizer.problem.problem import DispatchProblem


def grid_control(inputs: SimulationInputs) -> GridControl:
    """All controllers that voltages decide, ready for the power flow."""
    controllers, city = inputs.loaded.scenario.controllers, inputs.loaded.city
    moving = [one for one in controllers if isinstance(one, SwitchingController)]
    by_voltage = [one for one in controllers if isinstance(one, ReactivePowerByVoltage)]
    return GridControl(
        devices=tuple(one.device(city.network, city.clock) for one in moving),
        curves=voltage_curves(by_voltage, inputs.flexibilities, city.clock.n_steps),
    )


def controlled(inputs: SimulationInputs, flexibility: Flexibility) -> bool:
    """Whether a controller decides the reactive power of an asset, so that the dispatch does not."""
    controllers = inputs.loaded.scenario.controllers
    return any(isinstance(one, AssetController) and one.controls(flexibility) for one in controllers)


def reactive_by_power(inputs: SimulationInputs, p_mw: Mapping[str, Floats]) -> Floats:
    """Reactive power that assets draw by their own power, cos φ(P), at every bus, shape (T, B) [MVAr].

    Args:
        inputs: The scenario.
        p_mw: Withdrawal of every asset by name, shape (K,) each [MW].
    """
    drawn = np.zeros((inputs.clock.n_steps, inputs.loaded.city.n_buses))
    by_power = [one for one in inputs.loaded.scenario.controllers if isinstance(one, PowerFactorByPower)]
    for flexibility in inputs.flexibilities:
        rule = next((one for one in by_power if one.controls(flexibility)), None)
        if rule is not None:
            drawn += flexibility.at_buses(rule.q_mvar(flexibility, p_mw[flexibility.name]))
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


def with_controllers_held(problem: DispatchProblem, inputs: SimulationInputs) -> DispatchProblem:
    """The problem of the dispatch with all controllers as they are where nobody manages the assets.

    Tap changers and capacitor banks stand where they do in most steps, and controlled assets draw the reactive power
    of each step that they would draw then; the dispatch linearises the network there.
    """
    if not inputs.loaded.scenario.controllers:
        return problem
    unmanaged = {flexibility.name: flexibility.unmanaged_power() for flexibility in inputs.flexibilities}
    p_mw = problem.p_fixed_mw.copy()
    for flexibility in inputs.flexibilities:
        p_mw += flexibility.at_buses(unmanaged[flexibility.name])
    found = flow_with_controllers(inputs, p_mw, problem.q_fixed_mvar, unmanaged)
    return replace(
        problem,
        network=most_frequent(found),
        q_fixed_mvar=problem.q_fixed_mvar + reactive_by_power(inputs, unmanaged) + found.q_curves_mvar,
        flexibilities=tuple(
            replace(one, q_max_mvar=np.zeros(1)) if controlled(inputs, one) else one for one in problem.flexibilities
        ),
    )


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
