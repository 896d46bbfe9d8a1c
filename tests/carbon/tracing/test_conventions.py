from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.ledgers.carbon import convention_ledger
from carbon.tracing import equations as mixing
from carbon.tracing.convention_names import CONVENTIONS
from carbon.tracing.conventions import average_flows, trace_conventions
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.errors import InputError
from tests.carbon.traced_city import random_city, relabelled, scaled
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def traced(city, operation=True):
    op = city.operation if operation else None
    return trace_conventions(city.flows, city.sources, city.consumers, city.exports, city.step_hours, op)


def ledger_of(city, answer, operation=True):
    op = city.operation if operation else None
    return convention_ledger(
        answer, city.flows, city.sources, city.consumers, city.exports, step_hours=city.step_hours, operation=op
    )


def without_stores(city):
    """The same, what stores took now taken by consumers, and what they gave fed in by a source of 100 kg/MWh."""
    op, shape = city.operation, city.consumers.p_mw.shape
    nodes = op.node[op.slot_device]
    use, give = np.zeros(shape), np.zeros(shape)
    np.add.at(use, (op.slot_step, nodes), np.maximum(op.p_mw, 0))
    np.add.at(give, (op.slot_step, nodes), np.maximum(-op.p_mw, 0))
    sources = Sources(
        np.concatenate([city.sources.node, np.arange(shape[1])]),
        np.concatenate([city.sources.p_mw, give], axis=1),
        np.concatenate([city.sources.ci_kg_per_mwh, np.full(shape, 100.0)], axis=1),
        np.concatenate([city.sources.renewable_share, np.zeros(shape)], axis=1),
    )
    return replace(city, sources=sources, consumers=replace(city.consumers, p_mw=city.consumers.p_mw + use))


@examples(60)
@given(SEEDS, st.integers(2, 9))
def test_every_convention_balances_buses_stocks_and_city(seed, n_nodes):
    city = random_city(seed, n_nodes)
    for name, answer in traced(city).items():
        assert answer.convention == name
        assert ledger_of(city, answer).relative_error.max() <= 1e-9, name


@examples(40)
@given(SEEDS, st.integers(2, 9))
def test_without_stores_all_conventions_add_up_to_the_same_city(seed, n_nodes):
    city = without_stores(random_city(seed, n_nodes))
    for answer in traced(city, operation=False).values():
        ledger = ledger_of(city, answer, operation=False)
        total_kg = ledger.consumption_kg + ledger.loss_kg + ledger.export_kg
        np.testing.assert_allclose(total_kg, ledger.source_kg, rtol=1e-9)


@examples(40)
@given(SEEDS, st.integers(2, 9))
def test_gross_equals_a_dense_solve_of_its_formula(seed, n_nodes):
    city = without_stores(random_city(seed, n_nodes))
    answer = traced(city, operation=False)["load"]
    flows, sources = city.flows, city.sources
    use = city.consumers.p_mw + city.exports.p_mw
    for t in range(flows.n_steps):
        sent, out = np.zeros((n_nodes, n_nodes)), use[t] + flows.p_shunt_mw[t]
        for a, b, p_f, p_t in zip(flows.from_node, flows.to_node, flows.p_from_mw[t], flows.p_to_mw[t], strict=True):
            if p_f > 0 > p_t:
                sent[b, a] += p_f
            elif p_t > 0 > p_f:
                sent[a, b] += p_t
            else:
                out[a], out[b] = out[a] + p_f, out[b] + p_t
        upstream = np.eye(n_nodes) - sent / (out + sent.sum(axis=0))
        fed = np.bincount(sources.node, sources.p_mw[t], n_nodes)
        carbon = np.bincount(sources.node, sources.p_mw[t] * sources.ci_kg_per_mwh[t], n_nodes)
        p_gross = np.linalg.solve(upstream, fed)
        np.testing.assert_allclose(answer.gross_factor[t], p_gross / (out + sent.sum(axis=0)), rtol=1e-9)
        per_gross = np.linalg.solve(upstream, carbon) / p_gross
        delivered = answer.tracing.ci_kg_per_mwh[t] / answer.gross_factor[t]
        np.testing.assert_allclose(delivered, per_gross, rtol=1e-9)


