"""Photovoltaics, by pvlib's PVWatts chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.assets.feed_in import POWER_FACTOR_MIN, curtailable
from grid.city.city import City
from grid.errors import Fault, InputError
from grid.flexibility.flexibility import Element, Flexibility
from grid.spec import Spec
from grid.weather.weather import Weather


class Orientation(Spec):
    """A share of the modules that looks one way."""

    tilt_degree: float = Field(ge=0, le=90)
    """Tilt of the modules from the horizontal [degree]: 0 lies flat, 90 stands upright."""
    azimuth_degree: float = Field(ge=0, lt=360)
    """Where they face, clockwise from north [degree]: 90 is east, 180 south, 270 west."""
    share: float = Field(gt=0, le=1)
    """Share of the rated power that is so oriented [1]."""


ROOFS = (
    Orientation(tilt_degree=35, azimuth_degree=180, share=0.5),
    Orientation(tilt_degree=35, azimuth_degree=90, share=0.25),
    Orientation(tilt_degree=35, azimuth_degree=270, share=0.25),
)
"""A stock of pitched roofs: half south, a quarter each east and west (an assumption, not a statistic)."""


GAMMA_PER_K = -0.0047
"""Change of power with the temperature of a standard module [1/K]; PVWatts Version 5 Manual, table 3."""
INVERTER_EFFICIENCY = 0.96
"""Nominal efficiency of PVWatts' inverter [1]."""


class PV(Asset):
    """Photovoltaics at one bus, or spread over many roofs; it may be curtailed, district by district."""

    element: ClassVar[Element] = "sgen"
    needs_sun: ClassVar[bool] = True
    kind: Literal["pv"] = "pv"
    """Photovoltaics."""
    p_peak_mw: float = Field(gt=0)
    """Rated power of the modules under standard test conditions [MW]."""
    orientations: tuple[Orientation, ...] = ROOFS
    """Which way the modules look; shares sum to 1."""
    dc_ac_ratio: float = Field(default=1.2, gt=0)
    """Rated power of the modules to that of the inverter [1]; PVWatts' default."""
    losses_percent: float = Field(default=14.0, ge=0, lt=100)
    """Soiling, shading, mismatch, wiring, ageing, availability [%]; PVWatts' default."""
    power_factor_min: float = Field(default=POWER_FACTOR_MIN, gt=0, le=1)
    """Least power factor at full power; sizes the inverter [1]. Default: VDE-AR-N 4105."""

    @property
    def power_mw(self) -> float:
        """Its rated power [MW]."""
        return self.p_peak_mw

    @property
    def feeds_in_as(self) -> str:
        """Solar power."""
        return "solar"

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and shares that do not sum to 1."""
        yield from super().faults(city, at)
        total = sum(orientation.share for orientation in self.orientations)
        if abs(total - 1) > 1e-9:
            yield Fault(f"{at}.orientations", "shares must sum to 1", round(total, 9))

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device a district, each of which may feed in anything up to what the sun gives.

        Raises:
            InputError: If the weather file has no irradiance.
        """
        available_mw = self.p_peak_mw * pv_specific_power(self, site.weather)
        p_ac_mw = self.p_peak_mw / self.dc_ac_ratio
        return (curtailable(self, site, available_mw, p_ac_mw, self.power_factor_min, self.feeds_in_as),)


def pv_specific_power(pv: PV, weather: Weather) -> Floats:
    """Feed-in per rated power of the modules, shape (T,) [MW/MW].

    PVWatts [1] with isotropic diffuse light and Faiman's module temperature [2]; the sun is that of the city at the
    middle of each step. The isotropic sky is used because weather brought from another place does not close with
    the city's own sun, which a circumsolar model would magnify near the horizon.

    Raises:
        InputError: If the weather file has no irradiance.

    References:
        [1] A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014.
        [2] D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules", Progress in
            Photovoltaics, vol. 16, no. 4, pp. 307-315, 2008.
    """
    if not weather.has_irradiance:
        rule = f"has no irradiance (GHI, DNI, DHI), which {pv.name!r} needs: take a file with it, or leave out the PV"
        raise InputError.single("weather", rule, weather.source)
    import pvlib  # noqa: PLC0415  slow to import

    times = weather.clock.pandas_index() + weather.clock.step / 2
    sun = pvlib.solarposition.get_solarposition(times, weather.latitude, weather.longitude, method="nrel_numpy")
    up = sun["elevation"].to_numpy() > 0
    direct = np.where(up, weather.dni_w_per_m2, 0.0)
    nominal_ac = 1 / pv.dc_ac_ratio
    total = np.zeros(weather.clock.n_steps)
    for orientation in pv.orientations:
        plane = pvlib.irradiance.get_total_irradiance(
            orientation.tilt_degree, orientation.azimuth_degree, sun["apparent_zenith"].to_numpy(),
            sun["azimuth"].to_numpy(), direct, weather.ghi_w_per_m2, weather.dhi_w_per_m2, model="isotropic",
        )  # fmt: skip
        light = np.nan_to_num(np.asarray(plane["poa_global"], dtype=float))
        t_cell = pvlib.temperature.faiman(light, weather.t_dry_bulb_degc, weather.wind_speed_m_per_s)
        dc = pvlib.pvsystem.pvwatts_dc(light, t_cell, 1.0, GAMMA_PER_K) * (1 - pv.losses_percent / 100)
        ac = pvlib.inverter.pvwatts(dc, nominal_ac / INVERTER_EFFICIENCY, eta_inv_nom=INVERTER_EFFICIENCY)
        total += orientation.share * np.maximum(np.nan_to_num(np.asarray(ac, dtype=float)), 0.0)
    return total
