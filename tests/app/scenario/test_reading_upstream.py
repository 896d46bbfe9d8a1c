from __future__ import annotations

from pathlib import Path

import pytest

from app.scenario import check_scenario
from app.scenario.describe import describe_scenario
from app.simulation.inputs import prepare
from grid.errors import ScenarioError

pytestmark = pytest.mark.slow

DIRECT = "Carbon intensity gCO₂eq/kWh (direct)"
GENERATION = (
    "DateTime(UTC)\tResolutionCode\tAreaCode\tAreaDisplayName\tAreaTypeCode\tAreaMapCode\tProductionType"
    "\tActualGenerationOutput[MW]\tActualConsumption[MW]\tUpdateTime(UTC)\n"
)
PRICES = "DateTime(UTC)\tResolutionCode\tAreaCode\tAreaDisplayName\tAreaTypeCode\tMapCode\tPrice[Currency/MWh]\n"
FACTORS = "technology,value,unit,gas,boundary,view,losses,renewable,year,issuer,source,status\n"


def scenario(**changes: object) -> dict[str, object]:
    return {
        "name": "with a file",
        "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-06-01", "days": 1},
        "upstream": {"csv": "imports.csv"},
        **changes,
    }


def electricity_maps(folder: Path) -> None:
    rows = [f"2030-06-01 {hour:02}:00:00,{300 + hour},50" for hour in range(24)]
    text = "\n".join([f"Datetime (UTC),{DIRECT},price_per_mwh", *rows])
    (folder / "imports.csv").write_text(text, encoding="utf-8")


AUSTRIA, GERMANY = "10YAT-APG------L\tAustria (AT)\tBZN\tAT", "10Y1001A1001A82H\tDE-LU\tBZN\tDE_LU"


def library(folder: Path, name: str = "imports", fuels: dict[str, str] | None = None) -> Path:
    """Files of areas, each with 100 MW of one fuel."""
    (folder / name).mkdir()
    generation, prices = GENERATION, PRICES
    for area, fuel in (fuels or {AUSTRIA: "Nuclear"}).items():
        hours = [f"2030-06-01 {hour:02}:00:00\tPT60M\t{area}" for hour in range(24)]
        generation += "".join(f"{hour}\t{fuel}\t100\t\t\n" for hour in hours)
        prices += "".join(f"{hour}\t60\n" for hour in hours)
    (folder / name / "generation.csv").write_text(generation, encoding="utf-8")
    (folder / name / "prices.csv").write_text(prices, encoding="utf-8")
    return folder / name


def test_a_file_is_checked_with_the_boundary_of_the_scenario(tmp_path: Path):
    electricity_maps(tmp_path)
    check_scenario(scenario(), tmp_path, "direct")
    with pytest.raises(ScenarioError, match="has no lifecycle intensities"):
        check_scenario(scenario(carbon={"boundary": "lifecycle"}), tmp_path, "life-cycle")


def test_a_mix_is_checked_with_the_factors_of_the_scenario(tmp_path: Path):
    library(tmp_path)
    of_a_mix = scenario(upstream={"csv": "imports"})
    check_scenario(of_a_mix, tmp_path, "with the shipped factors")
    row = "gas,400,kg/MWh,CO2,direct,production,out,false,2023,me,A report,verified\n"
    (tmp_path / "mine.csv").write_text(FACTORS + row, encoding="utf-8")
    with pytest.raises(ScenarioError, match="has no direct factor for; got 'nuclear'"):
        check_scenario(of_a_mix | {"carbon": {"factor_set": "mine.csv"}}, tmp_path, "with factors that lack nuclear")


def test_a_wrong_boundary_is_told_once_and_the_file_is_checked_all_the_same(tmp_path: Path):
    with pytest.raises(ScenarioError) as caught:
        check_scenario(scenario(carbon={"boundary": "stack"}), tmp_path, "two faults")
    assert len(caught.value.faults) == 2
    assert "carbon.boundary: must be one of 'direct' or 'lifecycle'" in str(caught.value)
    assert "imports.csv" in str(caught.value)


