"""The cooling technologies: a new one is a file here, its import and its name in `Cooling`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from carbon.data_centre.cooling.air_economiser import AirEconomiser
from carbon.data_centre.cooling.technology import CoolingDemand, CoolingTechnology
from carbon.data_centre.cooling.water_economiser import WaterEconomiser

Cooling = Annotated[AirEconomiser | WaterEconomiser, Field(discriminator="kind")]
"""Any cooling technology, told apart by its ``kind``."""

__all__ = ["AirEconomiser", "Cooling", "CoolingDemand", "CoolingTechnology", "WaterEconomiser"]
