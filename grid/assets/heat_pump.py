"""A stock of heat pumps, with the buildings that they heat as a store."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.assets.base import Asset, Site
from grid.assets.heat import HOT_WATER_DEGC, HeatDemand, Source, cop, flow_degc, heat_demand
from grid.city import City
from grid.errors import Fault, InputError
from grid.flexibility import Element, Flexibility, Reservoir
from grid.series import Floats
from grid.weather import Weather


class HeatPump(Asset):
    """Heat pumps that keep rooms at least at their set temperature, and may warm them by the comfort band.

    The store is the heat above the set temperature: in the mass of the buildings, and in a tank where there is one. It
    leaks as the buildings cool; unmanaged, nothing is stored and the pumps follow the demand.
    """

    element: ClassVar[Element] = "load"
    kind: Literal["heat_pump"] = "heat_pump"
    annual_heat_mwh: float = Field(gt=0)
    """Useful heat of a year [MWh/a]."""
    hot_water_share: float = Field(default=0.17, ge=0, le=1)
    """Share of the heat that is hot water [1]. Default: 14.7 of 85.4 % of what German homes used in 2019 (Destatis)."""
    source: Source = "air"
    """Where the heat comes from: outdoor air, or the ground at the mean temperature of the year."""
    design_flow_degc: float = Field(default=50.0, ge=30, le=70)
    """Flow temperature on the coldest day [°C]: 35 for floor heating, 50-55 for radiators (unverified)."""
    p_rated_mw: float | None = Field(default=None, gt=0)
    """Electric power of all pumps together [MW]; default: what the coldest day of the weather's year needs."""
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
        """Rated power, if stated [MW]."""
        return self.p_rated_mw or 0.0

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

    def flexibilities(self, site: Site) -> tuple[Flexibility, ...]:
        """One device over the whole clock.

        Raises:
            InputError: If the pumps are too small for the coldest step.
        """
        weather, clock = site.weather, site.city.clock
        demand = heat_demand(self.annual_heat_mwh, self.hot_water_share, weather, site.time_zone)
        heat = demand.rooms_mw + demand.water_mw
        efficiency = self.cop(weather, demand)
        needed = heat / efficiency
        rated = self.p_rated_mw or self._design_power_mw(weather, demand, float(needed.max()))
        if needed.max() > rated * (1 + 1e-9):
            step = int(needed.argmax())
            raise InputError.of(
                f"{self.name}.p_rated_mw",
                f"must be at least {needed.max():.4g} MW for the demand of {clock.times[step]} UTC",
                self.p_rated_mw,
            )
        room = demand.loss_mw_per_k * self.time_constant_h * self.comfort_band_k + self.tank_mwh
        only = Flexibility(
            name=self.name,
            kind=self.kind,
            clock=clock,
            shares=self.as_one(site.city),
            start=np.array([0]),
            stop=np.array([clock.n_steps]),
            p_min_mw=np.zeros(1),
            p_max_mw=np.array([rated]),
            element=self.element,
            reservoir=Reservoir(
                e_start_mwh=np.zeros(1),
                e_end_mwh=np.zeros(1),
                e_min_mwh=np.zeros(1),
                e_max_mwh=np.array([room]),
                eta_charge=efficiency,
                eta_discharge=np.ones(1),
                retention_per_step=np.array([math.exp(-clock.step_hours / self.time_constant_h)]),
                owner=np.array([0]),
                drain_mwh=clock.step_hours * heat,
            ),
            p_unmanaged_mw=needed,
            smart=True,
            gpc_code=self.gpc_code,
        )
        return (only,)

    def cop(self, weather: Weather, demand: HeatDemand) -> Floats:
        """Heat per electricity in each step, shape (T,) [1]: rooms and hot water in their shares."""
        outdoor = weather.t_dry_bulb_degc
        year = outdoor if weather.year is None else weather.year.t_dry_bulb_degc
        cold = np.full_like(outdoor, year.mean()) if self.source == "ground" else outdoor
        rooms = cop(self.source, flow_degc(outdoor, self.design_flow_degc) - cold)
        water = cop(self.source, HOT_WATER_DEGC - cold)
        heat = demand.rooms_mw + demand.water_mw
        drawn = demand.rooms_mw / rooms + demand.water_mw / water
        return np.divide(heat, drawn, out=rooms, where=drawn > 0)

    def _design_power_mw(self, weather: Weather, demand: HeatDemand, least: float) -> float:
        """Electric power for the coldest hour of the year [MW]."""
        year = weather.t_dry_bulb_degc if weather.year is None else weather.year.t_dry_bulb_degc
        coldest = np.array([year.min()])
        source = np.array([year.mean()]) if self.source == "ground" else coldest
        lift = np.maximum(flow_degc(coldest, self.design_flow_degc), HOT_WATER_DEGC) - source
        return max(demand.design_mw / float(cop(self.source, lift)[0]), least)
