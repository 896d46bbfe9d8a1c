"""Kinds of assets, one file each.

To add a kind: write a subclass of `Asset` in a new file here and list it in `KINDS`. Scenario files, validation,
dispatch, accounting, export and the common law tests then work for it.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field

from grid.assets.base import Asset, Site, site_of
from grid.assets.base_station import BaseStation
from grid.assets.battery import Battery
from grid.assets.ev.fleet import EVFleet
from grid.assets.ev.recorded import EVRecorded
from grid.assets.generators import CHP, Diesel
from grid.assets.heat.pump import HeatPump
from grid.assets.hydrogen.station import HydrogenStation
from grid.assets.industrial_demand import IndustrialDemand
from grid.assets.power_limits import PowerLimit, SharedPowerLimit
from grid.assets.pv import PV
from grid.assets.wind import Wind

KINDS: tuple[type[Asset], ...] = (
    *(PV, Wind, CHP, Diesel),
    *(Battery, HydrogenStation),
    *(EVFleet, EVRecorded, HeatPump, IndustrialDemand, BaseStation),
)
"""Every kind of asset that a scenario may hold."""

AssetKind: Any = Literal[tuple(kind.model_fields["kind"].default for kind in KINDS)]
"""The `kind` of each of `KINDS`."""

AnyAsset: Any = Annotated[reduce(or_, KINDS), Field(discriminator="kind")]
"""One of `KINDS`, told apart by its `kind`."""

__all__ = [
    "CHP",
    "KINDS",
    "PV",
    "AnyAsset",
    "Asset",
    "AssetKind",
    "BaseStation",
    "Battery",
    "Diesel",
    "EVFleet",
    "EVRecorded",
    "HeatPump",
    "HydrogenStation",
    "IndustrialDemand",
    "PowerLimit",
    "SharedPowerLimit",
    "Site",
    "Wind",
    "site_of",
]
