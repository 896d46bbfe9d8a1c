"""What enters the equations of a block of steps, brought into their order, compiled: the same for every convention."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carbon.mixing.block_kernel import PADDING
from carbon.mixing.compiled import FAST, kernel
from grid.arrays import Floats, Ints


class Supply(NamedTuple):
    """What feeds the grid, what flows in it and what is used, as the kernels read it: T steps, N nodes.

    Args:
        rank: Rank of the node of each source, shape (G,).
        p_mw: Power of each source, shape (T, G) [MW].
        ci_kg_per_mwh: Its carbon, shape (T, G), or (1, G) if it never changes [kg/MWh].
        renewable_share: Its renewable share, shape (T, G) or (1, G) [1].
        group: Group of each source, shape (G,), to trace the share of each group; shape (0,) to trace carbon and
            renewable share.
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


class Entry(NamedTuple):
    """The same for B steps, by rank or branch and step.

    Args:
        power: Fed in at each node, by sources and stores, shape (N, B) [MW].
        carried: What the sources bring with it, shape (N, R, B) [x/h].
        use: Used at each node, charging included, shape (N, B) [MW]; (0, B) if no convention asks for it.
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
    def of(cls, n_nodes: int, n_branches: int, n_properties: int, n_steps: int, *, with_use: bool) -> Entry:
        """Room for `n_steps` steps."""
        row = n_steps + PADDING
        return cls(
            power=np.empty((n_nodes, row)),
            carried=np.empty((n_nodes, n_properties, row)),
            use=np.empty((n_nodes * with_use, row)),
            shunt=np.empty((n_nodes * with_use, row)),
            p_from=np.empty((n_branches, row)),
            p_to=np.empty((n_branches, row)),
        )


@kernel(fastmath=FAST)
def enter(first: int, n_steps: int, supply: Supply, entry: Entry) -> None:
    """Enters steps `first` to `first + n_steps`, but for the stores."""
    for n in range(entry.power.shape[0]):
        for k in range(n_steps):
            entry.power[n, k] = 0.0
        for r in range(entry.carried.shape[1]):
            for k in range(n_steps):
                entry.carried[n, r, k] = 0.0
    for n in range(entry.use.shape[0]):
        for k in range(n_steps):
            entry.use[n, k] = 0.0
            entry.shunt[n, k] = 0.0
    _turn(first, n_steps, supply.p_from_mw, entry.p_from)
    _turn(first, n_steps, supply.p_to_mw, entry.p_to)
    if supply.group.size:
        _feed_groups(first, n_steps, supply, entry)
    else:
        _feed(first, n_steps, supply, entry)
    if entry.use.shape[0]:
        _add(first, n_steps, supply.use_rank, supply.use_mw, entry.use)
        _add(first, n_steps, supply.export_rank, supply.export_mw, entry.use)
        _add(first, n_steps, supply.shunt_rank, supply.shunt_mw, entry.shunt)


@kernel()
def _turn(first: int, n_steps: int, values: Floats, turned: Floats) -> None:
    """Brings `values`, shape (T, L), into the order (L, B)."""
    for place in range(values.shape[1]):
        for k in range(n_steps):
            turned[place, k] = values[first + k, place]


@kernel(fastmath=FAST)
def _add(first: int, n_steps: int, rank: Ints, p_mw: Floats, at_rank: Floats) -> None:
    """Sums the power of elements, shape (T, M), at their nodes."""
    for element in range(rank.size):
        n = rank[element]
        for k in range(n_steps):
            at_rank[n, k] += p_mw[first + k, element]


@kernel(fastmath=FAST)
def _feed(first: int, n_steps: int, supply: Supply, entry: Entry) -> None:
    """Enters what the sources feed in, its carbon and its renewable part."""
    each_step = 1 if supply.ci_kg_per_mwh.shape[0] > 1 else 0
    each_step_too = 1 if supply.renewable_share.shape[0] > 1 else 0
    for g in range(supply.rank.size):
        n = supply.rank[g]
        for k in range(n_steps):
            p_mw = supply.p_mw[first + k, g]
            entry.power[n, k] += p_mw
            entry.carried[n, 0, k] += p_mw * supply.ci_kg_per_mwh[(first + k) * each_step, g]
            entry.carried[n, 1, k] += p_mw * supply.renewable_share[(first + k) * each_step_too, g]


@kernel(fastmath=FAST)
def _feed_groups(first: int, n_steps: int, supply: Supply, entry: Entry) -> None:
    """Enters what the sources feed in, each for its group."""
    for g in range(supply.rank.size):
        n, group = supply.rank[g], supply.group[g]
        for k in range(n_steps):
            p_mw = supply.p_mw[first + k, g]
            entry.power[n, k] += p_mw
            entry.carried[n, group, k] += p_mw
