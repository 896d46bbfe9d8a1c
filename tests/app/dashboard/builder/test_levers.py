"""Levers read and write every shipped scenario; what they change can be taken back, chip by chip."""

from __future__ import annotations

import pytest

from app.batch.sweep.base import shipped_names
from app.dashboard.builder.content import Content
from app.dashboard.builder.drafts.changes import changes, without, words
from app.dashboard.builder.levers.declared import BY_KEY, LEVERS, turned
from app.dashboard.builder.levers.lever import NetFacts
from app.dashboard.builder.levers.sweeping import axes, sweep_content
from app.dashboard.builder.templates import template_content
from app.scenario.schema import Scenario
from grid.errors import InputError

SCENARIOS = [f"shipped:{name}" for name in shipped_names()]


def content_of(template: str = "shipped:demo") -> Content:
    return template_content(template, {})[1]


def net() -> NetFacts:
    return NetFacts("MV3.101 busbar1A")


def offered(key: str) -> list[object]:
    lever = BY_KEY[key]
    if lever.range is not None:
        middle = round((lever.range.low + lever.range.high) / 2)
        return (
            [lever.range.low, middle, lever.range.high] if lever.range.high > 2 else [lever.range.low, lever.range.high]
        )
    return [choice.value for choice in lever.choices] or ["2031-03-01"]


@pytest.mark.parametrize("template", SCENARIOS)
@pytest.mark.parametrize("key", list(BY_KEY))
def test_a_lever_reads_what_it_wrote_and_every_chip_takes_it_back(template, key):
    content, lever = content_of(template), BY_KEY[key]
    assert turned(content, key, lever.read(content), net) == content
    if lever.hindrance(content):
        return
    for value in offered(key):
        made = turned(content, key, value, net)
        assert lever.read(made) == value
        Scenario.model_validate(made)
        back = made
        for change in changes(content, made):
            assert words(change, content, made)["label"]
            back = without(content, back, change.path)
        assert changes(content, back) == ()
        Scenario.model_validate(back)


def test_every_lever_says_its_unit_or_choices_its_range_and_its_places():
    for lever in LEVERS:
        assert lever.meaning.endswith(".")
        assert lever.kind != "number" or (lever.range is not None and lever.range.source and lever.unit)
        assert lever.kind != "choice" or lever.choices
    assert BY_KEY["v2g_share"].paths(content_of()) == ("assets[homes].v2g_share",)
    assert BY_KEY["battery_mw"].paths(content_of()) == ("assets[feeder 8].p_rated_mw",)


def test_a_lever_adds_what_is_absent():
    content = content_of("shipped:today")
    made = turned(turned(content, "battery_mwh", 8, net), "dc_it_mw", 2, net)
    assert made["assets"] == [
        {"kind": "battery", "where": {"areas": "all"}, "p_rated_mw": 2, "e_rated_mwh": 8, "name": "battery"}
    ]
    assert made["data_centres"] == [{"bus": "MV3.101 busbar1A", "p_it_rated_mw": 2, "name": "data centre"}]
    assert BY_KEY["dc_cooling"].hindrance(content)
    assert not BY_KEY["dc_cooling"].hindrance(made)


def test_a_stated_pue_takes_the_place_of_the_plant_until_a_plant_is_chosen():
    content = turned(content_of("shipped:today"), "dc_it_mw", 2, net)
    stated = turned(content, "dc_pue", 1.25, net)
    assert stated["data_centres"][0]["stated"] == {"pue": 1.25}
    assert Scenario.model_validate(stated).data_centres[0].stated.pue == 1.25
    assert "water" in BY_KEY["dc_pue"].hint(stated)
    assert BY_KEY["dc_cooling"].read(stated) is None
    chosen = turned(stated, "dc_cooling", "water_economiser", net)
    assert "stated" not in chosen["data_centres"][0]
    assert turned(stated, "dc_pue", None, net) == content
    asked = [{"lever": "dc_pue", "values": [1.2, 1.3]}, {"lever": "carbon_price", "values": [0, 100]}]
    parameters = sweep_content("two", content, axes(asked, content), net)["design"]["parameters"]
    assert parameters["data_centres[data centre].stated.pue"] == [1.2, 1.3]


def test_v2g_lets_the_dispatch_feed_in_and_says_when_it_has_no_effect():
    content = content_of("shipped:2030_smart")
    made = turned(content, "v2g_share", 40, net)
    assert made["dispatch"]["v2g"] is True
    assert "strategy optimal" in BY_KEY["v2g_share"].hint(made)
    assert BY_KEY["v2g_share"].hint(turned(made, "strategy", "optimal", net)) == ""


