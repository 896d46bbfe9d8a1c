"""What charging does to the feeders, on the page of electric cars."""

from __future__ import annotations

import polars as pl
import pytest

from app.dashboard.figures import ev, feeders
from app.dashboard.figures.chart import go
from app.dashboard.local_time import step_hours
from app.dashboard.view import View
from app.results.folder import Result
from tests.app.synthetic_results import FLEET, LIMITS

ZONE = "Europe/Berlin"


def test_the_fullest_line_of_all_hours_is_the_worst_line_of_the_summary(results: dict[str, Result]) -> None:
    result = results["unmanaged"]
    hourly = feeders.hourly_worst_loading(result.table("branches"), ZONE)
    assert hourly["hour"].to_list() == list(range(24))
    assert hourly["loading_percent"].max() == pytest.approx(result.summary["line_loading_max_percent"])
    worst = hourly.sort("loading_percent").row(-1, named=True)
    rows = result.table("branches").filter(pl.col("branch").cast(pl.String) == worst["line"]).collect()
    assert rows["loading_percent"].max() == pytest.approx(worst["loading_percent"])


def test_the_chart_has_a_line_for_each_result_and_one_for_the_limit(results: dict[str, Result]) -> None:
    hourly = {name: feeders.hourly_worst_loading(result.table("branches"), ZONE) for name, result in results.items()}
    figure = feeders.worst_loading(hourly, LIMITS["line_loading_max_percent"], "dark")
    assert [trace.name for trace in figure.data] == list(results)
    assert [shape.y0 for shape in figure.layout.shapes] == [LIMITS["line_loading_max_percent"]]
    assert isinstance(feeders.worst_loading({}, None, "light"), go.Figure)


def test_deciles_of_sessions_are_in_order_and_around_the_median(results: dict[str, Result]) -> None:
    sessions = {name: result.table("sessions").collect() for name, result in results.items()}
    frame = ev.deciles_g_per_km(sessions)
    assert frame["Result"].to_list() == list(results)
    for row in frame.iter_rows(named=True):
        tenths = [row[f"P{percent}"] for percent in range(10, 100, 10)]
        assert tenths == sorted(tenths)
        assert row["P50"] == pytest.approx(sessions[row["Result"]]["g_per_km"].median())
    assert ev.deciles_g_per_km({"none": sessions["optimal"].clear()})["P50"].to_list() == [None]


def test_results_stand_side_by_side_the_baseline_first_and_the_one_looked_at_last(results: dict[str, Result]) -> None:
    view = View.of(results, {"search": "?result=optimal&with=optimal,unmanaged,nothing"})
    assert list(view.side_by_side.values()) == [results["unmanaged"], results["optimal"]]
    powers = {name: ev.fleet_power(result.table("assets"), [FLEET]) for name, result in view.side_by_side.items()}
    assert step_hours(next(iter(powers.values()))) == 0.25
