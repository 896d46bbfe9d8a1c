from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from carbon.reporting.v2g_credit import v2g_credit
from carbon.reporting.vehicles import SessionCarbon, carbon_coefficients
from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace

CASE = json.loads((Path(__file__).parent / "case.json").read_text(encoding="utf-8"))
KM_DRIVEN = 40.0


@pytest.fixture(scope="module")
def stocks():
    """Charged, charged, gives back, drives, is plugged in again; in kW and kWh (the model is linear)."""
    given = CASE["inputs"]
    left_kwh = sum(given["charge_kwh"]) * given["eta_charge"] - given["v2g_kwh"] / given["eta_discharge"]
    both = np.ones(2)
    operation = StockOperation(
        owner=np.array([0, 0]),
        node=np.array([0, 0]),
        start=np.array([0, 4]),
        stop=np.array([3, 5]),
        p_mw=np.array([*given["charge_kwh"], -given["v2g_kwh"], 0.0]),
        e_start_mwh=np.array([0.0, left_kwh - KM_DRIVEN * given["consumption_kwh_per_km"]]),
        eta_charge=given["eta_charge"] * both,
        eta_discharge=given["eta_discharge"] * both,
        retention_per_step=both,
        vehicle=np.array([True]),
        ci_initial_kg_per_mwh=np.array([0.0]),
        renewable_share_initial=np.array([0.0]),
    )
    flows = Flows(1, np.array([], int), np.array([], int), np.zeros((5, 0)), np.zeros((5, 0)))
    ci = np.array([[*given["ci_kg_per_kwh"], 0.5, 0.5, 0.5]]).T
    return trace(flows, Sources(np.array([0]), np.full((5, 1), 100.0), ci, np.array([0.0])), 1.0, operation).stocks


def test_every_printed_number(stocks):
    given = CASE["inputs"]
    found = {
        "e_kwh": stocks.e_end_mwh[1],
        "carbon_kg": stocks.vehicles.carbon.content[1],
        "ci_stock_kg_per_kwh": stocks.ci_discharge_kg_per_mwh[2] * given["eta_discharge"],
        "g_per_km": 1000 * stocks.driven_kg[1] / KM_DRIVEN,
        "v2g_kg": stocks.discharge_kg[2],
        "ci_v2g_kg_per_kwh": stocks.ci_discharge_kg_per_mwh[2],
        "avoided_kg": given["v2g_kwh"] * given["ci_reference_kg_per_kwh"] - stocks.discharge_kg[2],
    }
    assert found.keys() == CASE["expected"].keys()
    for name, (value, tolerance) in CASE["expected"].items():
        assert found[name] == pytest.approx(value, rel=0, abs=tolerance), name


def test_the_cars_own_ledger_closes(stocks):
    assert np.abs(stocks.vehicles.carbon.residual).max() <= 1e-9
    assert stocks.vehicles.carbon.fuel[4] == stocks.driven_kg[1]


def test_the_sessions_table_gives_the_same_and_the_credit_stands_apart(stocks):
    given, expected = CASE["inputs"], CASE["expected"]
    charged_kg, released_kg = stocks.charge_kg.sum(), stocks.discharge_kg[2]
    sessions = SessionCarbon(
        labels={"place": np.array(["home", "home"])},
        energy_kwh=np.array([sum(given["charge_kwh"]), 0.0]),
        v2g_kwh=np.array([given["v2g_kwh"], 0.0]),
        emissions_kg=np.array([charged_kg - released_kg, 0.0]),
        v2g_kg=np.array([released_kg, 0.0]),
        distance_km=np.array([0.0, KM_DRIVEN]),
        driven_kg=stocks.driven_kg,
    )
    credit = v2g_credit(
        np.array([given["v2g_kwh"]]),
        np.array([released_kg]),
        np.array([given["ci_reference_kg_per_kwh"]]),
        "marginal",
    )
    found = carbon_coefficients(sessions, ("place",))
    value, tolerance = expected["g_per_km"]
    assert found.g_per_km[0] == pytest.approx(value, rel=0, abs=tolerance)
    assert found.charged_g_per_kwh[0] == pytest.approx(1000 * 13 / 30)
    value, tolerance = expected["avoided_kg"]
    assert credit.total_kg == pytest.approx(value, rel=0, abs=tolerance)
    assert found.emissions_kg[0] == pytest.approx(charged_kg - released_kg)
