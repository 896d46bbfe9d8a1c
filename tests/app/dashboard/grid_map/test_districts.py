"""Districts ranked, and why one of them is as dirty as it is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from app.dashboard.grid_map import chunks
from app.dashboard.grid_map.chunks import layer_values, power_of_buses, time_axis
from app.dashboard.grid_map.districts import districts_of_elements, over_period
from app.dashboard.grid_map.reasons import reason_of
from app.dashboard.grid_map.why_district import sentences, where_from
from app.results.folder import Result
from tests.app.synthetic_results import N_BUSES, N_STEPS, STEP_HOURS

HOURS = (np.arange(N_STEPS) * STEP_HOURS + 2) % 24 // 1  # Berlin in June is two hours ahead of UTC


@pytest.mark.parametrize("hour", [None, 19])
def test_intensities_are_means_by_the_energy_drawn(results: dict[str, Result], monkeypatch, hour):
    monkeypatch.setattr(chunks, "MOST_CELLS", 81 * 50)  # so that several chunks are added up
    result, at = results["optimal"], slice(None) if hour is None else hour == HOURS
    zone = districts_of_elements(result)[0]
    drawn = np.maximum(power_of_buses(result, range(N_STEPS)), 0)[at]
    values = layer_values(result, "carbon", range(N_STEPS))[at, :N_BUSES]
    found = {row["zone"]: row for row in over_period(result, "carbon", hour)}
    for number, name in enumerate(["Feeder 1", "Feeder 2"]):
        of = zone == number
        assert found[name]["value"] == pytest.approx((drawn[:, of] * values[:, of]).sum() / drawn[:, of].sum())
        assert found[name]["mwh"] == pytest.approx(drawn[:, of].sum() * STEP_HOURS)


def test_loadings_are_the_highest_and_losses_the_sum(results: dict[str, Result]):
    result = results["unmanaged"]
    zone = districts_of_elements(result)[1]
    loading, losses = (layer_values(result, key, range(N_STEPS))[:, N_BUSES:] for key in ("loading", "losses"))
    highest = {row["zone"]: row["value"] for row in over_period(result, "loading")}
    total = {row["zone"]: row["value"] for row in over_period(result, "losses")}
    assert highest["Feeder 3"] == pytest.approx(loading[:, zone == 2].max())
    assert total["Feeder 3"] == pytest.approx(losses[:, zone == 2].sum(axis=1).mean())


def test_the_dirtiest_comes_first_and_what_is_unknown_last(results: dict[str, Result]):
    rows = over_period(results["optimal"], "carbon", 19)
    values = [row["value"] for row in rows if row["mwh"] > 0]
    assert values == sorted(values, reverse=True)
    assert (rows[-1]["zone"], rows[-1]["mwh"]) == ("Substation", pytest.approx(0, abs=1e-6))  # nobody draws power there
    assert all(row["value"] is None for row in over_period(results["unmanaged"], "price"))


def test_a_district_gets_its_power_from_where_its_lines_lead(results: dict[str, Result]):
    result = results["unmanaged"]
    at_ms = time_axis(result).ms_at(70)
    reason = reason_of(result, "Feeder 2", at_ms)
    table = result.table("branches").filter(pl.col("branch").cast(pl.String) == "Line 3").collect()
    feeder = next(one for one in reason.inflows if one.through == "Line 3")
    assert (feeder.origin, feeder.p_mw) == ("Substation", pytest.approx(-table["p_to_mw"][70]))
    busbar = result.table("buses").filter(pl.col("bus").cast(pl.String) == "MV Busbar").collect()
    assert feeder.ci_kg_per_mwh == pytest.approx(busbar["ci_kg_per_mwh"][70])
    assert 0 < reason.renewable_share < 1


def test_the_sentence_names_the_figure_the_city_and_the_main_way(results: dict[str, Result]):
    reason = reason_of(results["optimal"], "Feeder 1", time_axis(results["optimal"]).ms_at(68))
    (words,) = sentences(reason)
    assert f"carries {reason.ci_kg_per_mwh:.0f} g/kWh" in words
    assert "the city's mean" in words
    assert f"come from {reason.inflows[0].origin} through {reason.inflows[0].through}" in words
    table = where_from(reason)
    assert table["MW"].to_list()[: len(reason.inflows)] == [one.p_mw for one in reason.inflows]
    assert "Charging places feed in" in table["Power"].to_list()  # cars give back in the evening
