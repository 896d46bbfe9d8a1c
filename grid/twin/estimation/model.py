"""What every measurement should read in a state of the grid, and how it answers to withdrawals.

The state is the withdrawal at every bus that may draw anything, and the voltage of the external grids against the
net's own; voltages follow from it by the AC power flow. A bus without load or generation draws nothing, exactly: zero
injections are no measurements here. Derivatives come from the adjoint of the power flow,

    V = α w + Z conj(S / V)      so      ν = Zᴴ (g − b conj(ν)),   b = I / conj(V),

for a gradient g of voltages. Both are iterated with the shared factor of the power flow, for many steps at once; in
the estimation a sweep of each is enough for every iteration, since all settle together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.network import Complexes, Network, VoltageControl
from grid.powerflow.powerflow import node_voltages
from grid.powerflow.zbus import Factor, factorise
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.readings import Readings

SENSITIVITY_SHARE = 1e-5
"""Adjoints of a linearisation are iterated until no entry moves by more than this share of the largest: it is the
gain that they are for, not what is settled on."""
MOST_SWEEPS = 60


@dataclass(frozen=True, eq=False)
class StateModel:
    """A network with the buses whose withdrawal is not known to be zero; N nodes, n buses, K = 2 n + 1 columns.

    The columns of the state are the active powers of these buses [MW], their reactive powers [MVAr], and the voltage
    of all external grids per that of the net [1]. Steps come last, and nodes stand in the order of elimination.

    Args:
        network: The network, in which nothing answers to voltage: what does is a withdrawal like others.
        bus: The buses, shape (n,).
        fixed_mva: Known withdrawal of each node, shape (N,) complex.
    """

    network: Network
    bus: Ints
    fixed_mva: Complexes

    @classmethod
    def from_network(cls, network: Network, buses: Ints) -> StateModel:
        """The model of a network.

        Args:
            network: The network.
            buses: Buses that may draw anything; those at a node of an external grid move no voltage and are left out.

        Raises:
            InputError: If the network has elements that its admittance matrix does not hold.
        """
        node = network.buses.node
        if network.uncovered:
            raise InputError.single("network", "cannot be estimated", "; ".join(network.uncovered))
        bare = np.setdiff1d(np.flatnonzero(network.fixed_mva), node)
        if bare.size:
            raise InputError.single("network", "draws power at nodes without a bus", bare.tolist())
        nothing = np.empty(0, dtype=np.int64)
        passive = replace(
            network, generator_node=nothing, voltage_dependent_bus=nothing, voltage_control=VoltageControl.none(),
            fixed_mva=np.zeros(network.n_nodes, dtype=complex),
        )  # fmt: skip
        free = np.unique(buses)
        free = free[(node[free] >= 0) & ~np.isin(node[free], network.slack)]
        return cls(passive, free, network.fixed_mva + _dc_lines_mva(network))

    @property
    def n_columns(self) -> int:
        """Columns of the state K."""
        return 2 * self.bus.size + 1

    @cached_property
    def factor(self) -> Factor:
        """The shared factor, whose order the nodes have."""
        return factorise(self.network)

    @cached_property
    def column(self) -> dict[int, int]:
        """Column of the active power of each bus; that of the reactive power is n further."""
        return {int(bus): k for k, bus in enumerate(self.bus)}

    def readings(self, measured: MeasuredValues) -> Readings:
        """What measurements read, by voltage and state."""
        return Readings.of(self.network, measured.quantity, measured.place, self.column, self.factor.order)

    @cached_property
    def _by_column(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Active and reactive withdrawal of the buses by the columns and, last, the fixed powers, (B, 2 n + 1)."""
        n, n_buses = self.bus.size, len(self.network.buses.names)
        nodes = np.flatnonzero(self.fixed_mva)
        buses = np.array([np.flatnonzero(self.network.buses.node == node)[0] for node in nodes], dtype=np.int64)
        rows, last = np.concatenate([self.bus, buses]), np.full(buses.size, 2 * n)
        parts = []
        for offset, fixed in ((0, self.fixed_mva.real), (n, self.fixed_mva.imag)):
            values = np.concatenate([np.ones(n), fixed[nodes]])
            at = rows, np.concatenate([np.arange(n) + offset, last])
            parts.append(sparse.csr_array((values, at), shape=(n_buses, 2 * n + 1)))
        return parts[0], parts[1]

    @cached_property
    def _drawn(self) -> tuple[sparse.csr_array, Complexes]:
        """Power fed in at the eliminated nodes by that drawn at the buses, (N - R, n), and the fixed one [pu]."""
        inner, base = self.factor.eliminated, self.network.base_mva
        place = np.full(self.network.n_nodes, -1)
        place[inner] = np.arange(inner.size)
        at = place[self.network.buses.node[self.bus]], np.arange(self.bus.size)
        fed = sparse.csr_array((np.full(self.bus.size, -1 / base), at), shape=(inner.size, self.bus.size))
        return fed, -self.fixed_mva[inner][:, None] / base

    def voltages(self, x: Floats) -> Complexes:
        """Node voltages of T states, shape (K, T) -> (N, T) complex [pu]; NaN where there is no solution.

        With the external grids at α times their voltage, the voltages are α times those that 1/α² of the power has.
        """
        scale = x[-1]
        profiles = x / scale**2
        profiles[-1] = 1 / scale**2
        found, solved = node_voltages(self.network, Injections(profiles, *self._by_column))
        voltage: Complexes = np.ascontiguousarray(found.T[self.factor.order]) * scale
        voltage[:, ~solved] = np.nan
        return voltage

    def by_node(self, voltage: Complexes) -> Complexes:
        """Voltages, shape (N, T), in the order of the network's nodes, shape (T, N)."""
        found = np.empty_like(voltage.T)
        found[:, self.factor.order] = voltage.T
        return found

    def injected(self, x: Floats) -> Complexes:
        """Power fed in at the eliminated nodes, shape (K, T) -> (N - R, T) complex [pu]."""
        n = self.bus.size
        fed, fixed = self._drawn
        drawn = np.empty((n, x.shape[1]), dtype=complex)
        drawn.real, drawn.imag = x[:n], x[n : 2 * n]
        power: Complexes = fed @ drawn
        power += fixed
        return power

    def sweep(self, x: Floats, power: Complexes, voltage: Complexes) -> Complexes:
        """One iteration of the power flow; its voltages are a solution when they do not move.

        Args:
            x: The states, shape (K, T).
            power: `injected` in them.
            voltage: Voltages by now, shape (N, T).
        """
        inner, unloaded = len(power), self.factor.unloaded[:, None]
        found: Complexes = unloaded * x[-1]
        found[:inner] += self.factor.superlu.solve((power / voltage[:inner]).conj())
        return found

    def slope(
        self, readings: Readings, weights: Floats, at: tuple[Complexes, Complexes], adjoint: Complexes, sweeps: int = 1
    ) -> tuple[Floats, Complexes]:
        """Derivative of ``Σ weights · readings`` by the state, with some iterations of the adjoint.

        Args:
            readings: What is measured, M values.
            weights: Shape (M, T).
            at: Power fed in at the eliminated nodes and voltages, shapes (N - R, T) and (N, T).
            adjoint: The adjoint by now, shape (N - R, T); the derivative is exact when it does not move.
            sweeps: Iterations of the adjoint, at least 1.

        Returns:
            The derivative, shape (K, T), and the adjoint.
        """
        power, voltage = at
        pulled, bend = readings.pull_back(voltage, weights), _bend(power, voltage)
        for _ in range(sweeps):
            right, adjoint = self._adjoint(pulled, bend, adjoint)
        return self._derivative(readings, weights, (pulled, right), voltage, adjoint), adjoint

    def _adjoint(self, pulled: Complexes, bend: Complexes, adjoint: Complexes) -> tuple[Complexes, Complexes]:
        """An iteration of the adjoint, shape (N - R, T): what is solved for, and the next adjoint."""
        right = pulled[: len(bend)] - bend * adjoint.conj()
        return right, self.factor.superlu.solve(right, trans="H")

    def _derivative(
        self, readings: Readings, weights: Floats, by_voltage: tuple[Complexes, Complexes], voltage: Complexes,
        adjoint: Complexes,
    ) -> Floats:  # fmt: skip
        """The derivative by the state that an adjoint stands for, shape (K, T).

        Args:
            readings: What is measured.
            weights: Shape (M, T).
            by_voltage: Gradient by all voltages, shape (N, T), and that of the eliminated nodes with the adjoint.
            voltage: Shape (N, T).
            adjoint: Shape (N - R, T).
        """
        (pulled, right), n_inner, unloaded = by_voltage, len(adjoint), self.factor.unloaded
        by_power = self._fed_back @ (adjoint / voltage[:n_inner])
        found = readings.direct(weights, self.n_columns)
        n = self.bus.size
        found[:n] += by_power.real
        found[n : 2 * n] -= by_power.imag
        for part, first in ((right, 0), (pulled[n_inner:], n_inner)):
            scale = unloaded[first : first + len(part)]
            found[-1] += scale.real @ part.real + scale.imag @ part.imag
        return found

    @cached_property
    def _fed_back(self) -> sparse.csr_array:
        """The transpose of how withdrawals feed nodes, shape (n, N - R)."""
        return sparse.csr_array(self._drawn[0].T)

    def sensitivity(self, readings: Readings, x: Floats, voltage: Complexes) -> Floats:
        """Derivative of each reading by the state in one step, shape (M, K).

        Args:
            readings: What is measured.
            x: The state, shape (K,).
            voltage: Its voltages, shape (N,).
        """
        m, weights = readings.n_values, np.eye(readings.n_values)
        power, around = self.injected(x[:, None]), np.tile(voltage[:, None], (1, m))
        pulled, bend = readings.pull_back(around, weights), _bend(power, voltage[:, None])
        adjoint = np.zeros((len(power), m), dtype=complex)
        for _ in range(MOST_SWEEPS):
            right, after = self._adjoint(pulled, bend, adjoint)
            moved = np.abs(after - adjoint).max(initial=0.0)
            adjoint = after
            if moved <= SENSITIVITY_SHARE * np.abs(after).max(initial=0.0):
                break
        return np.ascontiguousarray(self._derivative(readings, weights, (pulled, right), around, adjoint).T)

    def is_solution(self, x: Floats, voltage: Complexes, tolerance_pu: float) -> Bools:
        """Steps whose voltages do not move in a sweep by more than a tolerance, shape (T,)."""
        moved = np.abs(self.sweep(x, self.injected(x), voltage) - voltage).max(axis=0)
        return np.asarray(moved <= tolerance_pu)


def _bend(power: Complexes, voltage: Complexes) -> Complexes:
    """How the gradient by the voltages of the eliminated nodes answers to the conjugate adjoint, shape (N - R, T)."""
    return np.asarray((power / voltage[: len(power)] ** 2).conj())


def _dc_lines_mva(network: Network) -> Complexes:
    """Withdrawal of direct-current lines at every node, shape (N,) complex; what they carry is set."""
    power = np.zeros(network.n_nodes, dtype=complex)
    np.add.at(power, network.dc_lines.from_node, network.dc_lines.p_from_mw)
    np.add.at(power, network.dc_lines.to_node, network.dc_lines.p_to_mw)
    return power
