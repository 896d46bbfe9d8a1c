"""The load of a region, from standard load profiles."""

from __future__ import annotations

import warnings
from zoneinfo import ZoneInfo

import numpy as np

from carbon.upstream.market.region import Demand
from grid.arrays import Floats
from grid.time.clock import Clock
from grid.weather.weather import middles_of_steps


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
    import holidays  # noqa: PLC0415  slow to import
    from demandlib.bdew import ElecSlp  # noqa: PLC0415  slow to import

    with warnings.catch_warnings():  # demandlib turns warnings into errors for the whole process
        profiles = ElecSlp(year, holidays=list(holidays.country_holidays(demand.country, years=year))).get_profiles()
    load_mw = np.zeros(len(profiles))
    for name, share in demand.profile_shares.items():
        profile = np.ones(len(profiles)) if name == "flat" else profiles[name].to_numpy(dtype=np.float64)
        load_mw += share * profile / profile.sum()
    return load_mw * (demand.annual_mwh * 4.0)
