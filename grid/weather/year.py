"""A year of hourly weather at a station."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from grid.arrays import Floats, read_only
from grid.files.report import FileReport
from grid.weather.year_rows import LEAP_DAY

PLAUSIBLE = {
    "ghi_w_per_m2": (-15.0, 1600.0),  # thermal offsets of pyranometers at night; cloud enhancement above 1361 W/m2
    "dni_w_per_m2": (-15.0, 1400.0),
    "dhi_w_per_m2": (-15.0, 1000.0),
    "t_dry_bulb_degc": (-90.0, 60.0),
    "relative_humidity_percent": (0.0, 110.0),
    "pressure_pa": (45_000.0, 110_000.0),
    "wind_speed_m_per_s": (0.0, 75.0),
}
"""Least and greatest value of an hour that can be true; beyond them the unit is probably another."""


@dataclass(frozen=True, eq=False)
class WeatherYear:
    """The 8760 hours of a year without leap day, on the station's clock, each the mean of the hour that begins there.

    Args:
        ghi_w_per_m2: Global horizontal irradiance, shape (8760,); all 0 if the file has none.
        dni_w_per_m2: Direct normal irradiance, shape (8760,).
        dhi_w_per_m2: Diffuse horizontal irradiance, shape (8760,).
        t_dry_bulb_degc: Dry-bulb temperature, shape (8760,).
        relative_humidity_percent: Relative humidity, shape (8760,), at most 100.
        pressure_pa: Pressure at the station, shape (8760,).
        wind_speed_m_per_s: Wind speed 10 m above ground, shape (8760,).
        latitude: Of the station, north positive [degree].
        longitude: Of the station, east positive [degree].
        utc_offset_hours: Of the clock that counts the hours, less UTC [h].
        filled_hours: Hours with at least one value filled in.
        has_irradiance: Whether the file has irradiance.
        assumed: Columns that the format does not have and that were assumed.
        begins_min: When the hours begin after the full hour of that clock [min].
        sun_begins_min: The same of irradiance [min].
        leap_day: Values of 29 February by name of column, shape (24,) each; empty where the file has no such day.
        report: What was read.
    """

    ghi_w_per_m2: Floats
    dni_w_per_m2: Floats
    dhi_w_per_m2: Floats
    t_dry_bulb_degc: Floats
    relative_humidity_percent: Floats
    pressure_pa: Floats
    wind_speed_m_per_s: Floats
    latitude: float
    longitude: float
    utc_offset_hours: float
    filled_hours: int
    has_irradiance: bool
    assumed: tuple[str, ...] = ()
    begins_min: int = 0
    sun_begins_min: int = 0
    leap_day: Mapping[str, Floats] = field(default_factory=dict)
    report: FileReport | None = None

    def __post_init__(self) -> None:
        for column in fields(self)[: len(PLAUSIBLE)]:
            object.__setattr__(self, column.name, read_only(getattr(self, column.name)))

    def leap_year(self, name: str) -> Floats:
        """A column at the hours of a leap year, shape (8784,); 29 February is 28 February where the file has none."""
        values = getattr(self, name)
        day = self.leap_day.get(name, values[LEAP_DAY.start - 24 : LEAP_DAY.start])
        return np.concatenate((values[: LEAP_DAY.start], day, values[LEAP_DAY.start :]))
