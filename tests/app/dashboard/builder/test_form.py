"""The form has a field for every field of the schema, and puts every fault beside one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dashboard.builder.checking import Checker, keys_of, schema_faults, told
from app.dashboard.builder.files.named import file_faults, file_places
from app.dashboard.builder.form import ROOT, UPLOAD_FIELDS, form
from app.dashboard.builder.labels import label_of, unit_of
from app.dashboard.builder.placing import HALL, PLACEABLE, placed, stands
from app.dashboard.builder.templates import template_content
from app.scenario import check_scenario
from app.scenario.schema import Scenario, schema
from grid.assets import KINDS
from grid.errors import ScenarioError

KNOWN_TYPES = {"number", "text", "date", "boolean", "choice", "constant", "model", "union", "list", "map", "either"}


def test_the_form_covers_every_field_of_the_schema():
    whole = schema()
    models = form()["models"]
    assert form()["root"] == ROOT
    assert models.keys() == {ROOT, *whole["$defs"]}
    for name, model in {ROOT: whole, **whole["$defs"]}.items():
        fields = {field["key"]: field for field in models[name]["fields"]}
        assert fields.keys() == model["properties"].keys()
        assert {key for key, field in fields.items() if field["required"]} == set(model.get("required", ()))
        for key, field in fields.items():
            assert field["about"] == " ".join(model["properties"][key].get("description", "").split())
            assert types_of(field["type"]) <= KNOWN_TYPES
            assert field["label"]
            assert models_of(field["type"]) <= models.keys()


def types_of(kind: dict) -> set[str]:
    inner = [*kind.get("options", []), kind.get("item"), kind.get("value")]
    return {kind["type"]}.union(*(types_of(each) for each in inner if isinstance(each, dict)))


def models_of(kind: dict) -> set[str]:
    inner = [*kind.get("options", []), kind.get("item")]
    own = {kind["model"]} if "model" in kind else set(kind.get("models", {}).values())
    return own.union(*(models_of(each) for each in inner if isinstance(each, dict)))


def test_bounds_units_and_defaults_come_from_the_schema():
    fields = {field["key"]: field for field in form()["models"]["Battery"]["fields"]}
    assert fields["p_rated_mw"] == {
        "key": "p_rated_mw", "label": "Rated power", "unit": "MW", "required": True,
        "type": {"type": "number", "above": 0},
        "about": "Rated power of charging and of discharging, at the grid side of the inverter [MW].",
    }  # fmt: skip
    assert (fields["round_trip_efficiency"]["default"], fields["round_trip_efficiency"]["unit"]) == (0.88, "")
    assert [fields[key]["key"] for key in list(fields)[:3]] == ["name", "bus", "p_rated_mw"]


@pytest.mark.parametrize(
    ("name", "label", "unit"),
    [("p_it_rated_mw", "IT rated power", "MW"), ("t_supply_degc", "Supply temperature", "°C"),
     ("vm_min_pu", "Minimum voltage", "pu"),
     ("carbon_price_per_t", "Carbon price", "{currency}/t"), ("v2g_share", "V2G share", ""), ("days", "Days", "")],
)  # fmt: skip
def test_labels_are_words_with_their_unit_beside_them(name, label, unit):
    assert (label_of(name), unit_of(name, "")) == (label, unit)


FILE_WORDS = ("file (path relative", "CSV file", "Parquet or CSV", "YAML file of", "files (paths relative")


def test_every_field_that_names_a_file_is_known_to_uploads_and_to_the_check_of_paths():
    whole = schema()
    told_as_files = {
        (name, key)
        for name, model in {ROOT: whole, **whole["$defs"]}.items()
        for key, field in model["properties"].items()
        if any(word in " ".join(field.get("description", "").split()) for word in FILE_WORDS)
    }
    several = {("UpstreamSpec", "weather")}  # a list, whose entries are typed
    assert told_as_files - several <= UPLOAD_FIELDS.keys()
    assert {(kind.__name__, field) for kind in KINDS for field in kind.files} <= UPLOAD_FIELDS.keys()


FILES = {
    "city": {"network": "N", "profiles": "P"}, "weather": "W", "carbon": {"factor_set": "F"},
    "upstream": {"csv": "C", "region": "R", "weather": ["U"]}, "power_limits": [{"file": "L"}],
    "assets": [{"kind": "ev_recorded", "file": "E", "power_limits": [{"file": "A"}]}],
    "data_centres": [{"it_load": {"csv": "I"}}], "dispatch": {"forecast": {"file": "O"}},
    "tariff": {"accounts": [{"tariff": "T"}]},
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.json", "a/../../x.csv", "~/x.csv", "C:\\x.csv", "\\\\host\\x.csv", "link/x.csv"]
)
def test_no_name_leads_out_of_the_uploads(tmp_path: Path, name):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "link").symlink_to("/etc")
    assert sorted(value for _, value in file_places(FILES)) == sorted("NPWFCRULEAITO")
    outside = {**FILES, "weather": name, "city": {"network": name}}
    assert [fault.place for fault in file_faults(outside, uploads)] == ["city.network", "weather"]
    account = {**FILES, "tariff": {"accounts": [{"tariff": name}]}}
    assert [fault.place for fault in file_faults(account, uploads)] == ["tariff.accounts[0].tariff"]
    assert list(file_faults(FILES, uploads)) == []
    assert Checker(uploads).check(outside).faults[0].rule.startswith("must be something shipped or an uploaded file")


def test_faults_stand_at_their_fields_in_the_words_of_check(tmp_path: Path):
    content = template_content("shipped:demo", {})[1]
    content["assets"][1] = {**content["assets"][1], "p_rated_mw": -2, "bus": "MV3.101 Bus 8"}
    content["data_centres"][0]["cooling"] = {"kind": "water_economiser", "t_supply_degc": "warm"}
    content["period"] = {"start": "soon", "days": 7}
    with pytest.raises(ScenarioError) as raised:
        check_scenario(content, tmp_path, "as the command line checks it")
    full = Checker(tmp_path).check(content).faults
    assert [str(fault) for fault in full] == [str(fault) for fault in raised.value.faults]
    assert {str(fault) for fault in schema_faults(content, tmp_path)} <= {str(fault) for fault in full}
    rows = {tuple(row["keys"]): row for row in told(full, content)}
    assert rows["assets", 1, "p_rated_mw"]["words"] == "must be greater than 0; got -2"
    assert rows["assets", 1, "p_rated_mw"]["path"] == "assets[feeder 8].p_rated_mw"
    assert rows["assets", 1, "p_rated_mw"]["label"] == "feeder 8: rated power"
    assert rows["assets", 1, "bus"]["suggestion"] == "MV3.101 Bus 98"
    assert rows["data_centres", 0, "cooling", "t_supply_degc"]["words"] == "must be a number; got 'warm'"
    assert ("period", "start") in rows


def test_a_place_of_a_fault_that_leads_nowhere_keeps_what_it_says():
    assert keys_of("assets[7].battery.p_rated_mw", {"assets": []}) == ["assets", 7, "battery", "p_rated_mw"]
    assert keys_of("city.profiles: load/a", {}) == ["city", "profiles"]
    assert keys_of("", {}) == []


def test_everything_that_can_be_placed_is_valid_where_it_is_placed(tmp_path: Path):
    content = template_content("shipped:today", {})[1]
    for one in PLACEABLE:
        content, name = placed(content, one.kind, "MV3.101 Bus 60", one.start)
        assert name
    assert Checker(tmp_path).check(content).faults == ()
    Scenario.model_validate(content)
    assert len(stands(content)) == len(PLACEABLE)
    placeable = {one.kind for one in PLACEABLE} - {HALL}
    assert {kind.model_fields["kind"].default for kind in KINDS} - placeable == {"ev_recorded"}  # it needs a file
