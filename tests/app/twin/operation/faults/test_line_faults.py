"""Faults of lines: told at once, what to switch after them told later, by a search that holds nothing up."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, preparation
from app.twin.operation.background import BackgroundProcess
from app.twin.operation.faults import advice, line_faults
from app.twin.operation.faults.advice import ADVISED_AFTER, AdviceTask
from app.twin.operation.faults.location import FaultPlace
from app.twin.operation.faults.trips import SETTLES_AFTER
from app.twin.service import store_frame
from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord, LogRecord
from grid.twin.measurements import Measurement, measurement_frame

DAY = datetime(2030, 2, 4, tzinfo=UTC)
STEP = timedelta(minutes=15)
NOON = DAY + 48 * STEP
SETTLED_S = 5 + SETTLES_AFTER.total_seconds()
"""When the trip of five seconds after noon is settled."""
DUE_S = SETTLED_S + ADVISED_AFTER.total_seconds()
LONGEST_S = 300.0
CITY = Path("city.yaml")


def row(after_s: float, element: str = "a", quantity: str = "vm_pu", value: float | None = None) -> Measurement:
    """A measurement some time after noon; a voltage, for which there is no look within a step, unless it says else."""
    moment = NOON + timedelta(seconds=after_s)
    kind = "branch" if quantity == "closed" else "bus"
    return Measurement(moment, kind, element, quantity, 1 + after_s / 1e4 if value is None else value, 0.01, "x",
                       received=moment)  # fmt: skip


def opened(branch: str, after_s: float) -> Measurement:
    return row(after_s, branch, "closed", 0.0)


TRIP = [row(0), opened("line 1", 5)]
ROWS = [
    *TRIP, row(SETTLED_S + 1), row(SETTLED_S + 2, quantity="p_mw"), row(SETTLED_S + 3), row(DUE_S - 1), row(DUE_S + 1),
]  # fmt: skip
FAULT = "fault behind line 1 2030-02-04T12:00:05Z"
ADVICE = ("the fault is in line 7", "close line 9")


@dataclass(frozen=True)
class GatedAdvice:
    """A search that ends when a file is there; it ends its process as long as another one is."""

    city: Path
    day: date
    branch: str
    time: datetime

    def run(self, _known: object = None) -> tuple[str, ...]:
        """What to switch."""
        killer, end = self.city.with_name("killer"), time.monotonic() + LONGEST_S
        if killer.exists():
            if killer.read_text() == "once":
                killer.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        while not self.city.with_name("gate").exists():
            assert time.monotonic() < end, "nobody opened the gate"
            time.sleep(0.02)
        return ADVICE


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A city with an alert at every look; the fault behind any breaker is in line 7."""
    day = SimpleNamespace(
        clock=Clock(DAY, STEP, 96), at=lambda step: DAY + step * STEP, histories=lambda *_, **__: None, watch=None,
        closed_before=lambda _: True, switches=None, city=SimpleNamespace(ahead=SimpleNamespace(loaded=None)),
    )  # fmt: skip

    def ahead(_self: CityOperation, _day: object, now: datetime, _steps: int, *, running: bool) -> list[AlertRecord]:
        return [AlertRecord(f"alert {now:%H:%M:%S}", now)]

    monkeypatch.setattr(preparation, "operated_day", lambda *_: day)
    monkeypatch.setattr(preparation, "propose", lambda _watch: None)
    monkeypatch.setattr(CityOperation, "_alerts_ahead", ahead)
    monkeypatch.setattr(line_faults, "AdviceTask", GatedAdvice)
    place = FaultPlace("line 7", ("the fault is in line 7", "what to switch is sought"))
    monkeypatch.setattr(line_faults, "fault_place", lambda *_: place)
    return tmp_path / "city.yaml"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MeasurementStore]:
    with opened_measurements(tmp_path / "twin.db") as store:
        yield store


def arrive(operation: CityOperation, store: MeasurementStore, *measurements: Measurement) -> list[str]:
    """What is said when measurements come in."""
    frame = measurement_frame(measurements)
    store_frame(store, frame)
    return list(operation.take(frame, store))


def said(log: TwinLog) -> list[tuple[str, str]]:
    """What the log says of which alert, in its order."""
    return [(each.what, each.alert) for each in log.records() if isinstance(each, AlertRecord)]


LOOKS = [("raised", "alert 12:00:00"), ("raised", FAULT), ("raised", "alert 12:00:37")]


