"""Looks do not wait for outcomes: the order of the work, with outcomes that are not found before they may be."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, preparation, unlogged_outcomes
from app.twin.operation.background import GIVES_WAY, BackgroundProcess
from app.twin.operation.cases import AlertCase
from app.twin.operation.outcomes import OutcomeComputation
from app.twin.operation.unlogged_outcomes import LATEST
from app.twin.service import store_frame
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord, OutcomeRecord
from grid.twin.measurements import Measurement, measurement_frame
from tests.places import ROOT

pytestmark = pytest.mark.slow
DAY = datetime(2030, 2, 4, tzinfo=UTC)
STEP = timedelta(minutes=15)
NOON = 48
LONGEST_S = 300.0


@dataclass(frozen=True)
class GatedOutcomes:
    """Outcomes that nobody finds before a file is there."""

    gate: Path
    alerts: tuple[str, ...]
    now: datetime

    def run(self, known: str | None = None) -> list[OutcomeRecord]:
        """The outcomes; their worst value says who found them: 1 another process, 2 who had what was known."""
        end = time.monotonic() + LONGEST_S
        while not self.gate.exists():
            assert time.monotonic() < end, "nobody opened the gate"
            time.sleep(0.02)
        return [OutcomeRecord(name, self.now, worst=1.0 if known is None else 2.0) for name in self.alerts]


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A day with an alert at every look, whose outcomes wait for this file."""
    gate = tmp_path / "gate"

    def due(_city: Path, _clock: Clock, cases: Sequence[AlertCase], _frame: object, now: datetime, _: object) -> Any:
        return GatedOutcomes(gate, tuple(case.alert.alert for case in cases), now)

    day = SimpleNamespace(clock=Clock(DAY, STEP, 96), at=lambda step: DAY + step * STEP, supply=(),
                          known="what is known", histories=lambda *_, **__: None)  # fmt: skip
    monkeypatch.setattr(unlogged_outcomes, "OutcomeTask", due)

    def ahead(_self: CityOperation, _day: object, now: datetime, steps: int, *, running: bool) -> list[AlertRecord]:
        begins = DAY + steps * STEP
        return [AlertRecord(f"alert {now:%H:%M:%S}", now, limit=1.0, begins=begins, ends=begins + STEP)]

    monkeypatch.setattr(preparation, "operated_day", lambda *_: day)
    monkeypatch.setattr(CityOperation, "_alerts_ahead", ahead)
    return gate


SECOND = timedelta(seconds=1)
POWER = STEP + 1.75 * SECOND
"""When a power is measured, after noon; all else are voltages, for which there is no look within a step."""


def measured(after: timedelta) -> Measurement:
    """A measurement some time after noon."""
    moment = DAY + NOON * STEP + after
    quantity = "p_mw" if after == POWER else "vm_pu"
    return Measurement(moment, "bus", "a", quantity, 1.0 + after.total_seconds() / 1e4, 0.01, "x", received=moment)


def names(log: TwinLog) -> list[str]:
    """What the log says, in its order."""
    return [f"{'of ' if isinstance(each, OutcomeRecord) else ''}{each.alert}" for each in log.records()]


LOOKS = ["alert 12:00:00", "alert 12:15:00", "alert 12:15:02"]


def test_alerts_are_in_the_log_while_outcomes_are_still_computed(tmp_path: Path, gate: Path) -> None:
    place = tmp_path / "twin.db"
    with opened_measurements(place) as store, opened_log(place) as log, BackgroundProcess() as process:
        operation = CityOperation(OperatedPlace(Path("city.yaml"), log), process)

        def arrive(*after: timedelta) -> None:
            frame = measurement_frame(map(measured, after))
            store_frame(store, frame)
            list(operation.take(frame, store))

        arrive(timedelta(0), STEP)  # at 12:15 the outcome of the first alert is due, and is not found
        arrive(POWER, STEP + 5 * SECOND)
        assert names(log) == LOOKS
        gate.touch()
        arrive(STEP + LATEST - SECOND)
        assert not [name for name in names(log) if name.startswith("of ")]  # found early is not logged early
        arrive(STEP + LATEST + SECOND)
        (outcome,) = log.records("outcome")
        assert isinstance(outcome, OutcomeRecord)
        assert (outcome.alert, outcome.time, outcome.worst) == ("alert 12:00:00", DAY + (NOON + 1) * STEP, 1.0)
        assert names(log).index("of alert 12:00:00") > names(log).index(LOOKS[-1])
        beside = names(log)
    with opened_measurements(place) as store, opened_log(tmp_path / "alone.db") as log:  # the same without a process
        list(CityOperation(OperatedPlace(Path("city.yaml"), log)).take(store.last(0), store))
        assert names(log) == beside


