from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace

CASE = json.loads((Path(__file__).parent / "case.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def stocks():
    """The case as a grid of one node, in kW and kWh (the model is linear, so the unit cancels)."""
    given = CASE["inputs"]
    operation = StockOperation(
        owner=np.array([0]),
        node=np.array([0]),
        start=np.array([0]),
        stop=np.array([2]),
        p_mw=np.array([given["charge_kwh"], -given["deliver_kwh"]]),
        e_start_mwh=np.array([given["e_start_kwh"]]),
        eta_charge=np.array([given["eta_charge"]]),
        eta_discharge=np.array([given["eta_discharge"]]),
        retention_per_step=np.array([1.0]),
        vehicle=np.array([False]),
        ci_initial_kg_per_mwh=np.array([given["carbon_start_kg"] / given["e_start_kwh"]]),
        renewable_share_initial=np.array([0.0]),
    )
    flows = Flows(1, np.array([], int), np.array([], int), np.zeros((2, 0)), np.zeros((2, 0)))
    sources = Sources(np.array([0]), np.full((2, 1), 100.0), np.array([given["ci_charge_kg_per_kwh"]]), np.array([0.0]))
    return trace(flows, sources, 1.0, operation).stocks


def test_every_printed_number(stocks):
    carbon_kg = stocks.stationary.carbon.content
    found = {
        "e_charged_kwh": stocks.e_end_mwh[0],
        "carbon_charged_kg": carbon_kg[0],
        "ci_stock_kg_per_kwh": stocks.ci_discharge_kg_per_mwh[1] * CASE["inputs"]["eta_discharge"],
        "delivered_kg": stocks.discharge_kg[1],
        "ci_delivered_kg_per_kwh": stocks.ci_discharge_kg_per_mwh[1],
        "e_left_kwh": stocks.e_end_mwh[1],
        "carbon_left_kg": carbon_kg[1],
    }
    assert found.keys() == CASE["expected"].keys()
    for name, (value, tolerance) in CASE["expected"].items():
        assert found[name] == pytest.approx(value, rel=0, abs=tolerance), name


def test_no_carbon_is_made_or_lost(stocks):
    assert np.abs(stocks.stationary.carbon.residual).max() <= 1e-9
    in_kg = CASE["inputs"]["carbon_start_kg"] + stocks.charge_kg.sum()
    assert in_kg == pytest.approx(stocks.discharge_kg.sum() + stocks.closing.carbon_kg[0], rel=1e-12)
