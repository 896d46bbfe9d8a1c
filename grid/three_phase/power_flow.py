"""The three-phase power flow of a city in every step: voltages, and what they say of phases and of all phases together.

Voltages of the phases are between phase and earth, which is the neutral too. Powers are sums over the phases, so that
energy and carbon balance branch by branch and node by node whatever the phases do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from grid._pandapower import runpp_3ph
from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.network.sequence_network import PHASES, TO_PHASES, TO_SEQUENCES, SequenceNetwork
from grid.three_phase.compiled import shunt_admittance
from grid.three_phase.flow import three_phase_flow
from grid.three_phase.loads import PhaseLoads
from grid.time.clock import Clock

STEPS_AT_ONCE = 4096
"""Steps whose phases are computed together, so that their complex numbers take little room."""
MISSED_MW = 1e-6
"""What a node may miss, as in the balanced power flow, where pandapower solved a step [MW]."""


@dataclass(frozen=True, eq=False)
class PhasePowerFlow:
    """Voltages of every step in three phases; T steps, N nodes, B buses, L branches.

    Args:
        clock: The time axis.
        network: The balanced network, with the same nodes, buses and branches.
        sequences: The network in symmetrical components.
        voltage: Voltages by sequence (zero, positive, negative), node and step, shape (3, N, T) complex [pu]; NaN where
            a step has no solution.
        by_newton: Steps solved by pandapower's `runpp_3ph` instead of the fixed point, shape (T,).
        failed: Steps without a solution, shape (T,).
        delta: What was drawn between the phases ab, bc, ca, rows phase by phase; None: nothing.
        variants: The network in symmetrical components at each set of positions of tap changers and capacitor banks;
            none: as it stands.
        variant: Which of them each step has, shape (T,); empty where there are none.
    """

    clock: Clock
    network: Network
    sequences: SequenceNetwork
    voltage: Complexes
    by_newton: Bools
    failed: Bools
    delta: Injections | None = None
    variants: tuple[SequenceNetwork, ...] = ()
    variant: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def at(self, sequences: SequenceNetwork, steps: Ints) -> PhasePowerFlow:
        """Some steps on the network that they have, in the order in which they are given."""
        return PhasePowerFlow(
            self.clock.window(0, steps.size), self.network, sequences,  # how many they are counts, not when
            self.voltage[:, :, steps], self.by_newton[steps], self.failed[steps],
            None if self.delta is None else self.delta.chosen(steps),
        )  # fmt: skip

    def between(self, steps: slice) -> PhasePowerFlow:
        """The same in some steps that follow each other."""
        if (steps.start, steps.stop) == (0, self.clock.n_steps):
            return self
        return PhasePowerFlow(
            self.clock.window(steps.start, steps.stop), self.network, self.sequences,
            self.voltage[:, :, steps], self.by_newton[steps], self.failed[steps],
            None if self.delta is None else self.delta.window(steps.start, steps.stop),
            self.variants, self.variant[steps],
        )  # fmt: skip

    def phase_vm_pu(self) -> Floats:
        """Voltage of each phase at each bus, shape (T, 3, B) [pu]; NaN where a bus is de-energised."""
        node = self.network.buses.node
        found = np.empty((self.clock.n_steps, len(PHASES), node.size))
        for at in self._windows():
            by_node = np.abs(np.tensordot(TO_PHASES, self.voltage[:, :, at], axes=1))
            found[at] = by_node.transpose(2, 0, 1)[:, :, node]
        found[:, :, node < 0] = np.nan
        return found

    def vm_pu(self) -> Floats:
        """Lowest voltage of a phase at each bus, shape (T, B) [pu]; NaN where a bus is de-energised."""
        return np.asarray(self.phase_vm_pu().min(axis=1))

    def unbalance(self) -> Floats:
        """Negative over positive sequence of the voltage at each bus, shape (T, B) [1]; NaN where de-energised."""
        node = self.network.buses.node
        ratio = np.abs(self.voltage[2] / self.voltage[1]).T[:, node]
        ratio[:, node < 0] = np.nan
        return np.asarray(ratio)

    def phase_loading_percent(self) -> tuple[Floats, Floats]:
        """Current of each phase and of the way back over the rating of a phase, the worse end of each branch.

        Neutral and earth are one conductor, and no net states the rating of a neutral.

        Returns:
            Of the phases, shape (T, 3, L) [%], and of neutral and earth, shape (T, L) [%]; NaN without a rating.
        """
        branches, n_steps = self.network.branches, self.clock.n_steps
        phases, neutral = np.zeros((n_steps, len(PHASES), len(branches))), np.zeros((n_steps, len(branches)))
        of = self.sequences.branches
        for sequences, at in self._parts():
            for admittance, per_pu in (
                (sequences.admittance_from, of.percent_per_pu_from), (sequences.admittance_to, of.percent_per_pu_to)
            ):  # fmt: skip
                currents = np.array([part @ self.voltage[k][:, at] for k, part in enumerate(admittance)])
                by_phase = np.abs(np.tensordot(TO_PHASES, currents, axes=1)).transpose(2, 0, 1) * per_pu
                phases[at] = np.maximum(phases[at], by_phase)
                neutral[at] = np.maximum(neutral[at], 3 * np.abs(currents[0]).T * per_pu)
        phases[:, :, ~branches.rated], neutral[:, ~branches.rated] = np.nan, np.nan
        return phases, neutral

    def loading_percent(self) -> Floats:
        """Highest loading of a phase of every branch by current, shape (T, L) [%]; NaN without a rating."""
        return np.asarray(self.phase_loading_percent()[0].max(axis=1))

    def branch_powers_mw(self) -> tuple[Floats, Floats]:
        """Active power of all phases entering every branch at its two ends, shape (T, L) each [MW]."""
        branches = self.network.branches
        p_from = self._entering_mw(lambda of: of.admittance_from, branches.from_node)
        return p_from, self._entering_mw(lambda of: of.admittance_to, branches.to_node)

    def _entering_mw(self, admittance: Callable[[SequenceNetwork], Sequence[sparse.csr_array]], node: Ints) -> Floats:
        """Active power of all phases entering branches at one end, shape (T, L) [MW]; currents by `admittance`."""
        power = np.zeros((self.clock.n_steps, node.size))
        for sequences, at in self._of_variants():
            for part, v in zip(admittance(sequences), self.voltage, strict=True):
                power[at] += (v[node][:, at] * (part @ v[:, at]).conj()).real.T
        return power * (len(PHASES) * self.sequences.base_mva)

    def slack_mva(self) -> Complexes:
        """Power that each external grid's node feeds in, shape (T, R) [MW + j MVAr]."""
        return np.asarray(self._injected_mva(self.network.slack))

    def net_import_mw(self, p_mw: Floats) -> Floats:
        """Net import through all external grids, shape (T,) [MW]: what enters the grid, and what their buses draw.

        Args:
            p_mw: Withdrawal of all phases at every bus that was solved for, shape (T, B) [MW].
        """
        there = np.isin(self.network.buses.node, self.network.slack)
        return np.asarray(self.slack_mva().real.sum(axis=1) + p_mw[:, there].sum(axis=1))

    def injected_mw(self) -> Floats:
        """Active power of all phases that enters the grid at each node, shape (T, N) [MW]."""
        return np.asarray(self._injected_mva(np.arange(self.network.n_nodes)).real)

    def shunt_mw(self) -> Floats:
        """Active power lost between the nodes and earth, shape (T, N) [MW]; of transformers their zero sequence too."""
        lost = np.zeros(self.voltage.shape[:0:-1])
        for sequences, at in self._of_variants():
            for which, v in enumerate(self.voltage):
                lost[at] += (np.abs(v[:, at]) ** 2 * shunt_admittance(sequences, which).real[:, None]).T
        return lost * len(PHASES) * self.sequences.base_mva

    def impedance_load_mw(self) -> Floats:
        """Active power that constant impedances of wards consume, shape (T, N) [MW]: none, they are not solved so."""
        return np.zeros(self.voltage.shape[:0:-1])

    def _injected_mva(self, nodes: Ints) -> Complexes:
        """Power of all phases that enters the grid at some nodes, external grids' own impedances left out, (T, K)."""
        found = np.zeros((nodes.size, self.clock.n_steps), dtype=complex)
        for sequences, at in self._of_variants():
            for which, whole in enumerate(self.voltage):
                v = whole[:, at]
                current = sparse.csr_array(sequences.admittance[which])[nodes] @ v
                current -= sequences.source[which][nodes, None] * v[nodes]
                found[:, at] += v[nodes] * current.conj()
        return np.asarray(found.T * len(PHASES) * self.sequences.base_mva)

    def _of_variants(self) -> Iterator[tuple[SequenceNetwork, slice | Ints]]:
        """Each network with the steps that have it."""
        if not self.variants:
            yield self.sequences, slice(None)
        for place, sequences in enumerate(self.variants):
            yield sequences, np.flatnonzero(self.variant == place)

    def _parts(self) -> Iterator[tuple[SequenceNetwork, slice | Ints]]:
        """Each network with the steps that have it, at most `STEPS_AT_ONCE` at a time."""
        if not self.variants:
            yield from ((self.sequences, at) for at in self._windows())
        for sequences, steps in self._of_variants() if self.variants else ():
            at = np.asarray(steps)
            for first in range(0, at.size, STEPS_AT_ONCE):
                yield sequences, at[first : first + STEPS_AT_ONCE]

    def _windows(self) -> list[slice]:
        n_steps = self.clock.n_steps
        return [slice(first, min(first + STEPS_AT_ONCE, n_steps)) for first in range(0, n_steps, STEPS_AT_ONCE)]


