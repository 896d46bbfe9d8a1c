"""Controllers of a scenario: run with it, told in its results, held in its dispatch, refused by place where wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from app.results.tables.registry import tables
from app.scenario.describe import describe_scenario
from app.scenario.load import load_scenario
from app.scenario.schema import Scenario
from app.simulation.controllers import notes_of_controllers
from app.simulation.phases import SimulationResult, simulate
from grid.errors import ScenarioError

BUS = "LV5.303 Bus 27"
SCENARIO: dict[str, Any] = {
    "name": "controllers",
    "city": {"network": "reference"},
    "period": {"start": "2030-06-01", "days": 1, "step_minutes": 60},
    "assets": [
        {"kind": "pv", "name": "roofs", "bus": BUS, "p_peak_mw": 0.3},
        {"kind": "battery", "name": "store", "bus": BUS, "p_rated_mw": 0.1, "e_rated_mwh": 0.2},
    ],
    "controllers": [
        {"kind": "tap_changer", "name": "oltc", "transformer": "HV1-MV3.101-Trafo1", "dead_band_pu": 0.02},
        {"kind": "capacitor_bank", "name": "bank", "bus": BUS, "q_step_mvar": 0.02, "steps": 2},
        {"kind": "reactive_power_by_voltage", "name": "Q(U)", "assets": ["pv"], "curve": [[0.98, -1], [1.02, 1]]},
        {"kind": "power_factor_by_power", "name": "cos phi", "assets": ["store"]},
    ],
    "dispatch": {"strategy": "optimal"},
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(SCENARIO | changes), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> SimulationResult:
    return simulate(load_scenario(written(tmp_path_factory.mktemp("controllers"))))


def test_a_run_balances_with_controllers_at_work_and_tells_what_they_did(outcome: SimulationResult) -> None:
    assert outcome.balanced
    assert outcome.control is not None
    table = tables(outcome)["controllers"]()
    assert table.height == 2 * outcome.inputs.clock.n_steps
    assert table["operations"].sum() == outcome.control.operations.sum() > 0
    notes = notes_of_controllers(outcome.control)
    assert notes[0].startswith(f"oltc: {outcome.control.operations[:, 0].sum()} operations")


def test_controlled_assets_draw_what_their_controllers_say_and_nothing_that_the_dispatch_decides(
    outcome: SimulationResult,
) -> None:
    assert outcome.control is not None
    assert not outcome.schedule.q_mvar
    at = outcome.inputs.loaded.city.network.buses.find(BUS)
    vm_pu, q_mvar = outcome.flow.vm_pu()[:, at], outcome.control.q_curves_mvar[:, at]
    q_max = next(one for one in outcome.inputs.flexibilities if one.name == "roofs").q_max_mvar.sum()
    np.testing.assert_allclose(q_mvar, q_max * np.interp(vm_pu, [0.98, 1.02], [-1, 1]), atol=1e-9)
    assert np.abs(q_mvar).max() > 0


def test_what_is_wrong_with_controllers_is_told_all_at_once(tmp_path: Path) -> None:
    controllers = [
        {"kind": "tap_changer", "name": "a", "transformer": "HV1-MV3.101-Trafo"},
        {"kind": "capacitor_bank", "name": "a", "bus": "nowhere", "q_step_mvar": 1},
        {"kind": "power_factor_by_power", "name": "b", "assets": ["store", "stroe"]},
        {"kind": "power_factor_by_power", "name": "c", "assets": ["store"]},
        {"kind": "reactive_power_by_voltage", "name": "d", "assets": ["battery"]},
    ]
    with pytest.raises(ScenarioError) as raised:
        load_scenario(written(tmp_path, controllers=controllers))
    places = {fault.place for fault in raised.value.faults}
    assert places == {
        "controllers[0].transformer", "controllers[1].name", "controllers[1].bus", "controllers[2].assets[1]",
        "controllers[4]",
    }  # fmt: skip


def test_a_scenario_without_controllers_keeps_its_hash_and_check_names_those_there_are(tmp_path: Path) -> None:
    bare = {name: value for name, value in SCENARIO.items() if name != "controllers"}
    assert "controllers" not in Scenario.model_validate(bare).model_dump(mode="json")
    text = describe_scenario(load_scenario(written(tmp_path)))
    assert "  controller oltc: tap changer" in text


def test_reactive_power_by_voltage_wants_assets_that_have_some(tmp_path: Path) -> None:
    mill = {"kind": "industrial_demand", "name": "mill", "bus": BUS, "p_mean_mw": 0.05, "shape": "two_shift"}
    controller = {"kind": "reactive_power_by_voltage", "name": "d", "assets": ["mill"]}
    with pytest.raises(ScenarioError) as raised:
        load_scenario(written(tmp_path, assets=[mill], controllers=[controller]))
    assert [fault.place for fault in raised.value.faults] == ["controllers[0].assets[0]"]
