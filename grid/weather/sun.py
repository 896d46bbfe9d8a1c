"""The sun of a place: irradiance of a clear sky, and how far measured irradiance is behind or ahead of the sun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from grid.arrays import Floats, read_only
from grid.sharing import shared
from grid.time.clock import Clock
from grid.time.steps import middles_of_steps

LEAST_SUN_DEGREE: Final = 2.0
"""Below it, direct irradiance on the horizontal says nothing of that on a plane towards the sun."""
_HOURS_OF_DAY: Final = 24
_HOURS_OF_YEAR: Final = 8760
_DAYS: Final = 30
"""Days whose bright hours are compared with those of a clear sky; the rest of a year after twelve of them is left."""
_BRIGHT: Final = 0.9
"""Quantile of each hour of the day over these days: bright enough that clouds of the afternoon do not move it."""
_LEAST_CYCLE: Final = 0.2
"""Least amplitude of the daily cycle against its mean by which a lag can be told: less near the poles."""
_OPPOSITE: Final = -0.5
_SEASONAL: Final = 1.25
"""How much brighter a summer's clear sky must be than a winter's before the seasons tell the hemisphere."""


@dataclass(frozen=True)
class SunCheck:
    """Irradiance against the sun of its place.

    Args:
        lag_minutes: How much later than the sun it is [min]; None where the sun of the place has no daily cycle.
        follows: Whether it has a daily cycle like the sun's.
        seasons: Correlation of its course over the year with the sun's [1]; None where either hardly changes.
    """

    lag_minutes: float | None
    follows: bool
    seasons: float | None

    @property
    def wrong_hemisphere(self) -> bool:
        """Whether it is bright in the place's winter and dark in its summer."""
        return self.seasons is not None and self.seasons < _OPPOSITE


def check_against_sun(
    ghi_w_per_m2: Floats, latitude: float, longitude: float, utc_offset_hours: float, begins_min: float
) -> SunCheck:
    """Compares the bright hours of a year with those of a clear sky, by the phase of their daily cycles.

    On measured years of seven stations the lag comes out within 4 minutes of what it is, whatever the clouds.

    Args:
        ghi_w_per_m2: Global horizontal irradiance, mean of each hour of a year, shape (8760,).
        latitude: Where it was measured [degree].
        longitude: East positive [degree].
        utc_offset_hours: Of the clock that counts the hours [h].
        begins_min: When each mean begins after the full hour [min].
    """
    bright, sun = _bright_hours(ghi_w_per_m2, latitude, longitude, utc_offset_hours, begins_min)
    turn = np.exp(2j * np.pi * np.arange(_HOURS_OF_DAY) / _HOURS_OF_DAY)
    of_file, of_sun = bright @ turn, sun @ turn
    if np.abs(of_sun).sum() < _LEAST_CYCLE * sun.sum():
        return SunCheck(None, follows=True, seasons=None)
    if np.abs(of_file).sum() <= _LEAST_CYCLE * bright.sum():
        return SunCheck(None, follows=False, seasons=None)
    both = (np.abs(of_sun) * of_file * of_sun.conj()).sum()
    lag = float(np.angle(both)) * _HOURS_OF_DAY * 60 / (2 * np.pi)
    return SunCheck(lag, follows=True, seasons=_seasons(bright.sum(axis=1), sun.sum(axis=1)))


def _seasons(bright: Floats, sun: Floats) -> float | None:
    changes = sun.max() > _SEASONAL * sun.min() and bright.max() > _SEASONAL * bright.min()
    return float(np.corrcoef(bright, sun)[0, 1]) if changes else None


def brightness(ghi_w_per_m2: Floats, latitude: float, longitude: float, utc_offset_hours: float) -> float:
    """Bright hours of a year against those of a clear sky [1]; arguments as in `check_against_sun`."""
    bright, sun = _bright_hours(ghi_w_per_m2, latitude, longitude, utc_offset_hours, 0.0)
    return float(bright.sum() / sun.sum())


