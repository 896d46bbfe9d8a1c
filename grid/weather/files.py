"""A year of hourly weather, read from a file, with gaps filled and every value checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import beside, is_file, read_bytes
from grid.files.report import FileReport
from grid.files.text_table import decoded
from grid.sharing import shared
from grid.weather.csv_file import TIME, read_weather_csv
from grid.weather.dwd_try import is_dwd_try, read_dwd_try
from grid.weather.formats import IRRADIANCE, Meaning, RawYear, Station
from grid.weather.light import behind_words, horizontal_beam, meaning_of_irradiance, sun_faults
from grid.weather.pvgis import read_pvgis_hourly, read_pvgis_tmy
from grid.weather.stored import stored_year
from grid.weather.sun import SunCheck
from grid.weather.tmy import read_epw, read_tmy3
from grid.weather.year import PLAUSIBLE, WeatherYear
from grid.weather.year_rows import HOURS_OF_YEAR, LEAP_DAY, hour_name

__all__ = [
    "HOURS_OF_YEAR",
    "IRRADIANCE",
    "PLAUSIBLE",
    "SHIPPED",
    "WeatherYear",
    "read_shipped_file",
    "read_weather_year",
]

SHIPPED = {
    "greensboro-tmy3": ("pvlib", "data/723170TYA.CSV"),
    "potsdam-try": ("demandlib", "vdi/resources_weather/TRY2010_04_Jahr.dat"),
}
"""Names of the weather files that come with libraries: the library, and the file in it."""
LONGEST_GAP_H = 6
_GAPS_SHOWN = 5
_SHOWN = 60
"""Characters of a file of no known format that are shown."""
LEAST_BRIGHTEST = 50.0
"""The brightest hour of a year has more than this anywhere on Earth, in each kind of irradiance [W/m2]."""


def files_of(given: Mapping[str, Any]) -> list[str | Path]:
    """The file of a `source` of weather among the arguments; none if it is shipped."""
    return [] if str(given["source"]) in SHIPPED else [given["source"]]


@shared(files=files_of)
def read_weather_year(
    source: str | Path, latitude: float, longitude: float, standard_offset_hours: float
) -> WeatherYear:
    """Reads a weather file, fills short gaps, checks every value, and the irradiance against the sun of its place.

    A row is placed by what the file says of its own time: the zone in the header of TMY3 and EPW, which label hours by
    their end; UTC in PVGIS files, which give irradiance at a minute of each hour, for the hour around it; UTC or the
    offset in each cell of a CSV file. A PVGIS hourly file must be of one year and of the horizontal plane; it has no
    humidity, and no pressure but that of its elevation. A CSV file has the columns of `WeatherYear` and ``time_utc``,
    the beginning of each hour; irradiance may be left out, all three columns together. Every file has a row for each
    hour of a year, whatever years its months are from; values missing for up to 6 h are filled linearly. Where the sun
    shows that irradiance means the hour otherwise than the format says, this is done and told in the report.

    Args:
        source: A name of `SHIPPED`, or a path to a TMY3 (``.csv``), EPW (``.epw``), TRY, PVGIS or CSV file.
        latitude: Where a CSV file was measured, as it does not say itself [degree].
        longitude: The same, east positive [degree].
        standard_offset_hours: Of the clock on which the hours of a CSV file are to be counted, less UTC [h].

    Raises:
        InputError: If there is no such file, columns are missing, the rows are not the hours of a year, a gap is
            longer, values are not plausible, or the irradiance is more than 20 minutes from the sun of its place.
    """
    stored = stored_year(str(source))
    if stored is not None:
        return stored
    return _read_checked(_path_of(source), str(source), Station(latitude, longitude, standard_offset_hours))


def read_shipped_file(name: str) -> WeatherYear:
    """One of `SHIPPED`, read from the file of the library whether it is stored here or not."""
    return _read_checked(_path_of(name), name, Station(0.0, 0.0, 0.0))


def _read_checked(path: Path, source: str, elsewhere: Station) -> WeatherYear:
    """Reads and checks a file; `elsewhere` is where a CSV file was measured."""
    try:
        raw = _read(path, elsewhere)
    except InputError:
        raise
    except (ValueError, KeyError, OSError, IndexError, TypeError) as error:
        begins = decoded(read_bytes(path))[0].partition("\n")[0].strip()[:_SHOWN]
        rule = "cannot be read as TMY3, EPW, TRY, PVGIS or CSV weather file with a column time_utc: it is of another "
        rule += f"format, or parts are missing or renamed; it begins {begins!r}"
        raise InputError.single("weather", rule, source) from error
    return _checked(raw, source)


def _path_of(source: str | Path) -> Path:
    if str(source) in SHIPPED:
        library, file = SHIPPED[str(source)]
        return Path(str(files(library).joinpath(*file.split("/"))))
    path = Path(source)
    if not is_file(path):
        suggestion = nearest(str(source), [*SHIPPED, *(str(path.parent / name) for name in beside(path))])
        raise InputError.single("weather", "no such shipped weather or file", str(source), suggestion)
    return path


def _read(path: Path, elsewhere: Station) -> RawYear:
    """A file of any known format, told by its ending and first line."""
    text, _ = decoded(read_bytes(path))
    first, _, rest = text.partition("\n")
    if is_dwd_try(first):
        return read_dwd_try(path)
    if path.suffix.casefold() == ".epw" or first.upper().startswith("LOCATION,"):
        return read_epw(path)
    if first.startswith("Latitude (decimal degrees)"):
        return read_pvgis_tmy(path) if "month,year" in rest[:500] else read_pvgis_hourly(path)
    return read_weather_csv(path, elsewhere) if TIME in text[:2000].split("\n20")[0] else read_tmy3(path)


def _checked(raw: RawYear, source: str) -> WeatherYear:
    has_irradiance = not all(np.isnan(raw.columns[name]).all() for name in IRRADIANCE)
    columns = {name: values for name, values in raw.columns.items() if has_irradiance or name not in IRRADIANCE}
    raise_if_any([fault for name, values in columns.items() for fault in _value_faults(name, values)], source)
    filled = np.any([np.isnan(values) for values in columns.values()], axis=0)
    year = dict.fromkeys(IRRADIANCE, np.zeros(HOURS_OF_YEAR)) | {name: _fill(each) for name, each in columns.items()}
    meaning, sun = raw.meanings[0], None
    told: tuple[str, ...] = ()
    if has_irradiance:
        meaning, sun, told = meaning_of_irradiance(raw, year["ghi_w_per_m2"])
        raise_if_any(sun_faults(raw, sun), source)
        told += horizontal_beam(*(year[name] for name in IRRADIANCE))
    year["relative_humidity_percent"] = np.minimum(year["relative_humidity_percent"], 100.0)
    for name in IRRADIANCE:
        year[name] = np.maximum(year[name], 0.0)
    found = WeatherYear(
        **{name: year[name] for name in PLAUSIBLE},
        latitude=raw.station.latitude,
        longitude=raw.station.longitude,
        utc_offset_hours=raw.station.utc_offset_hours,
        filled_hours=int(filled.sum()),
        has_irradiance=has_irradiance,
        assumed=raw.assumed,
        begins_min=raw.begins_min,
        sun_begins_min=meaning.begins_min,
        leap_day=_leap_day(raw, year),
        report=None,
    )
    return replace(found, report=_report(found, raw, source, _sun_line(sun, meaning), told, _gap_words(filled)))


def _value_faults(name: str, values: Floats) -> Iterator[Fault]:
    """What cannot be in the values of a column, and gaps that are too long."""
    if np.isnan(values).all():
        yield Fault(name, "is missing in every hour; irradiance may be left out, but only all three columns together")
        return
    yield from _implausible(name, values)
    start, length = _longest_gap(np.isnan(values))
    if length > LONGEST_GAP_H:
        rule = f"has a gap of {length} h from {hour_name(start)}; at most {LONGEST_GAP_H} h can be filled"
        yield Fault(name, rule)


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
        yield Fault(name, f"{rule}: is it in kW/m²? Multiply by 1000" if most < 2 else f"{rule}", most)


def _leap_day(raw: RawYear, year: dict[str, Floats]) -> dict[str, Floats]:
    """29 February of the file, without NaN: what is missing is taken from 28 February."""
    day_before = slice(LEAP_DAY.start - 24, LEAP_DAY.start)
    found = {name: np.where(np.isnan(day), year[name][day_before], day) for name, day in raw.leap_day.items()}
    for name in IRRADIANCE:
        if name in found:
            found[name] = np.maximum(found[name], 0.0)
    return found


def _sun_line(sun: SunCheck | None, meaning: Meaning) -> str:
    """How far irradiance is from the sun, in words."""
    if sun is None:
        return "no irradiance"
    if sun.lag_minutes is None:
        return f"irradiance as {meaning.words}; the sun of its place has no daily cycle to check it by"
    return f"irradiance {behind_words(sun.lag_minutes)} the sun of its place, as {meaning.words}"


def _gap_words(filled: Bools) -> str:
    """Which hours were filled, shape (8760,), in words."""
    if not filled.any():
        return "none"
    starts = np.flatnonzero(filled & ~np.roll(filled, 1))
    named = ", ".join(hour_name(int(hour)) for hour in starts[:_GAPS_SHOWN]) + " …" * (len(starts) > _GAPS_SHOWN)
    return f"{int(filled.sum())} h with values missing, filled linearly: from {named}"


def _report(year: WeatherYear, raw: RawYear, source: str, sun: str, told: tuple[str, ...], gaps: str) -> FileReport:
    degc, wind = year.t_dry_bulb_degc, year.wind_speed_m_per_s
    totals = [f"mean {degc.mean():.1f} °C ({degc.min():.1f} to {degc.max():.1f}), wind {wind.mean():.2f} m/s"]
    if year.has_irradiance:
        for name in IRRADIANCE:
            kwh, in_file = getattr(year, name).sum() / 1000, float(np.nansum(raw.columns[name])) / 1000
            totals.append(f"{name.partition('_')[0].upper()} {kwh:,.1f} kWh/m² a year ({in_file:,.1f} in the file)")
    mended = [*raw.notes, *told]
    if year.assumed:
        mended.append(f"the file has no {', '.join(year.assumed)}; standard values stand for them")
    used = "29 February of the file is used in leap years only" if year.leap_day else "29 February takes 28 February"
    return FileReport(
        kind="weather",
        source=source,
        form=raw.form,
        rows=f"{raw.rows_words} at latitude {year.latitude:g}, longitude {year.longitude:g}; {used}",
        period="a year, month by month, whatever years the months are from",
        zone=raw.zone,
        step=f"{raw.step_min} min",
        gaps=gaps,
        totals=(*totals, sun),
        mended=tuple(mended),
    )


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


def _fill(values: Floats) -> Floats:
    """A column without NaN, linear across gaps; the year is a circle."""
    hours, known = np.arange(len(values)), ~np.isnan(values)
    return np.asarray(np.interp(hours, hours[known], values[known], period=len(values))) if known.any() else values
