"""Tracing of many steps, block after block and convention after convention, compiled.

Compiled code is kept on disk for each file, and numba notices a change in that file only: whoever changes a kernel
in another file that these call has to remove ``carbon/__pycache__`` to see it here.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block, eliminate, find_live, pass_on, room, take_up
from carbon.mixing.compiled import kernel
from carbon.mixing.conventions_kernel import (
    DELIVERED,
    GROSS,
    fill_in,
    fill_in_use,
    write_gross,
    write_mixed,
    write_share,
)
from carbon.mixing.elimination import Pattern
from carbon.mixing.inputs_kernel import Entry, Supply, enter
from carbon.stocks.account import Book
from carbon.stocks.carbon_kernel import walk
from carbon.stocks.desk import Desk, Stores
from carbon.stocks.energy_kernel import gather
from grid.arrays import Bools, Floats, Ints


@kernel()
def trace_blocks(
    first: int,
    stop: int,
    origin: int,
    size: int,
    pattern: Pattern,
    kinds: Ints,
    supply: Supply,
    entry: Entry,
    blocks: Block,
    found: Floats,
    share: Floats,
) -> None:
    """Traces steps `first` to `stop` in blocks of `size`.

    Args:
        first: First step.
        stop: One more than the last.
        origin: The first step of `found` and `share`.
        size: Steps of a block.
        pattern: Where the coefficients stand.
        kinds: The conventions with intensities (see `carbon.mixing.conventions_kernel`), shape (P,).
        supply: Sources, flows and uses.
        entry: Room for what enters.
        blocks: Room for the equations of one convention.
        found: What is found under each convention (see `write_mixed`, `write_gross`), shape (P, 1 + R or more, T, N).
        share: Share of the power at each node that reaches a use, found beside `DELIVERED`, shape (T, N); (0, N) if
            nobody asks.
    """
    block = room(blocks, 0)
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        enter(begin, n_steps, supply, entry)
        for place in range(kinds.size):
            some_dead = _prepare(kinds[place], n_steps, pattern, entry, block)
            if kinds[place] == DELIVERED and share.shape[0]:
                _find_share(begin - origin, n_steps, pattern, entry, block, share)
            _finish(kinds[place], begin - origin, n_steps, some_dead, pattern, entry, block, found[place])


@kernel()
def trace_blocks_with_stocks(
    first: int,
    stop: int,
    size: int,
    step_hours: float,
    pattern: Pattern,
    kinds: Ints,
    supply: Supply,
    stores: Stores,
    book: Book,
    desk: Desk,
    entry: Entry,
    blocks: Block,
    some_dead: Bools,
    found: Floats,
    share: Floats,
) -> None:
    """The same with stores, whose `book` stands at the beginning of `first`; arguments as before and after."""
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        prepare_block(
            begin, n_steps, first, step_hours, pattern, kinds, supply,
            stores, book, desk, desk, entry, blocks, some_dead, share,
        )  # fmt: skip
        walk(begin, n_steps, step_hours, pattern, kinds, stores, desk, book, blocks)
        finish_block(begin, n_steps, first, pattern, kinds, entry, blocks, some_dead, found)


@kernel()
def prepare_block(
    begin: int,
    n_steps: int,
    origin: int,
    step_hours: float,
    pattern: Pattern,
    kinds: Ints,
    supply: Supply,
    stores: Stores,
    book: Book,
    before: Desk,
    desk: Desk,
    entry: Entry,
    blocks: Block,
    some_dead: Bools,
    share: Floats,
) -> None:
    """All of a block with stores that can be done before the stocks get there.

    Args:
        begin: First step of the block.
        n_steps: Number of its steps.
        origin: As in `trace_blocks`.
        step_hours: Length of a step [h].
        pattern: Where the coefficients stand.
        kinds: As in `trace_blocks`.
        supply: Sources, flows and uses.
        stores: What every store did.
        book: The account of the stocks; of energy only.
        before: The desk of the block before; may be the same.
        desk: Room for what the stores do in this one.
        entry: Room for what enters.
        blocks: Room for the equations of each convention.
        some_dead: Result: whether some node may be dead under each convention, shape (P,).
        share: As in `trace_blocks`.
    """
    enter(begin, n_steps, supply, entry)
    gather(begin, n_steps, step_hours, stores, before, desk, book, entry)
    for place in range(kinds.size):
        block = room(blocks, place)
        some_dead[place] = _prepare(kinds[place], n_steps, pattern, entry, block)
        if kinds[place] == DELIVERED and share.shape[0]:
            _find_share(begin - origin, n_steps, pattern, entry, block, share)


@kernel()
def finish_block(
    begin: int,
    n_steps: int,
    origin: int,
    pattern: Pattern,
    kinds: Ints,
    entry: Entry,
    blocks: Block,
    some_dead: Bools,
    found: Floats,
) -> None:
    """All that is left when the stocks have walked through a block; arguments as before."""
    for place in range(kinds.size):
        block = room(blocks, place)
        _finish(kinds[place], begin - origin, n_steps, some_dead[place], pattern, entry, block, found[place])


@kernel()
def _prepare(kind: int, n_steps: int, pattern: Pattern, entry: Entry, block: Block) -> bool:
    """Everything of a convention but the backward substitution; says whether some node may be dead."""
    fill_in(kind, n_steps, pattern, entry, block)
    some_dead = eliminate(n_steps, pattern, block)
    n_properties = entry.carried.shape[1]
    if kind == GROSS:  # of energy everything is known, also what the stores feed in
        pass_on(n_steps, True, 0, n_properties + 1, pattern, block)
        take_up(n_steps, True, n_properties, n_properties + 1, pattern, block)
        return False
    if some_dead:
        find_live(n_steps, pattern, block)
    pass_on(n_steps, False, 0, n_properties, pattern, block)
    return some_dead


@kernel()
def _finish(
    kind: int,
    first: int,
    n_steps: int,
    some_dead: bool,
    pattern: Pattern,
    entry: Entry,
    block: Block,
    found: Floats,
) -> None:
    """The backward substitution of a convention; its results begin at step `first` of `found`."""
    n_properties = entry.carried.shape[1]
    take_up(n_steps, kind == GROSS, 0, n_properties, pattern, block)
    if kind == GROSS:
        write_gross(first, n_steps, pattern.rank, block, found)
    else:
        write_mixed(first, n_steps, some_dead, n_properties, pattern.rank, block, found)


@kernel()
def _find_share(first: int, n_steps: int, pattern: Pattern, entry: Entry, block: Block, share: Floats) -> None:
    """Share of the power at each node that reaches a use, from step `first` of `share`; `block` is factored."""
    place = entry.carried.shape[1]
    fill_in_use(n_steps, place, entry, block)
    pass_on(n_steps, True, place, place + 1, pattern, block)
    take_up(n_steps, True, place, place + 1, pattern, block)
    write_share(first, n_steps, place, pattern.rank, block, share)
