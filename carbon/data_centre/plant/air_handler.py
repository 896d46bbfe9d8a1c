"""The air path inside the hall: supply fans and the humidifier."""

from __future__ import annotations

from pydantic import Field

from carbon.data_centre.air.psychrometrics import CP_DRY_AIR_KJ_PER_KG_K, air_density_kg_per_m3
from carbon.data_centre.plant.machines import fan_mw, pump_mw
from grid.arrays import Floats
from grid.spec import Spec


class AirHandler(Spec):
    """Supply fans and humidifier of the air that circulates through the servers.

    Defaults: middle of the ranges for colocation halls in Lei and Masanet, Energy 201:117556, 2020.
    """

    air_rise_k: float = Field(default=7.5, gt=0, le=30)
    """Temperature rise of the air across the servers [K]. Colocation: 5-10; hyperscale: 14-19."""
    fan_pressure_pa: float = Field(default=700.0, ge=0, le=3000)
    """Pressure rise across the supply fans [Pa]. Colocation: 400-1000."""
    fan_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the supply fans including their motors [1]. Colocation: 0.6-0.8."""
    humidifier_pressure_pa: float = Field(default=7.0e6, ge=0, le=2.0e7)
    """Water pressure at the humidifier's nozzles [Pa]. Published range: 6.3-7.7 MPa."""
    humidifier_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the humidifier's pump including its motor [1]. Published range: 0.6-0.8."""

    def air_kg_per_s(self, heat_mw: Floats) -> Floats:
        """Air that carries the heat away, shape of `heat_mw` [kg/s]."""
        return heat_mw * 1e3 / (CP_DRY_AIR_KJ_PER_KG_K * self.air_rise_k)

    def fan_mw(self, heat_mw: Floats, t_supply_degc: Floats, pressure_pa: Floats) -> Floats:
        """Power of the supply fans [MW], which move air of the supply's density."""
        rho = air_density_kg_per_m3(t_supply_degc, pressure_pa)
        return fan_mw(self.air_kg_per_s(heat_mw), rho, self.fan_pressure_pa, self.fan_efficiency)

    def humidifier_mw(self, water_kg_per_s: Floats) -> Floats:
        """Power of the humidifier's pump [MW]."""
        return pump_mw(water_kg_per_s, self.humidifier_pressure_pa, self.humidifier_efficiency)
