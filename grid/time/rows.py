"""Rows of a series on their own times: how long each holds, and the even steps that they stand on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from grid.arrays import Floats, Ints
from grid.errors import Fault
from grid.files.report import MOST_INVENTED
from grid.time.clock import Clock

Times = npt.NDArray[np.datetime64]
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
EDGE_HOURS: Final = 24
"""What a file may lack at the edges of a run, so that a year in local time serves a year in UTC [h]."""
_SHOWN: Final = 10


@dataclass(frozen=True, eq=False)
class EvenRows:
    """Values at even steps; N steps, K columns.

    Args:
        start: Beginning of the first step, UTC.
        step_us: Length of a step [µs].
        values: Shape (N, K); NaN where the file has nothing.
        row: Which row of the file each step comes from, shape (N,); -1 where none.
        lengths_us: How long the rows hold, shape (R,) [µs].
    """

    start: np.datetime64
    step_us: int
    values: Floats
    row: Ints
    lengths_us: Ints

    @property
    def begins(self) -> Times:
        """Beginning of each step, shape (N,)."""
        return np.asarray(self.start + (np.arange(len(self.values)) * self.step_us).astype("timedelta64[us]"))

    @property
    def stop(self) -> np.datetime64:
        """End of the last step."""
        return self.start + np.timedelta64(len(self.values) * self.step_us, "us")

    @property
    def step_hours(self) -> float:
        """Length of a step [h]."""
        return self.step_us / HOUR_US

    @property
    def words(self) -> str:
        """How far the rows are apart, in words."""
        counts = Counter(self.lengths_us.tolist())
        if len(counts) == 1:
            return minutes_words(self.step_us)
        return " and ".join(f"{minutes_words(length)} ({count:,} rows)" for length, count in sorted(counts.items()))

    @property
    def period_words(self) -> str:
        """From the first row to the end of the last, in words."""
        held = np.flatnonzero(self.row >= 0)
        first, last = self.begins[held[0]], self.begins[held[-1]] + np.timedelta64(self.step_us, "us")
        return " to ".join(str(each.astype("datetime64[m]")).replace("T", " ") for each in (first, last)) + " UTC"

    def used_by(self, clock: Clock) -> npt.NDArray[np.bool_]:
        """Which steps lie in the time of a clock, at least in part, shape (N,)."""
        begins, step = self.begins, np.timedelta64(self.step_us, "us")
        return np.asarray((begins + step > clock.times[0]) & (begins < clock.times[-1] + np.timedelta64(clock.step)))

    def covers(self, clock: Clock) -> bool:
        """Whether the steps cover a clock, but for what may be filled at its edges."""
        early, late = (max(0, lacking) for lacking in self._lacking(clock))
        return edges_may_be_filled(early * self.step_hours, late * self.step_hours, clock)

    def reaching(self, clock: Clock) -> EvenRows:
        """The same with steps without values where it begins after the clock, or ends before it."""
        early, late = (max(0, lacking) for lacking in self._lacking(clock))
        if not early and not late:
            return self
        values = np.pad(self.values, ((early, late), (0, 0)), constant_values=np.nan)
        row = np.pad(self.row, (early, late), constant_values=-1)
        return replace(self, start=self.start - np.timedelta64(early * self.step_us, "us"), values=values, row=row)

    def _lacking(self, clock: Clock) -> tuple[int, int]:
        """Steps that it begins after the clock, and ends before it; less than 0 where it reaches beyond."""
        step, stop = np.timedelta64(self.step_us, "us"), clock.times[-1] + np.timedelta64(clock.step)
        return -int((clock.times[0] - self.start) // step), -int((self.stop - stop) // step)


def edges_may_be_filled(early_h: float, late_h: float, clock: Clock) -> bool:
    """Whether what a file lacks at the beginning and at the end of a clock is little enough to be filled.

    Args:
        early_h: How much later than the clock it begins [h].
        late_h: How much earlier it ends [h].
        clock: The time axis.
    """
    most = min(EDGE_HOURS, MOST_INVENTED * clock.n_steps * clock.step_hours)
    return max(early_h, 0.0) + max(late_h, 0.0) <= most


def minutes_words(length_us: int) -> str:
    """A length of time in words."""
    return f"{length_us / SECOND_US:g} s" if length_us % MINUTE_US else f"{length_us // MINUTE_US} min"


def row_lengths(begins: Times, steps_us: Sequence[int]) -> Ints:
    """How long each row holds, shape (R,) [µs].

    A row holds until the next, if rows of that distance follow one another: a file may change from hours to quarters.
    A single longer distance is a gap.

    Args:
        begins: Rising, shape (R,).
        steps_us: Distances that rows may have [µs].
    """
    distance = np.diff(begins).astype("timedelta64[us]").astype(np.int64)
    if not distance.size:
        return np.full(begins.size, HOUR_US)
    finest = int(distance.min())
    known = np.isin(distance, list(steps_us))
    lengths = np.empty(begins.size, dtype=np.int64)
    before = finest
    for row, length in enumerate(distance.tolist()):
        neighbours = (distance[row - 1] if row else -1, distance[row + 1] if row + 1 < distance.size else -1)
        if known[row] and (length == finest or length in neighbours):
            before = length
        elif length < before:
            before = finest
        lengths[row] = before
    lengths[-1] = before
    return lengths


def newest_first(begins: Times) -> bool:
    """Whether more rows follow a later one than an earlier one, as in tables that show the newest row on top.

    Args:
        begins: Shape (R,); NaT where a cell is no time.
    """
    steps = np.diff(begins)
    zero = np.timedelta64(0, "us")
    return int((steps < zero).sum()) > int((steps > zero).sum())


def order_faults(begins: Times, lines: Ints, name: str) -> Iterator[Fault]:
    """Rows that do not rise.

    Args:
        begins: Shape (R,), without NaT.
        lines: Line of the file of each, shape (R,).
        name: Of the column.
    """
    falling = np.flatnonzero(np.diff(begins) <= np.timedelta64(0, "us"))
    if falling.size:
        rule = "must rise from row to row (write offsets where an hour is doubled), each time once; not so in rows"
        yield Fault(name, rule, lines[falling + 1][:_SHOWN].tolist())


def uneven_rows(begins: Times, lengths_us: Ints) -> Ints:
    """Rows that stand on no even step with the others, shape (some,)."""
    step = int(np.gcd.reduce(lengths_us))
    since = (begins - begins[0]).astype("timedelta64[us]").astype(np.int64)
    return np.flatnonzero(since % step)


def even_rows(begins: Times, values: Floats, lengths_us: Ints) -> EvenRows:
    """Rows on even steps: each row in all the steps through which it holds.

    Args:
        begins: Rising, on even steps, shape (R,).
        values: Shape (R, K).
        lengths_us: How long each holds, shape (R,) [µs].
    """
    step = int(np.gcd.reduce(lengths_us))
    since = (begins - begins[0]).astype("timedelta64[us]").astype(np.int64)
    parts = lengths_us // step
    n = int(since[-1] // step + parts[-1])
    rows = np.repeat(np.arange(begins.size), parts)
    within = np.arange(rows.size) - np.repeat(np.cumsum(parts) - parts, parts)
    place = since[rows] // step + within
    row = np.full(n, -1)
    row[place] = rows
    even = np.full((n, values.shape[1]), np.nan)
    even[place] = values[rows]
    return EvenRows(begins[0], step, even, row, lengths_us)


def step_means(rows: EvenRows, clock: Clock) -> Floats:
    """Means over the steps of a clock of values that hold through each step of theirs, shape (T, K).

    Where the steps of one divide those of the other, exactly; NaN stays NaN.

    Args:
        rows: They cover the clock.
        clock: The time axis.
    """
    step = round(np.timedelta64(clock.step) / np.timedelta64(1, "us"))
    offset = int((clock.times[0] - rows.start).astype("timedelta64[us]").astype(np.int64))
    part = int(np.gcd.reduce([step, rows.step_us, offset]))
    per_step = step // part
    if per_step <= _MOST_PARTS:
        first = (offset // part + np.arange(clock.n_steps) * per_step)[:, None] + np.arange(per_step)
        return np.asarray(rows.values[first * part // rows.step_us].mean(axis=1))
    edges = (offset + np.arange(clock.n_steps + 1) * step) / rows.step_us
    total = np.vstack((np.zeros(rows.values.shape[1]), np.cumsum(rows.values, axis=0)))
    at = np.arange(len(rows.values) + 1)
    sums = np.column_stack([np.interp(edges, at, column) for column in total.T])
    return np.asarray(np.diff(sums, axis=0) / (step / rows.step_us))


_MOST_PARTS: Final = 360
"""Of a step, before its mean is taken by differences of sums instead."""
