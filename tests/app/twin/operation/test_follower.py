"""A city in operation whose log cannot be reached for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from app.failures import StoreError
from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, preparation, unlogged_outcomes
from app.twin.operation.cases import AlertCase
from app.twin.operation.preparation import midnight
from app.twin.operation.unlogged_outcomes import LATEST
from app.twin.service import store_frame
from grid.time.clock import Clock
from grid.twin.learning.records import (
    AlertRecord,
    DecisionRecord,
    ForecastRecord,
    LogRecord,
    OutcomeRecord,
    PlannedMove,
    kind_of,
)
from grid.twin.measurements import Measurement, measurement_frame

DAY = datetime(2030, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _seen(operation: CityOperation, day: SimpleNamespace, now: datetime, *_: object) -> Iterator[str]:
    """An alert at every step in the place of a look ahead."""
    operation._next = (now - DAY) // HOUR + 1
    return operation._keep([AlertRecord(f"alert {operation._next - 1}", day.at(operation._next - 1))])


class _Day(SimpleNamespace):
    """A day whose looks say what they are."""

    def __init__(self, day: date) -> None:
        super().__init__(clock=Clock(midnight(day), HOUR, 24), supply=("grid",), known="what is known")

    def at(self, step: int) -> datetime:
        return self.clock.start + step * self.clock.step

    def with_latest(self, *_: object) -> _Day:
        return self

    def histories(self, *_: object, **__: object) -> None:
        """Nothing is measured."""

    def forecast_records(self, _rows: pl.DataFrame) -> list[ForecastRecord]:
        return [ForecastRecord("forecast", self.clock.stop)]


@dataclass(frozen=True)
class _Due:
    """Outcomes that take what was known at the look."""

    city: Path
    clock: Clock
    cases: tuple[AlertCase, ...]
    frame: pl.DataFrame
    now: datetime
    supply: tuple[str, ...]

    def run(self, _known: object) -> list[OutcomeRecord]:
        assert self.supply == ("grid",)
        return [
            OutcomeRecord(each.alert.alert, self.now, worst=float((each.decision is not None) + self.frame.height))
            for each in self.cases
        ]


def _alert(_self: CityOperation, day: _Day, now: datetime, steps: int, *, running: bool) -> list[AlertRecord]:
    """An alert with an action at every step that is over after two, or with the day."""
    begins = day.at(steps)
    move = PlannedMove("a", "shifted", begins, HOUR.total_seconds(), (0.0,), (1.0,))
    ends = min(begins + 2 * HOUR, day.clock.stop)
    return [AlertRecord(f"alert {now:%d} {steps}", now, "raised", limit=1.0, begins=begins, ends=ends,
                        action=f"action {now:%d} {steps}", moves=(move,))]  # fmt: skip


def test_outcomes_come_after_the_look_and_the_same_after_a_kill_between_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "operated_day", lambda _place, day, *_: _Day(day))
    monkeypatch.setattr(unlogged_outcomes, "OutcomeTask", _Due)
    monkeypatch.setattr(CityOperation, "_alerts_ahead", _alert)
    moments = [*(DAY + k * HOUR for k in range(6)), DAY + 5 * HOUR + LATEST]
    frame = measurement_frame(Measurement(at, "bus", "a", "vm_pu", 1.0, 0.01, "x", received=at) for at in moments)

    def logged(place: Path, killed_at: int | None) -> list[LogRecord]:
        """The log where the operation ends once it has said the alert of a step, before what came of others."""
        with opened_measurements(place) as store, opened_log(place) as log:
            store_frame(store, frame)
            where = OperatedPlace(Path("city.yaml"), log)
            for line in CityOperation(where).take(frame, store):
                if f"alert 04 {killed_at}:" in line:
                    break
            if killed_at is not None:  # a decision that comes before the rest must not change it
                log.add([DecisionRecord("alert 04 1", DAY + killed_at * HOUR, "rejected", "shift", "late")])
            list(CityOperation(where).take(frame, store))
            return [record for record in log.records() if not isinstance(record, DecisionRecord)]

    whole = logged(tmp_path / "whole.db", None)
    assert [record.alert for record in whole if isinstance(record, OutcomeRecord)] == [
        f"alert 04 {k}" for k in range(4)
    ]
    looks = [k for k, record in enumerate(whole) if isinstance(record, AlertRecord)]
    assert [whole[k + 1].alert for k in looks[2:]] == [f"alert 04 {k}" for k in range(4)]
    assert logged(tmp_path / "killed.db", 3) == whole


EVENING = [DAY + k * HOUR for k in (20, 22, 23)]
MORNING = [DAY + 24 * HOUR, DAY + 24 * HOUR + LATEST / 2, DAY + 24 * HOUR + LATEST, DAY + 26 * HOUR]


def _logged(place: Path, moments: Sequence[datetime], killed_in: str | None = None) -> list[LogRecord]:
    """The log where the operation ends in the middle of what it says of something, and goes on."""
    frame = measurement_frame(Measurement(at, "bus", "a", "vm_pu", 1.0, 0.01, "x", received=at) for at in moments)
    with opened_measurements(place) as store, opened_log(place) as log:
        store_frame(store, frame)
        where = OperatedPlace(Path("city.yaml"), log)
        for line in CityOperation(where).take(frame, store):
            if killed_in is not None and killed_in in line:
                break
        list(CityOperation(where).take(frame, store))
        return log.records()


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An alert at every look, and outcomes of what was known."""
    monkeypatch.setattr(preparation, "operated_day", lambda _place, day, *_: _Day(day))
    monkeypatch.setattr(unlogged_outcomes, "OutcomeTask", _Due)
    monkeypatch.setattr(CityOperation, "_alerts_ahead", _alert)


