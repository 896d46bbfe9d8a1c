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
from carbon.stock_kernel import Book, walk
from carbon.tracing_kernel import Supply, finish_block, prepare_block, trace_blocks
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
        n_parts = min(threads or processors(), most)
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
        self,
        first: int,
        stop: int,
        step_hours: float,
        stores: Stores,
        desks: tuple[Desk, Desk],
        book: Book,
        threads: int | None = None,
    ) -> tuple[Floats, Floats]:
        """The same with stores, whose `book` stands at the beginning of `first` and goes on to `stop`.

        The stocks walk through one block after another. While they do, a second thread finishes the block before and
        prepares the next one in its place.
        """
        inflow_mw, carried = self._room(stop - first)
        pattern, size = self.order.pattern, self.block_steps
        rooms = self._block(size), self._block(size)
        begins = range(first, stop, size)
        some_dead = [False, False]

        def turn_over(last: int, following: int) -> None:
            if last >= 0:
                i, begin = last % 2, begins[last]
                n_steps = min(size, stop - begin)
                finish_block(
                    begin, n_steps, first, some_dead[i], pattern, stores, desks[i], rooms[i], inflow_mw, carried
                )
            if following < len(begins):
                i, begin = following % 2, begins[following]
                n_steps = min(size, stop - begin)
                some_dead[i] = prepare_block(
                    begin, n_steps, pattern, self.supply, stores, desks[1 - i], desks[i], rooms[i]
                )

        turn_over(-1, 0)
        with ThreadPoolExecutor(1) as helper:
            for place, begin in enumerate(begins):
                i = place % 2
                aside = helper.submit(turn_over, place - 1, place + 1) if (threads or processors()) > 1 else None
                walk(begin, min(size, stop - begin), float(step_hours), pattern, stores, desks[i], book, rooms[i])
                turn_over(place - 1, place + 1) if aside is None else aside.result()
        turn_over(len(begins) - 1, len(begins))
        if len(begins) % 2:  # the next call begins with the first desk, and looks for who is still there in the second
            desks[1].present[:], desks[1].n_present[:] = desks[0].present, desks[0].n_present
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


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
