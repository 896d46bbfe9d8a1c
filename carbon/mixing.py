"""Tracing of all steps: hands the inputs to the compiled kernels, chunk by chunk, and finds room for them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from carbon.elimination import EliminationOrder
from carbon.flows import Flows, Sources
from carbon.mixing_kernel import Block
from carbon.stock_desk import Desk, Stores
from carbon.stock_kernel import Book
from carbon.tracing_kernel import Supply, trace_blocks, trace_blocks_with_stocks
from grid.series import Floats, Ints, read_only

BLOCK_BYTES = 1_500_000
"""Room for the equations of one block: about what stays in a core's second-level cache beside the inputs."""
FEWEST_STEPS, MOST_STEPS = 8, 64
"""Steps of a block: a cache line at least; more than a few vectors' worth gains nothing."""
STEPS_PER_THREAD = 512
"""Fewer steps than this are not worth a thread."""


@dataclass(frozen=True, eq=False)
class Mixing:
    """The equations of proportional sharing of all steps [1], ready to be solved.

    With r the power received, the share r[m to n] / inflow[n] of a node's power comes from its neighbour m, so any
    property that travels with power (carbon, renewable origin, the share of a source) is the mean of that of all who
    feed the node. Nodes which no source reaches have no equation.

    Args:
        order: The order of elimination.
        supply: Sources and flows.
        n_properties: How many properties are traced, R.

    References:
        [1] C. Kang et al., "Carbon emission flow from generation to demand: a network-based model", IEEE Trans. Smart
            Grid, vol. 6, no. 5, pp. 2386-2394, 2015.
    """

    order: EliminationOrder
    supply: Supply
    n_properties: int

    @classmethod
    def of(cls, flows: Flows, sources: Sources, group: Ints | None = None, n_groups: int = 2) -> Mixing:
        """The equations for carbon and renewable share, or for the shares of `n_groups` groups of sources.

        Args:
            flows: Power at both ends of every branch.
            sources: Generation and imports.
            group: Group of each source, shape (G,); None for carbon and renewable share.
            n_groups: Number of properties.
        """
        order = EliminationOrder.of(flows.from_node, flows.to_node, flows.n_nodes)
        supply = Supply(
            rank=frozen_ints(order.pattern.rank[sources.node]),
            p_mw=sources.p_mw,
            ci_kg_per_mwh=_rows(sources.ci_kg_per_mwh),
            renewable_share=_rows(sources.renewable_share),
            group=frozen_ints(np.empty(0) if group is None else group),
            p_from_mw=flows.p_from_mw,
            p_to_mw=flows.p_to_mw,
        )
        return cls(order, supply, n_groups)

    @property
    def n_steps(self) -> int:
        """Number of steps, T."""
        return len(self.supply.p_from_mw)

    def solve(self, first: int, stop: int, threads: int | None = None) -> tuple[Floats, Floats]:
        """What a MWh at each node carries in the steps `first` to `stop`, without stores.

        Args:
            first: First step.
            stop: One more than the last step.
            threads: How many parts of the time are solved at once; None for as many as there are processors.

        Returns:
            Power that enters each node, shape (T, N) [MW], and what a MWh there carries, shape (R, T, N), NaN where
            nothing flows; T counts from `first`.
        """
        inflow_mw, carried = self._room(stop - first)
        size = self.block_steps
        most = max(1, (stop - first) // STEPS_PER_THREAD)
        n_parts = min(threads or _processors(), most)
        bounds = np.linspace(first, stop, n_parts + 1).astype(int).tolist()

        def part(begin: int, end: int) -> None:
            room = self._block(size)
            trace_blocks(begin, end, first, size, self.order.pattern, self.supply, room, inflow_mw, carried)

        if n_parts == 1:
            part(first, stop)
        else:
            with ThreadPoolExecutor(n_parts) as pool:
                list(pool.map(part, bounds[:-1], bounds[1:]))
        return inflow_mw, carried

    def solve_with_stocks(
        self, first: int, stop: int, step_hours: float, stores: Stores, desk: Desk, book: Book
    ) -> tuple[Floats, Floats]:
        """The same with stores, whose `desk` and `book` stand at the beginning of `first` and go on to `stop`."""
        inflow_mw, carried = self._room(stop - first)
        size = self.block_steps
        trace_blocks_with_stocks(
            first,
            stop,
            first,
            size,
            float(step_hours),
            self.order.pattern,
            self.supply,
            stores,
            desk,
            book,
            self._block(size),
            inflow_mw,
            carried,
        )
        return inflow_mw, carried

    def _room(self, n_steps: int) -> tuple[Floats, Floats]:
        n_nodes = self.order.n_nodes
        return np.empty((n_steps, n_nodes)), np.empty((self.n_properties, n_steps, n_nodes))

    def _block(self, n_steps: int) -> Block:
        return Block.of(self.order.n_nodes, self.order.n_couplings, self.n_properties, n_steps)

    @property
    def block_steps(self) -> int:
        """Steps of a block."""
        per_step = 8 * (2 * self.order.n_couplings + (5 + self.n_properties) * self.order.n_nodes)
        steps = BLOCK_BYTES // max(per_step, 1) // FEWEST_STEPS * FEWEST_STEPS
        return min(max(steps, FEWEST_STEPS), MOST_STEPS)


def frozen_ints(values: object) -> Ints:
    """`values` as contiguous integers that cannot be written to: kernels are compiled once for each kind of array."""
    array = np.ascontiguousarray(values, dtype=np.int64).view()
    array.flags.writeable = False
    return array


def _rows(values: Floats) -> Floats:
    """`values` (T, G), or only its first row where all are the same row."""
    return read_only(values[:1] if values.strides[0] == 0 else values)


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
