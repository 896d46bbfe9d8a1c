"""Tracing of many steps, block after block and rule after rule, compiled: what calls the kernels of mixing and stocks.

Compiled code is kept on disk for each file, and numba notices a change in that file only: whoever changes a kernel
in another file that these call has to remove ``carbon/__pycache__`` to see it here.
"""

from __future__ import annotations

from carbon.mixing.block_kernel import Block, back_substitute, block_of_rule, eliminate, find_live, forward_substitute
from carbon.mixing.compiled import kernel
from carbon.mixing.conventions_kernel import (
    DELIVERED,
    GROSS,
    set_up_dual,
    set_up_equations,
    write_gross,
    write_intensities,
    write_share,
)
from carbon.mixing.elimination import Pattern
from carbon.mixing.inputs_kernel import BlockInputs, MixingInputs, fill_block_inputs
from carbon.stocks.carbon_kernel import advance_contents
from carbon.stocks.energy_kernel import advance_energy
from carbon.stocks.ledger import StockState
from carbon.stocks.schedule import BlockSchedule, DeviceArrays
from grid.arrays import Bools, Floats, Ints


@kernel()
def trace_blocks(
    first: int,
    stop: int,
    origin: int,
    size: int,
    pattern: Pattern,
    rules: Ints,
    inputs: MixingInputs,
    block_inputs: BlockInputs,
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
        rules: Mixing rules (see `carbon.mixing.conventions_kernel`), shape (P,).
        inputs: Sources, flows and uses.
        block_inputs: Work space: what enters the equations of a block.
        blocks: Work space: the equations under one rule.
        found: Result under each rule (see `write_intensities`, `write_gross`), shape (P, 1 + R or more, T, N).
        share: Share of the power at each node that reaches a use, found beside `DELIVERED`, shape (T, N); (0, N) if
            nobody asks.
    """
    block = block_of_rule(blocks, 0)
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        fill_block_inputs(begin, n_steps, inputs, block_inputs)
        for place in range(rules.size):
            some_dead = _prepare(rules[place], n_steps, pattern, block_inputs, block)
            if rules[place] == DELIVERED and share.shape[0]:
                _find_share(begin - origin, n_steps, pattern, block_inputs, block, share)
            _finish(rules[place], begin - origin, n_steps, some_dead, pattern, block_inputs, block, found[place])


@kernel()
def trace_blocks_with_stocks(
    first: int,
    stop: int,
    size: int,
    step_hours: float,
    pattern: Pattern,
    rules: Ints,
    inputs: MixingInputs,
    devices: DeviceArrays,
    state: StockState,
    schedule: BlockSchedule,
    block_inputs: BlockInputs,
    blocks: Block,
    some_dead: Bools,
    found: Floats,
    share: Floats,
) -> None:
    """The same with stores, whose `state` is that before `first`; other arguments as in `prepare_block`."""
    for begin in range(first, stop, size):
        n_steps = min(size, stop - begin)
        prepare_block(
            begin, n_steps, first, step_hours, pattern, rules, inputs,
            devices, state, schedule, schedule, block_inputs, blocks, some_dead, share,
        )  # fmt: skip
        advance_contents(begin, n_steps, step_hours, pattern, rules, devices, schedule, state, blocks)
        finish_block(begin, n_steps, first, pattern, rules, block_inputs, blocks, some_dead, found)


@kernel()
def prepare_block(
    begin: int,
    n_steps: int,
    origin: int,
    step_hours: float,
    pattern: Pattern,
    rules: Ints,
    inputs: MixingInputs,
    devices: DeviceArrays,
    state: StockState,
    before: BlockSchedule,
    schedule: BlockSchedule,
    block_inputs: BlockInputs,
    blocks: Block,
    some_dead: Bools,
    share: Floats,
) -> None:
    """All of a block with stores that does not depend on what the stocks hold.

    Args:
        begin: First step of the block.
        n_steps: Number of its steps.
        origin: As in `trace_blocks`.
        step_hours: Length of a step [h].
        pattern: Where the coefficients stand.
        rules: As in `trace_blocks`.
        inputs: Sources, flows and uses.
        devices: What every store did.
        state: The stocks, whose energy goes on to the end of the block.
        before: The schedule of the block before; may be the same array.
        schedule: Result: the events of this one.
        block_inputs: Result: what enters the equations.
        blocks: Result: the equations under each rule, factorised and forward substituted.
        some_dead: Result: whether some node may be without power under each rule, shape (P,).
        share: As in `trace_blocks`.
    """
    fill_block_inputs(begin, n_steps, inputs, block_inputs)
    advance_energy(begin, n_steps, step_hours, devices, before, schedule, state, block_inputs)
    for place in range(rules.size):
        block = block_of_rule(blocks, place)
        some_dead[place] = _prepare(rules[place], n_steps, pattern, block_inputs, block)
        if rules[place] == DELIVERED and share.shape[0]:
            _find_share(begin - origin, n_steps, pattern, block_inputs, block, share)


@kernel()
def finish_block(
    begin: int,
    n_steps: int,
    origin: int,
    pattern: Pattern,
    rules: Ints,
    block_inputs: BlockInputs,
    blocks: Block,
    some_dead: Bools,
    found: Floats,
) -> None:
    """What is left of a block when the contents of the stocks are known; arguments as before."""
    for place in range(rules.size):
        block = block_of_rule(blocks, place)
        _finish(rules[place], begin - origin, n_steps, some_dead[place], pattern, block_inputs, block, found[place])


@kernel()
def _prepare(rule: int, n_steps: int, pattern: Pattern, block_inputs: BlockInputs, block: Block) -> bool:
    """All under a rule but the back substitution; says whether some node may be without power."""
    set_up_equations(rule, n_steps, pattern, block_inputs, block)
    some_dead = eliminate(n_steps, pattern, block)
    n_properties = block_inputs.carried.shape[1]
    if rule == GROSS:  # of energy everything is known, also what the stores feed in
        forward_substitute(n_steps, True, 0, n_properties + 1, pattern, block)
        back_substitute(n_steps, True, n_properties, n_properties + 1, pattern, block)
        return False
    if some_dead:
        find_live(n_steps, pattern, block)
    forward_substitute(n_steps, False, 0, n_properties, pattern, block)
    return some_dead


@kernel()
def _finish(
    rule: int,
    first: int,
    n_steps: int,
    some_dead: bool,
    pattern: Pattern,
    block_inputs: BlockInputs,
    block: Block,
    found: Floats,
) -> None:
    """The back substitution under a rule; its results begin at step `first` of `found`."""
    n_properties = block_inputs.carried.shape[1]
    back_substitute(n_steps, rule == GROSS, 0, n_properties, pattern, block)
    if rule == GROSS:
        write_gross(first, n_steps, pattern.rank, block, found)
    else:
        write_intensities(first, n_steps, some_dead, n_properties, pattern.rank, block, found)


@kernel()
def _find_share(
    first: int, n_steps: int, pattern: Pattern, block_inputs: BlockInputs, block: Block, share: Floats
) -> None:
    """Share of the power at each node that reaches a use, from step `first` of `share`; `block` is factorised."""
    place = block_inputs.carried.shape[1]
    set_up_dual(n_steps, place, block_inputs, block)
    forward_substitute(n_steps, True, place, place + 1, pattern, block)
    back_substitute(n_steps, True, place, place + 1, pattern, block)
    write_share(first, n_steps, place, pattern.rank, block, share)
