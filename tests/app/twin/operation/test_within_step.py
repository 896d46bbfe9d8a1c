"""When there is a look within a step, by the arrival of measurements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, preparation
from app.twin.operation.faults import line_faults
from app.twin.operation.faults.location import FaultPlace
from app.twin.service import store_frame
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import Measurement, measurement_frame

DAY = datetime(2030, 2, 4, tzinfo=UTC)
STEP = timedelta(minutes=15)
NOON = DAY + 48 * STEP


def power(after_s: float, at: datetime = NOON, quantity: str = "p_mw") -> Measurement:
    """A measurement that arrives some time after noon; each has its own value, so none is there twice."""
    received = NOON + timedelta(seconds=after_s)
    return Measurement(at, "bus", "a", quantity, 1.0 + after_s / 1000, 0.01, "x", received=received)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds after noon of looks, in the place of looks ahead."""
    clock, found = Clock(DAY, STEP, 96), []
    day = SimpleNamespace(
        clock=clock, at=lambda step: DAY + step * STEP, histories=lambda *_, **__: None, closed_before=lambda _: True,
        switches=None, watch=None,
    )  # fmt: skip
    monkeypatch.setattr(preparation, "propose", lambda _watch: None)
    monkeypatch.setattr(preparation, "operated_day", lambda *_: day)
    monkeypatch.setattr(line_faults, "fault_place", lambda *_: FaultPlace(None, ("in one of several",)))

    def ahead(_self: CityOperation, _day: object, now: datetime, _steps: int, *, running: bool) -> list[AlertRecord]:
        found.append((now - NOON).total_seconds())
        return []

    monkeypatch.setattr(CityOperation, "_alerts_ahead", ahead)
    return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[MeasurementStore, TwinLog]]:
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "log.db") as log:
        yield store, log


def taken(place: tuple[MeasurementStore, TwinLog], measurements: list[Measurement]) -> CityOperation:
    store, log = place
    operation = CityOperation(OperatedPlace(Path("city.yaml"), log))
    frame = measurement_frame(measurements)
    store_frame(store, frame)
    list(operation.take(frame, store))
    return operation


def test_many_measurements_are_one_look_and_another_a_second_later(place, looks):
    burst = [power(2 + k / 100) for k in range(200)]  # two seconds of them
    taken(place, [*burst, power(899)])
    assert looks == [0.0, 2.25, 3.25, 4.25]


def test_what_alerts_do_not_use_is_no_reason_to_look(place, looks):
    taken(place, [power(0), power(10, quantity="vm_pu"), power(20, at=NOON + 2 * STEP), power(899, quantity="vm_pu")])
    assert looks == [0.0, 1.0]


def test_looks_are_the_same_however_rows_come_and_after_restarts(looks, tmp_path):
    rows = [power(0.3 * k, quantity="vm_pu" if k % 7 else "p_mw") for k in range(60)]
    found = []
    for at_once in (1, 3, 60):
        folder = tmp_path / str(at_once)
        folder.mkdir()
        with opened_measurements(folder / "twin.db") as store, opened_log(folder / "log.db") as log:
            for first in range(0, len(rows), at_once):
                taken((store, log), rows[first : first + at_once])  # a new service each time
        found.append(looks.copy())
        looks.clear()
    assert len(found[0]) > 5
    assert found[0] == found[1] == found[2]


def test_without_further_measurements_the_clock_of_the_machine_brings_the_look(place, looks):
    operation = taken(place, [power(0.5), power(1.5), power(1.6)])
    store, _ = place
    list(operation.wait(NOON + timedelta(seconds=1.9), store))
    assert looks == [0.0, 1.0]
    list(operation.wait(NOON + timedelta(seconds=2.1), store))
    assert looks == [0.0, 1.0, 2.0]


def test_measurements_of_the_past_are_not_hurried_by_it(place, looks):
    operation = taken(place, [power(0.5), power(1.5)])
    list(operation.wait(NOON + timedelta(days=400), place[0]))
    assert looks == [0.0, 1.0]


def test_a_second_breaker_that_trips_while_a_first_waits_has_its_alert(place, looks):
    def opened(branch: str, after_s: float) -> Measurement:
        moment = NOON + timedelta(seconds=after_s)
        return Measurement(moment, "branch", branch, "closed", 0.0, 0.001, "x", received=moment)

    taken(place, [power(0), opened("line 1", 5), opened("line 2", 15), opened("line 1", 16), power(100)])
    assert [record.alert.split(" 20")[0] for record in place[1].records("alert")] == [
        "fault behind line 1", "fault behind line 2",
    ]  # fmt: skip


def test_a_clock_that_was_ahead_and_is_set_right_does_not_keep_looks_from_coming(place, looks):
    taken(place, [power(0), power(4000), power(4001), power(30), power(31), power(32), power(33)])
    assert looks == [0.0, 1.0, 30.25, 31.25, 32.25]


def test_a_trip_that_was_told_by_a_clock_that_was_ahead_is_located_with_the_next_step(place, looks):
    def opened(branch: str, after_s: float, told_s: float) -> Measurement:
        moment, told = (NOON + timedelta(seconds=each) for each in (after_s, told_s))
        return Measurement(moment, "branch", branch, "closed", 0.0, 0.001, "x", received=told)

    taken(place, [power(0), opened("line 1", 5, 3605), power(20), power(100)])
    assert not place[1].records("alert")
    taken(place, [power(900, at=NOON + STEP)])
    assert [record.alert.split(" 20")[0] for record in place[1].records("alert")] == ["fault behind line 1"]
