"""Weather files of a cloudless world: irradiance of a clear sky at any place, temperature that follows the sun."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from pvlib import clearsky, solarposition

from grid.arrays import Floats
from grid.time.clock import Clock
from grid.weather import Weather, weather_for

HOUR = timedelta(hours=1)
START = datetime(2023, 1, 1)
Row = dict[str, float]


def sunlight(begins: pd.DatetimeIndex, latitude: float, longitude: float, minutes: float = 60) -> Floats:
    """Mean of a clear sky over some minutes from each time (UTC) on [W/m2]; 0 minutes: at that time."""
    parts = (np.arange(12) + 0.5) / 12 * minutes
    times = np.asarray(begins)[:, None] + (parts * 60).astype("timedelta64[s]")
    zenith = solarposition.ephemeris(pd.DatetimeIndex(times.ravel(), tz="UTC"), latitude, longitude)["apparent_zenith"]
    return clearsky.haurwitz(zenith)["ghi"].to_numpy(dtype=np.float64).reshape(times.shape).mean(axis=1)


def temperature(begins: pd.DatetimeIndex, longitude: float, minutes: int = 60) -> Floats:
    """Of the middles of steps of some minutes, warmest at 15 h of mean solar time [degC]."""
    hours = begins.hour + begins.minute / 60 + minutes / 120 + longitude / 15
    return np.asarray(15 + 5 * np.cos(2 * np.pi * (hours - 15) / 24))


def utc_hours(
    offset_h: float = 0.0, n: int = 8760, start: datetime = START, minutes: int = 60
) -> pd.DatetimeIndex:  # fmt: skip
    """UTC of the hours, or steps of some minutes, that begin a year on a clock with this offset."""
    return pd.date_range(start, periods=n, freq=f"{minutes}min") - pd.Timedelta(hours=offset_h)


def epw(
    folder: Path, latitude: float, longitude: float, rows_h: float, header_h: float | None = None, *,
    leap: bool = False, change: Callable[[datetime, Row], Row] = lambda _, row: row, stated: str | None = None,
    parts: int = 1, of_part: bool = False,
) -> Path:  # fmt: skip
    """An EPW file whose rows are on the clock `rows_h` and whose header says `header_h`.

    Each hour has some parts, whose irradiance is their energy if `of_part`, else their mean power.
    """
    place = stated or f"{latitude},{longitude}"
    lines = [f"LOCATION,Nowhere,-,XXX,own,0,{place},{rows_h if header_h is None else header_h},100", *["-"] * 7]
    start, n = (datetime(2020, 1, 1), 8784) if leap else (START, 8760)
    minutes = 60 // parts
    utc = utc_hours(rows_h, n * parts, start, minutes)
    light = sunlight(utc, latitude, longitude, minutes) / (parts if of_part else 1)
    for k, (ghi, t) in enumerate(zip(light, temperature(utc, longitude, minutes), strict=True)):
        at = start + k * timedelta(minutes=minutes)
        row = change(at, {"t": t, "ghi": ghi, "dni": 0.8 * ghi, "dhi": 0.2 * ghi})
        lines.append(
            f"{at.year},{at.month},{at.day},{at.hour + 1},{at.minute + minutes},?,{row['t']:.3f},5,70,100000,0,0,300,"
            f"{row['ghi']:.2f},{row['dni']:.2f},{row['dhi']:.2f},0,0,0,0,180,3.0,5,5,9999,99999,9,999999999,0,0,0,88,0.2,0,0"
        )
    path = folder / "own.epw"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def pvgis_tmy(
    folder: Path, latitude: float, longitude: float, *, at_min: float | None = 10.566, offset_line: bool = True,
    minute: int = 0, years: dict[int, int] | None = None,
) -> Path:  # fmt: skip
    """A typical year of PVGIS, with values at a minute of each hour, or (None) means of the hour."""
    utc = utc_hours()
    at = utc if at_min is None else utc + pd.Timedelta(minutes=at_min)
    ghi = sunlight(at, latitude, longitude, 60 if at_min is None else 0)
    year_of = {month: (years or {}).get(month, 2009 + month % 3 * 2) for month in range(1, 13)}
    lines = [
        f"Latitude (decimal degrees): {latitude}",
        f"Longitude (decimal degrees): {longitude}",
        "Elevation (m): 9.0",
    ]
    lines += ["Irradiance Time Offset (h): 0.1761"] * offset_line
    lines += ["month,year", *(f"{month},{year}" for month, year in year_of.items())]
    lines.append("time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP")
    for when, light, t in zip(utc, ghi, temperature(utc, longitude), strict=True):
        values = f"{t:.2f},70.0,{light:.1f},{0.8 * light:.1f},{0.2 * light:.1f},300.0,2.5,90.0,98500.0"
        lines.append(f"{year_of[when.month]}{when:%m%d:%H}{minute:02},{values}")
    path = folder / "tmy.csv"
    path.write_text("\n".join([*lines, "", "T2m: 2-m air temperature (degree Celsius)", ""]), encoding="utf-8")
    return path


def csv(
    folder: Path, latitude: float, longitude: float, *, start: datetime = START, n: int = 8760, clock_h: float = 0.0,
    form: str = "%Y-%m-%dT%H:%M", suffix: str = "", scale: float = 1.0, later_min: int = 0, minutes: int = 60,
) -> Path:  # fmt: skip
    """Our own layout, with times on the clock `clock_h`; irradiance is that of `later_min` after its stamp."""
    utc = utc_hours(n=n * 60 // minutes, start=start, minutes=minutes)
    ghi = sunlight(utc + pd.Timedelta(minutes=later_min), latitude, longitude, minutes) * scale
    table = pl.DataFrame({
        "time_utc": [f"{when:{form}}{suffix}" for when in utc + pd.Timedelta(hours=clock_h)],
        "ghi_w_per_m2": ghi, "dni_w_per_m2": 0.8 * ghi, "dhi_w_per_m2": 0.2 * ghi,
        "t_dry_bulb_degc": temperature(utc, longitude, minutes), "relative_humidity_percent": 70.0, "pressure_pa": 1e5,
        "wind_speed_m_per_s": 3.0,
    })  # fmt: skip
    path = folder / "own.csv"
    table.write_csv(path)
    return path


def lag_minutes(
    path: Path | str, zone: str, latitude: float, longitude: float, day: datetime = datetime(2030, 6, 20, tzinfo=UTC)
) -> tuple[float, float, Weather]:
    """How late irradiance and temperature are in the city, against its sun [min], on three days."""
    clock = Clock(day, timedelta(minutes=15), 3 * 96)
    weather = weather_for(path, clock, zone, latitude, longitude)
    begins = pd.DatetimeIndex(clock.times)
    sun = sunlight(begins, latitude, longitude, 15)
    warmth = 5 * np.cos(2 * np.pi * (begins.hour + begins.minute / 60 + 0.125 + longitude / 15 - 15) / 24)
    return _lag(weather.ghi_w_per_m2, sun), _lag(weather.t_dry_bulb_degc, np.asarray(warmth)), weather


def _lag(values: Floats, truth: Floats) -> float:
    turn = np.exp(2j * np.pi * np.arange(values.size) / 96)
    return float(np.angle(values @ turn / (truth @ turn)) * 24 * 60 / (2 * np.pi))
