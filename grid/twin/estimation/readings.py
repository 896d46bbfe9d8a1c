"""What measurements read at given voltages, and the gradient of their weighted sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.network.network import Complexes, Network
from grid.powerflow.zbus import KEPT_FACTORS, factorise, place_of

DEGREES = 180.0 / np.pi
_FLOWS = {
    "p_from_mw": ("from", False), "q_from_mvar": ("from", True), "p_to_mw": ("to", False), "q_to_mvar": ("to", True),
}  # fmt: skip
_CURRENTS = {"i_from_ka": "from", "i_to_ka": "to"}


@dataclass(frozen=True, eq=False)
class Readings:
    """M values by the voltages of N nodes, or by the state itself where a withdrawal is measured.

    Nodes stand in the order of elimination here, and steps come last: what is read is linear algebra over all of them.

    Args:
        magnitude: Which values are voltages, and at which node, shape (m1,) each.
        angle: Which are voltage angles, and at which node.
        state: Which are withdrawals that are columns of the state, and which column.
        power: Which are powers, and which of the C complex powers below.
        reactive: Whether such a power is reactive.
        power_end: Node of each complex power, shape (C,).
        power_rows: Current per voltage of each, shape (C, N) [pu].
        current: Which are current magnitudes, shape (m5,).
        current_rows: Current per voltage of each, shape (m5, N) [kA].
        base_mva: Base power [MVA].
        n_values: M.
    """

    magnitude: tuple[Ints, Ints]
    angle: tuple[Ints, Ints]
    state: tuple[Ints, Ints]
    power: tuple[Ints, Ints]
    reactive: np.ndarray[tuple[int], np.dtype[np.bool_]]
    power_end: Ints
    power_rows: sparse.csr_array
    current: Ints
    current_rows: sparse.csr_array
    base_mva: float
    n_values: int

    @classmethod
    def of(cls, network: Network, quantity: tuple[str, ...], at: Ints, column: Mapping[int, int]) -> Readings:
        """The readings of quantities at places.

        Args:
            network: The network.
            quantity: See `grid.twin.estimation.measured`, length M.
            at: Bus or branch of each, shape (M,).
            column: Column of the active power of the buses that are in the state.
        """
        found: dict[str, list[tuple[int, int]]] = {"vm_pu": [], "va_degree": [], "state": []}
        powers: list[tuple[int, tuple[str, int], bool]] = []
        currents: list[tuple[int, str, int]] = []
        n, nodes = len(column), network.buses.node
        place = place_of(factorise(network))
        for k, (name, where) in enumerate(zip(quantity, at.tolist(), strict=True)):
            if name in ("vm_pu", "va_degree"):
                found[name].append((k, int(place[nodes[where]])))
            elif name in _FLOWS:
                powers.append((k, (_FLOWS[name][0], where), _FLOWS[name][1]))
            elif name in _CURRENTS:
                currents.append((k, _CURRENTS[name], where))
            elif where in column:
                found["state"].append((k, column[where] + (n if name == "q_mvar" else 0)))
            else:  # of an external grid, or of a bus that draws nothing
                powers.append((k, ("node", int(nodes[where])), name == "q_mvar"))
        ends = list(dict.fromkeys(end for _, end, _ in powers))
        row_of = {end: row for row, end in enumerate(ends)}
        return cls(
            magnitude=_pairs(found["vm_pu"]),
            angle=_pairs(found["va_degree"]),
            state=_pairs(found["state"]),
            power=_pairs([(k, row_of[end]) for k, end, _ in powers]),
            reactive=np.array([reactive for *_, reactive in powers], dtype=bool),
            power_end=place[np.array([_node(network, *end) for end in ends], dtype=np.int64)],
            power_rows=_rows(network, ends),
            current=np.array([k for k, *_ in currents], dtype=np.int64),
            current_rows=_rows(network, [(side, at) for _, side, at in currents], in_ka=True),
            base_mva=network.base_mva,
            n_values=len(quantity),
        )

    def values(self, voltage: Complexes, x: Floats) -> Floats:
        """What is read, from voltages (N, T) and states (K, T), shape (M, T)."""
        read = np.empty((self.n_values, voltage.shape[1]))
        for (which, node), part in ((self.magnitude, np.abs), (self.angle, _degrees)):
            read[which] = part(voltage[node])
        read[self.state[0]] = x[self.state[1]]
        power = voltage[self.power_end] * (self.power_rows @ voltage).conj() * self.base_mva
        which, row = self.power
        read[which[~self.reactive]] = power.real[row[~self.reactive]]
        read[which[self.reactive]] = power.imag[row[self.reactive]]
        read[self.current] = np.abs(self.current_rows @ voltage)
        return read

    def pull_back(self, voltage: Complexes, weights: Floats) -> Complexes:
        """Gradient g of ``Σ weights · values`` by the voltages: it changes by Re(conj(g) δV); (N, T).

        Args:
            voltage: Shape (N, T).
            weights: Shape (M, T).
        """
        gradient = np.zeros_like(voltage)
        which, node = self.magnitude
        np.add.at(gradient, node, weights[which] * voltage[node] / np.abs(voltage[node]))
        which, node = self.angle
        np.add.at(gradient, node, DEGREES * 1j * weights[which] / voltage[node].conj())
        if self.power[0].size:
            weight = self._collected @ weights
            end, flowing = voltage[self.power_end], self.power_rows @ voltage
            gradient += self._at_ends @ (weight * flowing) + self._power_back @ (weight.conj() * end)
        if self.current.size:
            flowing = self.current_rows @ voltage
            size = np.maximum(np.abs(flowing), np.finfo(float).tiny)
            gradient += self._current_back @ (weights[self.current] * flowing / size)
        return gradient

    def pull_back_currents(self) -> Complexes:
        """Gradients of the real and then of the imaginary parts of the measured currents by the voltages, (N, 2 m5)."""
        back = self._current_back.toarray()
        return np.ascontiguousarray(np.hstack([back, 1j * back]))

    def direct(self, weights: Floats, n_columns: int) -> Floats:
        """The part of that gradient by the state itself, shape (K, T)."""
        direct = np.zeros((n_columns, weights.shape[1]))
        np.add.at(direct, self.state[1], weights[self.state[0]])
        return direct

    @cached_property
    def _collected(self) -> sparse.csr_array:
        """Complex weight of each complex power by the weights of the values, shape (C, M)."""
        which, row = self.power
        factor = np.where(self.reactive, 1j, 1.0) * self.base_mva
        return sparse.csr_array((factor, (row, which)), shape=(self.power_end.size, self.n_values))

    @cached_property
    def _at_ends(self) -> sparse.csr_array:
        n, end = self.power_rows.shape[1], self.power_end
        return sparse.csr_array((np.ones(end.size), (end, np.arange(end.size))), shape=(n, end.size))

    @cached_property
    def _power_back(self) -> sparse.csr_array:
        return sparse.csr_array(self.power_rows.conj().T)

    @cached_property
    def _current_back(self) -> sparse.csr_array:
        return sparse.csr_array(self.current_rows.conj().T)


def _degrees(voltage: Complexes) -> Floats:
    return np.asarray(np.angle(voltage) * DEGREES)


def _pairs(pairs: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _node(network: Network, side: str, at: int) -> int:
    branches = network.branches
    return at if side == "node" else int((branches.from_node if side == "from" else branches.to_node)[at])


def _base_ka(network: Network, side: str, at: int) -> float:
    """Base current at an end of a branch [kA]."""
    branches, vn_kv = network.branches, network.buses.vn_kv
    bus = (branches.from_bus if side == "from" else branches.to_bus)[at]
    return float(network.base_mva / (np.sqrt(3.0) * vn_kv[bus]))


def _rows(network: Network, ends: list[tuple[str, int]], *, in_ka: bool = False) -> sparse.csr_array:
    """Current that enters each branch at a side, or that a node withdraws, per voltage, shape (C, N) [pu or kA]."""
    first = {"from": 0, "to": len(network.branches), "node": 2 * len(network.branches)}
    rows = _currents(network)[np.array([first[side] + at for side, at in ends], dtype=np.int64)]
    scale = np.array([_base_ka(network, side, at) if in_ka else 1.0 for side, at in ends])
    return sparse.csr_array(sparse.diags_array(scale) @ rows) if in_ka else rows


@lru_cache(maxsize=KEPT_FACTORS)
def _currents(network: Network) -> sparse.csr_array:
    """Those of all branches at both sides and of all nodes, over the nodes in the order of elimination [pu]."""
    every = [network.admittance_from, network.admittance_to, -sparse.csr_array(network.admittance)]
    by_node = sparse.csc_array(sparse.vstack(every), dtype=complex)
    return sparse.csr_array(by_node[:, factorise(network).order])
