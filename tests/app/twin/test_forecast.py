from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from tests.app.command_line import gridcarbon, refused, scenario
from tests.few_trees import few_trees  # noqa: F401  a fixture

HOURS = np.arange(24 * 36)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    rng = np.random.default_rng(0)
    warm = 10 + 5 * np.sin(HOURS / 24 * 2 * np.pi) + rng.normal(0, 2, HOURS.size)
    demand = 20 + 3 * np.sin(HOURS / 24 * 2 * np.pi) - 0.4 * warm + rng.normal(0, 0.2, HOURS.size)
    times = np.datetime64("2030-01-07", "us") + HOURS * np.timedelta64(3600, "s")
    known = np.arange(HOURS.size) < HOURS.size - 24
    table = {"time_utc": times, "demand/north": np.where(known, demand, np.nan), "weather/t_degc": warm}
    path = tmp_path_factory.mktemp("measured") / "measured.csv"
    pl.DataFrame(table).with_columns(pl.col("demand/north").fill_nan(None)).write_csv(path)
    return path


def test_a_file_of_measurements_is_forecast_from_its_last_one_on(measured, tmp_path):
    out = tmp_path / "ahead.parquet"
    done = gridcarbon("twin", "forecast", measured, "--hours", 24, "--test-days", 3, "--time-zone", "Europe/Berlin",
                      "--country", "DE", "--out", out)  # fmt: skip
    assert done.returncode == 0, done
    assert "demand/north: trained model, pinball loss" in done.stderr
    table = pl.read_parquet(out)
    assert table.height == 24
    assert table["time_utc"][0].isoformat() == "2030-02-11T00:00:00"
    bands = table.select("p05_mw", "p10_mw", "p50_mw", "p90_mw", "p95_mw").to_numpy()
    assert (np.diff(bands, axis=1) >= 0).all()
    assert table["model_is_worse_than_persistence"].to_list() == [False] * 24


def test_a_scenarios_own_past_is_forecast_with_scores_of_every_method(tmp_path):
    file = scenario(
        tmp_path,
        "name: small\ncity: {network: case33bw}\nperiod: {start: 2030-06-10, days: 1, step_minutes: 60}\n"
        "assets: [{kind: pv, name: roofs, bus: '17', p_peak_mw: 1}]\n",
    )  # fmt: skip
    done = gridcarbon("twin", "forecast", file, "--hours", 24, "--test-days", 1, "--scores", "--format", "csv")
    assert done.returncode == 0, done
    scores = pl.read_csv(io.StringIO(done.stdout))
    assert set(scores["series"]) == {"demand", "pv"}
    assert scores.filter("used").height == 2
    best = scores.group_by("series").agg(pl.col("pinball_mw").min())
    used = scores.filter("used").select("series", "pinball_mw")
    assert used.sort("series").equals(best.sort("series"))


def test_forecasts_of_a_period_are_made_again_and_again_for_its_dispatch(tmp_path):
    file = scenario(
        tmp_path,
        "name: small\ncity: {network: case33bw}\nperiod: {start: 2030-06-10, days: 2, step_minutes: 60}\n"
        "dispatch: {forecast: {file: ahead.csv}}\n",
    )  # fmt: skip
    text = file.read_text()
    file.write_text(text.replace("dispatch", "#"))
    done = gridcarbon("twin", "forecast", file, "--hours", 30, "--every", 12, "--test-days", 1,
                      "--out", tmp_path / "ahead.csv")  # fmt: skip
    assert done.returncode == 0, done
    table = pl.read_csv(tmp_path / "ahead.csv", try_parse_dates=True)
    issued = table.group_by("issued_utc", maintain_order=True).agg(pl.len(), first=pl.col("time_utc").first())
    assert issued["len"].to_list() == [30] * 4
    assert issued["first"].equals(issued["issued_utc"].rename("first"))
    assert issued["issued_utc"].diff().drop_nulls().unique().to_list() == [timedelta(hours=12)]
    file.write_text(text)
    assert gridcarbon("check", file).returncode == 0
    refused(gridcarbon("twin", "forecast", tmp_path / "ahead.csv", "--every", 6), "--every: is for a scenario")


def test_all_that_is_wrong_with_a_file_is_said_at_once(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text("time_utc,demmand,pv\n2030-01-01T00:00,1,\n2030-01-01T01:00,2,\n2030-01-01T02:00,3,\n")
    refused(
        gridcarbon("twin", "forecast", path),
        "2 problems", "demmand: a column must be called demand, pv, wind, charging", "did you mean 'demand'?",
        "pv: must have values; every row is empty",
    )  # fmt: skip
    refused(gridcarbon("twin", "forecast", tmp_path / "wrung.csv"), "no file", "did you mean 'wrong.csv'?")
    refused(gridcarbon("twin", "forecast", path, "--time-zone", "Europe/Berln"), "did you mean 'Europe/Berlin'?")
    path.write_text("time_utc,demand\n2030-01-01T00:00,1\n2030-01-01T01:00,2\n2030-01-01T02:00,3\n")
    refused(gridcarbon("twin", "forecast", path, "--log", tmp_path / "none.db"), "--log: no such file")