@pytest.mark.usefixtures("alerts")
@pytest.mark.parametrize("killed_in", ["alert 04 23:", "alert 05 0:", "forecast:", "alert 04 22:"])
def test_the_first_look_of_a_day_comes_before_the_last_outcomes_of_the_day_before(
    tmp_path: Path, killed_in: str
) -> None:
    whole = _logged(tmp_path / "whole.db", [*EVENING, *MORNING])
    assert [(kind_of(record), record.alert) for record in whole[4:]] == [
        ("forecast", "forecast"), ("alert", "alert 05 0"), ("outcome", "alert 04 22"), ("outcome", "alert 04 23"),
        ("alert", "alert 05 2"),
    ]  # fmt: skip
    of_the_day = [record for record in whole[4:] if isinstance(record, OutcomeRecord)]
    assert {(record.time, record.worst) for record in of_the_day} == {(DAY + 24 * HOUR, 3.0)}  # by the rows of the day
    assert _logged(tmp_path / "killed.db", [*EVENING, *MORNING], killed_in) == whole


@pytest.mark.usefixtures("alerts")
@pytest.mark.parametrize("killed_in", ["alert 05 0:", "forecast:", "alert 04 22:"])
def test_outcomes_come_first_where_the_day_is_still_to_be_prepared(tmp_path: Path, killed_in: str) -> None:
    whole = _logged(tmp_path / "whole.db", [*EVENING[:2], *MORNING])
    assert [(kind_of(record), record.alert) for record in whole[3:]] == [
        ("forecast", "forecast"), ("outcome", "alert 04 22"), ("alert", "alert 05 0"), ("alert", "alert 05 2"),
    ]  # fmt: skip
    assert _logged(tmp_path / "killed.db", [*EVENING[:2], *MORNING], killed_in) == whole


def test_what_the_log_could_not_take_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(DAY, HOUR, 24)
    day = SimpleNamespace(clock=clock, at=lambda step: clock.start + step * clock.step)
    monkeypatch.setattr(preparation, "operated_day", lambda *_: day)
    monkeypatch.setattr(CityOperation, "_look_at_step", _seen)
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
