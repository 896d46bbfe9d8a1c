"""The order in which the nodes of a grid are eliminated: found once, used in every step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from grid.arrays import Ints, read_only_ints

_ORDERS_KEPT = 16
"""How many grids' orders are kept."""


class Pattern(NamedTuple):
    """Where the coefficients of the mixing equations stand, as the kernels read it.

    Nodes are called by their rank, their place in the order. Coupling c joins a node and one that is eliminated
    later; it has two coefficients, one for each direction of power.

    Args:
        rank: Rank of each node, shape (N,).
        pointer: Couplings of rank k are pointer[k] to pointer[k + 1], shape (N + 1,).
        later: The node of each coupling that is eliminated later, ascending for each rank, shape (C,).
        target_pointer: Updates of rank k begin at target_pointer[k] in `target`, shape (N,).
        target: Eliminating rank k joins all its later nodes, two by two; the coupling of each such pair, shape (U,).
        coupling: Coupling of each branch, shape (L,); -1 for a branch within one node.
        from_rank: Rank of each branch's first node, shape (L,).
        to_rank: Rank of its second node, shape (L,).
    """

    rank: Ints
    pointer: Ints
    later: Ints
    target_pointer: Ints
    target: Ints
    coupling: Ints
    from_rank: Ints
    to_rank: Ints


@dataclass(frozen=True, eq=False)
class EliminationOrder:
    """Symbolic elimination of a grid: a fill-reducing order and all coefficients that ever become non-zero.

    The pattern holds for every direction of flow, so one order serves all steps. Grids that are nearly radial fill in
    almost nothing: each node is then eliminated into the one that feeds it.

    Args:
        pattern: Where the coefficients stand.
    """

    pattern: Pattern

    @classmethod
    def from_branches(cls, from_node: Ints, to_node: Ints, n_nodes: int) -> EliminationOrder:
        """The order for branches from `from_node` to `to_node`, shape (L,) each.

        Parallel branches share one coupling; a branch within one node has none. The orders of the last 16 grids are
        kept.
        """
        ends = (np.ascontiguousarray(nodes, dtype=np.int64).tobytes() for nodes in (from_node, to_node))
        return _find_order(*ends, n_nodes)

    @property
    def n_nodes(self) -> int:
        """Number of nodes, N."""
        return len(self.pattern.rank)

    @property
    def n_couplings(self) -> int:
        """Number of couplings, C: branches and fill."""
        return len(self.pattern.later)


@lru_cache(maxsize=_ORDERS_KEPT)
def _find_order(from_node: bytes, to_node: bytes, n_nodes: int) -> EliminationOrder:
    """The order of a grid, its branches' ends as the bytes of 64-bit integers."""
    start, stop = (np.frombuffer(nodes, dtype=np.int64) for nodes in (from_node, to_node))
    rank = _minimum_degree(start, stop, n_nodes)
    from_rank, to_rank = rank[start], rank[stop]
    later = _later_nodes(from_rank, to_rank, n_nodes)
    pointer = np.concatenate([[0], np.cumsum([len(nodes) for nodes in later])])
    place = {(k, i): int(pointer[k]) + c for k, nodes in enumerate(later) for c, i in enumerate(nodes)}
    targets = [
        [place[i, j] for first, i in enumerate(nodes) for j in nodes[first + 1 :]]
        for nodes in later
    ]  # fmt: skip
    ends = zip(np.minimum(from_rank, to_rank).tolist(), np.maximum(from_rank, to_rank).tolist(), strict=True)
    pattern = Pattern(
        rank=rank,
        pointer=pointer,
        later=_flat(later),
        target_pointer=np.concatenate([[0], np.cumsum([len(places) for places in targets])])[:n_nodes],
        target=_flat(targets),
        coupling=np.array([place.get(pair, -1) for pair in ends], dtype=np.int64),
        from_rank=from_rank,
        to_rank=to_rank,
    )
    return EliminationOrder(Pattern(*(read_only_ints(values) for values in pattern)))


def _minimum_degree(from_node: Ints, to_node: Ints, n_nodes: int) -> Ints:
    """Rank of each node when the one with the fewest neighbours left always goes first, shape (N,)."""
    branches = (np.full(len(from_node), -1.0), (from_node, to_node))
    adjacency = sp.csc_array(branches, shape=(n_nodes, n_nodes))
    degree = 1.0 + abs(adjacency).sum(axis=0) + abs(adjacency).sum(axis=1)
    laplacian = sp.csc_array(adjacency + adjacency.T + sp.diags_array(degree))
    return np.asarray(splu(laplacian, permc_spec="MMD_AT_PLUS_A").perm_c, dtype=np.int64)


def _later_nodes(from_rank: Ints, to_rank: Ints, n_nodes: int) -> list[list[int]]:
    """For each rank the nodes, eliminated later, that it is joined to when its turn comes; fill included."""
    joined: list[set[int]] = [set() for _ in range(n_nodes)]
    for a, b in zip(from_rank.tolist(), to_rank.tolist(), strict=True):
        if a != b:
            joined[min(a, b)].add(max(a, b))
    later = []
    for neighbours in joined:
        nodes = sorted(neighbours)
        later.append(nodes)
        if nodes:  # the next of them takes over the others; they are handed on when its turn comes
            joined[nodes[0]].update(nodes[1:])
    return later


def _flat(lists: list[list[int]]) -> Ints:
    """All values of all lists, one list after another."""
    return np.array([value for values in lists for value in values], dtype=np.int64)
