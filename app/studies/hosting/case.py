"""Something that grows at a bus: which limits it breaks, and which one by most."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from app.simulation.limits import GridLimits
from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.extremes import extremes
from grid.powerflow.powerflow import voltages
from grid.time.clock import Clock

NO_LIMIT = 1e9
"""What stands for a limit where there is none, in any unit."""


@dataclass(frozen=True)
class Binding:
    """What stops it from being one increment larger.

    Args:
        element: Name of the bus or branch, or ``city``.
        quantity: ``vm_pu``, ``loading_percent``, ``import_mw`` or ``power_flow``.
        value: What would be seen.
        limit: What it should not pass.
        step: Step in which that is worst.
        outage: Name of the lost branch; empty in the intact grid.
    """

    element: str
    quantity: str
    value: float
    limit: float
    step: int
    outage: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """Something that grows at a bus, such as a data centre or a fleet; T steps.

    Args:
        network: The network.
        clock: The time axis.
        others: Withdrawal of everything else.
        bus: Place of the bus.
        p_per_unit_mw: Withdrawal per unit of its size, shape (T,) [MW]; negative where it feeds in.
        limits: Limits of the grid, without tolerances.
    """

    network: Network
    clock: Clock
    others: Injections
    bus: int
    p_per_unit_mw: Floats
    limits: GridLimits

    def injections(self, size: float) -> Injections:
        """Withdrawal of all with one of that size."""
        shape = (self.others.n_buses, 1)
        p = sparse.csr_array(([size], ([self.bus], [0])), shape=shape)
        return self.others.plus(Injections(self.p_per_unit_mw[None, :], p, sparse.csr_array(shape)))

    def at_steps(self, steps: Ints) -> Case:
        """The same in a choice of steps."""
        others = Injections(self.others.profiles[:, steps], self.others.p_mw, self.others.q_mvar)
        clock = Clock(self.clock.start, self.clock.step, steps.size)
        return replace(self, clock=clock, others=others, p_per_unit_mw=self.p_per_unit_mw[steps])

    def imported_mw(self, slack_mva: Complexes, size: float = 0.0) -> Floats:
        """Net import, shape (T,) [MW]: what enters the grid, shape (T, S) [MVA], and what is drawn right there."""
        drawn, there = self.injections(size), np.isin(self.network.buses.node, self.network.slack)
        at_once = self.network.fixed_mva[self.network.slack].real.sum()
        return np.asarray(slack_mva.real.sum(axis=1) + (drawn.p_mw[there] @ drawn.profiles).sum(axis=0) + at_once)

    def broken(self, size: float, threads: int = 1) -> Bools:
        """Steps in which a limit is broken, shape (T,)."""
        within = self.limits.tolerated
        drawn = self.injections(size)
        found = extremes(self.network, self.clock, drawn, within.of_elements, threads=threads)
        imported = self.imported_mw(found.slack_mva, size)
        return np.asarray((found.violations > 0) | found.failed | (imported > within.import_max_mw))

    def most_increments(self, increment: float, good: int, bad: int) -> int:
        """Most increments of the size that break no limit, by bisection.

        Args:
            increment: Increment of the size.
            good: Increments known to break no limit.
            bad: Increments above them that are known to break one, or beyond the search.
        """
        between = range(good + 1, bad)
        broken = bisect_left(between, True, key=lambda n: bool(self.broken(n * increment).any()))
        return good + broken


def binding_of(case: Case, size: float, steps: Ints) -> Binding:
    """The limit that it breaks by most, in proportion."""
    few = case.at_steps(steps)
    flow = voltages(few.network, few.clock, few.injections(size))
    if flow.failed.any():
        return Binding("city", "power_flow", np.nan, np.nan, int(steps[np.argmax(flow.failed)]))
    vm, loading, limits, within = flow.vm_pu(), flow.loading_percent(), case.limits, case.limits.tolerated
    imported = few.imported_mw(flow.slack_mva(), size)[:, None]
    buses, branches = few.network.buses.names, few.network.branches.names
    import_max, import_within = (np.array([one.import_max_mw]) for one in (limits, within))
    candidates: tuple[tuple[str, tuple[str, ...], Floats, Floats, Floats, float], ...] = (
        ("vm_pu", buses, vm, limits.vm_min_pu, within.vm_min_pu, -1.0),
        ("vm_pu", buses, vm, limits.vm_max_pu, within.vm_max_pu, 1.0),
        ("loading_percent", branches, loading, limits.loading_max_percent, within.loading_max_percent, 1.0),
        ("import_mw", ("city",), imported, import_max, import_within, 1.0),
    )
    found: list[tuple[float, Binding]] = []
    for quantity, names, values, limit, tolerated, sign in candidates:
        bound = np.minimum(tolerated, NO_LIMIT)
        relative = np.nan_to_num(sign * (values - bound) / bound, nan=-np.inf)
        step, place = np.unravel_index(np.argmax(relative), relative.shape)
        seen = Binding(names[place], quantity, float(values[step, place]), float(limit[place]), int(steps[step]))
        found.append((float(relative[step, place]), seen))
    return max(found, key=lambda pair: pair[0])[1]
