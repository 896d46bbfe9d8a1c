"""Outdoor air blown through the hall whenever its enthalpy allows it, and chillers when it does not."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre import psychrometrics
from carbon.data_centre.cooling.air_handler import AirHandler
from carbon.data_centre.cooling.technology import CoolingDemand, CoolingTechnology
from carbon.data_centre.cooling.water_plant import CoolingTower, WaterChiller
from carbon.data_centre.outdoor_air import OutdoorAir
from grid.series import Bools, Floats

RH_MIN_PERCENT = 20.0
RH_MAX_PERCENT = 80.0
T_CORNER_DEGC = 27.0
T_DEW_CORNER_DEGC = 15.0


class AirEconomiser(CoolingTechnology):
    """Air-side economiser with adiabatic humidification and water-cooled chillers, after Lei and Masanet [1].

    The supply follows the outdoor temperature within bounds: colder air is warmed with return air, warmer air is
    cooled by evaporating water into it. Where the outdoor air holds more enthalpy than both 27 °C with a dew point of
    15 °C and the supply at 80 % relative humidity, the dampers close and the chillers carry all heat. As published, all
    air is outdoor air when its humidification is counted. Defaults: middle of that paper's ranges for colocation halls.

    References:
        [1] N. Lei and E. Masanet, Energy, vol. 201, 117556, 2020.
    """

    kind: Literal["air_economiser"] = "air_economiser"
    """Outdoor air through the hall when it is cool and dry enough, and chillers for the rest."""
    t_supply_min_degc: float = Field(default=18.0, ge=5, le=45)
    """Coldest air to the servers [°C]; lower end of ASHRAE's recommended range (unverified)."""
    t_supply_max_degc: float = Field(default=27.0, ge=5, le=45)
    """Warmest air to the servers [°C]; upper end of ASHRAE's recommended range (unverified)."""
    air_handler: AirHandler = AirHandler()
    """Supply fans and humidifier."""
    tower: CoolingTower = CoolingTower()
    """Cooling tower, in service with the chillers only."""
    chiller: WaterChiller = WaterChiller()
    """Chillers."""

    @model_validator(mode="after")
    def _supply_range(self) -> AirEconomiser:
        if self.t_supply_min_degc > self.t_supply_max_degc:
            raise ValueError("t_supply_min_degc must not exceed t_supply_max_degc")
        return self

    def t_supply_degc(self, air: OutdoorAir) -> Floats:
        """Air to the servers, shape (T,) [°C]."""
        return np.clip(air.t_dry_bulb_degc, self.t_supply_min_degc, self.t_supply_max_degc)

    def is_free(self, air: OutdoorAir) -> Bools:
        """Whether outdoor air cools the hall without chillers, shape (T,)."""
        corner_vapour_pa = psychrometrics.saturation_pressure_pa(np.asarray(T_DEW_CORNER_DEGC))
        corner_rh = 100.0 * corner_vapour_pa / psychrometrics.saturation_pressure_pa(np.asarray(T_CORNER_DEGC))
        corner = _enthalpy(np.asarray(T_CORNER_DEGC), corner_rh, air.pressure_pa)
        moist_supply = _enthalpy(self.t_supply_degc(air), np.asarray(RH_MAX_PERCENT), air.pressure_pa)
        return np.asarray(air.enthalpy_kj_per_kg < np.maximum(corner, moist_supply))

    def humidification_kg_per_s(self, air: OutdoorAir, heat_mw: Floats) -> Floats:
        """Water sprayed into outdoor air while it serves the hall, shape (T,) [kg/s]."""
        t_supply = self.t_supply_degc(air)
        dry_limit = psychrometrics.humidity_ratio(t_supply, np.asarray(RH_MIN_PERCENT), air.pressure_pa)
        adiabatic = psychrometrics.humidity_ratio_from_enthalpy(t_supply, air.enthalpy_kj_per_kg)
        target = np.where(air.t_dry_bulb_degc > t_supply, adiabatic, dry_limit)
        added = np.maximum(target - air.humidity_ratio, 0.0)
        return np.where(self.is_free(air), self.air_handler.air_kg_per_s(heat_mw) * added / (1.0 + added), 0.0)

    def demand(self, air: OutdoorAir, heat_mw: Floats) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        chilled_mw = np.where(self.is_free(air), 0.0, heat_mw)
        chiller_mw = self.chiller.chiller_mw(chilled_mw, self.tower.leaving_water_degc(air))
        rejected_mw = chilled_mw + chiller_mw
        humidified = self.humidification_kg_per_s(air, heat_mw)
        return CoolingDemand(
            p_by_machine_mw={
                "supply_fan": self.air_handler.fan_mw(heat_mw, self.t_supply_degc(air), air.pressure_pa),
                "humidifier": self.air_handler.humidifier_mw(humidified),
                "chilled_water_pump": self.chiller.pump_mw(chilled_mw),
                "chiller": chiller_mw,
                "tower_pump": self.tower.pump_mw(rejected_mw),
                "tower_fan": self.tower.fan_mw(rejected_mw, air),
            },
            water_by_use_kg_per_s={"humidifier": humidified, **self.tower.make_up_kg_per_s(rejected_mw, air)},
        )


def _enthalpy(t_degc: Floats, relative_humidity_percent: Floats, pressure_pa: Floats) -> Floats:
    ratio = psychrometrics.humidity_ratio(t_degc, relative_humidity_percent, pressure_pa)
    return psychrometrics.enthalpy_kj_per_kg(t_degc, ratio)
