"""Where the entries of a grid's factored Jacobian stand: found once, used for every step and iteration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from grid.arrays import Ints
from grid.powerflow.elimination import OPTIONS


class FillPattern(NamedTuple):
    """Entries of a symmetric pattern in the order of elimination, those that elimination adds included.

    Rows lie one after the other, each sorted: what is left of the diagonal, the diagonal, what is right of it.
    """

    order: Ints
    """Row of the matrix at each place of the elimination, shape (n,)."""
    pointer: Ints
    """First entry of each row, shape (n + 1,)."""
    column: Ints
    """Place of the column of each entry, shape (E,)."""
    diagonal: Ints
    """Entry on the diagonal of each row, shape (n,)."""
    target: Ints
    """Entries that are changed when a row is eliminated, in the order in which elimination comes to them."""


def fill_pattern(matrix: sparse.csc_array) -> FillPattern:
    """The pattern of the factors of a matrix without pivoting, by its elimination tree.

    Args:
        matrix: Any matrix, shape (n, n); its pattern is taken with that of its transpose.
    """
    order = _minimum_degree(matrix)
    rows = sparse.csr_array((abs(matrix) + abs(matrix).T)[order][:, order])
    lower = _lower_rows(rows)
    n = len(lower)
    upper: list[list[int]] = [[] for _ in range(n)]
    for i, row in enumerate(lower):
        for j in row:
            upper[j].append(i)
    column = np.concatenate([np.empty(0, np.int64), *(np.array([*lower[i], i, *upper[i]], np.int64) for i in range(n))])
    pointer = np.cumsum([0, *(len(lower[i]) + 1 + len(upper[i]) for i in range(n))])
    diagonal = pointer[:-1] + np.array([len(row) for row in lower], dtype=np.int64)
    place = np.zeros(n, dtype=np.int64)
    targets = [np.empty(0, np.int64)]
    for i in range(n):
        own = slice(pointer[i], pointer[i + 1])
        place[column[own]] = np.arange(pointer[i], pointer[i + 1])
        targets += [place[np.array(upper[j], dtype=np.int64)] for j in lower[i]]
    return FillPattern(order, pointer.astype(np.int64), column, diagonal.astype(np.int64), np.concatenate(targets))


def _minimum_degree(matrix: sparse.csc_array) -> Ints:
    """An order in which nearly radial grids have almost no fill: SuperLU's minimum degree on the pattern."""
    n = matrix.shape[0]
    if not n:
        return np.empty(0, dtype=np.int64)
    pattern = sparse.csc_matrix(abs(matrix) + abs(matrix).T)
    pattern.data[:] = -1.0
    pattern.setdiag(float(n))
    return np.argsort(sparse.linalg.splu(pattern, permc_spec="MMD_AT_PLUS_A", **OPTIONS).perm_c).astype(np.int64)


def _lower_rows(rows: sparse.csr_array) -> list[list[int]]:
    """Places left of the diagonal in each row of the factor, ascending: what the elimination tree leads to."""
    n = rows.shape[0]
    parent, seen = np.full(n, -1), np.full(n, -1)
    found = []
    for i in range(n):
        seen[i] = i
        row = []
        for k in rows.indices[rows.indptr[i] : rows.indptr[i + 1]].tolist():
            j = k
            while j < i and seen[j] != i:
                row.append(j)
                seen[j] = i
                if parent[j] < 0:
                    parent[j] = i
                j = parent[j]
        found.append(sorted(row))
    return found
