"""Which switches to close after a fault so that most energy is supplied: a mixed-integer linear programme.

Binaries say which branches of the area without supply are closed and which of its nodes are supplied; the supplied part
is radial. Powers are those in the middle of a branch, for which the fall of the squared voltage along it is linear [1];
half its losses are drawn at each end. Losses are bounded from below by tangents at the highest voltage, and currents
from above by a polygon around the circle of the rating. Both err on the side of more supply, so that the optimum bounds
what any switching state can supply within the limits of the AC power flow, where voltages fall and currents grow with
load.

References:
    [1] M. E. Baran and F. F. Wu, "Optimal capacitor placement on radial distribution systems", IEEE Trans. Power
        Delivery, vol. 4, no. 1, pp. 725-734, 1989.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints

SIDES = 16
"""Sides of the polygon around the circle of a rating: at most 2 % outside of it."""
LEVELS = 2.0 ** (-np.arange(11) / 2)
"""Powers at which losses have tangents, per the power of all loads."""
EFFORT_SHARE = 1e-4
"""What all switching together counts, of the energy that could be supplied: it decides between equal states only."""


@dataclass(frozen=True, eq=False)
class IslandSource:
    """A store or plant that can supply an island by itself.

    Args:
        name: Its name.
        bus: Place of its bus.
        p_max_mw: Most power that it gives or takes [MW].
        q_max_mvar: Most reactive power, either way [MVAr].
        e_mwh: Energy that it can give [MWh]; infinite for a plant with fuel.
    """

    name: str
    bus: int
    p_max_mw: float
    q_max_mvar: float
    e_mwh: float


@dataclass(frozen=True, eq=False)
class SupplyCase:
    """What the programme is made of: N nodes, L branches, T steps, in per unit of the base power.

    Args:
        from_node: Node at the "from" end of each branch, shape (L,).
        to_node: Node at the "to" end, shape (L,).
        resistance: Series resistance, shape (L,) [pu].
        reactance: Series reactance, shape (L,) [pu].
        rating: Most apparent power of each branch at the highest voltage, shape (L,) [pu]; infinite without a limit.
        supplied: Nodes that are supplied anyway, shape (N,).
        closed: Branches between them that are closed and stay so, shape (L,).
        candidates: Branches that may be closed, with at least one end without supply.
        fixed: Candidates that cannot be opened: their ends are supplied together.
        barred: Nodes that stay without supply until the repair, shape (N,).
        p: Active withdrawal of every node, with the losses of branches that carry current already, shape (T, N) [pu].
        q: The same of reactive power [pu].
        value: Energy of each node that counts as supplied, shape (N,) [MWh].
        square: Squared voltage of supplied nodes before anything is restored, shape (T, N) [pu²].
        offset: What the linear equation misses of the fall of the squared voltage along closed branches, shape (T, L).
        loss: Squared current of closed branches before anything is restored, whose losses `p` contains, shape (T, L).
        square_min: Lower limit of the squared voltage, shape (N,) [pu²].
        square_max: Upper limit, shape (N,) [pu²].
        effort: Time that switching each branch takes, shape (L,).
        step_hours: Length of a step [h].
        sources: Sources of islands, with node instead of bus and powers in per unit.
    """

    from_node: Ints
    to_node: Ints
    resistance: Floats
    reactance: Floats
    rating: Floats
    supplied: Bools
    closed: Bools
    candidates: Ints
    fixed: Bools
    barred: Bools
    p: Floats
    q: Floats
    value: Floats
    square: Floats
    offset: Floats
    loss: Floats
    square_min: Floats
    square_max: Floats
    effort: Floats
    step_hours: float
    sources: Sequence[IslandSource] = ()


def supply_model(case: SupplyCase, closed_before: Bools) -> Any:
    """The programme as a Pyomo model; it minimises the energy that is not supplied, and then the effort of switching.

    Args:
        case: The case.
        closed_before: Branches that were closed before the fault, shape (L,): to leave them so is no effort.
    """
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m = pyo.ConcreteModel()
    dark = np.flatnonzero(~case.supplied).tolist()
    branches = [*np.flatnonzero(case.closed).tolist(), *case.candidates.tolist()]
    m.step = pyo.RangeSet(0, len(case.p) - 1)
    m.node = pyo.Set(initialize=range(case.supplied.size))
    m.dark = pyo.Set(initialize=dark)
    m.branch = pyo.Set(initialize=branches)
    m.candidate = pyo.Set(initialize=case.candidates.tolist())
    m.source = pyo.RangeSet(0, len(case.sources) - 1)
    m.is_closed = pyo.Var(m.candidate, domain=pyo.Binary)
    m.is_supplied = pyo.Var(m.dark, domain=pyo.Binary)
    m.leads = pyo.Var(m.source, domain=pyo.Binary)
    m.p = pyo.Var(m.branch, m.step)
    m.q = pyo.Var(m.branch, m.step)
    m.current = pyo.Var(m.branch, m.step)
    m.square = pyo.Var(m.node, m.step)
    m.p_source = pyo.Var(m.source, m.step)
    m.q_source = pyo.Var(m.source, m.step)
    m.units = pyo.Var(m.candidate)
    m.units_source = pyo.Var(m.source)
    _add_topology(m, case)
    _add_powers(m, case)
    _add_losses(m, case)
    _add_voltages(m, case)
    _add_ratings(m, case)
    _add_sources(m, case)
    m.cost = pyo.Objective(expr=_cost(m, case, closed_before))
    return m


def _state(m: Any, node: int) -> Any:
    """Whether a node is supplied: 1 or a binary."""
    return m.is_supplied[node] if node in m.dark else 1


def _add_topology(m: Any, case: SupplyCase) -> None:
    """What is supplied is radial, and a source leads to it: one unit of a made-up good reaches every supplied node."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    f, t, most = case.from_node, case.to_node, len(m.dark)
    m.both_ends = pyo.ConstraintList()
    for k in m.candidate:
        for node in {int(f[k]), int(t[k])} & set(m.dark):
            m.both_ends.add(m.is_closed[k] <= m.is_supplied[node])
    m.together = pyo.ConstraintList()
    for k in case.candidates[case.fixed[case.candidates]].tolist():
        for node in {int(f[k]), int(t[k])} & set(m.dark):
            m.together.add(m.is_closed[k] == m.is_supplied[node])
    m.stays_dark = pyo.ConstraintList()
    for node in set(m.dark) & set(np.flatnonzero(case.barred).tolist()):
        m.stays_dark.add(m.is_supplied[node] == 0)
    m.radial = pyo.Constraint(
        expr=sum(m.is_closed[k] for k in m.candidate)
        == sum(m.is_supplied[node] for node in m.dark) - sum(m.leads[s] for s in m.source)
    )
    m.carries = pyo.ConstraintList()
    for k in m.candidate:
        m.carries.add(m.units[k] <= most * m.is_closed[k])
        m.carries.add(m.units[k] >= -most * m.is_closed[k])
    m.reaches = pyo.ConstraintList()
    into = _incidence(m.candidate, f, t)
    for node in m.dark:
        arriving = sum(sign * m.units[k] for k, sign in into.get(node, ()))
        own = sum(m.units_source[s] for s in m.source if case.sources[s].bus == node)
        m.reaches.add(arriving + own == m.is_supplied[node])


