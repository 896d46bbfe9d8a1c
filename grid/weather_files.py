"""A year of hourly weather, read from TMY3, EPW or CSV files."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.series import Floats, read_only

if TYPE_CHECKING:
    import pandas as pd

HOURS_OF_YEAR = 8760
SHIPPED = {"greensboro-tmy3": "723170TYA.CSV"}
"""Names of the weather files that come with pvlib."""
LONGEST_GAP_H = 6
IRRADIANCE = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
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
_TMY3_COLUMNS = {
    "ghi_w_per_m2": ("ghi", 1.0),
    "dni_w_per_m2": ("dni", 1.0),
    "dhi_w_per_m2": ("dhi", 1.0),
    "t_dry_bulb_degc": ("temp_air", 1.0),
    "relative_humidity_percent": ("relative_humidity", 1.0),
    "pressure_pa": ("pressure", 100.0),  # mbar
    "wind_speed_m_per_s": ("wind_speed", 1.0),
}
_EPW_COLUMNS = _TMY3_COLUMNS | {"pressure_pa": ("atmospheric_pressure", 1.0)}
_TMY3_MISSING = (-9900.0, -9999.0)
_EPW_MISSING = {  # EnergyPlus, Auxiliary Programs: Weather Data Dictionary
    "ghi_w_per_m2": 9999.0,
    "dni_w_per_m2": 9999.0,
    "dhi_w_per_m2": 9999.0,
    "t_dry_bulb_degc": 99.9,
    "relative_humidity_percent": 999.0,
    "pressure_pa": 999_999.0,
    "wind_speed_m_per_s": 999.0,
}


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

    def __post_init__(self) -> None:
        for column in fields(self)[: len(PLAUSIBLE)]:
            object.__setattr__(self, column.name, read_only(getattr(self, column.name)))


def read_weather_year(
    source: str | Path, latitude: float, longitude: float, standard_offset_hours: float
) -> WeatherYear:
    """Reads a weather file, fills short gaps and checks that every value is plausible.

    TMY3 and EPW label an hour by its end; it is stored under its beginning, because the value is the
    mean over the hour that ends there. A CSV file has the columns of `WeatherYear` and ``time_utc``, the
    beginning of each hour; irradiance may be left out, all three columns together. Gaps of up to 6 h are filled
    linearly.

    Args:
        source: A name of `SHIPPED`, or a path to a TMY3 (``.csv``), EPW (``.epw``) or CSV file.
        latitude: Where a CSV file was measured, as it does not say itself [degree].
        longitude: The same, east positive [degree].
        standard_offset_hours: Local standard time less UTC of a CSV file [h].

    Raises:
        InputError: If there is no such file, columns are missing, a gap is longer, or values are not plausible.
    """
    path = _path_of(source)
    place = (latitude, longitude, standard_offset_hours)
    try:
        if path.suffix.casefold() == ".epw":
            raw, place = _read_epw(path)
        elif "time_utc" in path.read_text(encoding="utf-8", errors="ignore").partition("\n")[0]:
            raw = _read_csv(path, standard_offset_hours)
        else:
            raw, place = _read_tmy3(path)
    except InputError:
        raise
    except (ValueError, KeyError, OSError, IndexError) as error:
        rule = f"cannot be read as TMY3, EPW or CSV weather file with a column time_utc ({error})"
        raise InputError.of("weather", rule, str(source)) from error
    return _checked(raw, place, str(source))


def _path_of(source: str | Path) -> Path:
    if str(source) in SHIPPED:
        return Path(str(files("pvlib") / "data" / SHIPPED[str(source)]))
    path = Path(source)
    if not path.is_file():
        beside = [str(path.parent / entry.name) for entry in path.parent.glob("*")] if path.parent.is_dir() else []
        suggestion = nearest(str(source), [*SHIPPED, *beside])
        raise InputError.of("weather", "no such shipped weather or file", str(source), suggestion)
    return path


def _slots(index: pd.DatetimeIndex) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Hour of a year without leap day, 0..8759; -1 on 29 February."""
    leap = np.asarray(index.is_leap_year)
    day = np.asarray(index.dayofyear, dtype=np.int64) - 1
    slots = (day - (leap & (day > 59))) * 24 + np.asarray(index.hour, dtype=np.int64)
    slots[leap & (day == 59)] = -1
    return slots


def _place_hours(index: pd.DatetimeIndex, values: Floats) -> Floats:
    """Values (rows,) at their hours of the year, shape (8760,), NaN where there is none."""
    year = np.full(HOURS_OF_YEAR, np.nan)
    slots = _slots(index)
    year[slots[slots >= 0]] = values[slots >= 0]
    return year


