"""Weather in a CSV file with this project's own columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.text_table import TextTable, read_text_table
from grid.time.instants import place
from grid.time.stamps import read_stamps
from grid.time.zones import UTC_ZONE
from grid.weather.formats import AT_THE_STAMP, COLUMNS, IRRADIANCE, OF_THE_HOUR, Meaning, RawYear, Station
from grid.weather.year_rows import means_of_hours, on_the_year, stamped

TIME: Final = "time_utc"
_CURE: Final = (
    "is time_utc the beginning of each hour in UTC (or with an offset in the cell), and was the file measured at the "
    "city's latitude and longitude?"
)
_SHOWN: Final = 10


def read_weather_csv(path: Path, station: Station) -> RawYear:
    """Reads a CSV file with `TIME` and the columns of weather.

    Args:
        path: The file.
        station: Where it was measured, as it does not say itself, and the clock to count its hours on.

    Raises:
        InputError: If columns are missing, cells are no times or numbers, or the rows are not the hours of one year.
    """
    table = read_text_table(path)
    absent = [name for name in COLUMNS if name not in table.names]
    if set(absent) == set(IRRADIANCE):
        absent = []
    raise_if_any(
        (Fault(name, "is a required column", suggestion=nearest(name, table.names)) for name in absent), str(path)
    )
    values, faults = _values(table)
    found = read_stamps([table.cells[TIME]], even=True)
    faults += [replace(fault, place=TIME) for fault in found.faults]
    stamps = found.columns[0]
    unread = stamps.wall.is_null().to_numpy()
    if unread.any():
        rule = "must be times such as 2023-01-01T00:00; not so in rows"
        faults.append(Fault(TIME, rule, table.lines[unread][:_SHOWN].tolist()))
    raise_if_any(faults, str(path))
    if not table.n_rows:
        raise InputError([Fault("rows", "must be the hours of a year; the file has none")], str(path))
    instants = place(stamps, UTC_ZONE)
    offsets = stamps.offset_min.fill_null(0).to_numpy()
    wall, offset = stamps.wall.to_numpy(), int(offsets[0])
    if (offsets != offset).any():  # wall time with summer time: UTC counts its hours without a break
        wall, offset = instants.utc.to_numpy(), 0
    rows, means, step = means_of_hours(stamped(wall.astype("datetime64[us]")), values, str(path))
    hours, minutes = divmod(int(rows.minute[0]) + round(station.utc_offset_hours * 60) - offset, 60)
    year = on_the_year(rows, means, hours, str(path))
    return RawYear(
        "CSV", year.columns, year.leap_day, station, instants.where(UTC_ZONE), offset / 60, minutes,
        (Meaning(OF_THE_HOUR, minutes), Meaning(AT_THE_STAMP, minutes - step // 2)), _CURE, step_min=step,
    )  # fmt: skip


def _values(table: TextTable) -> tuple[dict[str, Floats], list[Fault]]:
    nothing = np.full(table.n_rows, np.nan)
    columns = {name: table.numbers(name) for name in COLUMNS if name in table.names}
    return {name: columns[name].values if name in columns else nothing for name in COLUMNS}, [*_cell_faults(table)]


def _cell_faults(table: TextTable) -> Iterator[Fault]:
    for name in COLUMNS:
        if name in table.names and table.numbers(name).unread.any():
            rows = table.lines[table.numbers(name).unread]
            yield Fault(name, "must be a number in every row, or empty; not so in rows", rows[:_SHOWN].tolist())
