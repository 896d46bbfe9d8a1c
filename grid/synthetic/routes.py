"""Where cables lie: trees of low-voltage feeders, and rings of the medium voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import networkx as nx
import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from grid.arrays import Floats, Ints

STREET_GRID_KM = 1e-3
"""Ends of streets that are nearer than this meet."""
MOST_IN_RING = 15


@dataclass(frozen=True, eq=False)
class FeederTree:
    """A tree of cables from a substation, whose first node is the substation; V nodes.

    Args:
        km: Places of the nodes, shape (V, 2) [km].
        parent: Node towards the substation, shape (V,); -1 for the substation itself.
        length_km: Length of the cable to it, shape (V,) [km]; 0 for the substation.
        load: The load at each node, -1 where there is none, shape (V,).
    """

    km: Floats
    parent: Ints
    length_km: Floats
    load: Ints

    def downstream(self, values: Floats) -> Floats:
        """Sums of values (of nodes) at each node and beyond, shape (V,)."""
        total = values.astype(float).copy()
        for node in self.leaves_first():
            if self.parent[node] >= 0:
                total[self.parent[node]] += total[node]
        return total

    @property
    def farthest_km(self) -> float:
        """Length of the longest way from the substation [km]."""
        way = np.zeros(self.parent.size)
        for node in self.leaves_first()[::-1]:
            if self.parent[node] >= 0:
                way[node] = way[self.parent[node]] + self.length_km[node]
        return float(way.max())

    def leaves_first(self) -> Ints:
        """Nodes in an order in which every node stands before its parent."""
        depth = np.zeros(self.parent.size, dtype=np.int64)
        for node in range(self.parent.size):
            at, steps = int(self.parent[node]), 0
            while at >= 0:
                at, steps = int(self.parent[at]), steps + 1
            depth[node] = steps
        return np.argsort(-depth, kind="stable")


def clusters(km: Floats, s_mva: Floats, most_mva: float, most_km: float, seed: int) -> list[Ints]:
    """Groups of loads, each within `most_mva` and `most_km` of its middle, or of a single load.

    A group that is too large is cut in two by k-means until none is.
    """
    found: list[Ints] = []
    waiting = [np.arange(len(km))]
    generator = np.random.default_rng(seed)
    while waiting:
        group = waiting.pop()
        middle = np.average(km[group], axis=0, weights=np.maximum(s_mva[group], 1e-9))
        far = np.hypot(*(km[group] - middle).T).max() > most_km
        if group.size == 1 or not (far or s_mva[group].sum() > most_mva):
            found.append(group)
            continue
        side = np.arange(group.size) % 2
        if np.ptp(km[group], axis=0).max() > 0:  # else all are at one place
            _, found_side = kmeans2(km[group], 2, minit="++", seed=generator)
            side = side if np.ptp(found_side) == 0 else found_side
        waiting += [group[side == 1], group[side == 0]]
    return sorted(found, key=lambda group: int(group.min()))


def spanning_tree(km: Floats, root: Floats, loads: Ints) -> FeederTree:
    """The minimum spanning tree over a substation at `root` and loads at `km`, shape (N, 2)."""
    points = np.vstack([root, km])
    gap = np.maximum(cdist(points, points), 1e-4)  # loads of one place are a metre or less apart
    graph = nx.minimum_spanning_tree(nx.from_numpy_array(gap))
    return _rooted(graph, points, np.concatenate([[-1], loads]))


def _rooted(graph: nx.Graph, points: Floats, load: Ints) -> FeederTree:
    """A tree seen from its node 0."""
    parent = np.full(len(points), -1, dtype=np.int64)
    length = np.zeros(len(points))
    for above, node in nx.bfs_edges(graph, 0):
        parent[node], length[node] = above, graph[above][node]["weight"]
    return FeederTree(points, parent, length, load)


@dataclass(frozen=True, eq=False)
class StreetGraph:
    """Streets as a graph of their corners; C corners.

    Args:
        graph: Corners by number, with the length of the street between two as ``weight`` [km].
        corners: Their places, shape (C, 2) [km].
    """

    graph: nx.Graph
    corners: Floats

    @cached_property
    def nearest(self) -> cKDTree:
        """What finds the corner nearest to a point."""
        return cKDTree(self.corners)


def street_tree(streets: StreetGraph, km: Floats, root: Floats, loads: Ints, most_km: float) -> FeederTree | None:
    """Shortest ways along streets from a substation to loads.

    Substation and loads join the street at its nearest corner; nodes between two corners are left out.

    Args:
        streets: The streets.
        km: Places of the loads, shape (N, 2) [km].
        root: Place of the substation, shape (2,) [km].
        loads: Numbers of the loads, shape (N,).
        most_km: Longest way that is taken [km].

    Returns:
        The tree; None where streets do not lead to all loads in ways up to `most_km`.
    """
    graph, corners = streets.graph, streets.corners
    gap, at = streets.nearest.query(np.vstack([root, km]))
    ways = nx.single_source_dijkstra_path(graph, int(at[0]), cutoff=most_km, weight="weight")
    if any(int(corner) not in ways for corner in at[1:]):
        return None
    tree = nx.Graph()
    for corner in {int(corner) for corner in at[1:]}:
        nx.add_path(tree, ways[corner])
    tree.add_node(int(at[0]))
    for a, b in tree.edges:
        tree[a][b]["weight"] = graph[a][b]["weight"]
    joined = {int(corner) for corner in at}
    for node in [node for node, degree in tree.degree if degree == 2 and node not in joined]:
        a, b = tree.neighbors(node)
        tree.add_edge(a, b, weight=tree[a][node]["weight"] + tree[node][b]["weight"])
        tree.remove_node(node)
    places = {("corner", node): corners[node] for node in tree}
    whole: nx.Graph = nx.relabel_nodes(tree, {node: ("corner", node) for node in tree})
    for k, corner in enumerate(at):
        places["point", k] = root if k == 0 else km[k - 1]
        whole.add_edge(("point", k), ("corner", int(corner)), weight=max(float(gap[k]), 1e-4))
    order = [("point", 0), *(node for node in whole if node != ("point", 0))]
    load = np.array([loads[node[1] - 1] if node[0] == "point" and node[1] else -1 for node in order])
    numbered = nx.relabel_nodes(whole, {node: k for k, node in enumerate(order)})
    found = _rooted(numbered, np.array([places[node] for node in order]), load)
    return found if found.farthest_km <= most_km else None


def street_graph(streets: Sequence[Floats]) -> StreetGraph:
    """The graph of some lines, each shape (V, 2) [km]; ends within `STREET_GRID_KM` meet."""
    graph, number = nx.Graph(), {}
    places: list[Floats] = []
    for line in streets:
        nodes = []
        for point in line:
            key = tuple(np.round(point / STREET_GRID_KM).astype(int).tolist())
            if key not in number:
                number[key] = len(places)
                places.append(point)
            nodes.append(number[key])
        for a, b in pairwise(nodes):
            if a != b:
                graph.add_edge(a, b, weight=float(np.hypot(*(places[a] - places[b]))))
    graph.add_nodes_from(range(len(places)))
    return StreetGraph(graph, np.array(places))


def rings(km: Floats, s_mva: Floats, supply: Floats, most_mva: float) -> list[list[int]]:
    """Substations by ring, in the order of the cable from the supply and back.

    Substations are taken by their direction from the supply until a ring is full; a ring goes to the nearest next one,
    and is then shortened by exchanging pairs of its cables (2-opt).
    """
    angle = np.arctan2(*(km - supply).T[::-1])
    found: list[list[int]] = [[]]
    for k in np.argsort(angle, kind="stable").tolist():
        if found[-1] and (s_mva[found[-1]].sum() + s_mva[k] > most_mva or len(found[-1]) >= MOST_IN_RING):
            found.append([])
        found[-1].append(k)
    return [_shortened(ring, km, supply) for ring in found]


def _shortened(ring: list[int], km: Floats, supply: Floats) -> list[int]:
    """A ring in an order that no exchange of two of its cables shortens."""
    points = np.vstack([supply, km[ring]])
    gap = cdist(points, points)
    left, tour = set(range(1, len(points))), [0]
    while left:
        tour.append(min(left, key=lambda k: (gap[tour[-1], k], k)))
        left.remove(tour[-1])
    tour.append(0)
    better = True
    while better:
        better = False
        for i in range(1, len(tour) - 2):
            for j in range(i + 1, len(tour) - 1):
                before = gap[tour[i - 1], tour[i]] + gap[tour[j], tour[j + 1]]
                after = gap[tour[i - 1], tour[j]] + gap[tour[i], tour[j + 1]]
                if after < before - 1e-9:
                    tour[i : j + 1], better = tour[i : j + 1][::-1], True
    return [ring[k - 1] for k in tour[1:-1]]
