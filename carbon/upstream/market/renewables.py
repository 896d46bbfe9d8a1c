"""What the weather lets the wind turbines and solar panels of a region make.

A region is not the city: a file measured at one site, perhaps on another continent, gives the *course* of the weather,
the region's published capacity factor gives the *mean*. Both are joined as in Staffell and Pfenninger [1]: the weather
is corrected by one factor until the simulated year has the published capacity factor. One site is turned into a region
by averaging over the time the weather takes to cross it, and by the power curve of many turbines [2].

References:
    [1] I. Staffell and S. Pfenninger, "Using bias-corrected reanalysis to simulate current and future wind power
        output", Energy 114, pp. 1224-1239, 2016, doi 10.1016/j.energy.2016.08.068.
    [2] P. Nørgaard and H. Holttinen, "A multi-turbine power curve approach", Nordic Wind Power Conference, 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from grid.arrays import Floats, read_only
from grid.time.clock import Clock
from grid.units import HOURS_PER_DAY
from grid.weather.files import HOURS_OF_YEAR, WeatherYear
from grid.weather.sun import clear_sky_ghi
from grid.weather.weather import hours_of_year, interpolated_values, standard_offset

_CUT_IN_M_PER_S, _RATED_M_PER_S, _CUT_OUT_M_PER_S = 3.0, 12.0, 25.0  # usual for turbines on land and at sea
_CLOUDS_KM = (
    300.0  # distance over which daily cloudiness of two places parts; of the order of published values, unverified
)
_WEATHER_KM_PER_H = 60.0  # eastward motion of lows in the middle latitudes, 40 to 60 km/h; unverified
_REACH_KM = 1500.0  # of the order of the size of a low
_EARTH_KM = 6371.0


@dataclass(frozen=True, eq=False)
class RegionYear:
    """The 8760 hours of the weather of a region, in standard time of its time zone, made of one site or several.

    Args:
        wind_speed_m_per_s: Mean over the sites, each relative to its own mean of the year, so that none outweighs the
            others, and when its weather, which moves east, reaches the middle of the region; times the mean of all,
            shape (8760,).
        clearness: Irradiation of the day around each hour over that of a clear sky, mean over the sites weighted by
            exp(-distance / 300 km), because clouds vary over shorter distances than the wind, shape (8760,).
        place: Latitude and longitude of the region's sun [degree].
    """

    wind_speed_m_per_s: Floats
    clearness: Floats
    place: tuple[float, float]


def region_year(sites: Sequence[WeatherYear], place: tuple[float, float], offset_hours: float | None) -> RegionYear:
    """Joins sites to the weather of a region.

    Args:
        sites: At least one.
        place: Latitude and longitude of the region's sun [degree].
        offset_hours: Standard time of the region less UTC: the same moment is joined, whatever the time zones of the
            sites. None takes the hour of the file as the hour of the region: noon stays noon wherever it was measured.
    """
    parts = []
    for site in sites:
        shift = 0.0 if offset_hours is None else offset_hours - site.utc_offset_hours
        mean = float(site.wind_speed_m_per_s.mean())
        speed = site.wind_speed_m_per_s / (mean if mean > 0 else 1.0)
        arrival = 0.0 if offset_hours is None else _arrival_hours(site, place)
        parts.append((_later(speed, shift + arrival), _later(_clearness(site), shift), np.float64(mean)))
    speeds, clearness, means = (np.stack(column) for column in zip(*parts, strict=True))
    distance_km = np.array([_distance_km(place, (site.latitude, site.longitude)) for site in sites])
    weights = np.exp((distance_km.min() - distance_km) / _CLOUDS_KM)
    return RegionYear(speeds.mean(axis=0) * means.mean(), weights / weights.sum() @ clearness, place)


def _arrival_hours(site: WeatherYear, place: tuple[float, float]) -> float:
    """Hours until weather at a site, which moves east, is over the place; 0 beyond the reach of one low."""
    degrees = (place[1] - site.longitude + 180) % 360 - 180
    east_km = float(np.radians(degrees) * _EARTH_KM * np.cos(np.radians(place[0])))
    return east_km / _WEATHER_KM_PER_H if abs(east_km) < _REACH_KM else 0.0


def _distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the great circle between two places of latitude and longitude [km]."""
    (lat_1, lon_1), (lat_2, lon_2) = np.radians(one), np.radians(other)
    half = np.sin((lat_2 - lat_1) / 2) ** 2 + np.cos(lat_1) * np.cos(lat_2) * np.sin((lon_2 - lon_1) / 2) ** 2
    return float(2 * _EARTH_KM * np.arcsin(np.sqrt(half)))


def _clearness(site: WeatherYear) -> Floats:
    """Irradiation of the day around each hour over that of a clear sky; 1 throughout without irradiance."""
    if not site.has_irradiance:
        return np.ones(HOURS_OF_YEAR)
    clear = clear_sky_ghi(typical_year(timedelta(hours=site.utc_offset_hours)), site.latitude, site.longitude)
    clear_day = circular_mean(clear, HOURS_PER_DAY)
    return circular_mean(site.ghi_w_per_m2, HOURS_PER_DAY) / np.where(clear_day > 0, clear_day, np.inf)


