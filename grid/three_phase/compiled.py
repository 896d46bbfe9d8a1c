"""A sequence network and what is connected to it, laid out for the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from grid.arrays import Bools, Floats, Ints, read_only
from grid.network.injections import Injections
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, SequenceNetwork
from grid.network.tolerances import UNBALANCE_MAX
from grid.powerflow.elimination import eliminate
from grid.powerflow.newton import VoltageCurves
from grid.powerflow.zbus import GROUPS, Limits
from grid.powerflow.zbus_arrays import Profiles
from grid.three_phase.chains import ROUNDING, ChainBranches, chains_of
from grid.three_phase.kernel import Bounds, Connected, Following, Reduced, Sequence, SequenceGrid

KEPT_GRIDS = 12
"""Networks, or positions of their tap changers, that are kept ready for the kernel."""


@dataclass(frozen=True, eq=False)
class NodeLayout:
    """Nodes in the order of the kernel: active ones, then those that only pass current on.

    Args:
        order: Node at each place, shape (N,).
        n_active: Number of active nodes A.
    """

    order: Ints
    n_active: int

    @property
    def place(self) -> Ints:
        """Place of each node, shape (N,)."""
        place = np.empty_like(self.order)
        place[self.order] = np.arange(self.order.size)
        return place


def layout_of(network: SequenceNetwork, connected: Ints) -> NodeLayout:
    """Which nodes take part in the iteration: those with something connected, of external grids, and branching points.

    What lies between them are chains whose voltages follow from the two ends, dead ends included, where nothing is
    connected.

    Args:
        network: The network.
        connected: Nodes with something connected.
    """
    pattern = sparse.csr_array(sum((abs(one) for one in network.admittance), start=sparse.csc_array(
        (network.n_nodes, network.n_nodes))))  # fmt: skip
    needed = np.zeros(network.n_nodes, dtype=bool)
    needed[connected] = True
    needed[network.slack] = True
    active = needed | (_branching(pattern, needed) > 2)  # a node between two others has two neighbours
    return NodeLayout(
        np.concatenate([np.flatnonzero(active), np.flatnonzero(~active)]).astype(np.int64), int(active.sum())
    )


def _branching(pattern: sparse.csr_array, needed: Bools) -> Ints:
    """Neighbours of each node without those dead ends where nothing is needed; 0 at the dead ends, shape (N,)."""
    degree: Ints = np.diff(pattern.indptr).astype(np.int64) - 1
    ends = np.flatnonzero((degree == 1) & ~needed).tolist()
    while ends:
        end = ends.pop()
        degree[end] = 0
        for node in pattern.indices[pattern.indptr[end] : pattern.indptr[end + 1]].tolist():
            if degree[node] > 0:
                degree[node] -= 1
                if degree[node] == 1 and not needed[node]:
                    ends.append(node)
    return degree


@lru_cache(maxsize=KEPT_GRIDS)
def compiled_grid(network: SequenceNetwork, connected: tuple[int, ...]) -> tuple[NodeLayout, SequenceGrid]:
    """The network for the kernel, kept for the networks used last.

    Args:
        network: The network.
        connected: Nodes with something connected.
    """
    layout = layout_of(network, np.array(connected, dtype=np.int64))
    place, branches = layout.place, network.branches
    reduced, between = zip(*(_reduced(matrix, layout) for matrix in network.admittance), strict=True)
    voltages = [sparse.csr_array(sparse.vstack([sparse.eye_array(layout.n_active), one])) for one in between]
    shunts = np.array([shunt_admittance(network, which) for which in range(3)])[:, layout.order]
    percent = np.column_stack([branches.percent_per_pu_from, branches.percent_per_pu_to]).reshape(-1, 2)
    chains, inner, currents = chains_of(voltages, ChainBranches(
        ends=np.column_stack([place[branches.from_node], place[branches.to_node]]).reshape(-1, 2),
        admittance=np.array([_entries(network, which) for which in range(3)]).transpose(1, 0, 2), percent=percent,
        kind=np.array([GROUPS.index(k) if k in GROUPS else len(GROUPS) - 1 for k in branches.kinds], dtype=np.int64),
    ), shunts)  # fmt: skip
    held, free, source = place[network.slack], np.empty(0, np.int64), network.source[:, network.slack]
    return layout, SequenceGrid(
        zero=_sequence(reduced[0], free, network.v_slack),
        positive=_sequence(reduced[1], held, network.v_slack),
        negative=_sequence(reduced[2], free, network.v_slack),
        reduced=_on_common_pattern(list(reduced)), chains=chains, inner=inner, currents=currents, order=layout.order,
        held=held, source_real=np.ascontiguousarray(source.real), source_imag=np.ascontiguousarray(source.imag),
        percent_per_pu=percent,
    )  # fmt: skip


def compiled_bounds(network: SequenceNetwork, layout: NodeLayout, grid: SequenceGrid, limits: Limits) -> Bounds:
    """Limits for the kernel.

    Args:
        network: The network.
        layout: The order of the nodes.
        grid: The network for the kernel.
        limits: Limits to count violations against.
    """
    live = np.flatnonzero(network.buses.node >= 0)
    low, high = np.zeros(network.n_nodes), np.full(network.n_nodes, np.inf)
    np.maximum.at(low, network.buses.node[live], limits.vm_min_pu[live])
    np.minimum.at(high, network.buses.node[live], limits.vm_max_pu[live])
    loading = np.minimum(np.nan_to_num(limits.loading_max_percent, nan=np.inf), 1e9)
    current = np.full(grid.currents.most.shape[1], np.inf)
    for end, percent in zip((grid.currents.of_from, grid.currents.of_to), grid.percent_per_pu.T, strict=True):
        rated = percent > 0
        np.minimum.at(current, end[rated], (loading[rated] / percent[rated]) ** 2)
    order = layout.order
    return Bounds(low[order] ** 2, high[order] ** 2, UNBALANCE_MAX**2, loading, current)


def _reduced(matrix: sparse.csc_array, layout: NodeLayout) -> tuple[sparse.csc_array, sparse.csr_array]:
    """Admittance between the active nodes with the chains taken out, and the chains' voltages per active voltage."""
    ordered = sparse.csr_array(matrix)[layout.order][:, layout.order]
    n = layout.n_active
    active, out, back = ordered[:n, :n], sparse.csc_array(ordered[:n, n:]), sparse.csc_array(ordered[n:, :n])
    if n == ordered.shape[0]:
        return sparse.csc_array(active), sparse.csr_array((0, n), dtype=complex)
    between = -sparse.csr_array(linalg.spsolve(sparse.csc_array(ordered[n:, n:]), back))
    return sparse.csc_array(active + out @ between), between


