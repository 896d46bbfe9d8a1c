"""TMY3 and EPW files: a header that states the place and the clock, and rows that are labelled by their end."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes
from grid.files.numbers import Numbers, decimal_mark, read_numbers
from grid.files.text_table import decoded, separator_of
from grid.weather.formats import (
    AT_THE_STAMP,
    IRRADIANCE,
    OF_THE_HOUR,
    Meaning,
    RawYear,
    Station,
    place_faults,
    where_not,
)
from grid.weather.sun import brightness
from grid.weather.year_rows import HOUR_MIN, Stamped, YearColumns, means_of_hours, on_the_year, stamped

_LABELLED_BY_END: Final = (Meaning(OF_THE_HOUR, 0), Meaning(AT_THE_STAMP, 30))
_TMY3_COLUMNS: Final = {
    "ghi_w_per_m2": ("ghi", 1.0),
    "dni_w_per_m2": ("dni", 1.0),
    "dhi_w_per_m2": ("dhi", 1.0),
    "t_dry_bulb_degc": ("temp_air", 1.0),
    "relative_humidity_percent": ("relative_humidity", 1.0),
    "pressure_pa": ("pressure", 100.0),  # mbar
    "wind_speed_m_per_s": ("wind_speed", 1.0),
}
_TMY3_MISSING: Final = (-9900.0, -9999.0)
_MARKS_AT_MOST: Final = 10
"""Numbers that one file holds instead of missing values of a column."""
_EPW_COLUMNS: Final = {  # place in the row, and what stands for missing: EnergyPlus, Weather Data Dictionary
    "ghi_w_per_m2": (13, 9999.0),
    "dni_w_per_m2": (14, 9999.0),
    "dhi_w_per_m2": (15, 9999.0),
    "t_dry_bulb_degc": (6, 99.9),
    "relative_humidity_percent": (8, 999.0),
    "pressure_pa": (9, 999_999.0),
    "wind_speed_m_per_s": (21, 999.0),
}
_EPW_HEADER_LINES: Final = 8
_EPW_MOST_ABOVE: Final = 40
_EPW_LEAST_CELLS: Final = 22
_EPW_PLACE: Final = {"latitude": 6, "longitude": 7, "time zone": 8}
_EPW_CURE: Final = "correct the first line (LOCATION, …, latitude, longitude, time zone, elevation)"
_SHOWN: Final = 10


def read_tmy3(path: Path) -> RawYear:
    """Reads a TMY3 file.

    Raises:
        InputError: If its place cannot be, or its rows are not the hours of one year.
        ValueError, KeyError: If it is no TMY3 file.
    """
    import pandas as pd  # noqa: PLC0415  slow to import
    from pvlib import iotools  # noqa: PLC0415  slow to import

    data, meta = iotools.read_tmy3(path, coerce_year=1990, map_variables=True)
    station = Station(float(meta["latitude"]), float(meta["longitude"]), float(meta["TZ"]))
    cure = "correct the first line of the file"
    raise_if_any(place_faults(station, cure), str(path))
    begins = (data.index - pd.Timedelta(hours=1)).tz_localize(None).to_numpy()
    values = {}
    for name, (column, scale) in _TMY3_COLUMNS.items():
        numbers = data[column].to_numpy(dtype=np.float64)
        values[name] = where_not(numbers, np.isin(numbers, _TMY3_MISSING), scale)
    year = on_the_year(stamped(begins), values, 0, str(path))
    return RawYear(
        "TMY3", year.columns, year.leap_day, station, _utc(station), station.utc_offset_hours, 0, _LABELLED_BY_END, cure
    )  # fmt: skip


def read_epw(path: Path) -> RawYear:
    """Reads an EPW file; its hours go from 1 to 24 and end at their number.

    Raises:
        InputError: If its header or cells are no numbers, its place cannot be, or its rows are not the hours of one
            year.
    """
    text, _ = decoded(read_bytes(path))
    lines = text.splitlines()
    if not lines or not lines[0].lstrip('"').upper().startswith("LOCATION"):
        raise InputError.single(
            "row 1", "must be the LOCATION line of an EPW file", lines[0][:60] if lines else "nothing"
        )
    station = _epw_station(lines[0], str(path))
    at, rows, separator = _epw_rows(lines)
    short = [line for line, row in zip(at, rows, strict=True) if len(row) < _EPW_LEAST_CELLS]
    if short or not rows:
        rule = f"must have at least {_EPW_LEAST_CELLS} cells in each row of values; not so in rows"
        raise InputError([Fault("rows", rule, short[:_SHOWN] or "no rows")], str(path))
    values, stamps, notes = _epw_values(rows, np.array(at), separator, str(path))
    if separator != ",":
        notes = (*notes, f"cells are separated by {separator!r} instead of commas")
    stamps, means, step = means_of_hours(stamps, values, str(path))
    year = on_the_year(stamps, means, 0, str(path))
    per_hour = _per_hour(year, station, step)
    if per_hour > 1:
        year = _brighter(year, per_hour)
        notes = (*notes, f"irradiance is the energy of each {step} min: times {per_hour}, it is the mean of the hour")
    return RawYear(
        "EPW", year.columns, year.leap_day, station, _utc(station), station.utc_offset_hours, 0, _LABELLED_BY_END,
        _EPW_CURE, notes, step_min=step,
    )  # fmt: skip


def _per_hour(year: YearColumns, station: Station, step_min: int) -> int:
    """By how much irradiance of parts of an hour is to be multiplied to be the mean of the hour.

    EPW states it in Wh/m² of the row's own time, but files are found that state the mean power; the clear sky tells
    which.
    """
    parts = HOUR_MIN // step_min
    ghi = year.columns["ghi_w_per_m2"]
    if parts == 1 or np.isnan(ghi).all():
        return 1
    place = station.latitude, station.longitude, station.utc_offset_hours
    return parts if brightness(np.nan_to_num(ghi), *place) < parts**-0.5 else 1


def _brighter(year: YearColumns, factor: float) -> YearColumns:
    """A year with all irradiance times a factor."""

    def scaled(columns: Mapping[str, Floats]) -> dict[str, Floats]:
        return {name: each * factor if name in IRRADIANCE else each for name, each in columns.items()}

    return YearColumns(scaled(year.columns), scaled(year.leap_day))


def _epw_rows(lines: list[str]) -> tuple[list[int], list[list[str]], str]:
    """Lines and cells of the rows of values, which follow the line DATA PERIODS, and what separates the cells."""
    head = lines[:_EPW_MOST_ABOVE]
    last = [k for k, line in enumerate(head) if line.lstrip('"').upper().startswith("DATA PERIODS")]
    first = last[0] + 1 if last else _EPW_HEADER_LINES
    at = [k for k in range(first, len(lines)) if lines[k].strip()]
    separator = separator_of(lines[at[0]]) if at else ","
    return [k + 1 for k in at], [_cells(lines[k], separator) for k in at], separator


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line; a quotation may hold separators."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # a cell of more than 131,072 characters
        return line.split(separator)


def _epw_station(line: str, source: str) -> Station:
    cells = _cells(line, separator_of(line))
    place: dict[str, float] = {}
    faults = []
    for name, at in _EPW_PLACE.items():
        text = cells[at].strip() if at < len(cells) else ""
        try:
            place[name] = float(text.replace(",", "."))
        except ValueError:
            faults.append(Fault(f"header, {name}", f"must be a number: {_EPW_CURE}", text))
    raise_if_any(faults, source)
    station = Station(place["latitude"], place["longitude"], place["time zone"])
    raise_if_any(place_faults(station, _EPW_CURE), source)
    return station


def _epw_values(
    rows: list[list[str]], lines: Ints, separator: str, source: str
) -> tuple[dict[str, Floats], Stamped, tuple[str, ...]]:
    texts = {at: pl.Series([row[at] for row in rows]) for at in (1, 2, 3, 4, *(at for at, _ in _EPW_COLUMNS.values()))}
    mark = decimal_mark(texts.values(), separator)

    def column(at: int) -> Numbers:
        return read_numbers(texts[at], mark)

    month, day, hour = (column(at) for at in (1, 2, 3))
    numbers = {name: column(at) for name, (at, _) in _EPW_COLUMNS.items()}
    raise_if_any(_epw_faults({"month": month, "day": day, "hour": hour} | numbers, lines), source)
    first_hour = int(hour.values.min())
    hours = hour.values.astype(np.int64) - min(first_hour, 1)
    minute = np.nan_to_num(column(4).values)
    within = (minute - minute.min()).astype(np.int64)  # of parts of an hour, which are labelled by their end
    values = {}
    for name, (_, missing) in _EPW_COLUMNS.items():
        found = numbers[name].values
        values[name] = where_not(found, _stands_for_missing(found, missing), 1.0)
    notes = ("its hours go from 0 to 23: taken to begin at their number",) if first_hour == 0 else ()
    return values, Stamped(month.values.astype(np.int64), day.values.astype(np.int64), hours, within), notes


def _epw_faults(columns: dict[str, Numbers], lines: Ints) -> Iterator[Fault]:
    limits = {"month": (1, 12), "day": (1, 31), "hour": (0, 24)}
    for name, numbers in columns.items():
        bad = numbers.unread
        if name in limits:
            least, most = limits[name]
            bad = ~((numbers.values >= least) & (numbers.values <= most))
        if bad.any():
            yield Fault(name, "must be a number that can be true; not so in rows", lines[bad][:_SHOWN].tolist())
    hour = columns["hour"].values
    if hour.min(initial=1) == 0 and hour.max(initial=0) == 24:
        yield Fault("hour", "must go from 1 to 24 (ends) or from 0 to 23 (beginnings), not both", [0, 24])


def _utc(station: Station) -> str:
    return f"UTC{station.utc_offset_hours:+g} h (as the header states)"


def _stands_for_missing(values: Floats, mark: float) -> Bools:
    """Where EPW says that there is no value, shape (R,); nowhere if most values are beyond the mark and differ.

    Such are in another unit, such as temperatures in K, which what checks them tells.
    """
    beyond = values >= mark
    differ = 2 * np.count_nonzero(beyond) > values.size and np.unique(values[beyond]).size > _MARKS_AT_MOST
    return np.asarray(beyond & (not differ), dtype=bool)
