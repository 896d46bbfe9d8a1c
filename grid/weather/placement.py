"""Where a station's hours stand on the city's clock.

A station within 5° of the city's meridian (20 minutes of the sun) keeps its own time in UTC. Weather from farther away
is moved by the difference of the meridians, in whole quarters of an hour, so that its sun is the city's.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from grid.arrays import Floats, Ints
from grid.time.clock import Clock
from grid.time.steps import QUARTER_MIN, middles_of_steps

NEAR_DEGREE: Final = 5.0
DEGREES_PER_HOUR: Final = 15.0
_MINUTE: Final = np.timedelta64(60_000_000, "us")
_HOUR: Final = np.timedelta64(3_600_000_000, "us")
Times = npt.NDArray[np.datetime64]


def moved_minutes(station_longitude: float, city_longitude: float) -> int:
    """How much later weather happens in the city than at the station, in UTC [min]; less than 0 if earlier."""
    apart = (station_longitude - city_longitude + 180) % 360 - 180
    if abs(apart) <= NEAR_DEGREE:
        return 0
    return QUARTER_MIN * round(apart / DEGREES_PER_HOUR * 60 / QUARTER_MIN)


def station_times(clock: Clock, later_min: int, whole: bool) -> Times:
    """Middles of the parts of each step on a clock that is some minutes ahead of UTC, shape (T, parts).

    Args:
        clock: The time axis.
        later_min: How far it is ahead [min].
        whole: Whether the parts must lie within one hour of that clock each.
    """
    part = math.gcd(QUARTER_MIN, later_min % 60) if whole else QUARTER_MIN
    return middles_of_steps(clock, part) + later_min * _MINUTE


def hour_means(leap_year: Floats, times: Times) -> Floats:
    """Mean over each step of values that are constant within the hour.

    Args:
        leap_year: Hourly values, shape (8784,).
        times: From `station_times`, shape (T, parts).

    Returns:
        Shape (T,); where steps divide the hour, or hours the step, the sum over each hour is kept exactly.
    """
    return np.asarray(leap_year[_hour_of_leap_year(times.astype("datetime64[h]"))].mean(axis=1))


def linear_means(leap_year: Floats, times: Times) -> Floats:
    """Mean over each step of values that are linear between the middles of the hours; arguments as in `hour_means`."""
    since_middle = times - _HOUR // 2
    before: Times = since_middle.astype("datetime64[h]")
    share = (since_middle - before) / _HOUR
    first = leap_year[_hour_of_leap_year(before)]
    second = leap_year[_hour_of_leap_year((since_middle + _HOUR).astype("datetime64[h]"))]
    return np.asarray((first + share * (second - first)).mean(axis=1))


def _hour_of_leap_year(hours: Times) -> Ints:
    """Place of each hour in a leap year, 0 to 8783, by its date and time; other years have no 29 February."""
    years, days = hours.astype("datetime64[Y]"), hours.astype("datetime64[D]")
    day = (days - years.astype("datetime64[D]")).astype(np.int64)
    length = ((years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")).astype(np.int64)
    day = day + ((length == 365) & (day >= 59))
    return np.asarray(day * 24 + (hours - days).astype("timedelta64[h]").astype(np.int64))
