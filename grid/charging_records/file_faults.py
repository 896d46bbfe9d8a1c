"""What is wrong with a file of charging sessions as a whole, as opposed to some of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import lgamma, log
from typing import Final

import polars as pl

from grid.charging_records.finding import Finding
from grid.charging_records.formats import RecordColumns
from grid.charging_records.one_session import distinct, rising_records
from grid.charging_records.quality import LONGEST_STAY
from grid.errors import Fault
from grid.files.numbers import is_empty
from grid.files.report import MOST_INVENTED
from grid.files.text_table import TextTable
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
    "at_once",
    "total",
    "twins",
    "without_energy",
    "overlapping",
    "skipped_hour",
    "doubled_hour",
    "missing_plug_out",
)
"""Findings that lose no energy."""


def row_faults(rows: pl.DataFrame, columns: RecordColumns, table: TextTable) -> Iterator[Fault]:
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
    yield from _idle_faults(rows, columns)
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


def _idle_faults(rows: pl.DataFrame, columns: RecordColumns) -> Iterator[Fault]:
    """Nothing charged in any row, and stays that most likely are none: of no length, or of weeks."""
    energy = columns.register_stop_wh if columns.by_registers else columns.energy_kwh
    known = rows.filter(pl.all_horizontal(pl.col("start", "stop", "energy_kwh").is_not_null()))
    if known.height and bool((known["energy_kwh"] == 0).all()):
        yield Fault("columns.energy_kwh", "is 0 in every row: was it not metered?", energy)
    stay = pl.col("stop") - pl.col("start")
    for words, odd in (
        ("equal to the plug-in", (stay == timedelta(0)) & (pl.col("energy_kwh") > 0)),
        (f"{LONGEST_STAY.days} days or more after the plug-in", stay >= LONGEST_STAY),
    ):
        found = known.filter(odd)
        if found.height > MOST_INVENTED * rows.height:
            rule = f"must be when the vehicle left; it is {words} in {found.height} of {rows.height} rows, the first is"
            yield Fault(
                "columns.stop", rule, f"{found['start'][0]:%Y-%m-%d %H:%M} to {found['stop'][0]:%Y-%m-%d %H:%M}"
            )


def _unit_faults(rows: pl.DataFrame, columns: RecordColumns) -> Iterator[Fault]:
    """Energies that are no energies in kWh: those of a register, or in another unit."""
    energy = rows["energy_kwh"].drop_nulls()
    median, (least, most) = energy.filter(energy > 0).median(), MEDIAN_KWH
    if not columns.by_registers and any(_rises(rows, *holder) for holder in _HOLDERS):
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


def loss_faults(
    rows: pl.DataFrame, kept: pl.DataFrame, findings: list[Finding], columns: RecordColumns, max_power_kw: float
) -> Iterator[Fault]:
    """More energy cut or dropped than may be; records of one session that are counted once are no loss."""
    negative = rows.filter(pl.col("energy_kwh") < 0)
    kwh, below = distinct_kwh(rows), -float(negative["energy_kwh"].sum())
    if below > MOST_INVENTED * (kwh + below) and columns.by_registers:
        rule = f"must not be below the register at plug-in; it is in {negative.height} of {rows.height} rows, by "
        rule += f"{below:,.1f} kWh: was the meter reset, or is 0 written where there is none? Leave such cells empty"
        yield Fault("columns.register_stop_wh", rule, columns.register_stop_wh)
        return
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


def distinct_kwh(rows: pl.DataFrame) -> float:
    """Energy of the rows without negative energy, and with each session once [kWh]."""
    return float(distinct(rows)["energy_kwh"].clip(lower_bound=0).sum())
