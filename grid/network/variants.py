"""The same network at another position of its tap changers and capacitor banks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from grid.arrays import Ints
from grid.network.network import Complexes, Network


@dataclass(frozen=True, eq=False)
class TapPositions:
    """A transformer at each position of its tap changer, K of them.

    Args:
        branch: Its place among the branches.
        positions: The positions, ascending, shape (K,).
        series: Its admittances y_ff, y_ft, y_tf, y_tt at each, shape (K, 4) complex [pu].
        start: Position in the net.
        raises: 1 where a higher position raises the voltage of the low-voltage side, else -1.
    """

    branch: int
    positions: Ints
    series: Complexes
    start: int
    raises: int


def changed_network(network: Network, series: Mapping[int, Complexes], shunt_pu: Mapping[int, complex]) -> Network:
    """A network with other admittances of some branches, and admittances added to some nodes.

    Args:
        network: The network.
        series: New admittances y_ff, y_ft, y_tf, y_tt by place of the branch, shape (4,) complex each [pu].
        shunt_pu: Admittance to ground that is added, by node [pu].
    """
    n, branches = network.n_nodes, network.branches
    place = np.array(list(series), dtype=np.int64)
    f, t = branches.from_node[place], branches.to_node[place]
    new = np.array(list(series.values()), dtype=complex).reshape(-1, 4)
    of_from, of_to = (with_rows(matrix, place, np.column_stack([f, t]), new[:, columns]) for matrix, columns in (
        (network.admittance_from, slice(0, 2)), (network.admittance_to, slice(2, 4))))  # fmt: skip
    old = np.column_stack([
        np.asarray(matrix[place, end]).ravel()
        for matrix in (network.admittance_from, network.admittance_to) for end in (f, t)
    ]).reshape(-1, 4) if place.size else np.empty((0, 4), complex)  # fmt: skip
    node = np.array(list(shunt_pu), dtype=np.int64)
    rows, columns = np.concatenate([f, f, t, t, node]), np.concatenate([f, t, f, t, node])
    values = np.concatenate([(new - old).T.ravel(), np.array(list(shunt_pu.values()), dtype=complex)])
    change = sparse.coo_array((values, (rows, columns)), shape=(n, n))
    return replace(
        network,
        admittance=sparse.csc_array(network.admittance + change),
        admittance_from=of_from,
        admittance_to=of_to,
    )


def with_rows(matrix: sparse.csr_array, row: Ints, columns: Ints, values: Complexes) -> sparse.csr_array:
    """A matrix with two entries of each given row replaced.

    Args:
        matrix: The matrix.
        row: The rows, shape (K,).
        columns: Columns of the two entries, shape (K, 2).
        values: The entries, shape (K, 2).
    """
    changed = sparse.lil_array(matrix)
    for place, at, entries in zip(row, columns, values, strict=True):
        changed[place, at[0]], changed[place, at[1]] = entries
    return sparse.csr_array(changed)
