"""Test reference years of the German weather service (TRY, 2010): typical years of fifteen regions of Germany."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes
from grid.files.numbers import read_numbers
from grid.files.text_table import decoded
from grid.time.clock import Clock
from grid.weather.formats import AT_THE_STAMP, OF_THE_HOUR, Meaning, RawYear, Station, place_faults
from grid.weather.sun import beam_on_normal
from grid.weather.year_rows import HOURS_OF_YEAR, Stamped, on_the_year

_PLACE: Final = re.compile(r"Lage:\s*(\d+)\D+(\d+)'([NS])\D+?(\d+)\D+?(\d+)'([OW])")
_END_OF_HEADER: Final = "***"
_COLUMNS: Final = ("month", "day", "hour", "wind", "temperature", "pressure", "humidity", "beam", "diffuse")
_PLACES: Final = (2, 3, 4, 7, 8, 9, 11, 13, 14)
_CELLS: Final = 19
_CET_HOURS: Final = 1.0
_CURE: Final = "a TRY states its place as in Lage: 52°23'N <- B.  13°04'O <- L., and its hours in CET (MEZ)"
_SHOWN: Final = 10


def is_dwd_try(first_line: str) -> bool:
    """Whether a file with this first line is a test reference year."""
    return re.match(r"TRY\d\d\s", first_line) is not None


def read_dwd_try(path: Path) -> RawYear:
    """Reads a test reference year; its hours go from 1 to 24 in CET and end at their number.

    Direct irradiance stands for the horizontal plane; on that towards the sun it is divided by the sine of the sun's
    elevation.

    Raises:
        InputError: If it states no place, its cells are no numbers, or its rows are not the hours of one year.
    """
    head, _, body = decoded(read_bytes(path))[0].partition(_END_OF_HEADER)
    station = _station(head, str(path))
    cells, stamps = _cells(body, str(path))
    values = {
        "ghi_w_per_m2": cells["beam"] + cells["diffuse"],
        "dni_w_per_m2": cells["beam"],
        "dhi_w_per_m2": cells["diffuse"],
        "t_dry_bulb_degc": cells["temperature"],
        "relative_humidity_percent": cells["humidity"],
        "pressure_pa": cells["pressure"] * 100.0,
        "wind_speed_m_per_s": cells["wind"],
    }
    year = on_the_year(stamps, values, 0, str(path))
    start = datetime(2023, 1, 1, tzinfo=UTC) - timedelta(hours=_CET_HOURS)
    hours = Clock(start, timedelta(hours=1), HOURS_OF_YEAR)
    towards_sun = beam_on_normal(year.columns["dni_w_per_m2"], hours, station.latitude, station.longitude)
    return RawYear(
        "TRY", {**year.columns, "dni_w_per_m2": towards_sun}, {}, station, "UTC+1 h (CET, as the format says)",
        _CET_HOURS, 0, (Meaning(OF_THE_HOUR, 0), Meaning(AT_THE_STAMP, 30)), _CURE,
    )  # fmt: skip


def _cells(body: str, source: str) -> tuple[dict[str, Floats], Stamped]:
    """Numbers of the rows by name, and when the rows are."""
    rows = [line.split() for line in body.splitlines() if line.strip()]
    short = [k + 1 for k, row in enumerate(rows) if len(row) != _CELLS]
    if short or not rows:
        rule = f"must have {_CELLS} cells in each row of values; not so in rows"
        raise InputError([Fault("rows", rule, short[:_SHOWN] or "no rows")], source)
    cells = {name: _column(rows, at, name, source) for name, at in zip(_COLUMNS, _PLACES, strict=True)}
    month, day, hour = (cells[name].astype(np.int64) for name in ("month", "day", "hour"))
    raise_if_any(
        [
            Fault(name, f"must lie within 1 and {most}", [int(each.min()), int(each.max())])
            for name, each, most in (("month", month, 12), ("day", day, 31), ("hour", hour, 24))
            if each.min() < 1 or each.max() > most
        ],
        source,
    )
    stamps = Stamped(month, day, hour - 1, np.zeros_like(hour))
    return cells, stamps


def _station(head: str, source: str) -> Station:
    found = _PLACE.search(head)
    if found is None:
        lines = [line.strip() for line in head.splitlines() if "Lage" in line]
        raise InputError([Fault("header, Lage", f"must state the place: {_CURE}", lines[:1])], source)
    degrees, minutes, north, east_degrees, east_minutes, east = found.groups()
    latitude = (int(degrees) + int(minutes) / 60) * (1 if north == "N" else -1)
    longitude = (int(east_degrees) + int(east_minutes) / 60) * (1 if east == "O" else -1)
    station = Station(latitude, longitude, _CET_HOURS)
    raise_if_any(place_faults(station, _CURE), source)
    return station


def _column(rows: list[list[str]], at: int, name: str, source: str) -> Floats:
    numbers = read_numbers(pl.Series([row[at] for row in rows]))
    if numbers.unread.any():
        bad = (np.flatnonzero(numbers.unread)[:_SHOWN] + 1).tolist()
        raise InputError([Fault(name, "must be a number; not so in rows", bad)], source)
    return numbers.values
