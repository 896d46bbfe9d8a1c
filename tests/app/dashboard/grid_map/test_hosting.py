"""Hosting capacities for the map: computed by the command, kept beside the results of their scenario."""

from __future__ import annotations

from app.dashboard.grid_map.hosting import hosting_version, how_to_get
from app.results.folder import Result
from app.studies.hosting.capacity import Hosting
from app.studies.hosting.kept import keep, kept_at, kept_capacities


def test_until_they_are_kept_the_map_says_how_to_get_them(results: dict[str, Result]):
    result = results["optimal"]
    assert "gridcarbon hosting scenario.yaml --data-centre 'north' --all --keep DIR" in how_to_get(result)
    place = keep(result.path.parent, result.scenario_hash, [Hosting("Bus 20", 1.3, 1.6, None)])
    try:
        assert how_to_get(result) == ""
        assert hosting_version(result) != ""
        assert kept_capacities(result.path.parent, result.scenario_hash) == {"Bus 20": 1.3}
        assert hosting_version(results["unmanaged"]) == ""  # of another scenario
    finally:
        place.unlink()
    assert kept_at(result.path.parent, result.scenario_hash) == place


def test_without_a_data_centre_there_is_nothing_to_host(plain_results: dict[str, Result], monkeypatch):
    result = plain_results["plain"]
    monkeypatch.setitem(result.__dict__, "scenario", {**result.scenario, "data_centres": []})
    assert "no data centre whose design" in how_to_get(result)
