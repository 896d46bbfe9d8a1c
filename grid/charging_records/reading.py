"""From a file to recorded sessions in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

import numpy as np
import numpy.typing as npt
import polars as pl

from grid.arrays import Floats, Ints
from grid.charging_records.files import as_names, as_numbers, as_times, read_table
from grid.charging_records.formats import RecordColumns, columns_held, find_format, format_faults
from grid.charging_records.quality import Finding, QualityReport, mend
from grid.errors import Fault, InputError, nearest, raise_if_any

MEDIAN_KWH = (0.05, 500.0)
"""Half of the sessions of a file cannot take less or more: the largest batteries on roads hold about 600 kWh."""
MOST_POWER_KW = 22.0
"""Of a charging point, unless it is stated: three phases of 32 A (IEC 61851-1)."""
Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Records:
    """Recorded charging sessions, sorted by plug-in; R of them.

    Args:
        start: Plug-in in UTC, shape (R,), dtype datetime64[us].
        stop: Plug-out in UTC, shape (R,), dtype datetime64[us]; after `start`.
        energy_kwh: Energy at the meter, shape (R,) [kWh].
        vehicle: Place of its vehicle in `vehicles`, shape (R,); -1 where none is known.
        station: Place of its station in `stations`, shape (R,); -1 where none is known.
        vehicles: Names of the vehicles.
        stations: Names of the stations.
        local_zone: IANA name of the zone whose clocks the users follow; None: that of the city.
    """

    start: Times
    stop: Times
    energy_kwh: Floats
    vehicle: Ints
    station: Ints
    vehicles: tuple[str, ...]
    stations: tuple[str, ...]
    local_zone: str | None


def read_charging_records(
    path: str | Path,
    file_format: str = "auto",
    columns: RecordColumns | None = None,
    time_zone: str | None = None,
    max_power_kw: float = MOST_POWER_KW,
) -> tuple[Records, QualityReport]:
    """Reads recorded charging sessions, mends or drops what is wrong with them, and counts it.

    Args:
        path: A CSV (separated by comma, semicolon or tab), Parquet or JSON file.
        file_format: ``acn``, ``elaad``, ``norway``, ``columns``, or ``auto``: recognised by its columns.
        columns: Which column is what; goes before `file_format`.
        time_zone: IANA name of the zone of the times; default: that of the format, else UTC. Times that state an
            offset are taken at their word.
        max_power_kw: Greatest power of a session where the file states none [kW].

    Returns:
        The sessions, and the report on what was found.

    Raises:
        InputError: If the file cannot be read, columns are missing, no row is a session, all end before they start,
            or the energies are not in kWh; all faults at once.
    """
    path = Path(path)
    table = _checked(path, file_format, columns, time_zone, max_power_kw)
    found = None if columns is not None else find_format(file_format, table.columns)
    named = columns_held(columns or (found.columns if found else RecordColumns()), table.columns)
    zone = time_zone or (found.time_zone if found else "UTC")
    rows, hours = _rows(table, named, zone)
    raise_if_any(_row_faults(rows, named), str(path))
    kept, findings = mend(rows, max_power_kw)
    name = found.name if found else "columns"
    report = QualityReport(str(path), name, zone, table.height, kept.height, (*findings[:1], *hours, *findings[1:]))
    own = found.local_zone if found else None
    return _records(kept, own or (None if zone == "UTC" else zone)), report


def _checked(
    path: Path, file_format: str, columns: RecordColumns | None, time_zone: str | None, max_power_kw: float
) -> pl.DataFrame:
    """The file's rows, once all that is asked of it can be done."""
    faults = [*_zone_faults(time_zone)]
    if not max_power_kw > 0:
        faults.append(Fault("max_power_kw", "must be greater than 0", max_power_kw))
    table = pl.DataFrame()
    try:
        table = read_table(path)
        faults.extend(format_faults(file_format, columns, table.columns))
    except InputError as error:
        faults.extend(error.faults)
    raise_if_any(faults, str(path))
    return table


