"""The cooling technologies: a new one is a file here, its import and its name in `Cooling`."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from carbon.data_centre.cooling.air_chiller import AirChilled
from carbon.data_centre.cooling.air_economiser import AirEconomiser
from carbon.data_centre.cooling.direct_expansion import DirectExpansion
from carbon.data_centre.cooling.direct_to_chip import DirectToChip
from carbon.data_centre.cooling.immersion import Immersion
from carbon.data_centre.cooling.indirect_evaporative import IndirectEvaporative
from carbon.data_centre.cooling.seawater import Seawater
from carbon.data_centre.cooling.water_chiller import WaterChilled
from carbon.data_centre.cooling.water_economiser import WaterEconomiser
from carbon.data_centre.plant.technology import CoolingDemand, CoolingTechnology

Cooling = Annotated[
    AirEconomiser
    | WaterEconomiser
    | WaterChilled
    | AirChilled
    | DirectExpansion
    | IndirectEvaporative
    | DirectToChip
    | Immersion
    | Seawater,
    Field(discriminator="kind"),
]
"""Any cooling technology, told apart by its ``kind``."""

KINDS: tuple[type[CoolingTechnology], ...] = get_args(get_args(Cooling)[0])
"""Every kind of cooling technology; the common law tests run for each of them."""

__all__ = [
    "KINDS",
    "AirChilled",
    "AirEconomiser",
    "Cooling",
    "CoolingDemand",
    "CoolingTechnology",
    "DirectExpansion",
    "DirectToChip",
    "Immersion",
    "IndirectEvaporative",
    "Seawater",
    "WaterChilled",
    "WaterEconomiser",
]
