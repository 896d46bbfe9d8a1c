"""Tracing of a block of steps under every mixing rule, compiled: what calls the kernels of mixing.

Compiled code is kept on disk for each file, and numba notices a change in that file only: whoever changes a kernel
in another file that these call has to remove ``carbon/__pycache__`` to see it here.
"""

from __future__ import annotations

import numpy as np

from carbon.mixing.block_kernel import Block, back_substitute, block_of_rule, eliminate, find_live, forward_substitute
from carbon.mixing.compiled import inner_kernel, kernel
from carbon.mixing.conventions_kernel import (
    DELIVERED,
    GROSS,
    set_up_dual,
    set_up_equations,
    solve_equations,
    write_gross,
    write_intensities,
    write_share,
)
from carbon.mixing.elimination import Pattern
from carbon.mixing.inputs_kernel import BlockInputs
from grid.arrays import Bools, Floats, Ints


@kernel()
def factorise_block(
    first: int,
    n_steps: int,
    pattern: Pattern,
    rules: Ints,
    block_inputs: BlockInputs,
    blocks: Block,
    some_dead: Bools,
    share: Floats,
) -> None:
    """All of a block that does not depend on what the stocks hold: everything but what the power carries.

    Args:
        first: Where the block begins in `share`.
        n_steps: Number of its steps.
        pattern: Where the coefficients stand.
        rules: Mixing rules (see `carbon.mixing.conventions_kernel`), shape (P,).
        block_inputs: What enters the equations.
        blocks: Result: the equations under each rule, factorised; of gross power, energy is solved.
        some_dead: Result: whether some node may be without power under each rule, shape (P,).
        share: Result: share of the power at each node that reaches a use, found beside `DELIVERED`, shape (T, N);
            (0, N) if nobody asks.
    """
    n_properties, begin = block_inputs.carried.shape[1], int(np.int64(0))
    for place in range(rules.size):
        block, gross = block_of_rule(blocks, place), rules[place] == GROSS
        set_up_equations(rules[place], n_steps, pattern, block_inputs, block)
        some_dead[place] = eliminate(n_steps, pattern, block)
        if gross:  # of energy everything is known, also what the stores feed in
            forward_substitute(begin, n_steps, gross, n_properties, n_properties + 1, pattern, block)
            back_substitute(begin, n_steps, gross, n_properties, n_properties + 1, pattern, block)
        elif some_dead[place]:
            find_live(n_steps, pattern, block)
        if rules[place] == DELIVERED and share.shape[0]:
            _find_share(first, n_steps, pattern, block_inputs, block, share)


@kernel()
def finish_block(
    first: int,
    n_steps: int,
    solved: bool,
    pattern: Pattern,
    rules: Ints,
    block_inputs: BlockInputs,
    blocks: Block,
    some_dead: Bools,
    found: Floats,
) -> None:
    """What is left of a block: without stores its solution, and the results.

    Args:
        first: Where the block begins in `found`.
        n_steps: Number of its steps.
        solved: Whether the equations are solved, as they are with stores.
        pattern: Where the coefficients stand.
        rules: As in `factorise_block`.
        block_inputs: Likewise.
        blocks: The equations under each rule.
        some_dead: As in `factorise_block`.
        found: Result under each rule (see `write_intensities`, `write_gross`), shape (P, 1 + R or more, T, N).
    """
    n_properties = block_inputs.carried.shape[1]
    if not solved:
        solve_equations(int(np.int64(0)), n_steps, n_properties, pattern, rules, blocks)
    for place in range(rules.size):
        block = block_of_rule(blocks, place)
        if rules[place] == GROSS:
            write_gross(first, n_steps, n_properties, pattern.rank, block, found[place])
        else:
            write_intensities(first, n_steps, some_dead[place], n_properties, pattern.rank, block, found[place])


@inner_kernel()
def _find_share(
    first: int, n_steps: int, pattern: Pattern, block_inputs: BlockInputs, block: Block, share: Floats
) -> None:
    """Share of the power at each node that reaches a use, from step `first` of `share`; `block` is factorised."""
    place, begin = block_inputs.carried.shape[1], int(np.int64(0))
    transposed = place > 0  # always: the transpose has the factors already
    set_up_dual(n_steps, place, block_inputs, block)
    forward_substitute(begin, n_steps, transposed, place, place + 1, pattern, block)
    back_substitute(begin, n_steps, transposed, place, place + 1, pattern, block)
    write_share(first, n_steps, place, pattern.rank, block, share)
