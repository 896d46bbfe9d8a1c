"""A planner's own profiles from a file: Parquet, a table in a text file, or a workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, mark_faults, number_faults
from grid.files.content import PARQUET_ENDINGS, beside, is_file, read_parquet, shown_path
from grid.files.text_table import TextTable, read_text_table
from grid.files.workbook import WORKBOOK_ENDINGS
from grid.time.calendar import ProfileTable
from grid.time.clock import Clock
from grid.time.gaps import filled
from grid.time.instants import in_utc, local_time_faults
from grid.time.stamps import read_stamps
from grid.time.zones import UTC_ZONE

TIME: Final = "time_utc"
_TABLES: Final = ("load", "sgen", "storage")
_QUANTITIES: Final = ("p_mw", "q_mvar")
_COLUMN: Final = re.compile(rf"({'|'.join(_TABLES)})/.+/({'|'.join(_QUANTITIES)})")
_SMALLER_UNIT: Final = re.compile(r"\b[pqs]?_?(kw|kvar|kva|w|var)\b", re.IGNORECASE)
_TIME_WORDS: Final = ("time", "date", "zeit", "datum", "stamp", "__index_level", "日時", "时间", "時刻", "日付")
_LEAST_HELD: Final = 0.1
"""Share of the steps between the first and the last row below which a file is no series with gaps."""
_SHOWN: Final = 10


def read_profiles(path: Path) -> ProfileTable:
    """Profiles of a planner's own grid from Parquet, or from a table as spreadsheets write it (CSV, .xlsx).

    The file has a column ``time_utc`` (beginning of equal steps) and columns ``load/<name or index>/p_mw``,
    ``load/…/q_mvar``, ``sgen/…/p_mw``, ``sgen/…/q_mvar`` in MW and MVAr. Missing rows and empty cells are gaps: they
    are filled by the rule of `grid.time.gaps` and marked, for a run to judge.

    Raises:
        InputError: With all that is wrong: missing file, other columns, uneven steps, values that are no numbers.
    """
    frame, mended = in_order(read_table(path, "city.profiles"))
    raise_if_any(_file_faults(frame), str(path))
    clock, names, values = on_even_steps(frame)
    missing = np.isnan(values)
    return ProfileTable(
        names,
        filled(values, clock.step_hours),
        clock.start,
        clock.step,
        str(path),
        form=_form(path),
        missing=missing if missing.any() else None,
        mended=mended,
    )


def read_table(path: Path, place: str) -> pl.DataFrame:
    """A table with a column ``time_utc`` from Parquet or text, whatever its other columns are called.

    Args:
        path: The file.
        place: Where faults of the file stand.

    Raises:
        InputError: If there is no such file, or it is no table.
    """
    if not is_file(path):
        raise InputError.single(place, f"no file {shown_path(path)!r}", suggestion=nearest(path.name, beside(path)))
    return _with_times(read_parquet(path, place), path) if _form(path) == "Parquet" else _of_text(path, place)


def _form(path: Path) -> str:
    """What a file is by its name, for a report."""
    ending = path.suffix.casefold()
    return "Parquet" if ending in PARQUET_ENDINGS else "workbook" if ending in WORKBOOK_ENDINGS else "CSV"


def on_even_steps(frame: pl.DataFrame) -> tuple[Clock, tuple[str, ...], Floats]:
    """A table without `time_faults` on its equal steps, of which rows may be missing.

    Args:
        frame: Rows in the order of their times; all other columns hold numbers.

    Returns:
        The steps from the first row to the last, names of the K columns, and their values, shape (T, K); NaN where
        there are none.
    """
    times = frame[TIME].to_numpy().astype("datetime64[us]")
    step = frame[TIME].diff().drop_nulls().mode().sort()[0]
    row = (times - times[0]) // np.timedelta64(step)
    names = tuple(name for name in frame.columns if name != TIME)
    values = np.full((int(row[-1]) + 1, len(names)), np.nan)
    values[row] = frame.select(pl.col(names).cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return Clock(times[0].item().replace(tzinfo=UTC), step, len(values)), names, values


def _with_times(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """A typed table whose times are read, where they are texts or state no zone.

    Raises:
        InputError: If they are no times, or not in UTC.
    """
    dtype = frame.schema.get(TIME)
    if dtype != pl.String and not (isinstance(dtype, pl.Datetime) and dtype.time_zone is None):
        return frame
    faults: list[Fault] = []
    utc = _times(frame[TIME], np.arange(frame.height), faults)
    raise_if_any(faults, str(path))
    return frame.with_columns(utc.alias(TIME)) if dtype == pl.String else frame


def _of_text(path: Path, place: str) -> pl.DataFrame:
    """The table in a text file, with times in UTC and numbers, NaN where a cell is empty.

    Raises:
        InputError: If it is no table, or cells are no times or no numbers.
    """
    table = read_text_table(path, place)
    faults: list[Fault] = [] if TIME in table.names else [no_time_fault(table.names)]
    columns = {
        name: _numbers(table, name, faults) for name in table.names if name != TIME and _may_be_power(table, name)
    }
    if TIME in table.names:
        columns = {TIME: _times(table.cells[TIME], table.lines, faults)} | columns
    raise_if_any(faults, str(path))
    return pl.DataFrame(columns)


def _may_be_power(table: TextTable, name: str) -> bool:
    """Whether a column is read as numbers: any but the times, where they are not called as they must be."""
    return TIME in table.names or name != _time_like(table.names)


def no_time_fault(names: Sequence[str]) -> Fault:
    """A table has no column of times by its name."""
    like = _time_like(names)
    rule = "must be a column of times, the beginning of each step, in UTC or with their offset"
    cure = f"; rename {like!r} if it is that" if like is not None else ""
    return Fault(TIME, f"{rule}{cure}; the columns are", [*names[:_SHOWN], *["…"][: len(names) > _SHOWN]])


def _time_like(names: Sequence[str]) -> str | None:
    """The column that is most likely the times, by its name."""
    found = [name for name in names if any(word in name.casefold() for word in _TIME_WORDS)]
    return found[0] if found else nearest(TIME, names)


def in_order(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """A table by time, rows that are equal in every cell once, and what was done to it in words."""
    if not isinstance(frame.schema.get(TIME), pl.Datetime) or frame[TIME].has_nulls():
        return frame, ()
    words = []
    once = frame.unique(maintain_order=True)
    if once.height < frame.height:
        words.append(f"{frame.height - once.height:,} rows that are equal to another in every cell count once")
    if not once[TIME].is_sorted():
        once = once.sort(TIME, maintain_order=True)
        words.append("rows put in the order of their times")
    return once, tuple(words)


def _times(cells: pl.Series, lines: Ints, faults: list[Fault]) -> pl.Series:
    """The column of times in UTC; an offset that a cell states counts."""
    found = read_stamps([cells], even=True)
    faults += [Fault(TIME, fault.rule, fault.value, fault.suggestion) for fault in found.faults]
    utc = in_utc(found.columns[0], UTC_ZONE).utc
    unread = utc.is_null().to_numpy()
    if unread.any() and not found.faults and cells.dtype == pl.String:
        faults += cell_faults(TIME, "must be times in UTC, such as 2030-01-01T00:00", unread, cells, lines)
    faults += local_time_faults(TIME, found.columns[0], UTC_ZONE)
    return utc


def _numbers(table: TextTable, name: str, faults: list[Fault]) -> pl.Series:
    numbers = table.numbers(name)
    faults += number_faults(table, name, numbers, "must be numbers")
    return pl.Series(name, numbers.values)


def _file_faults(frame: pl.DataFrame) -> Iterator[Fault]:
    time = frame.schema.get(TIME)
    yield from time_faults(frame)
    others = [
        name for name in frame.columns if name != TIME and (time is not None or name != _time_like(frame.columns))
    ]
    wrong = [name for name in others if not _COLUMN.fullmatch(name)]
    for name in others:
        if wrong and name == wrong[0]:
            yield from column_name_faults(others)
        elif name not in wrong and not frame.schema[name].is_numeric():
            yield Fault(name, "must be numbers", str(frame.schema[name]))
        elif name not in wrong:
            yield from _value_faults(frame[name].cast(pl.Float64))


def column_name_faults(names: Sequence[str]) -> Iterator[Fault]:
    """That columns are called as no column of profiles is: one fault, with what the first of them should be called."""
    wrong = [name for name in names if not _COLUMN.fullmatch(name)]
    if wrong:
        yield _name_fault(wrong, len(names))


def _name_fault(wrong: Sequence[str], n_columns: int) -> Fault:
    rule = "must be called load|sgen|storage/<name or index>/p_mw|q_mvar"
    table, _, rest = wrong[0].partition("/")
    element, _, quantity = rest.rpartition("/")
    meant = nearest(table, _TABLES) if rest else None
    suggestion = None
    if meant is not None:
        suggestion = f"{meant}/{element or quantity}/{nearest(quantity, _QUANTITIES) or _QUANTITIES[0]}"
    if any(_SMALLER_UNIT.search(name) for name in wrong):
        rule += ", with values in MW and MVAr, so divide kW and kvar by 1000"
    count = f"; not so {len(wrong)} of {n_columns}"
    if len(wrong) == 1:
        return Fault(wrong[0], f"a column {rule}", suggestion=suggestion)
    return Fault("columns", rule + count, [*wrong[:_SHOWN], *["…"][: len(wrong) > _SHOWN]], suggestion)


def _value_faults(values: pl.Series) -> Iterator[Fault]:
    """Values that are infinite, and a column without any; empty ones are gaps."""
    yield from mark_faults(values.name, values.fill_null(np.nan).to_numpy(), np.arange(values.len()))
    endless = values.is_infinite().fill_null(value=False).arg_true()
    if endless.len():
        yield Fault(values.name, f"must be finite; row {endless[0]} is not ({endless.len()} of {values.len()})")
    elif not values.is_finite().any():
        yield Fault(values.name, "must have values; every row is empty")


def time_faults(frame: pl.DataFrame) -> Iterator[Fault]:
    """What is wrong with the column of times of a table."""
    time = frame.schema.get(TIME)
    if time is None:
        yield no_time_fault(frame.columns)
    elif not isinstance(time, pl.Datetime):
        yield Fault(TIME, "must be a column of dates with time", str(time))
    elif frame.height < 2:
        yield Fault(TIME, "must have at least two rows", frame.height)
    else:
        yield from _step_faults(frame[TIME])


def _step_faults(times: pl.Series) -> Iterator[Fault]:
    """Where the rows do not rise by equal steps or by several of them, which is a gap."""
    twice = times.filter(~times.is_first_distinct())
    if twice.len() and not times.has_nulls():
        at = twice[0].strftime("%Y-%m-%d %H:%M")
        rule = "must state each time once; rows of a time of another row with other values"
        cure = (
            f"first {at}; if these are local times, whose hour is doubled in autumn, write their offset, as in +02:00"
        )
        yield Fault(TIME, f"{rule}, {cure}", twice.len())
        return
    lengths = times.diff().slice(1).cast(pl.Duration("us"))
    usual = lengths.drop_nulls().mode().sort()
    if not usual.len():
        yield Fault(TIME, "must be times in every row")
        return
    step_us, us = usual[0] // timedelta(microseconds=1), lengths.cast(pl.Int64)
    odd = ((us <= 0) | (us % max(step_us, 1) != 0)).fill_null(value=True).arg_true()
    if odd.len() or step_us <= 0:
        row = int(odd[0]) + 1 if odd.len() else 1
        rule = f"must be consecutive equal steps or lack whole ones; row {row} (the first being 0) follows its"
        length = lengths[row - 1]
        yield Fault(TIME, f"{rule} neighbour by {'no time' if length is None else length}, others by {usual[0]}")
    elif times.len() < _LEAST_HELD * (int(us.sum()) // step_us + 1):
        rule = f"must hold {_LEAST_HELD:.0%} of the steps from its first row to its last; is a year mistyped? Rows"
        yield Fault(TIME, f"{rule} for {int(us.sum()) // step_us + 1:,} steps of {usual[0]}", times.len())
