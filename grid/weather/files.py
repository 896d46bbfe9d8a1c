"""A year of hourly weather, read from a file, with gaps filled and every value checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.weather.formats import HOURS_OF_YEAR, IRRADIANCE, RawYear, Station, hour_name, read_format

__all__ = ["HOURS_OF_YEAR", "IRRADIANCE", "PLAUSIBLE", "SHIPPED", "WeatherYear", "read_weather_year"]

SHIPPED = {"greensboro-tmy3": "723170TYA.CSV"}
"""Names of the weather files that come with pvlib."""
LONGEST_GAP_H = 6
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
    """The 8760 hours of a year without leap day, in local standard time, each the mean of the hour that begins there.

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
        utc_offset_hours: Local standard time less UTC [h].
        filled_hours: Hours with at least one value filled in.
        has_irradiance: Whether the file has irradiance.
        assumed: Columns that the format does not have and that were assumed.
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

    def __post_init__(self) -> None:
        for column in fields(self)[: len(PLAUSIBLE)]:
            object.__setattr__(self, column.name, read_only(getattr(self, column.name)))


def read_weather_year(
    source: str | Path, latitude: float, longitude: float, standard_offset_hours: float
) -> WeatherYear:
    """Reads a weather file, fills short gaps and checks that every value is plausible.

    TMY3 and EPW label an hour by its end; it is stored under its beginning, because the value is the
    mean over the hour that ends there. PVGIS gives the value at a minute of each hour, which stands for the hour, and
    in UTC: the time zone of the longitude makes it local. A PVGIS hourly file must be of one year and of the
    horizontal plane; it has no humidity, and no pressure but that of its elevation. A CSV file has the columns of
    `WeatherYear` and ``time_utc``, the beginning of each hour; irradiance may be left out, all three columns
    together. Every file has a row for each hour of a year; values missing for up to 6 h are filled linearly.

    Args:
        source: A name of `SHIPPED`, or a path to a TMY3 (``.csv``), EPW (``.epw``), PVGIS or CSV file.
        latitude: Where a CSV file was measured, as it does not say itself [degree].
        longitude: The same, east positive [degree].
        standard_offset_hours: Local standard time less UTC of a CSV file [h].

    Raises:
        InputError: If there is no such file, columns are missing, the rows are not the hours of a year, a gap is
            longer, or values are not plausible.
    """
    path = _path_of(source)
    try:
        raw = read_format(path, Station(latitude, longitude, standard_offset_hours))
    except InputError:
        raise
    except (ValueError, KeyError, OSError, IndexError) as error:
        rule = f"cannot be read as TMY3, EPW, PVGIS or CSV weather file with a column time_utc ({error})"
        raise InputError.single("weather", rule, str(source)) from error
    return _checked(raw, str(source))


def _path_of(source: str | Path) -> Path:
    if str(source) in SHIPPED:
        return Path(str(files("pvlib") / "data" / SHIPPED[str(source)]))
    path = Path(source)
    if not path.is_file():
        beside = [str(path.parent / entry.name) for entry in path.parent.glob("*")] if path.parent.is_dir() else []
        suggestion = nearest(str(source), [*SHIPPED, *beside])
        raise InputError.single("weather", "no such shipped weather or file", str(source), suggestion)
    return path


def _checked(raw: RawYear, source: str) -> WeatherYear:
    has_irradiance = not all(np.isnan(raw.columns[name]).all() for name in IRRADIANCE)
    filled = np.zeros(HOURS_OF_YEAR, dtype=bool)
    year: dict[str, Floats] = {}
    faults: list[Fault] = []
    for name, values in raw.columns.items():
        if name in IRRADIANCE and not has_irradiance:
            year[name] = np.zeros(HOURS_OF_YEAR)
            continue
        faults += _implausible(name, values)
        missing = np.isnan(values)
        gap_start, gap_length = _longest_gap(missing)
        if gap_length > LONGEST_GAP_H:
            rule = f"has a gap of {gap_length} h from {hour_name(gap_start)}; at most {LONGEST_GAP_H} h can be filled"
            faults.append(Fault(name, rule))
            continue
        filled |= missing
        year[name] = _fill(values, missing)
    raise_if_any(faults, source)
    year["relative_humidity_percent"] = np.minimum(year["relative_humidity_percent"], 100.0)
    for name in IRRADIANCE:
        year[name] = np.maximum(year[name], 0.0)
    return WeatherYear(
        latitude=raw.station.latitude,
        longitude=raw.station.longitude,
        utc_offset_hours=raw.station.utc_offset_hours,
        filled_hours=int(filled.sum()),
        has_irradiance=has_irradiance,
        assumed=raw.assumed,
        **year,
    )


def _implausible(name: str, values: Floats) -> list[Fault]:
    least, greatest = PLAUSIBLE[name]
    bad = np.flatnonzero((values < least) | (values > greatest))
    if bad.size:
        rule = f"must lie within {least:g} and {greatest:g} (is the unit right?); {bad.size} h do not, the first is"
        return [Fault(name, f"{rule} {hour_name(int(bad[0]))}", float(values[bad[0]]))]
    if name == "relative_humidity_percent" and np.nanmax(values, initial=0.0) <= 1.0:
        return [Fault(name, "must be in percent; no hour exceeds 1", float(np.nanmax(values, initial=0.0)))]
    return []


def _longest_gap(missing: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[int, int]:
    """First hour and length of the longest run of missing hours; the year is a circle."""
    if missing.all():
        return 0, len(missing)
    if not missing.any():
        return 0, 0
    first = int(np.flatnonzero(~missing)[0])
    turned = np.concatenate(([False], np.roll(missing, -first), [False])).astype(np.int64)
    starts, stops = np.flatnonzero(np.diff(turned) == 1), np.flatnonzero(np.diff(turned) == -1)
    longest = int(np.argmax(stops - starts))
    return int((starts[longest] + first) % len(missing)), int(stops[longest] - starts[longest])


def _fill(values: Floats, missing: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    hours = np.arange(len(values))
    return np.asarray(np.interp(hours, hours[~missing], values[~missing], period=len(values)))
