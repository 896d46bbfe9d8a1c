"""The water side: chillers and the tower that rejects all heat to the outdoor air.

References:
    [1] N. Lei and E. Masanet, "Statistical analysis for predicting location-specific data center PUE and its
        improvement potential", Energy, vol. 201, 117556, 2020: the regression of the chillers' performance, the tower's
        balance and the ranges for colocation halls, of which the defaults are the middle.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import latent_heat_kj_per_kg
from carbon.data_centre.plant.machines import fan_mw, pump_mw, water_kg_per_s
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand
from grid.arrays import Floats
from grid.spec import Spec


class WaterChiller(Spec):
    """Water-cooled centrifugal chillers, as many in service as keep each at the same part load."""

    part_load: float = Field(default=0.30, gt=0, le=1)
    """Load of each running chiller as a share of its rated capacity [1]. Colocation: 0.1-0.5."""
    cop_adjustment: float = Field(default=-0.20, gt=-1, le=1)
    """Relative deviation of the COP from the regression: 0.1 is a COP 10 % higher [1]. Colocation: -0.4 to 0."""
    water_rise_k: float = Field(default=7.5, gt=0, le=20)
    """Temperature rise of the chilled water across the hall's coils [K]. Published range: 5-10."""
    pump_pressure_pa: float = Field(default=143_500.0, ge=0, le=1e6)
    """Pressure rise across the chilled-water pumps [Pa]. Published range: 115-172 kPa."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the chilled-water pumps including their motors [1]. Published range: 0.6-0.8."""

    def cop(self, t_condenser_degc: Floats, load_share: Floats | float | None = None) -> Floats:
        """Heat removed per electric energy, shape to which the arguments broadcast [1].

        The regression [1] is a parabola in temperature; beyond its lowest point (38 to 43 °C, where no tower works) it
        would rise again, so there it is kept at its lowest.

        Args:
            t_condenser_degc: Water from the tower to the condensers [°C].
            load_share: Load of each chiller as a share of its rating [1]; `part_load` by default.
        """
        share = self.part_load if load_share is None else load_share
        slope = 0.084615 * share - 0.760621
        t = np.minimum(t_condenser_degc, -slope / (2 * 0.008840))
        regression = 16.798751 + 0.008840 * t**2 + slope * t - 8.528931 * share**2 + 9.885294 * share
        return regression * (1.0 + self.cop_adjustment)

    def chiller_mw(self, heat_mw: Floats, t_condenser_degc: Floats, load_share: Floats | float | None = None) -> Floats:
        """Electric power of the chillers alone [MW]; arguments as in `cop`."""
        return heat_mw / self.cop(t_condenser_degc, load_share)

    def pump_mw(self, heat_mw: Floats) -> Floats:
        """Electric power of the chilled-water pumps [MW]."""
        return pump_mw(water_kg_per_s(heat_mw, self.water_rise_k), self.pump_pressure_pa, self.pump_efficiency)


