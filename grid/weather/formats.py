"""The formats of weather files: each becomes columns in this package's units at the hours of one year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import Fault
from grid.weather.year_rows import HOUR_MIN, HOURS_OF_YEAR

IRRADIANCE: Final = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
COLUMNS: Final = (*IRRADIANCE, "t_dry_bulb_degc", "relative_humidity_percent", "pressure_pa", "wind_speed_m_per_s")
"""What every format is brought to; units as in the names."""
OF_THE_HOUR: Final = "means of the hour"
AT_THE_STAMP: Final = "values at the stamp, each for the hour around it"


@dataclass(frozen=True)
class Station:
    """Where a file was measured.

    Args:
        latitude: North positive [degree].
        longitude: East positive [degree].
        utc_offset_hours: Of the clock that its hours are counted on, less UTC [h].
    """

    latitude: float
    longitude: float
    utc_offset_hours: float


@dataclass(frozen=True)
class Meaning:
    """What the irradiance of a row can stand for.

    Args:
        words: In words.
        begins_min: When the hour begins that it stands for, after the full hour of the row [min].
    """

    words: str
    begins_min: int


@dataclass(frozen=True, eq=False)
class RawYear:
    """What a file says, before gaps are filled.

    Args:
        form: Name of the format.
        columns: Values by name of `COLUMNS`, at the hours of a year on the station's clock, shape (8760,) each; NaN
            where the file has none.
        leap_day: The same of 29 February, shape (24,) each; empty where the file has none.
        station: Where it was measured.
        zone: How its time stamps were placed, in words.
        clock_hours: Of the clock that its time stamps are of, less UTC [h].
        begins_min: When the hours begin after the full hour of the station's clock [min].
        meanings: What irradiance stands for: first what the format says, then what files of the format are also
            found to hold.
        cure: What to do where the irradiance does not fit the sun.
        notes: What was done to read it.
        assumed: Columns that the format does not have and that were assumed.
        step_min: How far its rows are apart; of parts of an hour the values are the means of the hours [min].
    """

    form: str
    columns: Mapping[str, Floats]
    leap_day: Mapping[str, Floats]
    station: Station
    zone: str
    clock_hours: float
    begins_min: int
    meanings: tuple[Meaning, ...]
    cure: str
    notes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    step_min: int = HOUR_MIN

    @property
    def n_hours(self) -> int:
        """Hours of the file."""
        return HOURS_OF_YEAR + (24 if self.leap_day else 0)

    @property
    def rows_words(self) -> str:
        """Its rows, in words."""
        if self.step_min == HOUR_MIN:
            return f"{self.n_hours:,} hours"
        return f"{self.n_hours * HOUR_MIN // self.step_min:,} rows, of which each hour has the mean"


def place_faults(station: Station, cure: str) -> Iterator[Fault]:
    """What cannot be in the place that a header states.

    Args:
        station: As it stands.
        cure: How to mend it.
    """
    for name, value, most in (
        ("latitude", station.latitude, 90.0),
        ("longitude", station.longitude, 180.0),
        ("time zone", station.utc_offset_hours, 14.0),
    ):
        if not abs(value) <= most:  # not-a-number fails too
            yield Fault(f"header, {name}", f"must lie within {-most:g} and {most:g}: {cure}", value)


def where_not(values: Floats, missing: Bools, scale: float) -> Floats:
    """Values times a factor, NaN where they are missing."""
    return np.where(missing, np.nan, values * scale)
