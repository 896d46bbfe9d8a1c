"""Limits on power from a file, such as a grid operator sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import beside, is_file, read_csv, shown_path
from grid.flexibility.power_bounds import PowerBounds
from grid.sharing import shared
from grid.time.clock import Clock

UNLIMITED: Mapping[str, float] = {
    "charge_max_mw": np.inf,
    "discharge_max_mw": np.inf,
    "charge_max_share": 1.0,
    "discharge_max_share": 1.0,
}
"""What may be limited, and the value that is no limit."""
QUANTITIES = tuple(UNLIMITED)
TIME_COLUMNS = ("time", "time_utc")
ROWS_NAMED = 10
"""Rows that a message names at most."""


@dataclass(frozen=True, eq=False)
class LimitCurve:
    """Limits that hold from one time to the next; R rows.

    Args:
        times: Beginning of each row in UTC, and the end of the last, rising, shape (R + 1,), dtype datetime64[us].
        values: Limits by quantity, shape (R,) each; a quantity that the file does not have is left out.
    """

    times: npt.NDArray[np.datetime64]
    values: Mapping[str, Floats]

    def on(self, clock: Clock) -> PowerBounds:
        """The limit in each step of a clock: the least of the rows that it touches."""
        begin = clock.times
        first = np.searchsorted(self.times, begin, side="right") - 1
        after = np.searchsorted(self.times, begin + np.timedelta64(clock.step), side="left")
        rows = [slice(max(a, 0), min(b, self.times.size - 1)) for a, b in zip(first, after, strict=True)]
        found = {name: np.full(clock.n_steps, free) for name, free in UNLIMITED.items()}
        for name, values in self.values.items():
            found[name] = np.array([values[at].min(initial=UNLIMITED[name]) for at in rows])
        return PowerBounds(**found)


@shared(files=lambda given: [given["path"]])
def read_limit_curve(path: Path, time_zone: str) -> LimitCurve:
    """Reads limits from CSV; see `grid.assets.power_limits.PowerLimit.file` for its columns.

    Args:
        path: The file.
        time_zone: IANA name of the zone of times without an offset.

    Raises:
        InputError: With all that is wrong: no file, other columns, times that do not rise, values out of range.
    """
    if not is_file(path):
        raise InputError.single("file", f"no file {shown_path(path)!r}", None, nearest(path.name, beside(path)))
    table = read_csv(path)
    raise_if_any(_column_faults(table.columns), str(path))
    column = next(name for name in TIME_COLUMNS if name in table.columns)
    times = [_utc(text, UTC if column == "time_utc" else ZoneInfo(time_zone)) for text in table[column].to_list()]
    values = {name: _numbers(table[name], free) for name, free in UNLIMITED.items() if name in table.columns}
    raise_if_any([*_time_faults(column, times), *_value_faults(values)], str(path))
    begin = np.array([time.replace(tzinfo=None) for time in times if time is not None], dtype="datetime64[us]")
    return LimitCurve(np.append(begin, begin[-1] + (begin[-1] - begin[-2])), values)


def _utc(text: str | None, zone: tzinfo) -> datetime | None:
    """A time in UTC; None if it cannot be read."""
    try:
        time = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return (time if time.tzinfo is not None else time.replace(tzinfo=zone)).astimezone(UTC)


def _numbers(column: pl.Series, free: float) -> Floats:
    """Numbers of a column, shape (R,): `free` where it is empty, NaN where it holds something else."""
    text = column.str.strip_chars()
    empty = (text.is_null() | (text == "")).fill_null(value=True).to_numpy()
    return np.where(empty, free, text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy())


def _column_faults(columns: list[str]) -> Iterator[Fault]:
    if not any(name in columns for name in TIME_COLUMNS):
        yield Fault("time", "is a required column, or time_utc", suggestion=nearest("time", columns))
    if not any(name in columns for name in QUANTITIES):
        yield Fault("", f"at least one column of {', '.join(QUANTITIES)} is required", columns)


def _time_faults(column: str, times: list[datetime | None]) -> Iterator[Fault]:
    unread = [row + 2 for row, time in enumerate(times) if time is None]
    if unread:
        yield Fault(column, "must be times such as 2030-01-15T17:00; not so in rows", unread[:ROWS_NAMED])
    elif len(times) < 2:
        yield Fault(column, "must have at least two rows: the last holds for as long as the one before it", len(times))
    else:
        falls = [row + 3 for row, (a, b) in enumerate(pairwise(times)) if not _before(a, b)]
        if falls:
            rule = "must rise from row to row (write offsets where an hour is doubled); not so in rows"
            yield Fault(column, rule, falls[:ROWS_NAMED])


def _before(a: datetime | None, b: datetime | None) -> bool:
    return a is not None and b is not None and a < b


def _value_faults(values: Mapping[str, Floats]) -> Iterator[Fault]:
    for name, numbers in values.items():
        most = UNLIMITED[name]
        bad = np.flatnonzero(~((numbers >= 0) & (numbers <= most)))  # not-a-number fails both
        if bad.size:
            rule = "must be a number of at least 0" + (" and at most 1" if np.isfinite(most) else "")
            yield Fault(name, f"{rule}, or empty; not so in rows", (bad[:ROWS_NAMED] + 2).tolist())
