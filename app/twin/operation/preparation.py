"""Days of an operation prepared in the evening before: forecasts trained, the hours planned.

That takes some ten seconds of processor time in a city of 250 buses, for which the first look of a day must not wait.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from app.twin.alerts.action import propose
from app.twin.log.lessons import lessons_of
from app.twin.log.store import opened_log
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.operation.arrived_rows import ArrivedRows
from app.twin.operation.background import BackgroundProcess
from app.twin.operation.day import OperatedDay, operated_day
from app.twin.operation.place import OperatedPlace

BEFORE: Final = timedelta(hours=1)
"""Time before midnight from which on the first look at the beginning of a step fixes what the next day is prepared
from; ours. Training takes seconds, and up to minutes on a busy machine."""


class DayPreparation:
    """Prepares days, each from rows that are fixed by rows.

    The first look at the beginning of a step within `BEFORE` of midnight fixes them: all that had come in before it,
    and the entries of the log before that hour. A day before which there was no such look is prepared when it begins,
    from all before it.

    Args:
        place: The city.
        process: What prepares the next day meanwhile; None: it is prepared when it begins.
        rows: Number of the last row that the day at hand, and the next one, are prepared from; None: not fixed.
    """

    def __init__(
        self, place: OperatedPlace, process: BackgroundProcess | None = None, rows: Sequence[int | None] = (None, None)
    ) -> None:
        self._place, self._process = place, process
        self._row, self._next_row = (None if row is None else int(row) for row in rows)
        self._asked: int | None = None
        self._received: OperatedDay | None = None
        self._arrived = False
        self._unlooked: OperatedDay | None = None
        self._made: dict[tuple[date, int | None, int], OperatedDay] = {}

    def resumed(self, rows: Sequence[int | None]) -> DayPreparation:
        """The same as it stood before a failure; the day that was prepared last is not prepared again."""
        found = DayPreparation(self._place, self._process, rows)
        found._made = self._made
        return found

    def plain(self) -> list[int | None]:
        """The argument `rows`."""
        return [self._row, self._next_row]

    @property
    def fixed(self) -> bool:
        """Whether it is fixed what the day at hand is prepared from."""
        return self._row is not None

    def fix_rows(self, now: datetime, stop: datetime, number: int) -> None:
        """Fixes what the next day is prepared from, at a look that is late enough.

        Args:
            now: When the look is.
            stop: End of the day at hand.
            number: Number of the last row that had come in before the look.
        """
        if self._next_row is None and now >= stop - BEFORE:
            self._next_row = number

    def start(self, day: date) -> None:
        """Begins to prepare the day after the one at hand, once what it is prepared from is fixed."""
        stores, row = self._place.stores, self._next_row
        if self._process is not None and stores is not None and row is not None and self._asked is None:
            city, samples, past_days = self._place.city, self._place.samples, self._place.past_days
            task = DayTask(city, samples, past_days, stores, day + timedelta(days=1), row)
            self._asked = self._process.submit(task)

    def receive(self) -> None:
        """Takes the next day over once the process has prepared it, or looks at a day in vain, one of both in a call.

        For the pauses between looks: what is loaded and computed once is then there before the first alert of a day.
        """
        if self._unlooked is not None:
            day, self._unlooked = self._unlooked, None
            with suppress(Exception):  # what is wrong is said where it counts
                propose(day.watch)
        elif self._asked is not None and self._process is not None and self._process.ready(self._asked):
            self._take_over()

    def _take_over(self) -> None:
        """Takes over what the process was asked for; waits for it."""
        if self._asked is None or self._process is None or self._arrived:
            return
        packed = self._process.result(self._asked)
        self._received, self._arrived = None if packed is None else _unpacked(packed), True
        self._unlooked = self._received

    def begin_day(self, before: date | None, day: date) -> None:
        """Another day is at hand; what was prepared for a day that did not come is left."""
        if day == before:
            return
        follows = before is not None and day == before + timedelta(days=1)
        self._row, self._next_row = self._next_row if follows else None, None
        if not follows:
            self._forget()

    def _forget(self) -> None:
        """Forgets what the process was asked for."""
        self._asked, self._received, self._arrived = None, None, False

    def prepared(self, day: date, store: MeasurementStore, rows: ArrivedRows) -> OperatedDay:
        """The day at hand; waits for it, and prepares it here where the process did not.

        Args:
            day: The day.
            store: What was measured.
            rows: What has come in; the rows before the day count.

        Raises:
            InputError, StoreError: As `operated_day`.
        """
        follows_from = (day, self._row, rows.day_number)
        if follows_from not in self._made:
            taken_over = self._arrived
            self._made = {follows_from: self._prepared(day, store, rows)}
            if not taken_over:
                self._unlooked = self._made[follows_from]
        return self._made[follows_from]

    def _prepared(self, day: date, store: MeasurementStore, rows: ArrivedRows) -> OperatedDay:
        self._take_over()
        received = self._received
        self._forget()
        if self._row is None:
            lessons = lessons_of(self._place.log, midnight(day))
            return operated_day(self._place, day, store, rows.day_number, lessons)
        return (received or _day_before_it_begins(self._place, day, store, self._row)).with_latest(store, rows)


@dataclass(frozen=True)
class DayTask:
    """Prepares a day; it holds all that the day follows from, so another process can run it.

    Args:
        city: A scenario file or the folder of a result.
        samples: Courses of the forecast.
        past_days: Days before a day from which its forecasts learn.
        stores: Where the store of measurements and the log are.
        day: The day.
        number: Number of the last row that counts.
    """

    city: Path
    samples: int
    past_days: int
    stores: tuple[str, str]
    day: date
    number: int

    def run(self) -> bytes:
        """The day, pickled.

        Raises:
            InputError, StoreError: As `operated_day`.
        """
        measured, log_at = self.stores
        with opened_measurements(measured) as store, opened_log(log_at) as log:
            place = OperatedPlace(self.city, log, samples=self.samples, past_days=self.past_days)
            return _packed(_day_before_it_begins(place, self.day, store, self.number))


def _day_before_it_begins(place: OperatedPlace, day: date, store: MeasurementStore, number: int) -> OperatedDay:
    """A day from the rows up to one, and the entries of the log before the hour in which rows are fixed.

    At the look that fixes them all these entries are in the log: outcomes of a look are there before the next.
    """
    until = midnight(day) - BEFORE - timedelta.resolution
    return operated_day(place, day, store, number, lessons_of(place.log, until))


class _Pickler(pickle.Pickler):
    """Pickles views of mappings too, which frozen records hold."""

    def reducer_override(self, each: Any) -> Any:
        """How a view is made again."""
        return (_view, (dict(each),)) if isinstance(each, MappingProxyType) else NotImplemented


def _view(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


def _packed(day: OperatedDay) -> bytes:
    """A day, pickled."""
    target = BytesIO()
    _Pickler(target, pickle.HIGHEST_PROTOCOL).dump(day)
    return target.getvalue()


def _unpacked(packed: bytes) -> OperatedDay:
    """The day that `_packed` packed."""
    found: OperatedDay = pickle.loads(packed)  # noqa: S301  by the process that the service began
    return found


def midnight(day: date) -> datetime:
    """The beginning of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
