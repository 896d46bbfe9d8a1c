"""Chains between the nodes that are iterated: what lies on them as sums over the voltages of their two ends.

With V the voltage of a chain's first end and D the difference to its second, voltages of its nodes and currents of its
branches are ``first·V + rise·D`` in each sequence, so that everything about a chain is found from its ends.
Branches of a chain without shunts all carry one current, which is then found once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints, run_offsets
from grid.network.network import Complexes
from grid.powerflow.zbus import GROUPS
from grid.three_phase.kernel import Chains, Currents, Inner

ROUNDING: Final = 1e-12
"""Share of an admittance below which what is left of a difference is rounding."""
SAME: Final = 1e-8
"""Relative difference below which two branches carry one current."""


@dataclass(frozen=True, eq=False)
class ChainBranches:
    """Branches as chains see them, L of them.

    Args:
        ends: Places of the ends, shape (L, 2).
        admittance: y_ff, y_ft, y_tf, y_tt by sequence, shape (4, 3, L) [pu].
        percent: Loading per current at both ends, shape (L, 2) [%/pu].
        kind: Group of each, shape (L,).
    """

    ends: Ints
    admittance: Complexes
    percent: Floats
    kind: Ints


def chains_of(
    voltages: list[sparse.csr_array], branches: ChainBranches, shunts: Complexes
) -> tuple[Chains, Inner, Currents]:
    """Chains, the nodes in them and the currents of their branches.

    Args:
        voltages: Voltages of all nodes, A active ones first, per active voltage, by sequence, shape (N, A) each.
        branches: The branches.
        shunts: Admittance of the nodes to earth by sequence, shape (3, N) [pu].
    """
    n_active, n_branches = voltages[0].shape[1], len(branches.ends)
    either = [sparse.csr_array(sum(abs(one[end]) for end in branches.ends.T)) for one in voltages]
    of_nodes, of_branches = _pairs(voltages), _pairs(either)
    of_nodes[:n_active] = _any_pair(np.concatenate([of_nodes[n_active:], of_branches]), n_active)
    pairs, place = np.unique(np.concatenate([of_nodes, of_branches]), axis=0, return_inverse=True)
    of_node, of_branch = np.split(place.ravel(), [len(of_nodes)])
    at_nodes = _parts(voltages, pairs[of_node])
    at_ends = [_parts([one[end] for one in voltages], pairs[of_branch]) for end in branches.ends.T]
    flowing = [_flowing(own, other, at_ends) for own, other in branches.admittance.reshape(2, 2, 3, n_branches)]
    of_loss = sum((_form(v, i) for v, i in zip(at_ends, flowing, strict=True)), start=np.zeros((n_branches, 3, 4)))
    plain = np.array([(first == 0).all(axis=0) for first, _ in flowing]).all(axis=0)
    of_loss[plain, :, 2:] = 0.0  # what is left of a difference
    loss = np.zeros((len(pairs), 3, 4))
    np.add.at(loss, of_branch, of_loss)
    np.add.at(loss, of_node, _form(at_nodes, (shunts.real * at_nodes[0], shunts.real * at_nodes[1])))
    order = np.argsort(of_node, kind="stable")
    made, of_current = _currents(flowing, of_branch, branches)
    chains = Chains(
        first=np.ascontiguousarray(pairs[:, 0]), second=np.ascontiguousarray(pairs[:, 1]), loss=loss,
        node_pointer=_pointer(of_node, len(pairs)), current_pointer=_pointer(of_current, len(pairs)),
        of_branch=of_branch, branch_loss=of_loss,
    )  # fmt: skip
    return chains, Inner(order, *_real_and_imag(*(part[:, order] for part in at_nodes))), made


def _flowing(own: Complexes, other: Complexes, ends: list[tuple[Complexes, Complexes]]) -> tuple[Complexes, Complexes]:
    """Current that enters branches at one end, from the voltages of both; rows of y_ff and y_ft, or y_tf and y_tt."""
    first, rise = (own * ends[0][part] + other * ends[1][part] for part in range(2))
    for part in (first, rise):  # at dead ends no current flows
        part[np.abs(part) < ROUNDING * np.abs(own)] = 0.0
    return first, rise


def _any_pair(pairs: Ints, n_active: int) -> Ints:
    """A pair that each active node is an end of; itself twice where there is none, shape (A, 2)."""
    found = np.tile(np.arange(n_active)[:, None], 2)
    for end in range(2):
        found[pairs[:, end]] = pairs
    return found


def _pairs(rows: list[sparse.csr_array]) -> Ints:
    """The one or two active nodes that each row depends on, shape (rows, 2), the lower first."""
    pattern = sparse.csr_array(sum((abs(one) for one in rows), start=sparse.csr_array(rows[0].shape)))
    pattern.eliminate_zeros()
    pattern.sort_indices()
    if (np.diff(pattern.indptr) > 2).any():
        raise ValueError("a chain has more than two ends")
    padded = np.append(pattern.indices, 0)  # a row without entries depends on none: any will do
    last = np.maximum(pattern.indptr[1:] - 1, pattern.indptr[:-1])
    return np.column_stack([padded[pattern.indptr[:-1]], padded[last]]).astype(np.int64)


def _parts(rows: list[sparse.csr_array], pairs: Ints) -> tuple[Complexes, Complexes]:
    """Factors of the first voltage and of the rise to the second, by sequence, shape (3, rows) each."""
    line, shape = np.arange(len(pairs)), (len(rows), len(pairs))
    if not len(pairs):
        return np.empty(shape, complex), np.empty(shape, complex)
    first, second = (np.array([np.asarray(sparse.csr_array(one)[line, pairs[:, end]]).ravel() for one in rows],
                              dtype=complex) for end in range(2))  # fmt: skip
    second[:, pairs[:, 0] == pairs[:, 1]] = 0.0
    first += second
    first[np.abs(first - 1) < ROUNDING] = 1.0
    return first, second


def _form(v: tuple[Complexes, Complexes], i: tuple[Complexes, Complexes]) -> Floats:
    """Power of all phases of currents at voltages, as factors of |V|², |D|², Re(V* D) and Im(V* D), (rows, 3, 4)."""
    mixed = v[0].conj() * i[1]
    turned = v[1].conj() * i[0]
    parts = ((v[0].conj() * i[0]).real, (v[1].conj() * i[1]).real, (mixed + turned).real, (turned - mixed).imag)
    return len(v[0]) * np.array(parts).transpose(2, 1, 0)


def _currents(
    flowing: list[tuple[Complexes, Complexes]], of_branch: Ints, branches: ChainBranches
) -> tuple[Currents, Ints]:
    """Currents that differ in magnitude, in the order of chains, and the chain of each."""
    first, rise = (np.concatenate([end[part] for end in flowing], axis=1) for part in range(2))
    chain, n = np.tile(of_branch, 2), of_branch.size
    sign = np.where((rise[1].real < 0) | ((rise[1].real == 0) & (rise[1].imag < 0)), -1.0, 1.0)
    both = np.concatenate([first * sign, rise * sign])
    order = np.lexsort((both[4].real, both[3].real, both[5].real, chain))
    ahead = both[:, order]
    apart = np.zeros(max(order.size - 1, 0), dtype=bool)
    for part in (ahead[:3], ahead[3:]):  # of V, which is about 1, and of D, which is small: each by itself
        apart |= np.abs(np.diff(part, axis=1)).max(axis=0) > SAME * np.abs(part[:, 1:]).max(axis=0)
    begins = np.concatenate([[True] * bool(order.size), apart | (np.diff(chain[order]) != 0)]).astype(bool)
    of_end = np.empty(2 * n, dtype=np.int64)
    of_end[order] = np.cumsum(begins) - 1
    at = order[begins]
    n_currents = at.size
    most = np.zeros((len(GROUPS), n_currents))
    np.maximum.at(most, (np.tile(branches.kind, 2), of_end), branches.percent.T.ravel() ** 2)
    return Currents(
        *_real_and_imag(first[:, at], rise[:, at]), of_from=of_end[:n].copy(), of_to=of_end[n:].copy(), most=most
    ), chain[at]


def _real_and_imag(first: Complexes, rise: Complexes) -> tuple[Floats, Floats, Floats, Floats]:
    """Real and imaginary parts of both."""
    return tuple(np.ascontiguousarray(part) for part in (first.real, first.imag, rise.real, rise.imag))  # type: ignore[return-value]


def _pointer(of: Ints, n: int) -> Ints:
    """First row of each of `n` chains."""
    return run_offsets(np.bincount(of, minlength=n))
