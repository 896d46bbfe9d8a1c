from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.ledgers.carbon import carbon_ledger, convention_ledger
from carbon.stocks.operation import StockOperation
from carbon.tracing.carbon_free_stores import with_carbon_free_stores
from carbon.tracing.conventions import trace_conventions
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import trace
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


@examples(50)
@given(SEEDS, st.integers(2, 8))
def test_the_sources_pay_for_loads_charging_losses_and_exports_only(seed, n_nodes):
    city = random_city(seed, n_nodes)
    sources, consumers = with_carbon_free_stores(city.flows, city.sources, city.consumers, city.operation)
    for answer in trace_conventions(city.flows, sources, consumers, city.exports, city.step_hours).values():
        ledger = convention_ledger(answer, city.flows, sources, consumers, city.exports, step_hours=city.step_hours)
        out_kg = ledger.consumption_kg + ledger.loss_kg + ledger.export_kg
        np.testing.assert_allclose(out_kg, ledger.source_kg, rtol=1e-9)
        fed_kg = city.step_hours * (city.sources.p_mw * city.sources.ci_kg_per_mwh).sum(axis=1)
        np.testing.assert_allclose(ledger.source_kg, fed_kg, rtol=1e-12)
        sectors_kg = ledger.sectors.emissions_kg.sum(axis=1)
        np.testing.assert_allclose(sectors_kg, ledger.emissions_kg, rtol=1e-9, atol=1e-9)


def test_charging_pays_when_it_charges_and_what_comes_back_is_free():
    """A battery takes 2 MWh at 500 kg/MWh, then gives 1 MWh to 2 MW of load beside a plant of 800 kg/MWh."""
    nothing = np.zeros((2, 0))
    flows = Flows(1, np.array([], int), np.array([], int), nothing, nothing)
    sources = Sources(np.array([0]), np.array([[4.0], [1.0]]), np.array([[500.0], [800.0]]), np.array([1.0]))
    consumers = Consumers(np.array([0]), np.full((2, 1), 2.0), ("I.1",), np.ones((1, 1)))
    one = np.ones(1)
    operation = StockOperation(
        np.array([0]), np.array([0]), np.array([0]), np.array([2]), np.array([2.0, -1.0]), 0.0 * one, one, one, one,
        np.array([False]), 0.0 * one, 0.0 * one,
    )  # fmt: skip
    fed, users = with_carbon_free_stores(flows, sources, consumers, operation)
    nobody = Exports(np.array([], int), nothing)
    ledger = carbon_ledger(flows, fed, users, nobody, trace(flows, fed, 1.0), step_hours=1.0)
    by_code = dict(zip(ledger.sectors.codes, ledger.sectors.emissions_kg.T, strict=True))
    np.testing.assert_allclose(by_code["I.1.2"], [1000, 800])
    np.testing.assert_allclose(by_code["I.4.2"], [1000, 0])
    tank = trace(flows, sources, 1.0, operation)
    assert tank.ci_kg_per_mwh[1, 0] == pytest.approx(650)
    assert trace(flows, fed, 1.0).ci_kg_per_mwh[1, 0] == pytest.approx(400)
