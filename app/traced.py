"""What the carbon of a run is traced through, the same under every convention."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from carbon.accounting import Consumers, Exports
from carbon.flows import at_nodes
from carbon.stocks import StockOperation
from carbon.tracing import Flows, Sources
from grid.series import Bools, Floats, Ints

IMPORT = "import"
"""Name of what comes from the grid above."""
STORES = "stores"
"""Name of what comes from stores."""


@dataclass(frozen=True, eq=False)
class TracedGrid:
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
    def exported_mwh(self) -> Floats:
        """What leaves the city, shape (T,) [MWh]."""
        left: Floats = self.step_hours * self.exports.p_mw.sum(axis=1)
        return left

    @cached_property
    def slot_place(self) -> Ints:
        """Step and node of every slot of the stores as one number, shape (K,)."""
        if self.operation is None:
            return np.empty(0, dtype=np.int64)
        place: Ints = self.operation.slot_step * self.shape[1] + self.slot_node
        return place

    @cached_property
    def slot_device(self) -> Ints:
        """Device of every slot of the stores, shape (K,)."""
        return np.empty(0, dtype=np.int64) if self.operation is None else self.operation.slot_device

    @cached_property
    def slot_node(self) -> Ints:
        """Node of every slot of the stores, shape (K,)."""
        return np.empty(0, dtype=np.int64) if self.operation is None else self.operation.node[self.slot_device]

    def slots_at_nodes(self, values: Floats) -> Floats:
        """Values of the stores' slots, shape (K,), summed to steps and nodes, shape (T, N)."""
        n_steps, n_nodes = self.shape
        return np.bincount(self.slot_place, values, n_steps * n_nodes).astype(np.float64).reshape(self.shape)

    @cached_property
    def charging_mw(self) -> Floats:
        """What all stores charge at each node, shape (T, N) [MW]."""
        return self._of_stores(1.0)

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
        entering += self._of_stores(-1.0)
        return entering

    def _of_stores(self, sign: float) -> Floats:
        """Charging (1) or discharging (-1) at each node, shape (T, N) [MW]."""
        if self.operation is None:
            return np.zeros(self.shape)
        return self.slots_at_nodes(np.maximum(sign * self.operation.p_mw, 0.0))
