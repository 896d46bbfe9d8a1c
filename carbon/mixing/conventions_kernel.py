"""The equations of each mixing rule, set up and read out, compiled.

``DELIVERED``: what arrives is mixed with what is fed in; ``MEAN``: the same with the mean of both ends of each branch.
``GROSS``, all losses on the uses: with s the power sent, u the power used at a node and t the sum of both, what leaves
a node obeys ``t y = generation + sum(s_in y_sender)``. A column of these equations sums to the use of its node, not a
row to its supply. So the transpose is eliminated, with flows reversed and uses in the place of sources, by the same
kernel and as exactly (see `carbon.mixing.block_kernel`), and its factors are applied in the opposite order. The share
of a node's power that reaches a use, all losses on the sources, is the dual of ``DELIVERED``: with A its matrix,
``A' y = use``. The factors of A serve again, and sources and uses agree to the last digit: ``s'y = use'x`` with
``A x = s``.
"""

from __future__ import annotations

import numpy as np

from carbon.mixing.block_kernel import FLUX_THRESHOLD_MW, Block, back_substitute, block_of_rule, forward_substitute
from carbon.mixing.compiled import FAST, inner_kernel
from carbon.mixing.elimination import Pattern
from carbon.mixing.inputs_kernel import BlockInputs
from grid.arrays import Floats, Ints

DELIVERED, MEAN, GROSS = range(3)
"""Mixing rules: what of a branch's power mixes at its receiving node."""


@inner_kernel(fastmath=FAST)
def set_up_equations(rule: int, n_steps: int, pattern: Pattern, block_inputs: BlockInputs, block: Block) -> None:
    """Sets up the equations of a rule."""
    for c in range(block.lower.shape[0]):
        for k in range(n_steps):
            block.lower[c, k] = 0.0
            block.upper[c, k] = 0.0
    if rule in (DELIVERED, MEAN):
        _set_up_sources(n_steps, block_inputs, block)
        _add_received(rule == MEAN, n_steps, pattern, block_inputs, block)
    else:
        _set_up_uses(n_steps, block_inputs, block)
        _add_sent(n_steps, pattern, block_inputs, block)


@inner_kernel(fastmath=FAST)
def _set_up_sources(n_steps: int, block_inputs: BlockInputs, block: Block) -> None:
    """Enters what is fed in."""
    for n in range(block_inputs.power.shape[0]):
        for k in range(n_steps):
            block.lost[n, k] = 0.0
            block.excess[n, k] = block_inputs.power[n, k]
            block.inflow[n, k] = block_inputs.power[n, k]
        for r in range(block_inputs.carried.shape[1]):
            for k in range(n_steps):
                block.carried[n, r, k] = block_inputs.carried[n, r, k]


@inner_kernel(fastmath=FAST)
def _set_up_uses(n_steps: int, block_inputs: BlockInputs, block: Block) -> None:
    """Enters what is used, and lost at a node, in the place of what is fed in, and as last property its power."""
    n_properties = block_inputs.carried.shape[1]
    for n in range(block_inputs.power.shape[0]):
        for k in range(n_steps):
            block.lost[n, k] = 0.0
            block.excess[n, k] = block_inputs.use[n, k] + block_inputs.shunt[n, k]
            block.inflow[n, k] = block_inputs.use[n, k] + block_inputs.shunt[n, k]
        for r in range(n_properties):
            for k in range(n_steps):
                block.carried[n, r, k] = block_inputs.carried[n, r, k]
        for k in range(n_steps):
            block.carried[n, n_properties, k] = block_inputs.power[n, k]


@inner_kernel(fastmath=FAST)
def _add_received(mean: bool, n_steps: int, pattern: Pattern, block_inputs: BlockInputs, block: Block) -> None:
    """Enters what every branch delivers."""
    for branch in range(block_inputs.p_from.shape[0]):
        a, b, c = pattern.from_rank[branch], pattern.to_rank[branch], pattern.coupling[branch]
        to_later, to_earlier = (block.lower, block.upper) if a < b else (block.upper, block.lower)
        for k in range(n_steps):
            p_from, p_to = block_inputs.p_from[branch, k], block_inputs.p_to[branch, k]
            if mean:
                p_from = (p_from - p_to) / 2
                p_to = -p_from
            at_b = -p_to if (p_from > FLUX_THRESHOLD_MW) & (p_to < -FLUX_THRESHOLD_MW) else 0.0
            at_a = -p_from if (p_to > FLUX_THRESHOLD_MW) & (p_from < -FLUX_THRESHOLD_MW) else 0.0
            block.inflow[b, k] += at_b
            block.inflow[a, k] += at_a
            if c >= 0:
                to_later[c, k] += at_b
                to_earlier[c, k] += at_a


