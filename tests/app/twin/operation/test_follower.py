"""A city in operation whose log cannot be reached for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.failures import StoreError
from app.twin.log import TwinLog, opened_log
from app.twin.measuring.store import opened_measurements
from app.twin.operation import CityOperation, OperatedPlace, follower
from app.twin.service import store_frame
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import Measurement, measurement_frame

DAY = datetime(2030, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _seen(operation: CityOperation, day: SimpleNamespace, step: int) -> Iterator[str]:
    """An alert at every step in the place of a look ahead."""
    return operation._keep([AlertRecord(f"alert {step}", day.at(step))])


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
