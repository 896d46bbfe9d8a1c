"""A network in symmetrical components: pandapower's own matrices of the zero, positive and negative sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Ints
from grid.network.network import Branches, Buses, Complexes, Network

PHASES = ("a", "b", "c")
A = np.exp(2j * np.pi / 3)
TO_PHASES = np.array([[1, 1, 1], [1, A**2, A], [1, A, A**2]])
"""Phase quantities of the sequences zero, positive, negative (Fortescue); its inverse is `TO_SEQUENCES`."""
TO_SEQUENCES = np.array([[1, 1, 1], [1, A, A**2], [1, A**2, A]]) / 3


@dataclass(frozen=True, eq=False)
class SequenceNetwork:
    """A network at one switching state in symmetrical components; N nodes, L branches, R external grids.

    Per unit on the power of one phase and the voltage from phase to earth. Neutral and earth are one conductor, as in
    pandapower: the zero-sequence impedance of a line holds the way back.

    Args:
        name: Name of the net.
        base_mva: Base power of one phase [MVA].
        admittance: Of the zero, positive and negative sequence, shape (N, N) each [pu]; zero and negative with the
            short-circuit admittance of the external grids.
        admittance_from: Current entering each branch at its "from" end per node voltage, shape (L, N) each [pu].
        admittance_to: The same at the "to" end.
        source: Short-circuit admittance of each node's external grid in the three sequences, shape (3, N) [pu]; 0 in
            the positive sequence, whose voltage is held.
        slack: Nodes of the external grids, shape (R,).
        v_slack: Their positive-sequence voltages, shape (R,) complex [pu].
        buses: Buses of the pandapower net.
        branches: Branches in service; their loading is per current of one phase.
        wye_mva: What the net's own elements draw from phase to neutral, shape (3, B) complex [MW + j MVAr].
        delta_mva: What they draw between the phases ab, bc, ca, shape (3, B) complex [MW + j MVAr].
        estimated: What of the net is estimated, one sentence each.
        net: The pandapower net, with its zero sequence completed.
        row: Row of each node in pandapower's tables of that net, shape (N,).
        unearthed: Nodes whose zero sequence has no way to earth, shape (N,): what is connected there is between phases.
    """

    name: str
    base_mva: float
    admittance: tuple[sparse.csc_array, sparse.csc_array, sparse.csc_array]
    admittance_from: tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]
    admittance_to: tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]
    source: Complexes
    slack: Ints
    v_slack: Complexes
    buses: Buses
    branches: Branches
    wye_mva: Complexes
    delta_mva: Complexes
    estimated: tuple[str, ...]
    net: Any
    row: Ints
    unearthed: Bools

    @property
    def n_nodes(self) -> int:
        """Number of nodes N."""
        return int(self.admittance[0].shape[0])

    def in_order_of(self, network: Network) -> SequenceNetwork:
        """The same with the nodes in the order of the balanced network of the same net.

        Raises:
            ValueError: If the two are not of the same net at the same switching state.
        """
        buses, branches = self.buses, self.branches
        node = np.full(self.n_nodes, -1, dtype=np.int64)
        live = buses.node >= 0
        same = buses.names == network.buses.names and branches.names == network.branches.names
        if not same or self.n_nodes != network.n_nodes or (live != (network.buses.node >= 0)).any():
            raise ValueError("the sequences and the balanced network are not of the same net")
        node[buses.node[live]] = network.buses.node[live]
        node[branches.from_node], node[branches.to_node] = network.branches.from_node, network.branches.to_node
        if (np.sort(node) != np.arange(self.n_nodes)).any():
            raise ValueError("the nodes of the sequences are not those of the balanced network")
        order = np.argsort(node)
        from_end, to_end = (
            (zero[:, order], positive[:, order], negative[:, order])
            for zero, positive, negative in (self.admittance_from, self.admittance_to)
        )
        zero, positive, negative = (sparse.csc_array(part[order][:, order]) for part in self.admittance)
        slack = node[self.slack]
        return replace(
            self,
            admittance=(zero, positive, negative),
            admittance_from=from_end,
            admittance_to=to_end,
            source=self.source[:, order],
            slack=np.sort(slack),
            v_slack=self.v_slack[np.argsort(slack)],
            buses=replace(buses, node=network.buses.node),
            row=self.row[order],
            unearthed=self.unearthed[order],
            branches=replace(branches, from_node=network.branches.from_node, to_node=network.branches.to_node),
        )
