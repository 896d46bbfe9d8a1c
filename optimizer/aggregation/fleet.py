"""Thousands of sessions as a few columns: exact aggregation by Dantzig-Wolfe decomposition [1].

What a group of sessions can draw together over time is a convex set. Its vertices are schedules that are cheapest at
some prices, and those are found session by session without a solver (`optimizer.aggregation.pricing`). The rest of the
programme sees only a convex combination of such schedules; its duals are the prices of the next ones. The combination
of whole schedules is a schedule of every session by itself, so the answer can always be delivered.

A sum of envelopes ("virtual battery") is quicker and cannot always be delivered: `envelope` is for estimates only.

References:
    [1] G. B. Dantzig, P. Wolfe, "Decomposition principle for linear programs", Operations Research, vol. 8, 1960;
        stabilised as in P. Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming",
        International Transactions in Operational Research, vol. 4, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from optimizer._highs import LinearProgram, Solver, SolverError
from optimizer.aggregation.pricing import PricedSessions

SMOOTHING = 0.6
"""Weight of the best prices so far against the newest duals."""
MAX_ROUNDS = 300


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
    def of(cls, fleet: Flexibility, group: Ints | None = None) -> AggregatedFleet:
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
        n, low, high = fleet.n_devices, fleet.per_slot(fleet.p_min_mw), fleet.per_slot(fleet.p_max_mw)
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
            wear_per_mwh=np.broadcast_to(fleet.wear_cost_per_mwh, (n,)).copy(),
            step_hours=fleet.clock.step_hours,
        )
        return cls(sessions, group, fleet.step, int(group.max(initial=-1)) + 1, fleet.clock.n_steps)

    @property
    def slot_session(self) -> Ints:
        """Session of each slot, shape (K,)."""
        return np.repeat(np.arange(self.group.size), np.diff(self.sessions.offsets))

    def vertex(self, price_per_mwh: Floats) -> Vertex:
        """The cheapest schedule of every session at the prices of its group, shape (G, T) [currency/MWh]."""
        session = self.slot_session
        charge, discharge = self.sessions.cheapest(price_per_mwh[self.group[session], self.step])
        wear = self.sessions.step_hours * discharge * self.sessions.wear_per_mwh[session]
        cost = np.bincount(self.group[session], weights=wear, minlength=self.n_groups).astype(np.float64)
        return Vertex(charge, discharge, self.by_group(charge - discharge), cost)

    def by_group(self, p_mw: Floats) -> Floats:
        """Power by slot, shape (K,), summed to groups, shape (G, T)."""
        cell = self.group[self.slot_session] * self.n_steps + self.step
        total = np.bincount(cell, weights=p_mw, minlength=self.n_groups * self.n_steps)
        return total.astype(np.float64).reshape(self.n_groups, self.n_steps)


@dataclass(frozen=True, eq=False)
class Vertex:
    """One schedule of every session.

    Args:
        charge_mw: Charging by slot, shape (K,) [MW].
        discharge_mw: Feed-in by slot, shape (K,) [MW].
        p_mw: Net withdrawal of the groups, shape (G, T) [MW].
        cost: Wear of the groups, shape (G,) [currency].
    """

    charge_mw: Floats
    discharge_mw: Floats
    p_mw: Floats
    cost: Floats


@dataclass(frozen=True, eq=False)
class Aggregated:
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
) -> Aggregated:
    """Solves a programme in which some columns are the power of a fleet's groups.

    Args:
        program: Everything else. It must be able to supply any power of the fleet, if only at a penalty.
        power_columns: Columns of the net withdrawal of each group and step, shape (G, T); free in `program`.
        fleet: The fleet.
        gap: Relative gap at which to stop.

    Raises:
        SolverError: If the programme has no optimum, or the gap is not reached in `MAX_ROUNDS` rounds.
    """
    master = _Master(program, power_columns)
    first = fleet.vertex(np.zeros((fleet.n_groups, fleet.n_steps)))
    vertices = [first]
    master.add(first)
    x, price, value = master.optimum()
    steady, bound = price, -np.inf
    for round_ in range(1, MAX_ROUNDS + 1):
        exact = fleet.vertex(price / fleet.sessions.step_hours)
        lagrangian = master.objective + float(_improves(exact, price, value).sum())
        if lagrangian > bound:
            bound, steady = lagrangian, price
        if master.objective - bound <= gap * max(abs(master.objective), 1e-9):
            charge, discharge = _combined(fleet, vertices, master.weights())
            return Aggregated(x, charge, discharge, master.objective, bound, round_, master.n_schedules)
        trial = fleet.vertex((SMOOTHING * steady + (1 - SMOOTHING) * price) / fleet.sessions.step_hours)
        found = trial if _improves(trial, price, value).any() else exact
        vertices.append(found)
        master.add(found)
        x, price, value = master.optimum()
    raise SolverError(f"the aggregation of the fleet kept a gap of {(master.objective - bound):g}")


def _improves(vertex: Vertex, price: Floats, value: Floats) -> Floats:
    """Reduced cost of each group's schedule where it is negative, shape (G,)."""
    return np.asarray(np.minimum(vertex.cost + (price * vertex.p_mw).sum(axis=1) - value, 0.0))


