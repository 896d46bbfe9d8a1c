from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.ledgers.carbon import carbon_ledger
from carbon.ledgers.energy import energy_ledger
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.errors import InputError
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def traced(city):
    return trace(city.flows, city.sources, city.step_hours, city.operation)


def ledger_of(city, tracing=None):
    return carbon_ledger(
        city.flows,
        city.sources,
        city.consumers,
        city.exports,
        tracing or traced(city),
        step_hours=city.step_hours,
        operation=city.operation,
    )


@examples(80)
@given(SEEDS, st.integers(2, 9))
def test_buses_stocks_and_city_balance_in_every_step(seed, n_nodes):
    ledger = ledger_of(random_city(seed, n_nodes))
    assert ledger.relative_error.max() <= 1e-9
    moved_kg = ledger.source_kg + ledger.discharge_kg
    stock_kg = ledger.charge_kg - ledger.discharge_kg - ledger.fuel_kg - ledger.standing_kg + ledger.arriving_kg
    assert np.abs(ledger.stock_change_kg - stock_kg).max() <= 1e-9 * moved_kg.max()
    city_kg = (
        ledger.consumption_kg
        + ledger.loss_kg
        + ledger.export_kg
        + ledger.fuel_kg
        + ledger.standing_kg
        + ledger.stock_change_kg
    )
    assert (np.abs(ledger.source_kg + ledger.arriving_kg - city_kg) <= 1e-9 * moved_kg).all()


@examples(60)
@given(SEEDS, st.integers(2, 9))
def test_sectors_sum_to_the_emissions_and_energies_to_the_consumption(seed, n_nodes):
    city = random_city(seed, n_nodes)
    tracing = traced(city)
    ledger = ledger_of(city, tracing)
    np.testing.assert_allclose(
        ledger.sectors.emissions_kg.sum(axis=1), ledger.emissions_kg, rtol=1e-9, atol=1e-9 * ledger.source_kg.max()
    )
    energy = energy_ledger(
        city.flows,
        city.sources,
        city.consumers,
        city.exports,
        tracing,
        step_hours=city.step_hours,
        imported=np.zeros(n_nodes, bool),
    )
    np.testing.assert_allclose(ledger.sectors.energy_mwh.sum(axis=1), energy.consumption_mwh, rtol=1e-9, atol=1e-9)
    losses = [code.endswith(".3") for code in ledger.sectors.codes]
    np.testing.assert_allclose(ledger.sectors.emissions_kg[:, losses].sum(axis=1), ledger.loss_kg, rtol=1e-9)


@examples(60)
@given(SEEDS, st.integers(2, 9))
def test_energy_in_is_energy_out_and_lost_and_kept(seed, n_nodes):
    city = random_city(seed, n_nodes)
    imported = np.arange(n_nodes) == 0
    energy = energy_ledger(
        city.flows,
        city.sources,
        city.consumers,
        city.exports,
        traced(city),
        step_hours=city.step_hours,
        imported=imported,
    )
    supplied_mwh = energy.generation_mwh + energy.import_mwh
    assert (np.abs(energy.residual_mwh) <= 1e-9 * np.maximum(supplied_mwh, 1)).all()
    np.testing.assert_allclose(energy.import_mwh, city.step_hours * city.sources.p_mw[:, 0])
    flows = city.flows
    shunts_mw = 0.0 if flows.p_shunt_mw is None else flows.p_shunt_mw.sum(axis=1)
    lost_mw = (flows.p_from_mw + flows.p_to_mw).sum(axis=1) + shunts_mw
    np.testing.assert_allclose(energy.grid_loss_mwh, city.step_hours * lost_mw, rtol=1e-9, atol=1e-12)
    assert (energy.loss_mwh >= energy.grid_loss_mwh - 1e-12).all()
    assert energy.loss_mwh.sum() > energy.grid_loss_mwh.sum()  # stores convert and stand


def test_leaving_out_fuel_and_standing_loss_would_show():
    ledger = ledger_of(random_city(3))
    without_kg = np.abs(ledger.city_residual_kg + ledger.stationary.carbon.fuel + ledger.stationary.carbon.standing)
    assert (without_kg > 1e-4 * ledger.source_kg).any()


def test_an_imbalance_of_the_flows_is_reported_not_hidden():
    city = random_city(5)
    short = replace(city, consumers=replace(city.consumers, p_mw=0.99 * city.consumers.p_mw))
    ledger = ledger_of(short)
    np.testing.assert_allclose(ledger.bus_residual_kg, ledger.consumption_kg / 99, rtol=1e-6)
    np.testing.assert_allclose(ledger.city_residual_kg, ledger.bus_residual_kg, rtol=1e-6, atol=1e-9)


def two_nodes(n_steps=1):
    """10 MW at 400 kg/MWh, 30 % renewable, sent over a line that loses 1 MW to 9 MW of consumers."""
    ones = np.ones((n_steps, 1))
    flows = Flows(2, np.array([0]), np.array([1]), 10 * ones, -9 * ones)
    sources = Sources(np.array([0]), 10 * ones, np.array([400.0]), np.array([0.3]))
    consumers = Consumers(np.array([1]), 9 * ones, ("I.1", "I.2"), np.array([[1 / 3, 2 / 3]]))
    return flows, sources, consumers, Exports(np.array([], int), np.zeros((n_steps, 0)))