@inner_kernel(fastmath=FAST)
def _add_sent(n_steps: int, pattern: Pattern, block_inputs: BlockInputs, block: Block) -> None:
    """Enters what every branch takes from its sending node, reversed; one without transfer uses what it takes."""
    for branch in range(block_inputs.p_from.shape[0]):
        a, b, c = pattern.from_rank[branch], pattern.to_rank[branch], pattern.coupling[branch]
        to_later, to_earlier = (block.lower, block.upper) if a < b else (block.upper, block.lower)
        for k in range(n_steps):
            p_from, p_to = block_inputs.p_from[branch, k], block_inputs.p_to[branch, k]
            from_a = p_from if (p_from > FLUX_THRESHOLD_MW) & (p_to < -FLUX_THRESHOLD_MW) else 0.0
            from_b = p_to if (p_to > FLUX_THRESHOLD_MW) & (p_from < -FLUX_THRESHOLD_MW) else 0.0
            idle = (from_a == 0.0) & (from_b == 0.0)
            at_a, at_b = max(p_from, 0.0) if idle else 0.0, max(p_to, 0.0) if idle else 0.0
            block.excess[a, k] += at_a
            block.excess[b, k] += at_b
            block.inflow[a, k] += from_a + at_a
            block.inflow[b, k] += from_b + at_b
            if c >= 0:
                to_earlier[c, k] += from_a
                to_later[c, k] += from_b


@inner_kernel()
def solve_equations(begin: int, end: int, n_properties: int, pattern: Pattern, rules: Ints, blocks: Block) -> None:
    """Solves the factorised equations of each rule, shape (P,), in the steps `begin` to `end` of the block."""
    first = int(np.int64(0))
    for place in range(rules.size):
        block, gross = block_of_rule(blocks, place), rules[place] == GROSS
        forward_substitute(begin, end, gross, first, n_properties, pattern, block)
        back_substitute(begin, end, gross, first, n_properties, pattern, block)


@inner_kernel()
def set_up_dual(n_steps: int, place: int, block_inputs: BlockInputs, block: Block) -> None:
    """Enters what is used as property `place`, the right-hand side of the dual."""
    for n in range(block_inputs.use.shape[0]):
        for k in range(n_steps):
            block.carried[n, place, k] = block_inputs.use[n, k]


@inner_kernel()
def write_intensities(
    first: int, n_steps: int, some_dead: bool, n_properties: int, rank: Ints, block: Block, found: Floats
) -> None:
    """Copies the solution of ``DELIVERED`` or ``MEAN`` to `found`, shape (1 + R or more, T, N), from step `first`.

    Inflow first, then what a MWh carries: NaN where nothing flows.
    """
    for k in range(n_steps):
        for node in range(rank.size):
            found[0, first + k, node] = block.inflow[rank[node], k]
    for r in range(n_properties):
        for k in range(n_steps):
            for node in range(rank.size):
                dead = some_dead and block.live[rank[node], k] == 0.0
                found[1 + r, first + k, node] = np.nan if dead else block.carried[rank[node], r, k]


@inner_kernel()
def write_gross(first: int, n_steps: int, n_properties: int, rank: Ints, block: Block, found: Floats) -> None:
    """Copies the solution of ``GROSS`` to `found`, shape (2 + R, T, N), from step `first`.

    Gross power of the node; of a MWh used there its carbon, the renewable share of what was generated for it (of two
    properties), and the energy generated: NaN where nothing leaves a node or no source reaches it.
    """
    for k in range(n_steps):
        for node in range(rank.size):
            n = rank[node]
            factor = block.carried[n, n_properties, k]
            if block.inflow[n, k] > FLUX_THRESHOLD_MW and factor > 0.0:
                found[0, first + k, node] = factor * block.inflow[n, k]
                found[1, first + k, node] = block.carried[n, 0, k]
                for r in range(1, n_properties):
                    found[1 + r, first + k, node] = block.carried[n, r, k] / factor
                found[1 + n_properties, first + k, node] = factor
            else:
                found[0, first + k, node] = 0.0
                for r in range(1 + n_properties):
                    found[1 + r, first + k, node] = np.nan


@inner_kernel()
def write_share(first: int, n_steps: int, place: int, rank: Ints, block: Block, share: Floats) -> None:
    """Copies the solution of the dual, property `place`, to `share`, shape (T, N), from step `first`."""
    for k in range(n_steps):
        for node in range(rank.size):
            share[first + k, node] = block.carried[rank[node], place, k]
