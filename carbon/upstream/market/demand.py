"""The load of a region, from standard load profiles."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from carbon.upstream.market.region import Demand
from grid.arrays import Floats, read_only
from grid.time.clock import Clock
from grid.time.standard_profiles import QUARTERS_PER_DAY, standard_profiles
from grid.time.steps import middles_of_steps

_FREE = "free days"


def demand_mw(demand: Demand, clock: Clock, time_zone: str) -> Floats:
    """Load in each step, shape (T,) [MW].

    The quarter-hourly standard load profiles of BDEW (library demandlib) and a flat one, mixed by their shares of
    the energy, in local wall time, with public holidays as Sundays; every calendar year has the same energy.

    Args:
        demand: Energy of a year and the shares.
        clock: The time axis.
        time_zone: Whose wall time the region lives by.
    """
    import pandas as pd  # noqa: PLC0415  slow to import

    middles = middles_of_steps(clock)
    local = pd.DatetimeIndex(middles.ravel(), tz="UTC").tz_convert(ZoneInfo(time_zone)).tz_localize(None)
    years = np.asarray(local.year)
    quarters = ((np.asarray(local.dayofyear) - 1) * 24 + np.asarray(local.hour)) * 4 + np.asarray(local.minute) // 15
    load_mw = np.empty(len(local))
    for year in np.unique(years):
        here = years == year
        load_mw[here] = _load_of_year_mw(demand, int(year))[quarters[here]]
    return np.asarray(load_mw.reshape(middles.shape).mean(axis=1))


def _load_of_year_mw(demand: Demand, year: int) -> Floats:
    """Load in each quarter of an hour of a year's wall time, shape (35040,) or (35136,) [MW]."""
    profiles = dict(_profiles_of_year(demand.country, year))
    profiles["flat"] = np.where(profiles.pop(_FREE) > 0, demand.flat_on_free_days, 1.0)
    load_mw = np.zeros(len(profiles["flat"]))
    for name, share in demand.profile_shares.items():
        load_mw += share * profiles[name] / profiles[name].sum()
    if demand.course is not None:
        load_mw *= _factors_of_months(load_mw, demand.course, year)
    return load_mw * (demand.annual_mwh * 4.0)


def _factors_of_months(load: Floats, course: tuple[float, ...], year: int) -> Floats:
    """Factor of each quarter of an hour by which the months have the course, and the year its energy, shape as load."""
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    months = np.repeat(days.astype("datetime64[M]").astype(np.int64) % 12, QUARTERS_PER_DAY)
    wanted = np.array(course)[months]
    now = np.bincount(months, load)
    factors = np.bincount(months, wanted) / wanted.sum() * load.sum() / now
    return np.asarray(factors[months])


@lru_cache(maxsize=16)
def _profiles_of_year(country: str, year: int) -> dict[str, Floats]:
    """Standard load profiles of a year's quarters of an hour, in wall time, each of shape (35040,) or (35136,).

    Under `_FREE` 1 on Saturdays, Sundays and public holidays, else 0.
    """
    import holidays  # noqa: PLC0415  slow to import

    free = sorted(holidays.country_holidays(country, years=year))
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    works = np.is_busday(days, holidays=np.array(free, dtype="datetime64[D]"))
    return {
        **standard_profiles(year, frozenset(free)),
        _FREE: read_only(np.repeat(np.where(works, 0.0, 1.0), QUARTERS_PER_DAY)),
    }
