"""A year of hourly weather, read from a file, with gaps filled and every value checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, InputError, listed, nearest, raise_if_any
from grid.files.content import beside, is_file, is_folder, read_bytes
from grid.files.report import FileReport
from grid.files.text_table import decoded
from grid.sharing import shared
from grid.weather.csv_file import TIME, read_weather_csv
from grid.weather.dwd_try import is_dwd_try, read_dwd_try
from grid.weather.formats import COLUMNS, IRRADIANCE, Meaning, RawYear, Station
from grid.weather.light import UNITS, behind_words, component_faults, horizontal_beam, meaning_of_irradiance, sun_faults
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
_OTHER_UNITS = (
    ("t_dry_bulb_degc", "K", 200.0, 330.0, "Subtract 273.15"),
    ("t_dry_bulb_degc", "°F", 15.0, 110.0, "Subtract 32 and divide by 1.8"),
    ("pressure_pa", "hPa or mbar", 450.0, 1100.0, "Multiply by 100"),
    ("pressure_pa", "kPa", 45.0, 110.0, "Multiply by 1000"),
    ("relative_humidity_percent", "tenths of a percent", 200.0, 1000.0, "Divide by 10"),
    ("wind_speed_m_per_s", "km/h", 4.0, 40.0, "Divide by 3.6"),
)
"""Units of others: the column, the unit, the median of a year in it, and how to come to ours."""
_NOON = (150.0, 1600.0)
"""The brightest hour of a year in any kind of irradiance nearly everywhere [W/m2]."""
_DIM = 400.0
"""Global irradiance of the brightest hour, below which all columns are in another unit [W/m2]."""
_WINDY = 9.0
"""Mean wind of a year that hardly a station exceeds 10 m above ground [m/s]."""
_OF_OURS = 2
"""Names of our columns by which a CSV file shows to be meant as ours."""
LONGEST_GAP_H = 6
"""Gap up to which missing values are filled [h]."""
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
    if is_folder(path):
        raise InputError.single("weather", "must be a file, and is a folder", str(source))
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
    if path.suffix.casefold() == ".epw" or first.lstrip('"').upper().startswith(
        ("LOCATION,", "LOCATION;", "LOCATION\t")
    ):
        return read_epw(path)
    if first.startswith("Latitude (decimal degrees)"):
        return read_pvgis_tmy(path) if "month,year" in rest[:500] else read_pvgis_hourly(path)
    if not text.strip():
        raise InputError.single("weather", "is empty", str(path))
    head = text[:2000].split("\n20")[0].casefold()
    ours = TIME in head or sum(name in head for name in COLUMNS) >= _OF_OURS
    return read_weather_csv(path, elsewhere) if ours else read_tmy3(path)


def _checked(raw: RawYear, source: str) -> WeatherYear:
    has_irradiance = not all(np.isnan(raw.columns[name]).all() for name in IRRADIANCE)
    columns = {name: values for name, values in raw.columns.items() if has_irradiance or name not in IRRADIANCE}
    raise_if_any(_once([*_all_value_faults(columns)]), source)
    filled = np.any([np.isnan(values) for values in columns.values()], axis=0)
    year = dict.fromkeys(IRRADIANCE, np.zeros(HOURS_OF_YEAR)) | {name: _fill(each) for name, each in columns.items()}
    meaning, sun = raw.meanings[0], None
    told: tuple[str, ...] = ()
    if has_irradiance:
        meaning, sun, told = meaning_of_irradiance(raw, year["ghi_w_per_m2"])
        raise_if_any(sun_faults(raw, sun), source)
        beam = horizontal_beam(*(year[name] for name in IRRADIANCE))
        raise_if_any(() if beam else component_faults(raw, meaning, year), source)
        told += beam
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


def _all_value_faults(columns: Mapping[str, Floats]) -> Iterator[Fault]:
    """What cannot be in the values of all columns."""
    brightest = max(
        (float(np.nanmax(columns[name], initial=0.0)) for name in IRRADIANCE if name in columns), default=0.0
    )
    for name, values in columns.items():
        yield from _value_faults(name, values, brightest if brightest < _DIM else 0.0)


def _value_faults(name: str, values: Floats, brightest: float) -> Iterator[Fault]:
    """What cannot be in the values of a column, and gaps that are too long."""
    if np.isnan(values).all():
        yield Fault(name, "is missing in every hour; irradiance may be left out, but only all three columns together")
        return
    yield from _implausible(name, values, brightest)
    start, length = _longest_gap(np.isnan(values))
    if length > LONGEST_GAP_H:
        rule = f"has a gap of {length} h from {_local_hour(start)}; at most {LONGEST_GAP_H} h can be filled"
        yield Fault(name, rule)


def _implausible(name: str, values: Floats, brightest: float) -> Iterator[Fault]:
    least, greatest = PLAUSIBLE[name]
    bad = np.flatnonzero((values < least) | (values > greatest))
    most = float(np.nanmax(values, initial=0.0))
    if bad.size:
        rule = (
            f"must lie within {least:g} and {greatest:g} ({_why(name, values, bad)}); {bad.size} h do not, the first is"
        )
        yield Fault(name, f"{rule} {_local_hour(int(bad[0]))}", float(values[bad[0]]))
    elif name == "relative_humidity_percent" and most <= 1.0:
        yield Fault(name, "must be in percent; no hour exceeds 1", most)
    elif name in IRRADIANCE and most <= 0.0:
        rule = "is 0 in every hour of the year: where it was not measured, mark it as missing"
        yield Fault(name, f"{rule} (9999 in EPW), or leave out all three columns of a CSV file", most)
    elif name in IRRADIANCE and most < LEAST_BRIGHTEST:
        yield Fault(name, f"must be in W/m²; no hour exceeds {most:g}: {_light_unit(max(most, brightest))}", most)


def _light_unit(most: float) -> str:
    """In which unit the brightest hour of a year is what it is, in words."""
    fitting = [unit for unit, factor in UNITS.items() if _NOON[0] <= most * factor <= _NOON[1]]
    return f"is it in {fitting[0]}? Multiply by {UNITS[fitting[0]]:.4g}" if fitting else "is the unit right?"


def _why(name: str, values: Floats, bad: Ints) -> str:
    """What values out of range most likely are."""
    usual, out = float(np.nanmedian(values)), np.unique(values[bad])
    if out.size == 1 and bad.size < values.size / 2:
        return f"does {out[0]:g} stand for a missing value? Leave the cell empty"
    if name in IRRADIANCE:
        return _light_unit(float(np.nanmax(values)))
    for other, unit, least, greatest, cure in _OTHER_UNITS:
        if other == name and least <= usual <= greatest:
            return f"is it in {unit}? {cure}"
    return "is the unit right?"


def _once(faults: list[Fault]) -> list[Fault]:
    """Each fault that several columns share once, such as a gap in all, or a unit of all irradiance."""
    shared: dict[str, list[Fault]] = {}
    for fault in faults:
        light = fault.place in IRRADIANCE
        shared.setdefault(re.sub(r"[-\d.]+", "", fault.rule.partition("?")[0]) if light else fault.rule, []).append(
            fault
        )
    places = {key: ", ".join(fault.place for fault in found[1:]) for key, found in shared.items()}
    return [replace(found[0], place=f"{found[0].place} (as well as {places[key]})") if places[key] else found[0]
            for key, found in shared.items()]  # fmt: skip


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
    named = listed([_local_hour(int(hour)) for hour in starts])
    return f"{int(filled.sum())} h with values missing, filled linearly: from {named}"


def _local_hour(hour: int) -> str:
    """An hour of the year on the station's clock, in words."""
    return f"{hour_name(hour)} local standard time"


def _report(year: WeatherYear, raw: RawYear, source: str, sun: str, told: tuple[str, ...], gaps: str) -> FileReport:
    degc, wind = year.t_dry_bulb_degc, year.wind_speed_m_per_s
    totals = [f"mean {degc.mean():.1f} °C ({degc.min():.1f} to {degc.max():.1f}), wind {wind.mean():.2f} m/s"]
    if year.has_irradiance:
        for name in IRRADIANCE:
            kwh, in_file = getattr(year, name).sum() / 1000, float(np.nansum(raw.columns[name])) / 1000
            totals.append(f"{name.partition('_')[0].upper()} {kwh:,.1f} kWh/m² a year ({in_file:,.1f} in the file)")
    mended = [*raw.notes, *told]
    if wind.mean() > _WINDY:
        mended.append(
            f"wind as it stands, {wind.mean():.1f} m/s in the mean: in km/h it would be {wind.mean() / 3.6:.1f}"
        )
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