def _sequence(matrix: sparse.csc_array, held: Ints, v_held: Complexes) -> Sequence:
    """One sequence factored; the voltages of the `held` nodes are known, those of all others are 0 without them."""
    n = matrix.shape[0]
    rest = np.setdiff1d(np.arange(n), held)
    rows = sparse.csr_array(matrix)[rest]
    made = eliminate(sparse.csc_array(rows[:, rest]))
    place = np.full(n, -1, dtype=np.int64)
    place[rest[made.order]] = np.arange(rest.size)
    unloaded = np.zeros(n, dtype=complex)
    if held.size:
        unloaded[held] = v_held
        unloaded[rest] = made.solve(-(rows[:, held] @ v_held))
    return Sequence(
        made.lower, made.upper, np.ascontiguousarray(made.diagonal.real), np.ascontiguousarray(made.diagonal.imag),
        place, np.ascontiguousarray(unloaded.real), np.ascontiguousarray(unloaded.imag),
    )  # fmt: skip


def _on_common_pattern(matrices: list[sparse.csc_array]) -> Reduced:
    """The matrices of the three sequences by rows, on their common pattern."""
    pattern = sparse.csr_array(sum((abs(one) for one in matrices), start=sparse.csr_array(matrices[0].shape)))
    pattern.sort_indices()
    row = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    values = np.array([np.asarray(one[row, pattern.indices]).ravel() for one in matrices], dtype=complex)
    return Reduced(
        pattern.indptr.astype(np.int64), pattern.indices.astype(np.int64),
        np.ascontiguousarray(values.real), np.ascontiguousarray(values.imag),
    )  # fmt: skip


