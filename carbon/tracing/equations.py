"""The equations of proportional sharing of all steps, handed to the compiled kernels block by block."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from carbon.mixing.block_kernel import Block
from carbon.mixing.conventions_kernel import DELIVERED, GROSS
from carbon.mixing.elimination import EliminationOrder
from carbon.mixing.inputs_kernel import BlockInputs, MixingInputs, fill_block_inputs
from carbon.stocks.carbon_kernel import advance_contents
from carbon.stocks.energy_kernel import add_power_of_stores
from carbon.stocks.ledger import StockState
from carbon.stocks.schedule import DeviceArrays
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.tracing_kernel import factorise_block, finish_block
from grid.arrays import Bools, Floats, Ints, read_only, read_only_ints
from grid.threads import processors

BLOCK_BYTES = 4_000_000
"""Size of the equations of one block: about what stays in a core's second-level cache beside the inputs."""
FEWEST_STEPS, MOST_STEPS = 8, 64
"""Steps of a block: a cache line at least; more than a few vectors' worth gains nothing."""
STEPS_PER_THREAD = 512
"""Fewer steps than this are not worth a thread."""


@dataclass(frozen=True, eq=False)
class MixingSolution:
    """The solution of all steps.

    Args:
        found: Under each of the P rules, what enters each node [MW] and what a MWh there carries of each of R
            properties, NaN where nothing flows, shape (P, 1 + R, T, N); with gross power among the rules one more,
            the energy generated for a MWh used (filled in for gross power only).
        share: Share of the power at each node that reaches a use, shape (T, N) [1]; (0, N) if not asked for.
    """

    found: Floats
    share: Floats

    @property
    def carried(self) -> Floats:
        """What a MWh carries under the first rule, shape (R, T, N)."""
        return self.found[0, 1:]


