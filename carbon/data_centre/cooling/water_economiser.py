"""A tower that cools the hall's water by itself whenever the wet bulb allows it, and chillers for the rest."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.cooling.air_handler import AirHandler
from carbon.data_centre.cooling.machines import pump_mw, water_kg_per_s
from carbon.data_centre.cooling.technology import CoolingDemand, CoolingTechnology
from carbon.data_centre.cooling.water_plant import CoolingTower, WaterChiller
from carbon.data_centre.outdoor_air import OutdoorAir
from carbon.data_centre.psychrometrics import latent_heat_kj_per_kg
from grid.series import Floats


class WaterEconomiser(CoolingTechnology):
    """Water-side economiser with water-cooled chillers, after Lei and Masanet, Energy 201:117556, 2020.

    As published, flows scale with the heat, fans' heat is not cooled again, and the economiser's pump does not warm
    the tower's water. Defaults: middle of that paper's ranges for colocation halls.
    """

    kind: Literal["water_economiser"] = "water_economiser"
    """A cooling tower that serves the hall by itself when it is cool outside, and chillers for the rest."""
    t_supply_degc: float = Field(default=24.0, ge=10, le=45)
    """Air to the servers [°C]; within ASHRAE's recommended 18-27, where new halls are often set (unverified)."""
    coil_effectiveness: float = Field(default=0.775, gt=0, le=1)
    """Heat-transfer effectiveness of the coils between air and water [1]; 0.65-0.9."""
    sensible_heat_ratio: float = Field(default=0.97, gt=0, le=1)
    """Share of the coils' cooling that lowers temperature rather than condenses vapour [1]; 0.95-0.99."""
    water_rise_k: float = Field(default=7.5, gt=0, le=20)
    """By how much the coils warm the water of the economiser [K]; 5-10."""
    exchanger_approach_k: float = Field(default=2.25, ge=0, le=10)
    """By how much the hall's water stays warmer than the tower's across the heat exchanger [K]; 1.7-2.8."""
    pump_pressure_pa: float = Field(default=143_500.0, ge=0, le=1e6)
    """Pressure of the economiser's pumps [Pa]; 115-172 kPa."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Of those pumps with their motors [1]; 0.6-0.8."""
    air_handler: AirHandler = AirHandler()
    """Supply fans and humidifier."""
    tower: CoolingTower = CoolingTower()
    """Cooling tower."""
    chiller: WaterChiller = WaterChiller()
    """Chillers."""

    @model_validator(mode="after")
    def _water_above_freezing(self) -> WaterEconomiser:
        if self.t_supply_water_degc <= 0:
            raise ValueError(
                "coils this poor would need water at or below 0 °C; raise t_supply_degc or coil_effectiveness, "
                "or lower air_handler.air_rise_k"
            )
        return self

    @property
    def t_supply_water_degc(self) -> float:
        """Water the coils need [°C]."""
        rise = self.air_handler.air_rise_k
        return self.t_supply_degc + rise - rise / self.coil_effectiveness

    @property
    def t_return_water_degc(self) -> float:
        """Water that comes back from the coils [°C]."""
        return self.t_supply_water_degc + self.water_rise_k

    def free_share(self, air: OutdoorAir) -> Floats:
        """Share of the heat that the tower removes without chillers, shape (T,) [1]."""
        t_available = self.tower.leaving_water_degc(air) + self.exchanger_approach_k
        return np.clip((self.t_return_water_degc - t_available) / self.water_rise_k, 0.0, 1.0)

    def demand(self, air: OutdoorAir, heat_mw: Floats) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`; what the coils condense, the humidifier puts back."""
        coil_mw = heat_mw / self.sensible_heat_ratio
        free_mw = self.free_share(air) * coil_mw
        chilled_mw = coil_mw - free_mw
        chiller_mw = self.chiller.chiller_mw(chilled_mw, self.tower.leaving_water_degc(air))
        rejected_mw = coil_mw + chiller_mw
        t_coil_degc = np.asarray((self.t_supply_water_degc + self.t_return_water_degc) / 2.0)
        humidified = (coil_mw - heat_mw) * 1e3 / latent_heat_kj_per_kg(t_coil_degc)
        free_water = water_kg_per_s(free_mw, self.water_rise_k)
        t_supply = np.full_like(heat_mw, self.t_supply_degc)
        return CoolingDemand(
            p_by_machine_mw={
                "supply_fan": self.air_handler.fan_mw(heat_mw, t_supply, air.pressure_pa),
                "humidifier": self.air_handler.humidifier_mw(humidified),
                "economiser_pump": pump_mw(free_water, self.pump_pressure_pa, self.pump_efficiency),
                "chilled_water_pump": self.chiller.pump_mw(chilled_mw),
                "chiller": chiller_mw,
                "tower_pump": self.tower.pump_mw(rejected_mw),
                "tower_fan": self.tower.fan_mw(rejected_mw, air),
            },
            water_by_use_kg_per_s={"humidifier": humidified, **self.tower.make_up_kg_per_s(rejected_mw, air)},
        )
