"""PVGIS files: typical years and hourly series, in UTC, with irradiance at a minute of each hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from grid.errors import Fault, raise_if_any
from grid.files.content import read_bytes
from grid.weather.formats import OF_THE_HOUR, Meaning, RawYear, Station, place_faults
from grid.weather.sun import LEAST_SUN_DEGREE
from grid.weather.year_rows import on_the_year, stamped

ASSUMED_HUMIDITY_PERCENT: Final = 75.0
"""Where a file has no humidity: about the mean over land in temperate climates (unverified)."""
_COLUMNS: Final = {
    "ghi_w_per_m2": "ghi",
    "dni_w_per_m2": "dni",
    "dhi_w_per_m2": "dhi",
    "t_dry_bulb_degc": "temp_air",
    "relative_humidity_percent": "relative_humidity",
    "pressure_pa": "pressure",
    "wind_speed_m_per_s": "wind_speed",
}
_PART_MIN: Final = 5
"""Times within the hour are rounded to it."""
_CURE: Final = "PVGIS is in UTC: are its times and its latitude and longitude as they were downloaded?"


def read_pvgis_tmy(path: Path) -> RawYear:
    """Reads a typical year.

    Raises:
        InputError: If its place cannot be, or its rows are not the hours of one year.
        ValueError, KeyError, IndexError: If it is no such file.
    """
    from pvlib import iotools  # noqa: PLC0415  slow to import

    data, meta = iotools.read_pvgis_tmy(path, pvgis_format="csv")
    station = _station(float(meta["inputs"]["latitude"]), float(meta["inputs"]["longitude"]), str(path))
    offset_h = float(meta["inputs"].get("irradiance time offset", 0.0))
    values = {name: data[column].to_numpy(dtype=np.float64) for name, column in _COLUMNS.items()}
    return _raw("PVGIS TMY", data.index.tz_localize(None).to_numpy(), values, station, offset_h, str(path))


def read_pvgis_hourly(path: Path) -> RawYear:
    """Reads hourly radiation on a horizontal plane; it has neither humidity nor pressure.

    Raises:
        InputError: If it is of another plane or without components, its place cannot be, or its rows are not the hours
            of one year.
        ValueError, KeyError, IndexError: If it is no such file.
    """
    from pvlib import iotools  # noqa: PLC0415  slow to import
    from pvlib.atmosphere import alt2pres  # noqa: PLC0415  slow to import

    data, meta = iotools.read_pvgis_hourly(path, pvgis_format="csv")
    meta = meta.get("inputs", meta)  # where it stands has changed between versions of pvlib
    raise_if_any(_hourly_faults(path, list(data.columns)), str(path))
    station = _station(float(meta["latitude"]), float(meta["longitude"]), str(path))
    direct = data["poa_direct"].to_numpy(dtype=np.float64)
    diffuse = data["poa_sky_diffuse"].to_numpy(dtype=np.float64)
    elevation = data["solar_elevation"].to_numpy(dtype=np.float64)
    high = elevation >= LEAST_SUN_DEGREE
    values = {
        "ghi_w_per_m2": direct + diffuse + data["poa_ground_diffuse"].to_numpy(dtype=np.float64),
        "dni_w_per_m2": np.where(high, direct / np.sin(np.radians(np.where(high, elevation, 90.0))), 0.0),
        "dhi_w_per_m2": diffuse,
        "t_dry_bulb_degc": data["temp_air"].to_numpy(dtype=np.float64),
        "relative_humidity_percent": np.full(len(data), ASSUMED_HUMIDITY_PERCENT),
        "pressure_pa": np.full(len(data), float(alt2pres(float(meta["elevation"])))),
        "wind_speed_m_per_s": data["wind_speed"].to_numpy(dtype=np.float64),
    }
    assumed = ("relative_humidity_percent", "pressure_pa")
    return _raw("PVGIS hourly", data.index.tz_localize(None).to_numpy(), values, station, 0.0, str(path), assumed)


def _raw(
    form: str, times: np.ndarray, values: dict[str, np.ndarray], station: Station, offset_h: float, source: str,
    assumed: tuple[str, ...] = (),
) -> RawYear:  # fmt: skip
    """The year on the clock of the longitude.

    Irradiance is the value at the minute of the stamp and the header's offset after it; files that were averaged to
    hours before they were written in this layout are found too.
    """
    rows = stamped(times.astype("datetime64[us]"))
    year = on_the_year(rows, values, round(station.utc_offset_hours), source)
    minute = int(rows.minute[0])
    at_min = minute + 60 * offset_h
    meanings = dict.fromkeys((
        Meaning(f"values at {round(at_min):02} min past the hour, each for the hour around it", _rounded(at_min - 30)),
        Meaning(f"values at {minute:02} min past the hour, each for the hour around it", _rounded(minute - 30)),
        Meaning(OF_THE_HOUR, 0),
    ))  # fmt: skip
    return RawYear(
        form, year.columns, year.leap_day, station, "UTC (as PVGIS states)", 0.0, 0, tuple(meanings), _CURE, (), assumed
    )  # fmt: skip


def _rounded(minutes: float) -> int:
    return _PART_MIN * round(minutes / _PART_MIN)


def _station(latitude: float, longitude: float, source: str) -> Station:
    """The place, with the whole hours of its longitude as its clock, on which the year is counted."""
    station = Station(latitude, longitude, 0.0)
    raise_if_any(place_faults(station, "correct the first lines of the file"), source)
    return replace(station, utc_offset_hours=float(round(longitude / 15)))


def _hourly_faults(path: Path, columns: list[str]) -> Iterator[Fault]:
    """What keeps PVGIS' hourly file from saying the global, direct and diffuse irradiance."""
    needed = ("poa_direct", "poa_sky_diffuse", "poa_ground_diffuse", "solar_elevation", "temp_air", "wind_speed")
    if any(name not in columns for name in needed):
        rule = "must have the radiation components: ask PVGIS for them, and for a fixed plane with slope 0"
        yield Fault("columns", rule, columns)
    head = read_bytes(path).decode("utf-8", errors="ignore").partition("time,")[0]
    slope = next((line.partition(":")[2] for line in head.splitlines() if line.startswith("Slope")), "0 deg.")
    if float(slope.split()[0]) != 0:
        yield Fault("Slope", "must be 0 (the horizontal plane), so that the irradiance fits every plane", slope.strip())
