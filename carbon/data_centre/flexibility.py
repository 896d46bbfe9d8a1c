"""A data centre as the dispatch sees it: what it must draw, and work that can wait until later in the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from carbon.data_centre.simulate import Facility, FacilityModel
from grid.clock import Clock
from grid.flexibility import Flexibility, Reservoir, one_hot
from grid.series import Floats

SECTOR = "I.2"
"""GPC sub-sector of data centres: commercial and institutional buildings."""
PROBE = 1e-3
"""Share of rated IT power by which the marginal facility power is probed."""


@dataclass(frozen=True, eq=False)
class DataCentreLoad:
    """A data centre at a bus, ready for the dispatch.

    Deferrable work is one device a day: it may run at any time of its day, as fast as the hall's rating allows, and
    is done by the day's end. Its reservoir is IT energy, filled at the facility power that an IT megawatt costs
    under the day's weather.

    Args:
        model: The facility under the weather.
        clock: The time axis.
        bus: Place of its bus.
        n_buses: Number of buses B.
        p_it_mw: IT power before anything is shifted, shape (T,) [MW].
    """

    model: FacilityModel
    clock: Clock
    bus: int
    n_buses: int
    p_it_mw: Floats

    @property
    def name(self) -> str:
        """Name of the data centre."""
        return self.model.spec.name

    @property
    def deferrable_name(self) -> str:
        """Name of the flexibility that holds its deferrable work."""
        return f"{self.name}: deferrable work"

    @property
    def p_deferrable_it_mw(self) -> Floats:
        """IT power of the work that can wait, when nobody shifts it, shape (T,) [MW]."""
        return self.model.spec.deferrable_share * self.p_it_mw

    def marginal_facility_power(self) -> Floats:
        """Facility power per IT power at the load before shifting, shape (T,) [MW/MW]."""
        probe = np.minimum(PROBE * self.model.spec.p_it_rated_mw, self.p_it_mw)
        less = self.model.total_at(self.p_it_mw - probe)
        return (self.model.total_at(self.p_it_mw) - less) / np.maximum(probe, 1e-12)

    def flexibilities(self) -> tuple[Flexibility, ...]:
        """What must be drawn, and the deferrable work where there is any."""
        marginal = self.marginal_facility_power()
        movable = marginal * self.p_deferrable_it_mw
        required = self.model.total_at(self.p_it_mw) - movable
        base = Flexibility(
            name=self.name,
            kind="data_centre",
            clock=self.clock,
            shares=one_hot(np.array([self.bus]), self.n_buses),
            start=np.array([0]),
            stop=np.array([self.clock.n_steps]),
            p_min_mw=required,
            p_max_mw=required,
            p_unmanaged_mw=required,
            element="load",
            gpc_code=SECTOR,
        )
        return (base,) if not movable.any() else (base, self._deferrable(marginal, movable))

    def _deferrable(self, marginal: Floats, movable: Floats) -> Flexibility:
        """One device a day of the clock."""
        start = np.arange(0, self.clock.n_steps, self.clock.steps_per_day)
        stop = np.minimum(start + self.clock.steps_per_day, self.clock.n_steps)
        n = start.size
        room = self.model.spec.p_it_rated_mw - (self.p_it_mw - self.p_deferrable_it_mw)
        work = np.add.reduceat(self.p_deferrable_it_mw * self.clock.step_hours, start)
        return Flexibility(
            name=self.deferrable_name,
            kind="data_centre",
            clock=self.clock,
            shares=sparse.csr_array((np.ones(n), (np.arange(n), np.full(n, self.bus))), shape=(n, self.n_buses)),
            start=start,
            stop=stop,
            p_min_mw=np.zeros(self.clock.n_steps),
            p_max_mw=marginal * np.maximum(room, self.p_deferrable_it_mw),
            p_unmanaged_mw=movable,
            element="load",
            reservoir=Reservoir(
                e_start_mwh=np.zeros(n),
                e_end_mwh=work,
                e_min_mwh=np.zeros(n),
                e_max_mwh=work,
                eta_charge=1 / marginal,
                eta_discharge=np.ones(n),
                retention_per_step=np.ones(n),
                owner=np.arange(n),
                exact_end=True,
            ),
            gpc_code=SECTOR,
        )

    def facility(self, p_deferrable_mw: Floats | None) -> Facility:
        """The facility as dispatched.

        Args:
            p_deferrable_mw: Facility power of the deferrable work, shape (T,) [MW]; None if there is none.
        """
        if p_deferrable_mw is None:
            return self.model.at(self.p_it_mw)
        work = p_deferrable_mw / self.marginal_facility_power()
        return self.model.at(self.p_it_mw - self.p_deferrable_it_mw + np.maximum(work, 0.0))
