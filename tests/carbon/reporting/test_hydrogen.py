from __future__ import annotations

import numpy as np
import pytest

from carbon.reporting.hydrogen import carbon_per_kg, refuelled_carbon_per_kg, tanks_by_slot
from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace

CI_GRID, KWH_PER_KG = 530.6, 58.0


def test_a_kilogram_carries_the_electricity_that_made_it():
    """58 kWh a kilogram at 0.5306 kg/kWh: 30.8 kg of CO2 (to half of the last digit)."""
    one = np.ones(1)
    operation = StockOperation(
        owner=np.array([0]),
        node=np.array([0]),
        start=np.array([0]),
        stop=np.array([3]),
        p_mw=np.array([2.0, 1.0, 0.0]),
        e_start_mwh=0 * one,
        eta_charge=33.33 / KWH_PER_KG * one,
        eta_discharge=0.48 * one,
        retention_per_step=one,
        vehicle=np.array([False]),
        ci_initial_kg_per_mwh=0 * one,
        renewable_share_initial=0 * one,
        p_drain_mw=np.array([0.5, 0.0, 0.8]),
    )
    flows = Flows(1, np.array([], int), np.array([], int), np.zeros((3, 0)), np.zeros((3, 0)))
    sources = Sources(np.array([0]), np.full((3, 1), 5.0), np.array([CI_GRID]), np.array([0.0]))
    tanks = trace(flows, sources, 1.0, operation).stationary
    found = refuelled_carbon_per_kg(tanks)
    assert found[[0, 2]] == pytest.approx(30.8, abs=0.05)
    assert np.isnan(found[1])
    assert np.abs(tanks.carbon.residual).max() <= 1e-9


def test_the_conversion_is_by_the_lower_heating_value():
    np.testing.assert_allclose(carbon_per_kg(np.array([0.0, 1000.0])), [0, 33.33])


def test_fuel_slot_by_slot_sums_to_that_of_the_class_also_beyond_what_the_tank_held():
    """Two tanks of one device each, one of which sells in its first steps more than it held when they began."""
    rng = np.random.default_rng(1)
    n_steps, two = 6, np.ones(2)
    operation = StockOperation(
        owner=np.array([0, 1]),
        node=np.array([0, 0]),
        start=np.zeros(2, int),
        stop=np.full(2, n_steps),
        p_mw=np.concatenate([[2.0, 2.0, 1.0, 0.0, -0.1, 0.0], [1.0, 0.0, -0.2, 0.5, 0.0, 0.0]]),
        e_start_mwh=np.array([0.1, 3.0]),
        eta_charge=0.57 * two,
        eta_discharge=0.48 * two,
        retention_per_step=np.array([1.0, 0.99]),
        vehicle=np.zeros(2, bool),
        ci_initial_kg_per_mwh=np.array([900.0, 300.0]),
        renewable_share_initial=0 * two,
        p_drain_mw=np.concatenate([[0.8, 0.9, 0.0, 0.3, 0.1, 0.0], [0.1, 0.2, 0.0, 0.0, 0.4, 0.3]]),
    )
    flows = Flows(1, np.array([], int), np.array([], int), np.zeros((n_steps, 0)), np.zeros((n_steps, 0)))
    ci = rng.uniform(100, 900, (n_steps, 1))
    sources = Sources(np.array([0]), np.full((n_steps, 1), 5.0), ci, np.zeros((n_steps, 1)))
    tracing = trace(flows, sources, 1.0, operation)
    both = [tanks_by_slot(tracing.stocks.select(slice(k, k + 1)), 1.0) for k in range(2)]
    total = both[0].fuel_kg + both[1].fuel_kg
    np.testing.assert_allclose(total, tracing.stationary.carbon.fuel, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(both[0].held_mwh[:2], [0.1, 0.1 + 2 * 0.57 - 0.8])
    assert both[0].ci_kg_per_mwh[0] == 900.0
    by_hand = 0.1 * 900 + 0.7 * tracing.stocks.charge_kg[0] / (2 * 0.57)
    assert both[0].fuel_kg[0] == pytest.approx(by_hand)
