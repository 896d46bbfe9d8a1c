"""Days are prepared in the evening before: the order of the work, and that it says what it says without a process."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, preparation
from app.twin.operation.arrived_rows import ArrivedRows
from app.twin.operation.background import BackgroundProcess
from app.twin.operation.day import OperatedDay
from app.twin.operation.preparation import DayPreparation, DayTask
from app.twin.service import store_frame
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import Measurement, measurement_frame
from tests.app.command_line import scenario

pytestmark = pytest.mark.slow
DAY = datetime(2030, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEXT = DAY + 24 * HOUR


@dataclass(frozen=True)
class PlainDay:
    """A day that knows what it was prepared from."""

    day: date
    made_from: tuple[int, datetime]
    clock: Clock
    completed: int | None = None

    @property
    def watch(self) -> date:
        """In the place of the grid under watch."""
        return self.day

    def at(self, step: int) -> datetime:
        """When a step begins."""
        return self.clock.start + step * self.clock.step

    def with_latest(self, _store: MeasurementStore, rows: ArrivedRows) -> PlainDay:
        """It with the number by which it was completed."""
        return PlainDay(self.day, self.made_from, self.clock, rows.day_number)

    def histories(self, *_: Any, **__: Any) -> None:
        """Nothing is measured."""

    def forecast_records(self, _rows: pl.DataFrame) -> list[Any]:
        """Nothing was forecast."""
        return []


def plain_day(_place: object, day: date, _store: object, number: int, lessons: Any) -> PlainDay:
    """A day in the place of one that is trained."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return PlainDay(day, (number, lessons), Clock(begin, HOUR, 24))


@dataclass
class PromptProcess:
    """In the place of a process: its tasks are done before anything else happens."""

    submitted: list[DayTask] = field(default_factory=list)

    def submit(self, task: DayTask) -> int:
        """The number of the task."""
        self.submitted.append(task)
        return len(self.submitted)

    def ready(self, _number: int) -> bool:
        """Everything is done at once."""
        return True

    def result(self, number: int) -> bytes:
        """The day as `DayTask` would have it."""
        due = self.submitted[number - 1]
        until = datetime(due.day.year, due.day.month, due.day.day, tzinfo=UTC) - HOUR - timedelta.resolution
        return pickle.dumps(plain_day(None, due.day, None, due.number, until))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[PlainDay]:
    """The days that the service prepared itself; looks say what their day was made from."""
    found: list[PlainDay] = []

    def operated(*arguments: Any) -> PlainDay:
        found.append(plain_day(*arguments))
        return found[-1]

    def ahead(_self: CityOperation, day: Any, now: datetime, _steps: int, *, running: bool) -> list[AlertRecord]:
        return [AlertRecord(f"{day.day} from {day.made_from}, {day.completed}", now)]

    monkeypatch.setattr(preparation, "operated_day", operated)
    monkeypatch.setattr(preparation, "propose", lambda _watch: None)
    monkeypatch.setattr(preparation, "lessons_of", lambda _log, until: until)
    monkeypatch.setattr(CityOperation, "_alerts_ahead", ahead)
    return found


def rows(*moments: datetime) -> list[Measurement]:
    """A voltage at each moment, for which there is no look within a step."""
    return [Measurement(at, "bus", "a", "vm_pu", 1 + k / 1e4, 0.01, "x", received=at) for k, at in enumerate(moments)]


def take(operation: CityOperation, store: MeasurementStore, measurements: Sequence[Measurement]) -> None:
    frame = measurement_frame(measurements)
    store_frame(store, frame)
    list(operation.take(frame, store))


def place_of(log: TwinLog) -> OperatedPlace:
    return OperatedPlace(Path("city.yaml"), log, stores=("store", "log"))


EVENING = rows(DAY + 20 * HOUR, DAY + 22 * HOUR, DAY + 22.5 * HOUR, DAY + 23 * HOUR)
REST = rows(DAY + 23.5 * HOUR, DAY + 23.9 * HOUR, NEXT, NEXT + HOUR)
FIXED = (3, DAY + 23 * HOUR - timedelta.resolution)
"""The rows before the first one of the last hour, and the entries before that hour."""


