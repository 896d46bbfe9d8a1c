"""An optimal run without anything that can move names the limits that it does not keep, as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.results.manifest import manifest, status
from app.scenario.load import check_scenario
from app.simulate import simulate
from app.simulation.phases import SimulationResult

pytestmark = pytest.mark.slow


def run(folder: Path, **changes: Any) -> SimulationResult:
    text = "time_utc,ci_kg_per_mwh,price_per_mwh\n"
    (folder / "own.csv").write_text(text + "".join(f"2030-06-03T{hour:02}:00,400,60\n" for hour in range(24)))
    scenario = {
        "name": "feeder", "city": {"network": "case33bw", "time_zone": "Etc/UTC"},
        "period": {"start": "2030-06-03", "days": 1, "step_minutes": 60}, "upstream": {"csv": "own.csv"},
    }  # fmt: skip
    return simulate(check_scenario(scenario | changes, folder, "test"))


def test_limits_that_nothing_could_keep_are_named(tmp_path: Path) -> None:
    outcome = run(tmp_path, dispatch={"strategy": "optimal"}, limits={"import_max_mw": 1.0, "vm_min_pu": 0.95})
    assert status(outcome) == "infeasible"
    named = {(one["element"], one["quantity"]): one for one in manifest(outcome, {})["limits_in_conflict"]}
    assert named["import", "import_mw"]["limit"] == 1.0
    assert named["17", "vm_pu"]["why"].endswith("nothing is left to decide")
    assert manifest(run(tmp_path, dispatch={"strategy": "optimal"}), {})["limits_in_conflict"] == []


def test_a_cap_on_carbon_that_nothing_could_keep_is_named(tmp_path: Path) -> None:
    outcome = run(tmp_path, dispatch={"strategy": "smart", "carbon_cap_t": 1.0})
    assert status(outcome) == "infeasible"
    (cap,) = manifest(outcome, {})["limits_in_conflict"]
    assert (cap["element"], cap["limit"]) == ("carbon", 1000.0)
    assert status(run(tmp_path, dispatch={"strategy": "smart", "carbon_cap_t": 1000.0})) == "done"


def test_nobody_was_asked_to_keep_a_limit_of_an_unmanaged_run(tmp_path: Path) -> None:
    outcome = run(tmp_path, limits={"import_max_mw": 1.0})
    assert status(outcome) == "done"
    assert manifest(outcome, {})["limits_in_conflict"] == []
