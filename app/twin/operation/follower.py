"""What the service tells of measurements: looks ahead step after step, and keeps what it finds in the log.

All that is said follows from the rows of the store in their order and from the decisions in the log, never from how the
rows came in batches or from the time of day. How far it came is kept in the same transaction as what it says, so a
service that is killed in the middle comes to the same log.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from app.twin.alerts.action import propose
from app.twin.alerts.logged import alert_records
from app.twin.alerts.state_file import plain_state, state_of, write_states
from app.twin.log.lessons import Lessons, lessons_of
from app.twin.measuring.store import MeasurementStore
from app.twin.operation.actions import DayActions
from app.twin.operation.day import OperatedDay, operated_day
from app.twin.operation.entries import LogEntries
from app.twin.operation.line_faults import Trip, fault_record, switch_rows
from app.twin.operation.outcomes import cases_due
from app.twin.operation.place import OperatedPlace
from app.twin.operation.within_step import Pending, is_now
from grid.errors import InputError
from grid.twin.alerts import AlertState, advance
from grid.twin.alerts.levels import Key
from grid.twin.forecast.history import PowerHistory
from grid.twin.learning.records import AlertRecord, LogRecord
from grid.twin.learning.words import entry_in_words
from grid.twin.measurements import MEASUREMENT_COLUMNS

NAME: Final = "operation"
"""Under which the log keeps how far it came."""
_AT_ONCE: Final = 5_000
"""Rows that are read from the store at once."""
_RISEN: Final = ("raised", "escalated")
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CityOperation:
    """A city in operation, see `app.twin.service.Follower`.

    The clock is that of the measurements: the latest time of measuring of which arrival is not before it. The look at
    the beginning of a step is taken when the first measurement of that step, or of a later one, has come in, with all
    that came in before it. Within the step it looks again soon after measurements that alerts use have come in
    (`app.twin.operation.within_step`), with what they say of the step that is running. Forecasts stay trained as at the
    beginning of the day, and decisions are taken at the beginning of steps.

    Args:
        place: Which city, and where its log is.

    Raises:
        InputError: If what the log keeps of how far it came is none of this.
        StoreError: If the log cannot be reached.
    """

    def __init__(self, place: OperatedPlace) -> None:
        self._place = place
        self._go_back()

    def _go_back(self) -> None:
        """To where the log says that it came: at the beginning, and where it failed in the middle of something."""
        self._number, self._day_number, self._next = 0, 0, 0
        self._date: date | None = None
        self._failed: date | None = None
        self._day: OperatedDay | None = None
        self._actions = DayActions()
        self._states: dict[Key, AlertState] = {}
        self._trips: list[Trip] = []
        self._faults: dict[str, str] = {}
        self._watermark = _EARLIEST
        self._pending = Pending()
        self._rows = _no_rows()
        self._entries = LogEntries(self._place.log)
        self._owed: int | None = None
        self._resume(self._place.log.progress(NAME))
        self._in_the_middle = False

    def _resume(self, kept: Mapping[str, Any] | None) -> None:
        if kept is None:
            return
        try:
            self._number, self._day_number, self._next = kept["number"], kept["day_number"], kept["next"]
            self._date = date.fromisoformat(kept["day"])
            self._states = {state.risk.key: state for state in map(state_of, kept["alerts"])}
            self._trips = [Trip.from_plain(each) for each in kept["trips"]]
            self._faults = dict(kept["faults"])
            self._actions = DayActions.from_plain(kept["actions"])
            self._watermark = datetime.fromisoformat(kept["watermark"])
            self._pending = Pending.from_plain(kept["pending"])
            self._owed = kept["owed"]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError.single("LOG", "keeps no progress of an operation", str(error)) from error

    def _progress(self) -> tuple[str, Mapping[str, Any]]:
        return NAME, {
            "number": self._number, "day_number": self._day_number, "next": self._next,
            "day": "" if self._date is None else self._date.isoformat(),
            "alerts": [plain_state(self._states[key]) for key in sorted(self._states)],
            "trips": [trip.plain() for trip in self._trips], "faults": self._faults,
            "actions": self._actions.plain(), "watermark": self._watermark.isoformat(),
            "pending": self._pending.plain(), "owed": self._owed,
        }  # fmt: skip

    def take(self, _marked: pl.DataFrame, store: MeasurementStore) -> Iterator[str]:
        """Takes what the store has that it has not seen; yields what there is to say.

        Raises:
            StoreError: If the store or the log cannot be reached. What was found and is not in the log is found again
                when this is called again.
        """
        if self._in_the_middle:
            self._go_back()
        self._in_the_middle = True
        if self._rows.is_empty() and self._number > self._day_number:  # after a restart
            self._rows = store.numbered(self._day_number).filter(pl.col("number") <= self._number)
        if self._day is None and self._date is not None and self._next > 0 and self._failed != self._date:
            yield from self._open(self._date, store)
        yield from self._settle_outcomes()
        while not (rest := store.numbered(self._number, _AT_ONCE)).is_empty():
            while not rest.is_empty():
                taken = yield from self._next_of(rest, store)
                rest = rest[taken:]
        self._in_the_middle = False

    def wait(self, now: datetime, store: MeasurementStore) -> Iterator[str]:
        """Takes what is due by the clock of the machine, where measurements arrive now and are none of the past.

        Args:
            now: A time; all that had arrived by then is stored.
            store: Where measurements are.

        Raises:
            StoreError: As in `take`.
        """
        if (first := self._due_first()) is None or not is_now(first, now):
            return
        yield from self.take(_no_rows(), store)
        self._in_the_middle = True
        while (first := self._due_first()) is not None and is_now(first, now):
            yield from self._take_due(first)
        self._in_the_middle = False

    def _running(self) -> tuple[datetime, datetime] | None:
        """Begin and end of the step within which there may be looks; None in the first and the last of a day."""
        if self._day is None or not 1 < self._next < self._day.clock.n_steps:
            return None
        return self._day.at(self._next - 1), self._day.at(self._next)

    def _due_first(self) -> datetime | None:
        """When the next fault is located or the next look within the step is due, by what has come in."""
        running, due = self._running(), self._pending.due
        within = running is not None and due is not None and running[0] < due < running[1]
        settled = [trip.settled for trip in self._trips[:1]]
        return min([*settled, *([due] if within and due is not None else [])], default=None)

    def _take_due(self, first: datetime | None) -> Iterator[str]:
        """Does what is due at a moment: a trip before a look."""
        if self._trips and self._trips[0].settled == first:
            yield from self._settle(self._trips.pop(0))
        elif self._day is not None and first is not None:
            yield from self._glance(self._day, first)

    def _next_of(self, rest: pl.DataFrame, store: MeasurementStore) -> Generator[str, None, int]:
        """Takes rows up to the next that something follows from; returns how many."""
        clock = self._clock_of(rest)
        if self._date is None:
            self._date = clock[0].date()
        looks = _first(clock >= self._due())
        event = _first(self._switching(rest))
        settled = _first(rest["received"] >= self._trips[0].settled) if self._trips else None
        running = self._running()
        within = None if running is None else self._pending.first_due(rest, *running)
        first = min((each for each in (looks, event, settled, within) if each is not None), default=None)
        if first is None:
            self._consume(rest)
            return rest.height
        if first in {settled, within}:
            self._consume(rest[:first])
            yield from self._take_due(self._due_first())
            return first
        if first == looks:
            self._consume(rest[:first])
            yield from self._look(clock[first], store)
            return first
        self._consume(rest[: first + 1])
        yield from self._switched(rest.row(first, named=True))
        return first + 1

    def _clock_of(self, rest: pl.DataFrame) -> pl.Series:
        """The time by the measurements when each row had come in."""
        measured = rest.select(pl.min_horizontal("time", "received").cum_max().alias("clock"))["clock"]
        return measured.clip(lower_bound=self._watermark)

    def _due(self) -> datetime:
        """When the next look is due."""
        midnight = _midnight(self._date or _EARLIEST.date())
        if self._day is not None:
            return self._day.at(self._next)
        return midnight + timedelta(days=1) if self._failed == self._date else midnight

    def _switching(self, rest: pl.DataFrame) -> pl.Series:
        """Rows that say of a branch that it is open, or closed again after a fault."""
        opened = switch_rows(rest, closed=False) & ~rest["element"].is_in(list(self._faults))
        again = switch_rows(rest, closed=True) & rest["element"].is_in(list(self._faults))
        return opened | again

    def _consume(self, rows: pl.DataFrame) -> None:
        if rows.height:
            self._watermark = self._clock_of(rows)[-1]
            self._number = int(rows["number"][-1])
            running = self._running()
            self._pending = self._pending.after(rows, _EARLIEST if running is None else running[1])
            self._rows = pl.concat([self._rows, rows])

    def _seen(self, number: int | None = None) -> pl.DataFrame:
        """What came in on the day, up to a row."""
        rows = self._rows if number is None else self._rows.filter(pl.col("number") <= number)
        return rows.select(*MEASUREMENT_COLUMNS)

    def _lessons(self) -> Lessons:
        """What the log taught when the day began: entries of later days are not looked at."""
        until = _midnight(self._date or _EARLIEST.date())
        return lessons_of(self._place.log, until)

    def _begin(self, day: date) -> None:
        self._date, self._day, self._next, self._day_number = day, None, 0, self._number
        self._rows, self._failed = _no_rows(), None
        self._actions = DayActions(decisions=self._actions.decisions)

    def _open(self, day: date, store: MeasurementStore) -> Iterator[str]:
        """Prepares the looks of a day; says why where there can be none."""
        try:
            self._day = operated_day(self._place, day, store, self._day_number, self._lessons())
        except InputError as error:
            self._failed = day
            yield f"no look ahead on {day}: {'; '.join(map(str, error.faults))}"

    def _look(self, now: datetime, store: MeasurementStore) -> Iterator[str]:
        """Looks ahead; closes the days that are over before."""
        if self._date is None:
            return
        if self._day is None and self._failed != self._date:
            yield from self._open(self._date, store)
        if now >= _midnight(self._date) + timedelta(days=1):
            yield from self._close()
            self._begin(now.date())
            yield from self._look(now, store)
        elif self._day is not None:
            step = int((now - self._day.clock.start) // self._day.clock.step)
            self._next = step + 1
            yield from self._see(self._day, step)

    def _see(self, day: OperatedDay, step: int) -> Iterator[str]:
        """The look at the beginning of a step; what came of alerts by then is found after it, for it may take long."""
        now = day.at(step)
        self._pending = self._pending.seen(now)
        self._entries.read()
        yield from (f"{name} is now the plan" for name in self._actions.decide(self._entries.records))
        said = self._ahead(day, now, step, running=False)
        self._owed = self._entries.number if cases_due(self._entries.records, now) else None
        yield from self._keep(said)
        yield from self._settle_outcomes()

    def _settle_outcomes(self) -> Iterator[str]:
        """Finds the outcomes that are owed since the last look, by the entries that were in the log before it."""
        if self._owed is None or self._day is None:
            return
        self._entries.read(self._owed)  # after a restart; else they were read before the look
        self._owed, now = None, self._day.at(self._next - 1)
        yield from self._keep(self._day.outcomes(self._entries.records, self._seen(), now))

    def _glance(self, day: OperatedDay, now: datetime) -> Iterator[str]:
        """The look within a step, with what has come of it; as at its beginning while that is too little."""
        self._pending = self._pending.seen(now)
        came = day.histories(self._seen(), self._next, running=True) or []
        running = any(np.isfinite(history.values_mw[-1]) for history in came)
        yield from self._keep(self._ahead(day, now, self._next if running else self._next - 1, running=running))

    def _ahead(self, day: OperatedDay, now: datetime, steps: int, *, running: bool) -> list[AlertRecord]:
        """What there is to say of the rest of the day; `steps` and `running` as in `OperatedDay.histories`."""

        def histories(steps: int, number: int, running: bool) -> list[PowerHistory] | None:
            return day.histories(self._seen(number), steps, running=running)

        watch = self._actions.watch(day.watch, histories)
        known = histories(steps, self._number, running)
        self._states, events = advance(self._states, watch.risks(known, running=running), now)
        risen = [event for event in events if event.what in _RISEN]
        said = alert_records([event for event in events if event.what not in _RISEN], None)
        if risen:
            action = propose(watch, known, day.lessons.rate, running=running)
            kinds = [forecaster.series.kind for forecaster in watch.forecasters]
            words = day.lessons.words(kinds, [move.kind for move in action.moves])
            said = [*alert_records(risen, action, words), *said]
            if said[0].action:
                self._actions.propose(said[0].action, (steps, self._number, running), action.plan)
        return said

    def _close(self) -> Iterator[str]:
        """The end of the day: what came of its alerts, and of its forecasts."""
        if self._day is None or self._date is None:
            return
        day, rows = self._day, self._seen()
        self._entries.read()
        records = [*day.outcomes(self._entries.records, rows, day.clock.stop), *day.forecast_records(rows)]
        self._begin(self._date + timedelta(days=1))
        yield from self._keep(records)

    def _switched(self, row: Mapping[str, Any]) -> Iterator[str]:
        """A branch is open, or closed again."""
        branch = str(row["element"])
        if branch in self._faults:
            alert = self._faults.pop(branch)
            yield from self._keep([AlertRecord(alert, row["time"], "cleared", "none", "supply", branch)])
        elif self._day and branch not in [trip.branch for trip in self._trips] and self._day.closed_before(branch):
            self._trips.append(Trip(branch, row["time"], row["received"]))

    def _settle(self, trip: Trip) -> Iterator[str]:
        """Indicators have said what they saw."""
        self._faults[trip.branch] = trip.alert
        if self._day is not None:
            yield from self._keep([fault_record(self._day.city.ahead.loaded, trip, self._seen())])

    def _keep(self, records: Sequence[LogRecord]) -> Iterator[str]:
        """Adds to the log together with how far it came, then writes how alerts stand."""
        self._place.log.add(records, self._progress())
        if self._place.state is not None:
            write_states(self._place.state, self._states)
        for record in records:
            yield f"{record.time:%Y-%m-%d %H:%M} {record.alert}: {entry_in_words(record)}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _first(found: pl.Series) -> int | None:
    """Place of the first row of which something holds; None without one."""
    return found.arg_max() if found.any() else None


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema={"number": pl.Int64, **MEASUREMENT_COLUMNS})
