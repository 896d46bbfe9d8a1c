"""A run with every kind of emission factor, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.results.folder import Result
from app.results.run import store
from app.scenario import check_scenario
from app.simulation.phases import SimulationResult, simulate


@pytest.fixture(scope="session")
def fuel_outcome() -> SimulationResult:
    """Two winter days with engines for heat and power, sun, and a data centre with sun and tested generators."""
    assets = [
        {"kind": "chp", "name": "works", "bus": "Bus 34", "p_rated_mw": 1.0, "heat_sector": "I.1"},
        {"kind": "chp", "name": "farm", "bus": "Bus 60", "p_rated_mw": 0.5, "fuel": "biogas", "allocation": "energy"},
        {"kind": "pv", "name": "roofs", "bus": "Bus 60", "p_peak_mw": 1.0},
    ]
    on_site = {"pv_peak_mw": 0.6, "generators": {"p_rated_mw": 2.0}}
    hall = {"name": "hall", "bus": "Bus 34", "p_it_rated_mw": 1.0, "on_site": on_site}
    scenario = {
        "name": "fuel", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-01-14", "days": 2, "step_minutes": 60},
        "dispatch": {"strategy": "unmanaged"}, "assets": assets, "data_centres": [hall],
    }  # fmt: skip
    return simulate(check_scenario(scenario, Path(), "fuel"))


@pytest.fixture(scope="session")
def fuel_result(fuel_outcome: SimulationResult, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The same as a folder."""
    return store(fuel_outcome, tmp_path_factory.mktemp("fuel") / "run")
