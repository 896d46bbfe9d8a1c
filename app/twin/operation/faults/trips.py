"""Breakers that trip, and the rows that tell of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from grid.twin.measurements import USABLE

SETTLES_AFTER: Final = timedelta(seconds=30)
"""Time after the message of a trip in which those of indicators are waited for; ours."""
OPEN_BELOW: Final = 0.5
"""States are 0 or 1; a value above this counts as 1."""


@dataclass(frozen=True)
class Trip:
    """A breaker that opened by itself.

    Args:
        branch: Name of its branch.
        time: When.
        told: When that was told.
    """

    branch: str
    time: datetime
    told: datetime

    @property
    def alert(self) -> str:
        """Name of its alert."""
        return f"fault behind {self.branch} {self.time:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def settled(self) -> datetime:
        """When indicators have said what they saw."""
        return self.told + SETTLES_AFTER

    def plain(self) -> dict[str, str]:
        """It as JSON has it."""
        return {"branch": self.branch, "time": self.time.isoformat(), "told": self.told.isoformat()}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Trip:
        """The trip that `plain` made plain."""
        moments = (datetime.fromisoformat(content[name]) for name in ("time", "told"))
        return cls(content["branch"], *moments)


def switching(rows: pl.DataFrame, faults: Collection[str]) -> pl.Series:
    """Which rows say of a branch that it is open, or closed again after a fault.

    Args:
        rows: What has come in.
        faults: Branches that are open after a fault.
    """
    known = rows["element"].is_in(list(faults))
    return (_switch_rows(rows, closed=False) & ~known) | (_switch_rows(rows, closed=True) & known)


def _switch_rows(rows: pl.DataFrame, *, closed: bool) -> pl.Series:
    """Which rows say that a branch is closed, or that it is open."""
    value = pl.col("value") > OPEN_BELOW if closed else pl.col("value") <= OPEN_BELOW
    said = (pl.col("element_kind") == "branch") & (pl.col("quantity") == "closed") & pl.col("quality").is_in(USABLE)
    return rows.select((said & value.fill_null(value=False)).alias("said"))["said"]