def _read_tmy3(path: Path) -> tuple[dict[str, Floats], tuple[float, float, float]]:
    import pandas as pd  # noqa: PLC0415  slow to import
    from pvlib.iotools import read_tmy3  # noqa: PLC0415  slow to import

    data, meta = read_tmy3(path, coerce_year=1990, map_variables=True)
    begins = data.index - pd.Timedelta(hours=1)
    raw = {}
    for name, (column, scale) in _TMY3_COLUMNS.items():
        values = data[column].to_numpy(dtype=np.float64)
        raw[name] = _place_hours(begins, np.where(np.isin(values, _TMY3_MISSING), np.nan, values * scale))
    return raw, (float(meta["latitude"]), float(meta["longitude"]), float(meta["TZ"]))


def _read_epw(path: Path) -> tuple[dict[str, Floats], tuple[float, float, float]]:
    from pvlib.iotools import read_epw  # noqa: PLC0415  slow to import

    data, meta = read_epw(path, coerce_year=1990)  # labels hours by their beginning already
    raw = {}
    for name, (column, scale) in _EPW_COLUMNS.items():
        values = data[column].to_numpy(dtype=np.float64)
        raw[name] = _place_hours(data.index, np.where(values >= _EPW_MISSING[name], np.nan, values * scale))
    return raw, (float(meta["latitude"]), float(meta["longitude"]), float(meta["TZ"]))


def _read_csv(path: Path, standard_offset_hours: float) -> dict[str, Floats]:
    import pandas as pd  # noqa: PLC0415  slow to import

    data = pd.read_csv(path)
    absent = [name for name in PLAUSIBLE if name not in data.columns]
    if set(absent) == set(IRRADIANCE):
        absent = []
    raise_if_any(
        (Fault(name, "is a required column", suggestion=nearest(name, map(str, data.columns))) for name in absent),
        str(path),
    )
    times = pd.to_datetime(data["time_utc"], utc=True).dt.tz_localize(None)
    begins = pd.DatetimeIndex(times) + pd.Timedelta(hours=standard_offset_hours)
    nothing = np.full(len(data), np.nan)
    return {
        name: _place_hours(begins, data[name].to_numpy(dtype=np.float64) if name in data.columns else nothing)
        for name in PLAUSIBLE
    }


def _checked(raw: dict[str, Floats], place: tuple[float, float, float], source: str) -> WeatherYear:
    has_irradiance = not all(np.isnan(raw[name]).all() for name in IRRADIANCE)
    filled = np.zeros(HOURS_OF_YEAR, dtype=bool)
    year: dict[str, Floats] = {}
    faults: list[Fault] = []
    for name, values in raw.items():
        if name in IRRADIANCE and not has_irradiance:
            year[name] = np.zeros(HOURS_OF_YEAR)
            continue
        faults += _implausible(name, values)
        missing = np.isnan(values)
        gap_start, gap_length = _longest_gap(missing)
        if gap_length > LONGEST_GAP_H:
            rule = f"has a gap of {gap_length} h from {_hour_name(gap_start)}; at most {LONGEST_GAP_H} h can be filled"
            faults.append(Fault(name, rule))
            continue
        filled |= missing
        year[name] = _fill(values, missing)
    raise_if_any(faults, source)
    year["relative_humidity_percent"] = np.minimum(year["relative_humidity_percent"], 100.0)
    for name in IRRADIANCE:
        year[name] = np.maximum(year[name], 0.0)
    latitude, longitude, utc_offset_hours = place
    return WeatherYear(
        latitude=latitude,
        longitude=longitude,
        utc_offset_hours=utc_offset_hours,
        filled_hours=int(filled.sum()),
        has_irradiance=has_irradiance,
        **year,
    )


def _implausible(name: str, values: Floats) -> list[Fault]:
    least, greatest = PLAUSIBLE[name]
    bad = np.flatnonzero((values < least) | (values > greatest))
    if bad.size:
        rule = f"must lie within {least:g} and {greatest:g} (is the unit right?); {bad.size} h do not, the first is"
        return [Fault(name, f"{rule} {_hour_name(int(bad[0]))}", float(values[bad[0]]))]
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


def _hour_name(hour: int) -> str:
    begins = np.datetime64("2023-01-01", "h") + np.timedelta64(hour, "h")
    return str(begins)[5:].replace("T", " ") + " h local standard time"
