"""Measures: results that differ in one input, those that save most first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.dashboard.comparing.measures_card import builder_setting, change_words
from app.results.folder import Result
from app.studies.differences.measures import (
    ScenarioChange,
    cost_without_carbon_price,
    measures_of,
    most_effective,
    single_change,
)
from tests.app.dashboard.comparing.copies import copied

DEPOT = {"kind": "battery", "name": "depot", "e_rated_mwh": 2, "p_rated_mw": 1}
BASE: dict[str, Any] = {"name": "town", "dispatch": {"strategy": "smart"}, "assets": [DEPOT]}


def with_battery(**fields: Any) -> dict[str, Any]:
    return {**BASE, "assets": [{**DEPOT, **fields}]}


@pytest.mark.parametrize(("other", "change"), [
    ({**BASE, "name": "village"}, None),
    ({**BASE, "dispatch": {"strategy": "optimal"}}, ScenarioChange("dispatch.strategy", "smart", "optimal")),
    (with_battery(e_rated_mwh=4), ScenarioChange("assets[depot].e_rated_mwh", 2, 4)),
    (with_battery(e_rated_mwh=4, p_rated_mw=2), ScenarioChange("assets[depot]")),
    ({**BASE, "assets": []}, ScenarioChange("assets[depot]")),
    ({**with_battery(e_rated_mwh=4), "dispatch": {"strategy": "optimal"}}, None),
])  # fmt: skip
def test_one_input_is_a_value_or_an_asset(other: dict[str, Any], change: ScenarioChange | None) -> None:
    assert single_change(BASE, other) == change


def test_changes_are_told_and_lead_into_the_builder() -> None:
    battery = ScenarioChange("assets[depot].e_rated_mwh", 2, 4)
    assert change_words(battery) == "depot: e_rated_mwh 4 instead of 2"
    assert builder_setting(battery) == "assets[depot].e_rated_mwh:4"
    assert change_words(ScenarioChange("dispatch.strategy", "smart", "optimal")) == (
        "dispatch.strategy optimal instead of smart"
    )
    assert builder_setting(ScenarioChange("dispatch.v2g", True, False)) == "dispatch.v2g:false"
    assert change_words(ScenarioChange("assets[depot]")) == "depot otherwise"
    assert builder_setting(ScenarioChange("assets[depot]")) == ""


def test_those_that_save_most_come_first_and_each_input_once(results: dict[str, Result], tmp_path: Path) -> None:
    base = results["unmanaged"]
    cost, caused = (float(base.summary[key]) for key in ("cost", "emissions_marginal_not_in_inventory_t"))

    def run(name: str, saved: float, added: float, **dispatch: Any) -> tuple[str, Result]:
        figures = {"cost": cost + added, "emissions_marginal_not_in_inventory_t": caused - saved}
        scenario = {**base.scenario["dispatch"], **dispatch}
        return name, copied(base, tmp_path / name, figures, dispatch=scenario)

    found = measures_of(base, [
        run("smart", 1.0, -5.0, strategy="smart"), run("optimal", 3.0, 60.0, strategy="optimal"),
        run("dear", 2.0, 100.0, carbon_price_per_t=160), run("worse", -1.0, 1.0, horizon_hours=12),
        run("two", 9.0, 0.0, strategy="smart", carbon_price_per_t=90),
    ])  # fmt: skip
    assert [one.name for one in found] == ["optimal", "dear", "smart", "worse"]
    best = most_effective(found)
    assert [one.name for one in best] == ["optimal", "dear"]
    assert [one.cost_per_t for one in best] == pytest.approx([20.0, 50.0])
    assert found[2].cost_per_t is None
    assert cost_without_carbon_price(base) <= base.summary["cost"]
