"""A sparse admittance matrix factored once, laid out for compiled elimination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from grid.arrays import Ints
from grid.network.network import Complexes
from grid.powerflow.zbus_arrays import Triangle

OPTIONS = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
"""No pivoting: the admittance matrix of a grid is diagonally dominant, or close to it."""


@dataclass(frozen=True, eq=False)
class Elimination:
    """Lower and upper factor of a matrix of n rows.

    Args:
        order: Row of the matrix at each place of the elimination, shape (n,).
        superlu: Solver in the order of elimination.
        lower: Lower factor without its diagonal of ones.
        upper: Upper factor without its diagonal.
        diagonal: Inverse diagonal of the upper factor, shape (n,).
    """

    order: Ints
    superlu: linalg.SuperLU
    lower: Triangle
    upper: Triangle
    diagonal: Complexes

    def solve(self, right: Complexes) -> Complexes:
        """Solution of ``matrix x = right``, shape (n,) or (n, k), in the order of the matrix."""
        found = np.empty_like(right, dtype=complex)
        found[self.order] = self.superlu.solve(np.asarray(right, dtype=complex)[self.order])
        return found


def eliminate(matrix: sparse.csc_array) -> Elimination:
    """Factors a matrix by SuperLU in the minimum-degree order of its pattern, with almost no fill on radial grids.

    Of the orders with the same fill it is the one in which what depends on each other lies together: each node comes
    soon after those that are eliminated into it.
    """
    n = matrix.shape[0]
    if n:
        found = linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", **OPTIONS)
        order = np.argsort(found.perm_c)[_depth_first(_parents(sparse.csc_array(found.L)))]
    else:
        order = np.empty(0, dtype=np.int64)
    factor = linalg.splu(sparse.csc_array(matrix[order][:, order]), permc_spec="NATURAL", **OPTIONS)
    upper = sparse.csr_array(factor.U)
    return Elimination(
        order=order.astype(np.int64),
        superlu=factor,
        lower=_triangle(sparse.csr_array(sparse.tril(factor.L, -1))),
        upper=_triangle(sparse.csr_array(sparse.triu(upper, 1))),
        diagonal=np.asarray(1 / upper.diagonal()),
    )


def _parents(lower: sparse.csc_array) -> Ints:
    """The node that each one is eliminated into, its parent in the elimination tree; n for a root; shape (n,)."""
    n = lower.shape[0]
    column = np.repeat(np.arange(n), np.diff(lower.indptr))
    parent = np.full(n, n)
    below = lower.indices > column
    np.minimum.at(parent, column[below], lower.indices[below])
    return parent


def _depth_first(parent: Ints) -> Ints:
    """The nodes of a forest, children before their parents and each subtree by itself, larger ones first, shape (n,).

    Args:
        parent: Parent of each node, a higher number; n for a root; shape (n,).
    """
    n = parent.size
    size = [1] * n
    children: list[list[int]] = [[] for _ in range(n + 1)]
    for node, above in enumerate(parent.tolist()):
        if above < n:
            size[above] += size[node]
        children[above].append(node)
    order, waiting = [], list(children[n])
    while waiting:  # from the last place to the first
        node = waiting.pop()
        order.append(node)
        waiting += sorted(children[node], key=size.__getitem__, reverse=True)
    return np.array(order[::-1], dtype=np.int64)


def _triangle(matrix: sparse.csr_array) -> Triangle:
    return Triangle(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64),
        np.ascontiguousarray(matrix.data.real), np.ascontiguousarray(matrix.data.imag),
    )  # fmt: skip