@pytest.mark.slow
def test_an_alert_is_in_the_log_while_it_is_still_searched_for_what_to_switch(
    city: Path, store: MeasurementStore, tmp_path: Path
) -> None:
    with opened_log(tmp_path / "log.db") as log, BackgroundProcess(on_demand=True) as process:
        operation = CityOperation(OperatedPlace(city, log), searches=process)
        arrive(operation, store, row(0))
        assert not process.alive
        arrive(operation, store, *ROWS[1:5])
        assert process.alive
        assert said(log) == LOOKS
        (fault,) = [each for each in log.records() if each.alert == FAULT]
        assert isinstance(fault, AlertRecord)
        assert (fault.level, fault.time, fault.advice[0]) == ("alarm", NOON + timedelta(seconds=5), ADVICE[0])
        for _ in range(3):  # nothing arrives, and it is not found yet
            list(operation.wait(NOON + timedelta(seconds=DUE_S + 1), store))
        assert operation.due(NOON + timedelta(seconds=DUE_S + 1)) is None
        city.with_name("gate").touch()
        arrive(operation, store, ROWS[5])
        assert said(log) == LOOKS  # found early is not logged early
        arrive(operation, store, ROWS[6])
        assert said(log) == [*LOOKS, ("advised", FAULT)]
        advised = log.records()[-1]
        assert isinstance(advised, AlertRecord)
        assert (advised.advice, advised.level) == (ADVICE, "alarm")
        assert advised.time == NOON + timedelta(seconds=DUE_S)
        assert not process.alive
        beside = log.records()
    with opened_log(tmp_path / "alone.db") as log:  # the same without a process
        list(CityOperation(OperatedPlace(city, log)).take(store.last(0), store))
        assert log.records() == beside


@pytest.mark.slow
def test_what_is_found_late_is_told_though_nothing_arrives(city: Path, store: MeasurementStore, tmp_path: Path) -> None:
    with opened_log(tmp_path / "log.db") as log, BackgroundProcess(on_demand=True) as process:
        operation = CityOperation(OperatedPlace(city, log), searches=process)
        arrive(operation, store, *ROWS[:5])
        list(operation.wait(NOON + timedelta(seconds=DUE_S + 5), store))
        assert said(log) == LOOKS
        city.with_name("gate").touch()
        late, end = NOON + timedelta(seconds=DUE_S + 110), time.monotonic() + LONGEST_S
        while said(log) == LOOKS:
            assert time.monotonic() < end
            list(operation.wait(late, store))
            time.sleep(0.02)
        assert said(log) == [*LOOKS, ("advised", FAULT)]


def logged(tmp_path: Path, city: Path, name: str, killed_in: str | None) -> list[LogRecord]:
    """The log where the service ends once it has said something, and another one goes on."""
    with opened_measurements(tmp_path / name) as store, opened_log(tmp_path / name) as log:
        first = measurement_frame(ROWS[:5])
        store_frame(store, first)
        for line in CityOperation(OperatedPlace(city, log)).take(first, store):
            if killed_in is not None and killed_in in line:
                break
        arrive(CityOperation(OperatedPlace(city, log)), store, *ROWS[5:])
        return log.records()


@pytest.mark.parametrize("killed_in", ["raised, alarm; the fault is in line 7", "alert 12:00:37", "alert 12:00:00"])
def test_a_kill_between_fault_and_advice_comes_to_the_same_log(tmp_path: Path, city: Path, killed_in: str) -> None:
    city.with_name("gate").touch()
    whole = logged(tmp_path, city, "whole.db", None)
    assert [each.alert for each in whole[1:]] == [FAULT, "alert 12:00:37", FAULT]
    assert logged(tmp_path, city, "killed.db", killed_in) == whole


def test_progress_that_an_earlier_version_kept_is_gone_on_with(
    tmp_path: Path, city: Path, store: MeasurementStore
) -> None:
    city.with_name("gate").touch()
    with opened_log(tmp_path / "log.db") as log:
        arrive(CityOperation(OperatedPlace(city, log)), store, *ROWS[:5])
        kept = dict(log.progress("operation") or {})
        assert kept.pop("advice")
        log.add([], ("operation", kept))
        arrive(CityOperation(OperatedPlace(city, log)), store, *ROWS[5:], row(DUE_S + 9, "line 1", "closed", 1.0))
        assert said(log) == [*LOOKS, ("cleared", FAULT)]


