"""Heat demand of buildings from the temperature, and what heat pumps make of electricity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from grid.demand_shapes import demand_shape
from grid.series import Floats
from grid.weather import Weather

HEATING_LIMIT_DEGC = 15.0
"""Outdoor temperature above which rooms are not heated (VDI 2067; unverified)."""
ROOM_DEGC = 20.0
HOT_WATER_DEGC = 50.0
"""Flow temperature for hot water (unverified)."""
DESIGN_DEGC = -12.0
"""Outdoor temperature at which the heating curve ends; Germany's is -10 to -16 °C by DIN/TS 12831-1 (unverified)."""
HOURS_PER_YEAR = 8760

Source = Literal["air", "ground"]
COP_COEFFICIENTS: dict[str, tuple[float, float, float]] = {
    "air": (6.81, -0.121, 0.000630),
    "ground": (8.77, -0.150, 0.000734),
}
"""Of the temperature lift, from manufacturers' data: I. Staffell, D. Brett, N. Brandon, A. Hawkes, "A review of
domestic heat pumps", Energy & Environmental Science, vol. 5, pp. 9291-9306, 2012."""
COP_LIFT_RANGE = (15.0, 60.0)
"""Lifts that the data cover [K]; beyond them the nearest counts."""


def cop(source: Source, lift_k: Floats) -> Floats:
    """Coefficient of performance at a temperature lift, from the source to the flow [1], by Staffell et al. 2012."""
    a, b, c = COP_COEFFICIENTS[source]
    lift = np.clip(lift_k, *COP_LIFT_RANGE)
    return np.asarray(a + b * lift + c * lift**2)


@dataclass(frozen=True, eq=False)
class HeatDemand:
    """Heat of a stock of buildings, T steps.

    Args:
        rooms_mw: Heat for rooms, shape (T,) [MW].
        water_mw: Heat for hot water, shape (T,) [MW].
        loss_mw_per_k: Heat that the buildings lose per kelvin of difference to the outside [MW/K].
        design_mw: Heat for rooms at `DESIGN_DEGC`, with the hot water at its highest [MW].
    """

    rooms_mw: Floats
    water_mw: Floats
    loss_mw_per_k: float
    design_mw: float


def heat_demand(annual_heat_mwh: float, hot_water_share: float, weather: Weather, time_zone: str) -> HeatDemand:
    """Heat demand by degree hours below the heating limit, and hot water by the hour of the day.

    Args:
        annual_heat_mwh: Useful heat of a year with the weather's whole year [MWh].
        hot_water_share: Share of it for hot water [1].
        weather: Weather on the clock; its source's year scales the degree hours.
        time_zone: Of the city.
    """
    year = weather.t_dry_bulb_degc if weather.year is None else weather.year.t_dry_bulb_degc
    degree_hours = np.maximum(HEATING_LIMIT_DEGC - year, 0.0).mean() * HOURS_PER_YEAR
    rooms = (1 - hot_water_share) * annual_heat_mwh
    per_k = rooms / degree_hours if degree_hours > 0 else 0.0
    water = hot_water_share * annual_heat_mwh / HOURS_PER_YEAR * demand_shape("hot_water", weather.clock, time_zone)
    return HeatDemand(
        rooms_mw=per_k * np.maximum(HEATING_LIMIT_DEGC - weather.t_dry_bulb_degc, 0.0),
        water_mw=water,
        loss_mw_per_k=per_k,
        design_mw=per_k * (HEATING_LIMIT_DEGC - min(DESIGN_DEGC, float(year.min()))) + float(water.max(initial=0.0)),
    )


def flow_degc(t_outdoor_degc: Floats, design_flow_degc: float) -> Floats:
    """Flow temperature of the rooms' heating: a straight curve from the room's at the limit to that at the design."""
    part = np.clip((HEATING_LIMIT_DEGC - t_outdoor_degc) / (HEATING_LIMIT_DEGC - DESIGN_DEGC), 0.0, 1.0)
    least = ROOM_DEGC + 8.0  # a surface must be warmer than the room to heat it (unverified)
    return np.asarray(least + (design_flow_degc - least) * part)
