"""One cause, one alert: what is likely at many places of a feeder is told of the worst, and the others are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from grid.arrays import Ints
from grid.network.network import Network
from grid.twin.alerts.risks import Risk

AS_LIKELY = 0.5
"""Places of a cause count as others if they are at least so likely as the worst [1]."""


def by_cause(risks: Iterable[Risk], network: Network) -> tuple[Risk, ...]:
    """The worst risk of each cause, with the number of its other places; in the order in which causes come first.

    Voltages beyond the same limit have one cause where their buses lie on the same feeder, with all below its
    transformers; loadings of lines where these lie on the same feeder at the same voltage. All else stands alone.

    Args:
        risks: What is predicted.
        network: The network, whose buses and branches the risks name.
    """
    causes = _causes(network)
    found: dict[tuple[str, str, str], list[Risk]] = {}
    for risk in risks:
        named = replace(risk, cause=causes.get((risk.quantity, risk.element), ""))
        found.setdefault(named.key, []).append(named)
    return tuple(_worst(group) for group in found.values())


def _worst(group: list[Risk]) -> Risk:
    """The likeliest, and of these the one that goes farthest beyond its limit."""

    def badness(risk: Risk) -> tuple[float, float]:
        beyond = risk.value - risk.limit if risk.side == "high" else risk.limit - risk.value
        return risk.probability, float(np.nan_to_num(beyond))

    worst = max(group, key=badness)
    return replace(worst, others=sum(risk.probability >= AS_LIKELY * worst.probability for risk in group) - 1)


def _causes(network: Network) -> Mapping[tuple[str, str], str]:
    """Name of the cause by quantity and element."""
    buses, branches = network.buses, network.branches
    feeder = feeder_of(network)
    head = _heads(network, feeder)
    found = {}
    for name, node in zip(buses.names, buses.node.tolist(), strict=True):
        if node >= 0 and feeder[node] in head:
            found["vm_pu", name] = f"feeder of {head[feeder[node]]}"
    ends = np.stack([branches.from_node, branches.to_node])
    for k, (name, kind) in enumerate(zip(branches.names, branches.kinds, strict=True)):
        of_ends = [int(feeder[node]) for node in ends[:, k].tolist() if node >= 0 and feeder[node] in head]
        if kind == "line" and of_ends and branches.from_bus[k] >= 0:
            level = buses.vn_kv[branches.from_bus[k]]
            found["loading_percent", name] = f"feeder of {head[of_ends[0]]}, {level:g} kV"
    return found


def feeder_of(network: Network) -> Ints:
    """Feeder of each node, shape (N,): what hangs together without the substations; -1 in these.

    A substation is the node of an external grid, with the other ends of transformers there.
    """
    branches, n = network.branches, network.n_nodes
    transformer = np.array([kind != "line" for kind in branches.kinds], dtype=bool)
    start, end = branches.from_node, branches.to_node
    substation = np.zeros(n + 1, dtype=bool)  # the last place is that of open ends
    substation[network.slack] = True
    beside = transformer & (substation[start] != substation[end]) & (start >= 0) & (end >= 0)
    substation[start[beside]] = substation[end[beside]] = True
    inner = ~substation[start] & ~substation[end] & (start >= 0) & (end >= 0)
    edges = sparse.csr_array((np.ones(inner.sum()), (start[inner], end[inner])), shape=(n, n))
    labels: Ints = connected_components(edges, directed=False)[1].astype(np.int64)
    labels[substation[:n]] = -1
    return labels


def _heads(network: Network, feeder: Ints) -> Mapping[int, str]:
    """Name of the branch with which each feeder begins: the first between it and a substation."""
    found: dict[int, str] = {}
    branches = network.branches
    for name, start, end in zip(branches.names, branches.from_node.tolist(), branches.to_node.tolist(), strict=True):
        if min(start, end) < 0 or (feeder[start] < 0) == (feeder[end] < 0):
            continue
        found.setdefault(int(max(feeder[start], feeder[end])), name)
    return found
