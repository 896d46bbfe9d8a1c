"""Air-to-air exchangers wetted outside when it is warm: the hall's air never meets the outdoor air."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import latent_heat_kj_per_kg
from carbon.data_centre.plant.air_plant import DirectExpansionUnit
from carbon.data_centre.plant.hall import RecirculatedAir
from carbon.data_centre.plant.machines import fan_mw, pump_mw
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, WeatherDriver
from grid.arrays import Bools, Floats


class IndirectEvaporative(RecirculatedAir):
    """Indirect evaporative coolers, and direct expansion for the rest. A model of ours, not a published one.

    Dry while outdoor air alone cools the supply enough, wet above. Wet, they reach
    T = T_outdoor - effectiveness x (T_outdoor - T_wet_bulb); all heat that wet coolers remove is taken to evaporate
    water, which is an upper bound of the water. What they do not reach, compressors do.
    """

    kind: Literal["indirect_evaporative"] = "indirect_evaporative"
    """Air-to-air heat exchangers, wetted outside when it is warm; compressors for the rest."""
    wet_effectiveness: float = Field(default=0.70, gt=0, le=1)
    """Effectiveness of the wetted exchanger: cooling of the outdoor air over its wet-bulb depression [1]. Usual:
    0.6-0.75 (unverified)."""
    dry_effectiveness: float = Field(default=0.65, gt=0, le=1)
    """Effectiveness of the dry exchanger: cooling of the return air over its excess above the outdoor air [1]. Usual:
    0.6-0.7 (unverified)."""
    outdoor_air_ratio: float = Field(default=1.0, gt=0, le=3)
    """Mass flow of outdoor air through the exchanger per mass flow of hall air [1] (unverified)."""
    outdoor_fan_pressure_pa: float = Field(default=250.0, ge=0, le=2000)
    """Pressure rise across the outdoor air's fans [Pa] (unverified)."""
    outdoor_fan_efficiency: float = Field(default=0.65, gt=0, le=1)
    """Efficiency of the outdoor air's fans including their motors [1] (unverified)."""
    spray_ratio: float = Field(default=20.0, ge=1, le=200)
    """Water sprayed per water evaporated, by mass [1] (unverified)."""
    spray_pressure_pa: float = Field(default=150_000.0, ge=0, le=1e6)
    """Pressure rise across the spray pumps [Pa] (unverified)."""
    spray_efficiency: float = Field(default=0.60, gt=0, le=1)
    """Efficiency of the spray pumps including their motors [1] (unverified)."""
    cycles_of_concentration: float = Field(default=4.0, gt=1, le=50)
    """Cycles of concentration: salinity of the blow-down over that of the make-up water [1] (unverified)."""
    unit: DirectExpansionUnit = DirectExpansionUnit(cop_adjustment=0.0)
    """Direct-expansion compressors for the heat that the exchangers do not remove."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "wet_bulb"

    def is_wet(self, air: OutdoorAir) -> Bools:
        """Whether the exchangers are wetted, shape (T,): where they would not reach the supply dry."""
        return self._t_dry_degc(air) > self.t_supply_degc

    def free_share(self, air: OutdoorAir) -> Floats:
        """Share of the heat that the exchangers remove, shape (T,) [1]."""
        dry = self._t_dry_degc(air)
        wet = air.t_dry_bulb_degc - self.wet_effectiveness * (air.t_dry_bulb_degc - air.wet_bulb_degc)
        t_reached = np.where(self.is_wet(air), np.minimum(dry, wet), dry)
        return np.clip((self.t_return_degc - t_reached) / self.air_handler.air_rise_k, 0.0, 1.0)

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        fan = self.fan_mw(air, heat_mw, operation)
        sensible_mw = heat_mw + operation.heat_of(fan)
        reused = self.reused(sensible_mw, self.t_return_degc)
        left_mw = sensible_mw - reused.taken_mw
        free_mw = self.free_share(air) * left_mw
        own = CoolingDemand({"supply_fan": fan, **reused.p_by_machine_mw}, {}, reused.heat_by_sink_mw)
        return own + self._exchangers(free_mw, left_mw, air, operation) + self.unit.remove(left_mw - free_mw, air)

    def _exchangers(
        self, free_mw: Floats, left_mw: Floats, air: OutdoorAir, operation: PlantOperation
    ) -> CoolingDemand:
        outdoor_kg_per_s = self.outdoor_air_ratio * self.air_handler.air_kg_per_s(free_mw)
        pressure, efficiency = self.outdoor_fan_pressure_pa, self.outdoor_fan_efficiency
        linear = fan_mw(outdoor_kg_per_s, air.density_kg_per_m3, pressure, efficiency)
        fan = operation.flow_mw(linear, left_mw)
        evaporation = np.where(self.is_wet(air), free_mw, 0.0) * 1e3 / latent_heat_kj_per_kg(air.wet_bulb_degc)
        pump = pump_mw(self.spray_ratio * evaporation, self.spray_pressure_pa, self.spray_efficiency)
        return CoolingDemand(
            {"outdoor_fan": fan, "spray_pump": pump},
            {"evaporation": evaporation, "blow_down": evaporation / (self.cycles_of_concentration - 1.0)},
            {"outdoor_air": free_mw + operation.heat_of(fan, pump)},
        )

    def _t_dry_degc(self, air: OutdoorAir) -> Floats:
        """Supply that the dry exchanger reaches, shape (T,) [°C]."""
        return self.t_return_degc - self.dry_effectiveness * (self.t_return_degc - air.t_dry_bulb_degc)
