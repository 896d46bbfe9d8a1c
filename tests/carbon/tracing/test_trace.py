from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.errors import InputError
from tests.carbon.traced_city import dense_reference, random_city, relabelled, scaled
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def lossless(n_nodes, branches, p_mw):
    ends = np.array(branches).reshape(-1, 2)
    p_mw = np.atleast_2d(np.asarray(p_mw, dtype=float))
    return Flows(n_nodes, ends[:, 0], ends[:, 1], p_mw, -p_mw)


def one_source(p_mw, ci=500.0, node=0, renewable=0.25):
    return Sources(np.array([node]), np.atleast_2d(p_mw), np.array([ci]), np.array([renewable]))


def traced(city):
    return trace(city.flows, city.sources, city.step_hours, city.operation)


@examples(60)
@given(SEEDS, st.integers(2, 9))
def test_equals_a_dense_solve_written_as_the_formulas_are(seed, n_nodes):
    city = random_city(seed, n_nodes)
    found = traced(city)
    ci, renewable = dense_reference(city)
    np.testing.assert_array_equal(np.isnan(found.ci_kg_per_mwh), np.isnan(ci))
    np.testing.assert_allclose(found.ci_kg_per_mwh, ci, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.renewable_share, renewable, rtol=1e-9, atol=1e-12)


@examples(25)
@given(SEEDS)
def test_relabelling_nodes_and_turning_branches_changes_nothing(seed):
    city = random_city(seed)
    label = np.random.default_rng(seed).permutation(city.flows.n_nodes)
    plain, other = traced(city), traced(relabelled(city, label))
    np.testing.assert_allclose(other.ci_kg_per_mwh[:, label], plain.ci_kg_per_mwh, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.stocks.discharge_kg, plain.stocks.discharge_kg, rtol=1e-9, atol=1e-9)