def _combined(fleet: AggregatedFleet, vertices: list[Vertex], weights: Floats) -> tuple[Floats, Floats]:
    """The schedule of every session: the same combination as its group's; `weights` has shape (vertices, G)."""
    group = fleet.group[fleet.slot_session]
    charge, discharge = np.zeros((2, group.size))
    for vertex, weight in zip(vertices, weights, strict=True):
        if weight.any():
            charge += weight[group] * vertex.charge_mw
            discharge += weight[group] * vertex.discharge_mw
    return charge, discharge


class _Master(Solver):
    """The programme with rows that link the groups' power to combinations of schedules.

    Args:
        program: The rest of the programme.
        power_columns: Columns of the groups' power, shape (G, T).
    """

    def __init__(self, program: LinearProgram, power_columns: Ints) -> None:
        self._n_groups, self._n_steps = power_columns.shape
        links = power_columns.size
        self._first_link, self._own_columns = program.row_lower.size, program.cost.size
        link = sparse.csr_array(
            (np.ones(links), (np.arange(links), power_columns.ravel())), shape=(links, program.cost.size)
        )
        convex = sparse.csr_array((self._n_groups, program.cost.size))
        sides = np.concatenate([np.zeros(links), np.ones(self._n_groups)])
        super().__init__(
            LinearProgram(
                sparse.csr_array(sparse.vstack([program.matrix, link, convex])),
                np.concatenate([program.row_lower, sides]),
                np.concatenate([program.row_upper, sides]),
                program.lower,
                program.upper,
                program.cost,
            )
        )
        self.n_schedules = 0
        self._value: Floats = np.empty(0)

    def add(self, vertex: Vertex) -> None:
        """Adds a schedule of every group."""
        used = vertex.p_mw != 0.0
        lengths = used.sum(axis=1) + 1
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        index = np.empty(lengths.sum(), dtype=np.int32)
        value = np.empty(lengths.sum())
        convex = starts + lengths - 1
        group, step = np.nonzero(used)
        at = np.ones(index.size, dtype=bool)
        at[convex] = False
        index[at], value[at] = self._first_link + group * self._n_steps + step, -vertex.p_mw[used]
        index[convex], value[convex] = self._first_link + used.size + np.arange(self._n_groups), 1.0
        self.highs.addCols(
            self._n_groups, vertex.cost, np.zeros(self._n_groups), np.full(self._n_groups, np.inf),
            index.size, starts.astype(np.int32), index, value,
        )  # fmt: skip
        self.n_schedules += self._n_groups

    def optimum(self) -> tuple[Floats, Floats, Floats]:
        """Values of the own columns; prices of the groups' power, shape (G, T); what each group costs, shape (G,)."""
        self._value = self.solve()
        solution = self.highs.getSolution()
        dual = np.array(solution.row_dual)[self._first_link :]
        links = self._n_groups * self._n_steps
        price = dual[:links].reshape(self._n_groups, self._n_steps)
        return self._value[: self._own_columns], price, dual[links:]

    def weights(self) -> Floats:
        """Share of each schedule in its group, shape (vertices, G)."""
        return self._value[self._own_columns :].reshape(-1, self._n_groups)


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
    late = late * np.divide(due, owed, out=np.zeros_like(due), where=owed > 0)[session]
    high, low = (np.cumsum(fleet.by_group(p), axis=1) * sessions.step_hours for p in (early, late))
    return Envelope(fleet.by_group(sessions.charge_max_mw), np.minimum(low, high), high)


def _by_device(values: Floats, fleet: Flexibility) -> Floats:
    """An efficiency by device, shape (N,).

    Raises:
        InputError: If it changes during a session.
    """
    if values.size != fleet.n_slots or fleet.n_slots == fleet.n_devices:
        return np.broadcast_to(values, (fleet.n_devices,)).copy()
    first = values[fleet.offsets[:-1]]
    if (values != first[fleet.device]).any():
        raise InputError.single(fleet.name, "an efficiency that changes during a session cannot be aggregated")
    return first
