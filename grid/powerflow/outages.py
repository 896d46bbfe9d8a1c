"""Single outages (N-1): what the grid does in chosen steps when any one branch is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.network import Network
from grid.network.switching import without_branches
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
        worst_branch: The branch that is loaded most against its limit, over all steps, shape (K,); -1 where none is
            limited.
        worst_loading_percent: Its highest loading, shape (K,) [%].
    """

    branch: Ints
    unsupplied_mw: Floats
    vm_min_pu: Floats
    vm_max_pu: Floats
    line_loading_percent: Floats
    trafo_loading_percent: Floats
    violations: Ints
    failed: Bools
    worst_branch: Ints
    worst_loading_percent: Floats


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
    if network.decided_by_voltage:
        raise InputError.single(
            "network", "outages need a net in which voltage decides no power", ", ".join(network.decided_by_voltage)
        )
    chosen = np.arange(len(network.branches)) if branches is None else np.asarray(branches, dtype=np.int64)
    if chosen.size and (chosen.min() < 0 or chosen.max() >= len(network.branches)):
        raise InputError.single("branches", f"must lie within 0..{len(network.branches) - 1}", chosen.tolist())
    limits = limits or Limits.from_network(network)
    rows = [_outage(network, clock, injections, int(lost), limits, threads) for lost in chosen]
    return Outages(chosen, *(np.array(column) for column in zip(*rows, strict=True)))


def _outage(
    network: Network, clock: Clock, injections: Injections, lost: int, limits: Limits, threads: int
) -> tuple[Any, ...]:
    rest, kept = without_branches(network, np.array([lost]))
    dead = (rest.buses.node < 0) & (network.buses.node >= 0)
    unsupplied = np.zeros(clock.n_steps)
    if dead.any():
        drawn = injections.p_mw[np.flatnonzero(dead)] @ injections.profiles
        unsupplied = np.maximum(drawn, 0.0).sum(axis=0)
    limits = replace(limits, loading_max_percent=limits.loading_max_percent[kept])
    found = extremes(rest, clock, injections, limits, threads=threads)
    loading = found.branch_loading_percent
    against = np.nan_to_num(loading / limits.loading_max_percent, nan=-1.0)
    worst = int(np.argmax(against)) if against.size and against.max() > 0 else -1
    return (
        unsupplied, found.vm_min_pu, found.vm_max_pu, found.line_loading_percent, found.trafo_loading_percent,
        found.violations, found.failed, np.int64(-1 if worst < 0 else kept[worst]),
        np.float64(np.nan if worst < 0 else loading[worst]),
    )  # fmt: skip
