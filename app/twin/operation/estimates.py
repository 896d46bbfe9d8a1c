"""The state of the grid estimated step after step while measurements arrive, in a process of its own.

An estimate of a day takes seconds: the service goes on storing and looking ahead meanwhile. What is asked for while one
is made waits, and only the newest of it: a map shows the grid as it is now, not each step on the way.
"""

from __future__ import annotations

import multiprocessing
import queue
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from app.failures import StoreError
from app.twin.operation.background import begin, next_asked
from grid.errors import InputError
from grid.twin.measurements import NothingMeasuredError

if TYPE_CHECKING:
    from app.simulation.inputs import SimulationInputs
    from app.twin.measuring.store import MeasurementStore

KEPT: Final = 3
"""Estimates that stay in the folder, the newest."""
NAMED: Final = "%Y-%m-%dT%H%MZ"
"""How the folder of an estimate is called, by the end of its last step."""
ENDS_AFTER_S: Final = 600.0
"""How long the end of the measurements waits for the estimate that was asked for last [s]."""
INTERRUPTED_ENDS_AFTER_S: Final = 5.0
"""How long a service that is told to end waits for it [s]."""


@dataclass(frozen=True)
class EstimatedPlace:
    """Which city is estimated, and where its estimates go.

    Args:
        city: A scenario file or the folder of a result.
        store: Store of its measurements: an SQLite file or ``postgresql://…``.
        folder: Folder of estimates, of which the page Operations shows the last.
    """

    city: Path
    store: str
    folder: Path


class StepEstimates:
    """Estimates after each step, see `app.twin.service.Follower`; used as a context.

    A step is estimated when a measurement of a later one has come in, with all steps of its day before it.

    Args:
        place: Of which city, and where to.
        say: Gets what there is to say of the estimate that was still being made at the end.
    """

    def __init__(self, place: EstimatedPlace, say: Callable[[str], None]) -> None:
        self._say = say
        context = multiprocessing.get_context("spawn")  # the service has threads, which a fork would not take along
        self._moments: Any = context.Queue()
        self._lines: Any = context.Queue()
        self._process = context.Process(target=_work, args=(place, self._moments, self._lines), daemon=True)
        self._latest: datetime | None = None

    def __enter__(self) -> StepEstimates:
        """Begins the process."""
        begin(self._process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._moments.put(None)
        self._process.join(ENDS_AFTER_S if kind is None else INTERRUPTED_ENDS_AFTER_S)
        if self._process.is_alive():
            self._process.terminate()
        for line in _said(self._lines):
            self._say(line)

    def due(self, _now: datetime) -> datetime | None:
        """Nothing that waits for its time: the process says when it has made an estimate."""
        return None

    def wait(self, _now: datetime, _store: MeasurementStore) -> Iterator[str]:
        """Yields what was said of estimates that are made."""
        yield from _said(self._lines)

    def take(self, marked: pl.DataFrame, _store: MeasurementStore) -> Iterator[str]:
        """Asks for an estimate at the time of the measurements; yields what was said of those before."""
        newest = marked.select(pl.min_horizontal("time", "received").max()).item() if marked.height else None
        if newest is not None and (self._latest is None or newest > self._latest):
            self._latest = newest
            self._moments.put(newest)
        yield from _said(self._lines)


def _said(lines: Any) -> Iterator[Any]:
    """What waits in a queue."""
    while True:
        try:
            yield lines.get_nowait()
        except queue.Empty:
            return


def _work(place: EstimatedPlace, moments: Any, lines: Any) -> None:
    """Makes estimates until it is told to end, always the newest that was asked for."""
    done: tuple[date, int] | None = None
    going_on = True
    while going_on:
        asked = [next_asked(moments), *_said(moments)]
        going_on = None not in asked
        wanted = [moment for moment in asked if moment is not None]
        if not wanted:
            continue
        try:
            day, n_steps = steps_until(place.city, wanted[-1])
            if (day, n_steps) != done:
                lines.put(estimate_day(place, day, n_steps))
                done = day, n_steps
        except NothingMeasuredError as error:  # of the day before it is no news while the first step of a day lasts
            if day == wanted[-1].astimezone(UTC).date():
                lines.put(_none_at(wanted[-1], error))
        except InputError as error:
            lines.put(_none_at(wanted[-1], error))
        except (StoreError, OSError) as error:
            lines.put(f"no estimate at {wanted[-1]:%Y-%m-%d %H:%M}: {error}")


def _none_at(moment: datetime, error: InputError) -> str:
    """That there is no estimate at a moment, and why."""
    return f"no estimate at {moment:%Y-%m-%d %H:%M}: {'; '.join(map(str, error.faults))}"


def steps_until(city: Path, moment: datetime) -> tuple[date, int]:
    """The day of the last step that is over at a moment, and how many steps of it are; UTC."""
    day = moment.astimezone(UTC).date()
    clock = _inputs(city, day).clock
    n_steps = int((moment - clock.start) // clock.step)
    return (day, n_steps) if n_steps else (day - timedelta(days=1), clock.steps_per_day)


def estimate_day(place: EstimatedPlace, day: date, n_steps: int) -> str:
    """Estimates the first steps of a day from what a store holds of it, and writes them; returns what to say.

    Args:
        place: Of which city, and where to.
        day: The day.
        n_steps: How many of its steps are over.

    Raises:
        InputError: If the city is wrong, or nothing of the day can be used.
        StoreError: If the store cannot be reached.
    """
    from app.results.tables.registry import topology_of  # noqa: PLC0415  only the process that estimates loads it
    from app.twin.estimation.city_state import city_state  # noqa: PLC0415
    from app.twin.estimation.folder import write_estimate  # noqa: PLC0415
    from app.twin.estimation.measured_city import measurements_of  # noqa: PLC0415
    from app.twin.estimation.reading import held_before  # noqa: PLC0415

    inputs = _inputs(place.city, day)
    series = measurements_of(place.store, inputs.clock)
    found = city_state(inputs, series, n_steps=n_steps, held=held_before(place.folder, inputs.clock.start))
    until = found.series.clock.stop
    target = place.folder / until.strftime(NAMED)
    if target.exists():
        shutil.rmtree(target)
    topology = topology_of(inputs.loaded.city.network, inputs.limits.loading_max_percent)
    manifest = write_estimate(found, topology, target)
    _forget(place.folder)
    return f"{until:%Y-%m-%d %H:%M} estimated from {manifest['n_sensors']} measured quantities: {target}"


@lru_cache(maxsize=2)
def _inputs(city: Path, day: date) -> SimulationInputs:
    """The scenario over a day."""
    from app.simulation.inputs import prepare  # noqa: PLC0415
    from app.twin.forecasts.period import city_ahead  # noqa: PLC0415

    return prepare(city_ahead(city, day, 1))


def _forget(folder: Path) -> None:
    """Removes all but the last estimates that were written by steps."""
    mine = sorted(each for each in folder.iterdir() if each.is_dir() and _is_named(each.name))
    for each in mine[:-KEPT]:
        shutil.rmtree(each, ignore_errors=True)


def _is_named(name: str) -> bool:
    try:
        datetime.strptime(name, NAMED).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
