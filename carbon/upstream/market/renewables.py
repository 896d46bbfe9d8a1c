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

from datetime import UTC, datetime, timedelta

import numpy as np

from grid.arrays import Floats
from grid.time.clock import Clock
from grid.units import HOURS_PER_DAY
from grid.weather.files import HOURS_OF_YEAR, WeatherYear
from grid.weather.sun import clear_sky_ghi
from grid.weather.weather import Weather, hours_of_year, interpolated_values, standard_offset

_CUT_IN_M_PER_S, _RATED_M_PER_S, _CUT_OUT_M_PER_S = 3.0, 12.0, 25.0  # usual for turbines on land and at sea


def fleet_power_curve(wind_speed_m_per_s: Floats) -> Floats:
    """Output of many turbines per capacity at a mean wind speed at hub height.

    The curve of one turbine, cubic between cut-in and rated speed, averaged over wind speeds that are normally
    distributed between the turbines with a standard deviation of 0.6 m/s + 0.2 times the mean [1].

    Args:
        wind_speed_m_per_s: Any shape, not negative.

    Returns:
        Same shape, 0 to 1; 0 in calm air.
    """
    nodes = np.linspace(0.0, 40.0, 401)
    cubic = (nodes**3 - _CUT_IN_M_PER_S**3) / (_RATED_M_PER_S**3 - _CUT_IN_M_PER_S**3)
    single = np.where(nodes <= _CUT_OUT_M_PER_S, np.clip(cubic, 0.0, 1.0), 0.0)
    deviation = 0.6 + 0.2 * nodes
    weights = np.exp(-0.5 * ((nodes[None, :] - nodes[:, None]) / deviation[:, None]) ** 2)
    smooth = weights @ single / weights.sum(axis=1)
    return np.interp(wind_speed_m_per_s, nodes, np.where(nodes > 0, smooth, 0.0))


def wind_availability(
    year: WeatherYear, clock: Clock, time_zone: str, *, capacity_factor: float, efficiency: float, smoothing_hours: int
) -> Floats:
    """Share of a region's wind capacity that can run.

    The wind speed, averaged over `smoothing_hours`, is multiplied by the factor (it also brings 10 m to hub height)
    that gives the whole year the published capacity factor.

    Args:
        year: The weather.
        clock: The time axis.
        time_zone: Of the city.
        capacity_factor: Published yearly mean.
        efficiency: Of wind farms: wakes and turbines out of service.
        smoothing_hours: Time the wind takes to cross the region [h].

    Returns:
        Shape (T,), 0 to `efficiency`; 0 throughout if the file has no wind.
    """
    from scipy.optimize import brentq  # noqa: PLC0415  slow to import

    speed = _circular_mean(year.wind_speed_m_per_s, smoothing_hours)
    if not speed.any():
        return np.zeros(clock.n_steps)

    def excess(factor: float) -> float:
        return efficiency * float(fleet_power_curve(factor * speed).mean()) - capacity_factor

    greatest = _RATED_M_PER_S / float(speed.mean())  # beyond it more wind means less power
    factor = float(brentq(excess, 0.0, greatest)) if excess(greatest) > 0 else greatest
    return efficiency * fleet_power_curve(factor * interpolated_values(speed, hours_of_year(clock, time_zone)))


def solar_availability(
    weather: Weather, year: WeatherYear, clock: Clock, time_zone: str, capacity_factor: float
) -> Floats:
    """Share of a region's solar capacity that can run.

    The file gives the cloudiness of each day (its irradiation over that of a clear sky where it was measured), the
    city's place the sun; their product is scaled to the published capacity factor, which stands for
    orientation, temperature, soiling and inverters. Without irradiance in the file every day is equally cloudy.

    Args:
        weather: For the city's place.
        year: The weather.
        clock: The time axis.
        time_zone: Of the city.
        capacity_factor: Published yearly mean.

    Returns:
        Shape (T,), 0 to 1; 0 while the sun is down.
    """
    offset = standard_offset(time_zone, clock.start.year)
    city_clear = clear_sky_ghi(_typical_year(offset), weather.latitude, weather.longitude)
    clearness = np.ones(HOURS_OF_YEAR)
    if year.has_irradiance:
        station = _typical_year(timedelta(hours=year.utc_offset_hours))
        station_clear = clear_sky_ghi(station, year.latitude, year.longitude)
        clear_day = _circular_mean(station_clear, HOURS_PER_DAY)
        measured = _circular_mean(year.ghi_w_per_m2, HOURS_PER_DAY)
        clearness = measured / np.where(clear_day > 0, clear_day, np.inf)
    mean_w_per_m2 = float((clearness * city_clear).mean())
    if mean_w_per_m2 <= 0:
        return np.zeros(clock.n_steps)
    clear = clear_sky_ghi(clock, weather.latitude, weather.longitude)
    ghi_w_per_m2 = clear * interpolated_values(clearness, hours_of_year(clock, time_zone))
    return np.clip(capacity_factor * ghi_w_per_m2 / mean_w_per_m2, 0.0, 1.0)


def _typical_year(offset: timedelta) -> Clock:
    """The hours of a year without leap day that begins at local midnight."""
    return Clock(datetime(2023, 1, 1, tzinfo=UTC) - offset, timedelta(hours=1), HOURS_OF_YEAR)


def _circular_mean(values: Floats, hours: int) -> Floats:
    """Mean over the `hours` around each hour of a circular year, shape (8760,)."""
    before = hours // 2
    padded = np.concatenate((values[-before:] if before else values[:0], values, values[: hours - 1 - before]))
    return np.convolve(padded, np.full(hours, 1.0 / hours), mode="valid")