def test_the_first_look_of_a_day_finds_it_prepared_by_the_process(tmp_path: Path, trained: list[PlainDay]) -> None:
    process: Any = PromptProcess()
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "log.db") as log:
        operation = CityOperation(place_of(log), None, process)
        take(operation, store, EVENING[:3])
        assert process.submitted == []
        take(operation, store, EVENING[3:])
        assert process.submitted == [DayTask(Path("city.yaml"), 100, 70, ("store", "log"), NEXT.date(), FIXED[0])]
        take(operation, store, REST)
        assert [each.day for each in trained] == [DAY.date()]  # the service prepared the first day only
        beside = log.records()
    assert beside[-1].alert == f"{NEXT.date()} from {FIXED}, 6"
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "alone.db") as log:
        list(CityOperation(place_of(log)).take(store.last(0), store))
        assert log.records() == beside
    assert [each.day for each in trained] == [DAY.date(), DAY.date(), NEXT.date()]


@pytest.mark.parametrize("killed_after", range(1, 8))
def test_a_day_is_prepared_from_the_same_rows_after_a_kill(
    tmp_path: Path, trained: list[PlainDay], killed_after: int
) -> None:
    measurements = [*EVENING, *REST]
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "log.db") as log:
        process: Any = PromptProcess()
        take(CityOperation(place_of(log), None, process), store, measurements[:killed_after])
        again: Any = PromptProcess()
        take(CityOperation(place_of(log), None, again), store, measurements[killed_after:])
        assert [each.number for each in again.submitted] == ([FIXED[0]] if killed_after < 7 else [])
        killed = log.records()
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "alone.db") as log:
        list(CityOperation(place_of(log)).take(store.last(0), store))
        assert killed == log.records()
    assert {each.made_from for each in trained if each.day == NEXT.date()} == {FIXED}


def test_a_prepared_day_is_taken_over_and_looked_at_once_in_the_pauses_before_it(
    tmp_path: Path, trained: list[PlainDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[date] = []
    monkeypatch.setattr(preparation, "propose", looked.append)
    process: Any = PromptProcess()
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "log.db") as log:
        operation = CityOperation(place_of(log), None, process)
        take(operation, store, EVENING)
        for _ in range(2):
            list(operation.wait(DAY + 40 * HOUR, store))
        process.result = None  # it is not asked again
        for _ in range(3):
            list(operation.wait(DAY + 40 * HOUR, store))
        assert looked == [DAY.date(), NEXT.date()]  # the first day when it was prepared, the next when it was there
        take(operation, store, REST)
        assert log.records()[-1].alert == f"{NEXT.date()} from {FIXED}, 6"
    assert [each.day for each in trained] == [DAY.date()]


def test_the_service_prepares_a_day_where_the_process_could_not(tmp_path: Path, trained: list[PlainDay]) -> None:
    process: Any = SimpleNamespace(submit=lambda _task: 1, ready=lambda _number: False, result=lambda _number: None)
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "log.db") as log:
        take(CityOperation(place_of(log), None, process), store, [*EVENING, *REST])
        assert log.records()[-1].alert == f"{NEXT.date()} from {FIXED}, 6"
    assert [each.made_from for each in trained if each.day == NEXT.date()] == [FIXED]


def test_a_day_without_an_evening_before_it_is_prepared_when_it_begins(tmp_path: Path, trained: list[PlainDay]) -> None:
    process: Any = PromptProcess()
    with opened_measurements(tmp_path / "twin.db") as store, opened_log(tmp_path / "log.db") as log:
        later = NEXT + 72 * HOUR
        operation = CityOperation(place_of(log), None, process)
        take(operation, store, [*EVENING, *rows(later)])  # the evening was that of another day
        assert trained[-1].made_from == (4, later)
        assert log.records()[-1].alert == f"{later.date()} from {(4, later)}, None"
        silent = later + 24 * HOUR
        take(operation, store, rows(later + 20 * HOUR, silent))
        assert trained[-1].made_from == (6, silent)
    assert len(process.submitted) == 1


