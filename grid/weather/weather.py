"""The weather of the city, on the clock."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.report import FileReport
from grid.sharing import shared
from grid.time.clock import Clock
from grid.time.steps import middles_of_steps
from grid.weather.files import HOURS_OF_YEAR, IRRADIANCE, PLAUSIBLE, WeatherYear, files_of, read_weather_year
from grid.weather.moist_air import solved_wet_bulb_degc
from grid.weather.placement import hour_means, linear_means, moved_minutes, station_times

__all__ = [
    "Weather",
    "hours_of_year",
    "interpolated_values",
    "standard_offset",
    "weather_for",
]
TROPIC_DEGREE = 23.4
"""Beyond it the seasons of the hemispheres are opposite [degree]."""


@dataclass(frozen=True, eq=False)
class Weather:
    """Weather in each step of a clock; every array has shape (T,) and is read-only.

    Args:
        clock: The time axis, T steps.
        latitude: Of the city, for its sun, north positive [degree].
        longitude: Of the city, east positive [degree].
        ghi_w_per_m2: Global horizontal irradiance; it may be positive while the city's own sun is down, where the
            file comes from another longitude or latitude.
        dni_w_per_m2: Direct normal irradiance.
        dhi_w_per_m2: Diffuse horizontal irradiance.
        t_dry_bulb_degc: Dry-bulb temperature.
        relative_humidity_percent: Relative humidity.
        pressure_pa: Pressure.
        wind_speed_m_per_s: Wind speed 10 m above ground.
        source: Name or path of what was read.
        filled_hours: Hours of the source that had a gap.
        has_irradiance: Whether the source has irradiance; otherwise it is 0.
        year: The source's whole year, from which a region takes its climate.
        report: What was read, and how it was brought to the city.

    Raises:
        InputError: If a shape disagrees with the clock or a value is not finite.
    """

    clock: Clock
    latitude: float
    longitude: float
    ghi_w_per_m2: Floats
    dni_w_per_m2: Floats
    dhi_w_per_m2: Floats
    t_dry_bulb_degc: Floats
    relative_humidity_percent: Floats
    pressure_pa: Floats
    wind_speed_m_per_s: Floats
    source: str
    filled_hours: int
    has_irradiance: bool
    year: WeatherYear | None = None
    report: FileReport | None = None

    def __post_init__(self) -> None:
        faults = []
        for name in (field.name for field in fields(self) if field.name in PLAUSIBLE):
            values = read_only(getattr(self, name))
            object.__setattr__(self, name, values)
            if values.shape != (self.clock.n_steps,):
                faults.append(Fault(f"weather.{name}", f"must have shape ({self.clock.n_steps},)", values.shape))
            elif not np.isfinite(values).all():
                faults.append(Fault(f"weather.{name}", "must be finite in every step"))
        raise_if_any(faults)

    @cached_property
    def t_wet_bulb_degc(self) -> Floats:
        """Wet-bulb temperature, shape (T,)."""
        wet = solved_wet_bulb_degc(self.t_dry_bulb_degc, self.relative_humidity_percent, self.pressure_pa)
        return read_only(wet)


@shared(files=files_of)
def weather_for(source: str | Path, clock: Clock, time_zone: str, latitude: float, longitude: float) -> Weather:
    """Brings a weather file to the city and to its clock.

    Rows are placed by what the file says of its own time (`grid.weather.files.read_weather_year`); weather of another
    meridian is moved to the city's sun (`grid.weather.placement`). 29 February takes that of the file, else 28
    February. Irradiance is constant within the hour, so that each hour keeps its energy exactly; everything else is
    linear between the middles of the hours. A step longer than a quarter of an hour takes the mean over itself.

    Args:
        source: A name of `grid.weather.files.SHIPPED` (``potsdam-try``, ``greensboro-tmy3``), or a path to a TMY3,
            EPW, TRY, PVGIS or CSV file; for the columns of a CSV file see `grid.weather.files.read_weather_year`.
        clock: The time axis.
        time_zone: Of the city, such as ``Europe/Berlin``.
        latitude: Of the city [degree].
        longitude: Of the city, east positive [degree].

    Raises:
        InputError: If the source does not exist or is faulty, or the time zone or the place does not exist; all
            faults of the file at once.
    """
    raise_if_any(_faults_of_place(time_zone, latitude, longitude))
    offset = standard_offset(time_zone, clock.start.year) / timedelta(hours=1)
    year = read_weather_year(source, latitude, longitude, offset)
    moved = moved_minutes(year.longitude, longitude)
    ahead = round(year.utc_offset_hours * 60) - moved
    light = station_times(clock, ahead - year.sun_begins_min, whole=True)
    air = station_times(clock, ahead - year.begins_min, whole=False)
    columns = {
        name: hour_means(year.leap_year(name), light) if name in IRRADIANCE else linear_means(year.leap_year(name), air)
        for name in PLAUSIBLE
    }
    return Weather(
        clock=clock,
        latitude=latitude,
        longitude=longitude,
        source=str(source),
        filled_hours=year.filled_hours,
        has_irradiance=year.has_irradiance,
        year=year,
        report=_report(year, latitude, longitude, moved),
        **columns,
    )


def _report(year: WeatherYear, latitude: float, longitude: float, moved: int) -> FileReport | None:
    """The report on the file, with what was done to bring it to the city."""
    if year.report is None:
        return None
    notes = []
    if moved:
        notes.append(
            f"weather of longitude {year.longitude:g} is moved by {moved / 60:+g} h to the sun of the city at "
            f"{longitude:g}"
        )
    if year.latitude * latitude < 0 and min(abs(year.latitude), abs(latitude)) > TROPIC_DEGREE:
        notes.append("the station lies in the other hemisphere: its seasons are the other way round")
    return replace(year.report, mended=(*year.report.mended, *notes))


def _faults_of_place(time_zone: str, latitude: float, longitude: float) -> list[Fault]:
    faults = []
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        suggestion = nearest(time_zone, available_timezones())
        faults.append(Fault("time_zone", "no such time zone", time_zone, suggestion))
    if not -90 <= latitude <= 90:
        faults.append(Fault("latitude", "must lie within -90 and 90", latitude))
    if not -180 <= longitude <= 180:
        faults.append(Fault("longitude", "must lie within -180 and 180", longitude))
    return faults


def standard_offset(time_zone: str, year: int) -> timedelta:
    """Local standard time less UTC in a zone and year: the smaller of the offsets in January and July."""
    zone = ZoneInfo(time_zone)
    offsets = [datetime(year, month, 1, 12, tzinfo=zone).utcoffset() for month in (1, 7)]
    known = [offset for offset in offsets if offset is not None]
    if not known:
        raise InputError.single("time_zone", "must have an offset from UTC", time_zone)
    return min(known)


def hours_of_year(clock: Clock, time_zone: str) -> Floats:
    """Where each step stands in a year of 8760 hours, in the city's local standard time.

    Returns:
        Hours since 1 January, 00:00, of the middles of each step's parts, shape (T, parts), in 0..8760;
        29 February is mapped onto 28 February.
    """
    offset = np.timedelta64(standard_offset(time_zone, clock.start.year))
    local = middles_of_steps(clock) + offset
    years, days = local.astype("datetime64[Y]"), local.astype("datetime64[D]")
    day = (days - years.astype("datetime64[D]")).astype(np.int64)
    next_year = (years + 1).astype("datetime64[D]")
    leap = (next_year - years.astype("datetime64[D]")).astype(np.int64) == 366
    day = np.where(leap & (day >= 59), day - 1, day)
    hour = (local - days.astype("datetime64[us]")) / np.timedelta64(3_600_000_000, "us")
    return np.asarray(day * 24 + hour, dtype=np.float64)


def interpolated_values(year: Floats, hours: Floats) -> Floats:
    """Mean over each step of values linear between the middles of the hours, shape (T,).

    Args:
        year: Hourly values, shape (8760,).
        hours: From `hours_of_year`, shape (T, parts).
    """
    middles = np.arange(HOURS_OF_YEAR) + 0.5
    return np.asarray(np.interp(hours, middles, year, period=HOURS_OF_YEAR).mean(axis=1))
