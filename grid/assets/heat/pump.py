"""A stock of heat pumps with back-up heaters, and the buildings that they heat as a store."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.assets.heat.demand import (
    HOT_WATER_DEGC,
    Building,
    HeatDemand,
    Source,
    cop,
    flow_degc,
    heat_demand,
    year_of_days_degc,
)
from grid.city.city import City
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Element, Flexibility, Reservoir
from grid.flexibility.per_slot import PerSlot
from grid.weather.weather import Weather

BIVALENT_DEGC = -5.0
"""Mean temperature of the coldest day that air-source pumps carry alone, as they are usually sized (unverified)."""
NEGLIGIBLE_MW = 1e-9


class HeatPump(Asset):
    """Heat pumps that keep rooms at least at their set temperature, and may warm them by the comfort band.

    The store is the heat above the set temperature: in the mass of the buildings, and in a tank where there is one. It
    leaks as the buildings cool; unmanaged, nothing is stored and the pumps follow the demand. Electric heaters take
    what the pumps at full load cannot give; the thermostat switches them, so that part is not shifted.
    """

    element: ClassVar[Element] = "load"
    kind: Literal["heat_pump"] = "heat_pump"
    """Heat pumps."""
    annual_heat_mwh: float = Field(gt=0)
    """Useful heat of a year [MWh/a]."""
    hot_water_share: float = Field(default=0.17, ge=0, le=1)
    """Share of the heat that is hot water [1]. Default: 14.7 of 85.4 % of what German homes used in 2019 (Destatis)."""
    building: Building = "house"
    """Whose hours of the day the heat follows: detached houses, flats, or trade."""
    source: Source = "air"
    """Where the heat comes from: outdoor air, or the ground at the mean temperature of the year."""
    design_flow_degc: float = Field(default=50.0, ge=30, le=70)
    """Flow temperature on the coldest day [°C]: 35 for floor heating, 50-55 for radiators (unverified)."""
    p_rated_mw: float | None = Field(default=None, gt=0)
    """Electric power of all pumps together [MW]; default: what a day of `bivalent_degc` needs."""
    bivalent_degc: float | None = Field(default=None, ge=-30, le=10)
    """Mean temperature of a day below which the heaters help, where `p_rated_mw` is not stated [°C]. Default: -5 for
    air; for the ground the coldest day of the weather's year, so that there is nothing to help with."""
    heater_mw: float | None = Field(default=None, ge=0)
    """Power of all back-up heaters together [MW]; default: as much as the pumps lack."""
    comfort_band_k: float = Field(default=1.0, ge=0, le=5)
    """By how much rooms may be warmer than set [K]."""
    time_constant_h: float = Field(default=100.0, gt=0, le=1000)
    """Heat capacity of the buildings over their losses [h]: 50-150 for solid walls (unverified)."""
    tank_mwh: float = Field(default=0.0, ge=0)
    """Heat in hot-water tanks beside the buildings' mass [MWh]."""
    gpc_code: Literal["I.1", "I.2", "I.3"] = "I.1"
    """Sub-sector of the buildings."""

    @property
    def power_mw(self) -> float:
        """Rated power of the pumps or the heaters, the larger, as far as stated [MW]."""
        return max(self.p_rated_mw or 0.0, self.heater_mw or 0.0)

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and a heat demand of another unit."""
        yield from super().faults(city, at)
        energy = float(np.maximum(city.energy_year_mwh, 0.0).sum())
        if energy > 0 and self.annual_heat_mwh > 50 * energy:
            yield Fault(
                f"{at}.annual_heat_mwh",
                f"is {self.annual_heat_mwh / energy:,.0f} times the electricity of the city; the unit is MWh",
                self.annual_heat_mwh,
                f"{self.annual_heat_mwh / 1000:g}",
            )

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """The pumps as one device over the whole clock, and the heaters where they are needed.

        Raises:
            InputError: If pumps and heaters together are too small for a step.
        """
        demand = heat_demand(
            self.annual_heat_mwh, self.hot_water_share, self.building, site.weather, site.time_zone
        )  # fmt: skip
        heat, efficiency = demand.rooms_mw + demand.water_mw, self.cop(site.weather, demand)
        rated = self.p_rated_mw or self._rating_mw(site, demand, float((heat / efficiency).max()))
        lacking = heat - rated * efficiency
        lacking = np.where(lacking > NEGLIGIBLE_MW, lacking, 0.0)
        raise_if_any(self._faults_of_rating(site, heat / efficiency, lacking), f"asset {self.name!r}")
        p_mw = np.minimum((heat - lacking) / efficiency, rated)
        pumps = self._pumps(site, demand, p_mw, efficiency, rated)
        if not lacking.any():
            return (pumps,)
        fixed = PerSlot(lacking)
        heaters = self.device(site, fixed, fixed, part="heaters", p_unmanaged_mw=lacking, gpc_code=self.gpc_code)
        return (pumps, heaters)

    def cop(self, weather: Weather, demand: HeatDemand) -> Floats:
        """Heat per electricity in each step, shape (T,) [1]: rooms and hot water in their shares."""
        rooms, water = self._cops(weather, weather.t_dry_bulb_degc)
        heat = demand.rooms_mw + demand.water_mw
        drawn = demand.rooms_mw / rooms + demand.water_mw / water
        return np.divide(heat, drawn, out=rooms, where=drawn > 0)

    def _cops(self, weather: Weather, t_outdoor_degc: Floats) -> tuple[Floats, Floats]:
        """Coefficients of performance for rooms and for hot water [1], at some outdoor temperatures [°C]."""
        year = weather.t_dry_bulb_degc if weather.year is None else weather.year.t_dry_bulb_degc
        cold = np.full_like(t_outdoor_degc, year.mean()) if self.source == "ground" else t_outdoor_degc
        rooms = cop(self.source, flow_degc(t_outdoor_degc, self.design_flow_degc) - cold)
        return rooms, cop(self.source, HOT_WATER_DEGC - cold)

    def _rating_mw(self, site: Site, demand: HeatDemand, needed_mw: float) -> float:
        """Electric power of the pumps for their coldest day [MW]; not below `needed_mw` if they have no heaters."""
        coldest = float(year_of_days_degc(site.weather, site.time_zone).min())
        bivalent = self.bivalent_degc
        if self.heater_mw == 0 or (bivalent is None and self.source == "ground"):
            bivalent = coldest
        sized_for = max(BIVALENT_DEGC if bivalent is None else bivalent, coldest)
        rooms, water = self._cops(site.weather, np.array([sized_for]))
        rating = demand.peak_mw(sized_for) / min(float(rooms[0]), float(water[0]))
        return max(rating, needed_mw) if sized_for == coldest else rating

    def _faults_of_rating(self, site: Site, needed_mw: Floats, lacking_mw: Floats) -> Iterator[Fault]:
        """A fault if the heaters cannot give what the pumps lack."""
        if self.heater_mw is None or lacking_mw.max() <= self.heater_mw * (1 + 1e-9):
            return
        step = int(lacking_mw.argmax())
        yield Fault(
            f"{self.name}.p_rated_mw",
            f"must be at least {needed_mw[step]:.4g} MW for the demand of {site.city.clock.times[step]} UTC, "
            f"or heater_mw at least {lacking_mw[step]:.4g} MW",
            self.p_rated_mw,
        )

    def _pumps(self, site: Site, demand: HeatDemand, p_mw: Floats, efficiency: Floats, rated_mw: float) -> Flexibility:
        clock = site.city.clock
        room = demand.loss_mw_per_k * self.time_constant_h * self.comfort_band_k + self.tank_mwh
        return self.device(
            site,
            np.zeros(1),
            np.array([rated_mw]),
            reservoir=Reservoir(
                e_start_mwh=np.zeros(1),
                e_end_mwh=np.zeros(1),
                e_min_mwh=np.zeros(1),
                e_max_mwh=np.array([room]),
                eta_charge=PerSlot(efficiency),
                eta_discharge=np.ones(1),
                retention_per_step=np.array([math.exp(-clock.step_hours / self.time_constant_h)]),
                owner=np.array([0]),
                holds="heat",
                drain_mwh=clock.step_hours * efficiency * p_mw,
            ),
            p_unmanaged_mw=p_mw,
            smart=True,
            gpc_code=self.gpc_code,
        )
