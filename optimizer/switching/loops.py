"""Loops that closing an open branch makes in a radial grid, and what opening another branch of a loop does to losses.

References:
    [1] S. Civanlar et al., "Distribution feeder reconfiguration for loss reduction", IEEE Trans. Power Delivery,
        vol. 3, no. 3, pp. 1217-1223, 1988.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from grid.arrays import Bools, Floats, Ints
from grid.network.network import Complexes
from grid.network.switching import SwitchableNetwork


@dataclass(frozen=True, eq=False)
class Loop:
    """The loop that an open branch closes, M closed branches.

    Args:
        tie: The open branch.
        branches: The closed branches on the way from the tie's "from" end to its "to" end, shape (M,).
        signs: 1 where a branch points along that way, else -1, shape (M,).
    """

    tie: int
    branches: Ints
    signs: Floats


def loops(network: SwitchableNetwork, open_branches: Bools) -> list[Loop]:
    """The loop of each open branch whose ends an external grid both reaches in a radial state.

    Args:
        network: The network.
        open_branches: The branches that are open, shape (L,); the others form no loop.
    """
    branches, slack = network.meshed.branches, network.meshed.slack
    n = network.meshed.n_nodes
    root = np.arange(n)
    root[slack] = slack[0]
    f, t = root[branches.from_node], root[branches.to_node]
    closed = np.flatnonzero(~open_branches)
    graph = sparse.coo_array((np.ones(closed.size), (f[closed], t[closed])), shape=(n, n)).tocsr()
    order, before = csgraph.breadth_first_order(graph, slack[0], directed=False)
    depth = np.full(n, -1, dtype=np.int64)
    depth[slack[0]] = 0
    for node in order[1:]:
        depth[node] = depth[before[node]] + 1
    above = np.full(n, -1, dtype=np.int64)  # the branch that supplies each node
    downward = depth[t[closed]] > depth[f[closed]]
    above[np.where(downward, t[closed], f[closed])] = closed
    found = []
    for tie in np.flatnonzero(open_branches).tolist():
        if depth[f[tie]] < 0 or depth[t[tie]] < 0 or f[tie] == t[tie]:
            continue
        found.append(_loop(tie, int(f[tie]), int(t[tie]), (f, t, before, depth, above)))
    return found


def _loop(tie: int, start: int, end: int, tree: tuple[Ints, Ints, Ints, Ints, Ints]) -> Loop:
    """The way through the tree from `start` to `end`."""
    f, _, before, depth, above = tree
    up, down = [], []
    while start != end:
        if depth[start] >= depth[end]:
            branch = int(above[start])
            up.append((branch, 1.0 if f[branch] == start else -1.0))
            start = int(before[start])
        else:
            branch = int(above[end])
            down.append((branch, -1.0 if f[branch] == end else 1.0))
            end = int(before[end])
    way = [*up, *reversed(down)]
    return Loop(tie, np.array([k for k, _ in way], dtype=np.int64), np.array([sign for _, sign in way]))


def loss_changes(loop: Loop, resistance_pu: Floats, current_pu: Complexes, weight: Floats) -> Floats:
    """Weighted change of losses when the tie is closed and one branch of its loop opened, shape (M,).

    What flowed through the branch flows the other way round the loop; the currents of the loads are taken to stay [1].

    Args:
        loop: The loop.
        resistance_pu: Resistance of every branch, shape (L,) [pu].
        current_pu: Current of every branch at its "from" end, shape (T, L) complex [pu].
        weight: Weight of each step, shape (T,).
    """
    around = current_pu[:, loop.branches] * loop.signs
    resistance = resistance_pu[loop.branches]
    crossed = np.einsum("t,tk,tb->kb", weight, around.conj(), around).real
    own = np.einsum("t,tb->b", weight, np.abs(around) ** 2)
    total = resistance.sum() + resistance_pu[loop.tie]
    return np.asarray(total * own - 2 * resistance @ crossed)
