"""Tracing of gross power (all losses on the loads) and of net power (all on the generators), compiled.

With s the power sent, u the power used at a node and t the sum of both, what leaves a node obeys
``t y = generation + sum(s_in y_sender)``: a column of these equations sums to the use of its node, not a row to its
supply. So the transpose is eliminated, the flows turned round and uses in the place of sources, with the same kernel
and the same exactness (see `carbon.mixing_kernel`), and its factors are applied in the opposite order. Net power is
plain mixing with the flows turned round.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from carbon.elimination import Pattern
from carbon.mixing_kernel import FAST, FLUX_THRESHOLD_MW, Block, clear, eliminate, pass_on, take_up
from carbon.tracing_kernel import Supply
from grid.series import Floats, Ints


@njit(cache=True, nogil=True)
def trace_gross_blocks(
    first: int,
    stop: int,
    size: int,
    pattern: Pattern,
    supply: Supply,
    use_mw: Floats,
    shunt_mw: Floats,
    block: Block,
    carried: Floats,
) -> None:
    """Traces steps `first` to `stop` in blocks of `size`.

    Args:
        first: First step.
        stop: One more than the last.
        size: Steps of a block.
        pattern: Where the coefficients stand.
        supply: Sources and flows.
        use_mw: Use at each node, shape (T, N), at least 0 [MW].
        shunt_mw: What its shunts lose, shape (T, N), or (0, N) without any [MW].
        block: Room for the equations; three properties.
        carried: Result, shape (4, T, N): for a MWh used at a node, its carbon, the renewable share of what was
            generated for it, and the energy generated, NaN where nothing flows; and the node's gross power.
    """
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        clear(n_steps, block)
        _feed(begin, n_steps, supply, block)
        _use(begin, n_steps, pattern, use_mw, shunt_mw, block)
        _send(begin, n_steps, pattern, supply.p_from_mw, supply.p_to_mw, block)
        eliminate(n_steps, pattern, block)
        _pass_on(n_steps, pattern, block)
        _take_up(n_steps, pattern, block)
        _write_out(begin, n_steps, pattern, block, carried)


@njit(cache=True, nogil=True, fastmath=FAST)
def _feed(first: int, n_steps: int, supply: Supply, block: Block) -> None:
    """Enters what the sources feed in: carbon, renewable energy and energy."""
    each_step = 1 if supply.ci_kg_per_mwh.shape[0] > 1 else 0
    each_step_too = 1 if supply.renewable_share.shape[0] > 1 else 0
    for g in range(supply.rank.size):
        n = supply.rank[g]
        for k in range(n_steps):
            p_mw = supply.p_mw[first + k, g]
            block.carried[n, 0, k] += p_mw * supply.ci_kg_per_mwh[(first + k) * each_step, g]
            block.carried[n, 1, k] += p_mw * supply.renewable_share[(first + k) * each_step_too, g]
            block.carried[n, 2, k] += p_mw


@njit(cache=True, nogil=True, fastmath=FAST)
def _use(first: int, n_steps: int, pattern: Pattern, use_mw: Floats, shunt_mw: Floats, block: Block) -> None:
    """Enters what is used, and how much leaves each node."""
    for node in range(use_mw.shape[1]):
        n = pattern.rank[node]
        for k in range(n_steps):
            lost = shunt_mw[first + k, node] if shunt_mw.shape[0] else 0.0
            block.excess[n, k] = use_mw[first + k, node] + lost
            block.inflow[n, k] = use_mw[first + k, node] + lost


@njit(cache=True, nogil=True, fastmath=FAST)
def _send(first: int, n_steps: int, pattern: Pattern, p_from_mw: Floats, p_to_mw: Floats, block: Block) -> None:
    """Enters what every branch takes from its sending node, turned round; without transfer it uses what it takes."""
    for branch in range(p_from_mw.shape[1]):
        a, b, c = pattern.from_rank[branch], pattern.to_rank[branch], pattern.coupling[branch]
        to_later, to_earlier = (block.lower, block.upper) if a < b else (block.upper, block.lower)
        for k in range(n_steps):
            p_from, p_to = p_from_mw[first + k, branch], p_to_mw[first + k, branch]
            from_a = p_from if (p_from > 0.0) & (p_to < 0.0) else 0.0
            from_b = p_to if (p_to > 0.0) & (p_from < 0.0) else 0.0
            idle = (from_a == 0.0) & (from_b == 0.0)
            at_a, at_b = max(p_from, 0.0) if idle else 0.0, max(p_to, 0.0) if idle else 0.0
            block.excess[a, k] += at_a
            block.excess[b, k] += at_b
            block.inflow[a, k] += from_a + at_a
            block.inflow[b, k] += from_b + at_b
            if c >= 0:
                to_earlier[c, k] += from_a
                to_later[c, k] += from_b


@njit(cache=True, nogil=True, fastmath=FAST)
def _pass_on(n_steps: int, pattern: Pattern, block: Block) -> None:
    """Forward substitution with the transpose of the upper factor."""
    upper, carried, per_pivot = block.upper, block.carried, block.per_pivot
    for n in range(carried.shape[0]):
        for r in range(carried.shape[1]):
            for k in range(n_steps):
                carried[n, r, k] *= per_pivot[n, k]
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for r in range(carried.shape[1]):
                for k in range(n_steps):
                    carried[i, r, k] += upper[c, k] * carried[n, r, k]


@njit(cache=True, nogil=True, fastmath=FAST)
def _take_up(n_steps: int, pattern: Pattern, block: Block) -> None:
    """Backward substitution with the transpose of the lower factor."""
    lower, carried = block.lower, block.carried
    for n in range(carried.shape[0] - 1, -1, -1):
        for c in range(pattern.pointer[n], pattern.pointer[n + 1]):
            i = pattern.later[c]
            for r in range(carried.shape[1]):
                for k in range(n_steps):
                    carried[n, r, k] += lower[c, k] * carried[i, r, k]


@njit(cache=True, nogil=True)
def _write_out(first: int, n_steps: int, pattern: Pattern, block: Block, carried: Floats) -> None:
    """Copies a block to the results, NaN where nothing leaves a node or no source reaches it."""
    for k in range(n_steps):
        for node in range(carried.shape[2]):
            n = pattern.rank[node]
            factor = block.carried[n, 2, k]
            if block.inflow[n, k] > FLUX_THRESHOLD_MW and factor > 0.0:
                carried[0, first + k, node] = block.carried[n, 0, k]
                carried[1, first + k, node] = block.carried[n, 1, k] / factor
                carried[2, first + k, node] = factor
                carried[3, first + k, node] = factor * block.inflow[n, k]
            else:
                carried[:3, first + k, node] = np.nan
                carried[3, first + k, node] = 0.0


@njit(cache=True, nogil=True)
def trace_net_blocks(
    first: int,
    stop: int,
    size: int,
    pattern: Pattern,
    supply: Supply,
    use_mw: Floats,
    shunt_mw: Floats,
    block: Block,
    share: Floats,
) -> None:
    """Share of the power at each node that reaches a use, steps `first` to `stop` in blocks of `size`.

    Args:
        first: First step.
        stop: One more than the last.
        size: Steps of a block.
        pattern: Where the coefficients stand.
        supply: The flows; its sources are not looked at.
        use_mw: Use at each node, shape (T, N), at least 0 [MW].
        shunt_mw: What its shunts lose, shape (T, N), or (0, N) without any [MW].
        block: Room for the equations; one property.
        share: Result, shape (T, N) [1]; 0 where nothing flows.
    """
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        clear(n_steps, block)
        for node in range(share.shape[1]):
            n = pattern.rank[node]
            for k in range(n_steps):
                block.carried[n, 0, k] = use_mw[begin + k, node]
                lost = shunt_mw[begin + k, node] if shunt_mw.shape[0] else 0.0
                block.excess[n, k] = use_mw[begin + k, node] + lost
        _return(begin, n_steps, pattern, supply.p_from_mw, supply.p_to_mw, block)
        eliminate(n_steps, pattern, block)
        pass_on(n_steps, pattern, block)
        take_up(n_steps, pattern, block)
        for k in range(n_steps):
            for node in range(share.shape[1]):
                share[begin + k, node] = block.carried[pattern.rank[node], 0, k]


@njit(cache=True, nogil=True, fastmath=FAST)
def _return(first: int, n_steps: int, pattern: Pattern, p_from_mw: Floats, p_to_mw: Floats, block: Block) -> None:
    """Enters what every branch delivers, turned round, and what it loses at the node whose power it is."""
    for branch in range(p_from_mw.shape[1]):
        a, b, c = pattern.from_rank[branch], pattern.to_rank[branch], pattern.coupling[branch]
        to_later, to_earlier = (block.lower, block.upper) if a < b else (block.upper, block.lower)
        for k in range(n_steps):
            p_from, p_to = p_from_mw[first + k, branch], p_to_mw[first + k, branch]
            forward, backward = (p_from > 0.0) & (p_to < 0.0), (p_to > 0.0) & (p_from < 0.0)
            both = p_from + p_to
            block.excess[a, k] += both if forward else (0.0 if backward else p_from)
            block.excess[b, k] += both if backward else (0.0 if forward else p_to)
            if c >= 0:
                to_earlier[c, k] += -p_to if forward else 0.0
                to_later[c, k] += -p_from if backward else 0.0


@njit(cache=True, nogil=True)
def gross_p_from(from_node: Ints, to_node: Ints, p_from_mw: Floats, p_to_mw: Floats, factor: Floats) -> Floats:
    """Gross power from the first node of each branch to the second, negative the other way, shape (T, L) [MW]."""
    sent: Floats = np.zeros(p_from_mw.shape)
    n_steps, n_branches = p_from_mw.shape
    for t in range(n_steps):
        for branch in range(n_branches):
            p_from, p_to = p_from_mw[t, branch], p_to_mw[t, branch]
            if p_from > 0.0 > p_to:
                sent[t, branch] = p_from * factor[t, from_node[branch]]
            elif p_to > 0.0 > p_from:
                sent[t, branch] = -p_to * factor[t, to_node[branch]]
    return sent
