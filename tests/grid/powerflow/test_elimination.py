"""The order of elimination adds no fill and keeps what depends on each other together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from grid.powerflow.elimination import eliminate

N = 400


@pytest.mark.parametrize("ties", [0, 5])
def test_subtrees_are_eliminated_one_after_the_other_without_more_fill(ties: int) -> None:
    rng = np.random.default_rng(3)
    parent = np.array([rng.integers(0, node) for node in range(1, N)])
    ends = np.column_stack([np.arange(1, N), parent])
    ends = np.vstack([ends, rng.integers(0, N, (ties, 2))])
    branches = sparse.coo_array((np.full(len(ends), -1.0 + 2j), ends.T), shape=(N, N))
    matrix = sparse.csc_array(branches + branches.T + sparse.diags_array(np.full(N, 2.0 * N + 1j)))
    made = eliminate(matrix)
    assert sorted(made.order.tolist()) == list(range(N))
    assert ties or made.lower.column.size == N - 1  # a tree fills in nothing
    above = np.full(N, N)  # parent in the elimination tree: the first of the later nodes that a node is eliminated into
    row = np.repeat(np.arange(N), np.diff(made.lower.pointer))
    np.minimum.at(above, made.lower.column, row)
    size = np.ones(N, dtype=np.int64)
    for node in range(N):
        if above[node] < N:
            size[above[node]] += size[node]
    for node in range(N):  # the nodes below each are those just before it
        for below in range(node - size[node] + 1, node):
            assert above[below] <= node
    right = rng.normal(size=N) + 0j
    np.testing.assert_allclose(matrix @ made.solve(right), right, atol=1e-12)
