"""Shapes of demand by the hour of the local day, for assets whose demand the net does not know."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from grid.arrays import Floats, read_only
from grid.time.clock import Clock
from grid.time.standard_profiles import QUARTERS_PER_DAY, standard_profiles
from grid.units import DAYS_PER_WEEK

SATURDAY = 5

StandardProfile = Literal["g0", "g1", "g2", "g3", "g4", "g5", "g6"]
"""BDEW's profiles of trade and industry: in all; weekdays 8 to 18; evenings; through the night; shops and hairdressers;
bakeries; weekends."""


@cache
def _table(name: str) -> Floats:
    """The shape called `name`, weekdays and weekends, shape (2, 24), with a mean of 1 over a week."""
    with resources.as_file(resources.files("grid.data") / "demand" / f"{name}.csv") as path:
        frame = pl.read_csv(path)
    hours = np.stack([frame[column].cast(pl.Float64).to_numpy() for column in ("weekday", "weekend")])
    week = (SATURDAY * hours[0].sum() + (DAYS_PER_WEEK - SATURDAY) * hours[1].sum()) / (24 * DAYS_PER_WEEK)
    return read_only(hours / week)


def demand_shape(name: str, clock: Clock, time_zone: str) -> Floats:
    """A shape on a clock, shape (T,), with a mean of 1 over a week; see ``grid/data/demand/README.md``.

    Args:
        name: Name of the file.
        clock: The time axis; a step takes the hour of its middle.
        time_zone: IANA name of the city's time zone.
    """
    local = (clock.pandas_index() + clock.step / 2).tz_convert(ZoneInfo(time_zone))
    weekend = (np.asarray(local.dayofweek) >= SATURDAY).astype(np.int64)
    return np.asarray(_table(name)[weekend, np.asarray(local.hour)])


def standard_shape(profile: StandardProfile, clock: Clock, time_zone: str) -> Floats:
    """A standard load profile of BDEW (library demandlib) on a clock, shape (T,), with a mean of 1 over each year.

    Public holidays count as the weekday that they fall on.

    Args:
        profile: Which of them.
        clock: The time axis; a step takes the quarter of an hour of its middle.
        time_zone: IANA name of the city's time zone.
    """
    local = (clock.pandas_index() + clock.step / 2).tz_convert(ZoneInfo(time_zone))
    years, minutes = np.asarray(local.year), np.asarray(local.hour) * 60 + np.asarray(local.minute)
    quarters = (np.asarray(local.dayofyear) - 1) * QUARTERS_PER_DAY + minutes // 15
    shape = np.empty(clock.n_steps)
    for year in np.unique(years):
        here = years == year
        shape[here] = _standard_year(profile, int(year))[quarters[here]]
    return shape


@lru_cache(maxsize=64)
def _standard_year(profile: StandardProfile, year: int) -> Floats:
    """A standard load profile in each quarter of an hour of a year's wall time, shape (35040,) or (35136,)."""
    values = standard_profiles(year)[profile]
    return read_only(values / values.mean())
