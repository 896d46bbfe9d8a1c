"""Single outages (N-1): what the grid does in chosen steps when any one branch is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.network import Branches, Network
from grid.powerflow.extremes import extremes
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock


@dataclass(frozen=True, eq=False)
class Outages:
    """What each outage does; K outages, T steps. NaN where the power flow has no solution.

    Args:
        branch: The lost branch of each outage, shape (K,).
        unsupplied_mw: Load (withdrawal, bus by bus) that no external grid reaches any more, shape (K, T) [MW].
        vm_min_pu: Lowest voltage of what is still supplied, shape (K, T) [pu].
        vm_max_pu: Highest voltage, shape (K, T) [pu].
        line_loading_percent: Highest loading of a line, shape (K, T) [%].
        trafo_loading_percent: Highest loading of a transformer, shape (K, T) [%].
        violations: Nodes and branches beyond a limit, shape (K, T).
        failed: Steps without a solution, shape (K, T).
    """

    branch: Ints
    unsupplied_mw: Floats
    vm_min_pu: Floats
    vm_max_pu: Floats
    line_loading_percent: Floats
    trafo_loading_percent: Floats
    violations: Ints
    failed: Bools


def outages(
    network: Network,
    clock: Clock,
    injections: Injections,
    *,
    branches: Sequence[int] | None = None,
    limits: Limits | None = None,
    threads: int = 1,
) -> Outages:
    """Solves the AC power flow of every step for every single-branch outage.

    Args:
        network: The network; the switching state is kept, nothing is restored through open switches.
        clock: The steps to look at, T of them.
        injections: Withdrawal of the buses on that clock.
        branches: Branches to lose, by place; all by default.
        limits: Limits to count violations against; the net's own by default.
        threads: Number of threads.

    Raises:
        InputError: If the network needs pandapower's solver, which has no matrices to change, or a branch does not
            exist.
    """
    if network.uncovered:
        raise InputError.single(
            "network", "outages need a net that the fixed point covers", ", ".join(network.uncovered)
        )
    chosen = np.arange(len(network.branches)) if branches is None else np.asarray(branches, dtype=np.int64)
    if chosen.size and (chosen.min() < 0 or chosen.max() >= len(network.branches)):
        raise InputError.single("branches", f"must lie within 0..{len(network.branches) - 1}", chosen.tolist())
    limits = limits or Limits.from_network(network)
    rows = [_outage(network, clock, injections, int(lost), limits, threads) for lost in chosen]
    return Outages(chosen, *(np.array(column) for column in zip(*rows, strict=True)))


def _outage(
    network: Network, clock: Clock, injections: Injections, lost: int, limits: Limits, threads: int
) -> tuple[Floats | Ints | Bools, ...]:
    rest, kept = without_branch(network, lost)
    dead = (rest.buses.node < 0) & (network.buses.node >= 0)
    unsupplied = np.zeros(clock.n_steps)
    if dead.any():
        drawn = injections.p_mw[np.flatnonzero(dead)] @ injections.profiles
        unsupplied = np.maximum(drawn, 0.0).sum(axis=0)
    limits = replace(limits, loading_max_percent=limits.loading_max_percent[kept])
    found = extremes(rest, clock, injections, limits, threads=threads)
    return (
        unsupplied, found.vm_min_pu, found.vm_max_pu, found.line_loading_percent, found.trafo_loading_percent,
        found.violations, found.failed,
    )  # fmt: skip


def without_branch(network: Network, lost: int) -> tuple[Network, Ints]:
    """The network without a branch and without what it alone supplied.

    Args:
        network: The network.
        lost: Place of the branch.

    Returns:
        What is left, its buses in the same order (those cut off have node -1), and the places of its branches.
    """
    old = network.branches
    kept = np.delete(np.arange(len(old)), lost)
    n = network.n_nodes
    ends = sparse.coo_array((np.ones(kept.size), (old.from_node[kept], old.to_node[kept])), shape=(n, n))
    _, island = csgraph.connected_components(ends, directed=False)
    live = np.flatnonzero(np.isin(island, island[network.slack]))
    place = np.full(n + 1, -1, dtype=np.int64)  # the last stands for node -1
    place[live] = np.arange(live.size)
    kept = kept[place[old.from_node[kept]] >= 0]
    admittance = network.admittance - _own_admittance(network, lost)
    return (
        replace(
            network,
            admittance=sparse.csc_array(sparse.csr_array(admittance)[live][:, live]),
            admittance_from=sparse.csr_array(sparse.csc_array(network.admittance_from[kept])[:, live]),
            admittance_to=sparse.csr_array(sparse.csc_array(network.admittance_to[kept])[:, live]),
            conductance_pu=network.conductance_pu[live],
            load_conductance_pu=network.load_conductance_pu[live],
            slack=place[network.slack],
            fixed_mva=network.fixed_mva[live],
            generator_node=np.empty(0, dtype=np.int64),  # none: such nets are refused
            voltage_dependent_bus=np.empty(0, dtype=np.int64),
            buses=replace(network.buses, node=place[network.buses.node]),
            branches=_chosen(old, kept, place),
        ),
        kept,
    )


def _own_admittance(network: Network, branch: int) -> sparse.csc_array:
    """What a branch adds to the bus admittance matrix."""
    f, t = network.branches.from_node[branch], network.branches.to_node[branch]
    y_from, y_to = network.admittance_from, network.admittance_to
    values = [y_from[branch, f], y_from[branch, t], y_to[branch, f], y_to[branch, t]]
    return sparse.csc_array((values, ([f, f, t, t], [f, t, f, t])), shape=network.admittance.shape)


def _chosen(branches: Branches, kept: Ints, place: Ints) -> Branches:
    return Branches(
        names=tuple(branches.names[k] for k in kept),
        kinds=tuple(branches.kinds[k] for k in kept),
        from_node=place[branches.from_node[kept]],
        to_node=place[branches.to_node[kept]],
        from_bus=branches.from_bus[kept],
        to_bus=branches.to_bus[kept],
        percent_per_pu_from=branches.percent_per_pu_from[kept],
        percent_per_pu_to=branches.percent_per_pu_to[kept],
        loading_max_percent=branches.loading_max_percent[kept],
    )
