"""Base stations of a mobile network, with their back-up batteries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.assets.base import Asset, Site
from grid.assets.battery import Battery
from grid.city import City
from grid.demand_shapes import demand_shape
from grid.errors import Fault
from grid.flexibility import Element, Flexibility


class BaseStation(Asset):
    """Sites of a 5G network: power grows linearly with traffic [1], and a battery bridges outages.

    What the battery holds beyond the reserve that an outage needs is free for the dispatch.

    References:
        [1] G. Auer et al., "How much energy is needed to run a wireless network?", IEEE Wireless Communications,
            vol. 18, no. 5, pp. 40-49, 2011: P = N_TRX (P_0 + Δ_p P_out) while transmitting.
    """

    element: ClassVar[Element] = "load"
    kind: Literal["base_station"] = "base_station"
    sites: int = Field(ge=1)
    """Number of sites."""
    idle_kw: float = Field(default=2.2, gt=0, le=50)
    """Power of a site without traffic [kW]: three active antennas of 0.63 kW and a baseband unit of 0.3 kW, figures
    that circulate for 64-channel equipment (unverified)."""
    full_kw: float = Field(default=3.7, gt=0, le=100)
    """Power of a site at full traffic [kW]: three active antennas of 1.13 kW and a baseband unit (unverified)."""
    mean_traffic: float = Field(default=0.3, ge=0, le=1)
    """Mean load of the radio, by the hour as in `grid/data/demand` [1] (unverified)."""
    backup_hours: float = Field(default=4.0, ge=0, le=48)
    """How long the batteries carry full traffic [h] (unverified)."""
    reserve_hours: float = Field(default=3.0, ge=0, le=48)
    """How much of that is kept for outages [h]."""

    @property
    def power_mw(self) -> float:
        """Power at full traffic [MW]."""
        return self.sites * self.full_kw / 1000

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and values out of order."""
        yield from super().faults(city, at)
        if self.full_kw < self.idle_kw:
            yield Fault(f"{at}.full_kw", f"must be at least idle_kw, {self.idle_kw:g}", self.full_kw)
        if self.reserve_hours > self.backup_hours:
            yield Fault(
                f"{at}.reserve_hours", f"must not exceed backup_hours, {self.backup_hours:g}", self.reserve_hours
            )

    def flexibilities(self, site: Site) -> tuple[Flexibility, ...]:
        """The sites' demand, and their batteries where they hold more than the reserve."""
        clock = site.city.clock
        traffic = np.minimum(self.mean_traffic * demand_shape("mobile_traffic", clock, site.time_zone), 1.0)
        power = self.sites * (self.idle_kw + (self.full_kw - self.idle_kw) * traffic) / 1000
        demand = Flexibility(
            name=self.name,
            kind=self.kind,
            clock=clock,
            shares=self.as_one(site.city),
            start=np.array([0]),
            stop=np.array([clock.n_steps]),
            p_min_mw=power,
            p_max_mw=power,
            p_unmanaged_mw=power,
            element=self.element,
            gpc_code="I.2",
        )
        if self.backup_hours <= self.reserve_hours:
            return (demand,)
        return (demand, *self._battery().flexibilities(site))

    def _battery(self) -> Battery:
        """All back-up batteries together; they are full when nobody uses them."""
        return Battery(
            name=f"{self.name}: battery",
            bus=self.bus,
            where=self.where,
            p_rated_mw=self.power_mw,
            e_rated_mwh=self.power_mw * self.backup_hours,
            soc_start=1.0,
            reserve_share=self.reserve_hours / self.backup_hours,
            power_factor_min=1.0,
        )
