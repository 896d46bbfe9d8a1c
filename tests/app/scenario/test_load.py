"""Scenario files: where their faults stand."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.scenario import check_scenario, load_scenario
from app.scenario.schema import Scenario
from grid.errors import ScenarioError
from grid.sharing import sharing_preparation

pytestmark = pytest.mark.slow


def refused(scenario: dict[str, Any], folder: Path, *fragments: str) -> None:
    """A scenario that is refused with every fragment in what is said."""
    with pytest.raises(ScenarioError) as caught:
        check_scenario(scenario, folder, "nonsense")
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_faults_of_a_scenario_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "harbour.yaml"
    path.write_text("name: harbour\ncity: {network: case33bw}\nperiod:\n  start: 2030-01-01\n  dais: 1\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert str(path) in message
    assert "line 5: period.dais: unknown key; did you mean 'days'?" in message
    assert "is required" not in message


def test_sizes_that_cannot_be_meant_are_refused_whatever_they_belong_to() -> None:
    scenario = {
        "name": "nonsense", "city": {"network": "case33bw"}, "period": {"start": "2030-01-01", "days": 1},
        "assets": [{"kind": "ev_fleet", "name": "cars", "bus": "5", "vehicles": 5_000_000, "place": "home"}],
        "data_centres": [{
            "name": "hall", "bus": "5", "p_it_rated_mw": 1500, "cooling": {"kind": "air_economiser"},
            "on_site": {"battery_mw": 1, "battery_mwh": 1e9},
        }],
    }  # fmt: skip
    refused(
        scenario, Path(),
        "assets[0].vehicles: must be at most 20,000 for each MW of the peak of all loads, 3.71 MW; got 5000000",
        "data_centres[0].p_it_rated_mw: 1500 MW is 404 times the peak of all loads, 3.71 MW",
        "data_centres[0].on_site.battery.e_rated_mwh: would last 1,000,000,000 hours at 1 MW; the unit is MWh",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["x" * 300, "nul\0", "pipe", "/dev/zero", "."])
def test_names_that_lead_to_no_file_are_faults_wherever_they_stand(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    scenario = {
        "name": "files", "city": {"network": "case33bw", "profiles": name}, "weather": name,
        "period": {"start": "2030-01-01", "days": 1}, "carbon": {"factor_set": name},
        "assets": [{"kind": "ev_recorded", "name": "recorded", "bus": "5", "file": name}],
    }  # fmt: skip
    refused(scenario, tmp_path, "city.profiles: no file")
    placed = [f"  {place}: " for place in ("weather", "upstream.csv", "carbon.factor_set", "assets[0].file")]
    refused({**scenario, "city": {"network": "case33bw"}, "upstream": {"csv": name}}, tmp_path, *placed)


def test_faults_of_fields_are_told_for_values_of_every_kind() -> None:
    scenario = {
        "name": ["a"], "city": {"network": "case33bw"}, "period": {"start": "9999-12-31", "days": 10**5000},
        "adoption": {"ev_share": 0.1},
        "assets": [{"kind": ["pv"], "name": ["x"]}, {"kind": "ev_fleet", "vehicles": 1e12}],
        "data_centres": [{"name": "hall", "utilisation": 1e-12}], "dispatch": {"carbon_price_per_t": 1e308},
    }  # fmt: skip
    refused(
        scenario, Path(), "dispatch.carbon_price_per_t: must be at most 1e+09; got 1e+308", "name: must be text",
        "period.start: must be at most 2199-12-31",
        "assets[1].ev_fleet.vehicles: must be at most 1e+07; got 1000000000000.0",
        "data_centres[0].utilisation: must be at least 0.001; got 1e-12",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "why"), [("2030-13-01", "; month must be in 1..12"), ("2030-02-30", "; day"), ("soon", "; got 'soon'")]
)
def test_a_date_that_does_not_exist_is_told_with_all_other_faults(tmp_path: Path, start: str, why: str) -> None:
    path = tmp_path / "date.yaml"
    path.write_text(f"name: x\ncity: {{network: case33bw}}\nperiod: {{start: {start}, days: 0}}\nassetz: []\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    told = str(caught.value)
    assert f"line 3: period.start: must be a date such as 2030-01-01{why}" in told
    assert "period.days: must be at least 1" in told
    assert "assetz: unknown key" in told


def test_a_scenario_is_written_section_by_section_as_it_is_written_whole() -> None:
    content = yaml.safe_load((resources.files("app") / "scenarios" / "demo.yaml").read_text("utf-8"))
    first, other = (Scenario.model_validate(content | {"name": name}) for name in ("Südhafen: eins", "two"))
    whole = yaml.safe_dump(other.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    with sharing_preparation() as kept:
        assert Scenario.model_validate(yaml.safe_load(first.as_yaml())) == first
        made = kept.made
        assert other.as_yaml() == whole
        assert kept.made == made + 1
