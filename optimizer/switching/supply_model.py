"""Which switches to close after a fault so that most energy is supplied: a mixed-integer linear programme.

Binaries say which branches of the area without supply are closed, to which of its ends each leads, and which of its
nodes are supplied; the supplied part is radial. Powers are those in the middle of a branch, for which the fall of the
squared voltage along it is linear [1]; half its losses are drawn at each end. Losses are bounded from below by tangents
at the highest voltage, currents from above by a polygon around the circle of the rating, and what a branch may carry by
all loads without supply drawn at the lowest voltage. All err on the side of more supply, so that the optimum bounds
what any switching state can supply within the limits of the AC power flow.

References:
    [1] M. E. Baran and F. F. Wu, "Optimal capacitor placement on radial distribution systems", IEEE Trans. Power
        Delivery, vol. 4, no. 1, pp. 725-734, 1989.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints

SIDES = 16
"""Sides of the polygon around the circle of a rating: at most 2 % outside of it."""
LEVELS = 2.5 ** -np.arange(4)
"""Powers at which losses have tangents, per the most that a branch may carry."""
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
        current_max: Most squared current of each branch, shape (L,) [pu²]; infinite without a limit.
        supplied: Nodes that are supplied anyway, shape (N,).
        closed: Branches between them that are closed and stay so, shape (L,).
        candidates: Branches that may be closed, with at least one end without supply.
        fixed: Candidates that cannot be opened: their ends are supplied together.
        barred: Nodes that stay without supply until the repair, shape (N,).
        steps: Steps of the grid's clock that are looked at, shape (T,).
        p: Active withdrawal of every node, with the losses of branches that carry current already, shape (T, N) [pu].
        q: The same of reactive power [pu].
        value: Energy of each node that counts as supplied, shape (N,) [MWh].
        square: Squared voltage of supplied nodes before anything is restored, shape (T, N) [pu²].
        offset: What the linear equation misses of the fall of the squared voltage along closed branches, shape (T, L).
        loss: Squared current of closed branches before anything is restored, whose losses `p` contains, shape (T, L).
        ratio_square: Squared ratio of the transformer at the "from" end, in per unit, shape (L,); 1 of lines.
        charging: Half of the susceptance between a branch and earth, which feeds in at each end, shape (L,) [pu].
        lowest: Lowest squared voltage that a supplied node may have [pu²].
        highest: Highest [pu²].
        most_along: Most power that a branch carries away from the supply, shape (T,) [pu].
        most_against: Most that it carries towards it, active "p" and reactive "q", shape (T,) each [pu].
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
    current_max: Floats
    supplied: Bools
    closed: Bools
    candidates: Ints
    fixed: Bools
    barred: Bools
    steps: Ints
    p: Floats
    q: Floats
    value: Floats
    square: Floats
    offset: Floats
    loss: Floats
    ratio_square: Floats
    charging: Floats
    lowest: float
    highest: float
    most_along: Floats
    most_against: Mapping[str, Floats]
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
    m.leads_to = pyo.Var(m.candidate, (0, 1), domain=pyo.Binary)
    m.opened = pyo.Var([k for k in case.candidates.tolist() if closed_before[k]], domain=pyo.NonNegativeReals)
    m.is_supplied = pyo.Var(m.dark, domain=pyo.Binary)
    m.leads = pyo.Var(m.source, domain=pyo.Binary)
    m.p = pyo.Var(m.branch, m.step)
    m.q = pyo.Var(m.branch, m.step)
    m.current = pyo.Var(m.branch, m.step)
    m.square = pyo.Var(m.node, m.step)
    m.p_source = pyo.Var(m.source, m.step)
    m.q_source = pyo.Var(m.source, m.step)
    m.charged = pyo.Set(initialize=[k for k in case.candidates.tolist() if case.charging[k] > 0])
    m.charging = pyo.Var(m.charged, m.step)
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


def effort_per_minute(case: SupplyCase) -> float:
    """What a minute of switching counts [MWh]."""
    effort = float(case.effort[case.candidates].sum())
    return EFFORT_SHARE * max(float(case.value.sum()), 1e-6) / effort if effort > 0 else 0.0


def _state(m: Any, node: int) -> Any:
    """Whether a node is supplied: 1 or a binary."""
    return m.is_supplied[node] if node in m.dark else 1


def _add_topology(m: Any, case: SupplyCase) -> None:
    """What is supplied is radial: one branch, or the source of an island, leads to each node.

    One unit of a made-up good reaches each of them, which no loop without a source can deliver.
    """
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    f, t, most = case.from_node, case.to_node, len(m.dark)
    m.ends = pyo.ConstraintList()
    m.one_way = pyo.ConstraintList()
    m.carries = pyo.ConstraintList()
    fixed, barred = set(np.flatnonzero(case.fixed).tolist()), set(np.flatnonzero(case.barred).tolist())
    leading: dict[int, list[Any]] = {node: [] for node in m.dark}
    for k in m.candidate:
        m.one_way.add(m.leads_to[k, 0] + m.leads_to[k, 1] == m.is_closed[k])
        for end, node in enumerate((int(f[k]), int(t[k]))):
            if node in leading:
                leading[node].append(m.leads_to[k, end])
                rest = m.is_supplied[node] - m.is_closed[k]
                m.ends.add(rest == 0 if k in fixed else rest >= 0)
            else:
                m.one_way.add(m.leads_to[k, end] == 0)
        m.carries.add(m.units[k] <= most * m.leads_to[k, 1] - m.leads_to[k, 0])
        m.carries.add(m.units[k] >= m.leads_to[k, 1] - most * m.leads_to[k, 0])
    m.reaches = pyo.ConstraintList()
    into = _incidence(m.candidate, f, t)
    for node in m.dark:
        here = [s for s in m.source if case.sources[s].bus == node]
        m.one_way.add(sum(leading[node]) + sum(m.leads[s] for s in here) == m.is_supplied[node])
        arriving = sum(sign * m.units[k] for k, sign in into.get(node, ()))
        m.reaches.add(arriving + sum(m.units_source[s] for s in here) == m.is_supplied[node])
        if node in barred:
            m.ends.add(m.is_supplied[node] == 0)


def _add_powers(m: Any, case: SupplyCase) -> None:
    """Powers balance at every node but those of the external grids; an open branch carries none."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    into = _incidence(m.branch, case.from_node, case.to_node)
    along, against = case.most_along, case.most_against
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
                    if name == "q":
                        own += sum(m.charging[k, step] for k, _ in into[node] if k in m.charged)
                    balance.add(arriving + own == float(drawn[step, node]) * _state(m, node))
            for k in m.candidate:
                to, back = m.leads_to[k, 1], m.leads_to[k, 0]
                carries.add(flow[k, step] <= float(along[step]) * to + float(against[name][step]) * back)
                carries.add(flow[k, step] >= -float(along[step]) * back - float(against[name][step]) * to)
    m.charges = pyo.ConstraintList()
    for k, step in m.charging:
        b = float(case.charging[k])
        m.charges.add(m.charging[k, step] <= b * case.highest * m.is_closed[k])
        m.charges.add(m.charging[k, step] >= b * case.lowest * m.is_closed[k])


