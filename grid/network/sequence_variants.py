"""The same network in symmetrical components at another position of its tap changers and capacitor banks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import sparse

from grid.arrays import Ints
from grid.network.network import Complexes
from grid.network.sequence_network import SequenceNetwork
from grid.network.variants import with_rows


def changed_sequences(
    network: SequenceNetwork, series: Mapping[int, Complexes], shunt_pu: Mapping[int, complex]
) -> SequenceNetwork:
    """A network with other admittances of some branches, and balanced admittances added to some nodes.

    What is added to a node is connected in star without earthing, or in delta: it is the same in the positive and the
    negative sequence, and none in the zero sequence.

    Args:
        network: The network.
        series: New admittances y_ff, y_ft, y_tf, y_tt of the zero, positive and negative sequence by place of the
            branch, shape (3, 4) complex each [pu].
        shunt_pu: Admittance to the star point that is added to each phase, by node [pu].
    """
    branches = network.branches
    place = np.array(list(series), dtype=np.int64)
    ends = np.column_stack([branches.from_node[place], branches.to_node[place]])
    new = np.array(list(series.values()), dtype=complex).reshape(-1, 3, 4)
    node, added = np.array(list(shunt_pu), dtype=np.int64), np.array(list(shunt_pu.values()), dtype=complex)
    made = []
    for which in range(3):
        of_from, of_to = network.admittance_from[which], network.admittance_to[which]
        old = _entries(of_from, of_to, place, ends)
        change = (new[:, which] - old).T.ravel()
        rows, columns = _positions(ends)
        shunts = added if which else 0 * added
        total = sparse.coo_array(
            (np.concatenate([change, shunts]), (np.concatenate([rows, node]), np.concatenate([columns, node]))),
            shape=(network.n_nodes, network.n_nodes),
        )
        made.append((
            sparse.csc_array(network.admittance[which] + total),
            with_rows(of_from, place, ends, new[:, which, :2]), with_rows(of_to, place, ends, new[:, which, 2:]),
        ))  # fmt: skip
    zero, positive, negative = made
    return replace(
        network,
        admittance=(zero[0], positive[0], negative[0]),
        admittance_from=(zero[1], positive[1], negative[1]),
        admittance_to=(zero[2], positive[2], negative[2]),
    )


def _positions(ends: Ints) -> tuple[Ints, Ints]:
    """Rows and columns of y_ff, y_ft, y_tf, y_tt in the matrix of the nodes, shape (4 K,) each."""
    f, t = ends.T
    return np.concatenate([f, f, t, t]), np.concatenate([f, t, f, t])


def _entries(of_from: sparse.csr_array, of_to: sparse.csr_array, place: Ints, ends: Ints) -> Complexes:
    """y_ff, y_ft, y_tf, y_tt of some branches, shape (K, 4) [pu]."""
    if not place.size:
        return np.empty((0, 4), dtype=complex)
    found = [np.asarray(matrix[place, end]).ravel() for matrix in (of_from, of_to) for end in ends.T]
    return np.column_stack(found).astype(complex)
