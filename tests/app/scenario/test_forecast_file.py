"""A forecast that a scenario names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.scenario import check_scenario
from app.scenario.forecast_file import read_forecast
from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import SimulationInputs, prepare
from app.simulation.phases import dispatch_problem
from grid.errors import InputError
from grid.flexibility.per_slot import values_of
from grid.time.clock import Clock

START = datetime(2030, 5, 14, tzinfo=UTC)
CLOCK = Clock(START, timedelta(hours=1), 24)


def table(kind: str, p50_mw: Any, start: datetime = START, step: timedelta = CLOCK.step) -> pl.DataFrame:
    """Rows as `gridcarbon twin forecast --out` writes them."""
    times = Clock(start, step, len(p50_mw)).times
    return pl.DataFrame({"series": kind, "kind": kind, "time_utc": times, "p05_mw": 0.0, "p50_mw": p50_mw,
                         "method": "weekday"}, strict=False)  # fmt: skip


@pytest.mark.parametrize("name", ["ahead.parquet", "ahead.csv"])
def test_steps_of_the_period_are_read_and_the_rest_is_not_known(tmp_path: Path, name: str) -> None:
    rows = pl.concat([table("demand", np.arange(30.0), START - timedelta(hours=20)), table("charging", np.ones(24)),
                      table("pv", np.ones(48))])  # fmt: skip
    rows.write_csv(tmp_path / name) if name.endswith("csv") else rows.write_parquet(tmp_path / name)
    (issue,) = read_forecast(tmp_path / name, CLOCK)
    found = issue.totals
    assert issue.first == 0
    assert list(found) == ["demand", "pv"]
    np.testing.assert_array_equal(found["demand"], [*np.arange(20.0, 30.0), *[np.nan] * 14])
    np.testing.assert_array_equal(found["pv"], np.ones(24))


def issued(rows: pl.DataFrame, hours: float) -> pl.DataFrame:
    """Rows with the moment at which they were made, so many hours after the beginning."""
    return rows.with_columns(issued_utc=pl.lit((START + timedelta(hours=hours)).replace(tzinfo=None)))


@pytest.mark.parametrize("name", ["ahead.parquet", "ahead.csv"])
def test_each_issue_knows_what_was_forecast_last_by_then(tmp_path: Path, name: str) -> None:
    rows = pl.concat([
        issued(table("demand", np.full(6, 2.0), START + timedelta(hours=6)), 5.5),
        issued(table("demand", np.full(20, 1.0)), -3), issued(table("pv", np.full(24, 0.5)), -3),
        issued(table("demand", np.full(24, 9.0), START + timedelta(hours=20)), 24),
    ])  # fmt: skip
    rows.write_csv(tmp_path / name) if name.endswith("csv") else rows.write_parquet(tmp_path / name)
    night, morning = read_forecast(tmp_path / name, CLOCK)
    assert (night.first, morning.first) == (0, 6)
    np.testing.assert_array_equal(night.totals["demand"], [*[1.0] * 20, *[np.nan] * 4])
    np.testing.assert_array_equal(morning.totals["demand"], [*[1.0] * 6, *[2.0] * 6, *[1.0] * 8, *[np.nan] * 4])
    np.testing.assert_array_equal(morning.totals["pv"], np.full(24, 0.5))


def test_issues_that_are_wrong_are_told(tmp_path: Path) -> None:
    late = issued(table("demand", np.ones(24)), 2)
    late.write_parquet(tmp_path / "late.parquet")
    with pytest.raises(
        InputError, match=r"issued_utc: must have one by the beginning .* the first is of; got '2030-05-14 02:00'"
    ):
        read_forecast(tmp_path / "late.parquet", CLOCK)
    pl.concat([issued(late, 0), issued(late, 0), late.with_columns(issued_utc=None)]).write_parquet(
        tmp_path / "none.parquet"
    )
    with pytest.raises(InputError, match=r"issued_utc: must be times in UTC; not so in rows; got \[49, .* and 14 more"):
        read_forecast(tmp_path / "none.parquet", CLOCK)
    pl.concat([issued(late, 0), issued(late, 0)]).write_parquet(tmp_path / "twice.parquet")
    with pytest.raises(InputError, match="once of each kind"):
        read_forecast(tmp_path / "twice.parquet", CLOCK)


def test_windows_see_the_newest_forecast_made_by_their_beginning(tmp_path: Path) -> None:
    truth = prepare(loaded(tmp_path, "perfect"))
    demand, _ = true_totals(truth)
    pl.concat([issued(table("demand", 2 * demand), -1), issued(table("demand", 3 * demand), 11.5)]).write_parquet(
        tmp_path / "ahead.parquet"
    )
    inputs = prepare(loaded(tmp_path, {"file": "ahead.parquet"}))
    assert any("the newest of 2 forecasts by their beginning: demand in 24" in note for note in inputs.notes)
    problem = dispatch_problem(inputs, *inputs.loaded.city.withdrawal())
    for first, factor in ((0, 2.0), (11, 2.0), (12, 3.0), (18, 3.0)):
        seen = problem.forecast(problem, first, 24).p_fixed_mw.sum(axis=1) - problem.p_fixed_mw.sum(axis=1)
        np.testing.assert_allclose(seen[first:], (factor - 1) * demand[first:], atol=1e-9)
        np.testing.assert_allclose(seen[:first], 0.0, atol=1e-12)


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    wrong = pl.concat([
        table("pv", [-1.0, np.nan, 0.0]), table("gas", [1.0]), table("demand", [1.0, 2.0], step=timedelta(hours=3)),
        table("wind", [1.0], START + timedelta(minutes=10)), table("wind", [2.0], START + timedelta(minutes=10)),
    ])  # fmt: skip
    wrong.write_parquet(tmp_path / "ahead.parquet")
    with pytest.raises(InputError) as caught:
        read_forecast(tmp_path / "ahead.parquet", CLOCK)
    told = str(caught.value)
    for rule in ("must be one of demand, pv", "must be finite", "at least 0", "steps of 1:00:00", "once of each kind",
                 "no gaps"):  # fmt: skip
        assert rule in told
    table("demand", np.ones(3), START + timedelta(days=3)).write_parquet(tmp_path / "late.parquet")
    with pytest.raises(InputError, match="must have steps of the period"):
        read_forecast(tmp_path / "late.parquet", CLOCK)
    pl.DataFrame({"kind": ["pv"], "time": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="2 problems"):
        read_forecast(tmp_path / "other.parquet", CLOCK)


def loaded(folder: Path, forecast: Any) -> LoadedScenario:
    scenario = {
        "name": "Oberrhein", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-05-14", "days": 1, "step_minutes": 60},
        "assets": [{"kind": "pv", "name": "roofs", "bus": "Bus 50", "p_peak_mw": 4.0}],
        "dispatch": {"strategy": "optimal", "forecast": forecast},
    }  # fmt: skip
    return check_scenario(scenario, folder, "Oberrhein")


def true_totals(inputs: SimulationInputs) -> tuple[np.ndarray, np.ndarray]:
    """Demand and available sun, shape (T,) each [MW]."""
    city = inputs.loaded.city
    sun = sum(-f.by_step(f.unmanaged_power()) for f in inputs.flexibilities if f.kind == "pv")
    solar = [k for k, technology in enumerate(city.technologies) if technology == "solar"]
    return city.loads.at_buses(city.n_buses)[0].sum(axis=1), sun + city.generators.p_mw()[:, solar].sum(axis=1)


def test_a_scenario_sees_the_file_hashes_it_and_says_what_it_knows_otherwise(tmp_path: Path) -> None:
    truth = prepare(loaded(tmp_path, "perfect"))
    demand, sun = true_totals(truth)
    file = tmp_path / "ahead.parquet"
    pl.concat([table("demand", demand[:12]), table("pv", 0.5 * sun)]).write_parquet(file)
    inputs = prepare(loaded(tmp_path, {"file": file.name}))
    assert file.name in inputs.loaded.input_hashes()
    (note,) = [note for note in inputs.notes if "Windows of the dispatch" in note]
    assert "demand in 12, pv in 24 of 24 steps" in note
    assert "wind, charging, prices, carbon intensity" in note
    problem = dispatch_problem(inputs, *inputs.loaded.city.withdrawal())
    seen = problem.forecast(problem, 0, 24)
    net = seen.p_fixed_mw.sum(axis=1) - problem.p_fixed_mw.sum(axis=1)
    of_assets, available = (values_of(f.p_min_mw) for each in (problem, seen) for f in each.flexibilities)
    np.testing.assert_allclose(available, 0.5 * of_assets, atol=1e-12)
    np.testing.assert_allclose(net, 0.5 * (sun + of_assets), atol=1e-9)


def test_a_forecast_of_the_truth_changes_nothing(tmp_path: Path) -> None:
    truth = prepare(loaded(tmp_path, "perfect"))
    pl.concat([table(kind, total) for kind, total in zip(("demand", "pv"), true_totals(truth), strict=True)]).write_csv(
        tmp_path / "ahead.csv"
    )
    inputs = prepare(loaded(tmp_path, {"file": "ahead.csv"}))
    problem = dispatch_problem(inputs, *inputs.loaded.city.withdrawal())
    seen = problem.forecast(problem, 0, 24)
    np.testing.assert_allclose(seen.p_fixed_mw, problem.p_fixed_mw, atol=1e-12)
    np.testing.assert_allclose(*(values_of(each.flexibilities[0].p_min_mw) for each in (problem, seen)), atol=1e-12)


def test_a_missing_file_is_told_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dispatch\.forecast\.file: no such file"):
        loaded(tmp_path, {"file": "ahead.csv"})


def test_a_forecast_in_another_unit_is_refused(tmp_path: Path) -> None:
    demand, _ = true_totals(prepare(loaded(tmp_path, "perfect")))
    table("demand", 1000 * demand).write_csv(tmp_path / "in kW.csv")
    with pytest.raises(InputError, match=r"must be in MW; .* 1e\+03 times that of the city: is it in kW\?"):
        loaded(tmp_path, {"file": "in kW.csv"})
