from __future__ import annotations

import numpy as np
import pytest

from carbon.hydrogen import carbon_per_kg, refuelled_carbon_per_kg
from carbon.stocks import StockOperation
from carbon.tracing import Flows, Sources, trace

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
