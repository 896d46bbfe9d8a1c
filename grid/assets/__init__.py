"""Kinds of assets, one file each.

To add a kind: write a subclass of `Asset` in a new file here and list it in `KINDS`. Scenario files, validation,
dispatch, accounting, export and the common law tests then work for it.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field

from grid.assets.base import Asset, Site
from grid.assets.battery import Battery
from grid.assets.ev_fleet import EVFleet
from grid.assets.pv import PV

KINDS: tuple[type[Asset], ...] = (PV, Battery, EVFleet)
"""Every kind of asset that a scenario may hold."""

AnyAsset: Any = Annotated[reduce(or_, KINDS), Field(discriminator="kind")]
"""One of `KINDS`, told apart by its `kind`."""

__all__ = ["KINDS", "PV", "AnyAsset", "Asset", "Battery", "EVFleet", "Site"]
