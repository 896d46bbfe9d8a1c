"""Intervals that a published series lacks: short gaps are filled by a stated rule and counted, long ones refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import Fault

LINEAR_HOURS = 3
"""Gaps up to this long are filled linearly."""
REFUSED_HOURS = 168
"""Gaps longer than this are refused; those between take the same hour of the nearest days before and after (mean)."""
_DAY_HOURS = 24


def filled(values: Floats, per_hour: int) -> Floats:
    """A series without NaN.

    Args:
        values: Shape (N,) or (N, K); NaN where the file has nothing, in a row or in single columns.
        per_hour: Intervals in an hour.

    Returns:
        Same shape. Gaps at the ends take the nearest value of the same hour of the day, or the nearest value.
    """
    if values.ndim == 2:
        return np.column_stack([filled(column, per_hour) for column in values.T]) if values.shape[1] else values
    known = np.isfinite(values)
    if known.all() or not known.any():
        return values
    positions = np.arange(values.size)
    linear = np.interp(positions, positions[known], values[known])
    short = _lengths(~known) <= LINEAR_HOURS * per_hour
    result = np.where(known | short, linear, np.nan)
    day = _DAY_HOURS * per_hour
    for position in np.flatnonzero(np.isnan(result)):
        same_hour = np.arange(position % day, values.size, day)
        there = same_hour[known[same_hour]]
        before, after = there[there < position][-1:], there[there > position][:1]
        near = np.concatenate((before, after))
        result[position] = values[near].mean() if near.size else linear[position]
    return np.asarray(result, dtype=np.float64)


def gap_faults(
    missing: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], place_of: Callable[[int], str], per_hour: int
) -> Iterator[Fault]:
    """One fault for each gap that is too long to fill.

    Args:
        missing: Whether an interval has no value, shape (N,).
        place_of: Where in the file an interval is, or the last before it.
        per_hour: Intervals in an hour.
    """
    long = _lengths(missing) > REFUSED_HOURS * per_hour
    for start in np.flatnonzero(long & ~np.concatenate(([False], long[:-1]))):
        length = int(_lengths(missing)[start] // per_hour)
        rule = f"must have no gap of more than {REFUSED_HOURS} hours; here begins one of hours"
        yield Fault(place_of(int(start)), rule, length)


def _lengths(missing: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Ints:
    """Length of the gap to which each position belongs, 0 outside gaps, shape (N,)."""
    run = np.cumsum(np.concatenate(([True], missing[1:] != missing[:-1]))) - 1
    return np.asarray(np.bincount(run)[run] * missing, dtype=np.int64)
