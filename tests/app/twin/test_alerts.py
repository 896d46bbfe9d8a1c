from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest

from app.twin.forecasts.measured import measured_histories, stored_histories
from app.twin.forecasts.period import operated_city
from app.twin.log import opened_log
from app.twin.measuring.store import opened_measurements
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
    refused(missing, "--measurements: no file")