def phase_power_flow(
    network: Network, sequences: SequenceNetwork, clock: Clock, loads: PhaseLoads, *, threads: int = 1
) -> PhasePowerFlow:
    """Solves every step in three phases; steps that the fixed point misses go to pandapower's `runpp_3ph`.

    Args:
        network: The balanced network.
        sequences: The same in symmetrical components, with its nodes in the same order.
        clock: The time axis, T steps.
        loads: Withdrawal by phase on that clock.
        threads: Number of threads.

    Raises:
        InputError: If the loads are not those of this network.
    """
    loads = loads.with_earth_of(sequences)
    found = three_phase_flow(sequences, loads, keep="phasors", threads=threads)
    voltage, failed = found.phasors(), found.failed.copy()
    by_newton = np.zeros(clock.n_steps, dtype=bool)
    for step in np.flatnonzero(failed).tolist():
        wye, delta = (_at_step(part, step) for part in (loads.wye, loads.delta))
        solved = runpp_3ph(sequences, wye, delta)
        if solved is not None and _missed_mw(sequences, solved, wye, delta) < MISSED_MW:
            voltage[:, :, step], failed[step], by_newton[step] = solved, False, True
    return PhasePowerFlow(clock, network, sequences, voltage, by_newton, failed, loads.delta)


def _at_step(part: Injections, step: int) -> Complexes:
    """Withdrawal in one step, shape (3, B) [MW + j MVAr]."""
    p_mw, q_mvar = part.at(step)
    return np.asarray((p_mw + 1j * q_mvar).reshape(len(PHASES), -1))


def _missed_mw(sequences: SequenceNetwork, voltage: Complexes, wye: Complexes, delta: Complexes) -> float:
    """The largest current that a node misses in a sequence at rated voltage [MVA]."""
    node, base = sequences.buses.node, sequences.base_mva
    phase = TO_PHASES @ voltage
    drawn = np.zeros((2, *phase.shape), dtype=complex)
    live = node >= 0
    for which, power in enumerate((wye, delta)):
        np.add.at(drawn[which].T, node[live], power.T[live] / base)
    across = phase - np.roll(phase, -1, axis=0)
    between = np.conj(drawn[1] / across)
    current = TO_SEQUENCES @ (np.conj(drawn[0] / phase) + between - np.roll(between, 1, axis=0))
    missed = np.array([y @ v for y, v in zip(sequences.admittance, voltage, strict=True)]) + current
    missed[:, sequences.slack] = 0.0
    return float(np.abs(missed).max() * base)