def _later(values: Floats, hours: float) -> Floats:
    """Values of a circular year that come so many hours later, linear between hours, shape (8760,)."""
    hour = np.arange(HOURS_OF_YEAR)
    return np.asarray(np.interp(hour - hours, hour, values, period=HOURS_OF_YEAR))


def fleet_power_curve(wind_speed_m_per_s: Floats) -> Floats:
    """Output of many turbines per capacity at a mean wind speed at hub height.

    The curve of one turbine, cubic between cut-in and rated speed, averaged over wind speeds that are normally
    distributed between the turbines with a standard deviation of 0.6 m/s + 0.2 times the mean [1].

    Args:
        wind_speed_m_per_s: Any shape, not negative.

    Returns:
        Same shape, 0 to 1; 0 in calm air.
    """
    return np.interp(wind_speed_m_per_s, *_fleet_nodes())


@cache
def _fleet_nodes() -> tuple[Floats, Floats]:
    """Wind speeds [m/s], and the output of many turbines per capacity at each [1]."""
    nodes = np.linspace(0.0, 40.0, 401)
    cubic = (nodes**3 - _CUT_IN_M_PER_S**3) / (_RATED_M_PER_S**3 - _CUT_IN_M_PER_S**3)
    single = np.where(nodes <= _CUT_OUT_M_PER_S, np.clip(cubic, 0.0, 1.0), 0.0)
    deviation = 0.6 + 0.2 * nodes
    weights = np.exp(-0.5 * ((nodes[None, :] - nodes[:, None]) / deviation[:, None]) ** 2)
    smooth = weights @ single / weights.sum(axis=1)
    return read_only(nodes), read_only(np.where(nodes > 0, smooth, 0.0))


def wind_availability(
    year: WeatherYear | RegionYear,
    clock: Clock,
    time_zone: str,
    *,
    capacity_factor: float,
    efficiency: float,
    smoothing_hours: int,
) -> Floats:
    """Share of a region's wind capacity that can run.

    The wind speed, averaged over `smoothing_hours`, is multiplied by the factor (it also brings 10 m to hub height)
    that gives the whole year the published capacity factor.

    Args:
        year: The weather, in standard time of the time zone.
        clock: The time axis.
        time_zone: Of the region.
        capacity_factor: Published yearly mean.
        efficiency: Of wind farms: wakes and turbines out of service.
        smoothing_hours: Time the wind takes to cross the region [h].

    Returns:
        Shape (T,), 0 to `efficiency`; 0 throughout if the file has no wind.
    """
    from scipy.optimize import brentq  # noqa: PLC0415  slow to import

    speed = circular_mean(year.wind_speed_m_per_s, smoothing_hours)
    if not speed.any():
        return np.zeros(clock.n_steps)

    def excess(factor: float) -> float:
        return efficiency * float(fleet_power_curve(factor * speed).mean()) - capacity_factor

    greatest = _RATED_M_PER_S / float(speed.mean())  # beyond it more wind means less power
    factor = float(brentq(excess, 0.0, greatest)) if excess(greatest) > 0 else greatest
    return efficiency * fleet_power_curve(factor * interpolated_values(speed, hours_of_year(clock, time_zone)))


def solar_availability(year: RegionYear, clock: Clock, time_zone: str, capacity_factor: float) -> Floats:
    """Share of a region's solar capacity that can run.

    The weather gives the cloudiness of each day, the region's place the sun; their product is scaled to the
    published capacity factor, which stands for orientation, temperature, soiling and inverters.

    Args:
        year: The weather, in standard time of the time zone.
        clock: The time axis.
        time_zone: Of the region.
        capacity_factor: Published yearly mean.

    Returns:
        Shape (T,), 0 to 1; 0 while the sun is down.
    """
    own_clear = clear_sky_ghi(typical_year(standard_offset(time_zone, clock.start.year)), *year.place)
    mean_w_per_m2 = float((year.clearness * own_clear).mean())
    if mean_w_per_m2 <= 0:
        return np.zeros(clock.n_steps)
    clear = clear_sky_ghi(clock, *year.place)
    ghi_w_per_m2 = clear * interpolated_values(year.clearness, hours_of_year(clock, time_zone))
    return np.clip(capacity_factor * ghi_w_per_m2 / mean_w_per_m2, 0.0, 1.0)


def typical_year(offset: timedelta) -> Clock:
    """The hours of a year without leap day that begins at local midnight."""
    return Clock(datetime(2023, 1, 1, tzinfo=UTC) - offset, timedelta(hours=1), HOURS_OF_YEAR)


def circular_mean(values: Floats, hours: int) -> Floats:
    """Mean over the `hours` around each hour of a circular year, shape (8760,)."""
    before = hours // 2
    padded = np.concatenate((values[-before:] if before else values[:0], values, values[: hours - 1 - before]))
    return np.convolve(padded, np.full(hours, 1.0 / hours), mode="valid")
