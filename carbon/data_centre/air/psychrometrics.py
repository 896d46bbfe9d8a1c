"""Moist air, in the formulas of the published data-centre model.

Humidity ratios are kg of vapour per kg of dry air, enthalpies kJ per kg of dry air. All functions are pure and take
numbers or arrays of any shape that broadcast.

References:
    [1] N. Lei and E. Masanet, "Statistical analysis for predicting location-specific data center PUE and its
        improvement potential", Energy, vol. 201, 117556, 2020, and the program published with it
        (github.com/nuoaleon/Data-center-PUE-prediction-tool).
    [2] A. L. Buck, "New equations for computing vapor pressure and enhancement factor", J. Appl. Meteorol., vol. 20,
        pp. 1527-1532, 1981; constants of the 1996 revision.
"""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats

CP_DRY_AIR_KJ_PER_KG_K = 1.01
CP_VAPOUR_KJ_PER_KG_K = 1.84
H_VAPOUR_AT_0_DEGC_KJ_PER_KG = 2500.0
CP_WATER_KJ_PER_KG_K = 4.2
RHO_WATER_KG_PER_M3 = 1000.0
VAPOUR_TO_AIR_MASS_RATIO = 0.62198

BUCK_PRESSURE_PA = 611.21
BUCK_PRESSURE_WET_BULB_PA = 611.2
"""The published program rounds Buck's constant where it solves for the wet bulb; kept, so that its points hold."""

RHO_AIR_STANDARD_KG_PER_M3 = 1.293
P_STANDARD_PA = 101325.0
T_ZERO_K = 273.15

WET_BULB_DEPRESSION_MAX_K = 60.0


def saturation_pressure_pa(t_degc: Floats, buck_pressure_pa: float = BUCK_PRESSURE_PA) -> Floats:
    """Pressure of saturated vapour over water [Pa] at a temperature [°C], after Buck [2]."""
    return buck_pressure_pa * np.exp((18.678 - t_degc / 234.5) * t_degc / (t_degc + 257.14))


def humidity_ratio(t_degc: Floats, relative_humidity_percent: Floats, pressure_pa: Floats) -> Floats:
    """Vapour per dry air [kg/kg] at a temperature [°C], a relative humidity [%] and a total pressure [Pa]."""
    vapour_pa = relative_humidity_percent / 100.0 * saturation_pressure_pa(t_degc)
    return VAPOUR_TO_AIR_MASS_RATIO * vapour_pa / (pressure_pa - vapour_pa)


def enthalpy_kj_per_kg(t_degc: Floats, ratio: Floats) -> Floats:
    """Enthalpy per dry air [kJ/kg] at a temperature [°C] and a humidity ratio [kg/kg]; 0 for dry air at 0 °C."""
    return CP_DRY_AIR_KJ_PER_KG_K * t_degc + (H_VAPOUR_AT_0_DEGC_KJ_PER_KG + CP_VAPOUR_KJ_PER_KG_K * t_degc) * ratio


def humidity_ratio_from_enthalpy(t_degc: Floats, enthalpy: Floats) -> Floats:
    """Vapour per dry air [kg/kg] of air at a temperature [°C] that holds an enthalpy [kJ/kg]."""
    sensible = CP_DRY_AIR_KJ_PER_KG_K * t_degc
    return (enthalpy - sensible) / (H_VAPOUR_AT_0_DEGC_KJ_PER_KG + CP_VAPOUR_KJ_PER_KG_K * t_degc)


def wet_bulb_degc(t_dry_bulb_degc: Floats, relative_humidity_percent: Floats, pressure_pa: Floats) -> Floats:
    """Temperature [°C] to which water that evaporates into the air can cool it.

    The temperature at which saturated air has the enthalpy of the given air [1].

    Args:
        t_dry_bulb_degc: Dry bulb [°C].
        relative_humidity_percent: Relative humidity [%].
        pressure_pa: Total pressure [Pa].

    Returns:
        Wet bulb [°C], of the shape to which the arguments broadcast.
    """
    from scipy.optimize import elementwise  # noqa: PLC0415  slow to import

    ratio = humidity_ratio(t_dry_bulb_degc, relative_humidity_percent, pressure_pa)
    target = enthalpy_kj_per_kg(t_dry_bulb_degc, ratio)

    def excess(t_degc: Floats, target_kj_per_kg: Floats, total_pa: Floats) -> Floats:
        vapour_pa = saturation_pressure_pa(t_degc, BUCK_PRESSURE_WET_BULB_PA)
        saturated = VAPOUR_TO_AIR_MASS_RATIO * vapour_pa / (total_pa - vapour_pa)
        return enthalpy_kj_per_kg(t_degc, saturated) - target_kj_per_kg

    # one kelvin of room above the dry bulb, because of the two constants of Buck
    bracket = (t_dry_bulb_degc - WET_BULB_DEPRESSION_MAX_K, t_dry_bulb_degc + 1.0)
    found = elementwise.find_root(excess, bracket, args=(target, pressure_pa))
    return np.asarray(found.x, dtype=np.float64)


def air_density_kg_per_m3(t_degc: Floats, pressure_pa: Floats) -> Floats:
    """Density of dry air [kg/m³] at a temperature [°C] and a pressure [Pa], an ideal gas [1]."""
    return RHO_AIR_STANDARD_KG_PER_M3 * (pressure_pa / P_STANDARD_PA) * (T_ZERO_K / (T_ZERO_K + t_degc))


def latent_heat_kj_per_kg(t_degc: Floats) -> Floats:
    """Heat that evaporates water [kJ/kg] at a temperature [°C] [1]."""
    return 2500.5 - 2.3097 * t_degc - 0.0013 * t_degc**2
