"""Machines that reject heat to the dry bulb: air-cooled chillers, direct expansion and dry coolers.

References:
    [1] EnergyPlus Engineering Reference, "Electric Chiller Model Based on Condenser Entering Temperature"
        (Chiller:Electric), with the coefficients of its test file AirCooledElectricChiller.idf.
    [2] N. Lei and E. Masanet, "Climate- and technology-specific PUE and WUE estimations for U.S. data centers using a
        hybrid statistical and thermodynamics-based approach", Resour. Conserv. Recycl., vol. 182, 106323, 2022, and the
        program published with it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import CP_DRY_AIR_KJ_PER_KG_K
from carbon.data_centre.plant.machines import fan_mw, pump_mw, water_kg_per_s
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand
from grid.arrays import Floats
from grid.spec import Spec

T_CONDENSER_DESIGN_DEGC = 35.0
T_EVAPORATOR_DESIGN_DEGC = 6.67
TEMPERATURE_RISE_RATIO = 2.778
"""Kelvins at the condenser that weigh as much as one at the evaporator [1]."""
COP_REFERENCE = 3.0
"""At 35 °C outdoors, water of 6.67 °C and full load [1]; condenser fans included."""

T_TABLE_DEGC = np.linspace(-10.0, 75.0, 341)
LOAD_SHARES = np.linspace(0.01, 1.5, 150)


class AirChiller(Spec):
    """Air-cooled chillers by EnergyPlus' Chiller:Electric; published ranges are those of Lei and Masanet 2022.

    The polynomials turn round in the cold, where real chillers hold their head pressure, and in the greatest heat at
    little load: below the temperature of the highest COP and above that of the lowest, the COP is constant.
    """

    part_load: float = Field(default=0.30, gt=0, le=1)
    """Load of each running chiller as a share of its rated capacity [1]. Colocation: 0.1-0.5."""
    cop_adjustment: float = Field(default=-0.075, gt=-1, le=1)
    """Relative deviation of the COP from the model's: 0.1 is a COP 10 % higher [1]. Colocation: -0.40 to 0.25."""
    t_leaving_degc: float = Field(default=6.67, ge=4, le=20)
    """Temperature of the chilled water leaving the evaporators [°C]; 6.67 is the model's design point."""
    water_rise_k: float = Field(default=7.5, gt=0, le=20)
    """Temperature rise of the chilled water across the hall's coils [K]. Published range: 5-10."""
    pump_pressure_pa: float = Field(default=143_500.0, ge=0, le=1e6)
    """Pressure rise across the chilled-water pumps [Pa]. Published range: 115-172 kPa."""
    pump_efficiency: float = Field(default=0.70, gt=0, le=1)
    """Efficiency of the chilled-water pumps including their motors [1]. Published range: 0.6-0.8."""

    def cop(self, t_outdoor_degc: Floats, load_share: Floats | float | None = None) -> Floats:
        """Heat removed per electric energy, condenser fans included, shape to which the arguments broadcast [1].

        Args:
            t_outdoor_degc: Dry bulb [°C].
            load_share: Load of each chiller as a share of its rated capacity [1]; `part_load` by default.
        """
        share = np.asarray(self.part_load if load_share is None else load_share, dtype=np.float64)
        best, worst = (np.interp(share, LOAD_SHARES, t) for t in _turning_points_degc(self.t_leaving_degc))
        t = np.clip(t_outdoor_degc, best, worst)
        return _cop_energyplus(t, share, self.t_leaving_degc) * (1.0 + self.cop_adjustment)

    def pump_mw(self, heat_mw: Floats) -> Floats:
        """Electric power of the chilled-water pumps [MW]."""
        return pump_mw(water_kg_per_s(heat_mw, self.water_rise_k), self.pump_pressure_pa, self.pump_efficiency)


class DirectExpansionUnit(Spec):
    """Compressors whose refrigerant cools the air itself; published ranges are those of Lei and Masanet 2022.

    The published COP is 2.8 up to 15 °C outdoors; the regression above is not published as a formula. Here (a
    substitute of ours) it is a constant share of Carnot's COP between an evaporator at 5 °C and a condenser that is
    25 K warmer than the outdoor air but never colder than the 40 °C of 15 °C outdoors.
    """

    cop_cold: float = Field(default=2.8, gt=1, le=10)
    """COP at outdoor temperatures up to `t_constant_degc`: heat removed per electricity [1]. 2.8 as published."""
    t_constant_degc: float = Field(default=15.0, ge=-20, le=40)
    """Outdoor temperature up to which the COP is constant [°C]. 15 as published."""
    t_evaporating_degc: float = Field(default=5.0, ge=-10, le=25)
    """Evaporating temperature of the refrigerant [°C]. Default: an assumption of this model."""
    condenser_approach_k: float = Field(default=25.0, ge=5, le=40)
    """Condensing temperature above the outdoor temperature [K]. Default: an assumption of this model."""
    cop_adjustment: float = Field(default=-0.125, gt=-1, le=1)
    """Relative deviation of the COP: 0.1 is a COP 10 % higher [1]. Small halls: -0.45 to 0.20."""

    def cop(self, t_outdoor_degc: Floats) -> Floats:
        """Heat removed per electric energy, shape of the argument [1]."""
        lift_cold_k = self.t_constant_degc + self.condenser_approach_k - self.t_evaporating_degc
        warmer_k = np.maximum(t_outdoor_degc - self.t_constant_degc, 0.0)
        return self.cop_cold * lift_cold_k / (lift_cold_k + warmer_k) * (1.0 + self.cop_adjustment)

    def remove(self, heat_mw: Floats, air: OutdoorAir) -> CoolingDemand:
        """Power of the compressors for a heat of shape (T,) [MW]; they cycle, so their COP does not follow the load."""
        p_mw = heat_mw / self.cop(air.t_dry_bulb_degc)
        return CoolingDemand({"compressor": p_mw}, {}, {"outdoor_air": heat_mw + p_mw})


