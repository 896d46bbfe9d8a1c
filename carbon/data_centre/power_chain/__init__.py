"""What is lost between meter and servers: a new chain is a class here and its name in `PowerChain`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from carbon.data_centre.power_chain.conversion import ConversionChain, DoubleConversion, EcoMode, Hvdc240
from carbon.data_centre.power_chain.efficiency import FixedEfficiency, MeasuredEfficiency
from carbon.data_centre.power_chain.staged import Hvdc336, MainsHvdc, Panama, Stage, Staged, StagedTechnology
from carbon.data_centre.power_chain.technology import PowerChainTechnology
from carbon.data_centre.power_chain.transformer import Transformer

PowerChain = Annotated[
    DoubleConversion | EcoMode | Hvdc240 | Hvdc336 | MainsHvdc | Panama | Staged | FixedEfficiency | MeasuredEfficiency,
    Field(discriminator="kind"),
]
"""Any power chain, told apart by its ``kind``."""

__all__ = [
    "ConversionChain",
    "DoubleConversion",
    "EcoMode",
    "FixedEfficiency",
    "Hvdc240",
    "Hvdc336",
    "MainsHvdc",
    "MeasuredEfficiency",
    "Panama",
    "PowerChain",
    "PowerChainTechnology",
    "Stage",
    "Staged",
    "StagedTechnology",
    "Transformer",
]
