"""The formats of weather files: each becomes columns in this package's units at the hours of one year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import Fault, nearest, raise_if_any

if TYPE_CHECKING:
    import pandas as pd

HOURS_OF_YEAR = 8760
HOURS_OF_LEAP_YEAR = 8784
IRRADIANCE = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
COLUMNS = (*IRRADIANCE, "t_dry_bulb_degc", "relative_humidity_percent", "pressure_pa", "wind_speed_m_per_s")
"""What every format is brought to; units as in the names."""
ASSUMED_HUMIDITY_PERCENT = 75.0
"""Where a file has no humidity: about the mean over land in temperate climates (unverified)."""
_LEAST_SUN_DEGREE = 2.0
"""Below it, direct irradiance on the horizontal says nothing of that on a plane towards the sun."""
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
_PVGIS_TMY_COLUMNS = _TMY3_COLUMNS | {"pressure_pa": ("pressure", 1.0)}
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


@dataclass(frozen=True)
class Station:
    """Where a file was measured.

    Args:
        latitude: North positive [degree].
        longitude: East positive [degree].
        utc_offset_hours: Local standard time less UTC [h].
    """

    latitude: float
    longitude: float
    utc_offset_hours: float


@dataclass(frozen=True, eq=False)
class RawYear:
    """What a file says, before gaps are filled.

    Args:
        columns: Values by name of `COLUMNS`, at the hours of a year in local standard time, shape (8760,) each; NaN
            where the file has none.
        station: Where it was measured.
        assumed: Columns that the format does not have and that were assumed.
    """

    columns: dict[str, Floats]
    station: Station
    assumed: tuple[str, ...] = ()


def read_format(path: Path, elsewhere: Station) -> RawYear:
    """Reads a file of any known format, told by its ending and first line.

    Args:
        path: An EPW file (``.epw``), a TMY3 file, a PVGIS file (hourly or TMY), or a CSV file with ``time_utc``.
        elsewhere: Station of a CSV file, which does not say itself.

    Raises:
        InputError: If columns are missing, or its rows are not the hours of one year.
        ValueError, KeyError, OSError, IndexError: If it is of none of these formats.
    """
    if path.suffix.casefold() == ".epw":
        return _read_epw(path)
    first, _, rest = path.read_text(encoding="utf-8", errors="ignore").partition("\n")
    if first.startswith("Latitude (decimal degrees)"):
        return _read_pvgis_tmy(path) if "month,year" in rest[:500] else _read_pvgis_hourly(path)
    return _read_csv(path, elsewhere) if "time_utc" in first else _read_tmy3(path)


def _read_tmy3(path: Path) -> RawYear:
    """TMY3 labels an hour by its end."""
    import pandas as pd  # noqa: PLC0415  slow to import
    from pvlib.iotools import read_tmy3  # noqa: PLC0415  slow to import

    data, meta = read_tmy3(path, coerce_year=1990, map_variables=True)
    hours = _hours(data.index - pd.Timedelta(hours=1), path)
    raw = {}
    for name, (column, scale) in _TMY3_COLUMNS.items():
        values = data[column].to_numpy(dtype=np.float64)
        raw[name] = _placed(hours, np.where(np.isin(values, _TMY3_MISSING), np.nan, values * scale))
    return RawYear(raw, Station(float(meta["latitude"]), float(meta["longitude"]), float(meta["TZ"])))


def _read_epw(path: Path) -> RawYear:
    """EPW labels an hour by its end, but pvlib by its beginning."""
    from pvlib.iotools import read_epw  # noqa: PLC0415  slow to import

    data, meta = read_epw(path)
    hours = _hours(data.index, path)
    raw = {}
    for name, (column, scale) in _EPW_COLUMNS.items():
        values = data[column].to_numpy(dtype=np.float64)
        raw[name] = _placed(hours, np.where(values >= _EPW_MISSING[name], np.nan, values * scale))
    return RawYear(raw, Station(float(meta["latitude"]), float(meta["longitude"]), float(meta["TZ"])))


def _read_pvgis_tmy(path: Path) -> RawYear:
    from pvlib.iotools import read_pvgis_tmy  # noqa: PLC0415  slow to import

    data, meta = read_pvgis_tmy(path, pvgis_format="csv")
    station = _pvgis_station(float(meta["inputs"]["latitude"]), float(meta["inputs"]["longitude"]))
    hours = _hours(_local(data.index, station), path)
    columns = _PVGIS_TMY_COLUMNS.items()
    return RawYear({name: _placed(hours, data[column].to_numpy(float)) for name, (column, _) in columns}, station)


def _read_pvgis_hourly(path: Path) -> RawYear:
    """PVGIS' hourly radiation on a horizontal plane; it has neither humidity nor pressure."""
    from pvlib.atmosphere import alt2pres  # noqa: PLC0415  slow to import
    from pvlib.iotools import read_pvgis_hourly  # noqa: PLC0415  slow to import

    data, meta = read_pvgis_hourly(path, pvgis_format="csv")
    meta = meta.get("inputs", meta)  # where it stands has changed between versions of pvlib
    raise_if_any(_pvgis_hourly_faults(path, list(data.columns)), str(path))
    station = _pvgis_station(float(meta["latitude"]), float(meta["longitude"]))
    hours = _hours(_local(data.index, station), path)
    direct = data["poa_direct"].to_numpy(dtype=np.float64)
    diffuse = data["poa_sky_diffuse"].to_numpy(dtype=np.float64)
    elevation = data["solar_elevation"].to_numpy(dtype=np.float64)
    high = elevation >= _LEAST_SUN_DEGREE
    raw = {
        "ghi_w_per_m2": direct + diffuse + data["poa_ground_diffuse"].to_numpy(dtype=np.float64),
        "dni_w_per_m2": np.where(high, direct / np.sin(np.radians(np.where(high, elevation, 90.0))), 0.0),
        "dhi_w_per_m2": diffuse,
        "t_dry_bulb_degc": data["temp_air"].to_numpy(dtype=np.float64),
        "relative_humidity_percent": np.full(len(data), ASSUMED_HUMIDITY_PERCENT),
        "pressure_pa": np.full(len(data), float(alt2pres(float(meta["elevation"])))),
        "wind_speed_m_per_s": data["wind_speed"].to_numpy(dtype=np.float64),
    }
    columns = {name: _placed(hours, values) for name, values in raw.items()}
    return RawYear(columns, station, ("relative_humidity_percent", "pressure_pa"))