def test_the_next_step_waits_for_outcomes_and_they_are_computed_again_after_a_kill(tmp_path: Path, gate: Path) -> None:
    place, frame = tmp_path / "twin.db", measurement_frame(map(measured, (timedelta(0), STEP)))
    rest = measurement_frame([measured(2 * STEP)])
    with opened_measurements(place) as store, opened_log(place) as log:
        store_frame(store, frame)
        list(CityOperation(OperatedPlace(Path("city.yaml"), log)).take(frame, store))  # ends while it owes outcomes
        assert names(log) == LOOKS[:2]
        gate.touch()
        store_frame(store, rest)
        list(CityOperation(OperatedPlace(Path("city.yaml"), log)).take(rest, store))
        assert names(log) == [*LOOKS[:2], "of alert 12:00:00", "alert 12:30:00"]


@dataclass(frozen=True)
class Priority:
    """Says with which priority it is run."""

    def run(self) -> int:
        """The niceness."""
        return os.nice(0)


def test_a_task_gives_way_to_the_service_and_its_result_is_there_without_waiting() -> None:
    with BackgroundProcess() as process:
        number = process.submit(Priority())
        end = time.monotonic() + LONGEST_S
        while not process.ready(number):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert process.result(number) == min(19, os.nice(0) + GIVES_WAY)


def test_a_process_on_demand_is_there_from_a_task_until_it_rests(tmp_path: Path) -> None:
    with BackgroundProcess(on_demand=True, gives_way=0) as process:
        assert not process.alive
        for _ in range(2):
            first, second = process.submit(Priority()), process.submit(Priority())
            assert process.result(first) == process.result(second) == os.nice(0)
            waits: Any = GatedOutcomes(tmp_path / "never", ("a",), DAY)
            lost = process.submit(waits)
            assert not process.ready(lost)
            process.rest()
            assert not process.alive
            assert process.ready(lost)
            assert process.result(lost) is None


SERVICE = """
import os, sys, time
from app.twin.operation.background import BackgroundProcess
from tests.app.twin.operation.test_background import Large
with BackgroundProcess() as process:
    process.submit(Large(sys.argv[1]))
    time.sleep(600)
"""


@dataclass(frozen=True)
class Large:
    """Writes its process into a file; its result is larger than what waits in a pipe."""

    file: str

    def run(self) -> bytes:
        """The result."""
        Path(self.file).write_text(f"{os.getpid()} ")
        return bytes(10_000_000)


def test_no_process_stays_where_the_service_is_killed_before_it_took_a_result(
    tmp_path: Path,
) -> None:
    file = tmp_path / "process"
    service = subprocess.Popen([sys.executable, "-c", SERVICE, str(file)], cwd=ROOT)
    end = time.monotonic() + LONGEST_S
    while not (file.exists() and file.read_text().endswith(" ")):
        assert time.monotonic() < end
        time.sleep(0.05)
    service.kill()
    service.wait()
    while Path(f"/proc/{int(file.read_text())}").exists():
        assert time.monotonic() < end, "the process stayed"
        time.sleep(0.05)


def test_outcomes_are_determined_without_the_process_where_it_is_no_more(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    due: Any = GatedOutcomes(gate, ("a",), DAY)
    known: Any = "what is known"
    with BackgroundProcess() as process:
        computation = OutcomeComputation.started(due, known, process)
    gate.touch()
    (outcome,) = computation.result()
    assert outcome.worst == 2.0
