"""What a planner asks of a year of power flows, without storing its voltages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.powerflow import PowerFlow, stream, voltages
from grid.powerflow.zbus import GROUPS, RESIDUAL_MVA, Limits, factorise, run
from grid.powerflow.zbus_arrays import PerElement, PerStep
from grid.time.clock import Clock

VOLTAGES_MB = 100.0
"""Memory of the voltages that are held at a time, where Newton's method finds them [MB]."""
OF_STEPS = (
    "vm_min_pu", "vm_max_pu", "line_loading_percent", "trafo_loading_percent", "loss_mw", "slack_mva", "violations",
    "by_newton", "failed",
)  # fmt: skip
"""Fields that have one value a step."""


@dataclass(frozen=True, eq=False)
class Extremes:
    """Extremes and sums of a power flow over T steps of B buses and L branches; NaN in steps without a solution.

    Args:
        clock: The time axis.
        network: The network.
        vm_min_pu: Lowest voltage in each step, shape (T,) [pu].
        vm_max_pu: Highest voltage in each step, shape (T,) [pu].
        line_loading_percent: Highest loading of a line in each step, shape (T,) [%]; 0 if there is none.
        trafo_loading_percent: Highest loading of a two-winding transformer in each step, shape (T,) [%].
        loss_mw: Power drawn by the grid itself in each step, shape (T,) [MW].
        slack_mva: Power that each external grid's node feeds in, shape (T, R) [MW + j MVAr].
        violations: Nodes and branches beyond a limit in each step, shape (T,).
        bus_vm_min_pu: Lowest voltage of each bus, shape (B,) [pu]; NaN where de-energised.
        bus_vm_max_pu: Highest voltage of each bus, shape (B,) [pu].
        bus_over_steps: Steps in which each bus is beyond a limit, shape (B,).
        branch_loading_percent: Highest loading of each branch, shape (L,) [%]; NaN without a rating.
        branch_over_steps: Steps in which each branch is beyond its limit, shape (L,).
        branch_loss_mwh: Energy lost in each branch, shape (L,) [MWh].
        by_newton: Steps that pandapower's Newton-Raphson solved one by one, shape (T,).
        failed: Steps without a solution, shape (T,).
    """

    clock: Clock
    network: Network
    vm_min_pu: Floats
    vm_max_pu: Floats
    line_loading_percent: Floats
    trafo_loading_percent: Floats
    loss_mw: Floats
    slack_mva: Complexes
    violations: Ints
    bus_vm_min_pu: Floats
    bus_vm_max_pu: Floats
    bus_over_steps: Ints
    branch_loading_percent: Floats
    branch_over_steps: Ints
    branch_loss_mwh: Floats
    by_newton: Bools
    failed: Bools


def extremes(
    network: Network, clock: Clock, injections: Injections, limits: Limits | None = None, *, threads: int = 1
) -> Extremes:
    """Solves the AC power flow of every step and keeps only what `Extremes` lists.

    Memory does not grow with buses × steps: a block of steps is solved, measured and forgotten.

    Args:
        network: The network.
        clock: The time axis, T steps.
        injections: Withdrawal of the buses on that clock.
        limits: Limits to count violations against, tolerances included; the net's own by default.
        threads: Number of threads.

    Raises:
        InputError: If the injections are not those of this network and clock.
    """
    own = limits or Limits.from_network(network)
    if network.decided_by_voltage:
        flows = stream(network, clock, injections, memory_mb=VOLTAGES_MB, threads=threads)
        return _joined(clock, [extremes_of(flow, own) for flow in flows])
    step, element, _ = run(network, injections, limits, "extremes", threads=threads)
    found = _of_kernel(network, clock, step, element)
    missed = np.flatnonzero(~(step.residual < (RESIDUAL_MVA / network.base_mva) ** 2))
    return found if not missed.size else _with_newton(found, missed, injections, own)


