"""A city in operation whose log cannot be reached for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from app.failures import StoreError
from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, follower
from app.twin.operation.outcomes import cases_due
from app.twin.service import store_frame
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord, DecisionRecord, LogRecord, OutcomeRecord
from grid.twin.measurements import Measurement, measurement_frame

DAY = datetime(2030, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _seen(operation: CityOperation, day: SimpleNamespace, step: int) -> Iterator[str]:
    """An alert at every step in the place of a look ahead."""
    return operation._keep([AlertRecord(f"alert {step}", day.at(step))])


class _Day(SimpleNamespace):
    """A day whose looks say what they are, and whose outcomes take what was known at the look."""

    clock = Clock(DAY, HOUR, 24)

    def at(self, step: int) -> datetime:
        return self.clock.start + step * self.clock.step

    def outcomes(self, records: Sequence[LogRecord], frame: pl.DataFrame, now: datetime) -> list[OutcomeRecord]:
        cases = cases_due(records, now)
        decided = sum(isinstance(record, DecisionRecord) for record in records)
        return [OutcomeRecord(each.alert.alert, now, worst=float(decided + frame.height)) for each in cases]


def _alert(_self: CityOperation, day: _Day, now: datetime, steps: int, *, running: bool) -> list[AlertRecord]:
    """An alert at every step that is over after two."""
    begins = day.at(steps)
    return [AlertRecord(f"alert {steps}", now, "raised", limit=1.0, begins=begins, ends=begins + 2 * HOUR)]


def test_outcomes_come_after_the_look_and_the_same_after_a_kill_between_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "operated_day", lambda *_: _Day())
    monkeypatch.setattr(CityOperation, "_ahead", _alert)
    frame = measurement_frame(
        Measurement(DAY + k * HOUR, "bus", "a", "vm_pu", 1.0, 0.01, "x", received=DAY + k * HOUR) for k in range(6)
    )

    def logged(place: Path, killed_at: int | None) -> list[LogRecord]:
        """The log where the operation ends once it has said the alert of a step, before what came of others."""
        with opened_measurements(place) as store, opened_log(place) as log:
            store_frame(store, frame)
            where = OperatedPlace(Path("city.yaml"), log)
            for line in CityOperation(where).take(frame, store):
                if f"alert {killed_at}:" in line:
                    break
            if killed_at is not None:  # a decision that comes before the rest must not change it
                log.add([DecisionRecord("alert 0", DAY + killed_at * HOUR, "rejected", "shift", "late")])
            list(CityOperation(where).take(frame, store))
            return [record for record in log.records() if not isinstance(record, DecisionRecord)]

    whole = logged(tmp_path / "whole.db", None)
    assert [record.alert for record in whole if isinstance(record, OutcomeRecord)] == [f"alert {k}" for k in range(4)]
    looks = [k for k, record in enumerate(whole) if isinstance(record, AlertRecord)]
    assert [whole[k + 1].alert for k in looks[2:]] == [f"alert {k}" for k in range(4)]
    assert logged(tmp_path / "killed.db", 3)[: whole.index(whole[looks[4]])] == whole[: looks[4]]


def test_what_the_log_could_not_take_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(DAY, HOUR, 24)
    day = SimpleNamespace(clock=clock, at=lambda step: clock.start + step * clock.step)
    monkeypatch.setattr(follower, "operated_day", lambda *_: day)
    monkeypatch.setattr(CityOperation, "_see", _seen)
    place = tmp_path / "twin.db"
    frame = measurement_frame(
        Measurement(DAY + k * HOUR, "bus", "a", "vm_pu", 1.0, 0.01, "x", received=DAY + k * HOUR) for k in range(6)
    )
    with opened_measurements(place) as store, opened_log(place) as log:
        store_frame(store, frame)
        operation = CityOperation(OperatedPlace(Path("city.yaml"), log))
        add = TwinLog.add

        def locked_at_three(log: TwinLog, records, progress=None):  # type: ignore[no-untyped-def]
            if records[0].alert == "alert 3":
                raise StoreError("LOG", "is locked")
            return add(log, records, progress)

        monkeypatch.setattr(TwinLog, "add", locked_at_three)
        with pytest.raises(StoreError, match="is locked"):
            list(operation.take(frame, store))
        monkeypatch.setattr(TwinLog, "add", add)
        list(operation.take(frame, store))
        assert [record.alert for record in log.records("alert")] == [f"alert {step}" for step in range(6)]
