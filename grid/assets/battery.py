"""A stationary battery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.assets.base import Asset, Site
from grid.assets.feed_in import POWER_FACTOR_MIN, reactive_capability_mvar
from grid.city.city import City
from grid.errors import Fault
from grid.flexibility.flexibility import Element, Flexibility, Reservoir
from grid.spec import HIGHEST_PRICE

SENSIBLE_HOURS = (0.1, 200.0)
"""Energy over power of what is built, with a margin: beyond these one of the two has another unit."""


class Battery(Asset):
    """A battery that ends the period with at least the energy it began with."""

    element: ClassVar[Element] = "storage"
    kind: Literal["battery"] = "battery"
    """A stationary battery."""
    p_rated_mw: float = Field(gt=0)
    """Rated power of charging and of discharging, at the grid side of the inverter [MW]."""
    e_rated_mwh: float = Field(gt=0)
    """Usable energy [MWh]."""
    round_trip_efficiency: float = Field(default=0.88, gt=0, le=1)
    """Grid to grid, inverter included [1]. Default: 0.85-0.90 is usual for lithium-ion systems (unverified)."""
    standing_loss_percent_per_day: float = Field(default=0.1, ge=0, lt=100)
    """Share of the stored energy lost in a day [%/day]. Default: 2-3 % a month for lithium-ion (unverified)."""
    soc_start: float = Field(default=0.5, ge=0, le=1)
    """State of charge at the start, and least at the end [1]."""
    reserve_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the energy that is kept for emergencies and never sold [1]."""
    wear_cost_per_mwh: float = Field(default=15.0, ge=0, le=HIGHEST_PRICE)
    """Cost of ageing per energy fed in [currency/MWh] (unverified)."""
    power_factor_min: float = Field(default=POWER_FACTOR_MIN, gt=0, le=1)
    """Least power factor at rated power, which sizes the inverter [1]; 1 gives no reactive power."""

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """Those of the placement, a start below the reserve, and a rating and an energy of different units."""
        yield from super().faults(city, at)
        hours = self.e_rated_mwh / self.p_rated_mw
        if hours < SENSIBLE_HOURS[0]:
            rule = f"would empty {self.e_rated_mwh:g} MWh in {60 * hours:.2g} minutes; the unit is MW"
            yield Fault(f"{at}.p_rated_mw", rule, self.p_rated_mw, f"{self.p_rated_mw / 1000:g}")
        elif hours > SENSIBLE_HOURS[1]:
            rule = f"would last {hours:,.0f} hours at {self.p_rated_mw:g} MW; the unit is MWh"
            yield Fault(f"{at}.e_rated_mwh", rule, self.e_rated_mwh, f"{self.e_rated_mwh / 1000:g}")
        if self.soc_start < self.reserve_share:
            yield Fault(
                f"{at}.soc_start", f"must not be less than reserve_share, {self.reserve_share:g}", self.soc_start
            )

    @property
    def power_mw(self) -> float:
        """Rated power [MW]."""
        return self.p_rated_mw

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device over the whole clock; a battery with `where` is spread over its buses."""
        clock = site.city.clock
        energy = np.array([self.soc_start * self.e_rated_mwh])
        efficiency = np.array([self.round_trip_efficiency**0.5])
        kept_per_day = 1 - self.standing_loss_percent_per_day / 100
        only = self.device(
            site,
            np.array([-self.p_rated_mw]),
            np.array([self.p_rated_mw]),
            reservoir=Reservoir(
                e_start_mwh=energy,
                e_end_mwh=energy,
                e_min_mwh=np.array([self.reserve_share * self.e_rated_mwh]),
                e_max_mwh=np.array([self.e_rated_mwh]),
                eta_charge=efficiency,
                eta_discharge=efficiency,
                retention_per_step=np.array([kept_per_day ** (clock.step_hours / 24)]),
                owner=np.array([0]),
            ),
            wear_cost_per_mwh=np.array([self.wear_cost_per_mwh]),
            q_max_mvar=np.array([reactive_capability_mvar(self.p_rated_mw, self.power_factor_min)]),
        )
        return (only,)
