"""From a file to recorded sessions in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints
from grid.charging_records.file_faults import distinct_kwh, loss_faults, row_faults
from grid.charging_records.files import as_names, read_table
from grid.charging_records.finding import Finding
from grid.charging_records.formats import RecordColumns, columns_held, find_format, format_faults
from grid.charging_records.quality import QualityReport, mend
from grid.errors import Fault, InputError, listed, nearest, raise_if_any
from grid.files.text_table import TextTable
from grid.sharing import shared
from grid.time.instants import Instants, in_utc
from grid.time.rows import Times
from grid.time.stamps import Stamps, read_stamps
from grid.time.zones import UTC_ZONE, Zone
from grid.units import WH_PER_KWH

MOST_POWER_KW = 22.0
"""Of a charging point, unless it is stated: three phases of 32 A (IEC 61851-1)."""


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


@shared(files=lambda given: [given["path"]])
def read_charging_records(
    path: str | Path,
    file_format: str = "auto",
    columns: RecordColumns | None = None,
    time_zone: str | None = None,
    max_power_kw: float = MOST_POWER_KW,
    *,
    city_zone: str | None = None,
    day_first: bool | None = None,
) -> tuple[Records, QualityReport]:
    """Reads recorded charging sessions, mends or drops what is wrong with them, and counts it.

    Args:
        path: A CSV (separated by comma, semicolon or tab), Parquet or JSON file.
        file_format: ``acn``, ``elaad``, ``norway``, ``ocpp``, ``columns``, or ``auto``: recognised by its columns.
        columns: Which column is what; goes before `file_format`.
        time_zone: IANA name of the zone of the times; default: that of the format, else of the city. Times that state
            an offset are taken at their word.
        max_power_kw: Greatest power of a session where the file states none [kW].
        city_zone: IANA name of the city's zone; UTC if None.
        day_first: Whether the day goes before the month in dates such as 01/02/2023, where no row decides.

    Returns:
        The sessions, and the report on what was found.

    Raises:
        InputError: If the file cannot be read, columns are missing, no row is a session, all end before they start,
            dates can be read in two ways, the energies are not in kWh, or more than a fifth of the rows or of the
            energy would be dropped or cut; all faults at once.
    """
    path = Path(path)
    table = _checked(path, file_format, columns, time_zone, max_power_kw)
    found = None if columns is not None else find_format(file_format, table.names)
    named = columns_held(columns or (found.columns if found else RecordColumns()), table.names)
    zone = time_zone or (found.time_zone if found else None) or city_zone or "UTC"
    day_first = found.day_first if day_first is None and found is not None else day_first
    rows, where, hours, faults = _rows(table, named, zone, day_first)
    raise_if_any([*faults, *row_faults(rows, named, table)], str(path))
    kept, findings = mend(rows, max_power_kw)
    findings[0] = _with_rows(findings[0], rows, table)
    raise_if_any(loss_faults(rows, kept, findings, named, max_power_kw), str(path))
    report = QualityReport(
        source=str(path),
        file_format=found.name if found else "columns",
        time_zone=where,
        n_rows=table.n_rows,
        n_kept=kept.height,
        period=_period(kept),
        kwh_read=float(rows["energy_kwh"].sum()),
        kwh_distinct=distinct_kwh(rows),
        kwh_kept=float(kept["energy_kwh"].sum()),
        median_stay=_median_stay(kept),
        findings=(*findings[:1], *hours, *findings[1:]),
    )
    own = found.local_zone if found else None
    return _records(kept, own or (None if zone == "UTC" else zone)), report


def _checked(
    path: Path, file_format: str, columns: RecordColumns | None, time_zone: str | None, max_power_kw: float
) -> TextTable:
    """The file's rows, once all that is asked of it can be done."""
    faults = [*_zone_faults(time_zone)]
    if not max_power_kw > 0:
        faults.append(Fault("max_power_kw", "must be greater than 0", max_power_kw))
    table = TextTable(pl.DataFrame(), np.zeros(0, dtype=np.int64))
    try:
        table = read_table(path)
        faults.extend(format_faults(file_format, columns, table.names))
    except InputError as error:
        faults.extend(error.faults)
    raise_if_any(faults, str(path))
    return table


