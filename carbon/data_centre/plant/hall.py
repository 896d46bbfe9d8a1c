"""Halls whose air goes round through coils, which most technologies share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import latent_heat_kj_per_kg
from carbon.data_centre.plant.air_handler import AirHandler
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, CoolingTechnology
from grid.arrays import Floats


@dataclass(frozen=True, eq=False)
class HallAir:
    """The air path of a hall with coils.

    Args:
        coil_mw: Heat that the coils remove, shape (T,) [MW].
        demand: Power of fans and humidifier, and its water.
    """

    coil_mw: Floats
    demand: CoolingDemand


class RecirculatedAir(CoolingTechnology):
    """A technology that recirculates and cools the hall's own air."""

    t_supply_degc: float = Field(default=24.0, ge=10, le=45)
    """Temperature of the air supplied to the servers [°C]. ASHRAE recommends 18-27 (unverified)."""
    air_handler: AirHandler = AirHandler()
    """Supply fans and humidifier."""

    @property
    def t_return_degc(self) -> float:
        """Air that comes back from the servers [°C]."""
        return self.t_supply_degc + self.air_handler.air_rise_k

    def fan_mw(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> Floats:
        """Power of the supply fans, shape (T,) [MW]."""
        linear = self.air_handler.fan_mw(heat_mw, np.full_like(heat_mw, self.t_supply_degc), air.pressure_pa)
        return operation.flow_mw(linear, heat_mw)


class WaterCoils(RecirculatedAir):
    """A technology with water-cooled coils in the hall; a humidifier replaces the vapour that they condense."""

    sensible_heat_ratio: float = Field(default=0.97, gt=0, le=1)
    """Share of the coils' cooling that lowers the air's temperature; the rest condenses vapour [1]. Published range:
    0.95-0.99."""
    coil_effectiveness: float = Field(default=0.775, gt=0, le=1)
    """Heat-transfer effectiveness of the coils between air and water [1]. Published range: 0.65-0.9."""
    water_rise_k: float = Field(default=7.5, gt=0, le=20)
    """Temperature rise of the water across the coils [K]. Published range: 5-10."""

    @model_validator(mode="after")
    def _water_above_freezing(self) -> WaterCoils:
        if self.t_supply_water_degc <= 0:
            raise ValueError(
                "coils this poor would need water at or below 0 °C; raise t_supply_degc or coil_effectiveness, "
                "or lower air_handler.air_rise_k"
            )
        return self

    @property
    def t_supply_water_degc(self) -> float:
        """Water the coils need [°C]."""
        return self.t_return_degc - self.air_handler.air_rise_k / self.coil_effectiveness

    @property
    def t_return_water_degc(self) -> float:
        """Water that comes back from the coils [°C]."""
        return self.t_supply_water_degc + self.water_rise_k

    def hall(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> HallAir:
        """What the hall's fans and humidifier draw, and what its coils must remove.

        In a closed balance the sprayed water takes from the air the heat that it gives back when it condenses, so only
        the machines' heat is added; the published balance counts the latent heat on top.
        """
        fan = self.fan_mw(air, heat_mw, operation)
        sensible_mw = heat_mw + operation.heat_of(fan)
        latent_mw = sensible_mw / self.sensible_heat_ratio - sensible_mw
        t_coil_degc = np.asarray((self.t_supply_water_degc + self.t_return_water_degc) / 2.0)
        humidified = latent_mw * 1e3 / latent_heat_kj_per_kg(t_coil_degc)
        humidifier = self.air_handler.humidifier_mw(humidified)
        coil_mw = sensible_mw + (operation.heat_of(humidifier) if operation.closed else latent_mw)
        return HallAir(
            coil_mw, CoolingDemand({"supply_fan": fan, "humidifier": humidifier}, {"humidifier": humidified})
        )
