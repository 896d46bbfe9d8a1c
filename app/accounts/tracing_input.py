"""What is traced of a run: flows, sources, consumers, exports and stores, the same under every convention."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.tracing.carbon_free_stores import with_carbon_free_stores
from carbon.tracing.flows import Consumers, Exports, Flows, Sources, at_nodes
from grid.arrays import Bools, Floats

IMPORT = "import"
"""Name of what comes from the grid above."""
STORES = "stores"
"""Name of what comes from stores."""


@dataclass(frozen=True, eq=False)
class TracingInput:
    """What is traced.

    Args:
        flows: Power at both ends of every branch.
        sources: Imports and local generation.
        source_names: Technology of each source, or ``import``.
        imported: Whether each source lies outside the city, shape (G,).
        consumers: Final consumers.
        exports: Exports.
        operation: What the stores did; None if there are none.
        step_hours: Length of a step [h].
    """

    flows: Flows
    sources: Sources
    source_names: tuple[str, ...]
    imported: Bools
    consumers: Consumers
    exports: Exports
    operation: StockOperation | None
    step_hours: float

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and nodes."""
        return self.flows.n_steps, self.flows.n_nodes

    @property
    def city(self) -> tuple[Flows, Sources, Consumers, Exports]:
        """Flows, sources, consumers and exports: what all functions of tracing and ledgers begin with."""
        return self.flows, self.sources, self.consumers, self.exports

    def with_carbon_free_stores(self) -> TracingInput:
        """The same with stores as loads and carbon-free generators, and no operation."""
        if self.operation is None:
            return self
        sources, consumers = with_carbon_free_stores(self.flows, self.sources, self.consumers, self.operation)
        more = sources.node.size - self.sources.node.size
        return replace(
            self,
            sources=sources,
            source_names=(*self.source_names, *(STORES,) * more),
            imported=np.concatenate([self.imported, np.zeros(more, dtype=np.bool_)]),
            consumers=consumers,
            operation=None,
        )

    @property
    def exported_mwh(self) -> Floats:
        """What leaves the city, shape (T,) [MWh]."""
        left: Floats = self.step_hours * self.exports.p_mw.sum(axis=1)
        return left

    @cached_property
    def _of_stores_mw(self) -> tuple[Floats, Floats]:
        """What all stores charge and discharge at each node, shape (T, N) each [MW]."""
        if self.operation is None:
            return np.zeros(self.shape), np.zeros(self.shape)
        return self.operation.power_at_nodes(*self.shape)

    @property
    def charging_mw(self) -> Floats:
        """What all stores charge at each node, shape (T, N) [MW]."""
        return self._of_stores_mw[0]

    @property
    def discharging_mw(self) -> Floats:
        """What all stores discharge at each node, shape (T, N) [MW]."""
        return self._of_stores_mw[1]

    @cached_property
    def consumed_mw(self) -> Floats:
        """What final consumers take at each node, shape (T, N) [MW]."""
        return at_nodes(self.consumers.p_mw, self.consumers.node, self.shape[1])

    @cached_property
    def use_mw(self) -> Floats:
        """Consumption, exports and charging at each node, shape (T, N) [MW]."""
        used: Floats = at_nodes(self.exports.p_mw, self.exports.node, self.shape[1])
        used += self.consumed_mw
        used += self.charging_mw
        return used

    @cached_property
    def entering_mw(self) -> Floats:
        """Power that enters each node from branches, sources and stores, shape (T, N) [MW]."""
        flows, n = self.flows, self.shape[1]
        forward, backward = flows.received_mw()
        entering: Floats = at_nodes(forward, flows.to_node, n) + at_nodes(backward, flows.from_node, n)
        entering += at_nodes(self.sources.p_mw, self.sources.node, n)
        entering += self.discharging_mw
        return entering
