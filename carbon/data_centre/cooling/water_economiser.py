"""A tower that cools the hall's water by itself whenever the wet bulb allows it, and chillers for the rest."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.plant.hall import WaterCoils
from carbon.data_centre.plant.machines import pump_mw, water_kg_per_s
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, HeatBalance, WeatherDriver
from carbon.data_centre.plant.water_plant import CoolingTower, WaterChiller, tower_cooled
from grid.arrays import Floats


class WaterEconomiser(WaterCoils):
    """Water-side economiser with water-cooled chillers, after Lei and Masanet, Energy 201:117556, 2020.

    As published (`balance`), fans' heat is not cooled again, and the economiser's pump does not warm the tower's water.
    Defaults: middle of that paper's ranges for colocation halls.
    """

    kind: Literal["water_economiser"] = "water_economiser"
    """A cooling tower that cools the hall's water directly when the wet bulb is low enough; water-cooled chillers for
    the rest."""
    balance: HeatBalance = "published"
    """Which heat the plant removes: `published` excludes the heat of its own fans and pumps, as in the paper; `closed`
    includes it."""
    exchanger_approach_k: float = Field(default=2.25, ge=0, le=10)
    """Temperature of the hall's water above the tower's, across their heat exchanger [K]. Published range: 1.7-2.8."""
    pump_pressure_pa: float = Field(default=143_500.0, ge=0, le=1e6)
    """Pressure rise across the economiser's pumps [Pa]. Published range: 115-172 kPa."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the economiser's pumps including their motors [1]. Published range: 0.6-0.8."""
    tower: CoolingTower = CoolingTower()
    """The cooling tower."""
    chiller: WaterChiller = WaterChiller()
    """The water-cooled chillers."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "wet_bulb"

    def free_share(self, air: OutdoorAir) -> Floats:
        """Share of the heat that the tower removes without chillers, shape (T,) [1]."""
        t_available = self.tower.leaving_water_degc(air) + self.exchanger_approach_k
        return np.clip((self.t_return_water_degc - t_available) / self.water_rise_k, 0.0, 1.0)

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        hall = self.hall(air, heat_mw, operation)
        reused = self.reused(hall.coil_mw, self.t_return_water_degc)
        left_mw = hall.coil_mw - reused.taken_mw
        free_mw = self.free_share(air) * left_mw
        linear = pump_mw(water_kg_per_s(free_mw, self.water_rise_k), self.pump_pressure_pa, self.pump_efficiency)
        pump = operation.flow_mw(linear, left_mw)
        own = CoolingDemand({"economiser_pump": pump, **reused.p_by_machine_mw}, {}, reused.heat_by_sink_mw)
        bypass_mw = free_mw + operation.heat_of(pump)
        return hall.demand + own + tower_cooled(left_mw - free_mw, bypass_mw, air, self.chiller, self.tower, operation)
