"""Addresses, the results that are served, and which of them are compared."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.dashboard import catalogue as catalogue_module
from app.dashboard.address import address_of, names_in, names_joined, query_of
from app.dashboard.catalogue import Catalogue, catalogue_of, open_catalogue
from app.dashboard.pages import grid_map
from app.dashboard.view import View
from app.results.folder import Result, open_result
from app.results.verification import FORMAT, MANIFEST, sealed
from grid.errors import InputError

# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b c"), ("夏天", "a,b", "50%", "%2C")])
def test_names_come_back_from_an_address(names: tuple[str, ...]) -> None:
    address = address_of("/compare", {}, {"with_": names})
    assert names_in(query_of(address.partition("?")[2]).get("with", "")) == names
    assert names_in(names_joined(names)) == names


def test_a_link_changes_only_what_it_names() -> None:
    query = query_of("?result=x&at=2030-06-03T10:00Z&layer=voltage")
    moment = dt.datetime(2030, 12, 10, 18, 15, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert address_of("/grid", query, {"at": moment, "layer": None, "select": "bus:Bus 1"}) == (
        "/grid?result=x&at=2030-12-10T17:15Z&select=bus:Bus%201"
    )


def test_of_a_key_given_twice_the_first_counts() -> None:
    assert query_of("result=a&result=b&baseline=") == {"result": "a", "baseline": ""}


# ---- the results that are served ------------------------------------------------------------------------------------


@pytest.fixture
def place(results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two results of our own, looked at again whenever it is asked."""
    monkeypatch.setattr(catalogue_module, "LOOK_EVERY_S", 0.0)
    shutil.copytree(results_folder, tmp_path / "results")
    return tmp_path / "results"


