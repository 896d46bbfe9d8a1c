"""What the twin knows now: the last value of every place that is measured, its age and quality, and the alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from grid.twin.learning.records import AlertRecord, DecisionRecord, LogRecord, OutcomeRecord
from grid.twin.measurements import PLACE, USABLE
from grid.twin.quantities import QUANTITIES

STOPPED_AFTER = timedelta(minutes=30)
"""Age of the latest measurement from which data count as stopped: two quarters of an hour (ours)."""
EARLY = timedelta(minutes=1)
"""How far ahead of the clock a measurement may be without that being said."""


@dataclass(frozen=True)
class TwinPlace:
    """Where a twin keeps what it knows.

    Args:
        store: Store of measurements: an SQLite file, or ``postgresql://…``.
        alerts: File of the alerts as they stand, as ``gridcarbon twin alerts --state`` writes it; None without.
        log: Log of alerts, decisions and outcomes: an SQLite file, or ``postgresql://…``; None without.
        decides: Whether actions are decided on from the page, which then writes into the log.
        estimate: Folder of an estimate, or of several, of which the last is shown as a map; None without.
    """

    store: str
    alerts: Path | None = None
    log: str | None = None
    decides: bool = False
    estimate: Path | None = None


@dataclass(frozen=True)
class LiveAlert:
    """An alert that stands.

    Args:
        level: ``information``, ``warning`` or ``alarm``.
        element: What it is about.
        quantity: Which quantity is likely to pass its limit there.
        probability: How likely that is.
        value: Value that one course of the forecast in ten passes.
        limit: The limit.
        begins: From when.
        ends: To when.
        since: Since when it has this level.
    """

    level: str
    element: str
    quantity: str
    probability: float
    value: float
    limit: float
    begins: datetime
    ends: datetime
    since: datetime


@dataclass(frozen=True, eq=False)
class LiveState:
    """The last known state.

    Args:
        now: When it was asked for.
        latest: When the latest measurement was measured; None if there is none.
        sensors: A row for each place: ``element_kind``, ``element``, ``quantity``, ``source``, ``value`` (the last that
            can be used, else null), ``time`` of it, ``quality`` of what came last, ``usable`` (share of what came).
        counts: How many of the measurements looked at have each quality.
        measurements: How many the store holds.
        rejected: Messages that held none.
        alerts: Alerts that stand, the most urgent first; None where no file of alerts is looked at.
        entries: The latest entries of the log, the last one first; None without a log.
        proposals: Alerts whose action nobody has decided on, the latest first.
        came: When the latest of what the store holds was first seen here; None if that is not known.
    """

    now: datetime
    latest: datetime | None
    sensors: pl.DataFrame
    counts: Mapping[str, int]
    measurements: int
    rejected: int
    alerts: Sequence[LiveAlert] | None
    entries: Sequence[LogRecord] | None = None
    proposals: Sequence[AlertRecord] = ()
    came: datetime | None = None

    @property
    def age(self) -> timedelta | None:
        """Age of the latest measurement."""
        return None if self.latest is None else self.now - self.latest

    @property
    def ahead(self) -> bool:
        """Whether the latest measurement is of a time that has not come, as where another year is replayed."""
        return self.age is not None and self.age < -EARLY

    @property
    def clock(self) -> datetime:
        """What ages are counted from: now, or the latest measurement where that is ahead of it."""
        return self.latest if self.latest is not None and self.ahead else self.now

    @property
    def stopped(self) -> bool:
        """Whether data have stopped, so that this is no longer how the grid is."""
        if self.ahead:
            return self.came is not None and self.now - self.came > STOPPED_AFTER
        return self.age is None or self.age > STOPPED_AFTER

    @property
    def troubled(self) -> pl.Series:
        """Which sensors have no value of the last half hour that can be used, or sent one last that cannot be.

        States, such as that of a switch, may be told once and then only when they change.
        """
        state = pl.col("quantity").is_in([name for (_, name), one in QUANTITIES.items() if one.unit == "1"])
        old = pl.col("time").is_null() | ((pl.col("time") < self.clock - STOPPED_AFTER) & ~state)
        return self.sensors.select((old | ~pl.col("quality").is_in(USABLE)).alias("troubled"))["troubled"]


def sensors_of(marked: pl.DataFrame) -> pl.DataFrame:
    """The row of each place."""
    usable = pl.col("quality").is_in(USABLE) & pl.col("value").is_not_null()
    return (
        marked.sort("time", maintain_order=True)
        .group_by(PLACE, maintain_order=True)
        .agg(
            pl.col("value").filter(usable).last(),
            pl.col("time").filter(usable).last(),
            pl.col("quality").last(),
            usable.mean().alias("usable"),
        )
        .sort(PLACE)
    )


def standing_alerts(path: Path | None) -> tuple[LiveAlert, ...] | None:
    """The alerts of a file; None without it."""
    if path is None:
        return None
    from app.twin.alerts.state_file import read_states  # noqa: PLC0415  only where alerts are shown

    standing = [state for state in read_states(path).values() if state.level > 0]
    return tuple(
        LiveAlert(
            state.level.name.lower(), state.risk.element, state.risk.quantity, state.risk.probability,
            state.risk.value, state.risk.limit, state.risk.begins, state.risk.ends, state.since,
        )
        for state in sorted(standing, key=lambda one: (-one.level, -one.risk.probability, one.identifier))
    )  # fmt: skip


class OpenProposals:
    """Alerts with an action on which nothing was decided, and which are not over.

    Alerts of one moment share an action; the one that holds it stands for it.
    """

    def __init__(self) -> None:
        self._found: dict[str, AlertRecord] = {}
        self._of_alert: dict[str, str] = {}

    def take(self, records: Sequence[LogRecord]) -> None:
        """Goes on with the next entries of a log, in its order."""
        for record in records:
            if isinstance(record, AlertRecord) and record.what in {"raised", "escalated"} and record.action:
                self._of_alert[record.alert] = record.action
                if record.moves:
                    self._without(record.alert)
                    self._found[record.action] = record
            elif isinstance(record, DecisionRecord):
                self._found.pop(self._of_alert.get(record.alert, ""), None)
            elif isinstance(record, OutcomeRecord) or (isinstance(record, AlertRecord) and record.what == "cleared"):
                self._without(record.alert)

    def _without(self, alert: str) -> None:
        self._found = {name: each for name, each in self._found.items() if each.alert != alert}

    @property
    def latest_first(self) -> tuple[AlertRecord, ...]:
        """The alerts, the latest first."""
        return tuple(reversed(self._found.values()))
