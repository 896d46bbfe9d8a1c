"""Heat demand of buildings from the temperature, and what heat pumps make of electricity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from grid.arrays import Floats, Ints, read_only
from grid.time.clock import Clock
from grid.units import HOURS_PER_DAY, HOURS_PER_YEAR
from grid.weather.weather import Weather

HEATING_LIMIT_DEGC = 15.0
"""Outdoor temperature above which rooms are not heated (VDI 2067; unverified)."""
ROOM_DEGC = 20.0
HOT_WATER_DEGC = 50.0
"""Flow temperature for hot water (unverified)."""
DESIGN_DEGC = -12.0
"""Outdoor temperature at which the heating curve ends; Germany's is -10 to -16 °C by DIN/TS 12831-1 (unverified)."""

Source = Literal["air", "ground"]
COP_COEFFICIENTS: dict[str, tuple[float, float, float]] = {
    "air": (6.81, -0.121, 0.000630),
    "ground": (8.77, -0.150, 0.000734),
}
"""Of the temperature lift, from manufacturers' data: I. Staffell, D. Brett, N. Brandon, A. Hawkes, "A review of
domestic heat pumps", Energy & Environmental Science, vol. 5, pp. 9291-9306, 2012."""
COP_LIFT_RANGE = (15.0, 60.0)
"""Lifts that the data cover [K]; beyond them the nearest counts."""

Building = Literal["house", "flats", "trade"]
BDEW_BUILDING: dict[str, tuple[str, int]] = {"house": ("EFH", 11), "flats": ("MFH", 11), "trade": ("GHD", 0)}
"""Standard heat profile and its class of building, which for homes is their age; 11 as a mean of all (unverified)."""
BDEW_TEMPERATURES_DEGC = np.array([-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0])
"""Upper ends of the intervals of the day's temperature, each with its own hours; the last is open."""
BDEW_SUMMER = len(BDEW_TEMPERATURES_DEGC)
"""The interval above 25 °C, in which homes draw heat for hot water alone."""


def cop(source: Source, lift_k: Floats) -> Floats:
    """Coefficient of performance at a temperature lift, from the source to the flow [1], by Staffell et al. 2012."""
    a, b, c = COP_COEFFICIENTS[source]
    lift = np.clip(lift_k, *COP_LIFT_RANGE)
    return np.asarray(a + b * lift + c * lift**2)


@cache
def hour_factors(building: Building) -> Floats:
    """Heat of each hour to the mean of its day, shape (10, 7, 24): temperature of the day, weekday, hour; mean 1.

    From the standard load profiles of German gas grids [1], which the library demandlib holds.

    References:
        [1] BDEW, VKU, GEODE, "Abwicklung von Standardlastprofilen Gas".
    """
    import pandas as pd  # noqa: PLC0415  slow to import
    from demandlib.bdew import HeatBuilding  # noqa: PLC0415  slow to import

    profile, building_class = BDEW_BUILDING[building]
    week = pd.date_range("2007-01-01", periods=7 * HOURS_PER_DAY, freq="h")  # begins on a Monday
    table = np.empty((BDEW_SUMMER + 1, 7, HOURS_PER_DAY))
    for interval in range(BDEW_SUMMER + 1):
        inside = pd.Series(-17.0 + 5.0 * interval, index=week)
        heat = HeatBuilding(week, temperature=inside, shlp_type=profile, building_class=building_class, wind_class=0)
        heat.df["temperature"] = heat.df["temperature_geo"] = inside
        table[interval] = heat.get_sf_values().reshape(7, HOURS_PER_DAY)
    return read_only(table / table.mean(axis=2, keepdims=True))


@dataclass(frozen=True, eq=False)
class HeatDemand:
    """Heat of a stock of buildings, T steps.

    Args:
        rooms_mw: Heat for rooms, shape (T,) [MW].
        water_mw: Heat for hot water, shape (T,) [MW].
        loss_mw_per_k: Heat that the buildings lose per kelvin of difference to the outside [MW/K].
        water_peak_mw: Hot water in its highest hour [MW].
        building: Of which kind the buildings are.
    """

    rooms_mw: Floats
    water_mw: Floats
    loss_mw_per_k: float
    water_peak_mw: float
    building: Building

    def peak_mw(self, t_day_degc: float) -> float:
        """Most heat for rooms, with the most hot water, on a day of mean temperature `t_day_degc` [MW]."""
        hours = hour_factors(self.building)[_interval(np.array([t_day_degc]))[0]]
        rooms = self.loss_mw_per_k * max(HEATING_LIMIT_DEGC - t_day_degc, 0.0)
        return float(rooms * hours.max() + self.water_peak_mw)


