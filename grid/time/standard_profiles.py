"""The standard load profiles of BDEW over a year: the tables of the library demandlib, set on the days of the year.

demandlib does the same in pandas, which takes a quarter of a second for each year, and imports geopandas.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints, read_only
from grid.units import DAYS_PER_WEEK

Days = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
QUARTERS_PER_DAY: Final = 96
SUNDAY: Final = 6
_LIBRARY: Final = "demandlib"
_TABLE: Final = "bdew/bdew_data/selp_series.csv"
_PERIODS: Final = ("summer", "transition", "winter")
_SUMMER, _TRANSITION, _WINTER = range(3)
_BEGINS: Final = ((101, _WINTER), (321, _TRANSITION), (515, _SUMMER), (915, _TRANSITION), (1101, _WINTER))
"""When each period begins, month and day as one number [1]."""


@lru_cache(maxsize=32)
def standard_profiles(year: int, free_days: frozenset[date] = frozenset()) -> dict[str, Floats]:
    """Share of a year's energy in each quarter of an hour of its wall time, by profile, shape (35040,) or (35136,) [1].

    Args:
        year: The year.
        free_days: Days that count as Sundays.

    Returns:
        Profiles ``h0``, ``g0`` to ``g6`` and ``l0`` to ``l2``, each of sum 1, and ``h0_dyn``, which is ``h0`` times the
        course of households over the year.

    References:
        [1] VDEW, "Repräsentative VDEW-Lastprofile", M-28/99, 1999.
    """
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % DAYS_PER_WEEK  # 1 January 1970 was a Thursday
    weekday[np.isin(days, np.array(sorted(free_days), dtype="datetime64[D]"))] = SUNDAY
    names, table = _table()
    by_quarter = table[:, _periods(days), weekday].reshape(len(names), -1)
    shares = dict(zip(names, by_quarter / by_quarter.sum(axis=1, keepdims=True), strict=True))
    day = np.arange(1, by_quarter.shape[1] + 1) / QUARTERS_PER_DAY
    shares["h0_dyn"] = shares["h0"] * _course_of_households(day)
    return {name: read_only(values) for name, values in shares.items()}


def _course_of_households(day: Floats) -> Floats:
    """What households draw at a day of the year against the profile of its period, shape as given [1].

    To the last bit as demandlib has it, whose first factor keeps the energy of the year; published is 3.92 (VDEW,
    M-28/99).
    """
    return -3.916649251 * 10**-10 * day**4 + 3.2 * 10**-7 * day**3 - 7.02 * 10**-5 * day**2 + 0.0021 * day + 1.24


def _periods(days: Days) -> Ints:
    """Place in `_PERIODS` of the period of each day."""
    month = days.astype("datetime64[M]")
    number = (month.astype(np.int64) % 12 + 1) * 100 + (days - month).astype(np.int64) + 1
    begins, period = np.array(_BEGINS).T
    return np.asarray(period[np.searchsorted(begins, number, side="right") - 1])


@cache
def _table() -> tuple[tuple[str, ...], Floats]:
    """Names of the profiles, and their power by period, weekday and quarter of the day, shape (11, 3, 7, 96)."""
    spec = find_spec(_LIBRARY)  # finds the library without importing it
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(_LIBRARY)
    frame = pl.read_csv(Path(spec.origin).parent / _TABLE)
    names = tuple(frame.columns[3:])
    ordered = frame.sort("period", "weekday", maintain_order=True)
    values = ordered.select(names).cast(pl.Float64).to_numpy().T
    return names, np.ascontiguousarray(values).reshape(len(names), len(_PERIODS), DAYS_PER_WEEK, QUARTERS_PER_DAY)