def _pvgis_hourly_faults(path: Path, columns: list[str]) -> Iterator[Fault]:
    """What keeps PVGIS' hourly file from saying the global, direct and diffuse irradiance."""
    needed = ("poa_direct", "poa_sky_diffuse", "poa_ground_diffuse", "solar_elevation", "temp_air", "wind_speed")
    if any(name not in columns for name in needed):
        rule = "must have the radiation components: ask PVGIS for them, and for a fixed plane with slope 0"
        yield Fault("columns", rule, columns)
    head = path.read_text(encoding="utf-8", errors="ignore").partition("time,")[0]
    slope = next((line.partition(":")[2] for line in head.splitlines() if line.startswith("Slope")), "0 deg.")
    if float(slope.split()[0]) != 0:
        yield Fault("Slope", "must be 0 (the horizontal plane), so that the irradiance fits every plane", slope.strip())


def _pvgis_station(latitude: float, longitude: float) -> Station:
    """PVGIS is in UTC and names no time zone: that of the longitude stands for it."""
    return Station(latitude, longitude, float(round(longitude / 15)))


def _local(times: pd.DatetimeIndex, station: Station) -> pd.DatetimeIndex:
    """Times in UTC as local standard times without a zone."""
    import pandas as pd  # noqa: PLC0415  slow to import

    return times.tz_localize(None) + pd.Timedelta(hours=station.utc_offset_hours)


def _read_csv(path: Path, station: Station) -> RawYear:
    import pandas as pd  # noqa: PLC0415  slow to import

    data = pd.read_csv(path)
    absent = [name for name in COLUMNS if name not in data.columns]
    if set(absent) == set(IRRADIANCE):
        absent = []
    raise_if_any(
        (Fault(name, "is a required column", suggestion=nearest(name, map(str, data.columns))) for name in absent),
        str(path),
    )
    hours = _hours(_local(pd.DatetimeIndex(pd.to_datetime(data["time_utc"], utc=True)), station), path)
    nothing = np.full(len(data), np.nan)
    columns = {
        name: _placed(hours, data[name].to_numpy(dtype=np.float64) if name in data.columns else nothing)
        for name in COLUMNS
    }
    return RawYear(columns, station)


def _hours(begins: pd.DatetimeIndex, path: Path) -> Ints:
    """Hour of a year without leap day of each row, shape (rows,), 0..8759; -1 on 29 February.

    Raises:
        InputError: If the rows are not each hour of one year once.
    """
    leap = np.asarray(begins.is_leap_year)
    day = np.asarray(begins.dayofyear, dtype=np.int64) - 1
    hours = (day - (leap & (day > 59))) * 24 + np.asarray(begins.hour, dtype=np.int64)
    hours[leap & (day == 59)] = -1
    raise_if_any(_faults_of_hours(begins, hours), str(path))
    return hours


def _faults_of_hours(begins: pd.DatetimeIndex, hours: Ints) -> Iterator[Fault]:
    n_rows, leap_rows = len(hours), int((hours < 0).sum())
    minutes = np.median(np.diff(begins.to_numpy()) / np.timedelta64(1, "m")) if n_rows > 1 else 60.0
    counts = np.bincount(hours[hours >= 0], minlength=HOURS_OF_YEAR)
    whole = f"must have {HOURS_OF_YEAR} rows, one each hour of a year, or {HOURS_OF_LEAP_YEAR} with 29 February"
    if minutes != 60.0 and n_rows > HOURS_OF_YEAR:
        yield Fault("rows", f"{whole}; these are {minutes:g} minutes apart", n_rows)
    elif n_rows not in {HOURS_OF_YEAR, HOURS_OF_LEAP_YEAR} or leap_rows not in {0, 24}:
        yield Fault("rows", f"{whole}; {leap_rows} of these are on 29 February", n_rows)
    elif (counts != 1).any():
        first = hour_name(int(np.flatnonzero(counts != 1)[0]))
        missing, twice = int((counts == 0).sum()), int((counts > 1).sum())
        rule = f"must be each hour of a year once; {missing} are missing and {twice} repeated, the first is {first}"
        yield Fault("rows", rule, n_rows)


def _placed(hours: Ints, values: Floats) -> Floats:
    """Values of the rows, shape (rows,), at their hours of the year, shape (8760,)."""
    year = np.full(HOURS_OF_YEAR, np.nan)
    year[hours[hours >= 0]] = values[hours >= 0]
    return year


def hour_name(hour: int) -> str:
    """An hour of the year in words, such as ``01-03 00 h local standard time``."""
    begins = np.datetime64("2023-01-01", "h") + np.timedelta64(hour, "h")
    return str(begins)[5:].replace("T", " ") + " h local standard time"
