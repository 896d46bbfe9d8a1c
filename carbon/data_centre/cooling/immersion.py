"""Servers in tanks of dielectric liquid."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from carbon.data_centre.cooling.liquid import FacilityWater, LiquidCooling


class Immersion(LiquidCooling):
    """Servers in tanks of dielectric liquid of one phase, which takes 95 % of the heat or more (unverified)."""

    kind: Literal["immersion"] = "immersion"
    """Servers immersed in liquid."""
    liquid_share: float = Field(default=0.95, ge=0, le=1)
    """Share of the hall's heat that the liquid takes [1]."""
    facility_water: FacilityWater = "W40"
    """Class of the facility's water."""
    coolant_pressure_pa: float = Field(default=100_000.0, ge=0, le=1e6)
    """Pressure of the tanks' pumps [Pa]."""
