"""Engines and turbines that burn a fuel: combined heat and power, and diesel for emergencies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, FuelUse, Site
from grid.assets.heat.demand import HEATING_LIMIT_DEGC
from grid.city.city import UNSPECIFIED_SECTOR, City
from grid.errors import Fault
from grid.flexibility.flexibility import Element, Flexibility
from grid.flexibility.per_slot import PerSlot
from grid.spec import HIGHEST_PRICE
from grid.units import GJ_PER_MWH
from grid.weather.weather import Weather

ALONE_ELECTRICITY = 0.35
"""Electricity per fuel where it is made alone: default of the efficiency method, as quoted by a secondary source."""
ALONE_HEAT = 0.80
"""Heat per fuel where it is made alone: default of the efficiency method, as quoted by a secondary source."""


@dataclass(frozen=True)
class Fuel:
    """A fuel, by its lower heating value.

    Args:
        technology: What its electricity counts as in the factor sets.
        kg_per_mwh: CO2 when burnt, without that of biomass [kg/MWh].
        biogenic_kg_per_mwh: CO2 of biomass when burnt [kg/MWh].
        upstream_share: Emissions before it is burnt, as a share of those when burnt; None where they are not known.
        issuer: Who publishes these.
        source: Where.
    """

    technology: str
    kg_per_mwh: float
    biogenic_kg_per_mwh: float
    upstream_share: float | None
    issuer: str
    source: str


@cache
def fuel(name: str) -> Fuel:
    """A fuel of ``grid/data/fuels.csv``."""
    with resources.as_file(resources.files("grid.data") / "fuels.csv") as path:
        row = pl.read_csv(path).filter(pl.col("fuel") == name).row(0, named=True)
    burnt, biogenic = (GJ_PER_MWH * row[column] for column in ("kg_per_gj", "biogenic_kg_per_gj"))
    return Fuel(row["technology"], burnt, biogenic, row["upstream_share"], row["issuer"], row["source"])


class Generator(Asset, ABC):
    """What all of them have."""

    element: ClassVar[Element] = "sgen"
    p_rated_mw: float = Field(gt=0)
    """Rated electric power [MW]."""
    fuel: Literal["natural_gas", "diesel", "biogas"]
    """What it burns."""
    efficiency: float = Field(gt=0, le=0.7)
    """Electricity per fuel, lower heating value [1]."""
    fuel_price_per_mwh: float = Field(ge=0, le=HIGHEST_PRICE)
    """Price of the fuel, lower heating value, without its carbon [currency/MWh]."""
    minimum_load: float = Field(default=0.5, ge=0, lt=1)
    """Least load at which it runs, as a share of rated [1] (unverified)."""

    @property
    def power_mw(self) -> float:
        """Rated power [MW]."""
        return self.p_rated_mw

    @property
    @abstractmethod
    def share_of_electricity(self) -> float:
        """Share of the fuel, and so of its emissions and cost, that its electricity answers for [1]."""

    @property
    def ci_kg_per_mwh(self) -> tuple[float, float] | None:
        """Emissions of its electricity, direct and life-cycle [kg/MWh]; None: those of its technology."""
        burnt = fuel(self.fuel)
        if burnt.upstream_share is None:
            return None
        direct = self.share_of_electricity * burnt.kg_per_mwh / self.efficiency
        return direct, direct * (1 + burnt.upstream_share)

    @property
    def feeds_in_as(self) -> str:
        """What the electricity of its fuel counts as."""
        return fuel(self.fuel).technology

    @property
    def fuel_use(self) -> FuelUse:
        """The fuel that it burns for its electricity and, with it, its heat."""
        burnt = fuel(self.fuel)
        share = self.share_of_electricity
        return FuelUse(self.fuel, 1 / self.efficiency, burnt.kg_per_mwh, burnt.biogenic_kg_per_mwh, share)

    def _flexibility(self, site: Site, low: Floats, unmanaged: Floats, cost_per_mwh: float) -> Flexibility:
        """It as one device with least withdrawal `low`, shape (T,) [MW]; where that is decided it may not be less."""
        decided = low is unmanaged
        return self.device(
            site,
            PerSlot(low),
            PerSlot(low) if decided else np.zeros(1),
            p_unmanaged_mw=unmanaged,
            wear_cost_per_mwh=np.array([cost_per_mwh]),
            p_min_on_mw=np.array([0.0 if decided else self.minimum_load * self.p_rated_mw]),
            technology=self.feeds_in_as,
            ci_kg_per_mwh=self.ci_kg_per_mwh,
        )


class CHP(Generator):
    """Combined heat and power, led by the heat demand or by the dispatch.

    Led by heat it runs with the degree hours of the day, up to its rating; its heat is worth what a boiler would burn.

    References:
        [1] WRI and WBCSD, "Allocation of GHG Emissions from a Combined Heat and Power (CHP) Plant: Guide to
            calculation worksheets", version 1.0, 2006: the efficiency method.
    """

    kind: Literal["chp"] = "chp"
    """Combined heat and power."""
    fuel: Literal["natural_gas", "diesel", "biogas"] = "natural_gas"
    """What it burns."""
    efficiency: float = Field(default=0.38, gt=0, le=0.7)
    """Electricity per fuel, lower heating value [1]: 0.35-0.43 for gas engines (unverified)."""
    heat_efficiency: float = Field(default=0.48, ge=0, le=0.9)
    """Heat per fuel [1] (unverified)."""
    boiler_efficiency: float = Field(default=0.9, gt=0, le=1.1)
    """Heat per fuel of the boiler that it replaces, by the lower heating value [1] (unverified)."""
    fuel_price_per_mwh: float = Field(default=45.0, ge=0, le=HIGHEST_PRICE)
    """Price of the fuel, without its carbon [currency/MWh] (unverified)."""
    lead: Literal["heat", "dispatch"] = "heat"
    """What decides when it runs."""
    full_load_degc: float = Field(default=0.0, le=14)
    """Led by heat, the outdoor temperature below which it runs at full load [°C] (unverified)."""
    allocation: Literal["alternative_heat", "efficiency_method", "energy", "all_to_electricity"] = "alternative_heat"
    """Who bears its emissions: the heat what the boiler would have emitted; or heat and electricity by the fuel that
    each would take alone (GHG Protocol [1]), or by their energy; or the electricity all."""

    heat_sector: str = Field(default=UNSPECIFIED_SECTOR, pattern=r"^I\.[1-6]$")
    """GPC sub-sector that uses its heat: its fuel (line x.1) counts the heat's share of what is burnt. Default:
    non-specified."""

    @property
    def fuel_use(self) -> FuelUse:
        """The fuel that it burns, a share of it for heat."""
        return replace(super().fuel_use, heat_sector=self.heat_sector)

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and more energy out than in."""
        yield from super().faults(city, at)
        total = self.efficiency + self.heat_efficiency
        if total > 1:
            yield Fault(at, "efficiency and heat_efficiency must not sum to more than 1", round(total, 9))

    @property
    def share_of_electricity(self) -> float:
        """Share of the fuel that its electricity answers for, by `allocation` [1]."""
        if self.allocation == "all_to_electricity":
            return 1.0
        if self.allocation == "energy":
            return self.efficiency / (self.efficiency + self.heat_efficiency)
        if self.allocation == "efficiency_method":
            electricity, heat = self.efficiency / ALONE_ELECTRICITY, self.heat_efficiency / ALONE_HEAT
            return electricity / (electricity + heat)
        return max(1.0 - self.heat_efficiency / self.boiler_efficiency, 0.0)

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device; led by heat, nothing is left to decide. Fuel counts less that of the boiler it replaces."""
        share = max(1.0 - self.heat_efficiency / self.boiler_efficiency, 0.0)
        cost = self.fuel_price_per_mwh / self.efficiency * share
        led = -self.p_rated_mw * self.load(site.weather)
        if self.lead == "heat":
            return (self._flexibility(site, led, led, cost),)
        steps = site.city.clock.n_steps
        return (self._flexibility(site, np.full(steps, -self.p_rated_mw), np.zeros(steps), cost),)

    def load(self, weather: Weather) -> Floats:
        """Load led by heat, shape (T,) [1]: straight from the heating limit to full load, off below minimum load."""
        span = HEATING_LIMIT_DEGC - self.full_load_degc
        load = np.clip((HEATING_LIMIT_DEGC - weather.t_dry_bulb_degc) / span, 0.0, 1.0)
        return np.where(load >= self.minimum_load, load, 0.0)


class Diesel(Generator):
    """A diesel generator that stands by; the dispatch uses it only where nothing cheaper helps."""

    kind: Literal["diesel"] = "diesel"
    """A diesel generator."""
    fuel: Literal["diesel", "biogas", "natural_gas"] = "diesel"
    """What it burns."""
    efficiency: float = Field(default=0.38, gt=0, le=0.7)
    """Electricity per fuel, lower heating value [1] (unverified)."""
    fuel_price_per_mwh: float = Field(default=130.0, ge=0, le=HIGHEST_PRICE)
    """Price of the fuel, without its carbon [currency/MWh] (unverified)."""
    minimum_load: float = Field(default=0.3, ge=0, lt=1)
    """Least load at which it runs, as a share of rated [1]: below it the engine soots (unverified)."""

    @property
    def share_of_electricity(self) -> float:
        """All of it."""
        return 1.0

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device, idle unless it is dispatched."""
        steps = site.city.clock.n_steps
        cost = self.fuel_price_per_mwh / self.efficiency
        return (self._flexibility(site, np.full(steps, -self.p_rated_mw), np.zeros(steps), cost),)
