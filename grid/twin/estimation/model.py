"""What every measurement should read in a state of the grid, and how it answers to withdrawals.

The state is the withdrawal at every bus that may draw anything, and the voltage of the external grids against the
net's own; voltages follow from it by the AC power flow. A bus without load or generation draws nothing, exactly: zero
injections are no measurements here. Derivatives come from the adjoint of the power flow,

    V = α w + Z conj(S / V)      so      ν = Zᴴ (g − b conj(ν)),   b = I / conj(V),

for a gradient g of voltages. Both are iterated with the shared factor of the power flow, for many steps at once; in
the estimation a few sweeps of each are enough for every iteration, since all settle together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.network import Complexes, Network, VoltageControl
from grid.powerflow.powerflow import node_voltages
from grid.powerflow.zbus import KEPT_FACTORS, Factor, block_of, factorise, grid_with_own_limits, place_of
from grid.powerflow.zbus_arrays import Grid
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.readings import Readings
from grid.twin.estimation.sweep_kernel import Drawing, slope_steps, sweep_steps

SENSITIVITY_SHARE = 1e-5
"""Adjoints of a linearisation are iterated until no entry moves by more than this share of the largest: it is the
gain that they are for, not what is settled on."""
SENSITIVITY_SWEEPS, MOST_TIMES = 4, 15
"""Iterations from one look at that to the next; looks at most."""


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
        free = np.unique(buses)
        free = free[(node[free] >= 0) & ~np.isin(node[free], network.slack)]
        return _model(network, tuple(free.tolist()))

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
        return Readings.of(self.network, measured.quantity, measured.place, self.column)

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
    def _drawing(self) -> Drawing:
        """Which nodes draw what the state says."""
        inner, base = self.factor.eliminated, self.network.base_mva
        fixed = self.fixed_mva[inner] / base
        at = place_of(self.factor)[self.network.buses.node[self.bus]]
        return Drawing(at, float(base), np.ascontiguousarray(fixed.real), np.ascontiguousarray(fixed.imag))

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

    def sweep(self, x: Floats, voltage: Complexes, sweeps: int) -> tuple[Complexes, Floats]:
        """Some iterations of the power flow; its voltages are a solution when they do not move.

        Args:
            x: The states, shape (K, T).
            voltage: Voltages by now, shape (N, T).
            sweeps: How many.

        Returns:
            The voltages, and by how much they moved at most in each step, shape (T,) [pu].
        """
        found, moved = voltage.copy(), np.empty(x.shape[1])
        sweep_steps(sweeps, self._block, self._grid, self._drawing, x, found, moved)
        return found, moved

    def slope(
        self, readings: Readings, weights: Floats, at: tuple[Floats, Complexes], adjoint: Complexes, sweeps: int
    ) -> tuple[Floats, Complexes]:
        """Derivative of ``Σ weights · readings`` by the state, with some iterations of the adjoint.

        Args:
            readings: What is measured, M values.
            weights: Shape (M, T).
            at: The states and their voltages, shapes (K, T) and (N, T).
            adjoint: The adjoint by now, shape (N - R, T); the derivative is exact when it does not move.
            sweeps: Iterations of the adjoint, at least 1.

        Returns:
            The derivative, shape (K, T), and the adjoint.
        """
        pulled = readings.pull_back(at[1], weights)
        return self._slope(pulled, readings.direct(weights, self.n_columns), at, adjoint, sweeps)

    def _slope(
        self, pulled: Complexes, direct: Floats, at: tuple[Floats, Complexes], adjoint: Complexes, sweeps: int
    ) -> tuple[Floats, Complexes]:
        """The same by the gradient of voltages and the part by the state itself."""
        found, after = direct.copy(), adjoint.copy()
        slope_steps(sweeps, self._block, self._grid, self._drawing, *at, pulled, after, found)
        return found, after

    def sensitivity(self, readings: Readings, x: Floats, voltage: Complexes) -> Floats:
        """Derivative of each reading by the state in one step, shape (M, K).

        Args:
            readings: What is measured.
            x: The state, shape (K,).
            voltage: Its voltages, shape (N,).
        """
        each, at = np.eye(readings.n_values), np.tile(voltage[:, None], (1, readings.n_values))
        return self._sensitivity(readings.pull_back(at, each), readings.direct(each, len(x)), x, voltage)

    def current_sensitivity(self, readings: Readings, x: Floats, voltage: Complexes) -> Floats:
        """Derivative of the real parts of the measured currents by the state, then of the imaginary parts.

        Args:
            readings: What is measured, m5 magnitudes of currents among it.
            x: The state, shape (K,).
            voltage: Its voltages, shape (N,).

        Returns:
            Shape (2 m5, K) [kA per unit of the state].
        """
        pulled = readings.pull_back_currents()
        return self._sensitivity(pulled, np.zeros((len(x), pulled.shape[1])), x, voltage)

    def _sensitivity(self, pulled: Complexes, direct: Floats, x: Floats, voltage: Complexes) -> Floats:
        """The derivatives of what has gradients of voltages, shape (N, R), as rows, shape (R, K)."""
        n = pulled.shape[1]
        at = np.tile(x[:, None], (1, n)), np.tile(voltage[:, None], (1, n))
        adjoint = self.no_adjoint(n)
        for _ in range(MOST_TIMES):
            before = adjoint
            found, adjoint = self._slope(pulled, direct, at, before, SENSITIVITY_SWEEPS)
            if np.abs(adjoint - before).max(initial=0.0) <= SENSITIVITY_SHARE * np.abs(adjoint).max(initial=0.0):
                break
        return np.ascontiguousarray(found.T)

    def no_adjoint(self, n: int) -> Complexes:
        """What the adjoint of n steps begins with, shape (N - R, n)."""
        return np.zeros((self.factor.eliminated.size, n), dtype=complex)

    @cached_property
    def _grid(self) -> Grid:
        return grid_with_own_limits(self.network)

    @cached_property
    def _block(self) -> int:
        return block_of(self.network.n_nodes)

    def is_solution(self, x: Floats, voltage: Complexes, tolerance_pu: float) -> Bools:
        """Steps whose voltages do not move in a sweep by more than a tolerance, shape (T,)."""
        return np.asarray(self.sweep(x, voltage, 1)[1] <= tolerance_pu)


@lru_cache(maxsize=KEPT_FACTORS)
def _model(network: Network, buses: tuple[int, ...]) -> StateModel:
    """The model of a network, kept for the networks used last."""
    return StateModel(_passive(network), np.array(buses, dtype=np.int64), network.fixed_mva + _dc_lines_mva(network))


@lru_cache(maxsize=KEPT_FACTORS)
def _passive(network: Network) -> Network:
    """A network in which nothing draws by itself and nothing answers to voltage, kept for the networks used last."""
    return replace(
        network, generator_node=np.empty(0, dtype=np.int64), voltage_dependent_bus=np.empty(0, dtype=np.int64),
        voltage_control=VoltageControl.none(), fixed_mva=np.zeros(network.n_nodes, dtype=complex),
    )  # fmt: skip


def _dc_lines_mva(network: Network) -> Complexes:
    """Withdrawal of direct-current lines at every node, shape (N,) complex; what they carry is set."""
    power = np.zeros(network.n_nodes, dtype=complex)
    np.add.at(power, network.dc_lines.from_node, network.dc_lines.p_from_mw)
    np.add.at(power, network.dc_lines.to_node, network.dc_lines.p_to_mw)
    return power
