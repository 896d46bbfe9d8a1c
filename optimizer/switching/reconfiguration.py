"""Open points of a distribution grid chosen for low losses, by exchange of branches with exact AC losses.

A radial grid stays radial when an open branch is closed and another one of the loop so made is opened. Exchanges are
ranked by what they would do to losses if the currents of the loads stayed, and each that may pay is solved in AC; the
best is made, until none pays. The result is a local optimum of exchanges of two branches: it is not proven to be the
best of all switching states.

References:
    [1] M. E. Baran and F. F. Wu, "Network reconfiguration in distribution systems for loss reduction and load
        balancing", IEEE Trans. Power Delivery, vol. 4, no. 2, pp. 1401-1407, 1989.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.network.switching import SwitchableNetwork
from grid.powerflow import Limits, power_flow
from grid.powerflow.extremes import Extremes, extremes
from grid.time.clock import Clock
from optimizer.switching.loops import loops, loss_changes

LEAST_GAIN = 1e-6
"""Share of the losses that an exchange must save to be made."""
MISJUDGED = 0.02
"""Share of the losses by which an estimate may be too high; exchanges that promise no more harm are solved too."""


@dataclass(frozen=True)
class Exchange:
    """A branch that is closed for one that is opened.

    Args:
        closed: Name of the branch that was open.
        opened: Name of the branch that is opened.
        value: Weighted losses afterwards.
    """

    closed: str
    opened: str
    value: float


@dataclass(frozen=True, eq=False)
class Reconfiguration:
    """Open points with lower losses.

    Args:
        open: Branches that are open, shape (L,).
        exchanges: How they are reached from those in operation; radial after each.
        loss_before_mwh: Losses of the state in operation [MWh].
        loss_mwh: Losses of the state found [MWh].
        value_before: Weighted losses of the state in operation.
        value: Weighted losses of the state found.
        solved: Switching states that were solved in AC.
    """

    open: Bools
    exchanges: tuple[Exchange, ...]
    loss_before_mwh: float
    loss_mwh: float
    value_before: float
    value: float
    solved: int


@dataclass(frozen=True, eq=False)
class _State:
    """A switching state, solved."""

    open: Bools
    network: Network
    loss_mw: Floats
    value: float
    violations: int


def reconfigure(
    network: SwitchableNetwork,
    clock: Clock,
    injections: Injections,
    *,
    limits: Limits | None = None,
    weight_per_mwh: Floats | None = None,
    most_exchanges: int | None = None,
    threads: int = 1,
) -> Reconfiguration:
    """Chooses open points so that the weighted losses of all steps are low and no more limits are broken than before.

    Args:
        network: The network, radial in operation.
        clock: The time axis, T steps.
        injections: Withdrawal of the buses on that clock.
        limits: Limits of the meshed network; its own by default.
        weight_per_mwh: What a lost MWh counts in each step, such as its price or its carbon, shape (T,), not negative;
            1 by default, so that losses themselves are sought.
        most_exchanges: Exchanges after which the search ends; None: when none pays any more.
        threads: Number of threads.

    Raises:
        InputError: If the network is not radial in operation or has no solution there, or a weight is wrong.
    """
    if not network.is_radial(network.open):
        raise InputError.single("network", "is not radial in operation: loops have no open point to move")
    weight = np.ones(clock.n_steps) if weight_per_mwh is None else np.asarray(weight_per_mwh, dtype=np.float64)
    if weight.shape != (clock.n_steps,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise InputError.single("weight_per_mwh", f"must be {clock.n_steps} finite values, 0 or more")
    search = _Search(network, clock, injections, limits or Limits.from_network(network.meshed), weight, threads)
    first = search.state(network.open)
    if first is None:
        raise InputError.single("network", "has no solution in operation")
    state = first
    made: list[Exchange] = []
    while most_exchanges is None or len(made) < most_exchanges:
        better = search.best_exchange(state)
        if better is None:
            break
        exchange, state = better
        made.append(exchange)
    hours = clock.step / timedelta(hours=1)
    return Reconfiguration(
        open=state.open,
        exchanges=tuple(made),
        loss_before_mwh=float(first.loss_mw.sum() * hours),
        loss_mwh=float(state.loss_mw.sum() * hours),
        value_before=first.value,
        value=state.value,
        solved=search.solved,
    )


class _Search:
    """The switching states of one network under one load; states that were solved are not solved again."""

    def __init__(
        self,
        network: SwitchableNetwork,
        clock: Clock,
        injections: Injections,
        limits: Limits,
        weight: Floats,
        threads: int,
    ) -> None:
        self.network, self.clock, self.injections, self.threads = network, clock, injections, threads
        self.limits, self.weight = limits, weight
        self.known: dict[bytes, _State | None] = {}
        branches = network.meshed.branches
        transfer = np.asarray(network.meshed.admittance_from[np.arange(len(branches)), branches.to_node]).ravel()
        self.resistance_pu = np.asarray((-1 / transfer).real)

    @property
    def solved(self) -> int:
        """Switching states that were solved."""
        return len(self.known)

    def state(self, open_branches: Bools) -> _State | None:
        """A switching state, or None if a step has no solution in it or it leaves a bus without supply."""
        key = open_branches.tobytes()
        if key not in self.known:
            self.known[key] = self._solved_state(open_branches)
        return self.known[key]

    def _solved_state(self, open_branches: Bools) -> _State | None:
        network, kept = self.network.operated(open_branches)
        if ((network.buses.node < 0) & (self.network.in_operation.buses.node >= 0)).any():
            return None
        limits = Limits(self.limits.vm_min_pu, self.limits.vm_max_pu, self.limits.loading_max_percent[kept])
        found: Extremes = extremes(network, self.clock, self.injections, limits, threads=self.threads)
        if found.failed.any():
            return None
        value = float(self.weight @ found.loss_mw * (self.clock.step / timedelta(hours=1)))
        return _State(open_branches, network, found.loss_mw, value, int(found.violations.sum()))

    def best_exchange(self, state: _State) -> tuple[Exchange, _State] | None:
        """The exchange of two branches that saves most without more violations; None if none saves anything."""
        names, best = self.network.meshed.branches.names, None
        for tie, opened in self._promising(state):
            changed = state.open.copy()
            changed[tie], changed[opened] = False, True
            trial = self.state(changed)
            least = best[1].value if best is not None else state.value * (1 - LEAST_GAIN)
            if trial is not None and trial.value < least and trial.violations <= state.violations:
                best = Exchange(names[tie], names[opened], trial.value), trial
        return best

    def _promising(self, state: _State) -> list[tuple[int, int]]:
        """Exchanges that may save losses, by the currents of a state: (closed, opened), the most promising first."""
        current = self._currents(state)
        hours = self.clock.step / timedelta(hours=1)
        ranked = []
        for loop in loops(self.network, state.open):
            change = loss_changes(loop, self.resistance_pu, current, self.weight)
            change = change * self.network.meshed.base_mva * hours
            may = self.network.switchable[loop.branches] & (change < MISJUDGED * state.value)
            ranked += [(float(change[k]), loop.tie, int(loop.branches[k])) for k in np.flatnonzero(may)]
        return [(tie, opened) for _, tie, opened in sorted(ranked)]

    def _currents(self, state: _State) -> Complexes:
        """Currents of all branches in a state, shape (T, L) [pu]; 0 in those that are open."""
        p_mw, q_mvar = (
            (matrix @ self.injections.profiles).T for matrix in (self.injections.p_mw, self.injections.q_mvar)
        )
        kept = self.network.operated(state.open)[1]
        flow = power_flow(state.network, self.clock, np.asarray(p_mw), np.asarray(q_mvar), threads=self.threads)
        current = np.zeros((self.clock.n_steps, len(self.network.meshed.branches)), dtype=np.complex128)
        current[:, kept] = flow.branch_currents_pu()[0]
        return current