def test_a_line_and_two_sectors_by_hand():
    flows, sources, consumers, exports = two_nodes()
    tracing = trace(flows, sources, 0.5)
    ledger = carbon_ledger(flows, sources, consumers, exports, tracing, step_hours=0.5)
    assert ledger.source_kg[0] == 2000.0
    assert ledger.consumption_kg[0] == pytest.approx(1800.0)
    assert ledger.loss_kg[0] == pytest.approx(200.0)
    assert ledger.renewable_mwh[0] == pytest.approx(0.3 * 4.5)
    by_code = dict(zip(ledger.sectors.codes, ledger.sectors.emissions_kg[0], strict=True))
    assert by_code == pytest.approx(
        {
            "I.1.2": 600,
            "I.1.3": 200 / 3,
            "I.2.2": 1200,
            "I.2.3": 400 / 3,
            "I.4.2": 0,
            "I.4.3": 0,
            "II.1.2": 0,
            "II.1.3": 0,
        }
    )
    energy = energy_ledger(flows, sources, consumers, exports, tracing, step_hours=0.5, imported=np.array([True]))
    assert (energy.import_mwh[0], energy.generation_mwh[0]) == (5.0, 0.0)
    assert (energy.consumption_mwh[0], energy.loss_mwh[0]) == (4.5, 0.5)


def test_losses_without_any_consumption_are_the_operators():
    flows = Flows(2, np.array([0]), np.array([1]), np.array([[0.2]]), np.array([[0.0]]))
    sources = Sources(np.array([0]), np.array([[0.2]]), np.array([400.0]), np.array([0.0]))
    consumers = Consumers(np.array([1]), np.zeros((1, 1)), ("I.1",), np.ones((1, 1)))
    exports = Exports(np.array([], int), np.zeros((1, 0)))
    ledger = carbon_ledger(flows, sources, consumers, exports, trace(flows, sources, 1.0), step_hours=1.0)
    assert ledger.sectors.emissions_kg[0, ledger.sectors.codes.index("I.4.3")] == pytest.approx(80.0)
    assert ledger.emissions_kg[0] == pytest.approx(80.0)


def test_an_empty_step_has_no_error():
    flows = Flows(1, np.array([], int), np.array([], int), np.zeros((1, 0)), np.zeros((1, 0)))
    sources = Sources(np.array([0]), np.zeros((1, 1)), np.array([400.0]), np.array([0.0]))
    consumers = Consumers(np.array([0]), np.zeros((1, 1)), ("I.1",), np.ones((1, 1)))
    exports = Exports(np.array([0]), np.zeros((1, 1)))
    ledger = carbon_ledger(flows, sources, consumers, exports, trace(flows, sources, 1.0), step_hours=1.0)
    assert ledger.relative_error[0] == 0
    assert not ledger.sectors.emissions_kg.any()


def test_renewable_energy_of_all_users_is_what_sources_fed_less_what_was_lost_when_all_is_renewable():
    city = random_city(8)
    op = replace(city.operation, renewable_share_initial=np.ones(4))
    sources = replace(city.sources, renewable_share=np.ones(6))
    all_green = replace(city, operation=op, sources=sources)
    tracing = traced(all_green)
    ledger = ledger_of(all_green, tracing)
    energy = energy_ledger(
        all_green.flows,
        sources,
        city.consumers,
        city.exports,
        tracing,
        step_hours=city.step_hours,
        imported=np.zeros(6, bool),
    )
    expected_mwh = energy.consumption_mwh - tracing.stationary.energy.fuel
    np.testing.assert_allclose(ledger.renewable_mwh, expected_mwh, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: Consumers(np.array([0]), np.ones((1, 1)), ("I.1",), np.array([[0.9]])), r"share\[0\]: must sum to 1"),
        (lambda: Consumers(np.array([0]), -np.ones((1, 1)), ("I.1",), np.ones((1, 1))), "consumers.p_mw"),
        (lambda: Consumers(np.array([0]), np.ones((1, 1)), ("I.1", "I.1"), np.full((1, 2), 0.5)), "must be unique"),
        (lambda: Exports(np.array([0]), np.full((1, 1), np.inf)), r"exports.p_mw\[0, 0\]: must be finite"),
    ],
)
def test_wrong_users_are_named(make, place):
    with pytest.raises(InputError, match=place):
        make()


def test_inputs_that_do_not_fit_together_are_refused():
    flows, sources, consumers, exports = two_nodes()
    tracing = trace(flows, sources, 1.0)
    longer = replace(consumers, p_mw=np.ones((2, 1)), node=np.array([7]))
    with pytest.raises(InputError, match=r"consumers.p_mw: must have shape \(1, 1\)") as caught:
        carbon_ledger(flows, sources, longer, exports, tracing, step_hours=1.0)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="must be the one that was traced"):
        carbon_ledger(flows, sources, consumers, exports, tracing, step_hours=1.0, operation=random_city(1).operation)
    with pytest.raises(InputError, match="imported"):
        energy_ledger(flows, sources, consumers, exports, tracing, step_hours=1.0, imported=np.ones(2, bool))
