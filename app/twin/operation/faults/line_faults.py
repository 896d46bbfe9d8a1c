"""The faults of a city's lines as rows tell of them, and what is sought of them."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from app.twin.operation.background import BackgroundProcess
from app.twin.operation.faults.advice import ADVISED_AFTER, AdviceSearch, AdviceTask, CityReading, SoughtAdvice
from app.twin.operation.faults.location import fault_place
from app.twin.operation.faults.trips import Trip
from grid.twin.learning.records import AlertRecord

if TYPE_CHECKING:
    from app.twin.operation.day import OperatedDay


class LineFaults:
    """Breakers that tripped, faults that stand, and what is sought of them.

    A fault is told when its trip is settled. What to switch is searched for after that, by a process that takes nothing
    else, and told `ADVISED_AFTER` later. The process begins with the message of a trip and reads the city while
    indicators are waited for; it ends when nothing is sought any more.

    Args:
        city: The scenario file or the folder of the result of the city.
        process: What searches meanwhile; None: it is searched for when it must be in the log.
        kept: What `plain` made plain, where an earlier version may have kept nothing of what is sought; None at the
            beginning.

    Raises:
        KeyError, TypeError, ValueError: If what is kept is none of this.
    """

    def __init__(
        self, city: Path, process: BackgroundProcess | None = None, kept: Mapping[str, Any] | None = None
    ) -> None:
        self._city, self._process = city, process
        kept = {"trips": [], "faults": {}} if kept is None else kept
        self._trips = [Trip.from_plain(each) for each in kept["trips"]]
        self._faults: dict[str, str] = dict(kept["faults"])
        self._sought = [SoughtAdvice.from_plain(each) for each in kept.get("advice", ())]
        self._searches: dict[SoughtAdvice, AdviceSearch] = {}
        self._late: datetime | None = None

    def resumed(self, kept: Mapping[str, Any] | None) -> LineFaults:
        """The same as it stood before a failure; searches that run go on."""
        found = LineFaults(self._city, self._process, kept)
        found._searches = self._searches
        return found

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "trips": [trip.plain() for trip in self._trips], "faults": self._faults,
            "advice": [each.plain() for each in self._sought],
        }  # fmt: skip

    @property
    def branches(self) -> Collection[str]:
        """Branches that are open after a fault."""
        return self._faults.keys()

    @property
    def moments(self) -> list[datetime]:
        """When the next fault is told, and what to switch after one."""
        return [each.settled for each in self._trips[:1]] + [each.due for each in self._sought[:1]]

    def beyond(self, moment: datetime) -> datetime | None:
        """The first of `moments` that lies after one; None without one."""
        return min((each for each in self.moments if each > moment), default=None)

    def is_due(self, moment: datetime, *, now: bool) -> bool:
        """Whether what is due first is to be done by the clock of the machine.

        What to switch is not waited for while nothing arrives: it is told once it is found.

        Args:
            moment: When it is due, by the rows.
            now: Whether that is now.
        """
        told = moment in [trip.settled for trip in self._trips[:1]]
        if told or moment not in [each.due for each in self._sought[:1]]:
            return now
        self._late = moment if now else self._late
        search = self._searches.get(self._sought[0])
        return self._late == moment and (search is None or search.ready)

    def start(self, day: date | None) -> None:
        """Begins what is to be searched for, and has the city read where that may come; ends the process after all.

        Args:
            day: The day at hand.
        """
        if self._process is not None and not (self._trips or self._sought):
            self._process.rest()
        elif self._process is not None and not self._process.alive and day is not None:
            self._process.submit(CityReading(self._city, day))
        for each in self._sought:
            if each not in self._searches:
                task = AdviceTask(self._city, each.day, each.place, each.trip.time)
                self._searches[each] = AdviceSearch(task, self._process)

    def switched(self, row: Mapping[str, Any], day: OperatedDay | None) -> list[AlertRecord]:
        """What there is to say when a branch is open, or closed again: then nothing is sought any more."""
        branch = str(row["element"])
        said = []
        if branch in self._faults:
            alert = self._faults.pop(branch)
            self._sought = [each for each in self._sought if each.trip.alert != alert]
            said = [AlertRecord(alert, row["time"], "cleared", "none", "supply", branch)]
        elif day is not None and branch not in [trip.branch for trip in self._trips] and day.closed_before(branch):
            self._trips.append(Trip(branch, row["time"], row["received"]))
            self._searches = {each: self._searches[each] for each in self._sought if each in self._searches}
        self.start(None if day is None else day.clock.start.date())
        return said

    def take(
        self, moment: datetime, arrived: datetime, day: OperatedDay | None, rows: pl.DataFrame
    ) -> Generator[str, None, list[AlertRecord]]:
        """What there is to say at a moment: of a trip before what to switch. Yields what is wrong with the process.

        Args:
            moment: The first of `moments`.
            arrived: When the row arrived with which that is said, at most the moment.
            day: The day at hand; None where there are no looks.
            rows: What was measured on the day, with `MEASUREMENT_COLUMNS`.
        """
        if self._trips and self._trips[0].settled == moment:
            found = self._told(self._trips.pop(0), arrived, day, rows)
        else:
            sought = self._sought[0]
            known = None if day is None or day.clock.start.date() != sought.day else day.city.ahead.loaded
            found = [sought.record((yield from self._searches[sought].advice(known)))]
            self._sought = self._sought[1:]
        self.start(None if day is None else day.clock.start.date())
        return found

    def _told(self, trip: Trip, arrived: datetime, day: OperatedDay | None, rows: pl.DataFrame) -> list[AlertRecord]:
        """Where the fault behind a trip can be; what to switch is sought where that is one branch."""
        self._faults[trip.branch] = trip.alert
        if day is None:
            return []
        place = fault_place(day.switches, trip, rows)
        if place.branch is not None:
            due = min(trip.settled, arrived) + ADVISED_AFTER
            sought = SoughtAdvice(trip, place.branch, day.clock.start.date(), due)
            self._sought = sorted([*self._sought, sought], key=lambda each: each.due)
        return [
            AlertRecord(trip.alert, trip.time, "raised", "alarm", "supply", trip.branch, 1.0, begins=trip.time,
                        advice=place.words)
        ]  # fmt: skip
