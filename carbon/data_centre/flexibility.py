"""A data centre as the dispatch sees it: what it must draw, and work that can wait until later in the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from carbon.data_centre.facility import Facility, FacilityModel
from grid.arrays import Floats, Ints, rank_in_run, run_of
from grid.flexibility.flexibility import Flexibility, Reservoir, one_device, one_hot
from grid.flexibility.per_slot import PerSlot
from grid.sharing import shared
from grid.time.clock import Clock

SECTOR = "I.2"
"""GPC sub-sector of data centres: commercial and institutional buildings."""
PROBE = 1e-3
"""Share of rated IT power by which the marginal facility power is probed."""


@dataclass(frozen=True, eq=False)
class DataCentreLoad:
    """A data centre at a bus, ready for the dispatch.

    Deferrable work is one device a batch, its reservoir is IT energy, filled at the facility power that an IT megawatt
    costs under the weather of the hour: where it is hot, work costs more. Without a deadline a batch is a day's work,
    which may run at any time of its day, as fast as the hall's rating allows. With `deadline_hours` a batch is what
    arrives in half of it; no work runs before it has arrived, and all is done within the deadline of the batch's
    first. While it arrives it may run or wait; what has waited takes the room that the load before shifting leaves.

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

    @shared()
    def flexibilities(self) -> tuple[Flexibility, ...]:
        """What must be drawn, and the deferrable work where there is any."""
        marginal = self.marginal_facility_power()
        movable = marginal * self.p_deferrable_it_mw
        required = self.model.total_at(self.p_it_mw) - movable
        base = one_device(
            self.name,
            "data_centre",
            self.clock,
            one_hot(np.array([self.bus]), self.n_buses),
            PerSlot(required),
            PerSlot(required),
            p_unmanaged_mw=required,
            element="load",
            gpc_code=SECTOR,
        )
        return (base,) if not movable.any() else (base, self._deferrable(marginal, movable))

    def _batches(self) -> tuple[Ints, Ints, Ints]:
        """First step of each batch, the step after it has arrived, and the step by which it is done, (N,) each."""
        clock, deadline = self.clock, self.model.spec.deadline_hours
        if deadline is None:
            start = np.arange(0, clock.n_steps, clock.steps_per_day)
            stop = np.minimum(start + clock.steps_per_day, clock.n_steps)
            return start, stop, stop
        waits = max(1, int(deadline / clock.step_hours + 1e-9))
        arriving = max(1, waits // 2)
        start = np.arange(0, clock.n_steps, arriving)
        return start, np.minimum(start + arriving, clock.n_steps), np.minimum(start + 2 * arriving, clock.n_steps)

    def _deferrable(self, marginal: Floats, movable: Floats) -> Flexibility:
        """One device a batch; slots are (device, step) pairs."""
        start, arrived, stop = self._batches()
        n = start.size
        device = run_of(stop - start)
        step = rank_in_run(stop - start) + start[device]
        waiting = step >= arrived[device]
        room = self.model.spec.p_it_rated_mw - (self.p_it_mw - self.p_deferrable_it_mw)
        most = np.maximum(room, self.p_deferrable_it_mw)
        if self.model.spec.deadline_hours is not None:  # two batches share each step: one arrives, one waits
            free = np.maximum(self.model.spec.p_it_rated_mw - self.p_it_mw, 0.0)
            most_by_slot = np.where(waiting, free[step], self.p_deferrable_it_mw[step])
        else:
            most_by_slot = most[step]
        work = np.add.reduceat(self.p_deferrable_it_mw * self.clock.step_hours, start)
        return Flexibility(
            name=self.deferrable_name,
            kind="data_centre",
            clock=self.clock,
            shares=sparse.csr_array((np.ones(n), (np.arange(n), np.full(n, self.bus))), shape=(n, self.n_buses)),
            start=start,
            stop=stop,
            p_min_mw=np.zeros(n),
            p_max_mw=PerSlot(marginal[step] * most_by_slot),
            p_unmanaged_mw=np.where(waiting, 0.0, movable[step]),
            element="load",
            reservoir=Reservoir(
                e_start_mwh=np.zeros(n),
                e_end_mwh=work,
                e_min_mwh=np.zeros(n),
                e_max_mwh=work,
                eta_charge=PerSlot(1 / marginal[step]),
                eta_discharge=np.ones(n),
                retention_per_step=np.ones(n),
                owner=np.arange(n),
                holds="work",
                exact_end=True,
            ),
            gpc_code=SECTOR,
        )

    def by_step(self, p_deferrable_mw: Floats) -> Floats:
        """Facility power of the deferrable work by slot, shape (K,) [MW], summed to steps, shape (T,) [MW]."""
        start, _, stop = self._batches()
        lengths = stop - start
        step = rank_in_run(lengths) + np.repeat(start, lengths)
        return np.bincount(step, weights=p_deferrable_mw, minlength=self.clock.n_steps).astype(np.float64)

    @shared()
    def facility(self, p_deferrable_mw: Floats | None) -> Facility:
        """The facility as dispatched.

        Args:
            p_deferrable_mw: Facility power of the deferrable work by slot, shape (K,) [MW]; None if there is none.
        """
        if p_deferrable_mw is None:
            return self.model.at(self.p_it_mw)
        work = self.by_step(p_deferrable_mw) / self.marginal_facility_power()
        return self.model.at(self.p_it_mw - self.p_deferrable_it_mw + np.maximum(work, 0.0))
