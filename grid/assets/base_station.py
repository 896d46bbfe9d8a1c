"""Base stations of a mobile network, with their back-up batteries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.assets.battery import Battery
from grid.city.city import City
from grid.errors import Fault
from grid.flexibility.flexibility import Element, Flexibility
from grid.flexibility.per_slot import PerSlot
from grid.spec import Spec
from grid.time.demand_shapes import demand_shape
from grid.units import W_PER_MW


class Radio(Spec):
    """A transceiver by the EARTH model [1]: ``P = p_0 + delta_p · P_out`` while it transmits, ``p_sleep`` asleep.

    The defaults are an active antenna of 64 channels: its idle and full power are figures that circulate for 5G
    equipment (unverified), and it sleeps at EARTH's share of idle power, 75 of 130 W. EARTH's own macro cell of 2010 is
    ``{p_0_w: 130, delta_p: 4.7, p_out_max_w: 20, p_sleep_w: 75}``, with six transceivers to a site.

    References:
        [1] G. Auer et al., "How much energy is needed to run a wireless network?", IEEE Wireless Communications,
            vol. 18, no. 5, pp. 40-49, 2011, equation 1 and table 2.
    """

    p_0_w: float = Field(default=630.0, gt=0, le=10_000)
    """Power at the least that it sends [W]."""
    delta_p: float = Field(default=2.5, ge=1, le=20)
    """Rise of its power with the power that it sends [1]."""
    p_out_max_w: float = Field(default=200.0, gt=0, le=2000)
    """Most power that it sends [W]."""
    p_sleep_w: float = Field(default=363.0, ge=0, le=10_000)
    """Power asleep [W]."""

    @property
    def full_w(self) -> float:
        """Power when it sends the most [W]."""
        return self.p_0_w + self.delta_p * self.p_out_max_w

    def mean_w(self, load: Floats, sleep_share: float) -> Floats:
        """Mean power at a load, which is the share of time in which it sends at full power, same shape [W].

        Args:
            load: Share of time, 0 to 1.
            sleep_share: Share of the rest that it sleeps [1]; 0 gives EARTH's straight line.
        """
        quiet_w = self.p_0_w + sleep_share * (self.p_sleep_w - self.p_0_w)
        return np.asarray(load * self.full_w + (1 - load) * quiet_w)


class BaseStation(Asset):
    """Sites of a 5G network: power grows with traffic, idle transceivers may sleep, and a battery bridges outages.

    What the battery holds beyond the reserve that an outage needs is free for the dispatch.
    """

    element: ClassVar[Element] = "load"
    kind: Literal["base_station"] = "base_station"
    """Base stations of a mobile network."""
    sites: int = Field(ge=1, le=1_000_000)
    """Number of sites."""
    transceivers: int = Field(default=3, ge=1, le=100)
    """Transceivers of a site: an active antenna for each of three sectors."""
    radio: Radio = Radio()
    """What each transceiver draws."""
    baseband_w: float = Field(default=300.0, ge=0, le=10_000)
    """Power of the baseband unit of a site, whatever the traffic [W] (unverified)."""
    mean_traffic: float = Field(default=0.3, ge=0, le=1)
    """Mean load of the radio, by the hour as in `grid/data/demand` [1] (unverified)."""
    sleep_share: float = Field(default=0.0, ge=0, le=1)
    """Share of its idle time that a transceiver sleeps [1]; 0: it never does."""
    backup_hours: float = Field(default=4.0, ge=0, le=48)
    """How long the batteries carry full traffic [h] (unverified)."""
    reserve_hours: float = Field(default=3.0, ge=0, le=48)
    """How much of that is kept for outages [h]."""

    @property
    def power_mw(self) -> float:
        """Power at full traffic [MW]."""
        return self.sites * (self.transceivers * self.radio.full_w + self.baseband_w) / W_PER_MW

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, and values out of order."""
        yield from super().faults(city, at)
        if self.radio.p_sleep_w > self.radio.p_0_w:
            rule = f"must not exceed p_0_w, {self.radio.p_0_w:g}"
            yield Fault(f"{at}.radio.p_sleep_w", rule, self.radio.p_sleep_w)
        if self.reserve_hours > self.backup_hours:
            rule = f"must not exceed backup_hours, {self.backup_hours:g}"
            yield Fault(f"{at}.reserve_hours", rule, self.reserve_hours)

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """The sites' demand, and their batteries where they hold more than the reserve."""
        clock = site.city.clock
        load = np.minimum(self.mean_traffic * demand_shape("mobile_traffic", clock, site.time_zone), 1.0)
        radio_w = self.transceivers * self.radio.mean_w(load, self.sleep_share)
        power = self.sites * (radio_w + self.baseband_w) / W_PER_MW
        demand = self.device(site, PerSlot(power), PerSlot(power), p_unmanaged_mw=power, gpc_code="I.2")
        if self.backup_hours <= self.reserve_hours:
            return (demand,)
        return (demand, *self._battery().parts(site))

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
