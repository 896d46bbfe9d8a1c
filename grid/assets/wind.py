"""Wind turbines, by windpowerlib's power curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.arrays import Floats, read_only
from grid.assets.base import Asset, Site
from grid.assets.feed_in import POWER_FACTOR_MIN, curtailable
from grid.city.city import City
from grid.errors import Fault, nearest, raise_if_any
from grid.flexibility.flexibility import Element, Flexibility
from grid.units import ZERO_DEGC_K
from grid.weather.weather import Weather

HEIGHT_OF_WIND_M = 10.0
"""Where `Weather` has its wind speed."""
HEIGHT_OF_TEMPERATURE_M = 2.0
"""Where weather stations have their thermometer (WMO-No. 8: between 1.25 and 2 m)."""


class Wind(Asset):
    """Wind turbines at one bus, or spread over several; they may be curtailed, district by district."""

    element: ClassVar[Element] = "sgen"
    kind: Literal["wind"] = "wind"
    """Wind turbines."""
    p_rated_mw: float = Field(gt=0)
    """Rated power of all turbines together [MW]."""
    turbine_type: str = "E-126/4200"
    """Type in windpowerlib's library, which gives the shape of the power curve."""
    hub_height_m: float = Field(default=135.0, ge=10, le=300)
    """Height of the hub above ground [m]. Default: one of those the default type is built with."""
    roughness_length_m: float = Field(default=0.1, gt=0, lt=3)
    """Roughness length of the ground [m]: 0.0002 is water, 0.03 open country, 0.1 farmland, 0.4 villages, 1.6 a city
    (European Wind Atlas)."""
    hellmann_exponent: float | None = Field(default=None, ge=0, le=1)
    """If given, wind grows with this power of the height instead of logarithmically; 1/7 is usual on land [1]."""
    losses_percent: float = Field(default=10.0, ge=0, lt=100)
    """Wakes, availability, cables, icing [%] (unverified)."""
    technology: Literal["wind_onshore", "wind_offshore"] = "wind_onshore"
    """What its generation counts as in the factor sets."""
    power_factor_min: float = Field(default=POWER_FACTOR_MIN, gt=0, le=1)
    """Least power factor at full power; sizes the converter [1]. Default: VDE-AR-N 4105."""

    @property
    def power_mw(self) -> float:
        """Its rated power [MW]."""
        return self.p_rated_mw

    @property
    def feeds_in_as(self) -> str:
        """Wind power on land or at sea."""
        return self.technology

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and a turbine that the library does not have."""
        yield from super().faults(city, at)
        yield from turbine_faults(self.turbine_type, f"{at}.turbine_type")

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device a district, each of which may feed in anything up to what the wind gives.

        Raises:
            InputError: If the library does not have the turbine.
        """
        available_mw = self.p_rated_mw * wind_specific_power(self, site.weather)
        return (curtailable(self, site, available_mw, self.p_rated_mw, self.power_factor_min, self.technology),)


@dataclass(frozen=True, eq=False)
class PowerCurve:
    """Power of a turbine over the wind speed, at the standard air density of 1.225 kg/m³.

    Args:
        wind_speed_m_per_s: Rising, shape (V,).
        power: Per rated power, 0 to 1, shape (V,); rated is the nominal power, or the greatest of the curve where
            that is more (some curves exceed the nominal power by up to 2.5 %).
    """

    wind_speed_m_per_s: Floats
    power: Floats


@cache
def turbine_types() -> tuple[str, ...]:
    """Types of the library that have a power curve, in alphabetical order."""
    import windpowerlib  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415  slow to import

    frame = windpowerlib.get_turbine_types(print_out=False, filter_=False)
    return tuple(sorted(frame.loc[frame["has_power_curve"].eq(True), "turbine_type"]))


@cache
def power_curve(turbine_type: str) -> PowerCurve:
    """The power curve of a type.

    Raises:
        InputError: If the library does not have the type.
    """
    import windpowerlib  # noqa: PLC0415  slow to import

    raise_if_any(turbine_faults(turbine_type, "turbine_type"), "the wind turbine")
    turbine = windpowerlib.WindTurbine(hub_height=100.0, turbine_type=turbine_type)
    power_w = turbine.power_curve["value"].to_numpy(dtype=np.float64)
    rated_w = max(float(turbine.nominal_power), float(power_w.max()))
    return PowerCurve(read_only(turbine.power_curve["wind_speed"]), read_only(power_w / rated_w))


def turbine_faults(turbine_type: str, at: str) -> Iterator[Fault]:
    """A fault if the library has no power curve of the type."""
    if turbine_type not in turbine_types():
        suggestion = nearest(turbine_type, turbine_types())
        yield Fault(at, "no such turbine in windpowerlib's library", turbine_type, suggestion)


def wind_specific_power(wind: Wind, weather: Weather) -> Floats:
    """Feed-in per rated power, shape (T,) [MW/MW], 0 to 1.

    windpowerlib [1] throughout: the wind at the hub by a logarithmic profile (or Hellmann's power law), the air's
    temperature by a linear gradient and its density by the barometric formula, and the power curve corrected for
    that density.

    Raises:
        InputError: If the library does not have the turbine.

    References:
        [1] S. Haas, U. Krien, B. Schachler et al., "windpowerlib", doi 10.5281/zenodo.824267.
    """
    from windpowerlib import density, power_output, temperature  # noqa: PLC0415  slow to import

    curve = power_curve(wind.turbine_type)
    hub_m = wind.hub_height_m
    t_air_k = weather.t_dry_bulb_degc + ZERO_DEGC_K
    t_hub_k = temperature.linear_gradient(t_air_k, HEIGHT_OF_TEMPERATURE_M, hub_m)
    density_kg_per_m3 = density.barometric(weather.pressure_pa, 0.0, hub_m, t_hub_k)
    power = power_output.power_curve(
        wind_at_hub(wind, weather.wind_speed_m_per_s), curve.wind_speed_m_per_s, curve.power, density_kg_per_m3, True
    )
    return np.asarray(power, dtype=np.float64) * (1 - wind.losses_percent / 100)


def wind_at_hub(wind: Wind, wind_speed_m_per_s: Floats) -> Floats:
    """Wind speed at the hub from that at 10 m, shape (T,) each [m/s]."""
    from windpowerlib import wind_speed  # noqa: PLC0415  slow to import

    if wind.hellmann_exponent is not None:
        speed = wind_speed.hellman(
            wind_speed_m_per_s, HEIGHT_OF_WIND_M, wind.hub_height_m, hellman_exponent=wind.hellmann_exponent
        )
    else:
        speed = wind_speed.logarithmic_profile(
            wind_speed_m_per_s, HEIGHT_OF_WIND_M, wind.hub_height_m, wind.roughness_length_m
        )
    return np.asarray(speed, dtype=np.float64)
