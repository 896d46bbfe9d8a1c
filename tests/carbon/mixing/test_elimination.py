from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.mixing.elimination import EliminationOrder
from tests.examples import examples


def random_branches(seed, n_nodes, n_branches):
    rng = np.random.default_rng(seed)
    return rng.integers(0, n_nodes, (2, n_branches))


@examples(60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(0, 30))
def test_every_coefficient_that_elimination_makes_has_its_place(seed, n_nodes, n_branches):
    start, stop = random_branches(seed, n_nodes, n_branches)
    pattern = EliminationOrder.from_branches(start, stop, n_nodes).pattern
    assert sorted(pattern.rank) == list(range(n_nodes))
    coupled = np.zeros((n_nodes, n_nodes), dtype=bool)
    coupled[pattern.rank[start], pattern.rank[stop]] = True
    coupled |= coupled.T
    for k in range(n_nodes):  # eliminate on a dense table of what is coupled to what
        later = k + 1 + np.flatnonzero(coupled[k, k + 1 :])
        np.testing.assert_array_equal(pattern.later[pattern.pointer[k] : pattern.pointer[k + 1]], later)
        coupled[np.ix_(later, later)] = True
    update = 0
    row = np.repeat(np.arange(n_nodes), np.diff(pattern.pointer))
    for k in range(n_nodes):
        assert pattern.target_pointer[k] == update
        later = pattern.later[pattern.pointer[k] : pattern.pointer[k + 1]]
        for place, i in enumerate(later):
            for j in later[place + 1 :]:
                target = pattern.target[update]
                assert (row[target], pattern.later[target]) == (i, j)
                update += 1
    assert update == len(pattern.target)
    for branch, coupling in enumerate(pattern.coupling):
        ends = sorted((pattern.from_rank[branch], pattern.to_rank[branch]))
        assert coupling == -1 if ends[0] == ends[1] else [row[coupling], pattern.later[coupling]] == ends


def test_a_radial_grid_fills_in_nothing():
    n_nodes = 200
    parent = np.array([np.random.default_rng(n).integers(0, n) for n in range(1, n_nodes)])
    order = EliminationOrder.from_branches(parent, np.arange(1, n_nodes), n_nodes)
    assert order.n_couplings == n_nodes - 1
    assert len(order.pattern.target) == 0


def test_parallel_branches_share_a_coupling_and_a_loop_has_none():
    pattern = EliminationOrder.from_branches(np.array([0, 1, 1]), np.array([1, 0, 1]), 2).pattern
    np.testing.assert_array_equal(pattern.coupling, [0, 0, -1])


def test_the_order_of_a_grid_is_found_once():
    ends = np.array([0, 1]), np.array([1, 2])
    order = EliminationOrder.from_branches(*ends, 3)
    assert EliminationOrder.from_branches(ends[0].astype(np.int32), ends[1].copy(), 3) is order
    assert EliminationOrder.from_branches(*ends, 4) is not order


def test_an_order_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        EliminationOrder.from_branches(np.array([0]), np.array([1]), 2).pattern.rank[0] = 1


@pytest.mark.parametrize("seed", range(5))
def test_all_that_a_node_refers_to_lies_between_it_and_the_root(seed):
    """So the first later node of each makes the order a tree."""
    ends = np.random.default_rng(seed).integers(0, 12, (2, 30))
    pattern = EliminationOrder.from_branches(*ends, 12).pattern
    for rank in range(12):
        way, at = [], rank
        while pattern.pointer[at] < pattern.pointer[at + 1]:
            at = pattern.later[pattern.pointer[at]]
            way.append(at)
        assert set(pattern.later[pattern.pointer[rank] : pattern.pointer[rank + 1]]) <= set(way)
