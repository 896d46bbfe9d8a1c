"""A stationary battery."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy import sparse

from grid.assets.base import Asset, Site
from grid.flexibility import Element, Flexibility, Reservoir


class Battery(Asset):
    """A battery that ends the period with at least the energy it began with."""

    element: ClassVar[Element] = "storage"
    kind: Literal["battery"] = "battery"
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
    wear_cost_per_mwh: float = Field(default=15.0, ge=0)
    """Cost of ageing per energy fed in [currency/MWh] (unverified)."""

    def flexibilities(self, site: Site) -> tuple[Flexibility, ...]:
        """One device over the whole clock; a battery with `where` is spread over its buses."""
        placement, clock = self.placement(site.city), site.city.clock
        n_buses = site.city.n_buses
        rows = np.zeros(placement.buses.size, dtype=np.int64)
        energy = np.array([self.soc_start * self.e_rated_mwh])
        efficiency = np.array([self.round_trip_efficiency**0.5])
        kept_per_day = 1 - self.standing_loss_percent_per_day / 100
        only = Flexibility(
            name=self.name,
            kind=self.kind,
            clock=clock,
            shares=sparse.csr_array((placement.shares, (rows, placement.buses)), shape=(1, n_buses)),
            start=np.array([0]),
            stop=np.array([clock.n_steps]),
            p_min_mw=np.array([-self.p_rated_mw]),
            p_max_mw=np.array([self.p_rated_mw]),
            element=self.element,
            reservoir=Reservoir(
                e_start_mwh=energy,
                e_end_mwh=energy,
                e_min_mwh=np.zeros(1),
                e_max_mwh=np.array([self.e_rated_mwh]),
                eta_charge=efficiency,
                eta_discharge=efficiency,
                retention_per_step=np.array([kept_per_day ** (clock.step_hours / 24)]),
                owner=np.array([0]),
            ),
            wear_cost_per_mwh=np.array([self.wear_cost_per_mwh]),
        )
        return (only,)
