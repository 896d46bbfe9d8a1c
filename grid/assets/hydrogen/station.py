"""A hydrogen station: electrolyser, compressor, tank, fuel cell and pumps; with charging points an energy station."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.assets.ev.devices import GPC_ON_ROAD
from grid.assets.ev.fleet import MOST_VEHICLES, EVFleet
from grid.assets.hydrogen.supply import Electrolyser, Supply
from grid.city.city import City
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Element, Flexibility, Reservoir
from grid.spec import HIGHEST_PRICE, Spec
from grid.time.clock import Clock
from grid.time.demand_shapes import demand_shape
from grid.units import HOURS_PER_DAY, KWH_PER_MWH, LHV_HYDROGEN_MWH_PER_KG

LONGEST_FILL_DAYS = 90.0
"""A tank that takes longer to fill was probably stated in another unit."""


class Charging(Spec):
    """Charging points at the station; what they are like comes from the place (`grid/data/charging`)."""

    vehicles: int = Field(ge=1, le=MOST_VEHICLES)
    """Number of vehicles that charge here."""
    place: Literal["public", "fast", "bus_depot"] = "fast"
    """How they come and go."""
    vehicle_class: str | dict[str, float] | None = None
    """Class of the vehicles, or shares of classes; default: of the place."""
    charger_kw: float | None = Field(default=None, gt=0)
    """Power of a charging point [kW]; default: of the place."""
    v2g_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the vehicles that may feed in [1]."""


