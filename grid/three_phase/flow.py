"""The power flow of every step in three phases.

A fixed point as in `grid.powerflow.powerflow`, in symmetrical components: in each sequence ``V = w + Y⁻¹ I``, where the
currents I follow from the powers and voltages of the phases [1]. The negative and the zero sequence see the grid above
through its short-circuit impedance, the positive sequence holds its voltage. Lines and transformers are those of
pandapower's three-phase power flow; neutral and earth are one conductor.

References:
    [1] M. Abdel-Akher, K. M. Nor and A. H. Abdul Rashid, "Improved three-phase power-flow methods using sequence
        components", IEEE Trans. Power Systems, vol. 20, no. 3, pp. 1389-1397, 2005.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, TO_PHASES, SequenceNetwork
from grid.powerflow.newton import VoltageCurves
from grid.powerflow.zbus import GROUPS, MAX_ITERATIONS, SETTLED_PU, Limits, in_threads
from grid.three_phase.compiled import compiled_bounds, compiled_grid, connected_of, nodes_with
from grid.three_phase.found_kernel import merged, nothing_found, solve_steps
from grid.three_phase.kernel import LANES, ElementFound, PhasesKept, SequenceGrid, Singles, StepFound
from grid.three_phase.loads import PhaseLoads

Keep = Literal["extremes", "magnitudes", "phasors"]
MISSED_MVA = 1e-8
"""A step has converged when no node misses a current of more than this at rated voltage in any sequence [MVA]."""


@dataclass(frozen=True, eq=False)
class ThreePhaseFlow:
    """What was found; T steps, N nodes, L branches.

    Args:
        network: The network.
        vm_min_pu: Lowest voltage of a phase in each step, shape (T,) [pu].
        vm_max_pu: Highest voltage of a phase, shape (T,) [pu].
        unbalance_max: Highest ratio of the negative to the positive sequence, shape (T,) [1].
        loading_max_percent: Highest loading of a phase by kind of branch, each of shape (T,) [%].
        loss_mw: Losses of all branches and shunts, shape (T,) [MW].
        import_mva: What the external grids' nodes feed into the grid, shape (T, R) [MW + j MVAr].
        violations: Number of nodes and branches beyond a limit, shape (T,).
        failed: Steps without a solution, shape (T,); their values are NaN.
        bus_vm_min_pu: Lowest voltage of a phase at each bus over all steps, shape (B,) [pu].
        bus_vm_max_pu: Highest voltage, shape (B,) [pu].
        bus_unbalance_max: Highest unbalance, shape (B,) [1].
        branch_loading_max_percent: Highest loading of a phase of each branch, shape (L,) [%]; NaN without a rating.
        branch_neutral_max_ka: Highest current of the way back (neutral and earth) at either end, shape (L,) [kA].
        branch_loss_mw: Mean losses of each branch, shape (L,) [MW].
        voltage: Voltages by sequence, node and step, shape (3, N, T) complex [pu]; None unless they were asked for.
        vm: Voltage of each phase at each node, shape (3, N, T) [pu]; None unless it was asked for.
        loading: Highest loading of a phase of each branch, shape (L, T) [%]; None unless it was asked for.
    """

    network: SequenceNetwork
    vm_min_pu: Floats
    vm_max_pu: Floats
    unbalance_max: Floats
    loading_max_percent: dict[str, Floats]
    loss_mw: Floats
    import_mva: Complexes
    violations: Ints
    failed: Bools
    bus_vm_min_pu: Floats
    bus_vm_max_pu: Floats
    bus_unbalance_max: Floats
    branch_loading_max_percent: Floats
    branch_neutral_max_ka: Floats
    branch_loss_mw: Floats
    voltage: Complexes | None = None
    vm: Singles | None = None
    loading: Singles | None = None

    def vm_pu(self) -> Floats:
        """Voltage of each phase at each bus, shape (T, 3, B) [pu]; NaN where a bus is de-energised.

        Raises:
            ValueError: If phasors were not kept.
        """
        node = self.network.buses.node
        magnitude: Floats = np.abs(np.einsum("fs,snt->tfn", TO_PHASES, self.phasors()))[:, :, node]
        magnitude[:, :, node < 0] = np.nan
        return magnitude

    def loading_percent(self) -> Floats:
        """Loading of each phase of each branch by current, shape (T, 3, L) [%]; NaN without a rating.

        Raises:
            ValueError: If phasors were not kept.
        """
        branches, voltage = self.network.branches, self.phasors()
        found = np.zeros((voltage.shape[2], len(PHASES), len(branches)))
        for ends, per_pu in (
            (self.network.admittance_from, branches.percent_per_pu_from),
            (self.network.admittance_to, branches.percent_per_pu_to),
        ):
            currents = np.array([ends[which] @ voltage[which] for which in range(3)])
            found = np.maximum(found, np.abs(np.einsum("fs,slt->tfl", TO_PHASES, currents)) * per_pu)
        found[:, :, ~branches.rated] = np.nan
        return found

    def phasors(self) -> Complexes:
        """Voltages by sequence, node and step, shape (3, N, T) complex [pu].

        Raises:
            ValueError: If they were not kept.
        """
        if self.voltage is None:
            raise ValueError("the phasors were not kept; ask for them with keep='phasors'")
        return self.voltage


def three_phase_flow(
    network: SequenceNetwork,
    loads: PhaseLoads,
    *,
    limits: Limits | None = None,
    curves: VoltageCurves | None = None,
    keep: Keep = "extremes",
    threads: int = 1,
) -> ThreePhaseFlow:
    """Solves every step in three phases.

    Args:
        network: The network.
        loads: Withdrawal by phase, T steps, on the network's buses.
        limits: Limits to count violations against; the net's own by default.
        curves: Reactive power between a phase and the neutral that follows the voltage of that phase, in addition;
            its "buses" are phase times B, plus the bus. Where nothing is earthed it is between that phase and the next,
            and follows the voltage across them over the root of 3. At de-energised buses they draw nothing.
        keep: What is kept of every step: ``extremes`` only; ``magnitudes``, the voltage of each phase and the highest
            loading of each branch in single precision; ``phasors``, the voltages of the sequences.
        threads: Number of threads, each with its own range of steps.

    Raises:
        InputError: If the loads are not those of this network.
    """
    return next(three_phase_windows(
        network, loads, max(loads.n_steps, 1), limits=limits, curves=curves, keep=keep, threads=threads
    ))  # fmt: skip


def three_phase_windows(
    network: SequenceNetwork,
    loads: PhaseLoads,
    at_once: int,
    *,
    limits: Limits | None = None,
    curves: VoltageCurves | None = None,
    keep: Keep = "extremes",
    threads: int = 1,
) -> Iterator[ThreePhaseFlow]:
    """The same in consecutive windows of at most `at_once` steps.

    What is kept of every step is written where that of the window before stood: copy what is to last.
    """
    _check(network, loads)
    loads = loads.with_earth_of(network)
    limits = limits or Limits(network.buses.vm_min_pu, network.buses.vm_max_pu, network.branches.loading_max_percent)
    curves = _fed(network, curves or VoltageCurves.none(loads.n_steps))
    nodes = np.unique(np.concatenate([
        nodes_with(network, loads.wye), nodes_with(network, loads.delta),
        network.buses.node[curves.bus % len(network.buses.names)],
    ]))  # fmt: skip
    layout, grid = compiled_grid(network, tuple(nodes.tolist()))
    bounds = compiled_bounds(network, layout, grid, limits)
    connected = connected_of(network, loads.wye, loads.delta, curves, layout)
    n_steps, n_nodes, missed = loads.n_steps, network.n_nodes, (MISSED_MVA / network.base_mva) ** 2
    if at_once < n_steps:  # as many blocks for each thread
        at_once = max(at_once // (LANES * threads) * LANES * threads, min(at_once, LANES))
    step = _steps(network.slack.size, n_steps)
    kept = _room(keep, n_nodes, len(network.branches), min(at_once, n_steps))

    def solve(first: int, begin: int, end: int) -> ElementFound:
        found = nothing_found(n_nodes, grid.currents.most.shape[1], grid.chains.first.size)
        solve_steps(
            first + begin, first + end, grid, bounds, connected, SETTLED_PU**2, missed, MAX_ITERATIONS, step, found,
            kept._replace(first=first),
        )  # fmt: skip
        return found

    for first in range(0, max(n_steps, 1), at_once):
        stop = min(first + at_once, n_steps)
        element = merged(in_threads(partial(solve, first), stop - first, LANES, threads))
        of_window = StepFound._make(values[..., first:stop] for values in step)
        failed = ~(of_window.residual < missed)
        made = _made(network, layout.place, grid, of_window, element, failed)
        yield replace(made, **_arrays(keep, kept, failed))


def _steps(n_slack: int, n_steps: int) -> StepFound:
    """Room for what is found in each step."""
    return StepFound(
        np.zeros(n_steps), np.zeros(n_steps), np.zeros((n_slack, n_steps)), np.zeros((n_slack, n_steps)),
        np.zeros(n_steps), np.zeros(n_steps), np.zeros(n_steps), np.zeros((len(GROUPS), n_steps)),
        np.zeros(n_steps, np.int64),
    )  # fmt: skip


def _fed(network: SequenceNetwork, curves: VoltageCurves) -> VoltageCurves:
    """The curves at buses that are not de-energised."""
    fed = network.buses.node[curves.bus % len(network.buses.names)] >= 0
    return replace(curves, bus=curves.bus[fed], kind=curves.kind[fed], rating_mvar=curves.rating_mvar[:, fed])


def _room(keep: Keep, n_nodes: int, n_branches: int, n_steps: int) -> PhasesKept:
    """Arrays for what is kept."""
    phasors = (3, n_nodes, n_steps, 2) if keep == "phasors" else (0, 0, 0, 2)
    vm, loading = ((3, n_nodes, n_steps), (n_branches, n_steps)) if keep == "magnitudes" else ((0, 0, 0), (0, 0))
    return PhasesKept(np.empty(phasors), np.empty(vm, np.float32), np.empty(loading, np.float32), 0)


def _arrays(keep: Keep, kept: PhasesKept, failed: Bools) -> dict[str, Any]:
    """What is kept, in the order of the network's nodes; NaN in steps without a solution."""
    found: dict[str, Any] = {}
    if keep == "phasors":
        found["voltage"] = kept.voltage.view(np.complex128)[..., : failed.size, 0]
    elif keep == "magnitudes":
        found["vm"], found["loading"] = kept.vm[..., : failed.size], kept.loading[..., : failed.size]
    for values in found.values():
        values[..., failed] = np.nan
    return found


