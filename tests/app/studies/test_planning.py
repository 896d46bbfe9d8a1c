"""Cost against carbon, a period by a few of its days, and a cap on carbon, from scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from app.results.run import run_scenario
from app.scenario import check_scenario
from app.studies.planning import cost_against_carbon, estimate, estimate_in_words, frontier_table
from grid.errors import ScenarioError
from tests.app.command_line import gridcarbon, refused

pytestmark = pytest.mark.slow

FEEDER = {
    "name": "feeder",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-03-04", "days": 4, "step_minutes": 60},
    "dispatch": {"strategy": "optimal", "look_ahead_hours": 0},
    "assets": [{"kind": "battery", "name": "depot", "bus": "17", "p_rated_mw": 1.0, "e_rated_mwh": 4.0}],
}


def feeder(**dispatch: Any) -> dict[str, Any]:
    return {**FEEDER, "dispatch": {**FEEDER["dispatch"], **dispatch}}  # type: ignore[dict-item]


def file_of(folder: Path, scenario: dict[str, Any]) -> Path:
    path = folder / "feeder.yaml"
    path.write_text(yaml.safe_dump(scenario))
    return path


def test_each_point_costs_more_and_emits_less_than_the_one_before() -> None:
    loaded = check_scenario(feeder(strategy="unmanaged"), Path(), "feeder")
    table = frontier_table(cost_against_carbon(loaded, 4))
    assert table.height >= 3
    assert (np.diff(table["cost"]) > 0).all()
    assert (np.diff(table["emissions_kg"]) < 0).all()
    steps = -np.diff(table["cost"]) / np.diff(table["emissions_kg"] / 1000)
    np.testing.assert_allclose(table["abatement_cost_per_t"][1:], steps)
    assert (np.diff(steps) > 0).all()  # every tonne less is dearer than the last


def test_all_days_of_a_period_are_the_period() -> None:
    found = estimate(check_scenario(feeder(), Path(), "feeder"), 4, against_full=True)
    assert found.error is not None
    assert found.days.weights.tolist() == [1, 1, 1, 1]
    assert {name: round(error, 6) for name, error in found.error.items()} == dict.fromkeys(found.error, 0)


def test_the_cost_of_what_is_estimated_without_a_comparison_is_said_to_be_unknown() -> None:
    loaded = check_scenario(feeder(), Path(), "feeder")
    words = estimate_in_words(estimate(loaded, 2), loaded)
    assert words.startswith("4 days by 2 from 00:00 UTC: 2030-03-0")
    assert "the error is not known" in words


def test_both_as_commands(tmp_path: Path) -> None:
    path = file_of(tmp_path, feeder())
    done = gridcarbon("frontier", path, "--points", "3", "--out", tmp_path / "points.csv")
    assert done.returncode == 0, done
    assert pl.read_csv(tmp_path / "points.csv").height >= 2
    assert "From the cheapest dispatch to the cleanest" in done.stdout
    assert "any more" in done.stdout
    assert " inf " not in done.stdout
    done = gridcarbon("estimate", path, "--representative", "3", "--against-full")
    assert done.returncode == 0, done
    assert "% against the full period" in done.stdout


def test_what_cannot_be_done_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    path = file_of(tmp_path, feeder())
    refused(gridcarbon("estimate", path, "--representative", "9"), "--representative: must be at most the 4 days")
    refused(gridcarbon("frontier", path, "--out", tmp_path / "none" / "points.csv"), "--out: no such folder")
    refused(gridcarbon("frontier", path, "--out", tmp_path / "points.txt"), "--out: must end in .csv")


def test_faults_of_a_forecast_stand_where_it_is_stated() -> None:
    for forecast, fault in (
        ({"carbon_intensity": 7}, r"dispatch\.forecast\.carbon_intensity: must be at most 1; got 7"),
        ({"laod": 0.1}, r"dispatch\.forecast\.laod: unknown key; did you mean 'load'"),
        ("persistance", r"dispatch\.forecast: must be one of .*did you mean 'persistence'"),
    ):
        with pytest.raises(ScenarioError, match=fault) as error:
            check_scenario(feeder(forecast=forecast), Path(), "feeder")
        assert len(error.value.faults) == 1


def test_a_cap_is_kept_and_has_its_price(tmp_path: Path) -> None:
    whole = {"horizon_hours": 96}  # one window, since windows that value what is left in the battery are no optimum
    free = run_scenario(check_scenario(feeder(**whole), Path(), "feeder"), tmp_path / "free")
    emitted_t = free.summary["emissions_source_t"]
    assert free.manifest["dispatch"]["carbon_cap_price_per_t"] == []
    capped = feeder(carbon_cap_t=0.998 * emitted_t, **whole)
    kept = run_scenario(check_scenario(capped, Path(), "feeder"), tmp_path / "kept")
    assert kept.summary["emissions_source_t"] <= 0.998 * emitted_t * (1 + 1e-4)
    assert kept.summary["cost"] > free.summary["cost"]
    assert max(kept.manifest["dispatch"]["carbon_cap_price_per_t"]) > 0
    assert kept.manifest["status"] == "done"


def test_a_cap_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    done = gridcarbon("run", file_of(tmp_path, feeder(carbon_cap_t=1.0)), "--out", tmp_path / "result")
    assert done.returncode == 3
    assert "carbon: emissions_kg against" in done.stderr


def test_nobody_keeps_a_cap_where_nobody_decides() -> None:
    with pytest.raises(ScenarioError, match="carbon_cap_t needs a strategy that decides"):
        check_scenario(feeder(strategy="unmanaged", carbon_cap_t=1.0), Path(), "feeder")
