"""Fans and pumps: power from flow, pressure and efficiency."""

from __future__ import annotations

from carbon.data_centre.air.psychrometrics import CP_WATER_KJ_PER_KG_K, RHO_WATER_KG_PER_M3
from grid.arrays import Floats


def fan_mw(air_kg_per_s: Floats, rho_kg_per_m3: Floats, pressure_pa: float, efficiency: float) -> Floats:
    """Electric power [MW] of fans that give an air flow [kg/s] of a density [kg/m³] a pressure [Pa]."""
    return air_kg_per_s / rho_kg_per_m3 * pressure_pa / efficiency / 1e6


def pump_mw(water_kg_per_s: Floats, pressure_pa: float, efficiency: float) -> Floats:
    """Electric power [MW] of pumps that give a water flow [kg/s] a pressure [Pa]."""
    return water_kg_per_s / RHO_WATER_KG_PER_M3 * pressure_pa / efficiency / 1e6


def water_kg_per_s(heat_mw: Floats, water_rise_k: float) -> Floats:
    """Water [kg/s] that carries a heat [MW] with a rise of its temperature [K]."""
    return heat_mw * 1e3 / (CP_WATER_KJ_PER_KG_K * water_rise_k)
