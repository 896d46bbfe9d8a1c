"""Perfect mixing at every node for a block of steps at once, compiled.

With r the power received over a branch and s the power supplied at a node, what a MWh carries obeys at every node
``inflow x = sum(r x_sender) + supplied``. The nodes are eliminated one after another. Eliminating k means that its
power is seen as what k itself mixes: whoever received a from k now receives a shares of it from those that feed k.
All of this only ever adds and multiplies numbers that are not negative, also the pivot: what enters k, less what
returns to it through nodes eliminated earlier, is the sum of what is left over in its row [1]. So nothing cancels, a
node that carries 1 W is as exact as one that carries 100 MW, directed loops are harmless, and a pivot vanishes just
where nothing feeds the nodes.

Arrays are laid out as (rank or coupling, step of the block): the inner loops run over the steps and vectorise. Rows
are longer than the block by `PADDING`, so that their beginnings do not fall on the same lines of the cache.

References:
    [1] W. K. Grassmann, M. I. Taksar and D. P. Heyman, "Regenerative analysis and steady state distributions for
        Markov chains", Operations Research, vol. 33, no. 5, pp. 1107-1116, 1985.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from carbon.elimination import Pattern
from grid.series import Floats, Ints

FLUX_THRESHOLD_MW = 1e-9
"""A node that takes in no more than this is without power: above the noise of a solver (1e-10 MW and less), below the
hundredth of a watt."""
PADDING = 8
FAST = {"contract", "reassoc", "nsz", "nnan"}
"""No number in here is ever NaN: inputs are checked to be finite, and nothing is divided by a pivot that vanishes."""


class Block(NamedTuple):
    """Room for the equations of B steps; C couplings, N nodes, R properties (carbon, renewable share ...).

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
    def of(cls, n_nodes: int, n_couplings: int, n_properties: int, n_steps: int) -> Block:
        """Room for `n_steps` steps."""
        row = n_steps + PADDING
        nodes = (n_nodes, row)
        return cls(
            lower=np.empty((n_couplings, row)),
            upper=np.empty((n_couplings, row)),
            excess=np.empty(nodes),
            lost=np.empty(nodes),
            per_pivot=np.empty(nodes),
            inflow=np.empty(nodes),
            live=np.empty(nodes),
            carried=np.empty((n_nodes, n_properties, row)),
        )


@njit(cache=True, nogil=True, fastmath=FAST)
def clear(n_steps: int, block: Block) -> None:
    """Makes room for the next block."""
    for c in range(block.lower.shape[0]):
        for k in range(n_steps):
            block.lower[c, k] = 0.0
            block.upper[c, k] = 0.0
    for n in range(block.excess.shape[0]):
        for k in range(n_steps):
            block.excess[n, k] = 0.0
            block.lost[n, k] = 0.0
            block.inflow[n, k] = 0.0
        for r in range(block.carried.shape[1]):
            for k in range(n_steps):
                block.carried[n, r, k] = 0.0


@njit(cache=True, nogil=True, fastmath=FAST)
def receive(first: int, n_steps: int, pattern: Pattern, p_from_mw: Floats, p_to_mw: Floats, block: Block) -> None:
    """Enters what every branch delivers: shape (T, L) each, steps `first` to `first + n_steps`."""
    for branch in range(p_from_mw.shape[1]):
        a, b, c = pattern.from_rank[branch], pattern.to_rank[branch], pattern.coupling[branch]
        to_later, to_earlier = (block.lower, block.upper) if a < b else (block.upper, block.lower)
        for k in range(n_steps):
            p_from, p_to = p_from_mw[first + k, branch], p_to_mw[first + k, branch]
            at_b = -p_to if (p_from > 0.0) & (p_to < 0.0) else 0.0
            at_a = -p_from if (p_to > 0.0) & (p_from < 0.0) else 0.0
            block.inflow[b, k] += at_b
            block.inflow[a, k] += at_a
            if c >= 0:
                to_later[c, k] += at_b
                to_earlier[c, k] += at_a


@njit(cache=True, nogil=True, fastmath=FAST)
def eliminate(n_steps: int, pattern: Pattern, block: Block) -> bool:
    """Factors the equations of all steps; says whether some node in some step is fed by none that is left."""
    later, target = pattern.later, pattern.target
    lower, upper, excess, lost, per_pivot = block.lower, block.upper, block.excess, block.lost, block.per_pivot
    some_dead = False
    for n in range(excess.shape[0]):
        start, stop, update = pattern.pointer[n], pattern.pointer[n + 1], pattern.target_pointer[n]
        some_dead |= _invert_pivot(n, start, stop, n_steps, pattern, block)
        for c in range(start, stop):
            i = later[c]
            for k in range(n_steps):
                share = lower[c, k] * per_pivot[n, k]
                lower[c, k] = share
                excess[i, k] += share * excess[n, k]
                lost[i, k] += share * lost[n, k]
        for c in range(start, stop):
            for d in range(c + 1, stop):
                e = target[update]
                update += 1
                for k in range(n_steps):
                    upper[e, k] += lower[c, k] * upper[d, k]
                    lower[e, k] += lower[d, k] * upper[c, k]
    return some_dead


@njit(cache=True, nogil=True, fastmath=FAST)
def _invert_pivot(n: int, start: int, stop: int, n_steps: int, pattern: Pattern, block: Block) -> bool:
    """Inverts what enters rank `n`; where that is nothing, what it sends on is lost. Says whether that is so."""
    per_pivot = block.per_pivot
    for k in range(n_steps):
        per_pivot[n, k] = block.excess[n, k] + block.lost[n, k]
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


@njit(cache=True, nogil=True, fastmath=FAST)
def find_live(n_steps: int, pattern: Pattern, block: Block) -> None:
    """Marks the nodes that take in more than the threshold of what sources feed in, not of what comes from nowhere."""
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


@njit(cache=True, nogil=True, fastmath=FAST)
def pass_on(n_steps: int, pattern: Pattern, block: Block) -> None:
    """Forward substitution: what is supplied at a node enters the equations of those eliminated later."""
    lower, carried = block.lower, block.carried
    for n in range(carried.shape[0]):
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for r in range(carried.shape[1]):
                for k in range(n_steps):
                    carried[i, r, k] += lower[c, k] * carried[n, r, k]


@njit(cache=True, nogil=True, fastmath=FAST)
def take_up(n_steps: int, pattern: Pattern, block: Block) -> None:
    """Backward substitution: what a MWh carries at each node."""
    upper, carried, per_pivot = block.upper, block.carried, block.per_pivot
    for n in range(carried.shape[0] - 1, -1, -1):
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for r in range(carried.shape[1]):
                for k in range(n_steps):
                    carried[n, r, k] += upper[c, k] * carried[i, r, k]
        for r in range(carried.shape[1]):
            for k in range(n_steps):
                carried[n, r, k] *= per_pivot[n, k]


@njit(cache=True, nogil=True)
def write_out(
    first: int, n_steps: int, some_dead: bool, rank: Ints, block: Block, inflow_mw: Floats, carried: Floats
) -> None:
    """Copies a block to the results: `inflow_mw` (T, N) and `carried` (R, T, N), NaN where nothing flows."""
    for k in range(n_steps):
        for n in range(inflow_mw.shape[1]):
            inflow_mw[first + k, n] = block.inflow[rank[n], k]
    for r in range(carried.shape[0]):
        for k in range(n_steps):
            for n in range(carried.shape[2]):
                dead = some_dead and block.live[rank[n], k] == 0.0
                carried[r, first + k, n] = np.nan if dead else block.carried[rank[n], r, k]
