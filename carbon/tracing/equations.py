"""Tracing of all steps: hands the inputs to the compiled kernels, chunk by chunk, and finds room for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from carbon.mixing.block_kernel import Block
from carbon.mixing.conventions_kernel import DELIVERED, GROSS
from carbon.mixing.elimination import EliminationOrder
from carbon.mixing.inputs_kernel import Entry, Supply
from carbon.stocks.account import Book
from carbon.stocks.carbon_kernel import walk
from carbon.stocks.desk import Desk, Stores
from carbon.tracing.driver_kernel import finish_block, prepare_block, trace_blocks, trace_blocks_with_stocks
from carbon.tracing.flows import Flows, Sources
from grid.arrays import Bools, Floats, Ints, read_only, read_only_ints

BLOCK_BYTES = 4_000_000
"""Room for the equations of one block: about what stays in a core's second-level cache beside the inputs."""
FEWEST_STEPS, MOST_STEPS = 8, 64
"""Steps of a block: a cache line at least; more than a few vectors' worth gains nothing."""
STEPS_PER_THREAD = 512
"""Fewer steps than this are not worth a thread."""


@dataclass(frozen=True, eq=False)
class Uses:
    """What takes power at the nodes, but for the stores, to trace all that depends on it.

    Args:
        node: Node of each use, shape (M,).
        p_mw: Its power, shape (T, M) [MW].
        export_node: Node of each export, shape (X,).
        export_mw: Its power, shape (T, X) [MW].
    """

    node: Ints
    p_mw: Floats
    export_node: Ints
    export_mw: Floats


@dataclass(frozen=True, eq=False)
class Mixed:
    """The solution of all steps.

    Args:
        found: Of each of the P conventions, what enters each node [MW] and what a MWh there carries of each of R
            properties, NaN where nothing flows, shape (P, 1 + R, T, N); if gross power is among them one more, the
            energy generated for a MWh used (only of gross power).
        share: Share of the power at each node that reaches a use, shape (T, N) [1]; (0, N) if not asked for.
    """

    found: Floats
    share: Floats

    @property
    def carried(self) -> Floats:
        """What a MWh carries under the first convention, shape (R, T, N)."""
        return self.found[0, 1:]


