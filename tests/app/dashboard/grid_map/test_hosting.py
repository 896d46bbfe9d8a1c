"""Hosting capacities for the map: computed by the command, kept beside the results of their scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dashboard import create_app
from app.dashboard.grid_map.geometry import bus_names
from app.dashboard.grid_map.hosting import card as hosting_card
from app.dashboard.grid_map.hosting.kept import HOSTED, hosting_by_bus, hosting_version, how_to_get
from app.dashboard.view import View
from app.results.folder import Result
from app.studies.hosting.capacity import Hosting
from app.studies.hosting.case import Binding
from app.studies.hosting.kept import keep, kept_at, kept_capacities


def test_until_they_are_kept_the_map_says_how_to_get_them(results: dict[str, Result]):
    result = results["optimal"]
    assert "gridcarbon hosting scenario.yaml --of 'north' --all --keep DIR" in how_to_get(result, "hosting")
    place = keep(result.path.parent, result.scenario_hash, [Hosting("Bus 20", 1.3, 1.6, None)])
    try:
        assert how_to_get(result, "hosting") == ""
        assert hosting_version(result, "hosting") != ""
        assert kept_capacities(result.path.parent, result.scenario_hash) == {"Bus 20": 1.3}
        assert hosting_version(results["unmanaged"], "hosting") == ""  # of another scenario
    finally:
        place.unlink()
    assert kept_at(result.path.parent, result.scenario_hash) == place


def test_without_a_data_centre_there_is_nothing_to_host(plain_results: dict[str, Result], monkeypatch):
    result = plain_results["plain"]
    monkeypatch.setitem(result.__dict__, "scenario", {**result.scenario, "data_centres": []})
    assert "no data centre whose design" in how_to_get(result, "hosting")


class Asked:
    """A queue that only remembers what it was asked for."""

    def __init__(self) -> None:
        self.studies: list[tuple[str, str]] = []

    def submit_study(self, _content: object, _folder: Path, study: str, _name: str, result: str) -> Asked:
        self.studies.append((study, result))
        return self

    key, status = "k", "waiting"


@pytest.mark.parametrize(
    ("layer", "study"),
    [("hosting", "hosting north"), ("hosting_pv", "hosting pv"), ("hosting_ev_fleet", "hosting ev_fleet"),
     ("hosting_heat_pump", "hosting heat_pump")],
)  # fmt: skip
def test_each_kind_can_be_asked_for(results: dict[str, Result], layer: str, study: str):
    app = create_app(results)
    client, place = app.server.test_client(), f"/map/optimal/hosting/{layer}"
    assert client.post(place).status_code == 404  # nothing can be run here
    asked = app.server.config["GRIDCARBON_JOBS"] = Asked()
    assert client.post(place).json == {"run": {"key": "k", "status": "waiting"}}
    assert client.post("/map/optimal/hosting/voltage").status_code == 404
    assert asked.studies == [(study, "optimal")]


def test_the_card_says_what_each_bus_takes_and_what_stops_it(results: dict[str, Result]):
    result = results["optimal"]
    binding = Binding("Line 20", "loading_percent", 60.4, 60.0, 3)
    place = keep(result.path.parent, result.scenario_hash,
                 [Hosting("Bus 20", 1.3, 1.2, binding), Hosting("Bus 19", 0.5, 0.4, binding)], "pv")  # fmt: skip
    try:
        view = View.of(results, {"search": "?result=optimal"})
        text = str(hosting_card.hosting_card(view))
        assert "2 buses: 0.50 to 1.30 MW of peak power" in text
        assert "layer=hosting_pv" in text
        rows = hosting_card.kept_rows(result, "hosting_pv")
        assert rows is not None
        headings = {heading for heading, _ in hosting_card.of_hosting().headings}
        assert set(hosting_card.shown_rows(rows, HOSTED["hosting_pv"]).frame.columns) <= headings
        assert "Line 20, loading 60.4 %" in hosting_card.in_words(rows.with_columns(size=0.0), HOSTED["hosting_pv"])
        of_bus = hosting_by_bus(result, "pv")
        assert of_bus[bus_names(result).index("Bus 20")] == 1.3
        assert hosting_version(result, "hosting") == ""  # of data centres nobody asked
    finally:
        place.unlink()