class DryCooler(Spec):
    """Finned coils that cool water with outdoor air, without evaporation. Defaults are assumptions (unverified)."""

    approach_k: float = Field(default=7.0, gt=0, le=25)
    """Temperature of the leaving water above the dry bulb [K]."""
    air_rise_k: float = Field(default=8.0, gt=0, le=30)
    """Temperature rise of the outdoor air across the coils [K]."""
    fan_pressure_pa: float = Field(default=120.0, ge=0, le=2000)
    """Pressure rise across the fans [Pa]."""
    fan_efficiency: float = Field(default=0.60, gt=0, le=1)
    """Efficiency of the fans including their motors [1]."""

    def leaving_water_degc(self, air: OutdoorAir) -> Floats:
        """Water that leaves the cooler, shape (T,) [°C]."""
        return air.t_dry_bulb_degc + self.approach_k

    def reject(
        self, heat_mw: Floats, air: OutdoorAir, operation: PlantOperation, plant_mw: Floats | None = None
    ) -> CoolingDemand:
        """Fans that reject a heat of shape (T,) [MW], alone or as a part of a plant's heat."""
        air_kg_per_s = heat_mw * 1e3 / (CP_DRY_AIR_KJ_PER_KG_K * self.air_rise_k)
        linear = fan_mw(air_kg_per_s, air.density_kg_per_m3, self.fan_pressure_pa, self.fan_efficiency)
        fan = operation.flow_mw(linear, heat_mw if plant_mw is None else plant_mw)
        return CoolingDemand({"dry_cooler_fan": fan}, {}, {"outdoor_air": heat_mw + operation.heat_of(fan)})


def air_cooled(
    chilled_mw: Floats, air: OutdoorAir, chiller: AirChiller, operation: PlantOperation, plant_mw: Floats | None = None
) -> CoolingDemand:
    """Air-cooled chillers and their pumps for a heat of shape (T,) [MW], alone or as a part of a plant's heat."""
    pump = operation.flow_mw(chiller.pump_mw(chilled_mw), chilled_mw if plant_mw is None else plant_mw)
    lifted_mw = chilled_mw + operation.heat_of(pump)
    share = operation.chiller_share(lifted_mw, chiller.part_load)
    p_mw = lifted_mw / chiller.cop(air.t_dry_bulb_degc, share)
    return CoolingDemand({"chilled_water_pump": pump, "chiller": p_mw}, {}, {"outdoor_air": lifted_mw + p_mw})


def _cop_energyplus(t_outdoor_degc: Floats, load_share: Floats, t_leaving_degc: float) -> Floats:
    """COP at a share of the rated capacity [1]; the load ratio is that of the capacity available at the temperature."""
    rise = (t_outdoor_degc - T_CONDENSER_DESIGN_DEGC) / TEMPERATURE_RISE_RATIO
    delta = rise - (t_leaving_degc - T_EVAPORATOR_DESIGN_DEGC)
    capacity = 0.944836 - 0.0570088 * delta + 0.00185486 * delta**2
    full_power = 2.333 - 1.975 * capacity + 0.6121 * capacity**2
    ratio = load_share / capacity
    part_power = 0.03303 + 0.6852 * ratio + 0.2818 * ratio**2
    return np.asarray(COP_REFERENCE * ratio / (part_power * full_power))


@lru_cache(maxsize=1024)
def _turning_points_degc(t_leaving_degc: float) -> tuple[Floats, Floats]:
    """Outdoor temperatures of the best COP and of the worst one above it, for each of `LOAD_SHARES` [°C]."""
    cop = _cop_energyplus(T_TABLE_DEGC[:, None], LOAD_SHARES[None, :], t_leaving_degc)
    best = np.argmax(cop, axis=0)
    hotter = np.arange(T_TABLE_DEGC.size)[:, None] >= best
    return T_TABLE_DEGC[best], T_TABLE_DEGC[np.argmin(np.where(hotter, cop, np.inf), axis=0)]
