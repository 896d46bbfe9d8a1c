"""Tracing with all losses on the loads, compiled: the equations of gross power, solved by their transpose.

With s the power sent, u the power used at a node and t the sum of both, what leaves a node obeys
``t y = generation + sum(s_in y_sender)``: a column of these equations sums to the use of its node, not a row to its
supply. So the transpose is eliminated, the flows turned round and uses in the place of sources, with the same kernel
and the same exactness (see `carbon.mixing_kernel`), and its factors are applied in the opposite order.
"""

from __future__ import annotations

from numba import njit

from carbon.elimination import Pattern
from carbon.mixing_kernel import FAST, FLUX_THRESHOLD_MW, Block, clear, eliminate
from carbon.tracing_kernel import Supply
from grid.series import Floats


@njit(cache=True, nogil=True)
def trace_gross_blocks(
    first: int, stop: int, size: int, pattern: Pattern, supply: Supply, use_mw: Floats, block: Block, carried: Floats
) -> None:
    """Traces steps `first` to `stop` in blocks of `size`.

    Args:
        first: First step.
        stop: One more than the last.
        size: Steps of a block.
        pattern: Where the coefficients stand.
        supply: Sources and flows.
        use_mw: Power that leaves the grid at each node, by rank, shape (T, N), at least 0 [MW].
        block: Room for the equations; three properties.
        carried: Result, shape (3, T, N): for a MWh used at a node, carbon, renewable energy, and energy generated;
            all 0 where nothing flows.
    """
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        clear(n_steps, block)
        _feed(begin, n_steps, supply, block)
        _use(begin, n_steps, pattern, use_mw, block)
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
def _use(first: int, n_steps: int, pattern: Pattern, use_mw: Floats, block: Block) -> None:
    """Enters what is used, and how much leaves each node."""
    for node in range(use_mw.shape[1]):
        n = pattern.rank[node]
        for k in range(n_steps):
            block.excess[n, k] = use_mw[first + k, node]
            block.inflow[n, k] = use_mw[first + k, node]


@njit(cache=True, nogil=True, fastmath=FAST)
def _send(first: int, n_steps: int, pattern: Pattern, p_from_mw: Floats, p_to_mw: Floats, block: Block) -> None:
    """Enters what every branch takes from its sending node, turned round."""
    for branch in range(p_from_mw.shape[1]):
        a, b, c = pattern.from_rank[branch], pattern.to_rank[branch], pattern.coupling[branch]
        if c < 0:
            continue
        to_later, to_earlier = (block.lower, block.upper) if a < b else (block.upper, block.lower)
        for k in range(n_steps):
            p_from, p_to = p_from_mw[first + k, branch], p_to_mw[first + k, branch]
            from_a = p_from if (p_from > 0.0) & (p_to < 0.0) else 0.0
            from_b = p_to if (p_to > 0.0) & (p_from < 0.0) else 0.0
            block.inflow[a, k] += from_a
            block.inflow[b, k] += from_b
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
    """Copies a block to the results, 0 where nothing leaves a node."""
    for r in range(carried.shape[0]):
        for k in range(n_steps):
            for node in range(carried.shape[2]):
                n = pattern.rank[node]
                flows = block.inflow[n, k] > FLUX_THRESHOLD_MW
                carried[r, first + k, node] = block.carried[n, r, k] if flows else 0.0