def heat_demand(
    annual_heat_mwh: float, hot_water_share: float, building: Building, weather: Weather, time_zone: str
) -> HeatDemand:
    """Heat demand by degree days below the heating limit, spread over the hours as homes or trade draw it.

    Rooms take the degree days of the local day and its hours by the standard profile for the day's temperature; hot
    water takes the hours of the profile above 25 °C on every day. A day that the clock cuts counts by the part of it
    that the clock has.

    Args:
        annual_heat_mwh: Useful heat of a year with the weather's whole year [MWh].
        hot_water_share: Share of it for hot water [1].
        building: Of which kind the buildings are.
        weather: Weather on the clock; its source's year scales the degree days.
        time_zone: IANA name of the city's time zone.
    """
    degree_hours = np.maximum(HEATING_LIMIT_DEGC - year_of_days_degc(weather, time_zone), 0.0).mean() * HOURS_PER_YEAR
    rooms = (1 - hot_water_share) * annual_heat_mwh
    per_k = rooms / degree_hours if degree_hours > 0 else 0.0
    water = hot_water_share * annual_heat_mwh / HOURS_PER_YEAR
    day, weekday, hour = _local(weather.clock, time_zone)
    t_day = _daily_means(weather.t_dry_bulb_degc, day)
    hours = hour_factors(building)
    return HeatDemand(
        rooms_mw=per_k * np.maximum(HEATING_LIMIT_DEGC - t_day, 0.0) * hours[_interval(t_day), weekday, hour],
        water_mw=water * hours[BDEW_SUMMER, weekday, hour],
        loss_mw_per_k=per_k,
        water_peak_mw=float(water * hours[BDEW_SUMMER].max()),
        building=building,
    )


def year_of_days_degc(weather: Weather, time_zone: str) -> Floats:
    """Mean temperature of each day of the weather's year, shape (365,) [°C], or of the clock where there is no year."""
    if weather.year is not None:
        return np.asarray(weather.year.t_dry_bulb_degc.reshape(-1, HOURS_PER_DAY).mean(axis=1))
    day = _local(weather.clock, time_zone)[0]
    return np.asarray(np.bincount(day, weights=weather.t_dry_bulb_degc) / np.bincount(day))


def flow_degc(t_outdoor_degc: Floats, design_flow_degc: float) -> Floats:
    """Flow temperature of the rooms' heating: a straight curve from the room's at the limit to that at the design."""
    part = np.clip((HEATING_LIMIT_DEGC - t_outdoor_degc) / (HEATING_LIMIT_DEGC - DESIGN_DEGC), 0.0, 1.0)
    least = ROOM_DEGC + 8.0  # a surface must be warmer than the room to heat it (unverified)
    return np.asarray(least + (design_flow_degc - least) * part)


def _interval(t_day_degc: Floats) -> Ints:
    """Interval of the profiles that each temperature is in: above the end of the last, up to its own."""
    return np.searchsorted(BDEW_TEMPERATURES_DEGC, t_day_degc, side="left").astype(np.int64)


def _local(clock: Clock, time_zone: str) -> tuple[Ints, Ints, Ints]:
    """Place of the local day, weekday and hour of the middle of each step, shape (T,) each."""
    local = (clock.pandas_index() + clock.step / 2).tz_convert(ZoneInfo(time_zone))
    day = np.unique(local.tz_localize(None).normalize(), return_inverse=True)[1].astype(np.int64)
    return day, np.asarray(local.dayofweek, dtype=np.int64), np.asarray(local.hour, dtype=np.int64)


def _daily_means(values: Floats, day: Ints) -> Floats:
    return np.asarray((np.bincount(day, weights=values) / np.bincount(day))[day])
