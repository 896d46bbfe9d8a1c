"""What enters the equations of a block of steps, in the order of elimination, compiled; the same under every rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.block_kernel import row_of
from carbon.mixing.compiled import FAST, inner_kernel, kernel
from grid.arrays import Floats, Ints


class MixingInputs(NamedTuple):
    """What feeds the grid, what flows in it and what is used in all T steps, as the kernels read it; N nodes.

    Args:
        rank: Rank of the node of each source, shape (G,).
        p_mw: Power of each source, shape (T, G) [MW].
        ci_kg_per_mwh: Its carbon, shape (T, G), or (1, G) if it never changes [kg/MWh].
        renewable_share: Its renewable share, shape (T, G) or (1, G) [1].
        group: Group of each source, shape (G,), to trace the share of each group; shape (0,) to trace carbon and, as
            second property if there are two, the renewable share.
        p_from_mw: Power entering each branch at its first node, shape (T, L) [MW].
        p_to_mw: Power entering it at its second node, shape (T, L) [MW].
        use_rank: Rank of the node of each use, shape (M,).
        use_mw: Power of each use, shape (T, M) [MW].
        export_rank: Rank of the node of each export, shape (X,).
        export_mw: Power of each export, shape (T, X) [MW].
        shunt_rank: Rank of each node with shunts, shape (N,), or (0,) without any.
        shunt_mw: What they lose, shape (T, N) or (T, 0) [MW].
    """

    rank: Ints
    p_mw: Floats
    ci_kg_per_mwh: Floats
    renewable_share: Floats
    group: Ints
    p_from_mw: Floats
    p_to_mw: Floats
    use_rank: Ints
    use_mw: Floats
    export_rank: Ints
    export_mw: Floats
    shunt_rank: Ints
    shunt_mw: Floats


class BlockInputs(NamedTuple):
    """What enters the equations of B steps, by rank (or branch) and step.

    Args:
        power: Fed in at each node, by sources and stores, shape (N, B) [MW].
        carried: What the sources bring of each property, shape (N, R, B) [kg/h or MW].
        use: Used at each node, charging included, shape (N, B) [MW]; (0, B) if no rule asks for it.
        shunt: Lost in its shunts, shape (N, B) or (0, B) [MW].
        p_from: Power entering each branch at its first node, shape (L, B) [MW].
        p_to: Power entering it at its second node, shape (L, B) [MW].
    """

    power: Floats
    carried: Floats
    use: Floats
    shunt: Floats
    p_from: Floats
    p_to: Floats

    @classmethod
    def allocate(cls, n_nodes: int, n_branches: int, n_properties: int, n_steps: int, *, with_use: bool) -> BlockInputs:
        """Arrays for `n_steps` steps, not filled in yet."""
        row = row_of(n_steps)
        return cls(
            power=np.empty((n_nodes, row)),
            carried=np.empty((n_nodes, n_properties, row)),
            use=np.empty((n_nodes * with_use, row)),
            shunt=np.empty((n_nodes * with_use, row)),
            p_from=np.empty((n_branches, row)),
            p_to=np.empty((n_branches, row)),
        )


@kernel(fastmath=FAST)
def fill_block_inputs(first: int, n_steps: int, inputs: MixingInputs, block_inputs: BlockInputs) -> None:
    """Fills in steps `first` to `first + n_steps`, all but what the stores do."""
    for n in range(block_inputs.power.shape[0]):
        for k in range(n_steps):
            block_inputs.power[n, k] = 0.0
        for r in range(block_inputs.carried.shape[1]):
            for k in range(n_steps):
                block_inputs.carried[n, r, k] = 0.0
    for n in range(block_inputs.use.shape[0]):
        for k in range(n_steps):
            block_inputs.use[n, k] = 0.0
            block_inputs.shunt[n, k] = 0.0
    _copy_transposed(first, n_steps, inputs.p_from_mw, block_inputs.p_from)
    _copy_transposed(first, n_steps, inputs.p_to_mw, block_inputs.p_to)
    if inputs.group.size:
        _add_source_groups(first, n_steps, inputs, block_inputs)
    else:
        _add_sources(first, n_steps, inputs, block_inputs)
    if block_inputs.use.shape[0]:
        _add(first, n_steps, inputs.use_rank, inputs.use_mw, block_inputs.use)
        _add(first, n_steps, inputs.export_rank, inputs.export_mw, block_inputs.use)
        _add(first, n_steps, inputs.shunt_rank, inputs.shunt_mw, block_inputs.shunt)


@inner_kernel()
def _copy_transposed(first: int, n_steps: int, values: Floats, transposed: Floats) -> None:
    """Brings `values`, shape (T, L), into the order (L, B)."""
    for place in range(values.shape[1]):
        for k in range(n_steps):
            transposed[place, k] = values[first + k, place]


@inner_kernel(fastmath=FAST)
def _add(first: int, n_steps: int, rank: Ints, p_mw: Floats, at_rank: Floats) -> None:
    """Sums the power of elements, shape (T, M), at their nodes."""
    for element in range(rank.size):
        n = rank[element]
        for k in range(n_steps):
            at_rank[n, k] += p_mw[first + k, element]


@inner_kernel(fastmath=FAST)
def _add_sources(first: int, n_steps: int, inputs: MixingInputs, block_inputs: BlockInputs) -> None:
    """Enters what the sources feed in, its carbon and, if that is traced, its renewable part."""
    ci_each_step = 1 if inputs.ci_kg_per_mwh.shape[0] > 1 else 0
    share_each_step = 1 if inputs.renewable_share.shape[0] > 1 else 0
    with_share = block_inputs.carried.shape[1] > 1
    for g in range(inputs.rank.size):
        n = inputs.rank[g]
        for k in range(n_steps):
            p_mw = inputs.p_mw[first + k, g]
            block_inputs.power[n, k] += p_mw
            block_inputs.carried[n, 0, k] += p_mw * inputs.ci_kg_per_mwh[(first + k) * ci_each_step, g]
        if with_share:
            for k in range(n_steps):
                share = inputs.renewable_share[(first + k) * share_each_step, g]
                block_inputs.carried[n, 1, k] += inputs.p_mw[first + k, g] * share


@inner_kernel(fastmath=FAST)
def _add_source_groups(first: int, n_steps: int, inputs: MixingInputs, block_inputs: BlockInputs) -> None:
    """Enters what the sources feed in, each for its group."""
    for g in range(inputs.rank.size):
        n, group = inputs.rank[g], inputs.group[g]
        for k in range(n_steps):
            p_mw = inputs.p_mw[first + k, g]
            block_inputs.power[n, k] += p_mw
            block_inputs.carried[n, group, k] += p_mw
