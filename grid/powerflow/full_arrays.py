"""Voltages, loadings and powers of every step in full, written once and in single precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grid.arrays import Bools, Floats
from grid.network.injections import Injections
from grid.network.network import Network
from grid.powerflow.powerflow import PowerFlow, check_injections, voltages
from grid.powerflow.zbus import RESIDUAL_MVA, run
from grid.time.clock import Clock

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FullArrays:
    """What most readers of a power flow ask for, T steps of N nodes and L branches; NaN where a step has no solution.

    Single precision holds seven digits: 1e-7 pu of a voltage, and of a power or loading as much as a meter can tell.
    Who balances energy or carbon to 1e-9 takes `grid.powerflow.powerflow.voltages`, which is in double precision.
    Steps of one node or branch lie together in memory.

    Args:
        clock: The time axis.
        network: The network; `Buses.node` says which node each bus belongs to.
        vm_pu: Voltage magnitude, shape (T, N) [pu].
        loading_percent: Loading by current, shape (T, L) [%]; 0 without a rating.
        p_from_mw: Active power entering each branch at its "from" end, shape (T, L) [MW].
        p_to_mw: The same at its "to" end, shape (T, L) [MW].
        loss_mw: Power drawn by the grid itself, shape (T,), in double precision [MW].
        by_newton: Steps that pandapower's Newton-Raphson solved one by one, shape (T,).
        failed: Steps without a solution, shape (T,).
    """

    clock: Clock
    network: Network
    vm_pu: Singles
    loading_percent: Singles
    p_from_mw: Singles
    p_to_mw: Singles
    loss_mw: Floats
    by_newton: Bools
    failed: Bools


def full_arrays(network: Network, clock: Clock, injections: Injections, *, threads: int = 1) -> FullArrays:
    """Solves the AC power flow of every step and keeps magnitudes, loadings and active powers.

    Each is written once, soon after the voltages of its block of steps are found; these are iterated until none moves
    by more than 1e-8 pu.

    Args:
        network: The network.
        clock: The time axis, T steps.
        injections: Withdrawal of the buses on that clock.
        threads: Number of threads.

    Raises:
        InputError: If the injections are not those of this network and clock.
    """
    check_injections(network, clock, injections)
    if network.decided_by_voltage:
        return _of_flow(voltages(network, clock, injections, threads=threads))
    step, _, kept = run(network, injections, None, "arrays", threads=threads)
    none = np.zeros(clock.n_steps, dtype=np.bool_)
    missed = ~(step.residual < (RESIDUAL_MVA / network.base_mva) ** 2)
    found = FullArrays(
        clock,
        network,
        kept.vm.T,
        kept.loading.T,
        kept.p_from.T,
        kept.p_to.T,
        step.loss * network.base_mva,
        missed,
        none,
    )
    for k in np.flatnonzero(missed).tolist():  # the arrays are still ours alone
        one = _of_flow(voltages(network, clock.window(k, k + 1), injections.window(k, k + 1)))
        for name in ("vm_pu", "loading_percent", "p_from_mw", "p_to_mw", "loss_mw", "by_newton", "failed"):
            getattr(found, name)[k] = getattr(one, name)[0]
    return found


def _of_flow(flow: PowerFlow) -> FullArrays:
    """The same from voltages in double precision."""
    p_from, p_to = flow.branch_powers_mw()
    loading = np.where(flow.network.branches.rated, flow.loading_percent(), 0.0)
    loss_mw = (p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1)
    return FullArrays(
        clock=flow.clock,
        network=flow.network,
        vm_pu=np.abs(flow.voltage).astype(np.float32),
        loading_percent=loading.astype(np.float32),
        p_from_mw=p_from.astype(np.float32),
        p_to_mw=p_to.astype(np.float32),
        loss_mw=loss_mw,
        by_newton=flow.by_newton,
        failed=flow.failed,
    )
