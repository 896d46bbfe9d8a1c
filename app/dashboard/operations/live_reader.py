"""Reads what the twin knows now again and again, each time only what is new."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from app.dashboard.operations.live import LiveState, OpenProposals, TwinPlace, sensors_of, standing_alerts
from grid.twin.learning.records import LogRecord
from grid.twin.measurements import MEASUREMENT_COLUMNS, PLACE, QUALITIES
from grid.twin.quality import mark

if TYPE_CHECKING:
    from app.twin.measuring.store import MeasurementStore

MOST_ENTRIES: Final = 20
"""Entries of the log that are shown."""
MOST_ROWS: Final = 20_000
"""Measurements of which the last state is made: the latest that came in."""


class LiveReader:
    """Reads the last known state; may be asked by several threads.

    Rows and entries are numbered, added and never changed, so each is read once. The last one that was read is read
    again: where it is another, the store or the log is another one, and all is read anew.

    Args:
        place: Where the twin keeps it.
    """

    def __init__(self, place: TwinPlace) -> None:
        self._place = place
        self._lock = Lock()
        self._measured = _Measured()
        self._number = 0
        self._came: datetime | None = None
        self._logged = _Logged()

    def state(self, now: datetime | None = None) -> LiveState:
        """The last known state.

        Args:
            now: When; by default by the clock of this machine.

        Raises:
            InputError: If the store or the file of alerts is damaged or something else.
            StoreError: If the store cannot be reached or is locked.
        """
        from app.twin.measuring.store import opened_measurements  # noqa: PLC0415  loads a large library

        with self._lock:
            now = now or datetime.now(UTC)
            with opened_measurements(self._place.store) as store:
                measured = self._measured.read(store)
            if self._came is None or measured.number != self._number:
                self._came = now
            self._measured, self._number = measured, measured.number
            entries, proposals = self._of_log()
            return LiveState(
                now, measured.latest, measured.sensors, measured.qualities, measured.count,
                measured.rejected, standing_alerts(self._place.alerts), entries, proposals, self._came,
            )  # fmt: skip

    def _of_log(self) -> tuple[tuple[LogRecord, ...] | None, tuple[Any, ...]]:
        """The latest entries of the log, and the alerts whose action is open."""
        if self._place.log is None:
            return None, ()
        from app.twin.log import opened_log  # noqa: PLC0415  loads a large library

        with opened_log(self._place.log) as log:
            records, number = log.after(max(self._logged.number - 1, 0))
            if self._logged.number and records[:1] != [self._logged.latest[0]]:
                self._logged = _Logged()
                records, number = log.after(0)
        self._logged.take(records, number)
        return tuple(self._logged.latest), self._logged.proposals.latest_first


class _Measured:
    """The rows that came in last, and what follows from them."""

    def __init__(self) -> None:
        self.frame = pl.DataFrame(schema={"number": pl.Int64, **MEASUREMENT_COLUMNS})
        self.count = self.rejected = self._rejected_number = 0
        self.latest: datetime | None = None
        self.sensors = sensors_of(self.frame.select(*MEASUREMENT_COLUMNS))
        self.qualities: dict[str, int] = {}

    @property
    def number(self) -> int:
        """Number of the last row; 0 without one."""
        return 0 if self.frame.is_empty() else int(self.frame["number"][-1])

    def read(self, store: MeasurementStore) -> _Measured:
        """With what came in since; another one where the store is another."""
        number = self.number
        new = store.numbered(number - 1) if number else store.numbered_last(MOST_ROWS)
        if number:
            if not new[:1].equals(self.frame[-1:]):
                return _Measured().read(store)
            new = new[1:]
            self.count += new.height
        elif new.height:
            self.count = store.count_until(int(new["number"][-1]))
        refused, self._rejected_number = store.rejected_after(self._rejected_number)
        self.rejected += refused
        if new.height:
            self.latest = store.latest()
            self.frame = pl.concat([self.frame, new]).tail(MOST_ROWS)
            self._follows()
        return self

    def _follows(self) -> None:
        marked = mark(self.frame.select(*MEASUREMENT_COLUMNS))
        found = dict(marked["quality"].value_counts().iter_rows())
        self.qualities = {name: found[name] for name in QUALITIES if name in found}
        sensors = sensors_of(marked)
        silent = self.sensors.join(sensors, on=PLACE, how="anti")  # of which nothing is among the latest rows
        self.sensors = pl.concat([sensors, silent]).sort(PLACE)


class _Logged:
    """The latest entries of a log, the last one first, and the proposals that are open."""

    def __init__(self) -> None:
        self.number = 0
        self.latest: deque[LogRecord] = deque(maxlen=MOST_ENTRIES)
        self.proposals = OpenProposals()

    def take(self, records: Sequence[LogRecord], number: int) -> None:
        """Goes on; the first of the entries is the one that was read last, where there is one."""
        new = records[1:] if self.number else records
        self.latest.extendleft(new)
        self.proposals.take(new)
        self.number = number