def _with_rows(unreadable: Finding, rows: pl.DataFrame, table: TextTable) -> Finding:
    """The finding of rows that cannot be read, with the first of them as the file counts them."""
    bad = (rows["start"].is_null() | rows["energy_kwh"].is_null()).to_numpy()
    if not bad.any():
        return unreadable
    return replace(unreadable, rule=f"{unreadable.rule}, in rows {listed([str(row) for row in table.lines[bad]])}")


def _rows(
    table: TextTable, columns: RecordColumns, zone: str, day_first: bool | None
) -> tuple[pl.DataFrame, str, list[Finding], list[Fault]]:
    """The sessions of a table in UTC, how their times were placed, what daylight saving did to them, and faults."""
    n = table.n_rows
    cells = [table.cells[columns.start], table.cells[columns.stop]]
    found = read_stamps(cells, zone=zone, day_first=day_first)
    faults = [replace(fault, place=f"columns.start, {columns.start}") for fault in found.faults]
    begin, end = (_instants(stamps, zone) for stamps in found.columns)
    # of a doubled hour both times are the first, unless that would end the session before it starts
    late = (end.utc < begin.utc) & (end.later >= begin.utc)
    frame = pl.DataFrame({
        "start": begin.utc,
        "stop": end.utc.zip_with(~late.fill_null(False), end.later),
        "energy_kwh": _energy_kwh(table, columns),
        "vehicle": _optional(table, columns.vehicle, n),
        "station": _optional(table, columns.station, n),
        "connector": _optional(table, columns.connector, n),
        "transaction": _optional(table, columns.transaction, n),
        "max_power_kw": pl.Series([None] * n, dtype=pl.Float64) if columns.max_power_kw is None
        else _numbers(table, columns.max_power_kw),
    })  # fmt: skip
    skipped, doubled = int((begin.skipped | end.skipped).sum()), int((begin.doubled | end.doubled).sum())
    plain_utc = zone == "UTC" and not bool((found.columns[0].offset_min.fill_null(0) != 0).any())
    return frame, zone if plain_utc else begin.zone_words(_zone(zone)), [
        Finding("skipped_hour", skipped, skipped, 0, "an hour that summer time skips: taken one hour later"),
        Finding("doubled_hour", doubled, doubled, 0, "an hour that occurs twice: the first, or the second if else it "
                "ended before its start"),
    ], faults  # fmt: skip


def _instants(stamps: Stamps, zone: str) -> Instants:
    return in_utc(stamps, _zone(zone))


def _zone(name: str) -> Zone:
    return UTC_ZONE if name == "UTC" else Zone(name)


def _energy_kwh(table: TextTable, columns: RecordColumns) -> pl.Series:
    """Energy of each session: as stated, or the register at plug-out less that at plug-in."""
    if columns.register_start_wh is None or columns.register_stop_wh is None:
        return _numbers(table, columns.energy_kwh)
    return (_numbers(table, columns.register_stop_wh) - _numbers(table, columns.register_start_wh)) / WH_PER_KWH


def _numbers(table: TextTable, name: str) -> pl.Series:
    """A column as numbers, null where they cannot be read or are not finite."""
    return pl.Series(table.numbers(name).values, dtype=pl.Float64).fill_nan(None)


def _optional(table: TextTable, name: str | None, n: int) -> pl.Series:
    return pl.Series([None] * n, dtype=pl.String) if name is None else as_names(table.cells[name])


def _zone_faults(time_zone: str | None) -> Iterator[Fault]:
    if time_zone is not None and time_zone not in available_timezones():
        yield Fault(
            "time_zone", f"no time zone called {time_zone!r}", suggestion=nearest(time_zone, available_timezones())
        )


def _period(kept: pl.DataFrame) -> str:
    """First plug-in and last plug-out, in words."""
    if not kept.height:
        return "no session"
    first, last = kept["start"].sort()[0], kept["stop"].sort()[-1]
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _median_stay(kept: pl.DataFrame) -> str:
    """Median stay, in words."""
    median = (kept["stop"] - kept["start"]).median()
    return f"{median / timedelta(hours=1):.1f} h" if isinstance(median, timedelta) else "0 h"


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