def changed(folder: Path, manifest: dict[str, Any], scenario: dict[str, Any] | None = None) -> Result:
    """A result with another manifest, and another scenario if one is given, as if it had been run so."""
    result = open_result(folder)
    if scenario is not None:
        (folder / "scenario.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(sealed({**result.manifest, **manifest}, folder)), encoding="utf-8")
    return open_result(folder)


def test_results_are_listed_by_the_names_that_people_read(place: Path) -> None:
    shutil.copytree(place / "optimal", place / "again")
    labels = {entry.name: entry.label for entry in open_catalogue(place).entries()}
    assert labels == {
        "unmanaged": "Synthetic town, unmanaged", "again": "Synthetic town, optimal (again)",
        "optimal": "Synthetic town, optimal (optimal)",
    }  # fmt: skip


def test_a_result_of_the_queue_is_told_by_the_first_digits_of_its_key(place: Path) -> None:
    for name in (
        "419fce1e66ab27945d91ba88d01502e0",
        "00112233aaaaaaaaaaaaaaaaaaaaaaaa",
        "00112233bbbbbbbbbbbbbbbbbbbbbbbb",
    ):
        shutil.copytree(place / "optimal", place / name)
    labels = {entry.name[:9]: entry.label for entry in open_catalogue(place).entries()}
    assert labels["419fce1e6"] == "Synthetic town, optimal (419fce1e)"
    assert labels["00112233a"] == f"Synthetic town, optimal (00112233{'a' * 24})"


def test_new_replaced_and_removed_results_are_noticed(place: Path) -> None:
    catalogue = open_catalogue(place)
    before = catalogue.version("optimal")
    assert catalogue.entries() is catalogue.entries()  # what did not change is not made again
    shutil.copytree(place / "optimal", place / "new")
    assert list(catalogue) == ["unmanaged", "new", "optimal"]
    shutil.rmtree(place / "new")
    assert list(catalogue) == ["unmanaged", "optimal"]
    changed(place / "optimal", {"notes": ["made again"]})
    assert catalogue.version("optimal") not in {before, ""}
    assert catalogue["optimal"].manifest["notes"] == ["made again"]


def test_what_cannot_be_opened_is_listed_with_the_reason(place: Path) -> None:
    shutil.copytree(place / "optimal", place / "newer")
    manifest = json.loads((place / "newer" / MANIFEST).read_text(encoding="utf-8"))
    (place / "newer" / MANIFEST).write_text(json.dumps(manifest | {"format": FORMAT + 1}), encoding="utf-8")
    (place / "optimal" / "summary.json").write_text("{}", encoding="utf-8")
    catalogue = open_catalogue(place)
    problems = {entry.name: entry.problem for entry in catalogue.entries()}
    assert list(catalogue) == ["unmanaged"]
    assert f"is of format {FORMAT + 1}" in problems["newer"]
    assert "summary.json is not as it was written" in problems["optimal"].replace("json:", "json")
    with pytest.raises(InputError, match="SHA-256"):
        View.of(catalogue, {"search": "?result=optimal"})


def test_an_unknown_result_is_refused_with_the_nearest_name(results: dict[str, Result]) -> None:
    with pytest.raises(InputError, match="did you mean 'optimal'"):
        View.of(results, {"search": "?result=optimul"})


# ---- which are compared ---------------------------------------------------------------------------------------------


def test_a_view_is_what_its_address_says(results: dict[str, Result]) -> None:
    assert View.of(results, {}).name == "unmanaged"
    optimal = View.of(results, {"search": "?result=optimal&layer=voltage&lang=ja", "theme": "purple"})
    assert optimal.baseline is not None
    assert (optimal.baseline_label, optimal.theme, optimal.language) == ("unmanaged", "light", "ja")
    assert optimal.period == "2 days from 3 June 2030"
    assert optimal.link("/ev", select="bus:Bus 1") == "/ev?result=optimal&select=bus:Bus%201"
    with_others = View.of(results, {"search": "?result=optimal&with=unmanaged,none,optimal"})
    assert with_others.compared == ("unmanaged",)


def test_an_unmanaged_run_of_the_same_scenario_is_the_baseline_whatever_its_folder_is_called(place: Path) -> None:
    (place / "unmanaged").rename(place / "ba5e")
    view = View.at(open_catalogue(place), {"result": "optimal"})
    assert (view.baseline_name, view.baseline_label) == ("ba5e", "unmanaged")
    itself = View.at(view.results, {"result": "ba5e"}).baseline_reason
    assert itself == "This is the result that others are compared with."
    assert View.at(view.results, {"result": "optimal", "baseline": ""}).baseline is None


@pytest.mark.parametrize(
    ("manifest", "scenario", "reason"),
    [
        ({}, {"period": {"start": dt.date(2030, 6, 3), "days": 1, "step_minutes": 15}}, "another period: 1 day from"),
        ({}, {"city": {"network": "elsewhere", "time_zone": "Europe/Berlin"}}, "another city or grid"),
        ({}, {"weather": "other.epw"}, "other inputs: weather"),
        ({"inputs": {"net.json": "00"}}, None, "other inputs: net.json"),
        ({"boundary": "lifecycle"}, None, "other inputs: boundary"),
    ],
)
def test_only_equal_period_city_and_inputs_are_compared(
    place: Path, manifest: dict[str, Any], scenario: dict[str, Any] | None, reason: str
) -> None:
    changed(place / "optimal", {"inputs": {"net.json": "ff"}})
    whole = None if scenario is None else {**open_result(place / "unmanaged").scenario, **scenario}
    changed(place / "unmanaged", manifest, whole)
    view = View.at(open_catalogue(place), {"result": "optimal"})
    assert view.baseline is None
    assert reason in view.baseline_reason


def test_a_single_result_has_none_to_compare_with(results: dict[str, Result]) -> None:
    alone = View.of({"unmanaged": results["unmanaged"]}, {})
    assert alone.baseline_reason == "There is no result to compare with."


def test_a_baseline_that_is_not_there_is_said(results: dict[str, Result]) -> None:
    view = View.of(results, {"search": "?result=optimal&baseline=nothing"})
    assert (view.baseline, view.baseline_reason) == (None, "There is no result called nothing.")


def test_a_catalogue_of_fixed_results_is_itself(results: dict[str, Result]) -> None:
    catalogue = catalogue_of(results)
    assert isinstance(catalogue, Catalogue)
    assert catalogue_of(catalogue) is catalogue


def test_only_a_grid_of_simbench_is_said_to_be_schematic(place: Path) -> None:
    def said(licences: list[str]) -> str:
        changed(place / "optimal", {"data_licences": licences})
        return str(grid_map.content(View.at(open_catalogue(place), {"result": "optimal"})))

    assert "Places are as the network file gives them. Drag" in said([])
    assert "SimBench's low-voltage grids are schematic" in said(["SimBench 1-MVLV-urban, ODbL"])