class HydrogenStation(Asset):
    """A station that makes hydrogen from the grid's electricity, sells it, and can feed some of it back.

    The tank holds energy by the lower heating value, and ends the period with at least what it began with.
    """

    element: ClassVar[Element] = "storage"
    kind: Literal["hydrogen_station"] = "hydrogen_station"
    """A hydrogen station."""
    electrolyser_mw: float = Field(gt=0)
    """Rated power of the electrolyser with its compressor [MW]."""
    tank_kg: float = Field(gt=0)
    """Hydrogen that the tank holds [kg]."""
    demand_kg_per_day: float = Field(default=0.0, ge=0)
    """Hydrogen refuelled on a mean day [kg/d]; by the hour as in `grid/data/demand`."""
    fuel_cell_mw: float = Field(default=0.0, ge=0)
    """Power that the fuel cell can feed in [MW]; 0: there is none."""
    electrolyser_kwh_per_kg: float = Field(default=55.0, ge=39.4, le=100)
    """Electricity for a kilogram at full load, auxiliaries included [kWh/kg]: 50-56; not below the higher heating value
    of 39.4. Default: US DOE, status of PEM systems (unverified)."""
    compressor_kwh_per_kg: float = Field(default=3.0, ge=0, le=20)
    """Compression and precooling [kWh/kg]: 3-6 (unverified)."""
    part_load_gain: float = Field(default=0.04, ge=0, lt=0.2)
    """By what share the electrolyser makes more of its electricity at half load than at full load [1]; cells lose less
    at lower current (unverified)."""
    minimum_load: float = Field(default=0.1, ge=0, le=0.5)
    """Least load at which the electrolyser runs, as a share of rated [1]: PEM 0.05-0.1, alkaline 0.2 (unverified)."""
    fuel_cell_kwh_per_kg: float = Field(default=16.0, gt=0, le=33.33)
    """Electricity from a kilogram, at the grid side [kWh/kg]: 15-17 for stationary PEM (unverified)."""
    fuel_cell_wear_per_mwh: float = Field(default=25.0, ge=0, le=HIGHEST_PRICE)
    """Cost of ageing per energy fed in [currency/MWh] (unverified)."""
    tank_start: float = Field(default=0.5, ge=0, le=1)
    """Filling at the start, and least at the end [1]."""
    charging: Charging | None = None
    """Charging points at the same grid connection."""
    connection_max_mw: float | None = Field(default=None, gt=0)
    """Power of the grid connection that station and charging points share [MW]; default: the sum of their ratings."""

    @property
    def power_mw(self) -> float:
        """Rated power of the electrolyser or the fuel cell, the larger [MW]."""
        return max(self.electrolyser_mw, self.fuel_cell_mw)

    @property
    def eta_charge(self) -> float:
        """Hydrogen stored per electricity at full load, by the lower heating value [1]."""
        return KWH_PER_MWH * LHV_HYDROGEN_MWH_PER_KG / (self.electrolyser_kwh_per_kg + self.compressor_kwh_per_kg)

    @property
    def electrolyser(self) -> Electrolyser:
        """What fills the tank."""
        return Electrolyser(self.electrolyser_mw, self.eta_charge, self.part_load_gain, self.minimum_load)

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, amounts that cannot be meant, and charging points in several places."""
        yield from super().faults(city, at)
        most_kg = HOURS_PER_DAY * self.electrolyser_mw * self.eta_charge / LHV_HYDROGEN_MWH_PER_KG
        if self.demand_kg_per_day > most_kg:
            rule = f"exceeds what {self.electrolyser_mw:g} MW make in a day, {most_kg:,.0f} kg"
            yield Fault(f"{at}.demand_kg_per_day", rule, self.demand_kg_per_day)
        if self.tank_kg > LONGEST_FILL_DAYS * most_kg:
            rule = f"takes {self.tank_kg / most_kg:,.0f} days of {self.electrolyser_mw:g} MW to fill; the unit is kg"
            yield Fault(f"{at}.tank_kg", rule, self.tank_kg, f"{self.tank_kg / 1000:g}")
        if self.connection_max_mw is not None and self.connection_max_mw < self.power_mw:
            rule = f"must not be less than the station alone can draw or feed in, {self.power_mw:g} MW"
            yield Fault(f"{at}.connection_max_mw", rule, self.connection_max_mw)
        if self.charging is not None and self.bus is None:
            yield Fault(f"{at}.charging", "needs a station at one 'bus', since they share its connection")
        if self.charging is not None and self.bus is not None:
            yield from self._chargers(self.charging).faults(city, f"{at}.charging")

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """The station, and its charging points if it has any.

        Raises:
            InputError: If electrolyser and tank cannot supply the demand of the period.
        """
        clock = site.city.clock
        tank_mwh = self.tank_kg * LHV_HYDROGEN_MWH_PER_KG
        drain = self._drain_mwh(clock, site.time_zone)
        supply = Supply(self.electrolyser, tank_mwh, self.tank_start * tank_mwh, drain, clock.step_hours)
        raise_if_any(supply.faults(self.name, LHV_HYDROGEN_MWH_PER_KG), f"asset {self.name!r}")
        cars = () if self.charging is None else self._chargers(self.charging).parts(site)
        station = self.device(
            site,
            np.array([-self.fuel_cell_mw]),
            np.array([self.electrolyser_mw]),
            reservoir=self._tank(supply),
            p_unmanaged_mw=supply.unmanaged_mw(self._room_mw(clock, cars)),
            wear_cost_per_mwh=np.array([self.fuel_cell_wear_per_mwh]),
            p_min_on_mw=np.array([self.minimum_load * self.electrolyser_mw]),
            gpc_code=GPC_ON_ROAD,  # hydrogen that is refuelled is a fuel of road transport
        )
        return tuple(replace(part, **self._connection()) for part in (station, *cars))

    def _tank(self, supply: Supply) -> Reservoir:
        level = np.array([supply.level_mwh])
        return Reservoir(
            e_start_mwh=level,
            e_end_mwh=level,
            e_min_mwh=np.zeros(1),
            e_max_mwh=np.array([supply.tank_mwh]),
            eta_charge=np.array([self.eta_charge]),
            eta_discharge=np.array([self.fuel_cell_kwh_per_kg / (KWH_PER_MWH * LHV_HYDROGEN_MWH_PER_KG)]),
            retention_per_step=np.ones(1),
            owner=np.array([0]),
            holds="hydrogen",
            drain_mwh=supply.drain_mwh,
            charge_segments=supply.electrolyser.segments,
        )

    def _chargers(self, charging: Charging) -> EVFleet:
        return EVFleet(name=f"{self.name}: charging", bus=self.bus, **charging.model_dump())

    def _connection(self) -> dict[str, Any]:
        if self.connection_max_mw is None:
            return {}
        return {"connection": self.name, "connection_max_mw": self.connection_max_mw}

    def _room_mw(self, clock: Clock, cars: tuple[Flexibility, ...]) -> Floats:
        """What the connection leaves for the electrolyser beside cars that nobody manages, shape (T,) [MW]."""
        if self.connection_max_mw is None:
            return np.full(clock.n_steps, self.electrolyser_mw)
        drawn = sum((part.by_step(part.unmanaged_power()) for part in cars), np.zeros(clock.n_steps))
        return np.clip(self.connection_max_mw - drawn, 0.0, self.electrolyser_mw)

    def _drain_mwh(self, clock: Clock, time_zone: str) -> Floats:
        """Hydrogen refuelled in each step, shape (T,) [MWh]."""
        per_hour = self.demand_kg_per_day * LHV_HYDROGEN_MWH_PER_KG / HOURS_PER_DAY
        return per_hour * clock.step_hours * demand_shape("hydrogen_refuelling", clock, time_zone)
