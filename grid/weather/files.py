"""A year of hourly weather, read from a file, with gaps filled and every value checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.report import FileReport
from grid.files.text_table import decoded, file_bytes
from grid.weather.csv_file import TIME, read_weather_csv
from grid.weather.formats import IRRADIANCE, Meaning, RawYear, Station
from grid.weather.pvgis import read_pvgis_hourly, read_pvgis_tmy
from grid.weather.sun import SunCheck, check_against_sun
from grid.weather.tmy import read_epw, read_tmy3
from grid.weather.year_rows import HOURS_OF_YEAR, LEAP_DAY, hour_name

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
LEAST_BRIGHTEST = 50.0
"""The brightest hour of a year has more than this anywhere on Earth, in each kind of irradiance [W/m2]."""
MOST_LAG_MIN = 20.0
"""Irradiance that is farther from the sun of its place than this is refused [min]."""
SURE_LAG_MIN = 5.0
"""Irradiance that fits the sun within this is taken as the format says [min]."""
FITTING_LAG_MIN = 10.0
"""Irradiance that does not, but fits the sun within this in another meaning, is taken so [min]."""


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
    leap_day: dict[str, Floats] = field(default_factory=dict)
    report: FileReport | None = None

    def __post_init__(self) -> None:
        for column in fields(self)[: len(PLAUSIBLE)]:
            object.__setattr__(self, column.name, read_only(getattr(self, column.name)))

    def leap_year(self, name: str) -> Floats:
        """A column at the hours of a leap year, shape (8784,); 29 February takes 28 February where the file has none."""
        values = getattr(self, name)
        day = self.leap_day.get(name, values[LEAP_DAY.start - 24 : LEAP_DAY.start])
        return np.concatenate((values[: LEAP_DAY.start], day, values[LEAP_DAY.start :]))


def read_weather_year(
    source: str | Path, latitude: float, longitude: float, standard_offset_hours: float
) -> WeatherYear:
    """Reads a weather file, fills short gaps, checks every value, and the irradiance against the sun of its place.

    A row is placed by what the file says of its own time: the zone in the header of TMY3 and EPW, which label an hour
    by its end; UTC in PVGIS files, which give irradiance at a minute of each hour, for the hour around it; UTC or the
    offset in each cell of a CSV file. A PVGIS hourly file must be of one year and of the horizontal plane; it has no
    humidity, and no pressure but that of its elevation. A CSV file has the columns of `WeatherYear` and ``time_utc``,
    the beginning of each hour; irradiance may be left out, all three columns together. Every file has a row for each
    hour of a year, whatever years its months are from; values missing for up to 6 h are filled linearly. Where the sun
    shows that irradiance means the hour otherwise than the format says, this is done and told in the report.

    Args:
        source: A name of `SHIPPED`, or a path to a TMY3 (``.csv``), EPW (``.epw``), PVGIS or CSV file.
        latitude: Where a CSV file was measured, as it does not say itself [degree].
        longitude: The same, east positive [degree].
        standard_offset_hours: Of the clock on which the hours of a CSV file are to be counted, less UTC [h].

    Raises:
        InputError: If there is no such file, columns are missing, the rows are not the hours of a year, a gap is
            longer, values are not plausible, or the irradiance is more than 20 minutes from the sun of its place.
    """
    path = _path_of(source)
    try:
        raw = _read(path, Station(latitude, longitude, standard_offset_hours))
    except InputError:
        raise
    except (ValueError, KeyError, OSError, IndexError, TypeError) as error:
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


def _read(path: Path, elsewhere: Station) -> RawYear:
    """A file of any known format, told by its ending and first line."""
    text, _ = decoded(file_bytes(path))
    first, _, rest = text.partition("\n")
    if path.suffix.casefold() == ".epw" or first.upper().startswith("LOCATION,"):
        return read_epw(path)
    if first.startswith("Latitude (decimal degrees)"):
        return read_pvgis_tmy(path) if "month,year" in rest[:500] else read_pvgis_hourly(path)
    return read_weather_csv(path, elsewhere) if TIME in text[:2000].split("\n20")[0] else read_tmy3(path)


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
    meaning, sun, told = _meaning(raw, year["ghi_w_per_m2"]) if has_irradiance else (raw.meanings[0], None, ())
    if sun is not None:
        raise_if_any(_sun_faults(raw, sun, meaning), source)
    before = {name: float(np.nansum(raw.columns[name])) / 1000 for name in IRRADIANCE}
    year["relative_humidity_percent"] = np.minimum(year["relative_humidity_percent"], 100.0)
    for name in IRRADIANCE:
        year[name] = np.maximum(year[name], 0.0)
    found = WeatherYear(
        latitude=raw.station.latitude,
        longitude=raw.station.longitude,
        utc_offset_hours=raw.station.utc_offset_hours,
        filled_hours=int(filled.sum()),
        has_irradiance=has_irradiance,
        assumed=raw.assumed,
        begins_min=raw.begins_min,
        sun_begins_min=meaning.begins_min,
        leap_day=_leap_day(raw, year),
        **year,
    )
    return _reported(found, raw, source, (meaning, sun, told), before)


def _implausible(name: str, values: Floats) -> Iterator[Fault]:
    least, greatest = PLAUSIBLE[name]
    bad = np.flatnonzero((values < least) | (values > greatest))
    most = float(np.nanmax(values, initial=0.0))
    if bad.size:
        rule = f"must lie within {least:g} and {greatest:g} (is the unit right?); {bad.size} h do not, the first is"
        yield Fault(name, f"{rule} {hour_name(int(bad[0]))}", float(values[bad[0]]))
    elif name == "relative_humidity_percent" and most <= 1.0:
        yield Fault(name, "must be in percent; no hour exceeds 1", most)
    elif name in IRRADIANCE and most <= 0.0:
        rule = "is 0 in every hour of the year: where it was not measured, mark it as missing"
        yield Fault(name, f"{rule} (9999 in EPW), or leave out all three columns of a CSV file", most)
    elif name in IRRADIANCE and most < LEAST_BRIGHTEST:
        rule = f"must be in W/m²; no hour exceeds {most:g}"
        yield Fault(name, f"{rule}: is it in kW/m²? Multiply by 1000" if most < 2 else f"{rule}", most)  # noqa: PLR2004


def _meaning(raw: RawYear, ghi_w_per_m2: Floats) -> tuple[Meaning, SunCheck, tuple[str, ...]]:
    """What the irradiance of a row stands for: as the format says, unless the sun shows that it is otherwise."""
    word = raw.meanings[0]
    station = raw.station
    sun = check_against_sun(
        ghi_w_per_m2, station.latitude, station.longitude, station.utc_offset_hours, word.begins_min
    )
    if sun.lag_minutes is None or abs(sun.lag_minutes) <= SURE_LAG_MIN:
        return word, sun, ()
    lags = {each: sun.lag_minutes + each.begins_min - word.begins_min for each in raw.meanings}
    best = min(raw.meanings, key=lambda each: abs(lags[each]))
    if best is word or abs(lags[best]) > FITTING_LAG_MIN:
        return word, sun, ()
    told = f"irradiance read as {best.words}; as {word.words} it would be {_behind(sun.lag_minutes)} the sun"
    return best, SunCheck(lags[best], sun.follows, sun.seasons), (told,)


def _sun_faults(raw: RawYear, sun: SunCheck, meaning: Meaning) -> Iterator[Fault]:
    station = raw.station
    where = f"the sun at latitude {station.latitude:g}, longitude {station.longitude:g}"
    if not sun.follows:
        yield Fault("ghi_w_per_m2", f"must follow {where}; it is as bright by night as by day")
    elif sun.lag_minutes is not None and abs(sun.lag_minutes) > MOST_LAG_MIN:
        fits = raw.clock_hours + sun.lag_minutes / 60
        fits = (round(4 * fits) / 4 + 12) % 24 - 12
        rule = f"is {_behind(sun.lag_minutes)} {where}, and may be {MOST_LAG_MIN:g} min at most; its times fit a clock of "
        rule += f"UTC{fits:+g} h and are taken as UTC{raw.clock_hours:+g} h: {raw.cure}"
        yield Fault("ghi_w_per_m2", rule)
    elif sun.wrong_hemisphere:
        rule = f"is bright in the winter and dark in the summer of latitude {station.latitude:g}: is its sign right"
        yield Fault("latitude", f"{rule}, north positive?", station.latitude)


def _behind(lag_minutes: float) -> str:
    """A lag in words, before the name of what is followed."""
    return f"{abs(lag_minutes):.0f} min {'behind' if lag_minutes > 0 else 'ahead of'}"


def _leap_day(raw: RawYear, year: dict[str, Floats]) -> dict[str, Floats]:
    """29 February of the file, without NaN: what is missing is taken from 28 February."""
    day_before = slice(LEAP_DAY.start - 24, LEAP_DAY.start)
    found = {name: np.where(np.isnan(day), year[name][day_before], day) for name, day in raw.leap_day.items()}
    for name in IRRADIANCE:
        if name in found:
            found[name] = np.maximum(found[name], 0.0)
    return found


def _reported(
    year: WeatherYear, raw: RawYear, source: str, light: tuple[Meaning, SunCheck | None, tuple[str, ...]],
    before: dict[str, float],
) -> WeatherYear:  # fmt: skip
    """The year with the report on it."""
    meaning, sun, told = light
    totals = [
        f"mean {year.t_dry_bulb_degc.mean():.1f} °C ({year.t_dry_bulb_degc.min():.1f} to "
        f"{year.t_dry_bulb_degc.max():.1f}), wind {year.wind_speed_m_per_s.mean():.2f} m/s"
    ]
    if year.has_irradiance:
        after = {name: float(getattr(year, name).sum()) / 1000 for name in IRRADIANCE}
        totals += [
            f"{name.partition('_')[0].upper()} {after[name]:,.1f} kWh/m² a year ({before[name]:,.1f} in the file)"
            for name in IRRADIANCE
        ]
    else:
        totals.append("no irradiance")
    if sun is not None and sun.lag_minutes is not None:
        totals.append(f"irradiance {_behind(sun.lag_minutes)} the sun of its place, as {meaning.words}")
    mended = [*raw.notes, *told, *(f"{name}: the format has none, a standard value" for name in year.assumed)]
    used = "29 February of the file is used in leap years only" if year.leap_day else "29 February takes 28 February"
    report = FileReport(
        kind="weather",
        source=source,
        form=raw.form,
        rows=f"{raw.n_rows:,} hours at latitude {year.latitude:g}, longitude {year.longitude:g}; {used}",
        period="a year, month by month, whatever years the months are from",
        zone=raw.zone,
        step="60 min",
        gaps=f"{year.filled_hours} h with values missing, filled linearly" if year.filled_hours else "none",
        totals=tuple(totals),
        mended=tuple(mended),
    )
    return replace(year, report=report)


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
