"""The state of a city by few measurements: what the folder says, and that carbon is traced as in the run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.twin.estimation.carbon import intensities, stored_intensity
from app.twin.estimation.city_state import city_state
from app.twin.estimation.elements import city_elements
from app.twin.estimation.expectations import expectations
from app.twin.estimation.expected.history import weeks_before
from app.twin.estimation.folder import notes_of
from app.twin.estimation.measured_city import MeasuredCity, measurements_of
from app.twin.estimation.operating_points import OperatingPoints
from app.twin.measuring.files import read_measurements
from app.twin.measuring.solved_state import by_step_and_name, solved_state
from app.twin.operation.estimated import DayEstimate
from grid.twin.learning.records import AlertRecord
from grid.twin.quality import mark
from tests.app.command_line import gridcarbon, refused
from tests.app.twin.small_city import small_city

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    found = small_city(folder, 1, 60)
    done = gridcarbon("twin", "simulate", found, folder / "m.parquet", "--share", 0.3, "--faults", 0)
    assert done.returncode == 0, done.stderr
    return found


@pytest.fixture(scope="module")
def city(result):
    return MeasuredCity.from_result(result)


def test_carbon_at_the_true_powers_is_that_of_the_run(city):
    solved, elements = solved_state(city.result, city.inputs.loaded), city_elements(city.inputs)
    own = {"load": city.inputs.loaded.city.loads.p_mw(), "generator": -city.inputs.loaded.city.generators.p_mw()}
    p_mw = np.stack(
        [
            solved.of_assets[elements.owner[k]][0][:, elements.bus[k]] if origin == "asset"
            else own[origin][:, elements.row[k]]
            for k, origin in enumerate(elements.origin)
        ], axis=1,
    )  # fmt: skip
    points = OperatingPoints(np.arange(city.clock.n_steps), solved.flow.voltage, p_mw)
    stored, _ = stored_intensity(city.inputs, elements, points)
    network = solved.flow.network
    found = intensities(city.inputs, elements, points, stored)[:, network.buses.node]
    table = city.result.table("buses").collect()
    true = by_step_and_name(table, city.clock, "bus", "ci_kg_per_mwh", network.buses.names)
    np.testing.assert_allclose(found, true, rtol=1e-3, atol=0.02)  # the result is rounded to a 32nd


def test_a_day_goes_on_with_what_stores_held_at_midnight(city):
    solved, elements = solved_state(city.result, city.inputs.loaded), city_elements(city.inputs)
    n = city.clock.n_steps
    p_mw = np.zeros((n, len(elements.name)))
    p_mw[:, elements.owner.index("store")] = 0.1
    points = OperatingPoints(np.arange(n), solved.flow.voltage, p_mw)
    whole, end = stored_intensity(city.inputs, elements, points, {"store": 900.0})
    at = elements.owner.index("store")
    assert whole[0, at] > 900.0  # conversion loses some of the energy, not of the carbon
    assert 0 < end["store"] < 900.0
    _, other = stored_intensity(city.inputs, elements, points)
    assert abs(other["store"] - end["store"]) < 900.0 * np.exp(-n * city.clock.step_hours / 8.0)


def test_what_is_idle_by_its_meter_does_not_feed_in(result, city):
    series, elements = measurements_of(str(result.parent / "m.parquet"), city.clock), city_elements(city.inputs)
    expected = expectations(city.inputs, elements, series)
    least, most = expected.limits
    roofs = elements.name.index("roofs")
    said = series.select("asset", "p_mw", ["roofs"])[0][:, 0]
    assert roofs in expected.known
    np.testing.assert_array_equal(least[said > -1e-3, roofs], 0.0)
    np.testing.assert_array_equal(least[said < -0.1, roofs], -np.inf)
    assert (most[:, roofs] == 0.0).all()
    assert not expected.decided_mw[:, expected.known].any()


def test_the_folder_holds_what_is_documented(result):
    folder = result.parent / "estimate"
    done = gridcarbon("twin", "estimate", result, result.parent / "m.parquet", folder, "--check")
    assert done.returncode == 0, done.stderr
    assert "voltages of buses: " in done.stdout
    assert re.search(r"error against the result.*: voltages \S+ %, loadings .* \S+ percentage points", done.stdout)
    assert "true values within their band of 90 %: voltages " in done.stdout
    inside = gridcarbon("twin", "estimate", result, result.parent / "m.parquet", result / "summary.json" / "e")
    refused(inside, "FOLDER: cannot be made", "summary.json' is a file")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["n_settled"] == manifest["n_steps"] == 24
    assert sum(manifest["observability"].values()) == 33
    documented = {}
    for line in Path("docs/twin.md").read_text("utf-8").splitlines():
        if line.startswith("| `") and ".parquet" in line:
            name, columns = line.split("|")[1:3]
            documented[name.strip(" `")] = columns
    for name, words in documented.items():
        columns = pl.read_parquet(folder / name).columns
        assert columns == [each for each in columns if f"`{each}`" in words]
    buses = pl.read_parquet(folder / "buses.parquet")
    assert buses.height == 24 * 33
    assert buses.filter(
        (pl.col("vm_low_pu") > pl.col("vm_pu")) | (pl.col("ci_low_kg_per_mwh") > pl.col("ci_kg_per_mwh"))
    ).is_empty()
    refused(gridcarbon("twin", "estimate", result, result.parent / "m.parquet", folder), "is there already")


def test_the_service_estimates_the_steps_that_are_over(result, city):
    file, folder = result.parent / "m.parquet", result.parent / "steps"
    done = gridcarbon("twin", "run", file, result.parent / "m.db", "--city", result, "--estimate", folder)
    assert done.returncode == 0, done.stderr
    (found,) = folder.iterdir()
    manifest = json.loads((found / "manifest.json").read_text())
    assert (found.name, manifest["n_steps"], manifest["n_settled"]) == ("2030-06-17T2300Z", 23, 23)
    assert f"estimated from {manifest['n_sensors']} measured quantities" in done.stdout
    whole = city_state(city.inputs, measurements_of(str(file), city.clock))
    vm_pu = pl.read_parquet(found / "buses.parquet")["vm_pu"].to_numpy().reshape(23, 33)
    np.testing.assert_allclose(vm_pu, whole.vm_pu.value[:23], atol=2e-3)
    refused(gridcarbon("twin", "run", file, result.parent / "m.db", "--estimate", folder), "--city: is needed")


def test_in_the_first_step_of_a_new_store_there_is_nothing_to_say(result):
    frame, folder = pl.read_parquet(result.parent / "m.parquet"), result.parent / "first"
    folder.mkdir()
    begins = frame["time"].min()
    frame.filter(pl.col("time") == begins).with_columns(received=pl.lit(begins)).write_parquet(folder / "m.parquet")
    steps = ("--city", result, "--estimate", folder / "steps")
    done = gridcarbon("twin", "run", folder / "m.parquet", folder / "m.db", *steps)
    assert done.returncode == 0, done.stderr
    assert "no estimate" not in done.stdout
    late = frame.filter(pl.col("time") == begins).with_columns(pl.lit("missing").alias("quality"), value=None)
    hour = pl.duration(hours=2)
    late.with_columns(pl.col("time") + hour, pl.col("received") + hour).write_parquet(folder / "n.parquet")
    none = gridcarbon("twin", "run", folder / "n.parquet", folder / "n.db", *steps)
    assert "no estimate at" in none.stdout


def test_the_estimate_says_what_came_of_an_alert_where_nothing_is_metered(result, city):
    marked = mark(read_measurements(result.parent / "m.parquet"))
    vm_pu = solved_state(city.result, city.inputs.loaded).flow.vm_pu()
    metered = marked.filter(pl.col("quantity") == "vm_pu")["element"].unique().to_list()
    names = city.inputs.loaded.city.network.buses.names
    bus = min((k for k, name in enumerate(names) if name not in metered), key=lambda k: vm_pu[:, k].min())
    estimated, clock = DayEstimate(city.inputs, marked, 24, weeks_before(city.inputs.loaded).city), city.clock
    for limit, came in ((vm_pu[:, bus].min() + 0.02, True), (vm_pu[:, bus].min() - 0.02, False)):
        alert = AlertRecord("a", clock.start, "raised", "alarm", "vm_pu", names[bus], 1.0, side="low", limit=limit,
                            begins=clock.start, ends=clock.stop)  # fmt: skip
        exceeded, worst = estimated.exceeded(alert, 0.0)
        assert exceeded is came
        assert worst == pytest.approx(vm_pu[:, bus].min(), abs=0.01)
    unknown = replace(alert, element="nowhere")
    assert estimated.exceeded(unknown, 0.0) == (None, None)
    assert DayEstimate(city.inputs, marked, 24, None).exceeded(alert, 0.0) == (None, None)


def test_more_stations_err_less_and_have_narrower_bands(result, city):
    widths = []
    for share in (0.05, 1.0):
        file = result.parent / f"{share}.parquet"
        assert gridcarbon("twin", "simulate", result, file, "--share", share, "--faults", 0).returncode == 0
        state = city_state(city.inputs, measurements_of(str(file), city.clock))
        assert len(state.clean.bad) <= 1  # of 4,000 values, one in 16,000 is so far off by chance
        band = state.ci_kg_per_mwh
        widths.append([np.nanmean(each.high - each.low) for each in (state.vm_pu, state.loading_percent, band)])
    assert (np.array(widths[1]) < np.array(widths[0])).all()


def test_a_wrong_value_is_named(result, city):
    frame = pl.read_parquet(result.parent / "m.parquet")
    line = frame.filter(pl.col("quantity") == "p_from_mw")["element"][0]
    at = (pl.col("element") == line) & (pl.col("quantity") == "p_from_mw") & (pl.col("sequence") == 20)
    wrong = frame.with_columns(pl.when(at).then(pl.col("value") * 1.3).otherwise("value").alias("value"))
    wrong.write_parquet(result.parent / "wrong.parquet")
    state = city_state(city.inputs, measurements_of(str(result.parent / "wrong.parquet"), city.clock))
    assert [(each.step, each.element, each.quantity) for each in state.clean.bad] == [(20, line, "p_from_mw")]


def test_places_that_the_city_does_not_have_are_named(result, city):
    frame = pl.read_parquet(result.parent / "m.parquet")
    assert not any("the city has no" in note for note in said_of(city, result.parent / "m.parquet"))
    bus, asset = (frame.filter(pl.col("element_kind") == kind)["element"][0] for kind in ("bus", "asset"))
    renamed = frame.with_columns(pl.col("element").cast(pl.String).replace({bus: "Bus 4711", asset: "no such plant"}))
    renamed.write_parquet(result.parent / "renamed.parquet")
    (note,) = (note for note in said_of(city, result.parent / "renamed.parquet") if "the city has no" in note)
    assert "measured quantities count for nothing" in note
    named = note.removesuffix(".").partition("the city has no ")[2].split(", ")
    assert sorted(named) == ["asset no such plant", "bus Bus 4711"]


def said_of(city, file):
    return list(notes_of(city_state(city.inputs, measurements_of(str(file), city.clock))))


def test_stations_are_placed_where_they_leave_least(result):
    done = gridcarbon("twin", "sensors", result, "-n", 3, "--for", "carbon", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len({row["bus"] for row in rows}) == 3
    assert all(row["after"] <= row["before"] for row in rows)
    assert "stations at all buses leave" in done.stderr
    refused(gridcarbon("twin", "sensors", result, "--for", "carbn"), "did you mean 'carbon'?")
