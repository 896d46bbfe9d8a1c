from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.stocks.ledger import open_stocks
from carbon.stocks.schedule import device_arrays
from carbon.tracing import equations as mixing
from carbon.tracing.equations import MixingEquations
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from tests.carbon.sparse_tracing import mix
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def feeder(n_nodes=60, n_steps=300, seed=0, *, meshed=False, dead=0):
    """Random flows in a tree or a mesh, in other directions in every step; some nodes may be cut off."""
    rng = np.random.default_rng(seed)
    parent = np.array([rng.integers(max(0, n - 4), n) for n in range(1, n_nodes)])
    start, stop = parent, np.arange(1, n_nodes)
    if meshed:
        start = np.concatenate([start, rng.integers(0, n_nodes, n_nodes)])
        stop = np.concatenate([stop, rng.integers(0, n_nodes, n_nodes)])
    sent = 10 ** rng.uniform(-6, 2, (n_steps, len(start)))  # from a watt to 100 MW
    received = sent * rng.uniform(0.9, 1, sent.shape)
    outward = rng.random(sent.shape) < 0.7
    p_from, p_to = np.where(outward, sent, -received), np.where(outward, -received, sent)
    gone = rng.permutation(n_nodes)[:dead]
    cut = np.isin(start, gone) | np.isin(stop, gone)
    p_from[:, cut] = p_to[:, cut] = 0.0
    # in a mesh of random flows all nodes need a source, or some would send on what nobody feeds in
    node = np.arange(n_nodes) if meshed else np.concatenate([[0], rng.integers(0, n_nodes, 15)])
    p_mw = rng.uniform(0.01, 5, (n_steps, len(node))) * ~np.isin(node, gone)
    sources = Sources(node, p_mw, rng.uniform(0, 900, p_mw.shape), rng.uniform(0, 1, len(node)))
    return Flows(n_nodes, start, stop, p_from, p_to), sources


def assert_mixed_as_by_sparse_solves(flows, sources, rtol=1e-12):
    traced = trace(flows, sources, 1.0)
    plain = mix(flows, sources.p_mw, sources.node, np.stack([sources.ci_kg_per_mwh, sources.renewable_share]))
    for found, expected in zip((traced.ci_kg_per_mwh, traced.renewable_share), plain, strict=True):
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.nanmax(expected))
    return traced


@pytest.mark.parametrize("dead", [0, 7])
def test_a_radial_grid_is_mixed_as_by_sparse_solves(dead):
    traced = assert_mixed_as_by_sparse_solves(*feeder(dead=dead))
    assert np.isnan(traced.ci_kg_per_mwh).any()


@pytest.mark.parametrize("dead", [0, 7])
def test_a_meshed_grid_with_loops_is_mixed_as_by_sparse_solves(dead):
    assert_mixed_as_by_sparse_solves(*feeder(meshed=True, dead=dead, n_steps=100))


@examples(30)
@given(SEEDS, st.integers(2, 12))
def test_balanced_flows_are_mixed_as_by_sparse_solves(seed, n_nodes):
    city = random_city(seed, n_nodes)
    sent = (city.flows.p_from_mw > 0) & (city.flows.p_to_mw < 0) | (city.flows.p_to_mw > 0) & (city.flows.p_from_mw < 0)
    assert sent.any()
    everywhere = replace(city.sources, p_mw=city.sources.p_mw + 0.01)
    assert_mixed_as_by_sparse_solves(city.flows, everywhere)


def test_carbon_is_conserved():
    city = random_city(7, 9, 40)
    sources = replace(city.sources, p_mw=city.sources.p_mw + 0.5)
    traced = trace(city.flows, sources, 1.0)
    flows = city.flows
    forward, backward = flows.received_mw()
    kept_mw = traced.inflow_mw.copy()  # what enters and is not sent on to another node stays, to be used or lost
    for t in range(flows.n_steps):
        np.subtract.at(kept_mw[t], flows.from_node, forward[t])
        np.subtract.at(kept_mw[t], flows.to_node, backward[t])
    supplied_kg = (sources.p_mw * sources.ci_kg_per_mwh).sum(axis=1)
    np.testing.assert_allclose((kept_mw * traced.ci_kg_per_mwh).sum(axis=1), supplied_kg, rtol=1e-9)


@pytest.mark.parametrize("most_steps", [8, 16, 64])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blocks_and_threads_change_nothing(monkeypatch, most_steps, threads):
    flows, sources = feeder(n_steps=173, dead=3)
    expected = trace(flows, sources, 1.0, threads=1)
    monkeypatch.setattr(mixing, "MOST_STEPS", most_steps)
    monkeypatch.setattr(mixing, "STEPS_PER_THREAD", 20)
    found = trace(flows, sources, 1.0, threads=threads)
    np.testing.assert_allclose(found.ci_kg_per_mwh, expected.ci_kg_per_mwh, rtol=1e-13)
    np.testing.assert_allclose(found.inflow_mw, expected.inflow_mw, rtol=1e-13)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("most_steps", [8, 64])
def test_stocks_go_on_from_block_to_block(monkeypatch, most_steps, threads):
    city = random_city(3, 6, 100)
    monkeypatch.setattr(mixing, "MOST_STEPS", 104)
    whole = trace(city.flows, city.sources, city.step_hours, city.operation)
    monkeypatch.setattr(mixing, "MOST_STEPS", most_steps)
    blocks = trace(city.flows, city.sources, city.step_hours, city.operation, threads=threads)
    np.testing.assert_allclose(blocks.ci_kg_per_mwh, whole.ci_kg_per_mwh, rtol=1e-12)
    for name in ("e_end_mwh", "charge_kg", "discharge_kg", "renewable_share", "driven_kg"):
        np.testing.assert_allclose(getattr(blocks.stocks, name), getattr(whole.stocks, name), rtol=1e-11, atol=1e-12)


def test_an_intensity_that_never_changes_is_the_same_as_one_for_every_step():
    flows, sources = feeder(n_steps=20)
    constant = Sources(sources.node, sources.p_mw, sources.ci_kg_per_mwh[0], sources.renewable_share)
    repeated = replace(sources, ci_kg_per_mwh=np.repeat(sources.ci_kg_per_mwh[:1], 20, axis=0))
    found, expected = trace(flows, constant, 1.0), trace(flows, repeated, 1.0)
    np.testing.assert_array_equal(found.ci_kg_per_mwh, expected.ci_kg_per_mwh)


def test_no_steps_are_traced_to_nothing():
    flows = Flows(2, np.array([0]), np.array([1]), np.zeros((0, 1)), np.zeros((0, 1)))
    assert trace(flows, Sources(np.array([0]), np.zeros((0, 1)), np.ones(1), np.ones(1)), 1.0).inflow_mw.shape == (0, 2)


def test_stocks_open_with_what_the_first_session_brings():
    op = random_city(0).operation
    equations = MixingEquations.from_flows(random_city(0).flows, random_city(0).sources)
    initial = np.column_stack([op.ci_initial_kg_per_mwh, op.renewable_share_initial])
    devices = device_arrays(op, equations.order, equations.n_steps, initial, (False, True))
    np.testing.assert_array_equal(open_stocks(devices, op).held[:, 0], op.e_start_mwh[[0, 3, 2, 5]])
