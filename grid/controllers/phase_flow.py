"""The power flow of every step in three phases with all controllers at work.

Tap changers and capacitor banks see the positive sequence of the voltage, which is the mean of three phases; they move
all phases together. What follows the voltage by a curve sees that of its own phase; where nothing is earthed it has no
neutral, is between two phases, and sees the voltage across them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from grid._pandapower import tap_sequences
from grid.arrays import Floats, Ints
from grid.controllers.flow import ControlledFlow, GridControl
from grid.controllers.switching import State, SwitchedDevice, follow, shunts_at
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.network.sequence_network import PHASES, TO_PHASES, SequenceNetwork
from grid.network.sequence_variants import changed_sequences
from grid.powerflow.newton import VoltageCurves
from grid.three_phase.flow import three_phase_flow
from grid.three_phase.loads import PhaseLoads
from grid.three_phase.power_flow import PhasePowerFlow
from grid.time.clock import Clock

POSITIVE = 1
"""Row of the positive sequence."""


def controlled_phase_flow(
    network: Network,
    sequences: SequenceNetwork,
    clock: Clock,
    loads: PhaseLoads,
    control: GridControl,
    *,
    threads: int = 1,
) -> ControlledFlow:
    """Solves every step in three phases with controllers at work.

    A step that our kernel does not solve has failed: pandapower's `runpp_3ph` knows nothing of the controllers.

    Args:
        network: The balanced network, at the positions of its net.
        sequences: The same in symmetrical components, with its nodes in the same order.
        clock: The time axis, T steps.
        loads: Withdrawal by phase on that clock, without that of the curves.
        control: The controllers; the "buses" of its curves are phase times B, plus the bus.
        threads: Number of threads.

    Raises:
        InputError: If the loads are not those of this network.
    """
    series, loads = tap_admittances(sequences, control.devices), loads.with_earth_of(sequences)

    def solve(state: SequenceNetwork, steps: Ints) -> Complexes:
        """Voltages of some steps at a set of positions, shape (3, N, steps); NaN where there is no solution."""
        some = PhaseLoads(loads.wye.chosen(steps), loads.delta.chosen(steps))
        curves = None if control.curves is None else control.curves.chosen(steps)
        return three_phase_flow(state, some, curves=curves, keep="phasors", threads=threads).phasors()

    moved = follow(
        control.devices, clock.n_steps, lambda state: sequences_at(network, sequences, control.devices, series, state),
        lambda state, steps: np.abs(solve(state, steps)[POSITIVE]).T,
    ) if control.devices else None  # fmt: skip
    networks = (sequences,) if moved is None else moved.networks
    of_step = np.zeros(clock.n_steps, dtype=np.int64) if moved is None else moved.network_of_step
    voltage = np.empty((len(PHASES), sequences.n_nodes, clock.n_steps), dtype=np.complex128)
    for place, variant in enumerate(networks):
        steps = np.flatnonzero(of_step == place)
        voltage[:, :, steps] = solve(variant, steps)
    failed = np.asarray(np.isnan(voltage).any(axis=(0, 1)))
    flow = PhasePowerFlow(
        clock, network, sequences, voltage, np.zeros(clock.n_steps, dtype=bool), failed, loads.delta,
        networks if moved is not None else (), of_step if moved is not None else np.empty(0, dtype=np.int64),
    )  # fmt: skip
    q_mvar = _drawn_mvar(flow, control.curves)
    apart = np.tile((sequences.buses.node >= 0) & sequences.unearthed[sequences.buses.node], len(PHASES))
    if q_mvar[:, apart].any():
        flow = replace(flow, delta=loads.delta.plus(Injections.dense(np.zeros_like(q_mvar), q_mvar * apart)))
    return ControlledFlow(
        flow, control.devices,
        np.empty((clock.n_steps, 0), dtype=np.int64) if moved is None else moved.place,
        np.empty((clock.n_steps, 0), dtype=np.int64) if moved is None else moved.operations(control.devices),
        np.zeros(clock.n_steps, dtype=bool) if moved is None else moved.hunting,
        q_mvar,
    )  # fmt: skip


def tap_admittances(sequences: SequenceNetwork, devices: Sequence[SwitchedDevice]) -> dict[int, Complexes]:
    """Admittances of each tap changer's transformer by branch, position and sequence, shape (K, 3, 4) each [pu]."""
    names = sequences.branches.names
    return {one.branch: tap_sequences(sequences, names[one.branch], one.positions)
            for one in devices if one.branch >= 0}  # fmt: skip


def sequences_at(
    network: Network,
    sequences: SequenceNetwork,
    devices: Sequence[SwitchedDevice],
    series: Mapping[int, Complexes],
    state: State,
) -> SequenceNetwork:
    """The network in symmetrical components at a set of positions.

    Args:
        network: The balanced network.
        sequences: The network as it stands.
        devices: The devices, S of them.
        series: From `tap_admittances`.
        state: Place of the position of each.
    """
    at = zip(devices, state, strict=True)
    chosen = {device.branch: series[device.branch][place] for device, place in at if device.branch >= 0}
    per_phase = network.base_mva / (len(PHASES) * sequences.base_mva)
    shunts = {node: per_phase * admittance for node, admittance in shunts_at(devices, state).items()}
    return changed_sequences(sequences, chosen, shunts)


def _drawn_mvar(flow: PhasePowerFlow, curves: VoltageCurves | None) -> Floats:
    """Reactive power of what follows the voltage at every terminal, shape (T, 3 B) [MVAr].

    Where nothing is earthed the terminals of phase a are those across ab, and so on.
    """
    n_buses = len(flow.network.buses.names)
    drawn = np.zeros((flow.clock.n_steps, len(PHASES) * n_buses))
    if curves is not None:
        vm_pu, node = flow.phase_vm_pu(), flow.sequences.buses.node
        apart = np.flatnonzero((node >= 0) & flow.sequences.unearthed[node])
        phases = np.tensordot(TO_PHASES, flow.voltage[:, node[apart]], axes=1)
        vm_pu[:, :, apart] = np.abs(phases - np.roll(phases, -1, axis=0)).transpose(2, 0, 1) / np.sqrt(3)
        np.add.at(drawn.T, curves.bus, np.nan_to_num(curves.q_mvar(vm_pu.reshape(flow.clock.n_steps, -1))).T)
    return drawn
