"""When to look ahead within a step: soon after a measurement that alerts use, and not after each of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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

    Arrivals beyond the end of the step that is running do not count: they are those of a clock that was ahead, and is
    set right when others within the step follow.

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

    def after(self, rows: pl.DataFrame, ends: datetime | None) -> Pending:
        """With more rows; `ends` is the end of the step that is running, None where there are no looks within it."""
        if rows.is_empty():
            return self
        if ends is None:
            return replace(self, told=_latest(rows, self.told)[-1])
        told = _latest(rows, self.told if self.told < ends else _EARLIEST, ends)
        found = _used(rows, ends) if self.waits is None else None
        waits = told[int(found.arg_max() or 0)] if found is not None and found.any() else self.waits
        return Pending(told[-1], waits, self.looked)

    def first_due(self, rows: pl.DataFrame, begins: datetime, ends: datetime) -> int | None:
        """Place of the first row that arrived when a look was due within the step that is running; None without one."""
        due = self.after(rows, ends).due
        if due is None or not begins < due < ends:
            return None
        late = rows["received"] >= due
        if self.waits is None:
            late &= _used(rows, ends).cast(pl.Int8).cum_max() > 0  # rows before the one that waits are not
        return late.arg_max() if late.any() else None

    def seen(self, moment: datetime) -> Pending:
        """After a look."""
        return Pending(self.told, None, moment)

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        waits = None if self.waits is None else self.waits.isoformat()
        return {"told": self.told.isoformat(), "waits": waits, "looked": self.looked.isoformat()}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Pending:
        """What `plain` made plain."""
        told, looked = (datetime.fromisoformat(content[name]) for name in ("told", "looked"))
        return cls(told, None if content["waits"] is None else datetime.fromisoformat(content["waits"]), looked)


def _used(rows: pl.DataFrame, ends: datetime) -> pl.Series:
    """Which rows alerts use in a step that ends then, as far as they arrived within it."""
    power = (pl.col("quantity") == "p_mw") & pl.col("element_kind").is_in(["bus", "asset"])
    return rows.select((power & (pl.col("time") < ends) & (pl.col("received") < ends)).alias("used"))["used"]


def _latest(rows: pl.DataFrame, before: datetime, ends: datetime | None = None) -> pl.Series:
    """The latest arrival by each row, of those before `ends`."""
    arrived = (
        rows["received"]
        if ends is None
        else rows.select(
            pl.when(pl.col("received") < ends).then(pl.col("received")).otherwise(before).alias("received")
        )["received"]
    )
    return arrived.cum_max().clip(lower_bound=before)


def is_now(moment: datetime, clock: datetime) -> bool:
    """Whether a moment of the measurements has just passed by the clock of the machine."""
    return moment <= clock <= moment + LIVE