def _bright_hours(
    ghi_w_per_m2: Floats, latitude: float, longitude: float, utc_offset_hours: float, begins_min: float
) -> tuple[Floats, Floats]:
    """Irradiance of the bright hours of the day and of a clear sky, by months of `_DAYS`, shape (n, 24) each."""
    start = datetime(2023, 1, 1, tzinfo=UTC) - timedelta(hours=utc_offset_hours) + timedelta(minutes=begins_min)
    clear = clear_sky_ghi(Clock(start, timedelta(hours=1), ghi_w_per_m2.size), latitude, longitude)
    n = ghi_w_per_m2.size // _HOURS_OF_DAY // _DAYS
    shape = (n, _DAYS, _HOURS_OF_DAY)
    bright = np.quantile(ghi_w_per_m2[: n * _DAYS * _HOURS_OF_DAY].reshape(shape), _BRIGHT, axis=1)
    return np.asarray(bright), np.asarray(clear[: n * _DAYS * _HOURS_OF_DAY].reshape(shape).mean(axis=1))


@shared()
def clear_sky_ghi(clock: Clock, latitude: float, longitude: float) -> Floats:
    """Mean global horizontal irradiance of a clear sky in each step, shape (T,) [W/m2]; model of Haurwitz [1].

    References:
        [1] B. Haurwitz, "Insolation in relation to cloudiness and cloud density", J. Meteorology 2, 1945.
    """
    import pandas as pd  # noqa: PLC0415  slow to import
    from pvlib import clearsky, solarposition  # noqa: PLC0415  slow to import

    middles = middles_of_steps(clock)
    times = pd.DatetimeIndex(middles.ravel(), tz="UTC")
    sun = solarposition.ephemeris(times, latitude, longitude)
    ghi = clearsky.haurwitz(sun["apparent_zenith"])["ghi"].to_numpy(dtype=np.float64)
    return read_only(ghi.reshape(middles.shape).mean(axis=1))


def sines_of_elevation(latitude: float, longitude: float, utc_offset_hours: float, begins_min: float) -> Floats:
    """Mean sine of the sun's elevation in the hours of a year, 0 below the horizon, shape (8760,) [1].

    Arguments as in `check_against_sun`.
    """
    start = datetime(2023, 1, 1, tzinfo=UTC) - timedelta(hours=utc_offset_hours) + timedelta(minutes=begins_min)
    return _sines(Clock(start, timedelta(hours=1), _HOURS_OF_YEAR), latitude, longitude)


def beam_on_normal(horizontal_w_per_m2: Floats, clock: Clock, latitude: float, longitude: float) -> Floats:
    """Direct irradiance on a plane towards the sun, of that on the horizontal, shape (T,) [W/m2].

    Divided by the mean sine of the sun's elevation in the step; 0 where the sun is below two degrees, since the
    horizontal says nothing of it there.

    Args:
        horizontal_w_per_m2: Direct irradiance on the horizontal, mean of each step, shape (T,) [W/m2].
        clock: The time axis.
        latitude: Of the place [degree].
        longitude: Of the place, east positive [degree].
    """
    sine = _sines(clock, latitude, longitude)
    high = sine >= np.sin(np.radians(LEAST_SUN_DEGREE))
    return np.where(high, horizontal_w_per_m2 / np.where(high, sine, 1.0), 0.0)


def _sines(clock: Clock, latitude: float, longitude: float) -> Floats:
    """Mean sine of the sun's elevation in each step, 0 below the horizon, shape (T,) [1]."""
    import pandas as pd  # noqa: PLC0415  slow to import
    from pvlib import solarposition  # noqa: PLC0415  slow to import

    middles = middles_of_steps(clock)
    times = pd.DatetimeIndex(middles.ravel(), tz="UTC")
    elevation = solarposition.ephemeris(times, latitude, longitude)["apparent_elevation"].to_numpy(dtype=np.float64)
    return np.asarray(np.maximum(np.sin(np.radians(elevation)), 0.0).reshape(middles.shape).mean(axis=1))
