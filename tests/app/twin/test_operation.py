"""A simulated day from messages to log: faults in the data, a fault of a line, a predicted violation and what came."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.twin.alerts.logged import decide
from app.twin.log import opened_log
from app.twin.measuring.address import mqtt_address
from app.twin.measuring.files import read_measurements
from app.twin.measuring.store import opened_measurements
from app.twin.mqtt import MqttIntake, MqttPublisher
from app.twin.operation import CityOperation, OperatedPlace
from app.twin.operation.faults.advice import ADVISED_AFTER
from app.twin.operation.faults.trips import SETTLES_AFTER
from app.twin.operation.unlogged_outcomes import LATEST
from app.twin.replay import publish
from app.twin.service import TwinService, store_frame
from grid.twin.learning.records import AlertRecord, DecisionRecord, ForecastRecord, OutcomeRecord
from grid.twin.quality import counts, mark
from tests.app.command_line import gridcarbon, refused, scenario
from tests.app.twin.broker import mosquitto
from tests.places import ROOT

pytestmark = pytest.mark.slow
DAY = datetime(2030, 2, 4, tzinfo=UTC)
SCENARIO = """name: long feeder
city: {{network: case33bw, profiles: profiles.csv}}
period: {{start: 2030-02-04, days: 1, step_minutes: 60}}
assets: [{{kind: battery, name: depot, bus: '17', p_rated_mw: 0.6, e_rated_mwh: 3}}]
dispatch: {{strategy: {strategy}}}
limits: {{vm_min_pu: 0.9, vm_max_pu: 1.1}}
"""
PAST_DAYS = 7
LONGEST_S = 300.0


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A long feeder whose last customer draws much in the evening; its battery does in truth what is best."""
    folder = tmp_path_factory.mktemp("feeder")
    hours = np.arange(24 * (PAST_DAYS + 1))
    rng = np.random.default_rng(4)
    evening = (hours % 24 >= 17) & (hours % 24 < 20)
    demand = 0.1 + evening * (0.35 + 0.06 * rng.standard_normal(PAST_DAYS + 1)[hours // 24])
    times = np.datetime64("2030-01-28", "us") + hours * np.timedelta64(3600, "s")
    pl.DataFrame({"time_utc": times, "load/16/p_mw": demand}).write_csv(folder / "profiles.csv")
    truth = scenario(folder, SCENARIO.format(strategy="optimal"), "truth.yaml")
    done = gridcarbon("run", truth, "--out", folder / "truth")
    assert done.returncode == 0, done.stderr
    return scenario(folder, SCENARIO.format(strategy="unmanaged"), "planned.yaml")


@pytest.fixture(scope="module")
def measured(city):
    """The measurements of the day in the order of their arrival, as the documented command gives them, with the first
    of the next day and one that arrives when what came of the last alerts is in the log."""
    file = city.parent / "day.parquet"
    done = gridcarbon("twin", "simulate", city.parent / "truth", file, "--share", "0.5", "--line-fault", "line 10",
                      "--fault-hour", "10.5")  # fmt: skip
    assert done.returncode == 0, done.stderr
    frame = read_measurements(file)
    midnight = DAY + timedelta(days=1)
    moments = [pl.lit(moment).cast(frame.schema["time"]) for moment in (midnight, midnight + LATEST)]
    last = [frame[-1].with_columns(moment.alias("time"), moment.alias("received")) for moment in moments]
    frame = pl.concat([frame.filter(pl.col("received") < midnight), *last])
    early = pl.col("received") < DAY + timedelta(hours=1, minutes=30)
    return frame.filter(early), frame.filter(~early)


def followed(city: Path, frame: pl.DataFrame, place: Path) -> None:
    """Stores measurements and has the city look at them."""
    with opened_measurements(place) as store, opened_log(place) as log:
        operation = CityOperation(OperatedPlace(city, log, samples=30, past_days=PAST_DAYS))
        store_frame(store, frame)
        list(operation.take(frame, store))


def accept(place: Path) -> None:
    with opened_log(place) as log:
        (alert, *_) = [record for record in log.records("alert") if record.moves]
        assert decide(log, DecisionRecord(alert.alert, DAY + timedelta(hours=1, minutes=15), "accepted", "shift"))


def pending(place: Path) -> dict[str, Any]:
    """How far the looks of a city came, by what its log keeps."""
    with opened_log(place) as log:
        kept = log.progress("operation") or {"pending": {}}
    return dict(kept["pending"])


@pytest.fixture(scope="module")
def watched(city, measured, tmp_path_factory):
    """The log of the day when nothing stops, and how far its looks came before the decision."""
    place = tmp_path_factory.mktemp("undisturbed") / "twin.db"
    followed(city, measured[0], place)
    morning = pending(place)
    accept(place)
    followed(city, measured[1], place)
    with opened_log(place) as log:
        return log.records(), morning


@pytest.fixture(scope="module")
def undisturbed(watched):
    """The log of the day when nothing stops."""
    return watched[0]


def test_a_predicted_violation_is_told_accepted_and_measured(undisturbed):
    alerts = [record for record in undisturbed if isinstance(record, AlertRecord)]
    raised = [record for record in alerts if record.what == "raised" and record.time < DAY + timedelta(days=1)]
    (first, *_) = [record for record in raised if record.moves]
    assert (first.quantity, first.side, first.limit) == ("vm_pu", "low", 0.9)
    assert first.value < 0.9
    assert DAY + timedelta(hours=16) <= first.begins < first.ends <= DAY + timedelta(hours=21)
    assert first.probability_with_action < first.probability
    outcomes = {record.alert: record for record in undisturbed if isinstance(record, OutcomeRecord)}
    assert set(outcomes) == {record.alert for record in raised if record.limit is not None}
    assert not any(record.exceeded for record in outcomes.values())
    (effect,) = outcomes[first.alert].effects
    assert (effect.asset, effect.kind) == ("depot", "battery charged and discharged otherwise")
    assert effect.predicted_mwh > 0.1
    assert effect.measured_mwh == pytest.approx(effect.predicted_mwh, rel=0.5)
    assert [effect for record in outcomes.values() for effect in record.effects] == [effect]  # one action counts once
    fallen = [record for record in alerts if record.alert == first.alert and record.what in {"lowered", "cleared"}]
    assert fallen[0].time < DAY + timedelta(hours=6)  # the action is the plan from then on
    assert [record.what for record in fallen].index("cleared") == len(fallen) - 1
    assert first.others > 0  # other buses of the feeder are in the same alert


def test_a_fault_of_a_line_is_located_with_what_to_switch(undisturbed):
    told, advised, over = (
        record for record in undisturbed if isinstance(record, AlertRecord) and record.quantity == "supply"
    )
    assert (told.time, told.level, told.element) == (DAY + timedelta(hours=10, minutes=30), "alarm", "line 0")
    assert told.advice == ("the fault is in line 10", "what to switch is sought")
    assert (advised.alert, advised.what, advised.level) == (told.alert, "advised", "alarm")
    assert advised.time - told.time == timedelta(seconds=2) + SETTLES_AFTER + ADVISED_AFTER
    assert advised.advice[0] == "the fault is in line 10"
    assert any("close" in line and "supplied again" in line for line in advised.advice)
    assert (over.what, over.time) == ("cleared", DAY + timedelta(hours=11, minutes=30))


def test_faults_in_the_data_are_marked_and_forecasts_scored(undisturbed, measured):
    found = {name for name, count in counts(mark(pl.concat(measured))).items() if count}
    assert {"late", "frozen", "duplicate", "missing"} <= found
    (forecast,) = [record for record in undisturbed if isinstance(record, ForecastRecord)]
    assert (forecast.kind, len(forecast.quantiles_mw)) == ("demand", 24)
    assert sum(value is not None for value in forecast.values_mw) >= 20


def test_a_service_that_is_killed_in_the_middle_comes_to_the_same_log(city, measured, watched, tmp_path):
    """Messages over a broker; the service is killed after the fault of the line, and another goes on."""
    (undisturbed, until_decided), place, (morning, rest) = watched, tmp_path / "twin.db", measured
    afternoon = pl.col("received") >= DAY + timedelta(hours=14)
    with mosquitto(tmp_path) as broker:
        address = mqtt_address(broker.url("day"))
        options = ("--city", city, "--log", place, "--samples", "30", "--past-days", str(PAST_DAYS), "--client", "day")
        with MqttIntake(address, "day"):
            pass  # from now on the broker keeps what is sent to this session
        process = _process(broker.url("day"), place, *options)
        try:
            with MqttPublisher(address) as publisher:
                publish(morning, publisher)
                _until(lambda: pending(place) == until_decided)
                accept(place)
                publish(rest.filter(~afternoon), publisher)
                _until(lambda: _next_look(place) >= 12)
                process.send_signal(signal.SIGKILL)
                process.wait(30)
                publish(rest.filter(afternoon), publisher)
        finally:
            process.kill()
        assert _n_entries(place) < len(undisturbed)
        with opened_measurements(place) as store, opened_log(place) as log, MqttIntake(address, "day") as intake:
            service = TwinService(intake, store, [CityOperation(OperatedPlace(city, log, None, 30, PAST_DAYS))])
            end = time.monotonic() + LONGEST_S
            service.run(lambda: len(log.records()) >= len(undisturbed) or time.monotonic() > end)
            assert store.counts()["measurements"] == pl.concat(measured).unique(
                ["source", "element_kind", "element", "quantity", "time", "sequence", "value"]).height  # fmt: skip
    with opened_log(place) as log:
        assert log.records() == undisturbed


def test_what_looks_after_a_city_needs_a_log(city, tmp_path):
    refused(gridcarbon("twin", "run", tmp_path / "a.csv", tmp_path / "a.db", "--city", city), "--log: is needed")


def test_what_is_wrong_is_said_before_a_log_or_store_is_made(city, tmp_path):
    file, store, log = (tmp_path / name for name in ("a.csv", "a.db", "log.db"))
    kept = ("--log", log)
    refused(gridcarbon("twin", "run", file, store, "--city", city, *kept), "no such file")
    file.write_text("time,element_kind,element,quantity,value\n2030-01-01T00:00Z,bus,1,vm_pu,1.0\n")
    refused(gridcarbon("twin", "run", file, store, "--city", tmp_path / "city.yaml", *kept), "city.yaml: no such file")
    done = gridcarbon("twin", "run", "mqtt://localhost:1/city", store, "--city", city, *kept)
    assert (done.returncode, "cannot be reached" in done.stderr) == (1, True)
    refused(
        gridcarbon("twin", "run", file, store, "--city", city, *kept, "--state", tmp_path, "--estimate", file),
        "--state: is a folder, not a file", "--estimate: is a file, not a folder",
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == [file]


def _process(*arguments: object) -> subprocess.Popen[bytes]:
    """The command `twin run` as a process of its own."""
    command = [sys.executable, "-m", "app.cli", "twin", "run", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)


def _until(condition: Callable[[], bool], longest_s: float = LONGEST_S) -> None:
    end = time.monotonic() + longest_s
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)


def _n_entries(place: Path) -> int:
    with opened_log(place) as log:
        return len(log.records())


def _next_look(place: Path) -> int:
    with opened_log(place) as log:
        kept = log.progress("operation")
    return 0 if kept is None else int(kept["next"])
