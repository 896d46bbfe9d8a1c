"""What the service tells of measurements: looks ahead step after step, and keeps what it finds in the log.

All that is said follows from the rows of the store in their order and from the decisions in the log, never from how the
rows came in batches or from the time of day. How far it came is kept in the same transaction as what it says, so a
service that is killed in the middle comes to the same log.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import polars as pl

from app.twin.alerts.action import propose
from app.twin.alerts.logged import alert_records
from app.twin.alerts.state_file import plain_state, state_of, write_states
from app.twin.log.lessons import Lessons, lessons_of
from app.twin.measuring.store import MeasurementStore
from app.twin.operation.actions import DayActions
from app.twin.operation.day import OperatedDay, operated_day
from app.twin.operation.estimated import DayEstimate
from app.twin.operation.line_faults import Trip, fault_record, supply_buses, switch_rows
from app.twin.operation.outcomes import outcomes_due
from app.twin.operation.place import OperatedPlace
from grid.errors import InputError
from grid.twin.alerts import AlertState, advance
from grid.twin.alerts.levels import Key
from grid.twin.forecast.history import PowerHistory
from grid.twin.learning.records import AlertRecord, LogRecord, OutcomeRecord
from grid.twin.learning.words import entry_in_words
from grid.twin.measurements import MEASUREMENT_COLUMNS
from grid.twin.quality import mark

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
    that came in before it.

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
        self._trip: Trip | None = None
        self._faults: dict[str, str] = {}
        self._watermark = _EARLIEST
        self._rows = _no_rows()
        self._records: list[LogRecord] = []
        self._log_number = 0
        self._resume(self._place.log.progress(NAME))
        self._in_the_middle = False

    def _resume(self, kept: Mapping[str, Any] | None) -> None:
        if kept is None:
            return
        try:
            self._number, self._day_number, self._next = kept["number"], kept["day_number"], kept["next"]
            self._date = date.fromisoformat(kept["day"])
            self._states = {state.risk.key: state for state in map(state_of, kept["alerts"])}
            self._trip = None if kept["trip"] is None else Trip.from_plain(kept["trip"])
            self._faults = dict(kept["faults"])
            self._actions = DayActions.from_plain(kept["actions"])
            self._watermark = datetime.fromisoformat(kept["watermark"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError.single("LOG", "keeps no progress of an operation", str(error)) from error

    def _progress(self) -> tuple[str, Mapping[str, Any]]:
        return NAME, {
            "number": self._number, "day_number": self._day_number, "next": self._next,
            "day": "" if self._date is None else self._date.isoformat(),
            "alerts": [plain_state(self._states[key]) for key in sorted(self._states)],
            "trip": None if self._trip is None else self._trip.plain(), "faults": self._faults,
            "actions": self._actions.plain(), "watermark": self._watermark.isoformat(),
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
        while not (rest := store.numbered(self._number, _AT_ONCE)).is_empty():
            while not rest.is_empty():
                taken = yield from self._next_of(rest, store)
                rest = rest[taken:]
        self._in_the_middle = False

    def _next_of(self, rest: pl.DataFrame, store: MeasurementStore) -> Generator[str, None, int]:
        """Takes rows up to the next that something follows from; returns how many."""
        clock = self._clock_of(rest)
        if self._date is None:
            self._date = clock[0].date()
        looks = _first(clock >= self._due())
        event = _first(self._switching(rest))
        settled = None if self._trip is None else _first(rest["received"] >= self._trip.settled)
        first = min((each for each in (looks, event, settled) if each is not None), default=None)
        if first is None:
            self._consume(rest)
            return rest.height
        if first == settled and self._trip is not None:
            self._consume(rest[:first])
            yield from self._settle(self._trip)
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
        """The look at the beginning of a step."""
        rows, now = self._seen(), day.at(step)
        self._read_log()
        yield from (f"{name} is now the plan" for name in self._actions.decide(self._records))

        def histories(step: int, number: int) -> list[PowerHistory] | None:
            return day.histories(self._seen(number), step)

        watch, known = self._actions.watch(day.watch, histories), day.histories(rows, step)
        self._states, events = advance(self._states, watch.risks(known), now)
        risen = [event for event in events if event.what in _RISEN]
        said = alert_records([event for event in events if event.what not in _RISEN], None)
        if risen:
            action = propose(watch, known, day.lessons.rate)
            kinds = [forecaster.series.kind for forecaster in watch.forecasters]
            words = day.lessons.words(kinds, [move.kind for move in action.moves])
            said = [*alert_records(risen, action, words), *said]
            if said[0].action:
                self._actions.propose(said[0].action, step, self._number, action.plan)
        yield from self._keep([*said, *self._outcomes(day, rows, now)])

    def _outcomes(self, day: OperatedDay, rows: pl.DataFrame, now: datetime) -> list[OutcomeRecord]:
        marked, over = mark(rows), int((now - day.clock.start) // day.clock.step)
        estimated = DayEstimate(day.city.ahead, marked, min(over, day.clock.n_steps)).exceeded
        return outcomes_due(self._records, marked, now, supply_buses(day.city.ahead.loaded), estimated)

    def _close(self) -> Iterator[str]:
        """The end of the day: what came of its alerts, and of its forecasts."""
        if self._day is None or self._date is None:
            return
        day, rows = self._day, self._seen()
        self._read_log()
        records = [*self._outcomes(day, rows, day.clock.stop), *day.forecast_records(rows)]
        self._begin(self._date + timedelta(days=1))
        yield from self._keep(records)

    def _switched(self, row: Mapping[str, Any]) -> Iterator[str]:
        """A branch is open, or closed again."""
        branch = str(row["element"])
        if branch in self._faults:
            alert = self._faults.pop(branch)
            yield from self._keep([AlertRecord(alert, row["time"], "cleared", "none", "supply", branch)])
        elif self._day is not None and self._day.closed_before(branch) and self._trip is None:
            self._trip = Trip(branch, row["time"], row["received"])

    def _settle(self, trip: Trip) -> Iterator[str]:
        """Indicators have said what they saw."""
        self._trip = None
        self._faults[trip.branch] = trip.alert
        if self._day is not None:
            yield from self._keep([fault_record(self._day.city.ahead.loaded, trip, self._seen())])

    def _read_log(self) -> None:
        new, self._log_number = self._place.log.after(self._log_number)
        self._records += new

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
