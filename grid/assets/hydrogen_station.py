"""A hydrogen station: electrolyser, compressor, tank, fuel cell and pumps; with charging points an energy station."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.assets.base import Asset, Site
from grid.assets.ev_fleet import EVFleet
from grid.city import City
from grid.clock import Clock
from grid.demand_shapes import demand_shape
from grid.errors import Fault, InputError
from grid.flexibility import Element, Flexibility, Reservoir
from grid.series import Floats
from grid.spec import Spec

MWH_PER_KG = 33.33e-3
"""Lower heating value of hydrogen."""
HALF = 0.5


class Charging(Spec):
    """Charging points at the station; what they are like comes from the place (`grid/data/charging`)."""

    vehicles: int = Field(ge=1)
    """Number of vehicles that charge here."""
    place: Literal["public", "fast", "bus_depot"] = "fast"
    """How they come and go."""
    vehicle_class: str | dict[str, float] = "medium"
    """Class of the vehicles, or shares of classes."""
    v2g_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the vehicles that may feed in."""


class HydrogenStation(Asset):
    """A station that makes hydrogen from the grid's electricity, sells it, and can feed some of it back.

    The tank holds energy by the lower heating value, and ends the period with at least what it began with.
    """

    element: ClassVar[Element] = "storage"
    kind: Literal["hydrogen_station"] = "hydrogen_station"
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
    minimum_load: float = Field(default=0.1, ge=0, lt=1)
    """Least load at which the electrolyser runs, as a share of rated [1]: PEM 0.05-0.1, alkaline 0.2 (unverified)."""
    fuel_cell_kwh_per_kg: float = Field(default=16.0, gt=0, le=33.33)
    """Electricity from a kilogram, at the grid side [kWh/kg]: 15-17 for stationary PEM (unverified)."""
    fuel_cell_wear_per_mwh: float = Field(default=25.0, ge=0)
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
        return 1000 * MWH_PER_KG / (self.electrolyser_kwh_per_kg + self.compressor_kwh_per_kg)

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, a demand that the electrolyser cannot meet, and charging points in several places."""
        yield from super().faults(city, at)
        most_kg = 24 * self.electrolyser_mw * self.eta_charge / MWH_PER_KG
        if self.demand_kg_per_day > most_kg:
            rule = f"exceeds what {self.electrolyser_mw:g} MW make in a day, {most_kg:,.0f} kg"
            yield Fault(f"{at}.demand_kg_per_day", rule, self.demand_kg_per_day)
        if self.charging is not None and self.bus is None:
            yield Fault(f"{at}.charging", "needs a station at one 'bus', since they share its connection")
        if self.charging is not None and self.bus is not None:
            yield from self._chargers(self.charging).faults(city, f"{at}.charging")

    def flexibilities(self, site: Site) -> tuple[Flexibility, ...]:
        """The station, and its charging points if it has any.

        Raises:
            InputError: If the tank runs empty although the electrolyser runs all the time.
        """
        clock = site.city.clock
        drain = self._drain_mwh(clock, site.time_zone)
        self._check_supply(clock, drain)
        start = np.array([self.tank_start * self.tank_kg * MWH_PER_KG])
        bonus = self.part_load_gain
        station = Flexibility(
            name=self.name,
            kind=self.kind,
            clock=clock,
            shares=self.as_one(site.city),
            start=np.array([0]),
            stop=np.array([clock.n_steps]),
            p_min_mw=np.array([-self.fuel_cell_mw]),
            p_max_mw=np.array([self.electrolyser_mw]),
            element=self.element,
            reservoir=Reservoir(
                e_start_mwh=start,
                e_end_mwh=start,
                e_min_mwh=np.zeros(1),
                e_max_mwh=np.array([self.tank_kg * MWH_PER_KG]),
                eta_charge=np.array([self.eta_charge]),
                eta_discharge=np.array([self.fuel_cell_kwh_per_kg / (1000 * MWH_PER_KG)]),
                retention_per_step=np.ones(1),
                owner=np.array([0]),
                drain_mwh=drain,
                charge_segments=((HALF, 1 + bonus), (HALF, 1 - bonus)) if bonus else ((1.0, 1.0),),
            ),
            p_unmanaged_mw=self._unmanaged_mw(clock, drain),
            wear_cost_per_mwh=np.array([self.fuel_cell_wear_per_mwh]),
            p_min_on_mw=np.array([self.minimum_load * self.electrolyser_mw]),
            **self._connection(),
        )
        if self.charging is None:
            return (station,)
        (cars,) = self._chargers(self.charging).flexibilities(site)
        return (station, replace(cars, **self._connection()))

    def _chargers(self, charging: Charging) -> EVFleet:
        return EVFleet(name=f"{self.name}: charging", bus=self.bus, **charging.model_dump())

    def _connection(self) -> dict[str, Any]:
        if self.charging is None or self.connection_max_mw is None:
            return {}
        return {"connection": self.name, "connection_max_mw": self.connection_max_mw}

    def _drain_mwh(self, clock: Clock, time_zone: str) -> Floats:
        """Hydrogen refuelled in each step, shape (T,) [MWh]."""
        per_hour = self.demand_kg_per_day * MWH_PER_KG / 24
        return per_hour * clock.step_hours * demand_shape("hydrogen_refuelling", clock, time_zone)

    def _check_supply(self, clock: Clock, drain: Floats) -> None:
        gain = self.eta_charge * self.electrolyser_mw * clock.step_hours
        most = self.tank_kg * MWH_PER_KG
        energy = self.tank_start * most
        for step, used in enumerate(drain):
            energy = min(energy + gain, most + used) - used
            if energy < -1e-12:
                raise InputError.of(
                    f"{self.name}.tank_kg",
                    f"the tank runs empty at {clock.times[step]} UTC though the electrolyser runs all the time; "
                    f"{-energy / MWH_PER_KG:.3g} kg are missing",
                    self.tank_kg,
                )

    def _unmanaged_mw(self, clock: Clock, drain: Floats) -> Floats:
        """The electrolyser at full load whenever the tank holds less than it shall, shape (T,) [MW].

        It shall hold what it began with, or what the coming demand needs beyond what full load can make.
        """
        gain = self.eta_charge * self.electrolyser_mw * clock.step_hours
        most, level = self.tank_kg * MWH_PER_KG, self.tank_start * self.tank_kg * MWH_PER_KG
        needed = np.empty(drain.size + 1)
        needed[-1] = level
        for step in range(drain.size - 1, -1, -1):
            needed[step] = max(needed[step + 1] + drain[step] - gain, 0.0)
        power, energy = np.zeros(drain.size), level
        for step, used in enumerate(drain):
            wanted = max(level, needed[step + 1])
            if energy - used < wanted - 1e-12:
                stored = min(gain, most + used - energy)
                power[step] = self.electrolyser_mw * min(self._load_for(stored / gain), 1.0)
                energy += stored
            energy -= used
        return power

    def _load_for(self, output: float) -> float:
        """Load at which the electrolyser makes the share `output` of what it makes at full load, shares of rated."""
        knee = HALF * (1 + self.part_load_gain)
        if output <= knee:
            return output / (1 + self.part_load_gain)
        return HALF + (output - knee) / (1 - self.part_load_gain)
