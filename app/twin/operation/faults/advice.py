"""What to switch after a fault: what is sought of which fault until when, and the search for it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from app.scenario.loaded import LoadedScenario
from app.scenario.schema import LimitsSpec
from app.simulation.inputs import prepare
from app.twin.forecasts.period import city_ahead
from app.twin.operation.background import BackgroundProcess
from app.twin.operation.faults.trips import Trip
from app.twin.restoration import FaultCase, restoration_lines, restoration_of
from grid.errors import InputError
from grid.twin.equipment import switchable_network
from grid.twin.learning.records import AlertRecord

ADVISED_AFTER: Final = timedelta(seconds=15)
"""Time after a fault was told at which what to switch is in the log, by the times of arrival; ours. In a city of 250
buses the search takes half a second, and up to seven."""
REPAIR_HOURS: Final = 4.0
"""How long a repair is taken to last [h]; ours."""
SEARCH_S: Final = 30.0
"""Longest search for what to switch [s]; a search that ends by it may end otherwise on another machine."""
EMERGENCY: Final = LimitsSpec(
    vm_min_pu=0.9, vm_max_pu=1.1, line_loading_max_percent=100, trafo_loading_max_percent=100
)  # fmt: skip
"""Limits until the repair, as `gridcarbon twin restore` has them by default."""
TRIES: Final = 2
"""How often a search is begun whose process ends before it has found something."""


@dataclass(frozen=True)
class CityReading:
    """Has a process read a city, so that a search that follows need not.

    Args:
        city: The scenario file or the folder of the result.
        day: The day.
    """

    city: Path
    day: date

    def run(self) -> bool:
        """Reads it, and what a search loads."""
        loaded = _city_on(self.city, self.day)
        prepare(loaded)
        switchable_network(loaded.city.network)
        return True


@dataclass(frozen=True)
class AdviceTask:
    """Searches for what to switch after a fault; it holds all that follows from, so another process can run it.

    Args:
        city: The scenario file or the folder of the result of the city.
        day: The day whose loads count.
        branch: Name of the branch in which the fault is.
        time: When it happened.
    """

    city: Path
    day: date
    branch: str
    time: datetime

    def run(self, known: LoadedScenario | None = None) -> tuple[str, ...]:
        """What to switch, or why nothing is proposed, in words.

        Args:
            known: The scenario over the day, where it is at hand; None: it is read.
        """
        try:
            found = self._found(known or _city_on(self.city, self.day))
        except InputError as error:
            found = [f"no switching is proposed: {'; '.join(map(str, error.faults))}"]
        except Exception as error:  # whatever it is, the fault and all other alerts go on being told
            found = [f"no switching is proposed: the search failed ({type(error).__name__}: {error})"]
        return (f"the fault is in {self.branch}", *found)

    def _found(self, loaded: LoadedScenario) -> list[str]:
        clock = loaded.city.clock
        step = max(0, int((self.time - clock.start) // clock.step))  # the evening before counts as midnight
        hours = min(REPAIR_HOURS, (clock.n_steps - step) * clock.step_hours)
        restored = restoration_of(loaded, FaultCase(self.branch, step, hours), EMERGENCY, SEARCH_S)
        return [line.strip() for line in restoration_lines(*restored)]


@lru_cache(maxsize=1)
def _city_on(city: Path, day: date) -> LoadedScenario:
    """The scenario over a day, read once a day."""
    return city_ahead(city, day, 1)


@dataclass(frozen=True)
class SoughtAdvice:
    """What is to be switched after a fault, and is not in the log yet.

    When it is found is for the machine, when it is in the log is not: with the first row that arrives `due` or later.

    Args:
        trip: The trip.
        place: The branch in which the fault is.
        day: The day whose loads count.
        due: When it is in the log.
    """

    trip: Trip
    place: str
    day: date
    due: datetime

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "trip": self.trip.plain(), "place": self.place, "day": self.day.isoformat(), "due": self.due.isoformat(),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> SoughtAdvice:
        """What `plain` made plain."""
        day, due = date.fromisoformat(content["day"]), datetime.fromisoformat(content["due"])
        return cls(Trip.from_plain(content["trip"]), content["place"], day, due)

    def record(self, advice: Sequence[str]) -> AlertRecord:
        """The entry of the log that says what to switch."""
        trip = self.trip
        return AlertRecord(
            trip.alert, self.due, "advised", "alarm", "supply", trip.branch, 1.0, begins=trip.time, advice=tuple(advice)
        )


class AdviceSearch:
    """A search that runs in a process.

    Args:
        task: What is searched.
        process: Where; None: it is searched where its result is asked for.
    """

    def __init__(self, task: AdviceTask, process: BackgroundProcess | None) -> None:
        self._task, self._process = task, process
        self._number = 0 if process is None else process.submit(task)
        self._advice: tuple[str, ...] | None = None

    @property
    def ready(self) -> bool:
        """Whether nobody would wait for its result: it is there, or its process is no more."""
        return self._process is None or self._advice is not None or self._process.ready(self._number)

    def advice(self, known: LoadedScenario | None) -> Generator[str, None, tuple[str, ...]]:
        """What was found; waits for it. Yields what is wrong with the process.

        Where the process ended, another one searches: what ended it must not end the service.

        Args:
            known: As in `AdviceTask.run`, for where there is no process.
        """
        if self._advice is None and self._process is None:
            self._advice = self._task.run(known)
        for tried in range(TRIES):
            if self._advice is None and self._process is not None:
                self._number = self._number if tried == 0 else self._process.submit(self._task)
                self._advice = self._process.result(self._number)
                if self._advice is None:
                    yield f"the process that searches for what to switch after the fault in {self._task.branch} ended"
        if self._advice is None:
            ended = f"no switching is proposed: the process that searches for it ended {TRIES} times"
            self._advice = f"the fault is in {self._task.branch}", ended
        return self._advice