def _rows(table: pl.DataFrame, columns: RecordColumns, zone: str) -> tuple[pl.DataFrame, list[Finding]]:
    """The sessions of a table in UTC, and what daylight saving did to their times."""
    n = table.height
    start, start_in_utc = as_times(table[columns.start])
    stop, stop_in_utc = as_times(table[columns.stop])
    begin = _to_utc(start, "UTC" if start_in_utc else zone)
    end = _to_utc(stop, "UTC" if stop_in_utc else zone)
    # of a doubled hour both times are the first, unless that would end the session before it starts
    late = (end.first < begin.first) & (end.second >= begin.first)
    frame = pl.DataFrame({
        "start": begin.first,
        "stop": end.first.zip_with(~late.fill_null(False), end.second),
        "energy_kwh": as_numbers(table[columns.energy_kwh]),
        "vehicle": _optional(table, columns.vehicle, n),
        "station": _optional(table, columns.station, n),
        "max_power_kw": pl.Series([None] * n, dtype=pl.Float64) if columns.max_power_kw is None
        else as_numbers(table[columns.max_power_kw]),
    })  # fmt: skip
    skipped, doubled = int((begin.skipped | end.skipped).sum()), int((begin.doubled | end.doubled).sum())
    return frame, [
        Finding("skipped_hour", skipped, skipped, 0, "an hour that summer time skips: taken one hour later"),
        Finding("doubled_hour", doubled, doubled, 0, "an hour that occurs twice: the first, or the second if else it "
                "ended before its start"),
    ]  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Instants:
    """Local times as instants in UTC: the first and the second that they can mean, and whether they are unusual."""

    first: pl.Series
    second: pl.Series
    skipped: pl.Series
    doubled: pl.Series


def _to_utc(local: pl.Series, zone: str) -> _Instants:
    def instants(times: pl.Series, ambiguous: str) -> pl.Series:
        zoned = times.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")  # type: ignore[arg-type]
        return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)

    skipped = local.is_not_null() & instants(local, "earliest").is_null()
    shifted = local.zip_with(~skipped, local + timedelta(hours=1))
    first, second = instants(shifted, "earliest"), instants(shifted, "latest")
    return _Instants(first, second, skipped, (first != second).fill_null(False))


def _optional(table: pl.DataFrame, name: str | None, n: int) -> pl.Series:
    return pl.Series([None] * n, dtype=pl.String) if name is None else as_names(table[name])


def _zone_faults(time_zone: str | None) -> Iterator[Fault]:
    if time_zone is not None and time_zone not in available_timezones():
        yield Fault(
            "time_zone", f"no time zone called {time_zone!r}", suggestion=nearest(time_zone, available_timezones())
        )


def _row_faults(rows: pl.DataFrame, columns: RecordColumns) -> Iterator[Fault]:
    """What is wrong with the file as a whole, as opposed to some of its rows."""
    if not rows.height:
        yield Fault("", "the file holds no session")
        return
    for field, kind in (("start", "time"), ("stop", "time"), ("energy_kwh", "number")):
        if rows[field].null_count() == rows.height:
            yield Fault(f"columns.{field}", f"no value of column {getattr(columns, field)!r} can be read as a {kind}")
    stays = rows.select(stay=pl.col("stop") - pl.col("start")).drop_nulls()["stay"]
    if stays.len() and bool((stays < timedelta(0)).all()):
        yield Fault("columns.stop", "every session ends before it starts; are start and stop exchanged?",
                    columns.stop, columns.start)  # fmt: skip
    median, (least, most) = rows["energy_kwh"].median(), MEDIAN_KWH
    if isinstance(median, float) and not least <= median <= most:
        unit, factor = ("Wh", 1e-3) if median > most else ("MWh", 1e3)
        rule = f"must be in kWh; the median session is {median:g}, in {unit} that would be {median * factor:g} kWh"
        yield Fault("columns.energy_kwh", rule, columns.energy_kwh)


def _records(kept: pl.DataFrame, local_zone: str | None) -> Records:
    def coded(name: str) -> tuple[Ints, tuple[str, ...]]:
        names = kept[name].drop_nulls().unique().sort().to_list()
        place = {each: k for k, each in enumerate(names)}
        return np.array([place.get(each, -1) for each in kept[name].to_list()], dtype=np.int64), tuple(names)

    (vehicle, vehicles), (station, stations) = coded("vehicle"), coded("station")
    return Records(
        start=kept["start"].to_numpy().astype("datetime64[us]"),
        stop=kept["stop"].to_numpy().astype("datetime64[us]"),
        energy_kwh=kept["energy_kwh"].to_numpy().astype(np.float64),
        vehicle=vehicle,
        station=station,
        vehicles=vehicles,
        stations=stations,
        local_zone=local_zone,
    )