def test_what_was_measured_before_a_day_is_the_same_from_memory_and_from_the_store(tmp_path: Path) -> None:
    with opened_measurements(tmp_path / "twin.db") as store:
        store_frame(store, measurement_frame([*rows(NEXT), *EVENING, *REST]))
        arrived = ArrivedRows()
        for first, stop in ((0, 3), (3, 7), (7, 9)):
            arrived.take(store.numbered(first, stop - first))
            if stop < 9:
                arrived.begin_day()
        of_the_day = store.frame(DAY, NEXT, 7)
        assert of_the_day.height == 6
        restarted = ArrivedRows.from_plain(arrived.plain())
        for each in (arrived, restarted):
            assert each.measured_before(DAY, NEXT, store).equals(of_the_day)


SCENARIO = """
name: feeder
city:
  network: case33bw
  profiles: profiles.csv
period: {start: 2030-03-12, days: 2, step_minutes: 60}
assets:
  - {kind: battery, name: store, bus: '24', p_rated_mw: 0.2, e_rated_mwh: 0.8}
dispatch: {strategy: optimal}
limits: {vm_min_pu: 0.91, vm_max_pu: 1.1}
"""
PAST_DAYS = 50


def test_a_day_by_the_process_is_the_one_that_the_service_prepares(tmp_path: Path) -> None:
    hours = np.arange(24 * (PAST_DAYS + 4))
    times = np.datetime64("2030-01-20", "us") + hours * np.timedelta64(3600, "s")
    demand = 0.2 + 0.1 * np.sin(hours * 2 * np.pi / 24) + 0.02 * np.random.default_rng(1).standard_normal(hours.size)
    pl.DataFrame({"time_utc": times, "load/16/p_mw": demand}).write_csv(tmp_path / "profiles.csv")
    city = scenario(tmp_path, SCENARIO)
    moments = [DAY + k * HOUR for k in range(24)]
    measured = [Measurement(at, "bus", "17", "p_mw", 0.3 + 0.01 * k, 0.01, "x", received=at)
                for k, at in enumerate(moments)]  # fmt: skip
    where = tmp_path / "twin.db"
    with opened_measurements(where) as store, opened_log(where) as log, BackgroundProcess() as process:
        store_frame(store, measurement_frame(measured))
        place = OperatedPlace(city, log, samples=20, past_days=PAST_DAYS, stores=(str(where), str(where)))

        def prepared(process: BackgroundProcess | None) -> OperatedDay:
            found = DayPreparation(place, process)
            found.fix_rows(DAY + 23 * HOUR, NEXT, 23)
            found.start(DAY.date())
            found.begin_day(DAY.date(), NEXT.date())
            assert found.plain() == [23, None]
            return found.prepared(NEXT.date(), store, ArrivedRows(24, 24))

        alone, beside = prepared(None), prepared(process)
        early = preparation._day_before_it_begins(place, NEXT.date(), store, 23)
    assert np.isnan(early.watch.forecasters[0].series.values_mw).nonzero()[0].tolist() == [PAST_DAYS * 24 - 1]
    for found, whole in zip(beside.watch.forecasters, alone.watch.forecasters, strict=True):
        assert np.isfinite(found.series.values_mw).all()
        assert found.method == whole.method
        np.testing.assert_array_equal(found.series.values_mw, whole.series.values_mw)
        np.testing.assert_array_equal(found.issue().quantiles_mw, whole.issue().quantiles_mw)
    for name, p_mw in alone.watch.plan.schedule.p_mw.items():
        np.testing.assert_array_equal(beside.watch.plan.schedule.p_mw[name], p_mw)
    assert alone.switches is not None
    assert beside.switches is not None
    assert beside.switches.open.tolist() == alone.switches.open.tolist()
    assert beside.closed_before("line 0")
    assert not beside.closed_before("line 35")  # a tie that is open in operation
    assert alone.watch.risks()
    assert beside.watch.risks() == alone.watch.risks()