@dataclass(frozen=True, eq=False)
class MixingEquations:
    """The equations of proportional sharing of all steps [1], ready to be solved.

    With r the power received, the share r[m to n] / inflow[n] of a node's power comes from its neighbour m, so any
    property that travels with power (carbon, renewable origin, the share of a source) is the mean of that of all who
    feed the node. Nodes which no source reaches have no equation.

    Args:
        order: The order of elimination.
        inputs: Sources, flows and uses.
        n_properties: How many properties are traced, R.
        rules: Mixing rules (see `carbon.mixing.conventions_kernel`), shape (P,).
        with_share: Whether the share of power that reaches a use is wanted as well, if what is delivered is.

    References:
        [1] C. Kang et al., "Carbon emission flow from generation to demand: a network-based model", IEEE Trans. Smart
            Grid, vol. 6, no. 5, pp. 2386-2394, 2015.
    """

    order: EliminationOrder
    inputs: MixingInputs
    n_properties: int
    rules: Ints
    with_share: bool

    @classmethod
    def from_flows(
        cls,
        flows: Flows,
        sources: Sources,
        group: Ints | None = None,
        n_groups: int = 2,
        *,
        rules: Sequence[int] = (DELIVERED,),
        uses: tuple[Consumers, Exports] | None = None,
        with_share: bool = False,
    ) -> MixingEquations:
        """The equations for carbon, for carbon and renewable share, or for the shares of `n_groups` groups of sources.

        Args:
            flows: Power at both ends of every branch.
            sources: Generation and imports.
            group: Group of each source, shape (G,); None for carbon, and renewable share if there are two properties.
            n_groups: Number of properties.
            rules: Mixing rules (see `carbon.mixing.conventions_kernel`).
            uses: What takes power at the nodes, but for the stores; needed for gross power and for the share.
            with_share: Whether the share of power that reaches a use is wanted as well.
        """
        order = EliminationOrder.from_branches(flows.from_node, flows.to_node, flows.n_nodes)
        rank, no_power, no_node = order.pattern.rank, np.empty((flows.n_steps, 0)), np.empty(0, dtype=np.int64)
        consumers, exports = (None, None) if uses is None else uses
        shunt_mw = flows.p_shunt_mw
        inputs = MixingInputs(
            rank=read_only_ints(rank[sources.node]),
            p_mw=sources.p_mw,
            ci_kg_per_mwh=_rows(sources.ci_kg_per_mwh),
            renewable_share=_rows(sources.renewable_share),
            group=read_only_ints(no_node if group is None else group),
            p_from_mw=flows.p_from_mw,
            p_to_mw=flows.p_to_mw,
            use_rank=read_only_ints(no_node if consumers is None else rank[consumers.node]),
            use_mw=read_only(no_power if consumers is None else consumers.p_mw),
            export_rank=read_only_ints(no_node if exports is None else rank[exports.node]),
            export_mw=read_only(no_power if exports is None else exports.p_mw),
            shunt_rank=read_only_ints(no_node if shunt_mw is None else rank),
            shunt_mw=read_only(no_power if shunt_mw is None else shunt_mw),
        )
        return cls(order, inputs, n_groups, read_only_ints(rules), with_share)

    @property
    def n_steps(self) -> int:
        """Number of steps, T."""
        return len(self.inputs.p_from_mw)

    def solve(self, first: int, stop: int, threads: int | None = None) -> MixingSolution:
        """What a MWh at each node carries in the steps `first` to `stop`, without stores.

        Args:
            first: First step.
            stop: One more than the last step.
            threads: How many parts of the time are solved at once; None for as many as there are processors.
        """
        solution, size = self._empty_solution(stop - first), self._block_steps(1)
        n_parts = min(threads or processors(), max(1, (stop - first) // STEPS_PER_THREAD))
        bounds = np.linspace(first, stop, n_parts + 1).astype(int).tolist()

        def part(begin: int, end: int) -> None:
            inputs, blocks = self._block_inputs(size), self._blocks(1, size)
            for at in range(begin, end, size):
                self._solve_block(at, min(size, end - at), first, inputs, blocks, solution)

        if n_parts == 1:
            part(first, stop)
        else:
            with ThreadPoolExecutor(n_parts) as pool:
                list(pool.map(part, bounds[:-1], bounds[1:]))
        return solution

    def _solve_block(
        self, begin: int, n_steps: int, origin: int, block_inputs: BlockInputs, blocks: Block, solution: MixingSolution
    ) -> None:
        """One rule after another: the equations of one at a time stay in the cache."""
        pattern, some_dead, at = self.order.pattern, np.zeros(1, dtype=np.bool_), begin - origin
        fill_block_inputs(begin, n_steps, self.inputs, block_inputs)
        for place in range(self.rules.size):
            found, rules, solved = solution.found[place : place + 1], self.rules[place : place + 1], False
            factorise_block(at, n_steps, pattern, rules, block_inputs, blocks, some_dead, solution.share)
            finish_block(at, n_steps, solved, pattern, rules, block_inputs, blocks, some_dead, found)

    def solve_with_stocks(
        self,
        first: int,
        stop: int,
        step_hours: float,
        devices: DeviceArrays,
        state: StockState,
        threads: int | None = None,
    ) -> MixingSolution:
        """The same with stores, whose `state` is that before step `first` and goes on to `stop`."""
        solution = self._empty_solution(stop - first)
        solve = self._solve_alone if (threads or processors()) == 1 else self._solve_overlapped
        solve(first, stop, float(step_hours), devices, state, solution)
        return solution

    def _solve_alone(
        self,
        first: int,
        stop: int,
        hours: float,
        devices: DeviceArrays,
        state: StockState,
        solution: MixingSolution,
    ) -> None:
        """One thread, block after block."""
        size, n_rules, pattern = self.block_steps, self.rules.size, self.order.pattern
        block_inputs, blocks = self._block_inputs(size), self._blocks(n_rules, size)
        some_dead, solved, found = np.zeros(n_rules, dtype=np.bool_), True, solution.found
        for begin in range(first, stop, size):
            n_steps = min(size, stop - begin)
            fill_block_inputs(begin, n_steps, self.inputs, block_inputs)
            add_power_of_stores(begin, n_steps, state.log, block_inputs)
            factorise_block(
                begin - first, n_steps, pattern, self.rules, block_inputs, blocks, some_dead, solution.share
            )
            advance_contents(begin, n_steps, hours, pattern, self.rules, devices, state, blocks)
            at = begin - first
            finish_block(at, n_steps, solved, pattern, self.rules, block_inputs, blocks, some_dead, found)

    def _solve_overlapped(
        self,
        first: int,
        stop: int,
        hours: float,
        devices: DeviceArrays,
        state: StockState,
        solution: MixingSolution,
    ) -> None:
        """Two threads: one carries the stocks through a block, the other finishes the last and prepares the next."""
        size, pattern, rules = self.block_steps, self.order.pattern, self.rules
        block_inputs, blocks = self._block_inputs(size), [self._blocks(rules.size, size) for _ in range(2)]
        some_dead: Bools = np.zeros((2, rules.size), dtype=np.bool_)
        begins, solved, found = range(first, stop, size), True, solution.found

        def finish(place: int) -> None:
            i, at = place % 2, begins[place] - first
            n_steps = min(size, stop - begins[place])
            finish_block(at, n_steps, solved, pattern, rules, block_inputs, blocks[i], some_dead[i], found)

        def prepare(place: int) -> None:
            i, begin = place % 2, begins[place]
            n_steps = min(size, stop - begin)
            fill_block_inputs(begin, n_steps, self.inputs, block_inputs)
            add_power_of_stores(begin, n_steps, state.log, block_inputs)
            factorise_block(
                begin - first, n_steps, pattern, rules, block_inputs, blocks[i], some_dead[i], solution.share
            )

        def finish_and_prepare(last: int, following: int) -> None:
            if last >= 0:
                finish(last)
            if following < len(begins):
                prepare(following)

        finish_and_prepare(-1, 0)
        with ThreadPoolExecutor(1) as other_thread:
            for place, begin in enumerate(begins):
                aside = other_thread.submit(finish_and_prepare, place - 1, place + 1)
                i, n_steps = place % 2, min(size, stop - begin)
                advance_contents(begin, n_steps, hours, pattern, rules, devices, state, blocks[i])
                aside.result()
        finish_and_prepare(len(begins) - 1, len(begins))

    def _empty_solution(self, n_steps: int) -> MixingSolution:
        n_nodes = self.order.n_nodes
        n_found = 1 + self.n_properties + int(GROSS in self.rules)
        found = np.empty((self.rules.size, n_found, n_steps, n_nodes))
        return MixingSolution(found, np.empty((n_steps if self.with_share else 0, n_nodes)))

    def _block_inputs(self, n_steps: int) -> BlockInputs:
        n_nodes, n_branches = self.order.n_nodes, self.inputs.p_from_mw.shape[1]
        return BlockInputs.allocate(n_nodes, n_branches, self.n_properties, n_steps, with_use=self._needs_use)

    def _blocks(self, n_rules: int, n_steps: int) -> Block:
        order = self.order
        return Block.allocate(max(n_rules, 1), order.n_nodes, order.n_couplings, self._n_carried, n_steps)

    @property
    def _n_carried(self) -> int:
        """Properties that the equations carry: one more, energy, under gross power and for its dual, the share."""
        return self.n_properties + int(self._needs_use)

    @property
    def _needs_use(self) -> bool:
        return self.with_share or bool((self.rules == GROSS).any())

    @property
    def block_steps(self) -> int:
        """Steps of a block with stores."""
        return self._block_steps(self.rules.size)

    def _block_steps(self, n_rules: int) -> int:
        """Steps of a block whose equations under so many rules are solved at once."""
        n_nodes, n_branches = self.order.n_nodes, self.inputs.p_from_mw.shape[1]
        equations = 2 * self.order.n_couplings + (5 + self._n_carried) * n_nodes
        entering = 2 * n_branches + (1 + self.n_properties + 2 * self._needs_use) * n_nodes
        steps: int = BLOCK_BYTES // max(8 * (n_rules * equations + entering), 1) // FEWEST_STEPS * FEWEST_STEPS
        return min(max(steps, FEWEST_STEPS), MOST_STEPS)


def _rows(values: Floats) -> Floats:
    """`values` (T, G), or only its first row where all are the same row."""
    return read_only(values[:1] if values.strides[0] == 0 else values)
