"""Shapes of demand by the hour of the local day, for assets whose demand the net does not know."""

from __future__ import annotations

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from grid.clock import Clock
from grid.series import Floats, read_only

SATURDAY = 5
DAYS_PER_WEEK = 7


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