def _add_losses(m: Any, case: SupplyCase) -> None:
    """Squared currents beyond those of before are at least the tangents of squared powers at the highest voltage."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.tangents = pyo.ConstraintList()
    for step in m.step:
        levels = (float(case.most_along[step]) * LEVELS).tolist()
        for k in m.branch:
            before = 0.0 if k in m.candidate else float(case.loss[step, k])
            m.tangents.add(m.current[k, step] >= -before)
            for level in levels:
                for sign in (1, -1):
                    both = 2 * sign * level * (m.p[k, step] + m.q[k, step] / 2) - 1.25 * level**2
                    m.tangents.add(m.current[k, step] >= both / case.highest - before)


def _add_voltages(m: Any, case: SupplyCase) -> None:
    """Squared voltages fall along closed branches and keep their limits; without supply a node has any between them."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.falls = pyo.ConstraintList()
    ratio = case.ratio_square
    most = float(max(case.square_max.max(), case.square.max()) * max(1.0, (1 / ratio).max()))
    most -= float(min(case.square_min.min(), case.square.min()) * min(1.0, (1 / ratio).min()))
    touched = set(_incidence(m.branch, case.from_node, case.to_node))
    for step in m.step:
        for k in m.branch:
            f, t = int(case.from_node[k]), int(case.to_node[k])
            fall = 2 * (float(case.resistance[k]) * m.p[k, step] + float(case.reactance[k]) * m.q[k, step])
            rest = m.square[t, step] - m.square[f, step] / float(ratio[k]) + fall - float(case.offset[step, k])
            if k in m.candidate:
                m.falls.add(rest <= most * (1 - m.is_closed[k]))
                m.falls.add(rest >= -most * (1 - m.is_closed[k]))
            else:
                m.falls.add(rest == 0)
        for node in m.node:
            if node not in touched:
                m.falls.add(m.square[node, step] >= 0)  # so that every variable is in a row
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
    """Squared currents stay below the limit, and apparent powers within a polygon around the circle of the rating."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    rating = np.sqrt(case.current_max * case.highest)
    m.rated = pyo.ConstraintList()
    angles = 2 * np.pi * (np.arange(SIDES) + 0.5) / SIDES
    for k in m.branch:
        if np.isfinite(rating[k]):
            for step in m.step:
                before = 0.0 if k in m.candidate else float(case.loss[step, k])
                m.current[k, step].setub(float(case.current_max[k]) - before)
                for angle in angles.tolist():
                    seen = float(np.cos(angle)) * m.p[k, step] + float(np.sin(angle)) * m.q[k, step]
                    m.rated.add(seen <= float(rating[k]))


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
    """Energy that is not supplied [MWh], and the effort of switching, which decides between equal states.

    A branch between nodes that both stay without supply is left as it is.
    """
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m.parted = pyo.ConstraintList()
    for k in m.opened:
        for node in (int(case.from_node[k]), int(case.to_node[k])):
            m.parted.add(m.opened[k] >= _state(m, node) - m.is_closed[k])
    missing = sum(float(case.value[node]) * (1 - m.is_supplied[node]) for node in m.dark)
    closes = [k for k in m.candidate if not closed_before[k]]
    switched = sum(float(case.effort[k]) * m.is_closed[k] for k in closes)
    switched += sum(float(case.effort[k]) * m.opened[k] for k in m.opened)
    return missing + effort_per_minute(case) * switched


def _incidence(branches: Any, from_node: Ints, to_node: Ints) -> dict[int, list[tuple[int, int]]]:
    """Branches at each node: 1 where their direction leads to it, else -1."""
    at: dict[int, list[tuple[int, int]]] = {}
    for k in branches:
        at.setdefault(int(to_node[k]), []).append((k, 1))
        at.setdefault(int(from_node[k]), []).append((k, -1))
    return at
