"""Switching states of a network: which of its branches are closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from grid.arrays import Bools, Ints
from grid.errors import InputError
from grid.network.network import Branches, Network


@dataclass(frozen=True, eq=False)
class SwitchableNetwork:
    """A network and the branches that may be opened or closed in it, L branches in all.

    Args:
        meshed: The network with all its branches closed.
        open: Branches that are open in operation, shape (L,).
        switchable: Branches with a switch, and those that are open, shape (L,).
        protected: Branches with a circuit breaker or fuse, which opens when a fault lies behind it, shape (L,).
    """

    meshed: Network
    open: Bools
    switchable: Bools
    protected: Bools

    def operated(self, open_branches: Bools) -> tuple[Network, Ints]:
        """The network in another switching state.

        Args:
            open_branches: Branches that are open, shape (L,).

        Returns:
            What an external grid reaches, its buses in the same order (the others have node -1), and the places of its
            branches in `meshed`.
        """
        return without_branches(self.meshed, np.flatnonzero(open_branches))

    @cached_property
    def in_operation(self) -> Network:
        """The network as it is operated."""
        return self.operated(self.open)[0]

    def is_radial(self, open_branches: Bools) -> bool:
        """Whether no two paths lead to a node, external grids and parallel branches included."""
        branches, closed = self.meshed.branches, ~open_branches
        n, slack = self.meshed.n_nodes, self.meshed.slack
        root = np.arange(n)
        root[slack] = slack[0]
        ends = root[branches.from_node[closed]], root[branches.to_node[closed]]
        graph = sparse.coo_array((np.ones(closed.sum()), ends), shape=(n, n))
        islands, _ = csgraph.connected_components(graph, directed=False)
        return bool(closed.sum() == n - islands)  # the merged external grids leave islands of a single node


def without_branches(network: Network, lost: Ints) -> tuple[Network, Ints]:
    """The network without some branches and without what they alone supplied.

    Args:
        network: The network.
        lost: Places of the branches.

    Returns:
        What is left, its buses in the same order (those cut off have node -1), and the places of its branches.

    Raises:
        InputError: If voltage decides a power of the network, since then no part of it can be taken out.
    """
    if network.decided_by_voltage:
        raise InputError.single(
            "network", "switching needs a net in which voltage decides no power", ", ".join(network.decided_by_voltage)
        )
    old = network.branches
    kept = np.setdiff1d(np.arange(len(old)), lost)
    n = network.n_nodes
    ends = sparse.coo_array((np.ones(kept.size), (old.from_node[kept], old.to_node[kept])), shape=(n, n))
    _, island = csgraph.connected_components(ends, directed=False)
    live = np.flatnonzero(np.isin(island, island[network.slack]))
    place = np.full(n + 1, -1, dtype=np.int64)  # the last stands for node -1
    place[live] = np.arange(live.size)
    kept = kept[place[old.from_node[kept]] >= 0]
    admittance = network.admittance - _own_admittance(network, lost)
    return (
        replace(
            network,
            admittance=sparse.csc_array(sparse.csr_array(admittance)[live][:, live]),
            admittance_from=sparse.csr_array(sparse.csc_array(network.admittance_from[kept])[:, live]),
            admittance_to=sparse.csr_array(sparse.csc_array(network.admittance_to[kept])[:, live]),
            conductance_pu=network.conductance_pu[live],
            load_conductance_pu=network.load_conductance_pu[live],
            slack=place[network.slack],
            fixed_mva=network.fixed_mva[live],
            generator_node=np.empty(0, dtype=np.int64),  # none: such nets are refused
            voltage_dependent_bus=np.empty(0, dtype=np.int64),
            buses=replace(network.buses, node=place[network.buses.node]),
            branches=_chosen(old, kept, place),
            load_net=None,  # the net still has these branches
        ),
        kept,
    )


def _own_admittance(network: Network, branches: Ints) -> sparse.csc_array:
    """What some branches add to the bus admittance matrix."""
    f, t = network.branches.from_node[branches], network.branches.to_node[branches]
    y_from, y_to = network.admittance_from, network.admittance_to
    values = [np.asarray(matrix[branches, end]).ravel() for matrix in (y_from, y_to) for end in (f, t)]
    at = np.concatenate([f, f, t, t]), np.concatenate([f, t, f, t])
    return sparse.csc_array((np.concatenate(values), at), shape=network.admittance.shape)


def _chosen(branches: Branches, kept: Ints, place: Ints) -> Branches:
    return Branches(
        names=tuple(branches.names[k] for k in kept),
        kinds=tuple(branches.kinds[k] for k in kept),
        from_node=place[branches.from_node[kept]],
        to_node=place[branches.to_node[kept]],
        from_bus=branches.from_bus[kept],
        to_bus=branches.to_bus[kept],
        percent_per_pu_from=branches.percent_per_pu_from[kept],
        percent_per_pu_to=branches.percent_per_pu_to[kept],
        loading_max_percent=branches.loading_max_percent[kept],
    )
