"""Utilisation of processors from a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from grid.arrays import Bools, Floats, Ints, read_only
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults
from grid.files.numbers import is_empty
from grid.files.report import MOST_INVENTED, FileReport
from grid.files.text_table import TextTable, read_text_table
from grid.sharing import shared
from grid.time.clock import Clock
from grid.time.gaps import FilledSeries, fill_gaps, gap_faults
from grid.time.instants import in_utc, local_time_faults
from grid.time.rows import (
    MINUTE_US,
    EvenRows,
    Times,
    even_rows,
    newest_first,
    order_faults,
    row_lengths,
    step_means,
    uneven_rows,
)
from grid.time.stamps import read_stamps
from grid.time.zones import UTC_ZONE

COLUMNS = ("time_utc", "utilisation")
_STEPS_US = tuple(MINUTE_US * minutes for minutes in (1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60))
_LEAST_PERCENT = 5.0
"""A file that reaches more, and at most 100, is in percent; one that reaches less but more than 1 may be in MW."""
_SHOWN = 10


def utilisation_from_csv(path: str | Path, clock: Clock) -> Floats:
    """The utilisation of `read_utilisation`, shape (T,) [1]."""
    return read_utilisation(path, clock)[0]


@shared(files=lambda given: [given["path"]])
def read_utilisation(path: str | Path, clock: Clock) -> tuple[Floats, FileReport]:
    """Reads a utilisation and brings it to a clock, shape (T,) [1], with a report on the file.

    Args:
        path: The file, with columns ``time_utc`` (beginning of each step, UTC unless the cell states an offset) and
            ``utilisation`` (0 to 1, or 0 to 100 %). Its steps are hours or equal parts of them. It must cover the
            clock; gaps are filled by the rule of `grid.time.gaps`. Steps of the clock take the mean over themselves.
        clock: The time axis.

    Raises:
        InputError: If the file cannot be read, lacks a column or part of the clock, has values out of range or gaps
            that must not be filled; all faults at once.
    """
    try:
        table = read_text_table(path)
    except InputError as error:
        first = error.faults[0]
        rule = f"cannot be read as CSV: {first.place} {first.rule}".replace(": file ", ": ")
        raise InputError([replace(first, place="it_load.csv", rule=rule)], str(path)) from error
    missing = [name for name in COLUMNS if name not in table.names]
    raise_if_any(
        (Fault(name, "is a required column", suggestion=nearest(name, table.names)) for name in missing), str(path)
    )
    table, turned = _oldest_first(table.once())
    begins, lengths, zone, faults = _times(table, clock)
    values, mended, more = _values(table)
    mended = (*turned, *mended)
    raise_if_any([*faults, *more], str(path))
    even = even_rows(begins, values[:, None], lengths).reaching(clock)
    used = even.used_by(clock)
    missing_steps = ~np.isfinite(even.values)
    raise_if_any(gap_faults(missing_steps, used, even.step_hours, ["utilisation"], _moment_of(even)), str(path))
    series = fill_gaps(even.values, used, even.step_hours)
    found = step_means(replace(even, values=series.values), clock)[:, 0]
    return read_only(found), _report(str(path), table, even, series, zone, mended)


def _moment_of(even: EvenRows) -> Callable[[int], str]:
    """What names a step in a fault."""
    return lambda step: f"{even.begins[step].astype('datetime64[m]')} UTC"


def _oldest_first(table: TextTable) -> tuple[TextTable, tuple[str, ...]]:
    """A table whose newest row does not stand on top, and what was done to it in words."""
    wall = read_stamps([table.cells["time_utc"]], even=True).columns[0].wall.to_numpy()
    if not newest_first(wall):
        return table, ()
    return table.rows(np.arange(table.n_rows)[::-1]), ("rows put in the order of their times",)


def _times(table: TextTable, clock: Clock) -> tuple[Times, Ints, str, list[Fault]]:
    found = read_stamps([table.cells["time_utc"]], even=True)
    instants = in_utc(found.columns[0], UTC_ZONE)
    begins = instants.utc.to_numpy().astype("datetime64[us]")
    nothing = np.zeros(0, dtype=np.int64)
    faults = [replace(fault, place="time_utc") for fault in found.faults]
    unread = np.isnat(begins)
    if unread.any() or not begins.size:
        rule = "must be times in UTC, such as 2030-01-01T00:00"
        faults += cell_faults("time_utc", rule, unread, table.cells["time_utc"], table.lines)
        faults += [Fault("time_utc", rule, "an empty file")] if not begins.size else []
    faults = faults or list(order_faults(begins, table.lines, "time_utc"))
    faults += local_time_faults("time_utc", found.columns[0], UTC_ZONE)
    if faults:
        return begins, nothing, "", faults
    lengths = row_lengths(begins, _STEPS_US)
    odd = uneven_rows(begins, lengths)
    if odd.size or int(lengths.min()) not in _STEPS_US:
        at = table.lines[odd][:_SHOWN].tolist() or minutes_of(lengths)
        return (
            begins,
            nothing,
            "",
            [Fault("time_utc", "must be hours or equal parts of them apart; not so in rows", at)],
        )
    even = even_rows(begins, np.zeros((begins.size, 0)), lengths)
    if not even.covers(clock):
        stop = clock.times[-1] + np.timedelta64(clock.step)
        rule = f"must cover {clock.times[0].astype('datetime64[m]')} to {stop.astype('datetime64[m]')} UTC"
        held = f"{even.start.astype('datetime64[m]')} to {even.stop.astype('datetime64[m]')}"
        faults.append(Fault("time_utc", rule, held))
    return begins, lengths, instants.zone_words(UTC_ZONE), faults


def minutes_of(lengths_us: Ints) -> str:
    """The shortest of some lengths, in words."""
    return f"{lengths_us.min() / MINUTE_US:g} min"


def _values(table: TextTable) -> tuple[Floats, tuple[str, ...], list[Fault]]:
    cells = table.cells["utilisation"]
    marked = bool((is_empty(cells) | cells.str.ends_with("%")).all())
    plain = replace(table, cells=table.cells.with_columns(cells.str.strip_chars_end("% ").alias("utilisation")))
    numbers = (plain if marked else table).numbers("utilisation")
    values = numbers.values
    most = float(np.nanmax(values, initial=0.0))
    if most <= 100 and (most > _LEAST_PERCENT or (marked and most > 0)):
        why = "because its cells say so" if marked else f"because it reaches {most:g}"
        low = int(((values > 0) & (values <= 1)).sum())
        told = (f"read as percent, {why}", *_low_words(low if not marked else 0, table.n_rows))
        return values / 100, told, [*_value_faults(values / 100, numbers.unread, table)]
    return values, (), [*_value_faults(values, numbers.unread, table)]


def _low_words(low: int, n_rows: int) -> Iterator[str]:
    """Rows of a file in percent that could be shares."""
    if low > MOST_INVENTED * n_rows:
        yield f"{low:,} of {n_rows:,} rows are at most 1 and read as at most 1 %: are these shares of 1?"


def _value_faults(values: Floats, unread: Bools, table: TextTable) -> Iterator[Fault]:
    bad = unread | (values < 0) | (values > 1)
    if not bad.any() and values.size and float(np.nanmax(values, initial=0.0)) <= 0:
        yield Fault("utilisation", "is 0 in every row: was it not measured?")
    cells = table.cells["utilisation"]
    yield from cell_faults("utilisation", "must be numbers, or empty", unread, cells, table.lines)
    out = bad & ~unread
    if out.any():
        most = float(np.nanmax(np.where(np.isfinite(values), values, 0.0)))
        rule = f"must be a number within 0 and 1, or within 0 and 100 % and reach more than {_LEAST_PERCENT:g} %"
        rule += f" (a power is to be divided by the rated one); the largest is {most:g}"
        yield from cell_faults("utilisation", rule, out, cells, table.lines)


def _report(
    source: str, table: TextTable, even: EvenRows, series: FilledSeries, zone: str, mended: tuple[str, ...]
) -> FileReport:
    mean, used = float(np.nanmean(even.values)), float(series.values[series.used].mean())
    return FileReport(
        kind="utilisation",
        source=source,
        form=table.form,
        rows=f"{table.n_rows:,}",
        period=even.period_words,
        zone=zone,
        step=even.words,
        gaps=series.words,
        totals=(f"mean utilisation {mean:.4f} in the file, {used:.4f} in the run",),
        mended=mended,
    )
