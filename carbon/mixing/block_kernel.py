"""The equations of perfect mixing at every node, solved for a block of steps at once, compiled.

With r the power received over a branch and s the power supplied at a node, what a MWh carries obeys at every node
``inflow x = sum(r x_sender) + supplied``. The nodes are eliminated one after another. Eliminating k means that its
power is seen as what k itself mixes: whoever received a from k now receives a shares of it from those that feed k.
All of this only ever adds and multiplies numbers that are not negative, also the pivot: what enters k, less what
returns to it through nodes eliminated earlier, is the sum of what is left over in its row [1]. So nothing cancels, a
node that carries 1 W is as exact as one that carries 100 MW, directed loops are harmless, and a pivot vanishes just
where nothing feeds the nodes.

Arrays are laid out as (rank or coupling, step of the block), so the inner loops run over the steps and vectorise; how
long the rows are, `row_of` says.

References:
    [1] W. K. Grassmann, M. I. Taksar and D. P. Heyman, "Regenerative analysis and steady state distributions for
        Markov chains", Operations Research, vol. 33, no. 5, pp. 1107-1116, 1985.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import FAST, inner_kernel
from carbon.mixing.elimination import Pattern
from grid.arrays import Floats

FLUX_THRESHOLD_MW = 1e-9
"""A node that takes in no more than this is without power [MW]: above the noise of a power flow (1e-10 MW and less),
below a hundredth of a watt."""
CACHE_LINE = 8
"""Elements of a line of the cache."""


def row_of(n_steps: int) -> int:
    """Elements of a row for a block of so many steps: a line of the cache more, unless the steps fill one or less.

    Rows of a power of two of lines would begin in the same set of the cache. Single lines follow each other: with one
    between them that is never used, a grid of ten thousand nodes takes half as long again.
    """
    return n_steps + CACHE_LINE if n_steps > CACHE_LINE else n_steps


class Block(NamedTuple):
    """The equations of B steps; C couplings, N nodes, R properties (carbon, renewable share ...).

    With an axis more, in front, the equations of several mixing rules (see `block_of_rule`).

    Args:
        lower: Received by the later node from the earlier one, shape (C, B) [MW]; after elimination, in shares of what
            enters the earlier one [1].
        upper: Received by the earlier node from the later one, shape (C, B) [MW].
        excess: Power of known origin supplied at a node, directly or through nodes eliminated earlier, (N, B) [MW].
        lost: Power received from nodes that no source reaches, shape (N, B) [MW].
        per_pivot: One over the power that enters a node from those that are left, (N, B) [1/MW]; 0 if there is none.
        inflow: Power that enters a node, shape (N, B) [MW].
        live: 1 where a source reaches the node, else 0, shape (N, B).
        carried: What is supplied, shape (N, R, B) [x/h]; after the solution what a MWh carries [x/MWh].
    """

    lower: Floats
    upper: Floats
    excess: Floats
    lost: Floats
    per_pivot: Floats
    inflow: Floats
    live: Floats
    carried: Floats

    @classmethod
    def allocate(cls, n_rules: int, n_nodes: int, n_couplings: int, n_properties: int, n_steps: int) -> Block:
        """Arrays for the equations of `n_rules` mixing rules, `n_steps` steps each, not filled in yet."""
        row = row_of(n_steps)
        couplings, nodes = (n_rules, n_couplings, row), (n_rules, n_nodes, row)
        return cls(
            lower=np.empty(couplings),
            upper=np.empty(couplings),
            excess=np.empty(nodes),
            lost=np.empty(nodes),
            per_pivot=np.empty(nodes),
            inflow=np.empty(nodes),
            live=np.empty(nodes),
            carried=np.empty((n_rules, n_nodes, n_properties, row)),
        )


@inner_kernel()
def block_of_rule(blocks: Block, place: int) -> Block:
    """The equations of one of several mixing rules."""
    return Block(
        blocks.lower[place],
        blocks.upper[place],
        blocks.excess[place],
        blocks.lost[place],
        blocks.per_pivot[place],
        blocks.inflow[place],
        blocks.live[place],
        blocks.carried[place],
    )


@inner_kernel(fastmath=FAST)
def eliminate(n_steps: int, pattern: Pattern, block: Block) -> bool:
    """Factorises the equations of all steps in place; True if some pivot vanished, that is, some node has no inflow."""
    later, target = pattern.later, pattern.target
    lower, upper, excess, lost, per_pivot = block.lower, block.upper, block.excess, block.lost, block.per_pivot
    some_dead = False
    for n in range(excess.shape[0]):
        start, stop, update = pattern.pointer[n], pattern.pointer[n + 1], pattern.target_pointer[n]
        some_dead |= _invert_pivot(n, start, stop, n_steps, some_dead, pattern, block)
        for c in range(start, stop):
            i = later[c]
            for k in range(n_steps):
                share = lower[c, k] * per_pivot[n, k]
                lower[c, k] = share
                excess[i, k] += share * excess[n, k]
            if some_dead:
                for k in range(n_steps):
                    lost[i, k] += lower[c, k] * lost[n, k]
        for c in range(start, stop):
            for d in range(c + 1, stop):
                e = target[update]
                update += 1
                for k in range(n_steps):
                    upper[e, k] += lower[c, k] * upper[d, k]
                    lower[e, k] += lower[d, k] * upper[c, k]
    return some_dead


@inner_kernel(fastmath=FAST)
def _invert_pivot(n: int, start: int, stop: int, n_steps: int, some_dead: bool, pattern: Pattern, block: Block) -> bool:
    """Inverts the pivot of rank `n` in every step; True if one vanished, and then what that node sends on is lost."""
    per_pivot = block.per_pivot
    for k in range(n_steps):
        per_pivot[n, k] = block.excess[n, k]
    if some_dead:  # before the first dead node nothing is lost
        for k in range(n_steps):
            per_pivot[n, k] += block.lost[n, k]
    for c in range(start, stop):
        for k in range(n_steps):
            per_pivot[n, k] += block.upper[c, k]
    least = FLUX_THRESHOLD_MW + 1.0
    for k in range(n_steps):
        pivot = per_pivot[n, k]
        least = min(least, pivot)
        per_pivot[n, k] = 1.0 / max(pivot, FLUX_THRESHOLD_MW) if pivot > FLUX_THRESHOLD_MW else 0.0
    if least > FLUX_THRESHOLD_MW:
        return False
    for c in range(start, stop):
        for k in range(n_steps):
            block.lost[pattern.later[c], k] += block.lower[c, k] if per_pivot[n, k] == 0.0 else 0.0
    return True


@inner_kernel(fastmath=FAST)
def find_live(n_steps: int, pattern: Pattern, block: Block) -> None:
    """Marks the nodes that take in more than the threshold from sources; what comes from nowhere does not count."""
    live, excess, upper = block.live, block.excess, block.upper
    for n in range(excess.shape[0] - 1, -1, -1):
        for k in range(n_steps):
            live[n, k] = excess[n, k]
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for k in range(n_steps):
                live[n, k] += upper[c, k] * live[i, k]
        for k in range(n_steps):
            live[n, k] = 1.0 if live[n, k] > FLUX_THRESHOLD_MW else 0.0


@inner_kernel(fastmath=FAST)
def forward_substitute(
    begin: int, end: int, transposed: bool, first: int, stop: int, pattern: Pattern, block: Block
) -> None:
    """Forward substitution: what is supplied at a node enters the equations of those eliminated later.

    Steps are counted without sign: numba would ask at each whether it is counted from the end, and vectorise nothing.

    Args:
        begin: The first step of the block in which it is done.
        end: One more than the last.
        transposed: Whether the transpose of the matrix that was eliminated is solved.
        first: The first property.
        stop: One more than the last.
        pattern: Where the coefficients stand.
        block: The equations, factorised.
    """
    carried, per_pivot, from_step, to_step = block.carried, block.per_pivot, np.uint64(begin), np.uint64(end)
    coefficient = block.upper if transposed else block.lower
    for n in range(carried.shape[0]):
        if transposed:
            for r in range(first, stop):
                for k in range(from_step, to_step):
                    carried[n, r, k] *= per_pivot[n, k]
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for r in range(first, stop):
                for k in range(from_step, to_step):
                    carried[i, r, k] += coefficient[c, k] * carried[n, r, k]


@inner_kernel(fastmath=FAST)
def back_substitute(
    begin: int, end: int, transposed: bool, first: int, stop: int, pattern: Pattern, block: Block
) -> None:
    """Back substitution, which leaves what a MWh carries at each node; arguments as before."""
    carried, per_pivot, from_step, to_step = block.carried, block.per_pivot, np.uint64(begin), np.uint64(end)
    coefficient = block.lower if transposed else block.upper
    for n in range(carried.shape[0] - 1, -1, -1):
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for r in range(first, stop):
                for k in range(from_step, to_step):
                    carried[n, r, k] += coefficient[c, k] * carried[i, r, k]
        if not transposed:
            for r in range(first, stop):
                for k in range(from_step, to_step):
                    carried[n, r, k] *= per_pivot[n, k]