def _of_kernel(network: Network, clock: Clock, step: PerStep, element: PerElement) -> Extremes:
    node, base = network.buses.node, network.base_mva
    place = np.empty(network.n_nodes, dtype=np.int64)
    place[factorise(network).order] = np.arange(network.n_nodes)
    at = place[node]
    dead = node < 0
    loading = np.sqrt(element.loading_max)
    loading[~network.branches.rated] = np.nan
    slack = np.asarray((step.slack_p + 1j * step.slack_q).T * base, dtype=np.complex128)
    none = np.zeros(clock.n_steps, dtype=bool)
    return Extremes(
        clock=clock,
        network=network,
        vm_min_pu=np.sqrt(step.vm_min),
        vm_max_pu=np.sqrt(step.vm_max),
        line_loading_percent=np.sqrt(step.loading_max[GROUPS.index("line")]),
        trafo_loading_percent=np.sqrt(step.loading_max[GROUPS.index("trafo")]),
        loss_mw=step.loss * base,
        slack_mva=slack,
        violations=step.violations,
        bus_vm_min_pu=np.where(dead, np.nan, np.sqrt(element.vm_min)[at]),
        bus_vm_max_pu=np.where(dead, np.nan, np.sqrt(element.vm_max)[at]),
        bus_over_steps=np.where(dead, 0, element.vm_over[at]),
        branch_loading_percent=loading,
        branch_over_steps=element.loading_over,
        branch_loss_mwh=element.loss * base * clock.step_hours,
        by_newton=none,
        failed=none,
    )


def extremes_of(flow: PowerFlow, limits: Limits) -> Extremes:
    """The same from stored voltages.

    Args:
        flow: The power flow.
        limits: Limits to count violations against, tolerances included.
    """
    network, branches = flow.network, flow.network.branches
    vm, loading = np.abs(flow.voltage), flow.loading_percent()
    at_bus = flow.vm_pu()
    p_from, p_to = flow.branch_powers_mw()
    line, trafo = branches.of_kind("line"), branches.of_kind("trafo")
    bus_over = (at_bus < limits.vm_min_pu) | (at_bus > limits.vm_max_pu)
    first_of_node = np.unique(network.buses.node, return_index=True)[1]
    branch_over = loading > limits.loading_max_percent
    solved = ~flow.failed
    return Extremes(
        clock=flow.clock,
        network=network,
        vm_min_pu=vm.min(axis=1),
        vm_max_pu=vm.max(axis=1),
        line_loading_percent=loading[:, line].max(axis=1, initial=0.0),
        trafo_loading_percent=loading[:, trafo].max(axis=1, initial=0.0),
        loss_mw=(p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1),
        slack_mva=flow.slack_mva(),
        violations=bus_over[:, first_of_node].sum(axis=1) + branch_over.sum(axis=1),
        bus_vm_min_pu=at_bus[solved].min(axis=0, initial=np.inf),
        bus_vm_max_pu=at_bus[solved].max(axis=0, initial=0.0),
        bus_over_steps=bus_over.sum(axis=0),
        branch_loading_percent=loading[solved].max(axis=0, initial=0.0),
        branch_over_steps=branch_over.sum(axis=0),
        branch_loss_mwh=(p_from + p_to)[solved].sum(axis=0) * flow.clock.step_hours,
        by_newton=flow.by_newton,
        failed=flow.failed,
    )


def _with_newton(found: Extremes, missed: Ints, injections: Injections, limits: Limits) -> Extremes:
    """Solves the steps that the fixed point missed one by one, and puts them in their places."""
    parts = []
    for k in missed.tolist():
        flow = voltages(found.network, found.clock.window(k, k + 1), injections.window(k, k + 1))
        parts.append(extremes_of(flow, limits))
    changed: dict[str, object] = _of_elements((found, *parts))
    for name in OF_STEPS:
        values = getattr(found, name).copy()
        values[missed] = np.concatenate([getattr(part, name) for part in parts])
        changed[name] = values
    return replace(found, **changed)  # type: ignore[arg-type]  # every name is a field of the right type


def _joined(clock: Clock, parts: Sequence[Extremes]) -> Extremes:
    """Extremes of consecutive windows together."""
    changed: dict[str, object] = _of_elements(parts)
    changed |= {name: np.concatenate([getattr(part, name) for part in parts]) for name in OF_STEPS}
    return replace(parts[0], clock=clock, **changed)  # type: ignore[arg-type]  # as above


def _of_elements(parts: Sequence[Extremes]) -> dict[str, object]:
    """Extremes and sums of buses and branches over several sets of steps."""
    changed: dict[str, object] = {}
    for name, join in (("bus_vm_min_pu", np.fmin), ("bus_vm_max_pu", np.fmax), ("branch_loading_percent", np.fmax)):
        changed[name] = join.reduce([getattr(part, name) for part in parts])
    for name in ("bus_over_steps", "branch_over_steps", "branch_loss_mwh"):
        changed[name] = np.sum([getattr(part, name) for part in parts], axis=0)
    return changed
