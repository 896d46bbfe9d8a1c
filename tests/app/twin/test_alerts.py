from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest

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
    done = gridcarbon("twin", "alerts", city, "--past-days", 14, "--format", "csv", "--state", state)
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


def test_what_has_been_said_is_not_said_again(first, city):
    again = gridcarbon("twin", "alerts", city, "--past-days", 14, "--format", "csv", "--no-action", "--state",
                       city.parent / "alerts.json")  # fmt: skip
    assert again.returncode == 0, again
    assert pl.read_csv(io.StringIO(again.stdout)).is_empty()


def test_what_is_asked_wrongly_is_refused(city, tmp_path):
    refused(gridcarbon("twin", "alerts", city, "--days", 9, "--past-days", 2), "2 problems", "--days", "--past-days")
    wrong = tmp_path / "alerts.json"
    wrong.write_text('{"alerts": [{"level": 7}]}')
    refused(gridcarbon("twin", "alerts", city, "--state", wrong), "--state: alerts.json is no file of alerts")
