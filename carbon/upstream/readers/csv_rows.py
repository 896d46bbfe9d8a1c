"""The cells of an upstream file as numbers on its own times, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from carbon.upstream.readers.layout import Layout
from carbon.upstream.readers.night import solar_nights
from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault
from grid.files.cell_faults import cell_faults, number_faults
from grid.files.numbers import is_empty
from grid.files.report import MOST_INVENTED
from grid.files.text_table import TextTable
from grid.time.gaps import REFUSED_HOURS, gap_lengths
from grid.time.instants import in_utc, local_time_faults
from grid.time.rows import HOUR_US, MINUTE_US, Times, newest_first, row_lengths
from grid.time.stamps import read_stamps

STEPS_US: Final = tuple(MINUTE_US * minutes for minutes in (5, 10, 15, 20, 30, 60))
"""How far rows of a file may be apart [µs]."""
_GREATEST: Final = {
    "ci_kg_per_mwh": 3000.0,
    "ci_marginal_kg_per_mwh": 3000.0,
    "renewable_share": 1.0,
    "carbon_free_share": 1.0,
}
_LEAST_INTENSITY: Final = 2.0
"""A series of intensities that never exceeds this, and is not 0, is in t/MWh or kg/kWh [kg/MWh]."""
_LEAST_PRICE: Final = 1.0
"""A series of prices that varies and never exceeds this is per kWh [currency/MWh]."""
_ROWS_OF_PRICES: Final = 168
"""Prices of fewer rows may be low all the time."""
_GREATEST_IN_CENTS: Final = 60.0
_MEAN_IN_CENTS: Final = 20.0
"""Prices that stay below both may be in hundredths per kWh [currency/MWh]."""
_NEGLIGIBLE_MW: Final = 10.0
"""Own use of a type that does not run, in the mean [MW]."""
_SHOWN: Final = 10
_WEATHER: Final = frozenset({"solar", "wind_onshore", "wind_offshore"})
_RULE: Final = "must be a number in every row, or empty"


@dataclass(frozen=True, eq=False)
class FileRows:
    """The cells of a file as numbers: NaN where empty, on the file's own times; R rows, K columns.

    Args:
        names: Of the columns: ours, and those of generation.
        begins: Beginning of each row in UTC, NaT where unreadable, shape (R,).
        lengths_us: How long each holds, shape (R,) [µs]; empty where the times are faulty.
        line: Line of the file, shape (R,).
        values: Shape (R, K).
        zone: How the times were placed, in words.
        order_faults: Why the order of day and month, or the zone of the times, is not known, if so.
        faults: What is wrong with the values.
        mended: What was changed, with its effect.
        dropped: What was left out, with its effect.
        of_one_file: Whether lines are of one file.
    """

    names: tuple[str, ...]
    begins: Times
    lengths_us: Ints
    line: Ints
    values: Floats
    zone: str
    order_faults: tuple[Fault, ...]
    faults: tuple[Fault, ...]
    mended: tuple[str, ...]
    dropped: tuple[str, ...]
    of_one_file: bool

    def position(self, begin: np.datetime64, row: int) -> str:
        """Where something is: by its row, or by its time where several files are one table."""
        return f"row {self.line[row]}" if self.of_one_file else f"{begin.astype('datetime64[m]')} UTC"


def read_rows(layout: Layout, table: TextTable, *, of_one_file: bool) -> FileRows:
    """The rows of a table in a known layout.

    Args:
        layout: How to read it.
        table: Its cells.
        of_one_file: Whether its lines are of one file.
    """
    mended, dropped = list[str](), list[str]()
    table = _without_idle_rows(layout, table)
    times, zone, order = _times(layout, table)
    at = _in_order(layout, times.begins, mended)
    if at is not None:
        table = table.rows(at)
        times, zone, order = _times(layout, table)
    kept = _kept(table, times, dropped)
    table = replace(table, cells=table.cells.filter(kept.tolist()), lines=table.lines[kept])
    begins = times.begins[kept]
    rising = begins.size > 0 and not np.isnat(begins).any() and bool((np.diff(begins).astype(np.int64) > 0).all())
    lengths = row_lengths(begins, STEPS_US) if rising else np.zeros(0, dtype=np.int64)
    columns, faults = _columns(layout, table)
    if rising:
        _energy_as_power(layout, columns, lengths)
        mended += _join_alternatives(layout, columns)
        mended += _not_expected(layout, table, columns, begins)
    mended += _doubts(layout, columns)
    told, cut = _without_negative(layout, columns, lengths)
    mended += [*told, *_nothing_generated(layout, columns), *_part_of_a_mix(layout)]
    told, lost = _left_out(layout, table, columns, lengths) if rising else ([], [])
    dropped += told
    names = tuple(columns)
    values = np.column_stack(list(columns.values())) if columns else np.zeros((begins.size, 0))
    return FileRows(
        names,
        begins,
        lengths,
        table.lines,
        values,
        zone,
        order,
        tuple(faults) or (*cut, *lost),
        tuple(mended),
        tuple(dropped),
        of_one_file,
    )


@dataclass(frozen=True, eq=False)
class _RowTimes:
    """Beginning of each row in UTC, and whether it stands in the hour that summer time skips beside another, (R,)."""

    begins: Times
    beside_others: Bools


def _times(layout: Layout, table: TextTable) -> tuple[_RowTimes, str, tuple[Fault, ...]]:
    cells = table.cells[layout.time_column].str.replace(r"\s+[-–—]\s+.*$", "")  # an interval, as ENTSO-E exports it
    plain = cells.fill_null("").str.replace(r"\s*\((CES?T|EES?T|WES?T)\)$", "")
    found = read_stamps([plain], zone=layout.zone.name if layout.zone.minutes is None else None, even=True)
    instants = in_utc(found.columns[0], layout.zone, "in turn")
    begins = instants.utc - timedelta(minutes=layout.ends_after_min)
    utc = begins.to_numpy().astype("datetime64[us]")
    order = tuple(replace(fault, place=layout.time_column) for fault in found.faults)
    order = order or tuple(local_time_faults(layout.time_column, found.columns[0], layout.zone))
    skipped = instants.skipped.fill_null(value=False).to_numpy()
    beside = skipped & np.isin(utc, utc[~skipped])
    return _RowTimes(utc, np.asarray(beside, dtype=bool)), instants.zone_words(layout.zone), order


def _in_order(layout: Layout, begins: Times, mended: list[str]) -> Ints | None:
    """The rows in the order of their times, where they stand newest first or may stand in any order; else None."""
    if newest_first(begins):
        mended.append("rows put in the order of their times")
        return np.arange(begins.size)[::-1]
    if not layout.any_order or np.isnat(begins).any() or (np.diff(begins) >= np.timedelta64(0, "us")).all():
        return None
    mended.append("rows put in the order of their times")
    return np.argsort(begins, kind="stable")


def _without_idle_rows(layout: Layout, table: TextTable) -> TextTable:
    """The table without rows that hold nothing in any column that is read, where the layout has such rows."""
    names = [column for column, _ in layout.values.values()] + [*layout.generation]
    if not layout.sparse or not names or not table.n_rows:
        return table
    idle = np.all([is_empty(table.cells[name]).to_numpy() for name in names], axis=0)
    return table if idle.all() else table.rows(np.flatnonzero(~idle))


def _energy_as_power(layout: Layout, columns: dict[str, Floats], lengths_us: Ints) -> None:
    """Makes powers [MW] of energies of intervals [MWh], where the layout has those."""
    for column in layout.generation if layout.energy else ():
        columns[column] = columns[column] / (lengths_us / HOUR_US)


def _kept(table: TextTable, times: _RowTimes, dropped: list[str]) -> Bools:
    """Rows that count, shape (R,); notes the others."""
    kept = _first_of_identical(table, times.begins)
    if not kept.all():
        dropped.append(f"{int((~kept).sum())} rows that repeat others cell by cell")
    beside = kept & times.beside_others
    if beside.any():
        dropped.append(f"{int(beside.sum())} rows of the hour that summer time skips, beside those of the next hour")
    return np.asarray(kept & ~beside)


def _first_of_identical(table: TextTable, begins: Times) -> Bools:
    """Rows that are not equal to an earlier one in every cell and in time, shape (R,)."""
    whole = table.cells.with_columns(pl.Series("·begins", begins))
    return np.asarray(whole.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy(), dtype=bool)


def _columns(layout: Layout, table: TextTable) -> tuple[dict[str, Floats], list[Fault]]:
    """The columns in our units, and cells that are no numbers or cannot be true."""
    columns: dict[str, Floats] = {}
    faults: list[Fault] = []
    for name, (column, scale) in layout.values.items():
        numbers = table.numbers(column)
        columns[name] = numbers.values * scale
        faults += number_faults(table, column, numbers, _RULE)
        if numbers.empty.all() and table.n_rows:
            faults.append(Fault(column, "must have values; it is empty"))
        faults += _value_faults(name, column, columns[name], scale, table.lines)
    for column in layout.generation:
        numbers = table.numbers(column)
        faults += number_faults(table, column, numbers, _RULE)
        known = np.isfinite(numbers.values).any()
        columns[column] = numbers.values if known else np.zeros(table.n_rows)  # a type that is not there
    return columns, faults


def _value_faults(name: str, column: str, values: Floats, scale: float, lines: Ints) -> Iterator[Fault]:
    known = values[np.isfinite(values)]
    if name in _GREATEST:
        bad = (values < 0) | (values > _GREATEST[name] * (1 + 1e-9))
        if bad.any():
            rule = f"must lie within 0 and {_GREATEST[name] / scale:g}"
            yield from cell_faults(column, rule, bad, pl.Series(values / scale), lines)
    most = float(known.max(initial=0.0))
    if name.startswith("ci_") and 0 < most <= _LEAST_INTENSITY:
        rule = f"must be in kg/MWh; no row exceeds {most:g}, which looks like t/MWh or kg/kWh: multiply by 1000"
        yield Fault(column, rule, most)
    elif name == "price_per_mwh" and 0 < most <= _LEAST_PRICE and np.ptp(known) > 0 and abs(known).max() <= 1:
        rule = f"must be per MWh; no row exceeds {most:g}, which looks like a price per kWh: multiply by 1000"
        yield Fault(column, rule, most)


def _doubts(layout: Layout, columns: dict[str, Floats]) -> Iterator[str]:
    """Values that can be true and may be missing ones, or of another unit."""
    for name, (column, _) in layout.values.items():
        known = columns[name][np.isfinite(columns[name])]
        zeros = int((known == 0).sum())
        if name.startswith("ci_") and 0 < zeros < known.size:
            yield f"{column} is exactly 0 in {zeros:,} of {known.size:,} rows: are these missing values?"
        lasting = name == "price_per_mwh" and known.size >= _ROWS_OF_PRICES and np.ptp(known) > 0
        if lasting and abs(known).max() <= _GREATEST_IN_CENTS and known.mean() < _MEAN_IN_CENTS:
            yield f"{column} never exceeds {abs(known).max():.3g} per MWh: are these hundredths per kWh, a tenth of it?"


def _part_of_a_mix(layout: Layout) -> Iterator[str]:
    """That an intensity would follow from sun and wind only, as where one type was downloaded."""
    kinds = set(layout.generation.values())
    if kinds and kinds <= _WEATHER and "ci_kg_per_mwh" not in layout.values:
        yield f"the file has generation of {', '.join(sorted(kinds))} only: is this all that imports are made of?"


def _join_alternatives(layout: Layout, columns: dict[str, Floats]) -> Iterator[str]:
    """Makes one column of those that hold the same in different rows."""
    for whole, parts in layout.alternatives:
        held = [columns[name] for name in parts if name in columns]
        if whole not in columns or not held:
            continue
        known = np.any([np.isfinite(column) for column in held], axis=0)
        total = np.where(known, np.nansum(held, axis=0), np.nan)
        both = np.isfinite(columns[whole]) & known & (total != 0)
        columns[whole] = np.where(np.isfinite(columns[whole]) & ~_zeros(columns[whole], total), columns[whole], total)
        for name in parts:
            columns.pop(name, None)
        if both.any() and len(parts) > 1:
            yield f"{whole}: {int(both.sum()):,} rows hold it as a whole and in parts; it is counted once"


def _zeros(whole: Floats, parts: Floats) -> Bools:
    """Where the whole is 0 although its parts are known and are not, as in files joined with zeros."""
    return np.asarray((whole == 0) & np.isfinite(parts) & (parts != 0))


def _not_expected(layout: Layout, table: TextTable, columns: dict[str, Floats], begins: Times) -> Iterator[str]:
    """Sets to 0 what was not published because there was none: solar at night, types that a zone does not have."""
    for column, technology in layout.generation.items():
        values = columns.get(column)
        if values is None or column not in table.names:
            continue
        if technology == "solar":
            dark = solar_nights(begins, values)
            values = columns[column] = np.where(dark, 0.0, values)
            if dark.any():
                yield f"{column}: nothing published in {int(dark.sum()):,} rows by night: 0"
        none = (table.cells[column].str.to_lowercase().is_in(layout.absent)).to_numpy() & ~np.isfinite(values)
        run = gap_lengths(none)
        hours = run * (np.median(np.diff(begins)) / np.timedelta64(1, "h")) if begins.size > 1 else run
        long = none & (hours > REFUSED_HOURS)
        if long.any():
            columns[column] = np.where(long, 0.0, values)
            yield f"{column}: not expected ({layout.absent[0]}) in {int(long.sum()):,} rows at a stretch: 0"


def _without_negative(
    layout: Layout, columns: dict[str, Floats], lengths_us: Ints
) -> tuple[list[str], list[Fault]]:  # fmt: skip
    """Cuts own use and pumping, which are no generation, and refuses a column that is mostly negative."""
    told, faults = [], []
    for column in layout.generation:
        if column not in columns:
            continue
        values = columns[column]
        hours = lengths_us / HOUR_US if lengths_us.size == values.size else np.zeros(values.size)
        positive, negative = (float(np.nansum(part * hours)) for part in (np.maximum(values, 0), np.minimum(values, 0)))
        columns[column] = np.maximum(values, 0.0)
        if -negative > MOST_INVENTED * max(positive, 1e-9) and -negative > _NEGLIGIBLE_MW * max(1.0, hours.sum()):
            rule = f"{-negative:,.1f} MWh are less than 0 and {positive:,.1f} MWh more: is its sign that of generation"
            faults.append(Fault(column, f"{rule}? At most {MOST_INVENTED:.0%} may be cut"))
        elif negative:
            told.append(
                f"{column}: {positive + negative:,.1f} MWh with own use, {positive:,.1f} MWh without (cut to 0)"
            )
    return told, faults


def _nothing_generated(layout: Layout, columns: dict[str, Floats]) -> Iterator[str]:
    """Makes gaps of rows in which every type of generation is 0, own use cut off: these have no intensity."""
    names = [name for name in layout.generation if name in columns]
    if not names or "ci_kg_per_mwh" in columns:
        return
    idle = np.all([columns[name] == 0 for name in names], axis=0)
    if idle.any() and not idle.all():
        for name in names:
            columns[name] = np.where(idle, np.nan, columns[name])
        yield f"{int(idle.sum()):,} rows in which every type of generation is 0 are gaps"


def _left_out(
    layout: Layout, table: TextTable, columns: dict[str, Floats], lengths_us: Ints
) -> tuple[list[str], list[Fault]]:
    """Energy of the columns of generation that are no part of the mix, and whether it is too much of all."""
    hours = lengths_us / HOUR_US
    of_row = np.ones(hours.size) if layout.energy else hours
    energy = {
        column: float(np.nansum(np.maximum(table.numbers(column).values, 0.0) * of_row))
        for column in layout.left_out
        if column in table.names
    }
    kept = sum(float(np.nansum(columns[name] * hours)) for name in layout.generation if name in columns)
    lost = sum(energy.values())
    told = [
        f"{column}: {mwh:,.1f} MWh, {mwh / (kept + lost):.1%} of all generation: {layout.left_out[column]}"
        for column, mwh in energy.items()
        if mwh > 0
    ]
    if layout.values.get("ci_kg_per_mwh") is None and lost > MOST_INVENTED * (kept + lost):
        names = ", ".join(name for name in sorted(energy, key=lambda each: -energy[each])[:_SHOWN] if energy[name] > 0)
        rule = f"must be types that are known, so that at most {MOST_INVENTED:.0%} of the energy is left out of the mix"
        rule += f"; of {kept + lost:,.1f} MWh it would be"
        return told, [Fault(names, rule, f"{lost / (kept + lost):.0%}")]
    return told, []
