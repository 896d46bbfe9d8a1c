"""The shared factor of a network, ready for the compiled iteration."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from grid.arrays import Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.elimination import eliminate
from grid.powerflow.zbus_arrays import (
    Grid,
    Kept,
    PerElement,
    PerStep,
    Profiles,
    Triangle,
    empty_extremes,
    merged_extremes,
)
from grid.powerflow.zbus_kernel import solve_steps

Found = TypeVar("Found")

SETTLED_PU = 1e-10
"""A block is iterated until no voltage of it moves by more than this [pu]."""
SETTLED_SINGLE_PU = 1e-8
"""The same where all that is kept is in single precision, whose last digit at 1 pu is 6e-8."""
RESIDUAL_MVA = 1e-6
"""A step has converged when no node misses its power by more than this [MVA]; most miss a thousandth of it."""
MAX_ITERATIONS = 200
Wanted = Literal["extremes", "voltages", "arrays"]
"""Extremes of elements and steps; all voltages; all magnitudes, loadings and active powers in single precision."""
GROUPS = ("line", "trafo", "other")
"""Kinds of branches whose highest loading is found in each step."""
KEPT_FACTORS = 24
"""Networks, or positions of their tap changers, whose factors are kept."""
CACHE_BYTES = 700_000
"""Working set of a block: what fits the second-level cache of common processors."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A network in the order of elimination.

    Args:
        order: Node at each place: eliminated nodes, then the slack nodes, shape (N,).
        superlu: Solver of ``Y x = b`` among the eliminated nodes, in elimination order.
        lower: Lower factor.
        upper: Upper factor without its diagonal.
        diagonal: Inverse diagonal of the upper factor, shape (n,).
        unloaded: Voltages without injections, shape (N,) [pu], in elimination order.
    """

    order: Ints
    superlu: linalg.SuperLU
    lower: Triangle
    upper: Triangle
    diagonal: Complexes
    unloaded: Complexes

    @property
    def eliminated(self) -> Ints:
        """The eliminated nodes in their order, shape (n,)."""
        return self.order[: self.diagonal.size]


@lru_cache(maxsize=KEPT_FACTORS)
def factorise(network: Network) -> Factor:
    """The factor of a network, kept for the networks used last.

    The order is SuperLU's minimum degree on Y + Yᵀ, in which nearly radial grids have almost no fill; the admittance
    matrix of a grid is diagonally dominant, so there is no pivoting.
    """
    rest = np.setdiff1d(np.arange(network.n_nodes), network.slack)
    rows = sparse.csr_array(network.admittance)[rest]
    inner = sparse.csc_array(rows[:, rest])
    made = eliminate(inner)
    order = rest[made.order]
    feed = sparse.csr_array(network.admittance)[order][:, network.slack] @ network.v_slack
    return Factor(
        order=np.concatenate([order, network.slack]).astype(np.int64),
        superlu=made.superlu,
        lower=made.lower,
        upper=made.upper,
        diagonal=made.diagonal,
        unloaded=np.concatenate([made.superlu.solve(-feed), network.v_slack]),
    )


def place_of(factor: Factor) -> Ints:
    """Place of each node in the order of elimination, shape (N,)."""
    place = np.empty(factor.order.size, dtype=np.int64)
    place[factor.order] = np.arange(factor.order.size)
    return place


@dataclass(frozen=True, eq=False)
class Limits:
    """Limits that violations are counted against, tolerances included.

    Args:
        vm_min_pu: Lowest voltage of each bus, shape (B,) [pu].
        vm_max_pu: Highest voltage of each bus, shape (B,) [pu].
        loading_max_percent: Highest loading of each branch, shape (L,) [%].
    """

    vm_min_pu: Floats
    vm_max_pu: Floats
    loading_max_percent: Floats

    @classmethod
    def from_network(cls, network: Network) -> Limits:
        """The net's own limits."""
        buses = network.buses
        return cls(buses.vm_min_pu, buses.vm_max_pu, network.branches.loading_max_percent)