def test_every_file_of_a_folder_is_among_the_inputs(tmp_path: Path):
    folder = library(tmp_path)
    loaded = check_scenario(scenario(upstream={"csv": "imports"}), tmp_path, "a folder")
    before = loaded.input_hashes()
    assert set(before) == {"imports/generation.csv", "imports/prices.csv"}
    (folder / "prices.csv").write_text(PRICES, encoding="utf-8")
    assert loaded.input_hashes()["imports/prices.csv"] != before["imports/prices.csv"]


def test_what_was_not_checked_is_said_before_and_after_a_run(tmp_path: Path):
    loaded = check_scenario({**scenario(), "upstream": {"region": "china"}}, tmp_path, "China")
    told = describe_scenario(loaded)
    assert "The yearly mean of China 2023 is the published 530.6 kg/MWh of CO2 (MEE/NBS, verified)" in told
    assert "numbers of China 2023 are unverified" in told
    assert "Unverified factors" not in told  # its coal has heat rates of its own
    assert set(loaded.caveats) <= set(prepare(loaded).notes)  # the notes of the page About


def test_a_file_has_no_caveats_of_a_region(tmp_path: Path):
    electricity_maps(tmp_path)
    loaded = check_scenario(scenario(), tmp_path, "a file")
    assert not any("numbers of" in caveat for caveat in loaded.caveats)
    told = describe_scenario(loaded)
    assert "Unverified factors of germany_2023, where the file's mix has them: lignite, hard_coal." in told


def test_wrong_rows_of_a_factor_file_are_told_with_its_place(tmp_path: Path):
    rows = [
        "gas,400,kg/MWh,CO2,direct,production,out,false,2023,me,,verified",
        "gas,-1,kg/MWh,CO2,direct,production,out,false,2023,me,A report,verified",
    ]
    (tmp_path / "mine.csv").write_text(FACTORS + "\n".join(rows), encoding="utf-8")
    plain = {key: value for key, value in scenario().items() if key != "upstream"}
    with pytest.raises(ScenarioError) as caught:
        check_scenario(plain | {"carbon": {"factor_set": "mine.csv"}}, tmp_path, "three faults")
    for rule in (
        "carbon.factor_set: row 2, source: must say where the value comes from",
        "carbon.factor_set: row 3, value: must be finite and at least 0; got '-1'",
        "carbon.factor_set: rows 2, 3: give the same factor twice",
    ):
        assert rule in str(caught.value)


def test_an_area_of_a_file_without_areas_is_refused(tmp_path: Path):
    hours = [f"2030-06-01T{hour:02}:00:00Z,300,80" for hour in range(24)]
    (tmp_path / "own.csv").write_text("\n".join(["time_utc,ci_kg_per_mwh,price_per_mwh", *hours]) + "\n")
    check_scenario(scenario(upstream={"csv": "own.csv"}), tmp_path, "no area")
    with pytest.raises(ScenarioError, match=r"upstream\.csv: area: chooses from files of ENTSO-E"):
        check_scenario(scenario(upstream={"csv": "own.csv", "area": "AT"}), tmp_path, "an area")


def test_an_area_is_chosen_from_files_that_hold_several(tmp_path: Path):
    library(tmp_path, fuels={AUSTRIA: "Nuclear", GERMANY: "Fossil Hard coal"})
    with pytest.raises(ScenarioError, match=r"upstream\.csv: area: holds 2 areas.*AT, DE_LU"):
        check_scenario(scenario(upstream={"csv": "imports"}), tmp_path, "no area")
    with pytest.raises(ScenarioError, match="area: no such area in imports; got 'DE_LV'; did you mean 'DE_LU'"):
        check_scenario(scenario(upstream={"csv": "imports", "area": "DE_LV"}), tmp_path, "a wrong area")
    ci = {}
    for area in ("AT", "DE_LU"):
        loaded = check_scenario(scenario(upstream={"csv": "imports", "area": area}), tmp_path, area)
        ci[area] = prepare(loaded).upstream.ci_kg_per_mwh
    assert (ci["AT"] == 0).all()  # nuclear power, direct
    assert (ci["DE_LU"] > 700).all()  # hard coal


def test_a_region_has_no_areas(tmp_path: Path):
    with pytest.raises(ScenarioError, match="upstream: 'area' chooses from a 'csv'"):
        check_scenario(scenario(upstream={"region": "germany", "area": "DE_LU"}), tmp_path, "a region")