@dataclass(frozen=True, eq=False)
class Mixing:
    """The equations of proportional sharing of all steps [1], ready to be solved.

    With r the power received, the share r[m to n] / inflow[n] of a node's power comes from its neighbour m, so any
    property that travels with power (carbon, renewable origin, the share of a source) is the mean of that of all who
    feed the node. Nodes which no source reaches have no equation.

    Args:
        order: The order of elimination.
        supply: Sources, flows and uses.
        n_properties: How many properties are traced, R.
        kinds: Under which conventions (see `carbon.mixing.conventions_kernel`), shape (P,).
        with_share: Whether the share of power that reaches a use is wanted as well, if what is delivered is.

    References:
        [1] C. Kang et al., "Carbon emission flow from generation to demand: a network-based model", IEEE Trans. Smart
            Grid, vol. 6, no. 5, pp. 2386-2394, 2015.
    """

    order: EliminationOrder
    supply: Supply
    n_properties: int
    kinds: Ints
    with_share: bool

    @classmethod
    def of(
        cls,
        flows: Flows,
        sources: Sources,
        group: Ints | None = None,
        n_groups: int = 2,
        *,
        kinds: Sequence[int] = (DELIVERED,),
        uses: Uses | None = None,
        with_share: bool = False,
    ) -> Mixing:
        """The equations for carbon and renewable share, or for the shares of `n_groups` groups of sources.

        Args:
            flows: Power at both ends of every branch.
            sources: Generation and imports.
            group: Group of each source, shape (G,); None for carbon and renewable share.
            n_groups: Number of properties.
            kinds: Under which conventions (see `carbon.mixing.conventions_kernel`).
            uses: What is used; needed for gross power and for the share.
            with_share: Whether the share of power that reaches a use is wanted as well.
        """
        order = EliminationOrder.of(flows.from_node, flows.to_node, flows.n_nodes)
        rank, nothing = order.pattern.rank, np.empty((flows.n_steps, 0))
        nowhere = np.empty(0, dtype=np.int64)
        uses = uses or Uses(nowhere, nothing, nowhere, nothing)
        shunted = flows.p_shunt_mw is not None
        supply = Supply(
            rank=read_only_ints(rank[sources.node]),
            p_mw=sources.p_mw,
            ci_kg_per_mwh=_rows(sources.ci_kg_per_mwh),
            renewable_share=_rows(sources.renewable_share),
            group=read_only_ints(nowhere if group is None else group),
            p_from_mw=flows.p_from_mw,
            p_to_mw=flows.p_to_mw,
            use_rank=read_only_ints(rank[uses.node]),
            use_mw=read_only(uses.p_mw),
            export_rank=read_only_ints(rank[uses.export_node]),
            export_mw=read_only(uses.export_mw),
            shunt_rank=read_only_ints(rank if shunted else nowhere),
            shunt_mw=read_only(nothing if flows.p_shunt_mw is None else flows.p_shunt_mw),
        )
        return cls(order, supply, n_groups, read_only_ints(kinds), with_share)

    @property
    def n_steps(self) -> int:
        """Number of steps, T."""
        return len(self.supply.p_from_mw)

    def solve(self, first: int, stop: int, threads: int | None = None) -> Mixed:
        """What a MWh at each node carries in the steps `first` to `stop`, without stores.

        Args:
            first: First step.
            stop: One more than the last step.
            threads: How many parts of the time are solved at once; None for as many as there are processors.
        """
        mixed, size = self._results(stop - first), self._block_steps(1)
        n_parts = min(threads or processors(), max(1, (stop - first) // STEPS_PER_THREAD))
        bounds = np.linspace(first, stop, n_parts + 1).astype(int).tolist()

        def part(begin: int, end: int) -> None:
            entry, blocks = self._entry(size), self._blocks(1, size)
            trace_blocks(
                begin, end, first, size, self.order.pattern, self.kinds, self.supply,
                entry, blocks, mixed.found, mixed.share,
            )  # fmt: skip

        if n_parts == 1:
            part(first, stop)
        else:
            with ThreadPoolExecutor(n_parts) as pool:
                list(pool.map(part, bounds[:-1], bounds[1:]))
        return mixed

    def solve_with_stocks(
        self,
        first: int,
        stop: int,
        step_hours: float,
        stores: Stores,
        desks: tuple[Desk, Desk],
        book: Book,
        threads: int | None = None,
    ) -> Mixed:
        """The same with stores, whose `book` stands at the beginning of `first` and goes on to `stop`."""
        mixed = self._results(stop - first)
        walk_all = self._walk_alone if (threads or processors()) == 1 else self._walk_aside
        last = walk_all(first, stop, float(step_hours), stores, desks, book, mixed)
        if last == 0:  # the next call begins with the first desk, and looks for who is still there in the second
            desks[1].present[:], desks[1].n_present[:] = desks[0].present, desks[0].n_present
        else:
            desks[0].present[:], desks[0].n_present[:] = desks[1].present, desks[1].n_present
        return mixed

    def _walk_alone(
        self, first: int, stop: int, hours: float, stores: Stores, desks: tuple[Desk, Desk], book: Book, mixed: Mixed
    ) -> int:
        """One thread: block after block; returns the desk of the last one."""
        size, n_kinds = self.block_steps, self.kinds.size
        entry, blocks, some_dead = self._entry(size), self._blocks(n_kinds, size), np.zeros(n_kinds, dtype=np.bool_)
        trace_blocks_with_stocks(
            first, stop, size, hours, self.order.pattern, self.kinds, self.supply,
            stores, book, desks[0], entry, blocks, some_dead, mixed.found, mixed.share,
        )  # fmt: skip
        return 0

    def _walk_aside(
        self, first: int, stop: int, hours: float, stores: Stores, desks: tuple[Desk, Desk], book: Book, mixed: Mixed
    ) -> int:
        """Two threads: while the stocks walk through a block, one finishes the last and prepares the next in its place.

        Returns the desk of the last block.
        """
        size, pattern, kinds = self.block_steps, self.order.pattern, self.kinds
        entry, rooms = self._entry(size), (self._blocks(kinds.size, size), self._blocks(kinds.size, size))
        some_dead: Bools = np.zeros((2, kinds.size), dtype=np.bool_)
        begins = range(first, stop, size)

        def turn_over(last: int, following: int) -> None:
            if last >= 0:
                i, begin = last % 2, begins[last]
                finish_block(
                    begin, min(size, stop - begin), first, pattern, kinds, entry, rooms[i], some_dead[i], mixed.found
                )
            if following < len(begins):
                i, begin = following % 2, begins[following]
                prepare_block(
                    begin, min(size, stop - begin), first, hours, pattern, kinds, self.supply, stores, book,
                    desks[1 - i], desks[i], entry, rooms[i], some_dead[i], mixed.share,
                )  # fmt: skip

        turn_over(-1, 0)
        with ThreadPoolExecutor(1) as helper:
            for place, begin in enumerate(begins):
                aside = helper.submit(turn_over, place - 1, place + 1)
                i = place % 2
                walk(begin, min(size, stop - begin), hours, pattern, kinds, stores, desks[i], book, rooms[i])
                aside.result()
        turn_over(len(begins) - 1, len(begins))
        return (len(begins) - 1) % 2

    def _results(self, n_steps: int) -> Mixed:
        n_nodes = self.order.n_nodes
        n_found = 1 + self.n_properties + int(GROSS in self.kinds)
        found = np.empty((self.kinds.size, n_found, n_steps, n_nodes))
        return Mixed(found, np.empty((n_steps if self.with_share else 0, n_nodes)))

    def _entry(self, n_steps: int) -> Entry:
        n_nodes, n_branches = self.order.n_nodes, self.supply.p_from_mw.shape[1]
        return Entry.of(n_nodes, n_branches, self.n_properties, n_steps, with_use=self._needs_use)

    def _blocks(self, n_rooms: int, n_steps: int) -> Block:
        return Block.of(max(n_rooms, 1), self.order.n_nodes, self.order.n_couplings, self._n_carried, n_steps)

    @property
    def _n_carried(self) -> int:
        """Properties that the equations carry: one more, energy, under gross power and for its dual, the share."""
        return self.n_properties + int(self._needs_use)

    @property
    def _needs_use(self) -> bool:
        return self.with_share or bool((self.kinds == GROSS).any())

    @property
    def block_steps(self) -> int:
        """Steps of a block with stores."""
        return self._block_steps(self.kinds.size)

    def _block_steps(self, n_rooms: int) -> int:
        """Steps of a block of so many rooms."""
        n_nodes, n_branches = self.order.n_nodes, self.supply.p_from_mw.shape[1]
        room = 2 * self.order.n_couplings + (5 + self._n_carried) * n_nodes
        entry = 2 * n_branches + (1 + self.n_properties + 2 * self._needs_use) * n_nodes
        steps: int = BLOCK_BYTES // max(8 * (n_rooms * room + entry), 1) // FEWEST_STEPS * FEWEST_STEPS
        return min(max(steps, FEWEST_STEPS), MOST_STEPS)


def _rows(values: Floats) -> Floats:
    """`values` (T, G), or only its first row where all are the same row."""
    return read_only(values[:1] if values.strides[0] == 0 else values)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