def compiled_grid(network: Network, limits: Limits) -> Grid:
    """The network as the kernel wants it."""
    factor = factorise(network)
    place, branches = place_of(factor), network.branches
    line = np.argsort(np.minimum(place[branches.from_node], place[branches.to_node]), kind="stable")
    y_from, y_to = network.admittance_from, network.admittance_to
    f, t = branches.from_node[line], branches.to_node[line]
    series = [_entries(y_from, line, f), _entries(y_from, line, t), _entries(y_to, line, f), _entries(y_to, line, t)]
    own = network.admittance.diagonal().astype(complex)
    np.subtract.at(own, f, series[0])
    np.subtract.at(own, t, series[3])
    own[np.abs(own) < 1e-9] = 0.0
    low, high = np.zeros(network.n_nodes), np.full(network.n_nodes, np.inf)
    live = network.buses.node >= 0
    np.maximum.at(low, network.buses.node[live], limits.vm_min_pu[live])
    np.minimum.at(high, network.buses.node[live], limits.vm_max_pu[live])
    return Grid(
        lower=factor.lower,
        upper=factor.upper,
        diagonal_real=np.ascontiguousarray(factor.diagonal.real),
        diagonal_imag=np.ascontiguousarray(factor.diagonal.imag),
        unloaded_real=np.ascontiguousarray(factor.unloaded.real),
        unloaded_imag=np.ascontiguousarray(factor.unloaded.imag),
        node=factor.order,
        base_mva=float(network.base_mva),
        branch=line,
        ends=np.column_stack([place[f], place[t]]).reshape(-1, 2),
        series=np.column_stack([part for y in series for part in (y.real, y.imag)]).reshape(-1, 8),
        shunt_real=np.ascontiguousarray(own.real[factor.order]),
        shunt_imag=np.ascontiguousarray(own.imag[factor.order]),
        lossy_real=np.ascontiguousarray((own.real - network.load_conductance_pu)[factor.order]),
        percent_per_pu=np.column_stack([branches.percent_per_pu_from, branches.percent_per_pu_to])[line].reshape(-1, 2),
        limit_percent=np.minimum(np.nan_to_num(limits.loading_max_percent[line], nan=np.inf), 1e9),
        kind=np.array([_group_of(branches.kinds[k]) for k in line.tolist()], dtype=np.int64),
        vm_low=low[factor.order] ** 2,
        vm_high=high[factor.order] ** 2,
    )


def _group_of(kind: str) -> int:
    """Place of a kind of branches in `GROUPS`."""
    return GROUPS.index(kind) if kind in GROUPS else len(GROUPS) - 1


def _entries(matrix: sparse.csr_array, row: Ints, column: Ints) -> Complexes:
    return np.asarray(matrix[row, column]).astype(complex).ravel() if row.size else np.empty(0, complex)


@lru_cache(maxsize=KEPT_FACTORS)
def grid_with_own_limits(network: Network) -> Grid:
    """A network with the net's own limits as the kernel wants it, kept for the networks used last."""
    return compiled_grid(network, Limits.from_network(network))


def compiled_profiles(network: Network, injections: Injections) -> Profiles:
    """The injections by place in the order of elimination, in per unit; what is fixed is a profile of ones."""
    factor, node, width = factorise(network), network.buses.node, injections.profiles.shape[0] + 1
    n, place = factor.diagonal.size, np.append(place_of(factor), -1)[node]  # of dead buses none
    fixed = network.fixed_mva[factor.order[:n]]
    keys, values = [], []
    for matrix, constant in ((injections.p_mw, fixed.real), (injections.q_mvar, fixed.imag)):
        entries, always = matrix.tocoo(), np.flatnonzero(constant)
        at = place[entries.row]
        mine = (at >= 0) & (at < n)
        keys.append(np.concatenate([at[mine] * width + entries.col[mine], always * width + width - 1]))
        values.append(np.concatenate([entries.data[mine], constant[always]]))
    key, at = np.unique(np.concatenate(keys), return_inverse=True)
    p_of, q_of = (
        np.bincount(where, weights=value / network.base_mva, minlength=key.size).astype(np.float64)
        for where, value in zip(np.split(at, [keys[0].size]), values, strict=True)
    )
    return Profiles(
        values=np.vstack([injections.profiles, np.ones(injections.n_steps)]),
        pointer=np.searchsorted(key, width * np.arange(n + 1)),
        row=key % width,
        p_of=p_of,
        q_of=q_of,
    )


