"""Rows of a weather file on the circle of a year: whatever years its months come from, with or without 29 February."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import Fault, InputError, raise_if_any
from grid.files.report import MOST_INVENTED

HOURS_OF_YEAR: Final = 8760
HOURS_OF_LEAP_YEAR: Final = 8784
HOUR_MIN: Final = 60
LEAP_DAY: Final = slice(59 * 24, 60 * 24)
"""29 February among the hours of a leap year."""
_DAYS_BEFORE_MONTH: Final = np.array([0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335])


@dataclass(frozen=True, eq=False)
class Stamped:
    """When rows are, as the file writes it; the year counts for nothing. R rows.

    Args:
        month: 1 to 12, shape (R,).
        day: 1 to 31, shape (R,).
        hour: 0 to 23, shape (R,).
        minute: 0 to 59, shape (R,).
    """

    month: Ints
    day: Ints
    hour: Ints
    minute: Ints

    @property
    def of_leap_year(self) -> Ints:
        """Hour of a leap year, shape (R,), 0 to 8783."""
        return np.asarray((_DAYS_BEFORE_MONTH[self.month - 1] + self.day - 1) * 24 + self.hour)


@dataclass(frozen=True, eq=False)
class YearColumns:
    """Values at the hours of a year.

    Args:
        columns: Values by name, shape (8760,) each; NaN where the file has none.
        leap_day: Values of 29 February by name, shape (24,) each; empty where the file has no such day.
    """

    columns: Mapping[str, Floats]
    leap_day: Mapping[str, Floats]


def stamped(times: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]) -> Stamped:
    """The parts of times, shape (R,)."""
    months = times.astype("datetime64[M]")
    days = times.astype("datetime64[D]")
    minutes = (times - days).astype("timedelta64[m]").astype(np.int64)
    return Stamped(
        months.astype(np.int64) % 12 + 1, (days - months.astype("datetime64[D]")).astype(np.int64) + 1,
        minutes // 60, minutes % 60,
    )  # fmt: skip


def means_of_hours(
    rows: Stamped, values: Mapping[str, Floats], source: str
) -> tuple[Stamped, Mapping[str, Floats], int]:
    """Rows and values by the hour, and how many minutes the rows are apart.

    Rows that are equal parts of an hour become its mean, which is missing where any part is; hours stay as they are.

    Args:
        rows: When they are, R rows.
        values: By name, shape (R,) each.
        source: Name of the file.

    Raises:
        InputError: If they are neither hours nor equal parts of hours, or any part stands twice.
    """
    minutes = np.unique(rows.minute)
    n, first = minutes.size, int(minutes[0]) if minutes.size else 0
    step = HOUR_MIN // max(n, 1)
    if n <= 1 or HOUR_MIN % n or (minutes != first + step * np.arange(n)).any():
        return rows, values, HOUR_MIN
    hours, at, parts = np.unique(rows.of_leap_year, return_inverse=True, return_counts=True)
    if (parts < n).mean() > MOST_INVENTED:  # other steps, such as 25 min, are at all these minutes too
        return rows, values, HOUR_MIN
    if (parts > n).any():
        twice = hour_name(int(hours[np.argmax(parts > n)]), of_leap_year=True)
        raise InputError([Fault("rows", f"must be each {step} minutes of a year once; more are in", twice)], source)
    means = {name: np.where(parts == n, np.bincount(at, column, hours.size) / n, np.nan) for name, column in
             values.items()}  # fmt: skip
    one = np.unique(at, return_index=True)[1]
    whole = Stamped(rows.month[one], rows.day[one], rows.hour[one], np.full(hours.size, first))
    return whole, means, step


def on_the_year(rows: Stamped, values: Mapping[str, Floats], later_hours: int, source: str) -> YearColumns:
    """Values of the rows at the hours of the year, on a clock that is some hours ahead of the file's.

    Args:
        rows: When they are.
        values: By name, shape (R,) each.
        later_hours: What the hours are counted on, less the file's own clock [h].
        source: Name of the file.

    Raises:
        InputError: If the rows are not each hour of a year once.
    """
    hours = rows.of_leap_year
    raise_if_any(_faults_of_rows(rows, hours), source)
    leap = bool(((hours >= LEAP_DAY.start) & (hours < LEAP_DAY.stop)).any())
    columns, leap_day = {}, {}
    for name, column in values.items():
        circle = np.full(HOURS_OF_LEAP_YEAR, np.nan)
        circle[hours] = column
        if not leap:
            circle = np.delete(circle, LEAP_DAY)
        circle = np.roll(circle, later_hours)
        if leap:
            leap_day[name] = circle[LEAP_DAY]
            circle = np.delete(circle, LEAP_DAY)
        columns[name] = circle
    return YearColumns(columns, leap_day)


def _faults_of_rows(rows: Stamped, hours: Ints) -> Iterator[Fault]:
    n_rows = hours.size
    on_leap_day = (hours >= LEAP_DAY.start) & (hours < LEAP_DAY.stop)
    leap_rows = int(on_leap_day.sum())
    steps = np.diff(hours * 60 + rows.minute) % (HOURS_OF_LEAP_YEAR * 60)
    minutes = float(np.median(steps)) if n_rows > 1 else 60.0
    counts = np.delete(np.bincount(hours, minlength=HOURS_OF_LEAP_YEAR), LEAP_DAY)
    whole = f"must have {HOURS_OF_YEAR} rows, one each hour of a year, or {HOURS_OF_LEAP_YEAR} with 29 February"
    if minutes != 60.0 and n_rows > HOURS_OF_YEAR:
        yield Fault("rows", f"{whole}; these are {minutes:g} minutes apart", n_rows)
    elif n_rows not in {HOURS_OF_YEAR, HOURS_OF_LEAP_YEAR} or leap_rows not in {0, 24}:
        yield Fault("rows", f"{whole}; {_lacking(counts)}{leap_rows} of these are on 29 February", n_rows)
    elif (counts != 1).any():
        first = hour_name(int(np.flatnonzero(counts != 1)[0]))
        missing, twice = int((counts == 0).sum()), int((counts > 1).sum())
        rule = f"must be each hour of a year once; {missing} are missing and {twice} repeated, the first is {first}"
        yield Fault("rows", rule, n_rows)
    elif (rows.minute != rows.minute[0]).any():
        row = int(np.flatnonzero(rows.minute != rows.minute[0])[0])
        rule = (
            f"must all be at the same minute of the hour, {rows.minute[0]} as the first; row {row + 1} of values is at"
        )
        yield Fault("time", rule, int(rows.minute[row]))


def _lacking(counts: Ints) -> str:
    """Which hours of a year are missing and which stand several times, shape (8760,), in words."""
    kinds = (("missing", counts == 0), ("there more than once", counts > 1))
    said = (f"{int(bad.sum())} are {word}, the first is {hour_name(int(bad.argmax()))}; " for word, bad in kinds if
            bad.any())  # fmt: skip
    return "".join(said)


def hour_name(hour: int, *, of_leap_year: bool = False) -> str:
    """An hour of a year by its number in words, such as ``01-03 00 h``."""
    begins = np.datetime64("2024-01-01" if of_leap_year else "2023-01-01", "h") + np.timedelta64(hour, "h")
    return str(begins)[5:].replace("T", " ") + " h"
