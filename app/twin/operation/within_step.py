"""When to look ahead within a step: soon after a measurement that alerts use, and not after each of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

GATHERS: Final = timedelta(seconds=0.25)
"""Time after the first measurement that no look has seen in which others are waited for; ours."""
APART: Final = timedelta(seconds=1)
"""Least time between two looks; ours."""
LIVE: Final = timedelta(minutes=1)
"""How far the machine's clock may be past a moment of the measurements for it to be now; ours."""
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pending:
    """What has come in since the last look, by the times of arrival in the order of the rows.

    Args:
        told: The latest arrival.
        waits: That of the first measurement that alerts use and no look has seen; None without one.
        looked: When the last look was.
    """

    told: datetime = _EARLIEST
    waits: datetime | None = None
    looked: datetime = _EARLIEST

    @property
    def due(self) -> datetime | None:
        """When the next look is due; None while there is nothing to look at."""
        return None if self.waits is None else max(self.waits + GATHERS, self.looked + APART)

    def after(self, rows: pl.DataFrame, ends: datetime) -> Pending:
        """With more rows; `ends` is the end of the step that is running."""
        if rows.is_empty():
            return self
        told = self._told(rows)
        waits = self.waits
        used = (pl.col("quantity") == "p_mw") & pl.col("element_kind").is_in(["bus", "asset"]) & (pl.col("time") < ends)
        if waits is None and (found := rows.select(used.alias("used"))["used"]).any():
            waits = told[int(found.arg_max() or 0)]
        return Pending(told[-1], waits, self.looked)

    def first_due(self, rows: pl.DataFrame, begins: datetime, ends: datetime) -> int | None:
        """Place of the first row that arrived when a look was due within the step that is running; None without one."""
        due = self.after(rows, ends).due
        if due is None or not begins < due < ends:
            return None
        late = self._told(rows) >= due
        return late.arg_max() if late.any() else None

    def seen(self, moment: datetime) -> Pending:
        """After a look."""
        return Pending(self.told, None, moment)

    def _told(self, rows: pl.DataFrame) -> pl.Series:
        """The latest arrival by each row."""
        return rows["received"].cum_max().clip(lower_bound=self.told)

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        waits = None if self.waits is None else self.waits.isoformat()
        return {"told": self.told.isoformat(), "waits": waits, "looked": self.looked.isoformat()}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Pending:
        """What `plain` made plain."""
        told, looked = (datetime.fromisoformat(content[name]) for name in ("told", "looked"))
        return cls(told, None if content["waits"] is None else datetime.fromisoformat(content["waits"]), looked)


def is_now(moment: datetime, clock: datetime) -> bool:
    """Whether a moment of the measurements has just passed by the clock of the machine."""
    return moment <= clock <= moment + LIVE