class CoolingTower(Spec):
    """Wet cooling towers with their condenser-water pumps and fans."""

    approach_k: float = Field(default=4.75, gt=0, le=20)
    """Temperature of the leaving water above the wet bulb [K]. Published range: 2.8-6.7."""
    water_rise_k: float = Field(default=5.0, gt=0, le=20)
    """Temperature rise of the condenser water [K]. Published range: 4-6."""
    water_to_air_ratio: float = Field(default=1.12, gt=0, le=5)
    """Mass flow of water per mass flow of air [kg/kg]; 1.119 in both published cases."""
    pump_pressure_pa: float = Field(default=208_500.0, ge=0, le=1e6)
    """Pressure rise across the condenser-water pumps [Pa]. Published range: 167-250 kPa."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the condenser-water pumps including their motors [1]. Published range: 0.6-0.8."""
    fan_pressure_pa: float = Field(default=176.0, ge=0, le=2000)
    """Pressure rise across the tower's fans [Pa]; the middle of the published cases' 148 and 203."""
    fan_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the tower's fans including their motors [1]. Published range: 0.6-0.8."""
    cycles_of_concentration: float = Field(default=9.0, gt=1, le=50)
    """Cycles of concentration: salinity of the blow-down over that of the make-up water [1]. Published range: 3-15."""
    windage_share: float = Field(default=0.0025, ge=0, le=0.05)
    """Droplets blown out, as a share of the circulating water [1]. Published range: 0.00005-0.005."""

    def leaving_water_degc(self, air: OutdoorAir) -> Floats:
        """Water that leaves the tower, shape (T,) [°C]."""
        return air.wet_bulb_degc + self.approach_k

    def pump_mw(self, heat_mw: Floats) -> Floats:
        """Electric power of the condenser-water pumps for the heat rejected [MW]."""
        return pump_mw(water_kg_per_s(heat_mw, self.water_rise_k), self.pump_pressure_pa, self.pump_efficiency)

    def fan_mw(self, heat_mw: Floats, air: OutdoorAir) -> Floats:
        """Electric power of the tower's fans for the heat rejected [MW]."""
        air_kg_per_s = water_kg_per_s(heat_mw, self.water_rise_k) / self.water_to_air_ratio
        return fan_mw(air_kg_per_s, air.density_kg_per_m3, self.fan_pressure_pa, self.fan_efficiency)

    def make_up_kg_per_s(self, heat_mw: Floats, air: OutdoorAir) -> dict[str, Floats]:
        """Water lost by evaporation, windage and blow-down, shape (T,) each [kg/s]."""
        t_mean_degc = self.leaving_water_degc(air) + self.water_rise_k / 2.0
        evaporation = heat_mw * 1e3 / latent_heat_kj_per_kg(t_mean_degc)
        windage = self.windage_share * water_kg_per_s(heat_mw, self.water_rise_k)
        blow_down = np.maximum(evaporation / (self.cycles_of_concentration - 1.0) - windage, 0.0)
        return {"evaporation": evaporation, "windage": windage, "blow_down": blow_down}


def tower_cooled(
    chilled_mw: Floats,
    free_mw: Floats,
    air: OutdoorAir,
    chiller: WaterChiller,
    tower: CoolingTower,
    operation: PlantOperation,
) -> CoolingDemand:
    """Chillers and tower together.

    Args:
        chilled_mw: Heat that the chillers remove, shape (T,) [MW].
        free_mw: Heat that goes to the tower past the chillers, shape (T,) [MW].
        air: Outdoor air, T steps.
        chiller: The chillers.
        tower: The tower.
        operation: How they run: part load and heat balance.
    """
    chilled_pump_mw = operation.flow_mw(chiller.pump_mw(chilled_mw), chilled_mw + free_mw)
    lifted_mw = chilled_mw + operation.heat_of(chilled_pump_mw)
    load_share = operation.chiller_share(lifted_mw, chiller.part_load)
    chiller_mw = chiller.chiller_mw(lifted_mw, tower.leaving_water_degc(air), load_share)
    demand = tower_alone(free_mw + lifted_mw + chiller_mw, air, tower, operation)
    return CoolingDemand({"chilled_water_pump": chilled_pump_mw, "chiller": chiller_mw}, {}) + demand


def tower_alone(rejected_mw: Floats, air: OutdoorAir, tower: CoolingTower, operation: PlantOperation) -> CoolingDemand:
    """A tower that rejects a heat of shape (T,) [MW]; its pumps' heat goes the same way in a closed balance."""
    pump = operation.flow_mw(tower.pump_mw(rejected_mw), rejected_mw)
    fan = operation.flow_mw(tower.fan_mw(rejected_mw, air), rejected_mw)
    evaporated_mw = rejected_mw + operation.heat_of(pump)
    return CoolingDemand(
        {"tower_pump": pump, "tower_fan": fan},
        tower.make_up_kg_per_s(evaporated_mw, air),
        {"tower": evaporated_mw, "outdoor_air": operation.heat_of(fan)},
    )
