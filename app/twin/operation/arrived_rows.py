"""The rows of a store as an operation takes them: in their order, those of the day at hand, and the time by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from app.twin.measuring.store import MeasurementStore
from grid.twin.measurements import MEASUREMENT_COLUMNS

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before all that is measured."""


class ArrivedRows:
    """What has come in by a row of the store.

    Args:
        number: Number of the last row that was taken.
        day_number: That of the last one before the day at hand.
        watermark: The time by the measurements: the latest of them of which arrival is not before it.
    """

    def __init__(self, number: int = 0, day_number: int = 0, watermark: datetime = EARLIEST) -> None:
        self.number, self.day_number, self.watermark = number, day_number, watermark
        self._rows = self._before = no_rows()
        self._before_number = day_number

    def plain(self) -> dict[str, Any]:
        """It as JSON has it, without the rows."""
        return {"number": self.number, "day_number": self.day_number, "watermark": self.watermark.isoformat()}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> ArrivedRows:
        """What `plain` made plain."""
        watermark = datetime.fromisoformat(content["watermark"])
        return cls(int(content["number"]), int(content["day_number"]), watermark)

    def read_again(self, store: MeasurementStore) -> None:
        """Reads the rows of the day, where they were taken before a restart.

        Raises:
            StoreError: If the store cannot be reached.
        """
        if self._rows.is_empty() and self.number > self.day_number:
            self._rows = store.numbered(self.day_number).filter(pl.col("number") <= self.number)

    def clock_of(self, rest: pl.DataFrame) -> pl.Series:
        """The time by the measurements when each of the rows to come had come in."""
        measured = rest.select(pl.min_horizontal("time", "received").cum_max().alias("clock"))["clock"]
        return measured.clip(lower_bound=self.watermark)

    def take(self, rows: pl.DataFrame) -> None:
        """Takes the next rows, at least one."""
        self.watermark = self.clock_of(rows)[-1]
        self.number = int(rows["number"][-1])
        self._rows = pl.concat([self._rows, rows])

    def begin_day(self) -> None:
        """Begins another day with the next row."""
        self._before, self._before_number = self._rows, self.day_number
        self.day_number, self._rows = self.number, no_rows()

    def measured_before(self, since: datetime, until: datetime, store: MeasurementStore) -> pl.DataFrame:
        """What was measured in a time, of the rows before the day; from the store what came before the day before it.

        Args:
            since: First moment.
            until: Moment before which it was measured.
            store: Where all rows are.

        Returns:
            With `MEASUREMENT_COLUMNS`, by time and number, as `MeasurementStore.frame` gives it.

        Raises:
            StoreError: If the store cannot be reached.
        """
        came = self._before.filter(pl.col("time").is_between(since, until, closed="left")).select(*MEASUREMENT_COLUMNS)
        earlier = store.frame(since, until, self._before_number)
        return pl.concat([earlier, came]).sort("time", maintain_order=True)

    def seen(self, number: int | None = None) -> pl.DataFrame:
        """What came in on the day, up to a row, with `MEASUREMENT_COLUMNS`."""
        rows = self._rows if number is None else self._rows.filter(pl.col("number") <= number)
        return rows.select(*MEASUREMENT_COLUMNS)


def no_rows() -> pl.DataFrame:
    """No rows, with their number before `MEASUREMENT_COLUMNS`."""
    return pl.DataFrame(schema={"number": pl.Int64, **MEASUREMENT_COLUMNS})


def first_place(found: pl.Series) -> int | None:
    """Place of the first row of which something holds; None without one."""
    return found.arg_max() if found.any() else None
