"""Sessions of a whole fleet as a few columns of any programme, and their envelope.

A sum of envelopes ("virtual battery") is quicker than the decomposition and cannot always be delivered: `envelope` is
for estimates only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints, ratio, run_of
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot
from optimizer._highs import LinearProgram
from optimizer.aggregation.decomposition import Decomposition, PricedColumns, Schedules
from optimizer.aggregation.pricing import PricedSessions


@dataclass(frozen=True, eq=False)
class AggregatedFleet:
    """Sessions in groups; N sessions, K slots, G groups, T steps.

    Args:
        sessions: The sessions.
        group: Group of each session, shape (N,): the finest place that the rest of the programme tells apart.
        step: Step of each slot, shape (K,).
        n_groups: Number of groups.
        n_steps: Number of steps.
    """

    sessions: PricedSessions
    group: Ints
    step: Ints
    n_groups: int
    n_steps: int

    @classmethod
    def from_flexibility(cls, fleet: Flexibility, group: Ints | None = None) -> AggregatedFleet:
        """A fleet over its whole clock, in groups by bus unless told otherwise.

        Args:
            fleet: Devices with a reservoir that neither drains nor loses energy by standing.
            group: Group of each device, shape (N,).

        Raises:
            InputError: If the fleet is not of that kind.
        """
        store = fleet.reservoir
        if store is None or fleet.drain_mwh.any() or (store.retention_per_step != 1.0).any():
            raise InputError.single(fleet.name, "only stores without use and standing losses can be aggregated")
        if group is None:
            group = np.unique(np.asarray(fleet.shares.argmax(axis=1)).ravel(), return_inverse=True)[1]
        low, high = fleet.per_slot(fleet.p_min_mw), fleet.per_slot(fleet.p_max_mw)
        sessions = PricedSessions(
            offsets=fleet.offsets,
            charge_max_mw=np.maximum(high, 0.0),
            discharge_max_mw=np.maximum(-low, 0.0),
            e_start_mwh=store.e_start_mwh,
            e_low_mwh=store.e_min_mwh,
            e_high_mwh=store.e_max_mwh,
            e_due_low_mwh=store.e_end_mwh,
            e_due_high_mwh=store.e_end_mwh if store.exact_end else store.e_max_mwh,
            eta_charge=_by_device(store.eta_charge, fleet),
            eta_discharge=_by_device(store.eta_discharge, fleet),
            wear_per_mwh=fleet.wear_cost_per_mwh.copy(),
            step_hours=fleet.clock.step_hours,
        )
        return cls(sessions, group, fleet.step, int(group.max(initial=-1)) + 1, fleet.clock.n_steps)

    @property
    def slot_session(self) -> Ints:
        """Session of each slot, shape (K,)."""
        return run_of(np.diff(self.sessions.offsets))

    def by_group(self, p_mw: Floats) -> Floats:
        """Power by slot, shape (K,), summed to groups, shape (G, T)."""
        cell = self.group[self.slot_session] * self.n_steps + self.step
        total = np.bincount(cell, weights=p_mw, minlength=self.n_groups * self.n_steps)
        return total.astype(np.float64).reshape(self.n_groups, self.n_steps)


@dataclass(frozen=True, eq=False)
class AggregatedSolution:
    """The optimum of a programme with an aggregated fleet.

    Args:
        x: Values of the programme's own columns, shape (N,).
        charge_mw: Charging by slot, shape (K,) [MW].
        discharge_mw: Feed-in by slot, shape (K,) [MW].
        objective: Cost [currency].
        bound: What the cost cannot fall below [currency].
        rounds: Rounds of pricing.
        columns: Schedules in the programme, groups counted one by one.
    """

    x: Floats
    charge_mw: Floats
    discharge_mw: Floats
    objective: float
    bound: float
    rounds: int
    columns: int

    @property
    def gap(self) -> float:
        """Objective less bound, relative to the objective [1]."""
        return (self.objective - self.bound) / max(abs(self.objective), 1e-9)


def solve_aggregated(
    program: LinearProgram, power_columns: Ints, fleet: AggregatedFleet, *, gap: float = 1e-5
) -> AggregatedSolution:
    """Solves a programme in which some columns are the power of a fleet's groups.

    Args:
        program: Everything else. It must be able to supply any power of the fleet, if only at a penalty.
        power_columns: Columns of the net withdrawal of each group and step, shape (G, T); free in `program`.
        fleet: The fleet.
        gap: Relative gap at which to stop.

    Raises:
        SolverError: If the programme has no optimum, or the gap is not reached in `MAX_ROUNDS` rounds.
    """
    own_columns, n_rows, sessions = program.cost.size, program.row_lower.size, fleet.sessions
    session, n_slots = fleet.slot_session, fleet.step.size
    links = power_columns.size
    power = sparse.csr_array((np.ones(links), (np.arange(links), power_columns.ravel())), shape=(links, own_columns))
    own = LinearProgram(
        sparse.csr_array(sparse.vstack([program.matrix, power])), np.append(program.row_lower, np.zeros(links)),
        np.append(program.row_upper, np.zeros(links)), program.lower, program.upper, program.cost,
    )  # fmt: skip
    drawn = sparse.csr_array(
        (-np.ones(links), (n_rows + np.arange(links), np.arange(links))), shape=(n_rows + links, links)
    )
    cell = fleet.group[session] * fleet.n_steps + fleet.step
    wear = sessions.step_hours * sessions.wear_per_mwh[session]

    def cheapest(price: Floats) -> Schedules:
        powers = np.concatenate(sessions.cheapest(price[cell] / sessions.step_hours))
        used = np.flatnonzero(powers)
        return Schedules(used, powers[used])

    columns = PricedColumns(
        np.append(np.zeros(n_slots), wear), np.tile(cell, 2), np.repeat([1.0, -1.0], n_slots),
        np.repeat(np.arange(fleet.n_groups), fleet.n_steps), cheapest,
    )  # fmt: skip
    solver = Decomposition(own, drawn, columns, gap=gap)
    x = solver.solve()
    charge, discharge = x[own_columns:].reshape(2, n_slots)
    return AggregatedSolution(
        x[:own_columns],
        charge,
        discharge,
        solver.objective,
        solver.lower_bound,
        solver.pricing_rounds,
        solver.n_schedules,
    )


@dataclass(frozen=True, eq=False)
class Envelope:
    """What the groups could draw at most if their cars could swap energy: an estimate that cannot always be delivered.

    Args:
        p_max_mw: Most power, shape (G, T) [MW].
        e_low_mwh: Least energy charged by the end of each step, shape (G, T) [MWh].
        e_high_mwh: Most energy charged by the end of each step, shape (G, T) [MWh].
    """

    p_max_mw: Floats
    e_low_mwh: Floats
    e_high_mwh: Floats


def envelope(fleet: AggregatedFleet) -> Envelope:
    """The envelope of a fleet that only charges: as late, and as early, as each session may."""
    sessions, session = fleet.sessions, fleet.slot_session
    due = (sessions.e_due_low_mwh - sessions.e_start_mwh) / sessions.eta_charge / sessions.step_hours
    early, _ = sessions.cheapest(fleet.step.astype(np.float64))
    late, _ = sessions.cheapest(-fleet.step.astype(np.float64))
    owed = np.bincount(session, weights=late, minlength=due.size)
    late = late * ratio(due, owed, 0.0)[session]
    high, low = (np.cumsum(fleet.by_group(p), axis=1) * sessions.step_hours for p in (early, late))
    return Envelope(fleet.by_group(sessions.charge_max_mw), np.minimum(low, high), high)


def _by_device(efficiency: DeviceOrSlot, fleet: Flexibility) -> Floats:
    """An efficiency by device, shape (N,).

    Raises:
        InputError: If it changes during a session.
    """
    if not isinstance(efficiency, PerSlot):
        return efficiency.copy()
    first = efficiency.values[fleet.offsets[:-1]]
    if (efficiency.values != first[fleet.device]).any():
        raise InputError.single(fleet.name, "an efficiency that changes during a session cannot be aggregated")
    return first
