from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.scenario import check_scenario
from app.scenario.schema import ForecastSpec
from app.simulation.phases import SimulationResult, simulate
from grid.errors import InputError

pytestmark = pytest.mark.slow


def outcome_of(forecast: Any) -> SimulationResult:
    scenario = {
        "name": "Oberrhein", "seed": 4, "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-05-14", "days": 2, "step_minutes": 60},
        "assets": [
            {"kind": "ev_fleet", "name": "cars", "bus": "Bus 34", "vehicles": 50},
            {"kind": "pv", "name": "roofs", "bus": "Bus 50", "p_peak_mw": 4.0},
            {"kind": "battery", "name": "store", "bus": "Bus 84", "p_rated_mw": 1, "e_rated_mwh": 4},
        ],
        "dispatch": {"strategy": "optimal", "horizon_hours": 6, "look_ahead_hours": 12, "forecast": forecast},
    }  # fmt: skip
    return simulate(check_scenario(scenario, Path(), "Oberrhein"))


@pytest.fixture(scope="module")
def perfect() -> SimulationResult:
    return outcome_of("perfect")


def test_perfect_foresight_leaves_nothing_to_balance(perfect: SimulationResult) -> None:
    assert perfect.inputs.loaded.scenario.dispatch.forecast == "perfect"
    assert perfect.schedule.imbalance_mwh == 0.0


@pytest.mark.parametrize("forecast", ["persistence", {"generation": 0.3, "arrivals_known": False}])
def test_a_run_on_a_forecast_closes_its_ledgers_and_names_its_imbalance(
    perfect: SimulationResult, forecast: Any
) -> None:
    erring = outcome_of(forecast)
    assert erring.balanced
    assert erring.schedule.imbalance_mwh > 0.01
    net = erring.schedule.import_mw - erring.schedule.export_mw
    assert np.abs(net - (perfect.schedule.import_mw - perfect.schedule.export_mw)).max() > 0.01
    cars = {name: p for name, p in erring.p_mw.items() if "cars" in name}
    for flexibility in erring.inputs.flexibilities:
        if flexibility.name in cars and flexibility.reservoir is not None:
            ends = flexibility.energy_mwh(cars[flexibility.name])[flexibility.offsets[1:] - 1]
            np.testing.assert_allclose(ends, flexibility.reservoir.e_end_mwh, atol=1e-6)


def test_what_no_forecast_can_be_is_refused() -> None:
    with pytest.raises(InputError, match=r"dispatch\.forecast"):
        outcome_of("clairvoyant")
    with pytest.raises(ValueError, match="correlation_per_hour"):
        ForecastSpec(correlation_per_hour=1.0)
