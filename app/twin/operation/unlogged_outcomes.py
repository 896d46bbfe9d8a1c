"""Outcomes that became due at a look at the beginning of a step and are not in the log yet, and their computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from app.twin.measuring.store import MeasurementStore
from app.twin.operation.arrived_rows import ArrivedRows
from app.twin.operation.background import BackgroundProcess
from app.twin.operation.cases import OpenCases
from app.twin.operation.day import OperatedDay
from app.twin.operation.outcomes import OutcomeComputation, OutcomeTask
from grid.time.clock import Clock
from grid.twin.learning.records import OutcomeRecord
from grid.twin.measurements import MEASUREMENT_COLUMNS

LATEST: Final = timedelta(minutes=5)
"""Time after a look, by the times of arrival, at which the outcomes that were due at it are in the log; ours. An
estimate of the day takes seconds, and up to minutes where hundreds of places are measured."""


@dataclass(frozen=True)
class UnloggedOutcomes:
    """Outcomes that were due at a look and are not in the log yet.

    When they are computed is for the machine, when they are in the log is not: at `latest`, or before the next look at
    the beginning of a step, whichever comes first in the rows. They follow from what had come in on the day of the
    alerts, which may be over by then.

    Args:
        since: Number of the last row before that day.
        number: Number of the last row that had come in before the look.
        latest: When they are in the log.
        now: When they were due.
        clock: The steps of the day.
        supply: Names of the buses with the external grid.
    """

    since: int
    number: int
    latest: datetime
    now: datetime
    clock: Clock
    supply: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "since": self.since, "number": self.number, "latest": self.latest.isoformat(), "now": self.now.isoformat(),
            "clock": [self.clock.start.isoformat(), self.clock.step.total_seconds(), self.clock.n_steps],
            "supply": list(self.supply),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> UnloggedOutcomes:
        """What `plain` made plain."""
        latest, now = (datetime.fromisoformat(content[name]) for name in ("latest", "now"))
        start, step_s, n_steps = content["clock"]
        clock = Clock(datetime.fromisoformat(start), timedelta(seconds=step_s), int(n_steps))
        return cls(int(content["since"]), int(content["number"]), latest, now, clock, tuple(content["supply"]))


class OutcomeSchedule:
    """Which outcomes are not in the log yet, and their computation once it runs.

    Args:
        city: The scenario file or the folder of the result of the city.
        process: What computes outcomes meanwhile; None: they are computed when they must be in the log.
        kept: What `plain` made plain; None where there are none.

    Raises:
        KeyError, TypeError, ValueError: If what is kept is none of this.
    """

    def __init__(
        self, city: Path, process: BackgroundProcess | None = None, kept: Mapping[str, Any] | None = None
    ) -> None:
        self._city, self._process = city, process
        old = kept is not None and "clock" not in kept  # of an earlier version: they are due at the next look again
        self._unlogged = None if kept is None or old else UnloggedOutcomes.from_plain(kept)
        self._day: OperatedDay | None = None
        self._computation: OutcomeComputation | None = None

    @property
    def latest(self) -> datetime | None:
        """When they are in the log; None where there are none."""
        return None if self._unlogged is None else self._unlogged.latest

    def plain(self) -> dict[str, Any] | None:
        """Which they are, as JSON has it."""
        return None if self._unlogged is None else self._unlogged.plain()

    def schedule(self, day: OperatedDay, now: datetime, rows: ArrivedRows, arrived: datetime) -> None:
        """Takes in what is due at a look; nothing where earlier outcomes are not in the log yet.

        Args:
            day: The day of the alerts.
            now: When they are due.
            rows: What has come in.
            arrived: When the row arrived at which the look is taken.
        """
        if self._unlogged is None:
            latest = arrived + LATEST
            self._unlogged = UnloggedOutcomes(rows.day_number, rows.number, latest, now, day.clock, day.supply)
            self._day = day

    def start(self, cases: OpenCases, rows: ArrivedRows, store: MeasurementStore, day: OperatedDay | None) -> None:
        """Starts the computation, where there is something to compute and it does not run.

        Args:
            cases: Alerts without an outcome.
            rows: What has come in.
            store: Where measurements are.
            day: The day at hand.

        Raises:
            StoreError: If the store cannot be reached.
        """
        unlogged = self._unlogged
        if unlogged is None or self._computation is not None:
            return
        if self._day is None and day is not None and day.clock.start == unlogged.clock.start:
            self._day = day
        frame = rows.seen(unlogged.number) if rows.day_number == unlogged.since else _rows_of(store, unlogged)
        due = tuple(cases.due(unlogged.now))
        task = OutcomeTask(self._city, unlogged.clock, due, frame, unlogged.now, unlogged.supply)
        self._computation = OutcomeComputation.started(
            task, None if self._day is None else self._day.known, self._process
        )

    def collect(self) -> list[OutcomeRecord] | None:
        """The outcomes, which count as logged from now on; waits for them. None where there were none."""
        computation, self._unlogged, self._computation, self._day = self._computation, None, None, None
        return None if computation is None else computation.result()


def _rows_of(store: MeasurementStore, unlogged: UnloggedOutcomes) -> pl.DataFrame:
    """What came in on a day that is over."""
    rows = store.numbered(unlogged.since, unlogged.number - unlogged.since)
    return rows.filter(pl.col("number") <= unlogged.number).select(*MEASUREMENT_COLUMNS)