def test_nothing_is_proposed_once_the_breaker_is_closed_again(
    tmp_path: Path, city: Path, store: MeasurementStore
) -> None:
    with opened_log(tmp_path / "log.db") as log:
        operation = CityOperation(OperatedPlace(city, log))
        arrive(operation, store, *ROWS[:5], row(DUE_S - 2, "line 1", "closed", 1.0), *ROWS[5:])
        assert said(log) == [*LOOKS, ("cleared", FAULT)]


def test_two_faults_at_once_are_both_told_before_what_to_switch(
    tmp_path: Path, city: Path, store: MeasurementStore
) -> None:
    city.with_name("gate").touch()
    with opened_log(tmp_path / "log.db") as log:
        arrive(CityOperation(OperatedPlace(city, log)), store, *TRIP, opened("line 2", 6), row(DUE_S + 0.5), row(899))
        assert [(what, alert[:19]) for what, alert in said(log)[1:]] == [
            (what, f"fault behind line {k}") for what in ("raised", "advised") for k in (1, 2)
        ]  # fmt: skip


def test_what_to_switch_comes_soon_after_a_trip_that_was_told_by_a_clock_that_was_ahead(
    tmp_path: Path, city: Path, store: MeasurementStore
) -> None:
    city.with_name("gate").touch()
    with opened_log(tmp_path / "log.db") as log:
        ahead = Measurement(NOON + timedelta(seconds=5), "branch", "line 1", "closed", 0.0, 0.01, "x",
                            received=NOON + timedelta(hours=1))  # fmt: skip
        arrive(CityOperation(OperatedPlace(city, log)), store, row(0), ahead, row(20), row(100), row(900), row(914))
        assert said(log)[1:] == [("raised", FAULT), ("raised", "alert 12:15:00")]  # with the next step
        arrive(CityOperation(OperatedPlace(city, log)), store, row(915))
        assert said(log)[3:] == [("advised", FAULT)]


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["once", "always"])
def test_a_search_whose_process_ends_is_begun_again_and_does_not_end_the_service(
    city: Path, store: MeasurementStore, tmp_path: Path, dies: str
) -> None:
    city.with_name("killer").write_text(dies)
    city.with_name("gate").touch()
    with opened_log(tmp_path / "log.db") as log, BackgroundProcess(on_demand=True) as process:
        operation = CityOperation(OperatedPlace(city, log), searches=process)
        lines = arrive(operation, store, *ROWS)
        ended = [line for line in lines if "process that searches for what to switch after the fault in line 7" in line]
        assert len(ended) == (1 if dies == "once" else 2)
        arrive(operation, store, row(DUE_S + 2), row(900))
        assert said(log) == [*LOOKS, ("advised", FAULT), ("raised", "alert 12:15:00")]
        (advised,) = [each for each in log.records() if isinstance(each, AlertRecord) and each.what == "advised"]
        expected = ADVICE[1] if dies == "once" else "no switching is proposed: the process that searches for it ended"
        assert advised.advice[0] == ADVICE[0]
        assert advised.advice[1].startswith(expected)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError.single("network", "is not radial"), "no switching is proposed: network: is not radial"),
        (RuntimeError("out of range"), "no switching is proposed: the search failed (RuntimeError: out of range)"),
    ],
)
def test_a_search_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    def fails(*_: Any) -> Sequence[str]:
        raise error

    monkeypatch.setattr(advice, "restoration_of", fails)
    known: Any = SimpleNamespace(city=SimpleNamespace(clock=Clock(DAY, STEP, 96)))
    assert AdviceTask(CITY, DAY.date(), "line 7", NOON).run(known) == (ADVICE[0], words)


def test_a_fault_of_the_evening_before_counts_from_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = list[Any]()

    def found(_loaded: object, case: object, *_: object) -> tuple[object, tuple[str, ...]]:
        cases.append(case)
        return None, ()

    monkeypatch.setattr(advice, "restoration_of", found)
    monkeypatch.setattr(advice, "restoration_lines", lambda *_: ["  30 min: close line 9"])
    known: Any = SimpleNamespace(city=SimpleNamespace(clock=Clock(DAY, STEP, 96)))
    for moment in (DAY - timedelta(seconds=20), DAY + 95.5 * STEP):
        assert AdviceTask(CITY, DAY.date(), "line 7", moment).run(known) == (ADVICE[0], "30 min: close line 9")
    assert [(case.step, case.repair_hours) for case in cases] == [(0, 4.0), (95, 0.25)]