def _add_powers(m: Any, case: SupplyCase) -> None:
    """Powers balance at every node but those of the external grids; an open branch carries none."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    into = _incidence(m.branch, case.from_node, case.to_node)
    most = {"p": np.nansum(np.abs(case.p)), "q": np.nansum(np.abs(case.q))}
    for name, drawn, ohmic in (("p", case.p, case.resistance), ("q", case.q, case.reactance)):
        flow, source = getattr(m, name), getattr(m, f"{name}_source")
        balance, carries = pyo.ConstraintList(), pyo.ConstraintList()
        setattr(m, f"{name}_balance", balance)
        setattr(m, f"{name}_carries", carries)
        for step in m.step:
            for node in m.node:
                if node in into and not np.isnan(drawn[step, node]):
                    arriving = sum(
                        sign * flow[k, step] - float(ohmic[k]) / 2 * m.current[k, step] for k, sign in into[node]
                    )
                    own = sum(source[s, step] for s in m.source if case.sources[s].bus == node)
                    balance.add(arriving + own == float(drawn[step, node]) * _state(m, node))
            for k in m.candidate:
                carries.add(flow[k, step] <= float(most[name]) * m.is_closed[k])
                carries.add(flow[k, step] >= -float(most[name]) * m.is_closed[k])


def _add_losses(m: Any, case: SupplyCase) -> None:
    """Squared currents beyond those of before are at least the tangents of squared powers at the highest voltage."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.tangents = pyo.ConstraintList()
    highest = float(case.square.max(initial=1.0))
    drawn = float(np.hypot(np.nansum(np.abs(case.p), axis=1), np.nansum(np.abs(case.q), axis=1)).max())
    for step in m.step:
        for k in m.branch:
            before = 0.0 if k in m.candidate else float(case.loss[step, k])
            m.tangents.add(m.current[k, step] >= -before)
            for level in (drawn * LEVELS).tolist():
                for sign in (1, -1):
                    p_part = 2 * sign * level * m.p[k, step] - level**2
                    m.tangents.add(m.current[k, step] >= p_part / highest - before)
                    both = (2 * sign * level * (m.p[k, step] + m.q[k, step] / 2) - 1.25 * level**2) / highest
                    m.tangents.add(m.current[k, step] >= both - before)