@examples(40)
@given(SEEDS, st.integers(2, 9))
def test_with_stores_that_rest_gross_is_what_it_is_without_them(seed, n_nodes):
    city = without_stores(random_city(seed, n_nodes))
    idle = replace(city.operation, p_mw=np.zeros_like(city.operation.p_mw), p_drain_mw=None)
    with_them = traced(replace(city, operation=idle))["load"].tracing
    alone = traced(city, operation=False)["load"].tracing
    np.testing.assert_allclose(with_them.ci_kg_per_mwh, alone.ci_kg_per_mwh, rtol=1e-9)
    np.testing.assert_allclose(with_them.renewable_share, alone.renewable_share, rtol=1e-9, atol=1e-12)


@examples(40)
@given(SEEDS, st.integers(2, 9))
def test_net_generation_is_use_and_its_losses_are_those_of_the_operator(seed, n_nodes):
    city = without_stores(random_city(seed, n_nodes))
    answer = traced(city, operation=False)["generator"]
    use_mw = (city.consumers.p_mw + city.exports.p_mw).sum(axis=1)
    np.testing.assert_allclose(answer.net_generation_mw(city.sources).sum(axis=1), use_mw, rtol=1e-9)
    borne_kg = answer.borne_by_source_kg(city.sources, city.step_hours)
    assert (borne_kg >= -1e-9).all()
    np.testing.assert_allclose(borne_kg.sum(axis=1), ledger_of(city, answer, operation=False).loss_kg, rtol=1e-9)


@examples(20)
@given(SEEDS, st.floats(0.1, 50))
def test_scaling_powers_scales_carbon_in_every_convention(seed, factor):
    city = random_city(seed)
    larger = scaled(city, factor)
    plain, more = traced(city), traced(larger)
    for name in CONVENTIONS:
        np.testing.assert_allclose(
            more[name].tracing.ci_kg_per_mwh, plain[name].tracing.ci_kg_per_mwh, rtol=1e-8, atol=1e-8
        )
        one, other = (ledger_of(c, a[name]).emissions_kg for c, a in ((city, plain), (larger, more)))
        np.testing.assert_allclose(other, factor * one, rtol=1e-8, atol=1e-8 * factor)


@examples(20)
@given(SEEDS)
def test_relabelling_nodes_and_turning_branches_changes_nothing(seed):
    city = random_city(seed)
    label = np.random.default_rng(seed).permutation(city.flows.n_nodes)
    plain, other = traced(city), traced(relabelled(city, label))
    for name in CONVENTIONS:
        for field in ("gross_factor", "delivered_share"):
            np.testing.assert_allclose(
                getattr(other[name], field)[:, label], getattr(plain[name], field), rtol=1e-9, atol=1e-12
            )
        np.testing.assert_allclose(
            other[name].tracing.ci_kg_per_mwh[:, label], plain[name].tracing.ci_kg_per_mwh, rtol=1e-9, atol=1e-9
        )


@examples(30)
@given(SEEDS, st.integers(2, 9))
def test_all_conventions_together_are_each_alone(seed, n_nodes):
    city = random_city(seed, n_nodes)
    for name, together in traced(city).items():
        alone = trace_conventions(
            city.flows, city.sources, city.consumers, city.exports, city.step_hours, city.operation, conventions=(name,)
        )[name]
        for field in ("gross_factor", "delivered_share"):
            np.testing.assert_allclose(getattr(together, field), getattr(alone, field), rtol=1e-13)
        np.testing.assert_allclose(together.tracing.ci_kg_per_mwh, alone.tracing.ci_kg_per_mwh, rtol=1e-12)
        for field in ("e_end_mwh", "charge_kg", "ci_discharge_kg_per_mwh", "renewable_share", "driven_kg"):
            here, there = (getattr(answer.tracing.stocks, field) for answer in (together, alone))
            np.testing.assert_allclose(here, there, rtol=1e-12, atol=1e-12)


