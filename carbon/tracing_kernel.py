"""Tracing of many steps, block after block, compiled.

Compiled code is kept on disk for each file, and numba notices a change in that file only: whoever changes a kernel
in another file that these call has to remove ``carbon/__pycache__`` to see it here.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from carbon.elimination import Pattern
from carbon.mixing_kernel import FAST, Block, clear, eliminate, find_live, pass_on, receive, take_up, write_out
from carbon.stock_desk import Desk, Stores, gather, scatter
from grid.series import Floats, Ints


class Supply(NamedTuple):
    """What feeds the grid and what flows in it, as the kernels read it: T steps, G sources, L branches.

    Args:
        rank: Rank of the node of each source, shape (G,).
        p_mw: Power of each source, shape (T, G) [MW].
        ci_kg_per_mwh: Its carbon, shape (T, G), or (1, G) if it never changes [kg/MWh].
        renewable_share: Its renewable share, shape (T, G) or (1, G) [1].
        group: Group of each source, shape (G,), to trace the share of each group; shape (0,) to trace carbon and
            renewable share.
        p_from_mw: Power entering each branch at its first node, shape (T, L) [MW].
        p_to_mw: Power entering it at its second node, shape (T, L) [MW].
    """

    rank: Ints
    p_mw: Floats
    ci_kg_per_mwh: Floats
    renewable_share: Floats
    group: Ints
    p_from_mw: Floats
    p_to_mw: Floats


@njit(cache=True, nogil=True)
def trace_blocks(
    first: int,
    stop: int,
    origin: int,
    size: int,
    pattern: Pattern,
    supply: Supply,
    block: Block,
    inflow_mw: Floats,
    carried: Floats,
) -> None:
    """Traces steps `first` to `stop` in blocks of `size`; step `origin` is the first of `inflow_mw` and `carried`."""
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        clear(n_steps, block)
        _supply(begin, n_steps, supply, block)
        receive(begin, n_steps, pattern, supply.p_from_mw, supply.p_to_mw, block)
        some_dead = eliminate(n_steps, pattern, block)
        if some_dead:
            find_live(n_steps, pattern, block)
        pass_on(n_steps, pattern, block)
        take_up(n_steps, pattern, block)
        write_out(begin - origin, n_steps, some_dead, pattern.rank, block, inflow_mw, carried)


@njit(cache=True, nogil=True)
def prepare_block(
    begin: int,
    n_steps: int,
    pattern: Pattern,
    supply: Supply,
    stores: Stores,
    before: Desk,
    desk: Desk,
    block: Block,
) -> bool:
    """All of a block with stores that can be done before the stocks get there; says whether some node may be dead.

    Args:
        begin: First step of the block.
        n_steps: Number of its steps.
        pattern: Where the coefficients stand.
        supply: Sources and flows.
        stores: What every store did.
        before: The desk of the block before.
        desk: Room for what the stores do in this one.
        block: Room for its equations.
    """
    clear(n_steps, block)
    _supply(begin, n_steps, supply, block)
    gather(begin, n_steps, stores, before, desk, block)
    receive(begin, n_steps, pattern, supply.p_from_mw, supply.p_to_mw, block)
    some_dead = eliminate(n_steps, pattern, block)
    if some_dead:
        find_live(n_steps, pattern, block)
    pass_on(n_steps, pattern, block)
    return some_dead


@njit(cache=True, nogil=True)
def finish_block(
    begin: int,
    n_steps: int,
    origin: int,
    some_dead: bool,
    pattern: Pattern,
    stores: Stores,
    desk: Desk,
    block: Block,
    inflow_mw: Floats,
    carried: Floats,
) -> None:
    """All that is left when the stocks have walked through a block; arguments as before."""
    take_up(n_steps, pattern, block)
    write_out(begin - origin, n_steps, some_dead, pattern.rank, block, inflow_mw, carried)
    if desk.slots.shape[1]:
        scatter(begin, n_steps, stores, desk)


@njit(cache=True, nogil=True, fastmath=FAST)
def _supply(first: int, n_steps: int, supply: Supply, block: Block) -> None:
    """Enters what the sources feed in, and what it carries."""
    each_step = 1 if supply.ci_kg_per_mwh.shape[0] > 1 else 0
    each_step_too = 1 if supply.renewable_share.shape[0] > 1 else 0
    for g in range(supply.rank.size):
        n = supply.rank[g]
        if supply.group.size:
            for k in range(n_steps):
                block.carried[n, supply.group[g], k] += supply.p_mw[first + k, g]
        else:
            for k in range(n_steps):
                p_mw = supply.p_mw[first + k, g]
                block.carried[n, 0, k] += p_mw * supply.ci_kg_per_mwh[(first + k) * each_step, g]
                block.carried[n, 1, k] += p_mw * supply.renewable_share[(first + k) * each_step_too, g]
        for k in range(n_steps):
            block.excess[n, k] += supply.p_mw[first + k, g]
            block.inflow[n, k] += supply.p_mw[first + k, g]
