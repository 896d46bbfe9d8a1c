"""From a file to recorded sessions in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import lgamma, log
from pathlib import Path
from typing import Final
from zoneinfo import available_timezones

import numpy as np
import numpy.typing as npt
import polars as pl

from grid.arrays import Floats, Ints
from grid.charging_records.files import as_names, read_table
from grid.charging_records.formats import RecordColumns, columns_held, find_format, format_faults
from grid.charging_records.quality import Finding, QualityReport, distinct, mend, rising_records
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.numbers import is_empty
from grid.files.report import MOST_INVENTED
from grid.files.text_table import TextTable
from grid.sharing import shared
from grid.time.instants import Instants, place
from grid.time.stamps import Stamps, read_stamps
from grid.time.zones import UTC_ZONE, Zone
from grid.units import WH_PER_KWH

MEDIAN_KWH = (0.05, 200.0)
"""Half of the sessions of a file cannot take less or more: the largest batteries of cars hold about 200 kWh."""
_LEAST_ROWS = 5
_REGISTER_KWH = 100.0
"""Energies that only rise, from above this on, are those of a register [kWh]."""
_HOLDERS: Final = ((), ("vehicle",), ("station", "connector"))
"""Whose energies may be those of one register: of the whole file, of each vehicle, of each socket."""
_BY_CHANCE: Final = log(1e6)
"""Energies that only rise to above it are too, if they would do so by chance once in a million cases."""
_INTERIM = 0.8
"""Share of the rows that share their plug-in with others of rising energy, beyond which this is no coincidence."""
_COUNTED_ONCE = (
    "identical",
    "duplicates",
    "interim",
    "copies",
    "overlapping",
    "skipped_hour",
    "doubled_hour",
    "missing_plug_out",
)
"""Findings that lose no energy."""
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
    rows, hours, faults = _rows(table, named, zone, day_first)
    raise_if_any([*faults, *_row_faults(rows, named, table)], str(path))
    kept, findings = mend(rows, max_power_kw)
    raise_if_any(_loss_faults(rows, kept, findings, named, max_power_kw), str(path))
    report = QualityReport(
        source=str(path),
        file_format=found.name if found else "columns",
        time_zone=zone,
        n_rows=table.n_rows,
        n_kept=kept.height,
        period=_period(kept),
        kwh_read=float(rows["energy_kwh"].sum()),
        kwh_distinct=_distinct_kwh(rows),
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


def _rows(
    table: TextTable, columns: RecordColumns, zone: str, day_first: bool | None
) -> tuple[pl.DataFrame, list[Finding], list[Fault]]:
    """The sessions of a table in UTC, what daylight saving did to their times, and why the times cannot be told."""
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
    return frame, [
        Finding("skipped_hour", skipped, skipped, 0, "an hour that summer time skips: taken one hour later"),
        Finding("doubled_hour", doubled, doubled, 0, "an hour that occurs twice: the first, or the second if else it "
                "ended before its start"),
    ], faults  # fmt: skip


def _instants(stamps: Stamps, zone: str) -> Instants:
    return place(stamps, UTC_ZONE if zone == "UTC" else Zone(zone))


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


def _row_faults(rows: pl.DataFrame, columns: RecordColumns, table: TextTable) -> Iterator[Fault]:
    """What is wrong with the file as a whole, as opposed to some of its rows."""
    if not rows.height:
        yield Fault("", "the file holds no session")
        return
    energy = "register_stop_wh" if columns.by_registers else "energy_kwh"
    for field, named, kind in (("start", "start", "time"), ("stop", "stop", "time"), ("energy_kwh", energy, "number")):
        if rows[field].null_count() == rows.height:
            name = getattr(columns, named)
            first = next((cell for cell in table.cells[name].to_list() if cell not in {None, ""}), "nothing")
            yield Fault(f"columns.{named}", f"no value of column {name!r} can be read as a {kind}", first)
    stays = rows.select(stay=pl.col("stop") - pl.col("start")).drop_nulls()["stay"]
    if stays.len() and bool((stays < timedelta(0)).all()):
        yield Fault("columns.stop", "every session ends before it starts; are start and stop exchanged?",
                    columns.stop, columns.start)  # fmt: skip
    yield from _unit_faults(rows, columns)
    nowhere = rows.with_row_index("row").filter(pl.all_horizontal(pl.col("station", "connector").is_null()))
    if rising_records(nowhere).height > _INTERIM * rows.height:
        rule = (
            "rows of one plug-in rise in energy with their plug-out, like records of a session while it goes on, and "
        )
        rule += "nothing says which belong together: state the column of the transaction, vehicle or station, or keep "
        yield Fault("columns.transaction", f"{rule}the last of each")
    never = rows["stop"].is_null() & ~is_empty(table.cells[columns.stop])
    if MOST_INVENTED * rows.height < never.sum() < rows.height:
        cell = table.cells[columns.stop].filter(never)[0]
        rule = f"must be times or empty in {1 - MOST_INVENTED:.0%} of the rows; {never.sum()} of {rows.height} are none"
        yield Fault("columns.stop", f"{rule}, the first is", cell)
    unread = rows.filter(pl.col("start").is_null() | pl.col("energy_kwh").is_null()).height
    if MOST_INVENTED * rows.height < unread < rows.height:
        rule = f"must be readable in {1 - MOST_INVENTED:.0%} of the rows; no plug-in time or no energy in"
        yield Fault("rows", rule, f"{unread} of {rows.height}")


def _unit_faults(rows: pl.DataFrame, columns: RecordColumns) -> Iterator[Fault]:
    """Energies that are no energies in kWh: those of a register, or in another unit."""
    energy = rows["energy_kwh"].drop_nulls()
    median, (least, most) = energy.filter(energy > 0).median(), MEDIAN_KWH
    if not columns.by_registers and any(
        _rises(rows, *holder) for holder in ((), ("vehicle",), ("station", "connector"))
    ):
        rule = (
            "rises from session to session like the register of a meter: state the registers at plug-in and plug-out "
        )
        rule += "as register_start_wh and register_stop_wh, or the energy of each session, which is their difference"
        yield Fault("columns.energy_kwh", rule, columns.energy_kwh)
    elif isinstance(median, float) and not least <= median <= most:
        if columns.by_registers:
            rule = f"must be in Wh; the median session is {WH_PER_KWH * median:g} Wh: are the registers in kWh?"
            yield Fault("columns.register_stop_wh", rule, columns.register_stop_wh)
            return
        unit, factor = ("Wh", 1e-3) if median > most else ("MWh", 1e3)
        rule = f"must be in kWh; the median session is {median:g}, in {unit} that would be {median * factor:g} kWh"
        yield Fault("columns.energy_kwh", rule, columns.energy_kwh)


def _rises(rows: pl.DataFrame, *holder: str) -> bool:
    """Whether the energies of each holder only rise, to more than a session takes and more often than by chance.

    Energies in no order rise n times in a row once in (n + 1)! cases.
    """
    known = rows.filter(pl.col("start").is_not_null() & pl.col("energy_kwh").is_not_null()).sort("start")
    ordered = known.with_columns(holder=pl.concat_str(pl.lit(""), *holder, ignore_nulls=True))
    steps = ordered.with_columns(step=pl.col("energy_kwh").diff().over("holder"))
    each = steps.group_by("holder").agg(up=(pl.col("step") > 0).sum(), first=pl.col("energy_kwh").first())
    highest = float(known["energy_kwh"].max() or 0.0)  # type: ignore[arg-type]  # a column of numbers
    if highest <= _REGISTER_KWH or bool((steps["step"] < 0).any()) or known.height < _LEAST_ROWS:
        return False
    seldom = sum(lgamma(up + 2) for up in each["up"].to_list())
    return seldom > _BY_CHANCE or (bool((each["first"] > _REGISTER_KWH).all()) and seldom > 0)


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


def _distinct_kwh(rows: pl.DataFrame) -> float:
    """Energy of the rows without negative energy, and with each session once [kWh]."""
    return float(distinct(rows)["energy_kwh"].clip(lower_bound=0).sum())


def _loss_faults(
    rows: pl.DataFrame, kept: pl.DataFrame, findings: list[Finding], columns: RecordColumns, max_power_kw: float
) -> Iterator[Fault]:
    """More energy cut or dropped than may be; records of one session that are counted once are no loss."""
    negative = rows.filter(pl.col("energy_kwh") < 0)
    kwh, below = _distinct_kwh(rows), -float(negative["energy_kwh"].sum())
    if below > MOST_INVENTED * (kwh + below):
        rule = f"must not be less than 0; it is in {negative.height} of {rows.height} rows, {-below:,.1f} kWh beside"
        yield Fault("columns.energy_kwh", f"{rule} {kwh:,.1f} kWh: is it what vehicles fed in?", columns.energy_kwh)
        return
    after = float(kept["energy_kwh"].sum())
    if kwh - after > MOST_INVENTED * kwh:
        cut = max(findings, key=lambda each: each.rows * (each.check not in _COUNTED_ONCE))
        rule = f"{kwh:,.1f} kWh would become {after:,.1f} kWh, and at most {MOST_INVENTED:.0%} may be cut or dropped; "
        rule += f"most because of {cut.check} ({cut.rows} rows: {cut.rule})"
        if cut.check == "impossible_energy":
            rule += f"; is the energy in kWh, and {max_power_kw:g} kW the power of the charging points (charger_kw)?"
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