@examples(25)
@given(SEEDS, st.floats(0.01, 100))
def test_scaling_all_powers_scales_carbon_and_keeps_intensities(seed, factor):
    city = random_city(seed)
    plain, more = traced(city), traced(scaled(city, factor))
    np.testing.assert_allclose(more.ci_kg_per_mwh, plain.ci_kg_per_mwh, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(more.stocks.charge_kg, factor * plain.stocks.charge_kg, rtol=1e-8, atol=1e-8 * factor)
    np.testing.assert_allclose(more.inflow_mw, factor * plain.inflow_mw, rtol=1e-12)


@examples(25)
@given(SEEDS)
def test_no_node_is_cleaner_or_dirtier_than_all_that_feeds_the_grid(seed):
    city = random_city(seed)
    found = trace(city.flows, city.sources, city.step_hours)
    fed = city.sources.p_mw > 0
    ci = city.sources.ci_kg_per_mwh
    lowest = np.where(fed, ci, np.inf).min(axis=1, keepdims=True)
    highest = np.where(fed, ci, -np.inf).max(axis=1, keepdims=True)
    values = found.ci_kg_per_mwh
    known = ~np.isnan(values).any(axis=1)  # without the stores a node may send on power that nobody feeds in
    assert known.any()
    assert ((values >= lowest - 1e-7) & (values <= highest + 1e-7))[known].all()


def test_every_step_alone_is_the_same_as_all_together():
    city = random_city(1)
    together = trace(city.flows, city.sources, 1.0).ci_kg_per_mwh
    for t in range(city.flows.n_steps):
        here = slice(t, t + 1)
        flows = Flows(
            city.flows.n_nodes,
            city.flows.from_node,
            city.flows.to_node,
            city.flows.p_from_mw[here],
            city.flows.p_to_mw[here],
        )
        sources = Sources(
            city.sources.node,
            city.sources.p_mw[here],
            city.sources.ci_kg_per_mwh[here],
            city.sources.renewable_share[here],
        )
        np.testing.assert_allclose(trace(flows, sources, 1.0).ci_kg_per_mwh[0], together[t], rtol=1e-12)


def test_a_directed_loop_mixes_what_enters_it():
    # 0 feeds 1; 10 MW circulate 1 → 2 → 3 → 1; node 3 takes 2 MW more from 0's feed
    flows = lossless(4, [(0, 1), (1, 2), (2, 3), (3, 1)], [2, 12, 12, 10])
    found = trace(flows, one_source([[2.0]]), 1.0)
    np.testing.assert_allclose(found.ci_kg_per_mwh, 500.0, rtol=1e-12)
    np.testing.assert_allclose(found.inflow_mw, [[2, 12, 12, 12]])


def test_a_loop_no_source_reaches_is_unknown_not_zero():
    flows = lossless(4, [(1, 2), (2, 3), (3, 1)], [5, 5, 5])
    found = trace(flows, one_source([[1.0]]), 1.0)
    assert found.ci_kg_per_mwh[0, 0] == 500.0
    assert np.isnan(found.ci_kg_per_mwh[0, 1:]).all()
    assert np.isnan(found.renewable_share[0, 1:]).all()


def test_power_below_the_threshold_is_noise():
    flows = lossless(3, [(0, 1), (1, 2)], [1.0, 1e-10])
    found = trace(flows, one_source([[1.0]]), 1.0)
    assert found.ci_kg_per_mwh[0, 1] == 500.0
    assert np.isnan(found.ci_kg_per_mwh[0, 2])


def test_a_branch_energised_from_both_ends_transfers_nothing():
    flows = Flows(2, np.array([0]), np.array([1]), np.array([[0.2]]), np.array([[0.1]]))
    found = trace(flows, one_source([[0.2]]), 1.0)
    assert np.isnan(found.ci_kg_per_mwh[0, 1])
    np.testing.assert_allclose(flows.loss_mw(), [[0.2, 0.1]])


def test_a_lone_node_and_a_branch_within_one_node():
    flows = Flows(1, np.array([0]), np.array([0]), np.array([[1.0]]), np.array([[-0.9]]))
    assert trace(flows, one_source([[2.0]]), 1.0).ci_kg_per_mwh[0, 0] == pytest.approx(500.0, rel=1e-12)


def test_a_grid_without_branches_or_stores_is_traced():
    flows = Flows(2, np.array([], int), np.array([], int), np.zeros((3, 0)), np.zeros((3, 0)))
    found = trace(flows, one_source(np.ones((3, 1)), node=1), 0.25)
    np.testing.assert_array_equal(found.ci_kg_per_mwh[:, 1], 500.0)
    assert np.isnan(found.ci_kg_per_mwh[:, 0]).all()
    assert found.stocks is None
    assert not found.vehicles.carbon.content.any()


def test_a_node_of_one_watt_is_as_exact_as_one_of_100_mw():
    flows = lossless(3, [(0, 1), (1, 2)], [100.0, 1e-6])
    sources = Sources(np.array([0, 2]), np.array([[100.0, 3e-6]]), np.array([800.0, 0.0]), np.array([0.0, 1.0]))
    found = trace(flows, sources, 1.0)
    assert found.ci_kg_per_mwh[0, 2] == pytest.approx(200.0, rel=1e-12)
    assert found.renewable_share[0, 2] == pytest.approx(0.75, rel=1e-12)


def test_a_star_branch_with_negative_loss_keeps_its_balance():
    flows = Flows(2, np.array([0]), np.array([1]), np.array([[1.0]]), np.array([[-1.001]]))
    found = trace(flows, one_source([[1.0]]), 1.0)
    np.testing.assert_allclose(found.ci_kg_per_mwh, [[500.0, 500.0]])
    np.testing.assert_allclose(flows.loss_mw(), [[-0.001, 0.0]], atol=1e-15)


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: lossless(2, [(0, 2)], [1.0]), r"flows.to_node\[0\]"),
        (lambda: Flows(2, np.array([0]), np.array([1]), np.zeros((2, 1)), np.zeros((3, 1))), "flows.p_to_mw"),
        (lambda: lossless(2, [(0, 1)], [np.nan]), r"flows.p_from_mw\[0, 0\]: must be finite"),
        (lambda: one_source([[-1.0]]), r"sources.p_mw\[0, 0\]: must be at least 0; got -1.0"),
        (lambda: one_source([[1.0]], renewable=1.5), "sources.renewable_share.*at most 1"),
        (lambda: trace(lossless(2, [(0, 1)], [1.0]), one_source([[1.0]], node=2), 1.0), r"sources.node\[0\]"),
        (lambda: trace(lossless(2, [(0, 1)], [1.0]), one_source([[1.0], [1.0]]), 1.0), "sources.p_mw: must have shape"),
        (lambda: trace(lossless(2, [(0, 1)], [1.0]), one_source([[1.0]]), 0.0), "step_hours"),
    ],
)
def test_a_wrong_input_is_named(make, place):
    with pytest.raises(InputError, match=place):
        make()


def test_the_same_sources_with_other_carbon_are_checked_where_they_differ():
    sources = Sources(np.array([0, 1]), np.ones((3, 2)), np.array([400.0, 0.0]), np.array([0.0, 1.0]))
    other = sources.carrying(np.full((3, 2), 500.0), sources.renewable_share)
    assert other.p_mw is sources.p_mw
    assert not other.ci_kg_per_mwh.flags.writeable
    assert (sources.ci_kg_per_mwh[0, 0], other.ci_kg_per_mwh[0, 0]) == (400.0, 500.0)
    with pytest.raises(InputError, match=r"ci_kg_per_mwh.*must be finite"):
        sources.carrying(np.full((3, 2), np.nan), sources.renewable_share)
    with pytest.raises(InputError, match=r"renewable_share.*must be at most 1"):
        sources.carrying(np.full((3, 2), 500.0), np.full((3, 2), 2.0))
