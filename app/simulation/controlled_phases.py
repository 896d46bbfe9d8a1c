"""The controllers of a scenario whose phases are solved apart: in its power flow, and as its dispatch sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.simulation.controllers import grid_control, reactive_by_power
from app.simulation.inputs import SimulationInputs
from app.simulation.three_phases import phase_loads, shares_by_phase
from grid.arrays import Floats
from grid.controllers import ControlledFlow
from grid.controllers.flow import most_frequent
from grid.controllers.phase_flow import controlled_phase_flow, sequences_at, tap_admittances
from grid.controllers.switching import network_at
from grid.network.injections import Injections
from grid.network.network import Network
from grid.network.sequence_network import PHASES, SequenceNetwork
from grid.powerflow.extremes import Extremes, extremes_of
from grid.powerflow.powerflow import PowerFlow, voltages
from grid.threads import processors
from grid.three_phase import PhaseLoads
from optimizer.problem.phases import PhaseConnections
from optimizer.problem.schedule import Schedule


def phase_flow_with_controllers(
    inputs: SimulationInputs, sequences: SequenceNetwork, schedule: Schedule, p_mw: Mapping[str, Floats]
) -> ControlledFlow:
    """The power flow in three phases with all controllers at work; arguments as `three_phases.flow_in_three_phases`."""
    return _solved(inputs, sequences, phase_loads(inputs, schedule, p_mw), p_mw)


def held_in_phases(
    phases: PhaseConnections, inputs: SimulationInputs, p_mw: Mapping[str, Floats]
) -> tuple[PhaseConnections, Floats, ControlledFlow]:
    """What the dispatch takes as given of controllers where phases are solved apart.

    Args:
        phases: On which phases everything is.
        inputs: The scenario.
        p_mw: Withdrawal of every asset by name where nobody manages them, shape (K,) each [MW].

    Returns:
        The same with controllers held, the reactive power that controlled assets draw at every bus, shape (T, B)
        [MVAr], and what the controllers do.
    """
    given = phases.with_fixed((one, p_mw[one.name]) for one in inputs.flexibilities)
    found = _solved(inputs, phases.sequences, PhaseLoads(given.wye, given.delta), p_mw)
    drawn = reactive_by_power(inputs, p_mw, phases.shares) + found.q_curves_mvar
    network, state = inputs.loaded.city.network, most_frequent(found)
    series = tap_admittances(phases.sequences, found.devices)
    held = replace(
        phases,
        wye=phases.wye.plus(Injections.dense(np.zeros_like(drawn), drawn)),
        sequences=sequences_at(network, phases.sequences, found.devices, series, state),
    )
    return held, drawn.reshape(len(drawn), len(PHASES), -1).sum(axis=1), found


def evenly_with_controllers(
    inputs: SimulationInputs, drawn: tuple[Floats, Floats], p_mw: Mapping[str, Floats], found: ControlledFlow
) -> Extremes:
    """Extremes of a balanced power flow of the same powers, reactive ones included, at the same positions.

    Args:
        inputs: The scenario.
        drawn: Withdrawal of every bus without what controllers add, shape (T, B) each [MW, MVAr].
        p_mw: What the assets do, by name, shape (K,) each [MW].
        found: What the controllers did in three phases.
    """
    network, clock = inputs.loaded.city.network, inputs.clock
    shares = shares_by_phase(inputs)
    by_phase = reactive_by_power(inputs, p_mw, shares) + found.q_curves_mvar
    reactive = drawn[1] + by_phase.reshape(clock.n_steps, len(PHASES), -1).sum(axis=1)
    of_step = np.zeros(clock.n_steps, dtype=np.int64)
    variants: tuple[Network, ...] = (network,)
    if found.devices:
        states, of_step = np.unique(found.place, axis=0, return_inverse=True)
        variants = tuple(network_at(network, found.devices, tuple(row)) for row in states.tolist())
    voltage = np.empty((clock.n_steps, network.n_nodes), dtype=np.complex128)
    failed = np.zeros(clock.n_steps, dtype=bool)
    for place, variant in enumerate(variants):
        steps = np.flatnonzero(of_step.ravel() == place)
        injections = Injections.dense(drawn[0][steps], reactive[steps])
        part = voltages(variant, clock.window(0, steps.size), injections, threads=processors())
        voltage[steps], failed[steps] = part.voltage, part.failed
    none = np.zeros(clock.n_steps, dtype=bool)
    flow = PowerFlow(clock, network, voltage, none, failed, variants, of_step.ravel())
    return extremes_of(flow, inputs.limits.tolerated.of_elements)


def _solved(
    inputs: SimulationInputs, sequences: SequenceNetwork, loads: PhaseLoads, p_mw: Mapping[str, Floats]
) -> ControlledFlow:
    city, shares = inputs.loaded.city, shares_by_phase(inputs)
    reactive = reactive_by_power(inputs, p_mw, shares)
    with_reactive = replace(loads, wye=loads.wye.plus(Injections.dense(np.zeros_like(reactive), reactive)))
    return controlled_phase_flow(
        city.network, sequences, city.clock, with_reactive, grid_control(inputs, shares), threads=processors()
    )