def test_several_of_a_kind_are_scaled_alike_and_whole_numbers_stay_whole():
    content = content_of()
    content["assets"] = [
        *content["assets"],
        {"kind": "ev_fleet", "name": "more", "where": {"areas": "lv"}, "vehicles": 1500},
    ]
    made = turned(content, "ev_vehicles", 1001, net)
    assert [item["vehicles"] for item in made["assets"] if item["kind"] == "ev_fleet"] == [801, 200]
    assert BY_KEY["ev_vehicles"].read(made) == 1001


def test_what_is_no_number_goes_to_the_field_where_the_check_finds_it():
    made = turned(content_of(), "battery_mw", "two", net)
    assert made["assets"][1]["p_rated_mw"] == "two"
    with pytest.raises(InputError, match="no such lever"):
        turned(made, "wind", 2, net)
    with pytest.raises(InputError, match="must be one of unmanaged, smart, optimal"):
        turned(made, "strategy", "best", net)


def test_changes_name_what_was_added_removed_set_and_made_another_kind():
    base = content_of()
    content = {**base, "assets": [base["assets"][0], {"kind": "wind", "name": "turbine", "bus": "b", "p_rated_mw": 4}]}
    content["data_centres"] = [{**base["data_centres"][0], "cooling": {"kind": "immersion"}, "utilisation": 0.9}]
    found = {change.path: words(change, base, content) for change in changes(base, content)}
    assert {path: said["label"] for path, said in found.items()} == {
        "assets[turbine]": "added: turbine (wind)", "assets[feeder 8]": "removed: feeder 8 (battery)",
        "assets[homes]": "removed: homes (ev fleet)", "data_centres[north].cooling": "Cooling",
        "data_centres[north].utilisation": "north: utilisation",
    }  # fmt: skip
    back = without(base, content, "assets[homes]")
    assert [item["name"] for item in back["assets"]] == ["roofs", "turbine", "homes"]
    with pytest.raises(InputError, match="no difference"):
        without(base, base, "assets[homes]")


def test_two_levers_that_are_one_place_each_make_a_grid():
    content = content_of()
    asked = axes(
        [{"lever": "carbon_price", "values": [0, 100]}, {"lever": "battery_mwh", "values": [4, 8, 16]}], content
    )
    sweep = sweep_content("both", content, asked, net)
    assert sweep["design"] == {
        "kind": "grid",
        "parameters": {"dispatch.carbon_price_per_t": [0, 100], "assets[feeder 8].e_rated_mwh": [4, 8, 16]},
    }


def test_levers_of_several_places_make_variants_that_name_their_values():
    content = content_of("shipped:2030_smart")
    asked = axes([{"lever": "v2g_share", "values": [0, 50]}, {"lever": "battery_mw", "values": [0, 1]}], content)
    design = sweep_content("both", content, asked, net)["design"]
    assert [variant["name"] for variant in design["variants"]] == [
        "V2G 0 %, Battery power 0 MW", "V2G 0 %, Battery power 1 MW",
        "V2G 50 %, Battery power 0 MW", "V2G 50 %, Battery power 1 MW",
    ]  # fmt: skip
    assert design["variants"][2]["changes"] == {
        "adoption.v2g_share": 0.5, "dispatch.v2g": True, "assets[feeder 8]": None,
    }  # fmt: skip


def test_a_sweep_of_nonsense_says_all_that_is_wrong():
    asked = [{"lever": "carbon_price", "values": ["dear"]}, {"lever": "dc_cooling", "values": []}]
    with pytest.raises(InputError) as raised:
        axes(asked, content_of("shipped:today"))
    assert [fault.place for fault in raised.value.faults] == ["levers[0].values", "levers[1].values", "levers[1]"]
    many = axes(
        [{"lever": "carbon_price", "values": range(40)}, {"lever": "import_markup", "values": range(40)}], content_of()
    )
    with pytest.raises(InputError, match="comes to 1600 runs; at most 400"):
        sweep_content("many", content_of(), many, net)


def test_power_chains_and_cooling_are_called_as_on_the_page_of_data_centres() -> None:
    words = {choice.value: choice.label for name in ("dc_cooling", "dc_power_chain") for choice in BY_KEY[name].choices}
    assert words["hvdc_240"] == "240 V DC"
    assert words["mains_hvdc"] == "mains and 240 V DC"
    assert words["water_economiser"] == "tower, chillers when warm"
