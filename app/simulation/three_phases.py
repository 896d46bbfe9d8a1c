"""The power flow of a scenario in three phases, and what spreading the same powers evenly over them would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from app.simulation.inputs import SimulationInputs
from app.simulation.reuse import PhaseReuse
from grid.arrays import Floats
from grid.city.phases import N_PHASES, ConnectedPhases, city_phases, phase_shares
from grid.network.injections import Injections
from grid.network.network import Network
from grid.network.sequence_network import SequenceNetwork
from grid.powerflow.extremes import Extremes, extremes
from grid.powerflow.powerflow import network_digest
from grid.threads import processors
from grid.three_phase import PhaseLoads, PhasePowerFlow, phase_power_flow
from grid.time.clock import Clock
from optimizer.problem.phases import PhaseConnections
from optimizer.problem.schedule import Schedule


@dataclass(frozen=True, eq=False)
class _Connection:
    """What a scenario states of the connection of an asset: its power [MW], 0 if unknown, and its phases, if any."""

    rated_mw: float
    phases: ConnectedPhases | None


def flow_in_three_phases(
    inputs: SimulationInputs,
    sequences: SequenceNetwork,
    schedule: Schedule,
    p_mw: Mapping[str, Floats],
    reuse: PhaseReuse | None,
) -> tuple[PhasePowerFlow, bool]:
    """The power flow with all assets, each on its phases, and whether it was taken from another run.

    Args:
        inputs: The scenario.
        sequences: Its network in symmetrical components.
        schedule: What the dispatch decided.
        p_mw: What the assets do, by name, shape (K,) each [MW].
        reuse: Where arrays are kept, if anywhere.
    """
    network, clock = inputs.loaded.city.network, inputs.clock
    loads = phase_loads(inputs, schedule, p_mw)

    def solved() -> dict[str, np.ndarray]:
        flow = phase_power_flow(network, sequences, clock, loads, threads=processors())
        return {"voltage": flow.voltage, "by_newton": flow.by_newton, "failed": flow.failed}

    if reuse is None:
        return _of_arrays(network, clock, sequences, solved(), loads), False
    takes = (
        network_digest(network),
        clock,
        *((part.profiles, part.p_mw, part.q_mvar) for part in (loads.wye, loads.delta)),
    )
    arrays, found = reuse.get("three-phase power flow", takes, solved)
    return _of_arrays(network, clock, sequences, arrays, loads), found


def _of_arrays(
    network: Network, clock: Clock, sequences: SequenceNetwork, arrays: Mapping[str, np.ndarray], loads: PhaseLoads
) -> PhasePowerFlow:
    """The power flow of arrays that were solved or kept."""
    voltage, by_newton, failed = (arrays[name] for name in ("voltage", "by_newton", "failed"))
    return PhasePowerFlow(clock, network, sequences, voltage, by_newton, failed, loads.delta)


def phase_loads(inputs: SimulationInputs, schedule: Schedule, p_mw: Mapping[str, Floats]) -> PhaseLoads:
    """Withdrawal of the city's elements and of all assets by phase; arguments as `flow_in_three_phases`."""
    city = inputs.loaded.city
    own, shares = city_phases(city, inputs.loaded.scenario.seed), shares_by_phase(inputs)
    shape = (city.clock.n_steps, N_PHASES * city.n_buses)
    active, reactive = np.zeros(shape), np.zeros(shape)
    for flexibility in inputs.flexibilities:
        of = shares[flexibility.name]
        active += flexibility.at_buses(p_mw[flexibility.name], of)
        if flexibility.name in schedule.q_mvar:
            reactive += flexibility.at_buses(schedule.q_mvar[flexibility.name], of)
    return PhaseLoads(own.wye.plus(Injections.dense(active, reactive)), own.delta)


def shares_by_phase(inputs: SimulationInputs) -> dict[str, sparse.csr_array]:
    """Share of each device of every flexibility in the phases of the buses, by its name, shape (N, 3 B) each."""
    city, seed, stated = inputs.loaded.city, inputs.loaded.scenario.seed, _stated(inputs)
    found = {}
    for flexibility in inputs.flexibilities:
        at = stated.get(flexibility.name, _Connection(0.0, "abc"))
        found[flexibility.name] = phase_shares(flexibility, city.network.buses.vn_kv, at.rated_mw, at.phases, seed)
    return found


def phase_connections(inputs: SimulationInputs, sequences: SequenceNetwork) -> PhaseConnections:
    """On which phases everything is, for the dispatch.

    Args:
        inputs: The scenario.
        sequences: Its network in symmetrical components.
    """
    own = city_phases(inputs.loaded.city, inputs.loaded.scenario.seed)
    unbalance = 100 * inputs.limits.unbalance_max
    return PhaseConnections(sequences, own.wye, own.delta, shares_by_phase(inputs), unbalance)


def _stated(inputs: SimulationInputs) -> dict[str, _Connection]:
    """Power and phases of the asset that each flexibility is a part of; data centres have all three."""
    assets = {asset.name: _Connection(asset.power_mw, asset.phases) for asset in inputs.loaded.assets}
    found = {}
    for flexibility in inputs.flexibilities:
        whole = flexibility.name.partition(": ")[0]
        name = flexibility.name if flexibility.name in assets else whole
        if name in assets:
            found[flexibility.name] = assets[name]
    return found


def evenly_spread(inputs: SimulationInputs, withdrawal: tuple[Floats, Floats]) -> Extremes:
    """Extremes of the power flow with the same powers spread evenly over the phases, which is a balanced one.

    Args:
        inputs: The scenario.
        withdrawal: Active and reactive withdrawal of every bus with all assets, shape (T, B) each [MW, MVAr].
    """
    network = inputs.loaded.city.network
    limits = inputs.limits.tolerated.of_elements
    return extremes(network, inputs.clock, Injections.dense(*withdrawal), limits, threads=processors())
