"""What the service tells of measurements: looks ahead step after step, and keeps what it finds in the log.

All that is said follows from the rows of the store in their order and from the decisions in the log, never from how the
rows came in batches or from the time of day. How far it came is kept in the same transaction as what it says, so a
service that is killed in the middle comes to the same log.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from app.twin.alerts.action import propose
from app.twin.alerts.logged import alert_records
from app.twin.alerts.state_file import kept_states, plain_state, state_of
from app.twin.measuring.store import MeasurementStore
from app.twin.operation.actions import DayActions
from app.twin.operation.arrived_rows import EARLIEST, ArrivedRows, first_place, no_rows
from app.twin.operation.background import BackgroundProcess
from app.twin.operation.day import OperatedDay
from app.twin.operation.entries import LogEntries
from app.twin.operation.faults import LineFaults
from app.twin.operation.faults.trips import switching
from app.twin.operation.place import OperatedPlace
from app.twin.operation.preparation import DayPreparation, midnight
from app.twin.operation.unlogged_outcomes import OutcomeSchedule
from app.twin.operation.within_step import Pending, is_now
from grid.errors import InputError
from grid.twin.alerts import AlertState, advance
from grid.twin.alerts.levels import Key
from grid.twin.forecast.history import PowerHistory
from grid.twin.learning.records import AlertRecord, LogRecord
from grid.twin.learning.words import entry_in_words

NAME: Final = "operation"
"""Under which the log keeps how far it came."""
_AT_ONCE: Final = 5_000
"""Rows that are read from the store at once."""
_RISEN: Final = ("raised", "escalated")


class CityOperation:
    """A city in operation, see `app.twin.service.Follower`.

    The clock is that of the measurements: the latest time of measuring of which arrival is not before it. The look at
    the beginning of a step is taken when the first measurement of that step, or of a later one, has come in, with all
    that came in before it. Within the step it looks again soon after measurements that alerts use have come in
    (`app.twin.operation.within_step`), with what they say of the step that is running. Forecasts stay trained as
    before the day, and decisions are taken at the beginning of steps.

    Outcomes that are due at the beginning of a step follow from what was in store and log before its look, and may take
    long: they are computed beside what comes after it (`OutcomeSchedule`), also those of a day that is over. So is what
    to switch after a fault (`LineFaults`).

    Args:
        place: Which city, and where its log is.
        process: What computes outcomes meanwhile; None: they are computed when they must be in the log.
        days: What prepares the next day meanwhile; None: it is prepared when it begins.
        searches: What searches for what to switch meanwhile; None: it is searched for when it must be in the log.

    Raises:
        InputError: If what the log keeps of how far it came is none of this.
        StoreError: If the log cannot be reached.
    """

    def __init__(
        self, place: OperatedPlace, process: BackgroundProcess | None = None, days: BackgroundProcess | None = None,
        searches: BackgroundProcess | None = None,
    ) -> None:  # fmt: skip
        self._place, self._process = place, process
        self._preparation = DayPreparation(place, days)
        self._faults = LineFaults(place.city, searches)
        self._go_back()

    def _go_back(self) -> None:
        """To where the log says that it came: at the beginning, and where it failed in the middle of something."""
        self._rows, self._next = ArrivedRows(), 0
        self._date: date | None = None
        self._failed: date | None = None
        self._day: OperatedDay | None = None
        self._actions = DayActions()
        self._states: dict[Key, AlertState] = {}
        self._faults = self._faults.resumed(None)
        self._pending = Pending()
        self._entries = LogEntries(self._place.log)
        self._outcomes = OutcomeSchedule(self._place.city, self._process)
        self._preparation = self._preparation.resumed((None, None))
        self._resume(self._place.log.progress(NAME))
        self._in_the_middle = False

    def _resume(self, kept: Mapping[str, Any] | None) -> None:
        if kept is None:
            return
        try:
            self._rows, self._next = ArrivedRows.from_plain(kept["rows"]), kept["next"]
            self._date = date.fromisoformat(kept["day"])
            self._states = {state.risk.key: state for state in map(state_of, kept["alerts"])}
            self._faults = self._faults.resumed(kept)
            self._actions = DayActions.from_plain(kept["actions"])
            self._pending = Pending.from_plain(kept["pending"])
            self._preparation = self._preparation.resumed(kept["prepared"])
            self._outcomes = OutcomeSchedule(self._place.city, self._process, kept["owed"])
            self._entries = LogEntries(self._place.log, kept["entries"]["needed"])
            self._entries.read(self._actions.remember, kept["entries"]["read"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError.single("LOG", "keeps no progress of an operation", str(error)) from error

    def _progress(self) -> tuple[str, Mapping[str, Any]]:
        return NAME, {
            "rows": self._rows.plain(), "next": self._next,
            "day": "" if self._date is None else self._date.isoformat(),
            "alerts": [plain_state(self._states[key]) for key in sorted(self._states)],
            **self._faults.plain(), "actions": self._actions.plain(), "pending": self._pending.plain(),
            "prepared": self._preparation.plain(), "owed": self._outcomes.plain(),
            "entries": {"needed": self._entries.needed(self._actions.first), "read": self._entries.number},
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
        self._rows.read_again(store)
        if self._day is None and self._date is not None and self._next > 0 and self._failed != self._date:
            yield from self._open(self._date, store)
        self._start_background_work(store)
        while not (rest := store.numbered(self._rows.number, _AT_ONCE)).is_empty():
            while not rest.is_empty():
                taken = yield from self._next_of(rest, store)
                rest = rest[taken:]
        self._in_the_middle = False

    def due(self, now: datetime) -> datetime | None:
        """When it has something to do though nothing arrives, see `app.twin.service.Follower`."""
        first = self._due_first()
        return first if first is not None and (first > now or self._is_due(first, now)) else None

    def _is_due(self, first: datetime, now: datetime) -> bool:
        """Whether what is due first is to be done by the clock of the machine."""
        return self._faults.is_due(first, now=is_now(first, now))

    def wait(self, now: datetime, store: MeasurementStore) -> Iterator[str]:
        """Takes what is due by the clock of the machine, where measurements arrive now and are none of the past.

        Args:
            now: A time; all that had arrived by then is stored.
            store: Where measurements are.

        Raises:
            StoreError: As in `take`.
        """
        if (first := self._due_first()) is None or not self._is_due(first, now):
            self._preparation.receive()
            return
        yield from self.take(no_rows(), store)
        self._in_the_middle = True
        while (first := self._due_first()) is not None and self._is_due(first, now):
            yield from self._take_due(first)
        self._in_the_middle = False

    def _running(self) -> tuple[datetime, datetime] | None:
        """Begin and end of the step within which there may be looks; None in the first and the last of a day."""
        if self._day is None or not 1 < self._next < self._day.clock.n_steps:
            return None
        return self._day.at(self._next - 1), self._day.at(self._next)

    def _due_first(self) -> datetime | None:
        """When something of a fault or outcomes are logged or the next look within the step is due, by the rows."""
        running, due = self._running(), self._pending.due
        within = running is not None and due is not None and running[0] < due < running[1]
        return min([*self._moments(), *([due] if within and due is not None else [])], default=None)

    def _moments(self) -> list[datetime]:
        """When the next fault is located, what to switch is in the log, and outcomes are."""
        outcomes = [] if self._outcomes.latest is None else [self._outcomes.latest]
        return [*outcomes, *self._faults.moments]

    def _take_due(self, first: datetime | None) -> Iterator[str]:
        """Does what is due at a moment: what a fault is about before outcomes, and both before a look."""
        if first is not None and first in self._faults.moments:
            yield from self._keep((yield from self._faults.take(first, first, self._day, self._rows.seen())))
        elif self._outcomes.latest is not None and self._outcomes.latest == first:
            yield from self._log_outcomes()
        elif self._day is not None and first is not None:
            yield from self._look_within_step(self._day, first)

    def _next_of(self, rest: pl.DataFrame, store: MeasurementStore) -> Generator[str, None, int]:
        """Takes rows up to the next that something follows from; returns how many."""
        clock = self._rows.clock_of(rest)
        if self._date is None:
            self._date = clock[0].date()
        looks = first_place(clock >= self._due())
        event = first_place(switching(rest, self._faults.branches))
        moment = min(self._moments(), default=None)
        settled = None if moment is None else first_place(rest["received"] >= moment)
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
            yield from self._look(clock[first], max(rest["received"][first], self._pending.told), store)
            return first
        self._consume(rest[: first + 1])
        if said := self._faults.switched(rest.row(first, named=True), self._day):
            yield from self._keep(said)
        return first + 1

    def _due(self) -> datetime:
        """When the next look is due."""
        begun = midnight(self._date or EARLIEST.date())
        if self._day is not None:
            return self._day.at(self._next)
        return begun + timedelta(days=1) if self._failed == self._date else begun

    def _consume(self, rows: pl.DataFrame) -> None:
        if rows.height:
            self._rows.take(rows)
            running = self._running()
            self._pending = self._pending.after(rows, None if running is None else running[1])

    def _begin(self, day: date) -> None:
        self._preparation.begin_day(self._date, day)
        self._date, self._day, self._next, self._failed = day, None, 0, None
        self._rows.begin_day()
        self._actions = DayActions()

    def _open(self, day: date, store: MeasurementStore) -> Iterator[str]:
        """Prepares the looks of a day; says why where there can be none."""
        try:
            self._day = self._preparation.prepared(day, store, self._rows)
        except InputError as error:
            self._failed = day
            yield f"no look ahead on {day}: {'; '.join(map(str, error.faults))}"

    def _look(self, now: datetime, arrived: datetime, store: MeasurementStore) -> Iterator[str]:
        """Looks ahead as a row arrives; closes the day that is over before."""
        if self._date is None:
            return
        while (day := self._day) is not None and (ahead := self._faults.beyond(now + day.clock.step)) is not None:
            # it was told by a clock that was ahead
            yield from self._keep((yield from self._faults.take(ahead, arrived, day, self._rows.seen())))
        yield from self._log_outcomes()
        closed: list[LogRecord] = []
        if now >= midnight(self._date) + timedelta(days=1):
            closed = self._close(arrived)
            self._begin(now.date())
            if not self._preparation.fixed:  # what came of the day before counts for this one
                yield from self._keep(closed)
                self._start_background_work(store)
                yield from self._log_outcomes()
                closed = []
        if self._day is None and self._failed != self._date:
            yield from self._open(self._date, store)
        if self._day is None:
            yield from self._keep(closed)
        else:
            yield from self._look_at_step(self._day, now, arrived, closed)
        self._start_background_work(store)

    def _look_at_step(
        self, day: OperatedDay, now: datetime, arrived: datetime, closed: Sequence[LogRecord]
    ) -> Iterator[str]:
        """The look at the beginning of a step; what came of alerts by then is computed after it: it may take long."""
        step, accepted = int((now - day.clock.start) // day.clock.step), len(self._actions.accepted)
        self._next, now = step + 1, day.at(step)
        self._pending = self._pending.seen(now)
        self._entries.read(self._actions.take)
        yield from (f"{name} is now the plan" for name, _ in self._actions.accepted[accepted:])
        said = self._alerts_ahead(day, now, step, running=False)
        if self._entries.cases.due(now):
            self._outcomes.schedule(day, now, self._rows, arrived)
        self._preparation.fix_rows(now, day.clock.stop, self._rows.number)
        yield from self._keep([*closed, *said])

    def _start_background_work(self, store: MeasurementStore) -> None:
        """Starts to prepare the next day, to compute outcomes that are due since the last look, and searches."""
        if self._day is not None and self._date is not None:
            self._preparation.start(self._date)
        self._outcomes.start(self._entries.cases, self._rows, store, self._day)
        self._faults.start(self._date)

    def _log_outcomes(self) -> Iterator[str]:
        """Logs the outcomes that were due; waits for them."""
        if (outcomes := self._outcomes.collect()) is not None:
            yield from self._keep(outcomes)

    def _look_within_step(self, day: OperatedDay, now: datetime) -> Iterator[str]:
        """The look within a step, with what has come of it; as at its beginning while that is too little."""
        self._pending = self._pending.seen(now)
        came = day.histories(self._rows.seen(), self._next, running=True) or []
        running = any(np.isfinite(history.values_mw[-1]) for history in came)
        yield from self._keep(self._alerts_ahead(day, now, self._next if running else self._next - 1, running=running))

    def _alerts_ahead(self, day: OperatedDay, now: datetime, steps: int, *, running: bool) -> list[AlertRecord]:
        """What there is to say of the rest of the day; `steps` and `running` as in `OperatedDay.histories`."""

        def histories(steps: int, number: int, running: bool) -> list[PowerHistory] | None:
            return day.histories(self._rows.seen(number), steps, running=running)

        watch = self._actions.watch(day.watch, histories)
        known = histories(steps, self._rows.number, running)
        self._states, events = advance(self._states, watch.risks(known, running=running), now)
        risen = [event for event in events if event.what in _RISEN]
        said = alert_records([event for event in events if event.what not in _RISEN], None)
        if risen:
            action = propose(watch, known, day.lessons.rate, running=running)
            kinds = [forecaster.series.kind for forecaster in watch.forecasters]
            words = day.lessons.words(kinds, [move.kind for move in action.moves])
            said = [*alert_records(risen, action, words), *said]
            if said[0].action:
                self._actions.propose(said[0].action, (steps, self._rows.number, running), action.plan)
        return said

    def _close(self, arrived: datetime) -> list[LogRecord]:
        """The end of the day: what came of its forecasts; what came of its last alerts is due."""
        if self._day is None:
            return []
        self._entries.read(self._actions.take)
        if self._entries.cases.due(self._day.clock.stop):
            self._outcomes.schedule(self._day, self._day.clock.stop, self._rows, arrived)
        return list(self._day.forecast_records(self._rows.seen()))

    def _keep(self, records: Sequence[LogRecord]) -> Iterator[str]:
        """Adds to the log together with how far it came, then writes how alerts stand."""
        self._place.log.add(records, self._progress())
        yield from kept_states(self._place.state, self._states)
        for record in records:
            yield f"{record.time:%Y-%m-%d %H:%M} {record.alert}: {entry_in_words(record)}"