@examples(20)
@given(SEEDS)
def test_what_moves_is_the_same_in_every_convention_and_what_it_carries_is_not(seed):
    stocks = {name: answer.tracing.stocks for name, answer in traced(random_city(seed)).items()}
    for name in ("load", "average"):
        np.testing.assert_array_equal(stocks[name].e_end_mwh, stocks["operator"].e_end_mwh)
        np.testing.assert_array_equal(
            stocks[name].vehicles.charge_meter_mwh, stocks["operator"].vehicles.charge_meter_mwh
        )
    charged_kg = {name: found.charge_kg.sum() for name, found in stocks.items()}
    if charged_kg["operator"] > 0:
        assert charged_kg["load"] > charged_kg["operator"]


@examples(20)
@given(SEEDS)
def test_what_generators_keep_after_losses_is_what_is_used(seed):
    city = without_stores(random_city(seed))
    net = traced(city, operation=False)["generator"]
    used_mw = city.consumers.p_mw.sum(axis=1) + city.exports.p_mw.sum(axis=1)
    assert (net.delivered_share <= 1 + 1e-9).all()
    np.testing.assert_allclose(net.net_generation_mw(city.sources).sum(axis=1), used_mw, rtol=1e-12)


@pytest.mark.parametrize("threads", [1, 2])
def test_stocks_of_all_conventions_go_on_from_block_to_block(monkeypatch, threads):
    city = random_city(3, 6, 100)
    whole = traced(city)
    monkeypatch.setattr(mixing, "MOST_STEPS", 8)
    blocks = trace_conventions(
        city.flows, city.sources, city.consumers, city.exports, city.step_hours, city.operation, threads=threads
    )
    for name in CONVENTIONS:
        found, expected = blocks[name].tracing, whole[name].tracing
        np.testing.assert_allclose(found.ci_kg_per_mwh, expected.ci_kg_per_mwh, rtol=1e-12)
        np.testing.assert_allclose(found.stocks.charge_kg, expected.stocks.charge_kg, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(found.stocks.renewable_share, expected.stocks.renewable_share, rtol=1e-11)
        np.testing.assert_allclose(blocks[name].delivered_share, whole[name].delivered_share, rtol=1e-12)


def test_one_line_by_hand_under_all_four():
    """10 MW at 400 kg/MWh over a line that loses 1 MW to 9 MW of use."""
    flows = Flows(2, np.array([0]), np.array([1]), np.array([[10.0]]), np.array([[-9.0]]))
    sources = Sources(np.array([0]), np.array([[10.0]]), np.array([400.0]), np.array([0.5]))
    consumers = Consumers(np.array([1]), np.array([[9.0]]), ("I.1",), np.ones((1, 1)))
    nobody = Exports(np.array([], int), np.zeros((1, 0)))
    answers = trace_conventions(flows, sources, consumers, nobody, 1.0)
    found = {}
    for name, answer in answers.items():
        ledger = convention_ledger(answer, flows, sources, consumers, nobody, step_hours=1.0)
        found[name] = (ledger.consumption_kg[0], ledger.loss_kg[0], answer.borne_by_source_kg(sources, 1.0)[0, 0])
    assert found["operator"] == pytest.approx((3600, 400, 0))
    assert found["load"] == pytest.approx((4000, 0, 0))
    assert found["generator"] == pytest.approx((3600, 400, 400))
    assert found["average"] == pytest.approx((3600, 400, 0))
    assert answers["load"].gross_use_mw(consumers)[0, 0] == pytest.approx(10)
    assert answers["generator"].net_generation_mw(sources)[0, 0] == pytest.approx(9)
    assert answers["load"].tracing.renewable_share[0, 1] == pytest.approx(0.5)


def test_the_average_flow_of_a_line_is_the_mean_of_its_ends():
    """10 MW enter, 9 MW leave, and 2 MW of the next line go the other way: 9.5 and 1.5 MW without losses."""
    flows = Flows(3, np.array([0, 1]), np.array([1, 2]), np.array([[10.0, -1.0]]), np.array([[-9.0, 2.0]]))
    average = average_flows(flows)
    np.testing.assert_array_equal(average.p_from_mw, [[9.5, -1.5]])
    np.testing.assert_array_equal(average.p_to_mw, [[-9.5, 1.5]])
    np.testing.assert_array_equal(average.loss_mw(), 0.0)


def test_an_unknown_convention_is_named():
    city = random_city(1)
    with pytest.raises(InputError, match="must be among operator, load, generator, average; got 'buyer'"):
        trace_conventions(city.flows, city.sources, city.consumers, city.exports, 1.0, conventions=("buyer",))


@pytest.mark.parametrize("rounding_mw", [-1e-13, 0.0, 1e-13])
def test_the_iron_of_an_unloaded_transformer_is_lost_at_its_bus_whatever_rounding_leaves_at_the_idle_end(rounding_mw):
    # a line to a bus that draws 2 MW and feeds a transformer of 3 kW iron loss whose other end is idle
    flows = Flows(3, np.array([0, 1]), np.array([1, 2]), np.array([[2.013, 0.003]]), np.array([[-2.003, rounding_mw]]))
    sources = Sources(np.array([0]), np.array([[2.013]]), np.array([500.0]), np.array([0.0]))
    consumers = Consumers(np.array([1]), np.array([[2.0]]), ("I.1",), np.ones((1, 1)))
    exports = Exports(np.array([0]), np.zeros((1, 1)))
    for name, answer in trace_conventions(flows, sources, consumers, exports, 1.0).items():
        ledger = convention_ledger(answer, flows, sources, consumers, exports, step_hours=1.0, operation=None)
        assert ledger.relative_error.max() <= 1e-9, name
        if name in {"operator", "load"}:
            at_the_bus_kg = 0.003 * (500.0 if name == "operator" else 500.0 * 2.013 / 2.003)
            on_the_line_kg = 0.010 * 500.0 if name == "operator" else 0.0
            assert ledger.loss_kg[0] == pytest.approx(at_the_bus_kg + on_the_line_kg, rel=1e-9)


@examples(20)
@given(SEEDS, st.integers(2, 9), st.booleans())
def test_carbon_alone_is_traced_as_it_is_beside_the_renewable_share(seed, n_nodes, operation):
    city = random_city(seed, n_nodes)
    op = city.operation if operation else None
    inputs = (city.flows, city.sources, city.consumers, city.exports, city.step_hours, op)
    alone = trace_conventions(*inputs, with_renewable=False)
    for name, answer in trace_conventions(*inputs).items():
        both, one = answer.tracing, alone[name].tracing
        assert np.isnan(one.renewable_share).all()
        for found, expected in ((one.ci_kg_per_mwh, both.ci_kg_per_mwh), (one.inflow_mw, both.inflow_mw)):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        np.testing.assert_allclose(alone[name].gross_factor, answer.gross_factor, rtol=1e-12)
        if one.stocks is None or both.stocks is None:
            continue
        assert np.isnan(one.stocks.renewable_share_after).all()
        assert np.isnan(one.stocks.closing.renewable_mwh).all()
        np.testing.assert_allclose(one.stocks.moved_kg, both.stocks.moved_kg, rtol=1e-12)
        np.testing.assert_allclose(one.stocks.closing.carbon_kg, both.stocks.closing.carbon_kg, rtol=1e-12)
        np.testing.assert_allclose(one.vehicles.carbon.fuel, both.vehicles.carbon.fuel, rtol=1e-12)


@examples(20)
@given(SEEDS, st.integers(2, 9))
def test_two_shares_of_the_power_are_traced_at_once(seed, n_nodes):
    city = random_city(seed, n_nodes)
    one = city.sources.renewable_share
    other = 1.0 - one
    op = city.operation.holding(city.operation.renewable_share_initial, city.operation.renewable_share_initial)
    both = trace(city.flows, replace(city.sources, ci_kg_per_mwh=other), city.step_hours, op, of_shares=True)
    alone = trace(city.flows, replace(city.sources, renewable_share=other), city.step_hours, op)
    np.testing.assert_allclose(both.ci_kg_per_mwh, alone.renewable_share, rtol=1e-12)
    first = trace(city.flows, city.sources, city.step_hours, op)
    np.testing.assert_allclose(both.renewable_share, first.renewable_share, rtol=1e-12)
