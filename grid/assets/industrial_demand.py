"""Industrial demand of which part can be shifted, and part can go without at a price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, cast

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.city.city import City
from grid.errors import Fault
from grid.flexibility.flexibility import Element, Flexibility, Reservoir
from grid.flexibility.per_slot import PerSlot
from grid.time.clock import Clock
from grid.time.demand_shapes import StandardProfile, demand_shape, standard_shape

GPC_INDUSTRY = "I.3"
"""GPC sub-sector of manufacturing industries and construction."""


class IndustrialDemand(Asset):
    """A works: a firm part, a part that can be made earlier or later, and a part that can be interrupted."""

    element: ClassVar[Element] = "load"
    kind: Literal["industrial_demand"] = "industrial_demand"
    """A works."""
    p_mean_mw: float = Field(gt=0)
    """Mean power of a year [MW]."""
    shape: Literal["flat", "two_shift"] | StandardProfile = "flat"
    """By the hour as in `grid/data/demand`, or a standard load profile of BDEW for trade and industry, g0 to g6."""
    shiftable_share: float = Field(default=0.2, ge=0, le=1)
    """Share of the power whose product can be stored or made up for [1]."""
    shift_hours: float = Field(default=4.0, gt=0, le=168)
    """How many hours of that part's mean power may be ahead or behind [h]."""
    speed_up: float = Field(default=0.5, ge=0, le=5)
    """By what share of its demand that part can run faster to make up [1]."""
    interruptible_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the power that can go without [1]."""
    value_per_mwh: float = Field(default=400.0, ge=0, le=100_000)
    """What going without costs [currency/MWh]. Default: highest energy price for interruptible loads in Germany until
    2022 (Verordnung zu abschaltbaren Lasten of 16 August 2016, § 4 (2))."""

    @property
    def power_mw(self) -> float:
        """Mean power [MW]."""
        return self.p_mean_mw

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and shares of more than the whole."""
        yield from super().faults(city, at)
        total = self.shiftable_share + self.interruptible_share
        if total > 1 + 1e-9:
            yield Fault(at, "shiftable_share and interruptible_share must not sum to more than 1", total)

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """The firm part, and the shiftable and the interruptible where there are any."""
        demand = self.demand_mw(site.city.clock, site.time_zone)
        firm = np.maximum((1 - self.shiftable_share - self.interruptible_share) * demand, 0.0)
        parts = [self.device(site, PerSlot(firm), PerSlot(firm), p_unmanaged_mw=firm, gpc_code=GPC_INDUSTRY)]
        if self.shiftable_share:
            parts.append(self._shiftable(site, self.shiftable_share * demand))
        if self.interruptible_share:
            most, value = self.interruptible_share * demand, np.array([self.value_per_mwh])
            parts.append(
                self.device(
                    site, np.zeros(1), PerSlot(most), part="interruptible", p_unmanaged_mw=most, value_per_mwh=value,
                    gpc_code=GPC_INDUSTRY,
                )
            )  # fmt: skip
        return tuple(parts)

    def demand_mw(self, clock: Clock, time_zone: str) -> Floats:
        """Demand of the whole works in each step, shape (T,) [MW]."""
        if self.shape in {"flat", "two_shift"}:
            return self.p_mean_mw * demand_shape(f"industry_{self.shape}", clock, time_zone)
        return self.p_mean_mw * standard_shape(cast("StandardProfile", self.shape), clock, time_zone)

    def _shiftable(self, site: Site, demand: Floats) -> Flexibility:
        """A store of work done ahead; half full is on time."""
        clock = site.city.clock
        room = self.shift_hours * self.shiftable_share * self.p_mean_mw
        return self.device(
            site,
            np.zeros(1),
            PerSlot((1 + self.speed_up) * demand),
            part="shiftable",
            p_unmanaged_mw=demand,
            reservoir=Reservoir(
                e_start_mwh=np.array([room]),
                e_end_mwh=np.array([room]),
                e_min_mwh=np.zeros(1),
                e_max_mwh=np.array([2 * room]),
                eta_charge=np.ones(1),
                eta_discharge=np.ones(1),
                retention_per_step=np.ones(1),
                owner=np.array([0]),
                holds="work",
                drain_mwh=clock.step_hours * demand,
            ),
            gpc_code=GPC_INDUSTRY,
        )