def _add_voltages(m: Any, case: SupplyCase) -> None:
    """Squared voltages fall along closed branches and keep their limits; without supply a node has any between them."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.falls = pyo.ConstraintList()
    most = float(max(case.square_max.max(), case.square.max()) - min(case.square_min.min(), case.square.min()))
    for step in m.step:
        for k in m.branch:
            f, t = int(case.from_node[k]), int(case.to_node[k])
            fall = 2 * (float(case.resistance[k]) * m.p[k, step] + float(case.reactance[k]) * m.q[k, step])
            rest = m.square[t, step] - m.square[f, step] + fall - float(case.offset[step, k])
            if k in m.candidate:
                m.falls.add(rest <= most * (1 - m.is_closed[k]))
                m.falls.add(rest >= -most * (1 - m.is_closed[k]))
            else:
                m.falls.add(rest == 0)
        for node in m.node:
            if np.isnan(case.p[step, node]):  # an external grid holds it
                low = high = float(case.square[step, node])
                m.square[node, step].setlb(low)
                m.square[node, step].setub(high)
                continue
            low, high = float(case.square_min[node]), float(case.square_max[node])
            if case.supplied[node]:  # what was beyond a limit before may stay so, but not fall further
                before = float(case.square[step, node])
                low, high = min(low, before), max(high, before)
            m.square[node, step].setlb(low)
            m.square[node, step].setub(high)


def _add_ratings(m: Any, case: SupplyCase) -> None:
    """Apparent powers stay within a polygon around the circle of the rating."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.rated = pyo.ConstraintList()
    angles = 2 * np.pi * (np.arange(SIDES) + 0.5) / SIDES
    for k in m.branch:
        if np.isfinite(case.rating[k]):
            for step in m.step:
                for angle in angles.tolist():
                    seen = float(np.cos(angle)) * m.p[k, step] + float(np.sin(angle)) * m.q[k, step]
                    m.rated.add(seen <= float(case.rating[k]))


def _add_sources(m: Any, case: SupplyCase) -> None:
    """A source that leads an island holds its voltage and gives what it has; the others give nothing here."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.gives = pyo.ConstraintList()
    for s, source in enumerate(case.sources):
        m.gives.add(m.units_source[s] <= len(m.dark) * m.leads[s])
        m.gives.add(m.units_source[s] >= 0)
        m.gives.add(m.leads[s] <= m.is_supplied[source.bus])
        for step in m.step:
            for power, most in ((m.p_source[s, step], source.p_max_mw), (m.q_source[s, step], source.q_max_mvar)):
                m.gives.add(power <= float(most) * m.leads[s])
                m.gives.add(power >= -float(most) * m.leads[s])
            m.gives.add(m.square[source.bus, step] <= 1 + 4 * (1 - m.leads[s]))
            m.gives.add(m.square[source.bus, step] >= m.leads[s])
        if np.isfinite(source.e_mwh):
            given = sum(m.p_source[s, step] for step in m.step) * case.step_hours
            m.gives.add(given <= float(source.e_mwh))


def _cost(m: Any, case: SupplyCase, closed_before: Bools) -> Any:
    """Energy that is not supplied [MWh], and the effort of switching, which decides between equal states."""
    missing = sum(float(case.value[node]) * (1 - m.is_supplied[node]) for node in m.dark)
    effort = case.effort[case.candidates].sum()
    if effort <= 0:
        return missing
    per_effort = EFFORT_SHARE * max(float(case.value.sum()), 1e-6) / float(effort)
    switched = sum(
        float(case.effort[k]) * ((1 - m.is_closed[k]) if closed_before[k] else m.is_closed[k]) for k in m.candidate
    )
    return missing + per_effort * switched


def _incidence(branches: Any, from_node: Ints, to_node: Ints) -> dict[int, list[tuple[int, int]]]:
    """Branches at each node: 1 where their direction leads to it, else -1."""
    at: dict[int, list[tuple[int, int]]] = {}
    for k in branches:
        at.setdefault(int(to_node[k]), []).append((k, 1))
        at.setdefault(int(from_node[k]), []).append((k, -1))
    return at
