"""Liquid that takes the heat at the servers, and air for the rest of it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.cooling.air_chiller import AirChilled
from carbon.data_centre.cooling.air_economiser import AirEconomiser
from carbon.data_centre.cooling.direct_expansion import DirectExpansion
from carbon.data_centre.cooling.indirect_evaporative import IndirectEvaporative
from carbon.data_centre.cooling.water_chiller import WaterChilled
from carbon.data_centre.cooling.water_economiser import WaterEconomiser
from carbon.data_centre.plant.air_plant import AirChiller, DryCooler, air_cooled
from carbon.data_centre.plant.machines import pump_mw, water_kg_per_s
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, CoolingTechnology, WeatherDriver
from carbon.data_centre.plant.water_plant import CoolingTower, WaterChiller, tower_cooled
from grid.arrays import Floats

AirPath = Annotated[
    WaterEconomiser | AirEconomiser | WaterChilled | AirChilled | DirectExpansion | IndirectEvaporative,
    Field(discriminator="kind"),
]
"""What may cool the air beside the liquid."""

FacilityWater = Literal["W17", "W27", "W32", "W40", "W45"]
"""Classes of ASHRAE TC 9.9 (5th ed., 2021; unverified): the number is the warmest water supplied [°C]."""


class LiquidCooling(CoolingTechnology):
    """Liquid at the servers, facility water to the outdoors, air for the rest. A model of ours, not a published one.

    The facility's water is cooled without chillers while tower or dry cooler reach the temperature of its class; in
    between they cool what they can of the return, and chillers the rest. Chillers are taken to make water as cold as
    for air, which overstates their power. Fans that liquid-cooled servers no longer have fall out of the IT power:
    compare total energy, not PUE. Pressures and temperature rises are ours (unverified).
    """

    liquid_share: float = Field(default=0.75, ge=0, le=1)
    """Share of the hall's heat that the liquid removes [1]; air removes the rest. Cold plates: 0.7-0.8 (unverified)."""
    facility_water: FacilityWater = "W32"
    """Class of the facility water by ASHRAE TC 9.9; the number is its highest supply temperature [°C]."""
    facility_water_rise_k: float = Field(default=8.0, gt=0, le=30)
    """Temperature rise of the facility water across the servers' heat exchangers [K]."""
    exchanger_approach_k: float = Field(default=1.0, ge=0, le=10)
    """Temperature of the facility water above the water from the tower or dry cooler, across their exchanger [K]."""
    pump_pressure_pa: float = Field(default=200_000.0, ge=0, le=1e6)
    """Pressure rise across the facility-water pumps [Pa]."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the facility-water pumps including their motors [1]."""
    coolant_rise_k: float = Field(default=8.0, gt=0, le=30)
    """Temperature rise of the coolant across the servers [K]; its heat capacity is taken as water's."""
    coolant_pressure_pa: float = Field(default=150_000.0, ge=0, le=1e6)
    """Pressure rise across the coolant pumps of the distribution units or tanks [Pa]."""
    coolant_efficiency: float = Field(default=0.50, gt=0, le=1)
    """Efficiency of the coolant pumps including their motors [1]."""
    rejection: Literal["tower", "dry_cooler"] = "tower"
    """How the facility water is cooled: `tower` (with `tower` and `chiller`) or `dry_cooler` (with `dry_cooler` and
    `air_chiller`)."""
    tower: CoolingTower = CoolingTower()
    """Cooling tower, with `rejection: tower`."""
    chiller: WaterChiller = WaterChiller(cop_adjustment=0.0)
    """Water-cooled chillers for the heat that the tower alone does not remove, with `rejection: tower`."""
    dry_cooler: DryCooler = DryCooler()
    """Dry cooler, with `rejection: dry_cooler`."""
    air_chiller: AirChiller = AirChiller(cop_adjustment=0.0)
    """Air-cooled chillers for the heat that the dry cooler does not remove, with `rejection: dry_cooler`."""
    air_path: AirPath = WaterEconomiser(balance="closed")
    """Cooling technology for the heat that the liquid does not remove."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`; of the liquid's side."""
        return "wet_bulb" if self.rejection == "tower" else "dry_bulb"

    @property
    def t_facility_water_degc(self) -> float:
        """Warmest water that the servers take [°C]."""
        return float(self.facility_water.removeprefix("W"))

    @property
    def t_return_water_degc(self) -> float:
        """Water that comes back [°C]; what heat reuse is offered."""
        return self.t_facility_water_degc + self.facility_water_rise_k

    def t_supply_degc(self, air: OutdoorAir) -> Floats:
        """Air to the servers, shape (T,) [°C]; of the part of the heat that air takes."""
        supply = self.air_path.t_supply_degc
        return supply(air) if callable(supply) else np.full_like(air.t_dry_bulb_degc, supply)

    def free_share(self, air: OutdoorAir) -> Floats:
        """Share of the liquid's heat that is rejected without chillers, shape (T,) [1]."""
        cooler = self.tower if self.rejection == "tower" else self.dry_cooler
        t_available = cooler.leaving_water_degc(air) + self.exchanger_approach_k
        return np.clip((self.t_return_water_degc - t_available) / self.facility_water_rise_k, 0.0, 1.0)

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        liquid_mw = self.liquid_share * heat_mw
        coolant_kg_per_s = water_kg_per_s(liquid_mw, self.coolant_rise_k)
        coolant = operation.flow_mw(
            pump_mw(coolant_kg_per_s, self.coolant_pressure_pa, self.coolant_efficiency), liquid_mw
        )
        loop_mw = liquid_mw + operation.heat_of(coolant)
        facility_kg_per_s = water_kg_per_s(loop_mw, self.facility_water_rise_k)
        pump = operation.flow_mw(pump_mw(facility_kg_per_s, self.pump_pressure_pa, self.pump_efficiency), loop_mw)
        loop_mw = loop_mw + operation.heat_of(pump)
        reused = self.reused(loop_mw, self.t_return_water_degc)
        machines = {"coolant_pump": coolant, "facility_water_pump": pump, **reused.p_by_machine_mw}
        own = CoolingDemand(machines, {}, reused.heat_by_sink_mw)
        air_rated_mw = (1.0 - self.liquid_share) * operation.heat_rated_mw if operation.part_load else None
        by_air = self.air_path.demand(air, heat_mw - liquid_mw, air_rated_mw)
        return own + self._reject(loop_mw - reused.taken_mw, air, operation) + by_air

    def _reject(self, loop_mw: Floats, air: OutdoorAir, operation: PlantOperation) -> CoolingDemand:
        free_mw = self.free_share(air) * loop_mw
        chilled_mw = loop_mw - free_mw
        if self.rejection == "tower":
            return tower_cooled(chilled_mw, free_mw, air, self.chiller, self.tower, operation)
        chilled = air_cooled(chilled_mw, air, self.air_chiller, operation, loop_mw)
        return chilled + self.dry_cooler.reject(free_mw, air, operation, loop_mw)
