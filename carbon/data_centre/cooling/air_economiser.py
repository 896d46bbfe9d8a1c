"""Outdoor air blown through the hall whenever the outdoors allows it, and chillers when it does not."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import humidity_ratio, humidity_ratio_from_enthalpy, latent_heat_kj_per_kg
from carbon.data_centre.plant.air_handler import AirHandler
from carbon.data_centre.plant.air_plant import AirChiller, air_cooled
from carbon.data_centre.plant.air_window import HumidityWindow, enthalpy_allows
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, CoolingTechnology, HeatBalance, WeatherDriver
from carbon.data_centre.plant.water_plant import CoolingTower, WaterChiller, tower_cooled
from grid.arrays import Bools, Floats

RH_MIN_PERCENT = 20.0


class AirEconomiser(CoolingTechnology):
    """Air-side economiser with adiabatic humidification, and chillers for the rest, after Lei and Masanet [1].

    The supply follows the outdoor temperature within bounds: colder air is warmed with return air, warmer air is
    cooled by evaporating water into it. Where the outdoor air holds more enthalpy than both 27 °C with a dew point of
    15 °C and the supply at 80 % relative humidity, the dampers close and the chillers carry all heat. As published, all
    air is outdoor air when its humidification is counted. With a `window` the dampers follow temperature and humidity
    instead, as in [2]. Defaults: middle of the ranges of [1] for colocation halls.

    References:
        [1] N. Lei and E. Masanet, Energy, vol. 201, 117556, 2020.
        [2] N. Lei and E. Masanet, Resour. Conserv. Recycl., vol. 182, 106323, 2022.
    """

    kind: Literal["air_economiser"] = "air_economiser"
    """Outdoor air blown through the hall when it is cool and dry enough; chillers otherwise."""
    balance: HeatBalance = "published"
    """Which heat the plant removes: `published` excludes the heat of its own fans and pumps, as in the paper; `closed`
    includes it."""
    t_supply_min_degc: float = Field(default=18.0, ge=5, le=45)
    """Lowest temperature of the air supplied to the servers [°C]; 18 is the lower end of ASHRAE's recommended range
    (unverified)."""
    t_supply_max_degc: float = Field(default=27.0, ge=5, le=45)
    """Highest temperature of the air supplied to the servers [°C]; 27 is the upper end of ASHRAE's recommended range
    (unverified)."""
    window: HumidityWindow | None = None
    """Limits of temperature and humidity within which outdoor air is admitted. Default: its enthalpy decides."""
    sensible_heat_ratio: float = Field(default=1.0, gt=0, le=1)
    """Share of the chillers' cooling that lowers the air's temperature; the rest condenses vapour [1]. 1 in Lei and
    Masanet 2020, 0.95-0.99 in 2022."""
    trim: Literal["water_chiller", "air_chiller"] = "water_chiller"
    """Chillers that cool while outdoor air is not admitted: `water_chiller` (fields `chiller` and `tower`) or
    `air_chiller`."""
    air_handler: AirHandler = AirHandler()
    """Supply fans and humidifier."""
    tower: CoolingTower = CoolingTower()
    """Cooling tower of the water-cooled chillers; unused with air-cooled ones."""
    chiller: WaterChiller = WaterChiller()
    """Water-cooled chillers, with `trim: water_chiller`."""
    air_chiller: AirChiller = AirChiller()
    """Air-cooled chillers, with `trim: air_chiller`."""

    @model_validator(mode="after")
    def _supply_range(self) -> AirEconomiser:
        if self.t_supply_min_degc > self.t_supply_max_degc:
            raise ValueError("t_supply_min_degc must not exceed t_supply_max_degc")
        return self

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "enthalpy"

    def t_supply_degc(self, air: OutdoorAir) -> Floats:
        """Air to the servers, shape (T,) [°C]."""
        return np.clip(air.t_dry_bulb_degc, self.t_supply_min_degc, self.t_supply_max_degc)

    def is_free(self, air: OutdoorAir) -> Bools:
        """Whether outdoor air cools the hall without chillers, shape (T,)."""
        if self.window is None:
            return enthalpy_allows(air, self.t_supply_degc(air))
        return self.window.allows(air, self.t_supply_min_degc, self.t_supply_max_degc)

    def humidification_kg_per_s(self, air: OutdoorAir, heat_mw: Floats) -> Floats:
        """Water sprayed into outdoor air while it serves the hall, shape (T,) [kg/s]."""
        added = np.maximum(self._target_ratio(air) - air.humidity_ratio, 0.0)
        return np.where(self.is_free(air), self.air_handler.air_kg_per_s(heat_mw) * added / (1.0 + added), 0.0)

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        t_supply = self.t_supply_degc(air)
        fan = operation.flow_mw(self.air_handler.fan_mw(heat_mw, t_supply, air.pressure_pa), heat_mw)
        sensible_mw = heat_mw + operation.heat_of(fan)
        reused = self.reused(sensible_mw, t_supply + self.air_handler.air_rise_k)
        left_mw = sensible_mw - reused.taken_mw
        free = self.is_free(air)
        latent_mw = np.where(free, 0.0, left_mw / self.sensible_heat_ratio - left_mw)
        humidified = self.humidification_kg_per_s(air, heat_mw) + latent_mw * 1e3 / latent_heat_kj_per_kg(t_supply)
        humidifier = self.air_handler.humidifier_mw(humidified)
        left_mw = left_mw + operation.heat_of(humidifier)
        chilled_mw = np.where(free, 0.0, left_mw if operation.closed else left_mw + latent_mw)
        own = CoolingDemand(
            {"supply_fan": fan, "humidifier": humidifier, **reused.p_by_machine_mw},
            {"humidifier": humidified},
            {"outdoor_air": np.where(free, left_mw, 0.0)},
        )
        return own + CoolingDemand({}, {}, reused.heat_by_sink_mw) + self._trim(chilled_mw, air, operation)

    def _trim(self, chilled_mw: Floats, air: OutdoorAir, operation: PlantOperation) -> CoolingDemand:
        if self.trim == "air_chiller":
            return air_cooled(chilled_mw, air, self.air_chiller, operation)
        return tower_cooled(chilled_mw, np.zeros_like(chilled_mw), air, self.chiller, self.tower, operation)

    def _target_ratio(self, air: OutdoorAir) -> Floats:
        """Humidity of the air to the servers where it is humidified, shape (T,) [kg/kg]."""
        if self.window is not None:
            t_inside = np.maximum(air.t_dry_bulb_degc, self.t_supply_min_degc)
            lowest = self.window.lowest_ratio(t_inside, air.pressure_pa)
            return lowest if self.window.humidify else np.zeros_like(lowest)
        t_supply = self.t_supply_degc(air)
        dry_limit = humidity_ratio(t_supply, np.asarray(RH_MIN_PERCENT), air.pressure_pa)
        adiabatic = humidity_ratio_from_enthalpy(t_supply, air.enthalpy_kj_per_kg)
        return np.where(air.t_dry_bulb_degc > t_supply, adiabatic, dry_limit)
