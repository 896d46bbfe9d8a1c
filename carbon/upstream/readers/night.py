"""Hours in which nothing was published of solar power because there was none."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from grid.arrays import Bools, Floats

_HOURS_OF_DAY: Final = 24
_DAYS_AROUND: Final = 7
_DARK: Final = 0.01
"""Share of the greatest value up to which an hour of the day counts as dark."""
_EDGE: Final = 0.5
"""Greatest value beside a night, as a share of the greatest of all: around noon nothing is a night."""


def solar_nights(begins: npt.NDArray[np.datetime64], p_mw: Floats) -> Bools:
    """Which missing values of solar power are those of a night, shape (R,).

    A value is, if at the same time of day nothing but darkness was published in the week before and after, if less than
    a day is missing at a stretch, and if what stands beside the gap is no full sun.

    Args:
        begins: Beginning of each row, rising, UTC, shape (R,).
        p_mw: NaN where missing, shape (R,).
    """
    missing = ~np.isfinite(p_mw)
    if missing.all() or not missing.any():
        return np.zeros(missing.size, dtype=bool)
    greatest = float(np.nanmax(p_mw))
    minute = (begins - begins.astype("datetime64[D]")).astype("timedelta64[m]").astype(np.int64)
    day = (begins.astype("datetime64[D]") - begins[0].astype("datetime64[D]")).astype(np.int64)
    slots, slot = np.unique(minute, return_inverse=True)
    by_day = np.full((int(day.max()) + 1 + 2 * _DAYS_AROUND, slots.size), -np.inf)
    by_day[day[~missing] + _DAYS_AROUND, slot[~missing]] = p_mw[~missing]
    around = np.lib.stride_tricks.sliding_window_view(by_day, 2 * _DAYS_AROUND + 1, axis=0).max(axis=-1)
    dark = missing & (around[day, slot] <= _DARK * greatest)
    return np.asarray(dark & _short_and_low(begins, p_mw, missing, greatest))


def _short_and_low(begins: npt.NDArray[np.datetime64], p_mw: Floats, missing: Bools, greatest: float) -> Bools:
    """Whether a gap lasts less than a day and lies between low values."""
    known = np.flatnonzero(~missing)
    after = np.searchsorted(known, np.arange(missing.size))
    right, left = np.minimum(after, known.size - 1), np.maximum(after - 1, 0)
    at_left, at_right = after == 0, after == known.size
    low_left = at_left | (p_mw[known[left]] <= _EDGE * greatest)
    low_right = at_right | (p_mw[known[right]] <= _EDGE * greatest)
    begin, end = np.where(at_left, 0, known[left]), np.where(at_right, missing.size - 1, known[right])
    hours = (begins[end] - begins[begin]) / np.timedelta64(1, "h")
    return np.asarray(low_left & low_right & (hours < _HOURS_OF_DAY))
