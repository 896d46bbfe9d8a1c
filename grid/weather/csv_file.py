"""Weather in a CSV file with this project's own columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, number_faults
from grid.files.text_table import TextTable, read_text_table
from grid.time.instants import in_utc, local_time_faults
from grid.time.stamps import read_stamps
from grid.time.zones import UTC_ZONE
from grid.weather.formats import AT_THE_STAMP, COLUMNS, IRRADIANCE, OF_THE_HOUR, Meaning, RawYear, Station
from grid.weather.year_rows import means_of_hours, on_the_year, stamped

TIME: Final = "time_utc"
_CURE: Final = (
    "is time_utc the beginning of each hour in UTC (or with an offset in the cell), and was the file measured at the "
    "city's latitude and longitude?"
)


def read_weather_csv(path: Path, station: Station) -> RawYear:
    """Reads a CSV file with `TIME` and the columns of weather.

    Args:
        path: The file.
        station: Where it was measured, as it does not say itself, and the clock to count its hours on.

    Raises:
        InputError: If columns are missing, cells are no times or numbers, or the rows are not the hours of one year.
    """
    table = _renamed(read_text_table(path))
    absent = [name for name in (TIME, *COLUMNS) if name not in table.names]
    if set(IRRADIANCE) <= set(absent):
        absent = [name for name in absent if name not in IRRADIANCE]
    others = [name for name in table.names if name not in COLUMNS]
    raise_if_any((Fault(name, "is a required column", suggestion=nearest(name, others)) for name in absent), str(path))
    values, faults = _values(table)
    found = read_stamps([table.cells[TIME]], even=True)
    faults += [replace(fault, place=TIME) for fault in found.faults]
    stamps = found.columns[0]
    unread = stamps.wall.is_null().to_numpy()
    faults += cell_faults(TIME, "must be times such as 2023-01-01T00:00", unread, table.cells[TIME], table.lines)
    faults += local_time_faults(TIME, stamps, UTC_ZONE)
    raise_if_any(faults, str(path))
    if not table.n_rows:
        raise InputError([Fault("rows", "must be the hours of a year; the file has none")], str(path))
    instants = in_utc(stamps, UTC_ZONE)
    offsets = stamps.offset_min.fill_null(0).to_numpy()
    wall, offset = stamps.wall.to_numpy(), int(offsets[0])
    if (offsets != offset).any():  # wall time with summer time: UTC counts its hours without a break
        wall, offset = instants.utc.to_numpy(), 0
    rows, means, step = means_of_hours(stamped(wall.astype("datetime64[us]")), values, str(path))
    hours, minutes = divmod(int(rows.minute[0]) + round(station.utc_offset_hours * 60) - offset, 60)
    year = on_the_year(rows, means, hours, str(path))
    return RawYear(
        table.form, year.columns, year.leap_day, station, instants.zone_words(UTC_ZONE), offset / 60, minutes,
        (Meaning(OF_THE_HOUR, minutes), Meaning(AT_THE_STAMP, minutes - step // 2)), _CURE, step_min=step,
    )  # fmt: skip


def _renamed(table: TextTable) -> TextTable:
    """The table with our names in our letter case."""
    ours = {name.casefold(): name for name in (TIME, *COLUMNS)}
    names = [ours.get(name.casefold(), name) for name in table.names]
    return replace(table, cells=table.cells.rename(dict(zip(table.names, names, strict=True)))) if len(
        set(names)) == len(names) else table  # fmt: skip


def _values(table: TextTable) -> tuple[dict[str, Floats], list[Fault]]:
    nothing = np.full(table.n_rows, np.nan)
    columns = {name: table.numbers(name) for name in COLUMNS if name in table.names}
    return {name: columns[name].values if name in columns else nothing for name in COLUMNS}, [*_cell_faults(table)]


def _cell_faults(table: TextTable) -> Iterator[Fault]:
    for name in COLUMNS:
        if name in table.names:
            yield from number_faults(table, name, table.numbers(name), "must be a number in every row, or empty")