def _entries(network: SequenceNetwork, which: int) -> list[Complexes]:
    """y_ff, y_ft, y_tf, y_tt of each branch in a sequence, shape (L,) each [pu]."""
    line = np.arange(len(network.branches))
    f, t = network.branches.from_node, network.branches.to_node
    ends = (network.admittance_from[which], network.admittance_to[which])
    return [
        np.asarray(end[line, at]).astype(complex).ravel() if line.size else np.empty(0, complex)
        for end in ends for at in (f, t)
    ]  # fmt: skip


def shunt_admittance(network: SequenceNetwork, which: int) -> Complexes:
    """Admittance of each node to earth beside the branches and the external grids, shape (N,) [pu]."""
    own = network.admittance[which].diagonal().astype(complex) - network.source[which]
    y_ff, _, _, y_tt = _entries(network, which)
    np.subtract.at(own, network.branches.from_node, y_ff)
    np.subtract.at(own, network.branches.to_node, y_tt)
    own[np.abs(own) < ROUNDING * np.abs(network.admittance[which].diagonal())] = 0.0
    shunt: Complexes = own
    return shunt


def compiled_profiles(network: SequenceNetwork, injections: Injections, also: Ints) -> tuple[Ints, Profiles]:
    """Nodes with something connected, and their power by phase in per unit.

    Args:
        network: The network.
        injections: Withdrawal, rows phase by phase: 3 times B buses.
        also: Nodes that are among them even if nothing is drawn.
    """
    n_buses, node, n_profiles = len(network.buses.names), network.buses.node, max(len(injections.profiles), 1)
    entries: list[Ints] = []
    values: list[Floats] = []
    for part in (injections.p_mw, injections.q_mvar):
        phase, bus = np.divmod(np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)), n_buses)
        live = (node[bus] >= 0) & (part.data != 0.0)
        entries.append(((phase * network.n_nodes + node[bus]) * n_profiles + part.indices)[live])
        values.append(part.data[live] / network.base_mva)
    both, place = np.unique(np.concatenate(entries), return_inverse=True)
    p_of, q_of = (
        np.asarray(np.bincount(at, weights, minlength=both.size), dtype=float)
        for at, weights in zip(np.split(place, [entries[0].size]), values, strict=True)
    )
    row, profile = np.divmod(both, n_profiles)
    nodes = np.union1d(row % network.n_nodes, also)
    begins = np.searchsorted(row, np.add.outer(np.arange(len(PHASES)) * network.n_nodes, nodes).ravel())
    pointer = np.append(begins, row.size).astype(np.int64)
    return nodes, Profiles(read_only(injections.profiles), pointer, profile, p_of, q_of)


def nodes_with(network: SequenceNetwork, injections: Injections) -> Ints:
    """Nodes at which any of the injections draws or feeds in."""
    used = np.diff(injections.p_mw.indptr) + np.diff(injections.q_mvar.indptr)
    bus = np.flatnonzero(used.reshape(len(PHASES), -1).any(axis=0))
    node = network.buses.node[bus]
    return np.unique(node[node >= 0])


def connected_of(
    network: SequenceNetwork, wye: Injections, delta: Injections, curves: VoltageCurves, layout: NodeLayout
) -> Connected:
    """What is connected, for the kernel; `curves` have rows phase by phase.

    They are between phase and neutral, or between phases where nothing is earthed: what has no neutral injects no
    zero-sequence current.
    """
    phase, bus = np.divmod(curves.bus, len(network.buses.names))
    followed = network.buses.node[bus]
    between = network.unearthed[followed]
    wye_node, wye_profiles = compiled_profiles(network, wye, followed[~between])
    delta_node, delta_profiles = compiled_profiles(network, delta, followed[between])
    row = np.where(
        between, (len(PHASES) * wye_node.size + phase * delta_node.size) + np.searchsorted(delta_node, followed),
        phase * wye_node.size + np.searchsorted(wye_node, followed),
    )  # fmt: skip
    following = Following(
        row, curves.kind, np.ascontiguousarray(curves.rating_mvar.T / network.base_mva), curves.vm_pu, curves.q_share
    )
    drawn = np.diff(wye_profiles.pointer).reshape(len(PHASES), -1) > 0
    drawn.ravel()[row[~between]] = True
    alone = np.where(drawn.sum(axis=0) == 1, drawn.argmax(axis=0), -1)
    return Connected(layout.place[wye_node], alone, wye_profiles, layout.place[delta_node], delta_profiles, following)
