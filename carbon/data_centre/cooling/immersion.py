"""Servers in tanks of dielectric liquid."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from carbon.data_centre.cooling.liquid import FacilityWater, LiquidCooling


class Immersion(LiquidCooling):
    """Servers in tanks of dielectric liquid of one phase, which takes 95 % of the heat or more (unverified)."""

    kind: Literal["immersion"] = "immersion"
    """Servers immersed in tanks of dielectric liquid; air cools the rest."""
    liquid_share: float = Field(default=0.95, ge=0, le=1)
    """Share of the hall's heat that the liquid removes [1]; air removes the rest."""
    facility_water: FacilityWater = "W40"
    """Class of the facility water by ASHRAE TC 9.9; the number is its highest supply temperature [°C]."""
    coolant_pressure_pa: float = Field(default=100_000.0, ge=0, le=1e6)
    """Pressure rise across the pumps of the tanks [Pa] (unverified)."""
