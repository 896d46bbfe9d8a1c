"""Pages of cars and hydrogen."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.figures import ev_coefficients, hydrogen
from app.dashboard.pages import ev
from app.dashboard.pages import hydrogen as hydrogen_page
from app.dashboard.view import View
from app.results.folder import Result
from tests.app.synthetic_results import N_STEPS

AVOIDED = "Avoided elsewhere (not in the inventory)"


def view(results: dict[str, Result], name: str = "optimal") -> View:
    return View.of(results, {"search": f"?result={name}"})


def words(component: object) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_the_credit_stands_apart_and_is_named(results: dict[str, Result]) -> None:
    frame = ev.avoided_by_result({"unmanaged": results["unmanaged"], "optimal": results["optimal"]})
    assert set(frame["Result"]) == {"optimal"}  # nothing was fed in without management
    assert frame["Against"].to_list() == ["marginal", "marginal", "average", "average"]
    np.testing.assert_allclose(
        frame["Avoided [kg]"], frame["Replaced [kg]"] - frame["Released [kg]"] - frame["Wear [kg]"]
    )
    assert AVOIDED in words(ev.content(view(results)))
    assert not any("void" in column for column in ev.totals_by_result(results).columns)


def test_places_have_a_panel_each_and_gaps_where_nobody_charges(results: dict[str, Result]) -> None:
    hours = {name: result.table("charging_hours").collect() for name, result in results.items()}
    figure = ev_coefficients.intensity_by_place(hours, "light")
    assert [note.text for note in figure.layout.annotations] == ["At home", "work"]
    assert len(figure.data) == 4
    trace = figure.data[0]
    assert list(trace.x) == list(range(24))
    assert [hour for hour, ci in zip(trace.x, trace.y, strict=True) if ci is not None] == [7, 12, 18, 23]
    assert trace.y[12] == pytest.approx(360)


def test_bars_of_classes_are_the_g_per_km_of_the_table(results: dict[str, Result]) -> None:
    classes = {name: result.table("vehicle_classes").collect() for name, result in results.items()}
    figure = ev_coefficients.per_kilometre_by_class(classes, "dark")
    for trace, frame in zip(figure.data, classes.values(), strict=True):
        assert list(trace.x) == frame["vehicle_class"].to_list() == ["medium", "van"]
        assert list(trace.y) == frame["g_per_km"].to_list()


def test_charts_of_nothing_say_so() -> None:
    none = pl.DataFrame(schema={"place": pl.String, "vehicle_class": pl.String, "g_per_km": pl.Float64})
    assert "No car charges" in ev_coefficients.intensity_by_place({"a": none}, "light").layout.annotations[0].text
    assert "No session" in ev_coefficients.per_kilometre_by_class({"a": none}, "light").layout.annotations[0].text


def test_hydrogen_is_shown_by_station_against_the_baseline(results: dict[str, Result]) -> None:
    rows = hydrogen_page.stations(view(results))
    assert rows["Result"].to_list() == ["Synthetic town, unmanaged", "Synthetic town, optimal"]
    assert rows["Refuelled [kg]"].to_list() == [2.0 * N_STEPS] * 2
    frame = results["optimal"].table("hydrogen").collect()
    tank, refuelled = hydrogen.tanks_and_refuelling(frame, "Europe/Berlin", "light").data
    np.testing.assert_allclose(tank.y, 300.0)
    np.testing.assert_allclose(refuelled.y, 8.0)  # 2 kg in a quarter of an hour
    carbon = hydrogen.carbon_per_kilogram(frame, "Europe/Berlin", "light").data[0]
    np.testing.assert_allclose(carbon.y, frame["tank_kg_per_kg"])


def test_a_result_without_hydrogen_says_how_to_get_it(plain_results: dict[str, Result]) -> None:
    assert "kind hydrogen_station" in words(hydrogen_page.content(view(plain_results, "plain")))
