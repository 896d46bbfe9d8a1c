from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from carbon.tracing.shares import source_share_chunks, source_shares
from grid.errors import InputError
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def known(city):
    """The city with a source at every node, so that all power is of known origin also without the stores."""
    return replace(city.sources, p_mw=city.sources.p_mw + 0.01)


@examples(30)
@given(SEEDS, st.integers(2, 9))
def test_shares_sum_to_one_and_weigh_the_intensities(seed, n_nodes):
    city = random_city(seed, n_nodes)
    ci = city.sources.ci_kg_per_mwh[0]
    sources = replace(known(city), ci_kg_per_mwh=ci)
    shares = source_shares(city.flows, sources, range(n_nodes))
    assert shares.shape == (city.flows.n_steps, n_nodes, n_nodes)
    np.testing.assert_allclose(shares.sum(axis=2), 1.0, rtol=1e-12)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares @ ci, trace(city.flows, sources, 1.0).ci_kg_per_mwh, rtol=1e-11)


@examples(30)
@given(SEEDS)
def test_with_stores_the_past_is_a_source_of_its_own(seed):
    city = random_city(seed)
    renewable = np.array([1.0, 0.0, 0.0, 1.0, 0.5, 0.25])
    sources = replace(city.sources, renewable_share=renewable)
    operation = replace(city.operation, renewable_share_initial=np.full(4, 0.75))
    groups = np.array([0, 1, 1, 0, 2, 3])
    shares = source_shares(city.flows, sources, groups, operation, step_hours=city.step_hours)
    traced = trace(city.flows, sources, city.step_hours, operation)
    np.testing.assert_array_equal(np.isnan(shares).any(axis=2), np.isnan(traced.renewable_share))
    live = ~np.isnan(traced.renewable_share)
    np.testing.assert_allclose(shares[live].sum(axis=1), 1.0, rtol=1e-9)
    weights = np.array([1.0, 0.0, 0.5, 0.25, 0.75])
    np.testing.assert_allclose((shares @ weights)[live], traced.renewable_share[live], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("with_stores", [False, True])
def test_windows_of_time_are_the_whole(with_stores):
    city = random_city(11, 6, 50)
    operation = city.operation if with_stores else None
    groups = np.zeros(6, dtype=int)
    groups[3:] = 1
    whole = source_shares(city.flows, city.sources, groups, operation, step_hours=city.step_hours)
    bytes_per_step = 8 * 6 * (4 if with_stores else 3)
    chunks = list(
        source_share_chunks(
            city.flows,
            city.sources,
            groups,
            operation,
            step_hours=city.step_hours,
            memory_mb=7 * bytes_per_step / 1e6,
        )
    )
    assert [first for first, _ in chunks] == list(range(0, 50, 7))
    np.testing.assert_allclose(np.concatenate([shares for _, shares in chunks]), whole, rtol=1e-12, atol=1e-15)


def test_two_feeders_meet():
    flows = Flows(3, np.array([0, 1]), np.array([2, 2]), np.array([[3.0, 1.0]]), np.array([[-3.0, -1.0]]))
    sources = Sources(np.array([0, 1]), np.array([[3.0, 1.0]]), np.zeros(2), np.zeros(2))
    np.testing.assert_allclose(source_shares(flows, sources, [0, 1])[0], [[1, 0], [0, 1], [0.75, 0.25]])


def test_a_node_without_power_has_no_shares():
    flows = Flows(2, np.array([0]), np.array([1]), np.zeros((1, 1)), np.zeros((1, 1)))
    sources = Sources(np.array([0]), np.ones((1, 1)), np.zeros(1), np.zeros(1))
    assert np.isnan(source_shares(flows, sources, [0])[0, 1]).all()


def test_no_steps_have_no_shares():
    flows = Flows(2, np.array([0]), np.array([1]), np.zeros((0, 1)), np.zeros((0, 1)))
    sources = Sources(np.array([0]), np.zeros((0, 1)), np.zeros(1), np.zeros(1))
    assert source_shares(flows, sources, [0]).shape == (0, 2, 1)


def test_without_sources_there_are_no_groups():
    flows = Flows(2, np.array([0]), np.array([1]), np.zeros((3, 1)), np.zeros((3, 1)))
    nobody = Sources(np.array([], int), np.zeros((3, 0)), np.zeros(0), np.zeros(0))
    assert source_shares(flows, nobody, []).shape == (3, 2, 0)


def test_memory_for_one_step_is_enough():
    city = random_city(11, 6, 5)
    bytes_per_step = 8 * 6 * 3  # two groups and the power at six nodes
    groups = np.array([0, 0, 0, 1, 1, 1])
    chunks = list(source_share_chunks(city.flows, city.sources, groups, memory_mb=bytes_per_step / 1e6))
    assert [first for first, _ in chunks] == list(range(5))


@pytest.mark.parametrize(
    ("groups", "memory_mb", "place"),
    [([0, -1], 1.0, r"groups\[1\]"), ([0], 1.0, "groups: must have shape"), ([0, 1], 1e-6, "memory_mb: must be at")],
)
def test_a_wrong_input_is_named(groups, memory_mb, place):
    flows = Flows(2, np.array([0]), np.array([1]), np.ones((1, 1)), -np.ones((1, 1)))
    sources = Sources(np.array([0, 1]), np.ones((1, 2)), np.zeros(2), np.zeros(2))
    with pytest.raises(InputError, match=place):
        list(source_share_chunks(flows, sources, groups, memory_mb=memory_mb))


def test_a_stock_that_is_overdrawn_is_named():
    city = random_city(5)
    operation = replace(city.operation, p_mw=city.operation.p_mw - 50.0)
    with pytest.raises(InputError, match="must not take out more than the stock holds"):
        source_shares(city.flows, city.sources, np.zeros(6, dtype=int), operation, step_hours=city.step_hours)
