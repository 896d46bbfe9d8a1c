"""A data centre that grows at a bus: which limits it breaks, and which one by most."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from app.scenario.schema import LimitsSpec, branch_limits
from app.simulation.violations import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU
from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.extremes import extremes
from grid.powerflow.powerflow import voltages
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock

NO_LIMIT = 1e9
"""What stands for a limit where there is none, in any unit."""


@dataclass(frozen=True)
class Binding:
    """What stops a data centre from being one increment larger.

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
    """A data centre that grows at a bus; T steps.

    Args:
        network: The network.
        clock: The time axis.
        others: Withdrawal of everything else.
        bus: Place of the bus.
        p_per_it_mw: Facility power per rated IT power, shape (T,) [MW/MW].
        limits: Limits, tolerances included.
        import_max_mw: Most import, tolerance included [MW].
    """

    network: Network
    clock: Clock
    others: Injections
    bus: int
    p_per_it_mw: Floats
    limits: Limits
    import_max_mw: float

    def injections(self, p_it_mw: float) -> Injections:
        """Withdrawal of all with a data centre of that rated IT power."""
        shape = (self.others.n_buses, 1)
        p = sparse.csr_array(([p_it_mw], ([self.bus], [0])), shape=shape)
        return self.others.plus(Injections(self.p_per_it_mw[None, :], p, sparse.csr_array(shape)))

    def at_steps(self, steps: Ints) -> Case:
        """The same in a choice of steps."""
        others = Injections(self.others.profiles[:, steps], self.others.p_mw, self.others.q_mvar)
        clock = Clock(self.clock.start, self.clock.step, steps.size)
        return replace(self, clock=clock, others=others, p_per_it_mw=self.p_per_it_mw[steps])

    def imported_mw(self, slack_mva: Complexes, p_it_mw: float = 0.0) -> Floats:
        """Net import, shape (T,) [MW]: what enters the grid, shape (T, S) [MVA], and what is drawn right there."""
        drawn, there = self.injections(p_it_mw), np.isin(self.network.buses.node, self.network.slack)
        at_once = self.network.fixed_mva[self.network.slack].real.sum()
        return np.asarray(slack_mva.real.sum(axis=1) + (drawn.p_mw[there] @ drawn.profiles).sum(axis=0) + at_once)

    def broken(self, p_it_mw: float, threads: int = 1) -> Bools:
        """Steps in which a limit is broken, shape (T,)."""
        found = extremes(self.network, self.clock, self.injections(p_it_mw), self.limits, threads=threads)
        imported = self.imported_mw(found.slack_mva, p_it_mw)
        return np.asarray((found.violations > 0) | found.failed | (imported > self.import_max_mw))

    def most_increments(self, increment_mw: float, good: int, bad: int) -> int:
        """Most increments of the rated IT power that break no limit, by bisection.

        Args:
            increment_mw: Increment of the rated IT power [MW].
            good: Increments known to break no limit.
            bad: Increments above them that are known to break one, or beyond the search.
        """
        between = range(good + 1, bad)
        broken = bisect_left(between, True, key=lambda n: bool(self.broken(n * increment_mw).any()))
        return good + broken


def limits_of(network: Network, limits: LimitsSpec) -> Limits:
    """Limits by bus and branch, tolerances included, where a limit is not given the net's own."""
    buses, branches = network.buses, network.branches
    low = buses.vm_min_pu if limits.vm_min_pu is None else np.full(len(buses.names), limits.vm_min_pu)
    high = buses.vm_max_pu if limits.vm_max_pu is None else np.full(len(buses.names), limits.vm_max_pu)
    loading = branch_limits(limits, branches.kinds, branches.loading_max_percent)
    return Limits(low - VOLTAGE_TOLERANCE_PU, high + VOLTAGE_TOLERANCE_PU, loading + LOADING_TOLERANCE_PERCENT)


def binding_of(case: Case, p_it_mw: float, steps: Ints) -> Binding:
    """The limit that a data centre breaks by most, in proportion."""
    few = case.at_steps(steps)
    flow = voltages(few.network, few.clock, few.injections(p_it_mw))
    if flow.failed.any():
        return Binding("city", "power_flow", np.nan, np.nan, int(steps[np.argmax(flow.failed)]))
    vm, loading, limits = flow.vm_pu(), flow.loading_percent(), case.limits
    imported = few.imported_mw(flow.slack_mva(), p_it_mw)[:, None]
    buses, branches = few.network.buses.names, few.network.branches.names
    import_max = np.array([min(case.import_max_mw, NO_LIMIT)])
    import_slack = import_max[0] - import_max[0] / (1 + LOADING_TOLERANCE_PERCENT / 100)
    candidates = (
        ("vm_pu", buses, vm, limits.vm_min_pu, -1.0, VOLTAGE_TOLERANCE_PU),
        ("vm_pu", buses, vm, limits.vm_max_pu, 1.0, -VOLTAGE_TOLERANCE_PU),
        ("loading_percent", branches, loading, np.minimum(limits.loading_max_percent, NO_LIMIT), 1.0,
         -LOADING_TOLERANCE_PERCENT),
        ("import_mw", ("city",), imported, import_max, 1.0, -import_slack),
    )  # fmt: skip
    found = []
    for quantity, names, values, limit, sign, slack in candidates:
        relative = np.nan_to_num(sign * (values - limit) / limit, nan=-np.inf)
        step, place = np.unravel_index(np.argmax(relative), relative.shape)
        bound = float(limit[place] + slack)
        found.append(
            (
                float(relative[step, place]),
                Binding(names[place], quantity, float(values[step, place]), bound, int(steps[step])),
            )
        )
    return max(found, key=lambda pair: pair[0])[1]