def _made(
    network: SequenceNetwork,
    place: Ints,
    grid: SequenceGrid,
    step: StepFound,
    element: ElementFound,
    failed: Bools,
) -> ThreePhaseFlow:
    """What the kernel found, in the units and the order of the network; steps without a solution are NaN."""
    base, buses, branches = network.base_mva, network.buses, network.branches
    at = place[buses.node.clip(0)]

    def of_steps(values: Floats) -> Floats:
        return np.where(failed, np.nan, values)

    def of_buses(values: Floats) -> Floats:
        return np.where((buses.node < 0) | ~np.isfinite(values[at]), np.nan, np.sqrt(values[at]))

    base_ka = base / (buses.vn_kv[branches.from_bus.clip(0)] / np.sqrt(3))
    ends, per_pu = (grid.currents.of_from, grid.currents.of_to), grid.percent_per_pu.T
    highest = np.array([factor * np.sqrt(element.current_max[end]) for end, factor in zip(ends, per_pu, strict=True)])
    neutral = np.array([element.neutral_max[end] for end in ends]).max(axis=0)
    loss = (grid.chains.branch_loss * element.squares[grid.chains.of_branch]).sum(axis=(1, 2))
    loading = highest.max(axis=0)
    loading[~branches.rated] = np.nan
    return ThreePhaseFlow(
        network=network,
        vm_min_pu=of_steps(np.sqrt(step.vm_min)),
        vm_max_pu=of_steps(np.sqrt(step.vm_max)),
        unbalance_max=of_steps(np.sqrt(step.unbalance_max)),
        loading_max_percent={kind: of_steps(np.sqrt(step.loading_max[k])) for k, kind in enumerate(GROUPS)},
        loss_mw=of_steps(step.loss * base),
        import_mva=np.where(failed, complex(np.nan, np.nan), (step.slack_p + 1j * step.slack_q) * base).T,
        violations=step.violations,
        failed=failed,
        bus_vm_min_pu=of_buses(element.vm_min),
        bus_vm_max_pu=of_buses(element.vm_max),
        bus_unbalance_max=of_buses(element.unbalance_max),
        branch_loading_max_percent=loading,
        branch_neutral_max_ka=np.sqrt(neutral) * base_ka,
        branch_loss_mw=loss * base / max(int((~failed).sum()), 1),
    )


def _check(network: SequenceNetwork, loads: PhaseLoads) -> None:
    expected = len(PHASES) * len(network.buses.names)
    faults = [
        Fault(f"loads.{name}", f"must have {expected} rows, one a phase and bus", part.n_buses)
        for name, part in (("wye", loads.wye), ("delta", loads.delta)) if part.n_buses != expected
    ]  # fmt: skip
    if loads.delta.n_steps != loads.n_steps:
        faults.append(Fault("loads.delta", f"must have {loads.n_steps} steps", loads.delta.n_steps))
    raise_if_any(faults)
