"""Perfect mixing at every node: the linear system of proportional sharing, one a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from carbon.flows import Flows, at_nodes
from grid.series import Bools, Floats, Ints

FLUX_THRESHOLD_MW = 1e-9
"""A node that takes in no more than this is without power: above the noise of a solver (1e-10 MW and less), below the
hundredth of a watt."""


@dataclass(frozen=True, eq=False)
class Mixing:
    """The equations of proportional sharing [1] of all steps.

    With r the power received, the share q[n, m] = r[m to n] / inflow[n] of a node's power comes from its neighbour m,
    so any property x that travels with power (carbon, renewable origin) obeys (I - q) x = x_supplied / inflow. Rows
    are divided by the inflow so that a node that carries 1 W is solved as accurately as one that carries 100 MW.
    Directed loops are harmless. A node which no source reaches has no equation: its row is zero.

    Args:
        inflow_mw: Power that enters each node, from branches, sources and stores, shape (T, N) [MW].
        live: Whether a source reaches the node, shape (T, N).
        forward_mw: Power received over each branch at its second node, shape (T, L) [MW].
        backward_mw: The same at its first node, shape (T, L) [MW].
        pattern: Where the coefficients stand.

    References:
        [1] C. Kang et al., "Carbon emission flow from generation to demand: a network-based model", IEEE Trans. Smart
            Grid, vol. 6, no. 5, pp. 2386-2394, 2015.
    """

    inflow_mw: Floats
    live: Bools
    forward_mw: Floats
    backward_mw: Floats
    pattern: Pattern

    @classmethod
    def of(cls, flows: Flows, supply_mw: Floats) -> Mixing:
        """The equations of `flows` when sources and stores feed `supply_mw`, shape (T, N) [MW]."""
        forward_mw, backward_mw = flows.received_mw()
        inflow_mw = (
            supply_mw
            + at_nodes(forward_mw, flows.to_node, flows.n_nodes)
            + at_nodes(backward_mw, flows.from_node, flows.n_nodes)
        )
        live = reached(flows, forward_mw, backward_mw, supply_mw) & (inflow_mw > FLUX_THRESHOLD_MW)
        return cls(inflow_mw, live, forward_mw, backward_mw, Pattern.of(flows))

    def solve(self, step: int, supplied: Floats) -> Floats:
        """What a MWh at each node carries, shape (N, 2) [x/MWh], 0 at nodes that are not live.

        Args:
            step: The step.
            supplied: What sources and stores feed in at each node, shape (N, 2) [x/h].
        """
        pattern, live = self.pattern, self.live[step]
        per_mw = np.divide(1.0, self.inflow_mw[step], out=np.zeros(len(live)), where=live)
        shares = np.concatenate(
            [
                np.ones(len(live)),
                -self.forward_mw[step] * per_mw[pattern.to_node],
                -self.backward_mw[step] * per_mw[pattern.from_node],
            ]
        )
        matrix = sp.csc_array(
            (np.bincount(pattern.position, shares, len(pattern.rows)), pattern.rows, pattern.columns),
            shape=(len(live), len(live)),
        )
        factors = splu(matrix, permc_spec="NATURAL", diag_pivot_thresh=0, options={"SymmetricMode": True})
        carried = np.empty_like(supplied)
        carried[pattern.order] = factors.solve((supplied * per_mw[:, None])[pattern.order])
        return carried


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where the coefficients of `Mixing` stand, the same in every step, in an order that fills in little.

    Args:
        from_node: First node of each branch, shape (L,).
        to_node: Second node of each branch, shape (L,).
        order: Nodes in the order of elimination, shape (N,).
        rows: Row of each coefficient, column after column (compressed sparse columns).
        columns: Where each column begins in `rows`, shape (N + 1,).
        position: Place in `rows` of the N diagonal, L forward and L backward coefficients, shape (N + 2 L,).
    """

    from_node: Ints
    to_node: Ints
    order: Ints
    rows: Ints
    columns: Ints
    position: Ints

    @classmethod
    def of(cls, flows: Flows) -> Pattern:
        """The pattern of a grid: every branch may carry power either way."""
        n_nodes, nodes = flows.n_nodes, np.arange(flows.n_nodes)
        order = _elimination_order(flows)
        rank = np.empty(n_nodes, dtype=np.int64)
        rank[order] = nodes
        row = rank[np.concatenate([nodes, flows.to_node, flows.from_node])]
        column = rank[np.concatenate([nodes, flows.from_node, flows.to_node])]
        entries, position = np.unique(column * n_nodes + row, return_inverse=True)
        columns = np.searchsorted(entries, np.arange(n_nodes + 1) * n_nodes)
        return cls(flows.from_node, flows.to_node, order, entries % n_nodes, columns, position)


def _elimination_order(flows: Flows) -> Ints:
    """Nodes in the order of minimum degree, shape (N,)."""
    branches = (np.full(len(flows.from_node), -1.0), (flows.from_node, flows.to_node))
    adjacency = sp.csc_array(branches, shape=(flows.n_nodes, flows.n_nodes))
    degree = 1.0 + abs(adjacency).sum(axis=0) + abs(adjacency).sum(axis=1)
    laplacian = sp.csc_array(adjacency + adjacency.T + sp.diags_array(degree))
    return np.argsort(splu(laplacian, permc_spec="MMD_AT_PLUS_A").perm_c).astype(np.int64)


def reached(flows: Flows, forward_mw: Floats, backward_mw: Floats, supply_mw: Floats) -> Bools:
    """Whether power from any source or store gets to each node, shape (T, N).

    Sweeps over the branches, all steps at once, to and fro, until nothing changes: as many sweeps as the direction
    changes between a source and the node farthest from it, never more than there are nodes.
    """
    alive = np.ascontiguousarray((supply_mw > FLUX_THRESHOLD_MW).T)
    forward = np.ascontiguousarray((forward_mw > FLUX_THRESHOLD_MW).T)
    backward = np.ascontiguousarray((backward_mw > FLUX_THRESHOLD_MW).T)
    branches = list(zip(flows.from_node, flows.to_node, forward, backward, strict=True))
    n_before, n_alive = -1, int(alive.sum())
    while n_alive > n_before:
        for start, stop, out, back in branches:
            alive[stop] |= alive[start] & out
            alive[start] |= alive[stop] & back
        branches.reverse()
        n_before, n_alive = n_alive, int(alive.sum())
    return np.ascontiguousarray(alive.T)
