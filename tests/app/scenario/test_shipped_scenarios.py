"""Every shipped scenario runs, here on a day in two windows."""

from __future__ import annotations

import pytest

from app.results.explain import recompute
from app.results.run import run_scenario
from app.scenario import check_scenario
from grid.files.yaml_file import read_yaml
from tests.places import ROOT

pytestmark = pytest.mark.slow

FOLDER = ROOT / "app" / "scenarios"
YEARS = ("today", "2030_unmanaged", "2030_smart", "2030_v2g", "2035_data_centre_hydrogen")


@pytest.fixture(scope="module")
def summaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    folder, found = tmp_path_factory.mktemp("shipped"), {}
    for name in YEARS:
        content = dict(read_yaml(FOLDER / f"{name}.yaml").content)
        content["dispatch"] = {**content["dispatch"], "horizon_hours": 12}
        result = run_scenario(check_scenario(content, FOLDER, name, days=1), folder / name)
        found[name] = dict(result.summary)
        for key in ("emissions_t", "cost", "consumption_mwh", "heat_pump_heat_mwh"):
            assert recompute(result, key) == pytest.approx(result.summary[key], rel=1e-9)
        if name.startswith("2035"):
            assert {"energy station", "energy station: charging", "works: shiftable", "masts: battery"} <= set(
                result.manifest["assets"]
            )
    return found


@pytest.mark.parametrize("name", YEARS)
def test_it_runs_and_its_books_close(summaries: dict[str, dict[str, float]], name: str) -> None:
    summary = summaries[name]
    assert summary["steps"] == 96
    assert summary["failed_steps"] == 0
    assert summary["energy_balance_error_mwh"] < 1e-6 * summary["consumption_mwh"]
    assert summary["carbon_balance_error_kg"] < 1e-3 * summary["emissions_t"]
    assert summary["heat_pump_heat_mwh"] > 0
    assert summary["ev_energy_mwh"] > 0


def test_managing_is_cheaper_and_keeps_the_limits(summaries: dict[str, dict[str, float]]) -> None:
    costs = [summaries[name]["cost"] for name in ("2030_unmanaged", "2030_smart", "2030_v2g")]
    assert costs[0] > costs[1] > costs[2]
    for name in ("2030_smart", "2030_v2g", "2035_data_centre_hydrogen"):
        assert summaries[name]["violation_steps"] == 0


def test_more_of_everything_draws_more(summaries: dict[str, dict[str, float]]) -> None:
    assert summaries["today"]["consumption_mwh"] < summaries["2030_unmanaged"]["consumption_mwh"]
    assert summaries["2030_v2g"]["consumption_mwh"] < summaries["2035_data_centre_hydrogen"]["consumption_mwh"]
    assert summaries["2030_v2g"]["v2g_energy_mwh"] > 0
    assert summaries["2030_smart"]["v2g_energy_mwh"] == 0
    assert 1.0 < summaries["2035_data_centre_hydrogen"]["pue_mean"] < 1.3
