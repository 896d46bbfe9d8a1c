"""What a series lacks: judged over the whole file and for each column, before the period of a run is cut out.

Gaps of up to three hours are filled linearly, longer ones with the same hour of the nearest days before and after.
A gap of more than a week that touches the run is refused, however little of it does, and so is a run of which more than
a fifth would be filled in any column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault
from grid.files.report import MOST_INVENTED

LINEAR_HOURS: Final = 3
"""Gaps up to this long are filled linearly."""
REFUSED_HOURS: Final = 168
"""Gaps longer than this are refused; those between take the same hour of the nearest days before and after (mean)."""
_DAY_HOURS: Final = 24


@dataclass(frozen=True, eq=False)
class FilledSeries:
    """A series without gaps.

    Args:
        values: Shape (N, K).
        missing: Where it had none, shape (N, K).
        used: Which steps lie in the run, shape (N,).
        step_hours: Length of a step [h].
    """

    values: Floats
    missing: Bools
    used: Bools
    step_hours: float

    @property
    def missing_hours(self) -> float:
        """Hours of the run with at least one value filled in."""
        return float((self.missing.any(axis=1) & self.used).sum() * self.step_hours)

    @property
    def words(self) -> str:
        """What was missing and how it was filled, in words."""
        rows = np.asarray(self.missing.any(axis=1))
        if not rows.any():
            return "none"
        lengths = gap_lengths(rows) * self.step_hours
        whole, longest = rows.sum() * self.step_hours, lengths.max()
        return (
            f"{whole:,g} h with values missing in the file, the longest {longest:,g} h; {self.missing_hours:,g} h in "
            f"the run, filled linearly up to {LINEAR_HOURS} h, else with the same hour of the nearest days"
        )


def fill_gaps(values: Floats, used: Bools, step_hours: float) -> FilledSeries:
    """Fills what a series lacks; what must not be filled is told by `gap_faults`.

    Args:
        values: Of the whole file, shape (N, K); NaN where it has nothing.
        used: Which steps lie in the run, shape (N,).
        step_hours: Length of a step [h].
    """
    return FilledSeries(filled(values, step_hours), ~np.isfinite(values), used, step_hours)


def filled(values: Floats, step_hours: float) -> Floats:
    """A series without NaN.

    Args:
        values: Shape (N,) or (N, K); NaN where the file has nothing, in a row or in single columns.
        step_hours: Length of a step [h].

    Returns:
        Same shape. Gaps at the ends take the nearest value of the same hour of the day, or the nearest value. A column
        without any value stays as it is.
    """
    if values.ndim == 2:
        if not values.shape[1]:
            return values
        return np.column_stack([filled(column, step_hours) for column in values.T])
    known = np.isfinite(values)
    if known.all() or not known.any():
        return values
    positions = np.arange(values.size)
    linear = np.interp(positions, positions[known], values[known])
    short = gap_lengths(~known) * step_hours <= LINEAR_HOURS + 1e-9
    result = np.where(known | short, linear, np.nan)
    day = max(1, round(_DAY_HOURS / step_hours))
    for position in np.flatnonzero(np.isnan(result)):
        same_hour = np.arange(position % day, values.size, day)
        there = same_hour[known[same_hour]]
        before, after = there[there < position][-1:], there[there > position][:1]
        near = np.concatenate((before, after))
        result[position] = values[near].mean() if near.size else linear[position]
    return np.asarray(result, dtype=np.float64)


def gap_faults(
    missing: Bools, used: Bools, step_hours: float, names: Sequence[str], place_of: Callable[[int], str]
) -> Iterator[Fault]:
    """Gaps that are too long to fill, and columns of which too much of the run would be.

    Args:
        missing: Whether a value is missing, in the whole file, shape (N, K).
        used: Which steps lie in the run, shape (N,).
        step_hours: Length of a step [h].
        names: Of the columns, K.
        place_of: Where in the file a step is, or the last row before it.
    """
    all_of_them = np.asarray(missing.all(axis=1))
    long = _long_gaps(all_of_them, used, step_hours)
    yield from (_gap_fault(place_of(start), hours) for start, hours in long)
    lacking: dict[str, list[str]] = {}
    for column, name in zip(missing.T, names, strict=True):
        own = [gap for gap in _long_gaps(column, used, step_hours) if gap not in long]
        yield from (_gap_fault(f"{place_of(start)}, {name}", hours) for start, hours in own)
        share = float(column[used].mean()) if used.any() else 0.0
        if share > MOST_INVENTED and not own and not long:
            lacking.setdefault(f"{share:.0%}", []).append(name)
    for share_words, columns in lacking.items():
        more = f" (and {len(columns) - 1:,} more)" if len(columns) > 1 else ""
        rule = f"must have values in {1 - MOST_INVENTED:.0%} of the run; what would have to be filled in is"
        yield Fault(f"{columns[0]}{more}", rule, share_words)


def _gap_fault(place: str, hours: float) -> Fault:
    return Fault(place, f"must have no gap of more than {REFUSED_HOURS} hours; here begins one of hours", int(hours))


def _long_gaps(missing: Bools, used: Bools, step_hours: float) -> list[tuple[int, float]]:
    """Beginnings and hours of the gaps that are too long and touch the run."""
    hours = gap_lengths(missing) * step_hours
    long = hours > REFUSED_HOURS
    starts = np.flatnonzero(long & ~np.concatenate(([False], missing[:-1])))
    stops = np.flatnonzero(long & ~np.concatenate((missing[1:], [False])))
    return [
        (int(start), float(hours[start]))
        for start, stop in zip(starts, stops, strict=True)
        if used[start : stop + 1].any()
    ]


def gap_lengths(missing: Bools) -> Ints:
    """Length of the gap to which each position belongs, 0 outside gaps, shape (N,)."""
    if not missing.size:
        return np.zeros(0, dtype=np.int64)
    run = np.cumsum(np.concatenate(([True], missing[1:] != missing[:-1]))) - 1
    return np.asarray(np.bincount(run)[run] * missing, dtype=np.int64)
