"""A grid after a permanent fault of one branch: what its breaker cuts off, and what a switching state does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.switching import SwitchableNetwork
from grid.powerflow import Limits
from grid.powerflow.extremes import extremes
from grid.time.clock import Clock
from optimizer.switching.supply_model import IslandSource


@dataclass(frozen=True, eq=False)
class FaultedGrid:
    """A radial grid in which a branch fails at the beginning of the first of T steps, until their end.

    Args:
        network: The network, N nodes and L branches.
        clock: The time axis, T steps.
        p_mw: Withdrawal of active power at every bus, shape (T, B) [MW].
        q_mvar: The same of reactive power [MVAr].
        limits: Limits of the meshed network.
        branch: The faulted branch.

    Raises:
        InputError: If the network is not radial in operation, or the branch does not exist or carries nothing.
    """

    network: SwitchableNetwork
    clock: Clock
    p_mw: Floats
    q_mvar: Floats
    limits: Limits
    branch: int

    def __post_init__(self) -> None:
        names = self.network.meshed.branches.names
        if not 0 <= self.branch < len(names):
            raise InputError.single("branch", f"must lie within 0..{len(names) - 1}", self.branch)
        if not self.network.is_radial(self.network.open):
            raise InputError.single("network", "is not radial in operation: a fault has no single way to it")
        if self.network.open[self.branch]:
            raise InputError.single("branch", f"{names[self.branch]} is open in operation: its fault cuts nothing off")

    @cached_property
    def breaker(self) -> int:
        """The branch whose breaker opens: the nearest with a breaker on the way to the supply, else the first branch.

        The faulted branch counts too: its own breaker is at the end towards the supply.
        """
        way = self._way_to_supply()
        protected = [k for k in way if self.network.protected[k]]
        switchable = [k for k in way if self.network.switchable[k]]
        return (protected or switchable[-1:] or way[-1:])[0]

    @cached_property
    def tripped(self) -> Bools:
        """Branches that are open once the breaker has opened, shape (L,)."""
        opened = self.network.open.copy()
        opened[self.breaker] = True
        return opened

    @cached_property
    def faulted_branches(self) -> Ints:
        """Branches that cannot be told apart from the fault by a switch, the faulted one among them."""
        branches, closed = self.network.meshed.branches, ~self.network.open
        if self.network.switchable[self.branch]:
            return np.array([self.branch])
        joined = np.flatnonzero(closed & ~self.network.switchable)
        island = self._islands(joined)
        same = island[branches.from_node[joined]] == island[branches.from_node[self.branch]]
        return np.asarray(joined[same], dtype=np.int64)

    @cached_property
    def barred_nodes(self) -> Bools:
        """Nodes that stay without supply until the repair, as no switch parts them from the fault, shape (N,)."""
        barred = np.zeros(self.network.meshed.n_nodes, dtype=bool)
        if not self.network.switchable[self.branch]:
            branches = self.network.meshed.branches
            barred[branches.from_node[self.faulted_branches]] = True
            barred[branches.to_node[self.faulted_branches]] = True
        return barred

    def supplied_nodes(self, open_branches: Bools, leaders: Sequence[IslandSource] = ()) -> Bools:
        """Nodes that an external grid or the source of an island reaches in a switching state, shape (N,)."""
        closed = ~open_branches
        closed[self.faulted_branches] = False
        island = self._islands(np.flatnonzero(closed))
        node = self.network.meshed.buses.node
        roots = [*self.network.meshed.slack.tolist(), *(int(node[source.bus]) for source in leaders)]
        return np.isin(island, island[roots])

    def supplied_buses(self, open_branches: Bools, leaders: Sequence[IslandSource] = ()) -> Bools:
        """The same of buses, shape (B,)."""
        node = self.network.meshed.buses.node
        return np.asarray((node >= 0) & self.supplied_nodes(open_branches, leaders)[node])

    def exceeded(
        self, open_branches: Bools, leaders: Sequence[IslandSource] = (), steps: slice = slice(None)
    ) -> frozenset[str] | None:
        """Buses, branches and sources beyond a limit in a switching state, by name; None without a solution.

        Args:
            open_branches: Branches that are open, shape (L,).
            leaders: Sources that lead an island.
            steps: Steps to look at.
        """
        led = self._led_by(leaders)
        opened = open_branches.copy()
        opened[self.faulted_branches] = True
        operated, kept = led.operated(opened)
        limits = Limits(self.limits.vm_min_pu, self.limits.vm_max_pu, self.limits.loading_max_percent[kept])
        p_mw, q_mvar = self.p_mw[steps], self.q_mvar[steps]
        clock = Clock(self.clock.start, self.clock.step, len(p_mw))
        found = extremes(operated, clock, Injections.dense(p_mw, q_mvar), limits)
        if found.failed.any():
            return None
        over = [operated.buses.names[k] for k in np.flatnonzero(found.bus_over_steps)]
        over += [operated.branches.names[k] for k in np.flatnonzero(found.branch_over_steps)]
        for place, source in enumerate(leaders, start=self.network.meshed.slack.size):
            power = found.slack_mva[:, place] + p_mw[:, source.bus]
            given_mwh = power.real.sum() * (self.clock.step.total_seconds() / 3600)
            too_much = np.abs(power.real).max() > source.p_max_mw or np.abs(power.imag).max() > source.q_max_mvar
            over += [source.name] if too_much or given_mwh > source.e_mwh else []
        return frozenset(over)

    def _led_by(self, leaders: Sequence[IslandSource]) -> SwitchableNetwork:
        """The network with sources of islands as external grids at 1 pu."""
        meshed = self.network.meshed
        if not leaders:
            return self.network
        nodes = meshed.buses.node[[source.bus for source in leaders]]
        slack = np.append(meshed.slack, nodes)
        v_slack = np.append(meshed.v_slack, np.ones(nodes.size, dtype=np.complex128))
        return replace(self.network, meshed=replace(meshed, slack=slack, v_slack=v_slack))

    def _islands(self, closed: Ints) -> Ints:
        """Island of each node when only some branches are closed, shape (N,)."""
        branches, n = self.network.meshed.branches, self.network.meshed.n_nodes
        ends = (branches.from_node[closed], branches.to_node[closed])
        return np.asarray(csgraph.connected_components(sparse.coo_array((np.ones(closed.size), ends), shape=(n, n)))[1])

    def _way_to_supply(self) -> list[int]:
        """Closed branches from the fault to the external grid, the faulted one first."""
        branches, slack = self.network.meshed.branches, self.network.meshed.slack
        closed = np.flatnonzero(~self.network.open)
        n = self.network.meshed.n_nodes
        root = np.arange(n)
        root[slack] = slack[0]
        f, t = root[branches.from_node[closed]], root[branches.to_node[closed]]
        graph = sparse.coo_array((np.ones(closed.size), (f, t)), shape=(n, n)).tocsr()
        order, before = csgraph.breadth_first_order(graph, slack[0], directed=False)
        rank = np.full(n, n, dtype=np.int64)
        rank[order] = np.arange(order.size)
        branch_at = {frozenset((int(a), int(b))): int(k) for a, b, k in zip(f, t, closed, strict=True)}
        ends = root[branches.from_node[self.branch]], root[branches.to_node[self.branch]]
        node = int(min(ends, key=lambda end: rank[end]))
        if rank[node] == n:
            names = branches.names
            raise InputError.single("branch", f"{names[self.branch]} is not supplied in operation")
        way = [self.branch]
        while node != slack[0]:
            way.append(branch_at[frozenset((node, int(before[node])))])
            node = int(before[node])
        return way
