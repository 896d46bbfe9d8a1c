"""Wall times placed in UTC: by the offset that a cell states, else by a zone, across the hours of summer time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import polars as pl

from grid.time.stamps import Stamps
from grid.time.zones import Zone

Twice = Literal["first", "in turn"]
"""Which of a doubled hour a time means: the first, or in a series of rows the first row the first and the next the
second."""


@dataclass(frozen=True, eq=False)
class Instants:
    """Times in UTC; R rows, null where nothing could be read.

    Args:
        utc: What they mean, (R,), Datetime("us").
        later: The second time that they can mean in the hour that occurs twice, else the same, (R,).
        skipped: Whether it stood in the hour that summer time skips, and was taken one hour later, (R,).
        doubled: Whether it stood in the hour that occurs twice, (R,).
        stated: Rows whose cell states an offset of its own.
    """

    utc: pl.Series
    later: pl.Series
    skipped: pl.Series
    doubled: pl.Series
    stated: int

    def where(self, zone: Zone) -> str:
        """How the rows were placed, in words."""
        n = int(self.utc.is_not_null().sum())
        if self.stated == 0:
            return zone.name
        return "offsets in the cells" if self.stated >= n else f"offsets in {self.stated} cells, {zone.name} in others"


def place(stamps: Stamps, zone: Zone, twice: Twice = "first") -> Instants:
    """Places wall times in UTC.

    Args:
        stamps: What the cells say; an offset that a cell states goes before everything else.
        zone: Of the cells that state none.
        twice: What a time in the doubled hour of autumn means.
    """
    wall, offset = stamps.wall, stamps.offset_min
    stated = int((offset.is_not_null() & wall.is_not_null()).sum())
    of_cell = wall - (offset * 60_000_000).cast(pl.Duration("us"))
    none = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(wall))
    if zone.minutes is not None:
        utc = of_cell.fill_null(wall - timedelta(minutes=zone.minutes))
        return Instants(utc, utc, none, none, stated)
    here = offset.is_null()
    skipped = (wall.is_not_null() & _zoned(wall, zone.name, "earliest").is_null()) & here
    shifted = wall.zip_with(~skipped, wall + timedelta(hours=1))
    first, second = _zoned(shifted, zone.name, "earliest"), _zoned(shifted, zone.name, "latest")
    doubled = (first != second).fill_null(value=False) & here
    if twice == "in turn":
        again = wall.is_not_null() & ~wall.is_first_distinct()
        first = first.zip_with(~(again & doubled), second)
    return Instants(of_cell.fill_null(first), of_cell.fill_null(second), skipped, doubled, stated)


def _zoned(wall: pl.Series, zone: str, ambiguous: Literal["earliest", "latest"]) -> pl.Series:
    local = wall.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
