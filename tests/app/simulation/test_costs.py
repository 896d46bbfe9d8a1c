"""What a run costs, against sums made here from the arrays of the run; two days in two months."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.results.folder import Result
from app.results.run import store
from app.scenario import check_scenario
from app.simulation import SimulationResult, simulate

SCENARIO: dict[str, Any] = {
    "name": "two months",
    "city": {"network": "mv_oberrhein"},
    "period": {"start": "2030-01-31", "days": 2, "step_minutes": 60},
    "tariff": {"demand_charge_per_mw_month": 1000.0},
    "dispatch": {"carbon_price_per_t": 80.0},
    "assets": [
        {"kind": "heat_pump", "name": "homes", "bus": "Bus 34", "annual_heat_mwh": 2000.0},
        {"kind": "chp", "name": "engine", "bus": "Bus 35", "p_rated_mw": 0.5, "lead": "heat"},
    ],
}


@pytest.fixture(scope="module")
def outcome() -> SimulationResult:
    return simulate(check_scenario(SCENARIO, Path(), "two months"))


@pytest.fixture(scope="module")
def result(outcome: SimulationResult, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return store(outcome, tmp_path_factory.mktemp("costs") / "run")


@pytest.mark.slow
def test_the_demand_charge_is_for_the_highest_import_of_each_month(outcome: SimulationResult, result: Result) -> None:
    imported = outcome.accounts.energy.import_mwh / outcome.inputs.clock.step_hours
    peaks = imported[:24].max(), imported[24:].max()
    months = result.table("months").collect()
    assert months["month"].dt.strftime("%Y-%m").to_list() == ["2030-01", "2030-02"]
    np.testing.assert_allclose(months["peak_import_mw"], peaks, rtol=1e-12)
    np.testing.assert_allclose(months["demand_charge"], np.multiply(1000, peaks), rtol=1e-12)


def test_the_cost_is_its_parts(outcome: SimulationResult, result: Result) -> None:
    energy, inputs = outcome.accounts.energy, outcome.inputs
    price = inputs.upstream.price_per_mwh
    bought = (energy.import_mwh * (price + 60)).sum()
    sold = (energy.export_mwh * (price - 10)).sum()
    hours = inputs.clock.step_hours
    peaks = energy.import_mwh[:24].max() / hours + energy.import_mwh[24:].max() / hours
    carbon = 80 * outcome.accounts.carbon.source_kg.sum() / 1000
    (engine,) = (f for f in inputs.flexibilities if f.name == "engine")
    fed_in_mwh = np.maximum(-outcome.p_mw["engine"], 0) * hours
    fuel = (fed_in_mwh * engine.per_slot(engine.wear_cost_per_mwh)).sum()
    assert fuel > 0
    gained = result.table("ledger").select(pl.col("stock_gain_mwh").sum()).collect().item()
    expected = bought - sold + 1000 * peaks + carbon + fuel - gained * (price + 60).mean()
    assert result.summary["cost"] == pytest.approx(expected, rel=1e-12)


def test_heat_of_heat_pumps_is_their_power_times_their_performance(outcome: SimulationResult, result: Result) -> None:
    (pump,) = (f for f in outcome.inputs.flexibilities if f.name == "homes")
    assert pump.reservoir is not None
    p_mw = outcome.p_mw["homes"]
    heat = (p_mw * pump.per_slot(pump.reservoir.eta_charge)).sum() * outcome.inputs.clock.step_hours
    assert heat > 0
    assert result.summary["heat_pump_heat_mwh"] == pytest.approx(heat, rel=1e-12)
