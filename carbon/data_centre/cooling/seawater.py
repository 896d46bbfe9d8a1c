"""Water of the sea, a lake or a river instead of towers."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.plant.hall import WaterCoils
from carbon.data_centre.plant.machines import pump_mw, water_kg_per_s
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, WeatherDriver
from carbon.data_centre.plant.water_plant import WaterChiller
from grid.arrays import Floats
from grid.units import HOURS_PER_DAY, HOURS_PER_YEAR

MID_MONTH_HOUR = (np.arange(12) + 0.5) * HOURS_PER_YEAR / 12.0


class Seawater(WaterCoils):
    """Sea, lake or river water that cools the hall's water, and chillers' condensers where it is not cold enough.

    A model of ours, not a published one; defaults of the intake are assumptions (unverified). The water comes back
    warmer and is not consumed, so there is no make-up but the humidifier's. The water's temperature is, in this order:
    the series of the outdoor air (`OutdoorAir.t_water_degc`), the monthly means, a yearly sinusoid; where the time of
    the year is not known, the warmest water of the year.
    """

    kind: Literal["seawater"] = "seawater"
    """Sea, lake or river water; chillers for the heat that it does not remove."""
    t_water_mean_degc: float = Field(default=12.0, ge=-2, le=35)
    """Yearly mean temperature of the natural water at the intake [°C]."""
    t_water_swing_k: float = Field(default=7.0, ge=0, le=20)
    """Amplitude of the yearly cosine of the water's temperature around its mean [K]."""
    day_warmest: float = Field(default=227.0, ge=1, le=366)
    """Day of the year when the water is warmest [d]; 227 is mid-August."""
    t_water_monthly_degc: tuple[Annotated[float, Field(ge=-2, le=40)], ...] | None = Field(
        default=None, min_length=12, max_length=12
    )
    """Monthly mean temperatures of the water, twelve values from January, instead of mean and amplitude [°C]."""
    exchanger_approach_k: float = Field(default=1.5, ge=0, le=10)
    """Temperature of the hall's water or the condensers above the natural water, across the exchanger [K]."""
    natural_water_rise_k: float = Field(default=5.0, gt=0, le=15)
    """Temperature rise of the natural water [K]; permits usually limit it."""
    intake_pressure_pa: float = Field(default=150_000.0, ge=0, le=2e6)
    """Pressure rise across the intake pumps [Pa]."""
    intake_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the intake pumps including their motors [1]."""
    pump_pressure_pa: float = Field(default=143_500.0, ge=0, le=1e6)
    """Pressure rise across the pumps between hall and exchanger [Pa]."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the pumps between hall and exchanger including their motors [1]."""
    chiller: WaterChiller = WaterChiller(cop_adjustment=0.0)
    """Chillers, with condensers cooled by the natural water."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "water"

    def t_water_degc(self, air: OutdoorAir) -> Floats:
        """Temperature of the natural water, shape (T,) [°C]."""
        if air.t_water_degc is not None:
            return air.t_water_degc
        monthly = self.t_water_monthly_degc
        if air.hour_of_year is None:
            warmest = self.t_water_mean_degc + self.t_water_swing_k if monthly is None else max(monthly)
            return np.full_like(air.t_dry_bulb_degc, warmest)
        if monthly is not None:
            return np.interp(air.hour_of_year, MID_MONTH_HOUR, monthly, period=HOURS_PER_YEAR)
        phase = (air.hour_of_year - self.day_warmest * HOURS_PER_DAY) / HOURS_PER_YEAR
        return self.t_water_mean_degc + self.t_water_swing_k * np.cos(2.0 * np.pi * phase)

    def free_share(self, air: OutdoorAir) -> Floats:
        """Share of the heat that the water removes without chillers, shape (T,) [1]."""
        t_available = self.t_water_degc(air) + self.exchanger_approach_k
        return np.clip((self.t_return_water_degc - t_available) / self.water_rise_k, 0.0, 1.0)

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        hall = self.hall(air, heat_mw, operation)
        reused = self.reused(hall.coil_mw, self.t_return_water_degc)
        left_mw = hall.coil_mw - reused.taken_mw
        free_mw = self.free_share(air) * left_mw
        linear = pump_mw(water_kg_per_s(free_mw, self.water_rise_k), self.pump_pressure_pa, self.pump_efficiency)
        free_pump = operation.flow_mw(linear, left_mw)
        chilled_pump = operation.flow_mw(self.chiller.pump_mw(left_mw - free_mw), left_mw)
        lifted_mw = left_mw - free_mw + operation.heat_of(chilled_pump)
        t_condenser = self.t_water_degc(air) + self.exchanger_approach_k
        share = operation.chiller_share(lifted_mw, self.chiller.part_load)
        chiller = self.chiller.chiller_mw(lifted_mw, t_condenser, share)
        rejected_mw = free_mw + operation.heat_of(free_pump) + lifted_mw + chiller
        intake = self.intake_mw(rejected_mw, operation)
        machines = {"economiser_pump": free_pump, "chilled_water_pump": chilled_pump, "chiller": chiller}
        sinks = {"water_body": rejected_mw + operation.heat_of(intake), **reused.heat_by_sink_mw}
        return hall.demand + CoolingDemand({**machines, "intake_pump": intake, **reused.p_by_machine_mw}, {}, sinks)

    def intake_mw(self, rejected_mw: Floats, operation: PlantOperation) -> Floats:
        """Power of the intake's pumps for the heat rejected, shape (T,) [MW]."""
        linear = pump_mw(self.withdrawal_kg_per_s(rejected_mw), self.intake_pressure_pa, self.intake_efficiency)
        return operation.flow_mw(linear, rejected_mw)

    def withdrawal_kg_per_s(self, rejected_mw: Floats) -> Floats:
        """Natural water that passes through for the heat rejected, shape (T,) [kg/s]; it is given back."""
        return water_kg_per_s(rejected_mw, self.natural_water_rise_k)