def profiles_of(values: Floats, p: sparse.csr_array, q: sparse.csr_array) -> Profiles:
    """Power of rows as sums of scaled profiles, on the common pattern of both.

    Args:
        values: The profiles, shape (F, T).
        p: Active power of each row per profile, shape (rows, F) [pu].
        q: Reactive power in the same way.
    """
    both = sparse.csr_array(abs(p) + abs(q))
    both.sort_indices()
    row = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
    return Profiles(
        values=values,
        pointer=both.indptr.astype(np.int64),
        row=both.indices.astype(np.int64),
        p_of=_reals(p, row, both.indices),
        q_of=_reals(q, row, both.indices),
    )


def _reals(matrix: sparse.csr_array, row: Ints, column: Ints) -> Floats:
    return np.asarray(matrix[row, column], dtype=float).ravel() if row.size else np.empty(0)


def run(
    network: Network,
    injections: Injections,
    limits: Limits | None,
    keep: Wanted,
    *,
    threads: int = 1,
    iterations: int = MAX_ITERATIONS,
) -> tuple[PerStep, PerElement, Kept]:
    """Solves all steps by the fixed point; which have converged, their residual tells.

    Args:
        network: The network.
        injections: Withdrawal of the buses, T steps.
        limits: Limits to count violations against; None: the net's own.
        keep: What is wanted; other arrays come back empty or unset.
        threads: Number of threads, each with its own range of steps.
        iterations: Most iterations of a block of steps.

    Returns:
        What is found in each step and the extremes of each element, in the order of elimination and per unit, and the
        full arrays.
    """
    grid = grid_with_own_limits(network) if limits is None else compiled_grid(network, limits)
    profiles = compiled_profiles(network, injections)
    n_steps, n_nodes, n_slack = injections.n_steps, network.n_nodes, network.slack.size
    step = PerStep(
        np.empty(n_steps), np.empty(n_steps), np.empty((n_slack, n_steps)), np.empty((n_slack, n_steps)),
        np.empty(n_steps), np.empty(n_steps), np.empty((len(GROUPS), n_steps)), np.empty(n_steps, np.int64),
    )  # fmt: skip
    kept = _empty_arrays(n_nodes, len(network.branches), n_steps, keep)
    with_extremes = int(keep == "extremes")
    block = block_of(n_nodes)
    settled_pu = SETTLED_SINGLE_PU if keep == "arrays" else SETTLED_PU
    settled, missed = settled_pu**2, (RESIDUAL_MVA / network.base_mva) ** 2

    def solve(begin: int, end: int) -> PerElement:
        extremes = empty_extremes(n_nodes * with_extremes, len(network.branches) * with_extremes)
        solve_steps(begin, end, block, grid, profiles, settled, missed, iterations, step, extremes, kept)
        return extremes

    return step, merged_extremes(in_threads(solve, n_steps, block, threads)), kept


def _empty_arrays(n_nodes: int, n_branches: int, n_steps: int, keep: Wanted) -> Kept:
    """Room for the full arrays that are wanted."""
    voltages, arrays = n_steps * (keep == "voltages"), n_steps * (keep == "arrays")
    return Kept(
        voltage=np.empty((n_nodes, voltages, 2)),
        vm=np.empty((n_nodes, arrays), dtype=np.float32),
        loading=np.empty((n_branches, arrays), dtype=np.float32),
        p_from=np.empty((n_branches, arrays), dtype=np.float32),
        p_to=np.empty((n_branches, arrays), dtype=np.float32),
    )


def block_of(n_nodes: int) -> int:
    """Steps in a block: a multiple of 8, so that the arrays of a block stay in the cache."""
    arrays = 8
    return int(np.clip(CACHE_BYTES // (8 * arrays * n_nodes) // 8 * 8, 16, 96))


def in_threads(solve: Callable[[int, int], Found], n_steps: int, block: int, threads: int) -> list[Found]:
    """Runs `solve` on as many ranges of whole blocks as there are threads."""
    n_blocks = -(-n_steps // block)
    edges = np.unique(np.minimum(np.linspace(0, n_blocks, threads + 1).round().astype(int) * block, n_steps))
    ranges = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    if len(ranges) == 1:
        return [solve(*ranges[0])]
    with ThreadPoolExecutor(len(ranges)) as pool:
        return list(pool.map(lambda ends: solve(*ends), ranges))
