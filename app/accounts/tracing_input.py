"""What is traced of a run: flows, sources, consumers, exports and stores, the same under every convention."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app.accounts.node_powers import NodePowers
from carbon.ledgers.views import SuppliedCarbon, supplied_carbon
from carbon.stocks.operation import StockOperation
from carbon.tracing.carbon_free_stores import with_carbon_free_stores
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from grid.arrays import Bools, Floats
from grid.kept_if_small import kept_if_small

IMPORT = "import"
"""Name of what comes from the grid above."""
STORES = "stores"
"""Name of what comes from stores."""
WINDOW_BYTES = 6_000_000
"""Size of an array of a value for each step and node of a window of time: four weeks of the reference city [byte]."""


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
        powers_of: One with the same powers and other carbon, whose powers at nodes count for this one too.
        first_step: Step of the operation with which the rest begins, where this is a window of time.
        carbon_of: One whose sources carry the same carbon, but for some that carry none; its sums count for this one.
    """

    flows: Flows
    sources: Sources
    source_names: tuple[str, ...]
    imported: Bools
    consumers: Consumers
    exports: Exports
    operation: StockOperation | None
    step_hours: float
    powers_of: TracingInput | None = None
    first_step: int = 0
    carbon_of: TracingInput | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and nodes."""
        return self.flows.n_steps, self.flows.n_nodes

    @property
    def city(self) -> tuple[Flows, Sources, Consumers, Exports]:
        """Flows, sources, consumers and exports: what all functions of tracing and ledgers begin with."""
        return self.flows, self.sources, self.consumers, self.exports

    @property
    def nbytes(self) -> int:
        """Size of the powers of its elements [byte]."""
        return self.sources.p_mw.nbytes + self.consumers.p_mw.nbytes

    @property
    def exported_mwh(self) -> Floats:
        """What leaves the city, shape (T,) [MWh]."""
        left: Floats = self.step_hours * self.exports.p_mw.sum(axis=1)
        return left

    @cached_property
    def powers(self) -> NodePowers:
        """Powers at the nodes."""
        if self.powers_of is not None:
            return self.powers_of.powers
        return NodePowers(
            self.flows, self.sources, self.imported, self.consumers, self.exports, self.operation, self.step_hours,
            self.first_step,
        )  # fmt: skip

    @property
    def window_steps(self) -> int:
        """Steps that are traced and accounted for at a time: all of them, unless the period is long."""
        return max(1, WINDOW_BYTES // (8 * max(self.flows.n_nodes, 1)))

    @property
    def windows(self) -> list[slice]:
        """The windows of time of so many steps."""
        steps, n_steps = self.window_steps, self.flows.n_steps
        return [slice(first, min(first + steps, n_steps)) for first in range(0, n_steps, steps)]

    def between(self, steps: slice) -> TracingInput:
        """What is traced in a window of time; the operation of the stores is that of all time."""
        if (steps.start, steps.stop) == (0, self.flows.n_steps):
            return self
        consumers, exports = self.consumers, self.exports
        return replace(
            self,
            flows=self.flows.between(steps),
            sources=self.sources.between(steps),
            consumers=replace(consumers, p_mw=consumers.p_mw[steps]),
            exports=replace(exports, p_mw=exports.p_mw[steps]),
            powers_of=None,
            carbon_of=None,
            first_step=self.first_step + steps.start,
        )

    @cached_property
    def source_kg_by_step(self) -> Floats:
        """Carbon of all sources, shape (T,) [kg]."""
        return self.sources.emissions_kg(self.step_hours)

    @cached_property
    def supplied(self) -> SuppliedCarbon:
        """Carbon of local generation and of imports, by step."""
        if self.carbon_of is not None:
            return self.carbon_of.supplied
        return supplied_carbon(self.sources, self.imported, step_hours=self.step_hours)

    @cached_property
    def source_kg(self) -> tuple[Floats, Floats]:
        """Carbon of local generation, and of what comes from the grid above, at each node over the run, (N,) each."""
        if self.carbon_of is not None:
            return self.carbon_of.source_kg
        kg_per_h = np.einsum("tg,tg->g", self.sources.p_mw, self.sources.ci_kg_per_mwh)
        return self.powers.of_sources(kg_per_h, ~self.imported), self.powers.of_sources(kg_per_h, self.imported)

    def carrying(
        self, ci_kg_per_mwh: Floats, renewable_share: Floats, operation: StockOperation | None
    ) -> TracingInput:
        """The same powers with other carbon.

        Args:
            ci_kg_per_mwh: Carbon intensity of the sources, shape (T, G) [kg/MWh].
            renewable_share: Renewable share of their power, shape (T, G) [1].
            operation: The same operation of the stores, with what their stocks hold at first.
        """
        sources = self.sources.carrying(ci_kg_per_mwh, renewable_share)
        return replace(self, sources=sources, operation=operation, powers_of=self.powers_of or self)

    def with_carbon_free_stores(self) -> TracingInput:
        """The same with stores as loads and carbon-free generators, and no operation."""
        if self.operation is None:
            return self
        if self.powers_of is None:
            return self._without_stocks
        free, own = self.powers_of._without_stocks, self.sources  # noqa: SLF001  of its own kind
        more = ((0, 0), (0, free.sources.node.size - own.node.size))
        same = own.renewable_share is self.powers_of.sources.renewable_share
        share = free.sources.renewable_share if same else np.pad(own.renewable_share, more)
        return replace(free.carrying(np.pad(own.ci_kg_per_mwh, more), share, None), carbon_of=self)

    @kept_if_small
    def _without_stocks(self) -> TracingInput:
        if self.operation is None:
            return self
        sources, consumers = with_carbon_free_stores(
            self.flows, self.sources, self.consumers, self.operation, first_step=self.first_step
        )
        more = sources.node.size - self.sources.node.size
        return TracingInput(
            self.flows,
            sources,
            (*self.source_names, *(STORES,) * more),
            np.concatenate([self.imported, np.zeros(more, dtype=np.bool_)]),
            consumers,
            self.exports,
            None,
            self.step_hours,
        )
