"""Reliability of supply in a grid that is operated open: how often and how long each bus is without supply [1].

Every branch fails by itself; no two faults at once. The nearest breaker or fuse on the way to the supply opens, and
what lies behind it is without supply. After the time of switching all supply is back that a switching state can reach
without the part in fault; the rest waits for the repair. Ratings are not looked at here: `optimizer.switching` says
what can be restored within limits.

References:
    [1] R. Billinton and R. N. Allan, "Reliability Evaluation of Power Systems", 2nd ed., Plenum Press, 1996, chs. 7-8.
    [2] IEEE Std 1366-2012, "IEEE Guide for Electric Power Distribution Reliability Indices".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.network.switching import SwitchableNetwork
from grid.units import HOURS_PER_YEAR, KWH_PER_MWH


@dataclass(frozen=True, eq=False)
class SupplyTopology:
    """What is connected to what, and where it can be parted: N nodes, L branches.

    Args:
        n_nodes: Number of nodes.
        sources: Nodes that the grid above supplies.
        from_node: Node at the beginning of each branch, shape (L,).
        to_node: Node at its end, shape (L,).
        open: Branches that are open in operation and can be closed, shape (L,).
        switch_from: Branches with a switch, breaker or fuse at their beginning, shape (L,).
        switch_to: The same at their end, shape (L,).
        protected: Branches with a breaker or fuse that opens on a fault of the branch or behind it, shape (L,).
    """

    n_nodes: int
    sources: Ints
    from_node: Ints
    to_node: Ints
    open: Bools
    switch_from: Bools
    switch_to: Bools
    protected: Bools

    @classmethod
    def of_network(cls, network: SwitchableNetwork) -> SupplyTopology:
        """That of a network; a branch with a switch has one at each end."""
        meshed = network.meshed
        parted = network.switchable | network.protected | network.open
        return cls(
            meshed.n_nodes, meshed.slack, meshed.branches.from_node, meshed.branches.to_node,
            network.open, parted, parted, network.protected,
        )  # fmt: skip

    @cached_property
    def supplied(self) -> Bools:
        """Nodes with supply in operation, shape (N,)."""
        return self._reached(np.flatnonzero(~self.open))

    def without(self, branch: int) -> tuple[Bools, Bools]:
        """What a fault of a branch does.

        Args:
            branch: The branch.

        Returns:
            Nodes that lose supply, shape (N,), and those of them that have none until the repair, shape (N,).
        """
        closed = ~self.open
        closed[self._opens_for[branch]] = False
        lost = self.supplied & ~self._reached(np.flatnonzero(closed))
        nodes, branches = self._cannot_be_parted_from(branch)
        left = np.ones(self.from_node.size, dtype=bool)
        left[branches] = False
        left &= ~(np.isin(self.from_node, nodes) | np.isin(self.to_node, nodes))
        waits = ~self._reached(np.flatnonzero(left))
        waits[nodes] = True
        return lost, lost & waits

    @cached_property
    def _opens_for(self) -> list[Ints]:
        """The branch that opens on a fault of each; all of its way to the supply where none is protected."""
        closed = np.flatnonzero(~self.open)
        root = np.arange(self.n_nodes)
        root[self.sources] = self.sources[0]
        f, t = root[self.from_node[closed]], root[self.to_node[closed]]
        graph = sparse.coo_array((np.ones(closed.size), (f, t)), shape=(self.n_nodes, self.n_nodes)).tocsr()
        order, before = csgraph.breadth_first_order(graph, self.sources[0], directed=False)
        rank = np.full(self.n_nodes, self.n_nodes)
        rank[order] = np.arange(order.size)
        at = {frozenset((int(a), int(b))): int(k) for a, b, k in zip(f, t, closed, strict=True)}
        found = [np.empty(0, dtype=np.int64)] * self.from_node.size
        for a, b, k in zip(f, t, closed, strict=True):
            node = int(a if rank[a] < rank[b] else b)
            way = [int(k)]
            while not self.protected[way[-1]] and node != self.sources[0] and rank[node] < self.n_nodes:
                way.append(at[frozenset((node, int(before[node])))])
                node = int(before[node])
            found[k] = np.array(way[-1:], dtype=np.int64)
        return found

    def _cannot_be_parted_from(self, branch: int) -> tuple[Ints, Ints]:
        """Nodes and branches that no switch parts from a branch, the branch itself among them."""
        n, branches = self.n_nodes, np.arange(self.from_node.size)
        tied_from, tied_to = ~self.switch_from, ~self.switch_to  # ends without a switch
        bodies = np.concatenate([branches[tied_from], branches[tied_to]]) + n
        ends = np.concatenate([self.from_node[tied_from], self.to_node[tied_to]])
        size = n + branches.size
        graph = sparse.coo_array((np.ones(bodies.size), (bodies, ends)), shape=(size, size))
        _, part = csgraph.connected_components(graph, directed=False)
        same = np.flatnonzero(part == part[n + branch])
        return same[same < n], same[same >= n] - n

    def _reached(self, closed: Ints) -> Bools:
        """Nodes that a source reaches through closed branches, shape (N,)."""
        ends = (self.from_node[closed], self.to_node[closed])
        graph = sparse.coo_array((np.ones(closed.size), ends), shape=(self.n_nodes, self.n_nodes))
        _, part = csgraph.connected_components(graph, directed=False)
        return np.isin(part, part[self.sources])


@dataclass(frozen=True, eq=False)
class FaultRates:
    """How often branches fail, and how long supply takes to come back, L branches.

    Args:
        per_year: Faults of each branch, shape (L,) [1/a].
        repair_h: Time of its repair or replacement, shape (L,) [h].
        switching_h: Time until a fault is found and isolated, and other ways are closed [h].

    Raises:
        InputError: If a value is negative or not finite, or shapes disagree.
    """

    per_year: Floats
    repair_h: Floats
    switching_h: float

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "fault rates")

    def _faults(self) -> Iterator[Fault]:
        if self.per_year.shape != self.repair_h.shape:
            yield Fault("repair_h", f"must have the shape of per_year {self.per_year.shape}", self.repair_h.shape)
        for name, values in (("per_year", self.per_year), ("repair_h", self.repair_h)):
            wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
            if wrong.size:
                yield Fault(f"{name}[{wrong[0]}]", "must be finite and not negative", float(values[wrong[0]]))
        if not (np.isfinite(self.switching_h) and self.switching_h >= 0):
            yield Fault("switching_h", "must be finite and not negative", self.switching_h)


@dataclass(frozen=True, eq=False)
class NodeReliability:
    """How reliable supply is, and what each branch has to do with it: N nodes, L branches.

    Args:
        interruptions_per_year: Of each node, shape (N,) [1/a].
        hours_per_year: Time without supply of each node, shape (N,) [h/a].
        lost_interruptions: What one fault of a branch costs: nodes that lose supply, shape (L, N) [1].
        lost_hours: The same as time without supply, shape (L, N) [h].
    """

    interruptions_per_year: Floats
    hours_per_year: Floats
    lost_interruptions: Floats
    lost_hours: Floats


@dataclass(frozen=True)
class ReliabilityIndices:
    """Indices of a system by IEEE Std 1366; nan where nobody is supplied or nothing fails.

    Args:
        saifi_per_year: Interruptions of a customer [1/a].
        saidi_h_per_year: Time without supply of a customer [h/a].
        caidi_h: Time of an interruption of a customer [h].
        asai: Share of the time with supply.
        ens_mwh_per_year: Energy that is not supplied [MWh/a].
        aens_kwh_per_year: The same of a customer [kWh/a].
    """

    saifi_per_year: float
    saidi_h_per_year: float
    caidi_h: float
    asai: float
    ens_mwh_per_year: float
    aens_kwh_per_year: float


def reliability(topology: SupplyTopology, rates: FaultRates) -> NodeReliability:
    """Frequency and duration of interruptions at every node.

    Args:
        topology: The grid.
        rates: Faults of its branches; those open in operation cut nobody off.
    """
    n_branches = topology.from_node.size
    lost = np.zeros((n_branches, topology.n_nodes))
    hours = np.zeros_like(lost)
    for branch in np.flatnonzero(~topology.open).tolist():
        dark, waits = topology.without(branch)
        repair_h = float(rates.repair_h[branch])
        lost[branch] = dark
        hours[branch] = np.where(waits, repair_h, min(rates.switching_h, repair_h)) * dark
    return NodeReliability(rates.per_year @ lost, rates.per_year @ hours, lost, hours)


def reliability_indices(
    interruptions_per_year: Floats, hours_per_year: Floats, customers: Floats, p_mean_mw: Floats
) -> ReliabilityIndices:
    """Indices of N places of supply.

    Args:
        interruptions_per_year: Of each place, shape (N,) [1/a].
        hours_per_year: Time without supply, shape (N,) [h/a].
        customers: How many there are at each place, shape (N,).
        p_mean_mw: Mean demand of each place, shape (N,) [MW].
    """
    n = float(customers.sum())
    interruptions, hours = float(interruptions_per_year @ customers), float(hours_per_year @ customers)
    ens_mwh = float(hours_per_year @ p_mean_mw)
    nan = float("nan")
    return ReliabilityIndices(
        saifi_per_year=interruptions / n if n else nan,
        saidi_h_per_year=hours / n if n else nan,
        caidi_h=hours / interruptions if interruptions else nan,
        asai=1 - hours / n / HOURS_PER_YEAR if n else nan,
        ens_mwh_per_year=ens_mwh,
        aens_kwh_per_year=ens_mwh * KWH_PER_MWH / n if n else nan,
    )
