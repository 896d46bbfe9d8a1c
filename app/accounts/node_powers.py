"""Powers at the nodes of a traced city, whatever carbon they carry: made once for all conventions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.tracing.convention_names import Convention
from carbon.tracing.conventions import average_flows, half_loss_mw, local_loss_mw
from carbon.tracing.flows import Consumers, Exports, Flows, Sources, at_nodes
from grid.arrays import Bools, Floats, Ints
from grid.kept_if_small import kept_if_small

Pair = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class NodePowers:
    """What is fed in, taken, passed on and lost at every node; T steps, N nodes.

    Everything is computed when it is first asked for, and most of it kept. No emission factor is in it.

    Args:
        flows: Power at both ends of every branch.
        sources: Imports and local generation, of which only nodes and powers count.
        imported: Whether each source lies outside the city, shape (G,).
        consumers: Final consumers.
        exports: Exports.
        operation: What the stores did, of which only energy counts; None if there are none.
        step_hours: Length of a step [h].
        first_step: Step of the operation with which the rest begins.
    """

    flows: Flows
    sources: Sources
    imported: Bools
    consumers: Consumers
    exports: Exports
    operation: StockOperation | None
    step_hours: float
    first_step: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and nodes."""
        return self.flows.n_steps, self.flows.n_nodes

    @cached_property
    def of_stores_mw(self) -> Pair:
        """What all stores charge and discharge at each node, shape (T, N) each [MW]."""
        if self.operation is None:
            return np.zeros(self.shape), np.zeros(self.shape)
        return self.operation.power_at_nodes(*self.shape, first_step=self.first_step)

    @cached_property
    def of_vehicles_mwh(self) -> Floats:
        """What cars charge less what they discharge at each node over the run, shape (N,) [MWh]."""
        return self._net_mwh(vehicle=True)

    @cached_property
    def of_tanks_mwh(self) -> Floats:
        """The same of stationary stores, shape (N,) [MWh]."""
        return self._net_mwh(vehicle=False)

    @cached_property
    def consumed_mw(self) -> Floats:
        """What final consumers take at each node, shape (T, N) [MW]."""
        return at_nodes(self.consumers.p_mw, self.consumers.node, self.shape[1])

    @kept_if_small
    def exported_mw(self) -> Floats:
        """What leaves the city at each node, shape (T, N) [MW]."""
        return at_nodes(self.exports.p_mw, self.exports.node, self.shape[1])

    @cached_property
    def use_mw(self) -> Floats:
        """Consumption, exports and charging at each node, shape (T, N) [MW]."""
        used: Floats = self.exported_mw.copy()
        used += self.consumed_mw
        used += self.of_stores_mw[0]
        return used

    @kept_if_small
    def received_mw(self) -> Pair:
        """What arrives over every branch, there and back (`Flows.received_mw`), shape (T, L) each [MW]."""
        return self.flows.received_mw()

    @cached_property
    def entering_mw(self) -> Floats:
        """Power that enters each node from branches, sources and stores, shape (T, N) [MW]."""
        flows, n = self.flows, self.shape[1]
        forward, backward = self.received_mw
        entering: Floats = at_nodes(forward, flows.to_node, n) + at_nodes(backward, flows.from_node, n)
        entering += at_nodes(self.sources.p_mw, self.sources.node, n)
        entering += self.of_stores_mw[1]
        return entering

    def lost_mw(self, convention: Convention) -> Floats:
        """What is on the loss line of a convention (`ConventionTrace.loss_mw`), shape (T, N) [MW]."""
        if convention == "load":
            return self._lost_locally_mw
        return self._half_lost_mw if convention == "average" else self._lost_mw

    def carried_mw(self, convention: Convention) -> Pair:
        """The power on which carbon travels, there and back, shape (T, L) each [MW].

        On what arrives, under ``load`` on what is sent, and under ``average`` on the mean of both.
        """
        if convention == "load":
            return self._sent_mw
        return self._mean_mw if convention == "average" else self.received_mw

    @cached_property
    def consumed_mwh(self) -> Floats:
        """What final consumers take at each node over the run, shape (N,) [MWh]."""
        return self._over_the_run(self.consumed_mw)

    @cached_property
    def exported_mwh(self) -> Floats:
        """What leaves the city at each node over the run, shape (N,) [MWh]."""
        return self._over_the_run(self.exported_mw)

    @cached_property
    def entering_mwh(self) -> Floats:
        """Energy that enters each node over the run, shape (N,) [MWh]."""
        return self._over_the_run(self.entering_mw)

    def lost_mwh(self, convention: Convention) -> Floats:
        """What is on the loss line of a convention over the run, shape (N,) [MWh]."""
        if convention not in self._lost_mwh:
            self._lost_mwh[convention] = self._over_the_run(self.lost_mw(convention))
        return self._lost_mwh[convention]

    @cached_property
    def _lost_mwh(self) -> dict[Convention, Floats]:
        return {}

    def _over_the_run(self, mw: Floats) -> Floats:
        """Power at each node, shape (T, N), summed over the run, shape (N,) [MWh]."""
        total: Floats = self.step_hours * mw.sum(axis=0)
        return total

    @cached_property
    def own_mwh(self) -> Floats:
        """Local generation at each node over the run, shape (N,) [MWh]."""
        return self.of_sources(self.sources.p_mw.sum(axis=0), ~self.imported)

    @cached_property
    def above_mwh(self) -> Floats:
        """What comes from the grid above at each node over the run, shape (N,) [MWh]."""
        return self.of_sources(self.sources.p_mw.sum(axis=0), self.imported)

    @cached_property
    def passed_mwh(self) -> Pair:
        """What each node gets over branches over the run, and what it sends that arrives, shape (N,) each [MWh]."""
        forward, backward = self.received_mw
        return self.got_and_sent((forward.sum(axis=0), backward.sum(axis=0)))

    def of_sources(self, rates: Floats, which: Bools) -> Floats:
        """What some sources feed in over the run at each node, shape (N,) [MWh or kg].

        Args:
            rates: Rates of all sources, summed over the steps, shape (G,) [MW or kg/h].
            which: The sources that count, shape (G,).
        """
        return self._at_nodes(self.sources.node[which], rates[which])

    def got_and_sent(self, passing: Pair) -> Pair:
        """What each node gets over branches over the run, and what it sends, shape (N,) each [MWh or kg].

        Args:
            passing: Rates there and back, summed over the steps, shape (L,) each [MW or kg/h].
        """
        flows, (got, sent) = self.flows, np.zeros((2, self.shape[1]))
        ends = ((flows.from_node, flows.to_node), (flows.to_node, flows.from_node))
        for (sender, receiver), rates in zip(ends, passing, strict=True):
            got += self._at_nodes(receiver, rates)
            sent += self._at_nodes(sender, rates)
        return got, sent

    def _at_nodes(self, node: Ints, rates: Floats) -> Floats:
        """Rates of elements, summed over the steps, (E,) [MW or kg/h], as amounts at their nodes, (N,) [MWh or kg]."""
        total: Floats = self.step_hours * np.bincount(node, rates, self.shape[1]).astype(np.float64)
        return total

    def _net_mwh(self, *, vehicle: bool) -> Floats:
        operation = self.operation
        if operation is None:
            return np.zeros(self.shape[1])
        counts = operation.vehicle[operation.owner] == vehicle
        drawn_mw, fed_mw = operation.power_at_nodes(*self.shape, counts, self.first_step)
        net: Floats = self.step_hours * (drawn_mw.sum(axis=0) - fed_mw.sum(axis=0))
        return net

    @kept_if_small
    def _lost_mw(self) -> Floats:
        return self.flows.loss_mw()

    @kept_if_small
    def _half_lost_mw(self) -> Floats:
        return half_loss_mw(self.flows)

    @kept_if_small
    def _lost_locally_mw(self) -> Floats:
        return local_loss_mw(self.flows)

    @kept_if_small
    def _mean_mw(self) -> Pair:
        return average_flows(self.flows).received_mw()

    @kept_if_small
    def _sent_mw(self) -> Pair:
        forward, backward = self.received_mw
        flows = self.flows
        return np.where(forward > 0, flows.p_from_mw, 0.0), np.where(backward > 0, flows.p_to_mw, 0.0)
