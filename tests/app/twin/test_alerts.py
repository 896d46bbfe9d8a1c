from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.twin.alerts import GridWatch, watch_over
from app.twin.alerts import watch as watch_module
from app.twin.alerts.state_file import kept_states
from app.twin.forecasts.measured import measured_histories, stored_histories
from app.twin.forecasts.period import operated_city
from app.twin.log import opened_log
from app.twin.measuring.store import opened_measurements
from grid import _pandapower
from grid.network.injections import Injections
from grid.powerflow.powerflow import Patience, node_voltages, voltages
from grid.time.clock import Clock
from grid.twin.forecast.forecaster import with_arrived
from grid.twin.measurements import Measurement, measurement_frame
from tests.app.command_line import gridcarbon, refused, scenario

SCENARIO = """name: long feeder
city: {network: case33bw, profiles: profiles.csv}
period: {start: 2030-02-04, days: 1, step_minutes: 60}
assets: [{kind: battery, name: depot, bus: '17', p_rated_mw: 0.6, e_rated_mwh: 3}]
dispatch: {strategy: unmanaged}
limits: {vm_min_pu: 0.9, vm_max_pu: 1.1}
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A long feeder whose last customer draws much in the evening, more on some days than on others."""
    folder = tmp_path_factory.mktemp("feeder")
    hours = np.arange(24 * 17)
    rng = np.random.default_rng(4)
    evening = (hours % 24 >= 17) & (hours % 24 < 20)
    demand = 0.1 + evening * (0.35 + 0.06 * rng.standard_normal(17)[hours // 24])
    times = np.datetime64("2030-01-19", "us") + hours * np.timedelta64(3600, "s")
    pl.DataFrame({"time_utc": times, "load/16/p_mw": demand}).write_csv(folder / "profiles.csv")
    return scenario(folder, SCENARIO)


@pytest.fixture(scope="module")
def first(city):
    state = city.parent / "alerts.json"
    done = gridcarbon("twin", "alerts", city, "--past-days", 14, "--format", "csv", "--state", state, "--switching",
                      "--log", city.parent / "log.db")  # fmt: skip
    assert done.returncode == 0, done
    return done


def test_a_predicted_violation_is_named_with_the_action_that_is_enough(first):
    table = pl.read_csv(io.StringIO(first.stdout), try_parse_dates=True)
    assert set(table["quantity"]) == {"vm_pu"}
    assert set(table["what"]) == {"raised"}
    worst = table.filter(pl.col("element") == 17).row(0, named=True)
    assert 17 <= worst["begins_utc"].hour <= 19
    assert worst["value"] < worst["limit"] == 0.9
    assert 0.1 <= worst["probability"] <= 1
    assert worst["probability_with_action"] < 0.5 * worst["probability"]
    assert "depot: battery charged and discharged otherwise" in first.stderr
    assert "kg CO2e more than the plan" in first.stderr
    assert "depot: reactive power, up to" in first.stderr
    assert "instead, close" in first.stderr


def test_what_has_been_said_is_not_said_again(first, city):
    again = gridcarbon("twin", "alerts", city, "--past-days", 14, "--format", "csv", "--no-action", "--state",
                       city.parent / "alerts.json")  # fmt: skip
    assert again.returncode == 0, again
    assert pl.read_csv(io.StringIO(again.stdout)).is_empty()


def test_what_is_said_stands_in_the_log_and_is_decided_on(first, city):
    place = city.parent / "log.db"
    with opened_log(place) as log:
        said = log.records("alert")
    table = pl.read_csv(io.StringIO(first.stdout))
    assert {record.alert for record in said} == set(table["alert"])
    worst = max(said, key=lambda record: record.probability)
    assert worst.predicted_mwh["depot"] > 0
    assert worst.probability_with_action < worst.probability
    done = gridcarbon("twin", "decide", place, worst.alert, "changed", "--by", "shift", "--reason", "in repair",
                      "--instead", "depot=0.2")  # fmt: skip
    assert done.returncode == 0, done
    with opened_log(place) as log:
        (decision,) = log.records("decision")
    assert (decision.alert, decision.decision, dict(decision.changed_mwh)) == (worst.alert, "changed", {"depot": 0.2})
    near = gridcarbon("twin", "decide", place, worst.alert[:-1], "accepted", "--by", "shift")
    refused(near, "the log has no such alert", worst.alert)
    both = gridcarbon("twin", "decide", place, worst.alert, "rejcted", "--by", "", "--instead", "depot=much")
    refused(both, "--instead")
    refused(gridcarbon("twin", "decide", place, worst.alert, "rejcted", "--by", ""), "did you mean 'rejected'", "by")


def test_what_is_asked_wrongly_is_refused(city, tmp_path):
    refused(gridcarbon("twin", "alerts", city, "--days", 9, "--past-days", 2), "2 problems", "--days", "--past-days")
    wrong = tmp_path / "alerts.json"
    wrong.write_text('{"alerts": [{"level": 7}]}')
    refused(gridcarbon("twin", "alerts", city, "--state", wrong), "--state: alerts.json is no file of alerts")
    said = gridcarbon("twin", "alerts", city, "--state", tmp_path)
    refused(said, "--state: is a folder")
    assert said.stdout == ""


def test_measurements_take_the_place_of_profiles(city, tmp_path):
    """Twice the demand at two measured buses is twice the demand of all."""
    operated = operated_city(city, None, days=1, past_days=14)
    clock, demand = operated.past.clock, operated.past.p_mw["demand"]
    buses = [operated.ahead.loaded.city.network.buses.names.index(name) for name in ("3", "10")]
    rng = np.random.default_rng(0)
    rows = [
        Measurement(clock.start + step * clock.step, "bus", str(operated.ahead.loaded.city.network.buses.names[bus]),
                    "p_mw", 2 * demand[step, bus] * (1 + 1e-6 * rng.standard_normal()), 0.001, "meter")
        for step in range(clock.n_steps) for bus in buses
    ]  # fmt: skip
    with opened_measurements(tmp_path / "twin.sqlite") as store:
        store.add(rows)
    (history,), (word,) = stored_histories(operated, str(tmp_path / "twin.sqlite"))
    np.testing.assert_allclose(history.values_mw, 2 * demand.sum(axis=1), rtol=1e-4)
    assert word == "demand: by the ratio at 2 measured buses, 100% of the steps"
    (profile,), (word,) = measured_histories(operated, measurement_frame([]))
    np.testing.assert_array_equal(profile.values_mw, demand.sum(axis=1))
    assert "not measured" in word
    missing = gridcarbon("twin", "alerts", city, "--past-days", 14, "--measurements", tmp_path / "no.sqlite")
    refused(missing, "--measurements: no such file")


@pytest.fixture(scope="module")
def watch(city):
    return watch_over(operated_city(city, None, 1, 14), 20)


def until_nine(watch, factor):
    """What was measured until 9 h and in the step that is running: the forecast, there times a factor."""
    found = []
    for forecaster in watch.forecasters:
        came = forecaster.issue().median_mw[:10].copy()
        came[-1] *= factor
        found.append(with_arrived(forecaster.series, came))
    return found


def test_the_running_step_is_solved_once_for_all_samples(watch, monkeypatch):
    solved: list[int] = []

    def counted(network, injections, **others):
        solved.append(injections.n_steps)
        return node_voltages(network, injections, **others)

    monkeypatch.setattr(watch_module, "node_voltages", counted)
    risks = watch.risks(until_nine(watch, 4.0), running=True)
    assert solved == [1, 20 * 14]
    assert any(risk.begins == watch.clock.start + 9 * watch.clock.step for risk in risks)

    def each_by_itself(self, p_mw, q_mvar, left, *, running):
        clock = Clock(self.clock.start, self.clock.step, 20 * left)
        return voltages(self.plan.problem.network, clock, Injections.dense(p_mw, q_mvar))

    monkeypatch.setattr(GridWatch, "_flow", each_by_itself)
    again = watch.risks(until_nine(watch, 4.0), running=True)
    whole = [[replace(risk, value=0.0) for risk in each] for each in (again, risks)]
    assert whole[0] == whole[1]
    assert [risk.value for risk in again] == pytest.approx([risk.value for risk in risks], abs=1e-9, nan_ok=True)


def test_with_little_patience_the_same_steps_have_a_solution(watch):
    network = watch.plan.problem.network
    p_mw = np.zeros((400, len(network.buses.names)))
    p_mw[:, 16] = np.linspace(0.5, 5.0, 400)
    drawn = Injections.dense(p_mw, 0.3 * p_mw)
    whole, of_whole = node_voltages(network, drawn)
    found, of_found = node_voltages(network, drawn, patience=watch_module.LITTLE)
    assert 0 < of_whole.sum() < 400
    np.testing.assert_array_equal(of_found, of_whole)
    np.testing.assert_allclose(found[of_found], whole[of_found], atol=1e-4)
    assert node_voltages(network, drawn, patience=Patience(1, 1))[1].sum() < of_whole.sum()


def test_samples_without_a_solution_are_not_tried_one_by_one(watch, monkeypatch):
    def tried(*_):
        raise AssertionError

    monkeypatch.setattr(_pandapower, "newton_raphson", tried)
    (risk, *_) = watch.risks(until_nine(watch, 1e3), running=True)
    assert (risk.quantity, risk.probability) == ("power_flow", 1.0)


def test_a_file_of_alerts_that_cannot_be_written_is_said_and_ends_nothing(tmp_path: Path) -> None:
    place = tmp_path / "no folder"
    place.write_text("a file")
    (line,) = kept_states(place / "alerts.json", {})
    assert "alerts" in line
    assert list(kept_states(None, {})) == []
