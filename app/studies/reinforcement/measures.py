"""Measures that may help a grid: cables beside lines, second transformers, taps, storage, shifted charging."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import coo_array, csgraph

from app.studies.reinforcement.costs import MeasureCost
from grid.arrays import Bools, Floats, Ints
from grid.network.network import Network
from grid.network.reinforced import Cable, with_cable, with_ratio, with_second
from grid.twin.equipment import cable_types, line_table, tap_table, transformer_table

STORAGE_SHARES = (0.25, 0.5, 1.0)
"""Sizes of storage, as shares of what the worst branch or bus lacks."""
SHIFTED_SHARE = 0.7
"""Share of the charging of a fleet that leaves the hours in which limits break (unverified)."""
SAME_VOLTAGE = 0.1


@dataclass(frozen=True, eq=False)
class GridMeasure:
    """Something that may be done.

    Args:
        name: What is done, and where.
        kind: ``cable``, ``transformer``, ``tap``, ``storage`` or ``smart_charging``.
        cost: Its cost of a year [currency/a].
        change: Makes the network with it, if it changes the network.
        p_mw: What it changes of the withdrawal, shape (T, B) [MW], if it does.
        group: Name of what at most one measure is taken of; empty for others.
    """

    name: str
    kind: str
    cost: float
    change: Callable[[Network], Network] | None = None
    p_mw: Floats | None = None
    group: str = ""


@dataclass(frozen=True, eq=False)
class Need:
    """Where limits break; T steps.

    Args:
        branches: Branches over their limit, and those on the way from the grid above to buses beyond theirs.
        buses: Buses at the end of branches over their limit, and buses beyond their limits, the worst first.
        lacking_mw: Power by which the worst branch is over its limit, or 0.1 MW where only voltages are [MW].
        discharge: Steps in which less withdrawal helps; in the others less feed-in does, shape (T,).
        broken: Steps in which a limit breaks, shape (T,).
    """

    branches: Ints
    buses: Ints
    lacking_mw: float
    discharge: Bools
    broken: Bools


def upstream_of(network: Network, nodes: Ints) -> Ints:
    """Branches on the ways from the external grids to some nodes, the fewest branches a way."""
    branches = network.branches
    n = network.n_nodes
    ends = (branches.from_node, branches.to_node)
    graph = coo_array((np.ones(len(branches)), ends), shape=(n, n)).tocsr()
    _, before = csgraph.breadth_first_order(graph, int(network.slack[0]), directed=False)
    between = {frozenset(pair): k for k, pair in enumerate(zip(*(end.tolist() for end in ends), strict=True))}
    found: set[int] = set()
    for node in nodes.tolist():
        while before[node] >= 0:
            found.add(between[frozenset((node, int(before[node])))])
            node = int(before[node])  # noqa: PLW2901  one branch nearer to the source
    return np.array(sorted(found), dtype=np.int64)


def measures(
    network: Network, need: Need, costs: Sequence[MeasureCost], charging: Mapping[str, Floats], storage: bool
) -> Iterator[GridMeasure]:
    """All that may be done about a need.

    Args:
        network: The network.
        need: Where limits break.
        costs: What measures cost.
        charging: What the cars of each fleet charge, shape (T, B) each [MW].
        storage: Whether batteries would hold out.
    """
    yield from _cables(network, need, costs)
    yield from _transformers(network, need, costs)
    yield from _taps(network, costs)
    one = {cost.measure: cost for cost in costs}
    sign = np.where(need.discharge, -1.0, 1.0) * need.broken
    for bus in need.buses[:4] if storage else ():
        for share in STORAGE_SHARES:
            p_mw = np.zeros((sign.size, len(network.buses.names)))
            p_mw[:, bus] = sign * share * need.lacking_mw
            mw = share * need.lacking_mw
            name = f"battery of {1000 * mw:,.0f} kW at {network.buses.names[bus]}"
            yield GridMeasure(name, "storage", one["storage"].yearly(mw=mw), p_mw=p_mw)
    for fleet, drawn in charging.items():
        moved = -SHIFTED_SHARE * drawn * need.broken[:, None] * need.discharge[:, None]
        if moved.any():
            cost = one["smart_charging"].yearly(mw=float(-moved.sum(axis=1).min()))
            yield GridMeasure(f"shifted charging of {fleet}", "smart_charging", cost, p_mw=moved)


def _cables(network: Network, need: Need, costs: Sequence[MeasureCost]) -> Iterator[GridMeasure]:
    """A cable of each type for the voltage, beside each line that matters."""
    branches, lengths = network.branches, line_table(network)
    types = cable_types()
    for branch in need.branches:
        name = branches.names[branch]
        if branches.kinds[branch] != "line" or name not in lengths:
            continue
        vn_kv, km = network.buses.vn_kv[branches.from_bus[branch]], lengths[name]["length_km"]
        for cost in costs:
            near = abs(cost.vn_kv - vn_kv) <= SAME_VOLTAGE * vn_kv
            if cost.measure == "cable" and near and cost.detail in types:
                cable = Cable(cost.detail, **types[cost.detail])
                change = partial(with_cable, branch=int(branch), cable=cable, length_km=km)
                yield GridMeasure(f"{cost.detail} beside {name}, {km:.3g} km", "cable", cost.yearly(km=km), change)


def _transformers(network: Network, need: Need, costs: Sequence[MeasureCost]) -> Iterator[GridMeasure]:
    """A second transformer of the same kind beside each that matters."""
    branches, rated = network.branches, transformer_table(network)
    for branch in need.branches:
        name = branches.names[branch]
        if branches.kinds[branch] == "trafo" and name in rated:
            mva = rated[name]["sn_mva"]
            low_kv = network.buses.vn_kv[branches.to_bus[branch]]
            suited = [cost for cost in costs if cost.measure == "transformer" and cost.vn_kv >= 0.9 * low_kv]
            if suited:
                yearly = min(suited, key=lambda cost: cost.vn_kv).yearly(mva=mva)
                yield GridMeasure(f"second transformer beside {name}, {mva:g} MVA", "transformer", yearly,
                              partial(with_second, branch=int(branch)))  # fmt: skip


def _taps(network: Network, costs: Sequence[MeasureCost]) -> Iterator[GridMeasure]:
    """Every other position of each tap changer on the high-voltage side."""
    cost = next(each for each in costs if each.measure == "tap")
    for name, (position, ratio_of) in tap_table(network).items():
        branch = network.branches.names.index(name)
        for tap, ratio in ratio_of.items():
            if tap != position:
                change = partial(with_ratio, branch=branch, factor=ratio / ratio_of[position])
                yield GridMeasure(
                    f"tap {tap:+d} instead of {position:+d} at {name}", "tap", cost.yearly(), change, None, name
                )
