"""Wall times placed in UTC: by the offset that a cell states, else by a zone, across the hours of summer time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import polars as pl

from grid.errors import Fault
from grid.time.stamps import Stamps
from grid.time.zones import Zone

Twice = Literal["first", "in turn"]
"""Which of a doubled hour a time means: the first, or in a series of rows the first row the first and the next the
second."""
_HOUR: Final = timedelta(hours=1)
_SUMMER_TIMES: Final = (
    "Europe/Berlin", "Europe/London", "Europe/Helsinki", "America/New_York", "Australia/Sydney", "Pacific/Auckland",
    "America/Santiago", "America/Sao_Paulo", "America/Asuncion", "America/Mexico_City", "America/Havana",
    "Asia/Jerusalem", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo",
)  # fmt: skip
"""Zones whose clocks stand for those of others that change to summer time on the same day at the same time."""


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

    def zone_words(self, zone: Zone) -> str:
        """How the rows were placed, in words."""
        n = int(self.utc.is_not_null().sum())
        if self.stated == 0:
            return zone.name
        return "offsets in the cells" if self.stated >= n else f"offsets in {self.stated} cells, {zone.name} in others"


def in_utc(stamps: Stamps, zone: Zone, twice: Twice = "first", series: pl.Series | None = None) -> Instants:
    """Places wall times in UTC.

    Args:
        stamps: What the cells say; an offset that a cell states goes before everything else.
        zone: Of the cells that state none.
        twice: What a time in the doubled hour of autumn means.
        series: Which series each row is of, where a file holds several, (R,); with it, rows of the doubled hour may
            also stand hour after hour.
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
        first = first.zip_with(~(_again(wall, doubled, series) & doubled), second)
    return Instants(of_cell.fill_null(first), of_cell.fill_null(second), skipped, doubled, stated)


def undecided(wall: pl.Series, doubled: pl.Series, series: pl.Series) -> pl.Series:
    """Rows in the doubled hour of which the file does not show whether they are of its first or second half, (R,).

    Args:
        wall: Wall times, (R,).
        doubled: From `Instants`, (R,).
        series: Which series each row is of, (R,).
    """
    frame = pl.DataFrame({"wall": wall, "doubled": doubled, "series": series, "again": _again(wall, doubled, series)})
    both = pl.col("again").filter("doubled").any().over("series", pl.col("wall").dt.date())
    return frame.select(both=pl.col("doubled") & ~both)["both"]


def _again(wall: pl.Series, doubled: pl.Series, series: pl.Series | None) -> pl.Series:
    """Rows of a time that stood before in their series, or after their series went back in the doubled hour, (R,)."""
    if series is None:
        return wall.is_not_null() & ~wall.is_first_distinct()
    frame = pl.DataFrame({"wall": wall, "doubled": doubled, "series": series}).with_columns(
        fell=(pl.col("wall").diff() < timedelta(0)).over("series").fill_null(value=False)
    )
    back = (pl.col("fell") & pl.col("doubled")).cum_sum().over("series", pl.col("wall").dt.date()) > 0
    in_order = ~(pl.col("fell") & ~pl.col("doubled")).any().over("series")
    seen = pl.col("wall").is_not_null() & ~pl.struct("series", "wall").is_first_distinct()
    return frame.select(again=seen | (back & in_order))["again"]


def local_time_faults(place: str, stamps: Stamps, zone: Zone) -> Iterator[Fault]:
    """That a series in a zone without summer time lacks the hour that summer time skips, as local times do.

    Args:
        place: Name of the column.
        stamps: What the cells say; those that state an offset are left out.
        zone: Where they are placed.
    """
    wall = stamps.wall.filter(stamps.offset_min.is_null()).drop_nulls().unique().sort()
    steps = wall.diff().drop_nulls()
    if zone.minutes is None or not steps.len():
        return
    usual = steps.mode().sort()[0]
    absent = wall[:-1].filter(steps == usual + _HOUR) + usual if usual <= _HOUR else wall[:0]
    for name in _SUMMER_TIMES:
        skipped = absent.filter(_zoned(absent, name, "earliest").is_null())
        begins = skipped.filter(_zoned(skipped - usual, name, "earliest").is_not_null())
        if begins.len():
            rule = (
                f"lacks the hour from {begins[0]:%Y-%m-%d %H:%M}, which summer time skips as in {name}, and is read in "
            )
            rule += f"{zone.name}: are these local times? Write the offset in the cells, as in +02:00, or that hour"
            yield Fault(place, rule)
            return


def _zoned(wall: pl.Series, zone: str, ambiguous: Literal["earliest", "latest"]) -> pl.Series:
    local = wall.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
