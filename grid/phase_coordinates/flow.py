"""The power flow of every step between phase nodes.

A fixed point ``V = w + Y⁻¹ I(V)`` with one factor for all steps: Y holds lines, transformers at their taps, capacitors
and the impedances of the sources, w their voltages, I the currents of the loads [1].

References:
    [1] T. H. Chen, M. S. Chen, K. J. Hwang, P. Kotas and E. A. Chebli, "Distribution system power flow analysis: a
        rigid approach", IEEE Trans. Power Delivery, vol. 6, no. 3, pp. 1146-1152, 1991.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.network.injections import Injections
from grid.network.network import Complexes
from grid.network.phase_network import PhaseNetwork
from grid.phase_coordinates.compiled import compiled_loads, compiled_network
from grid.phase_coordinates.found_kernel import ElementsFound, NodesKept, StepsFound, solve_steps
from grid.powerflow.zbus import MAX_ITERATIONS, SETTLED_PU, in_threads

MISSED_MVA = 1e-6
"""A step has converged when no node misses a current of more than this at rated voltage [MVA]."""
CACHE_BYTES = 1_000_000
"""Working set of a block: what fits the second-level cache of common processors."""
Wanted = Literal["extremes", "phasors"]


@dataclass(frozen=True, eq=False)
class NodeFlow:
    """What was found; T steps, N nodes, E elements.

    Args:
        network: The network.
        vm_min_pu: Lowest voltage of a phase in each step, shape (T,) [pu]; neutrals are left out.
        vm_max_pu: Highest voltage of a phase, shape (T,) [pu].
        unbalance_max: Highest ratio of the negative to the positive sequence of a bus with three phases, (T,) [1].
        loading_max_percent: Highest loading of a conductor, shape (T,) [%].
        loss_mw: Losses of all lines and transformers, shape (T,) [MW].
        source_mva: What the sources feed in, shape (T,) [MW + j MVAr].
        failed: Steps without a solution, shape (T,); their values are NaN.
        node_vm_min_pu: Lowest voltage of each node over all steps, shape (N,) [pu].
        node_vm_max_pu: Highest voltage, shape (N,) [pu].
        element_loading_max_percent: Highest loading of a conductor of each element, shape (E,) [%]; NaN without rating.
        element_loss_mw: Mean losses of each element, shape (E,) [MW].
        voltage: Voltages, shape (N, T) complex [pu]; None unless they were asked for.
    """

    network: PhaseNetwork
    vm_min_pu: Floats
    vm_max_pu: Floats
    unbalance_max: Floats
    loading_max_percent: Floats
    loss_mw: Floats
    source_mva: Complexes
    failed: Bools
    node_vm_min_pu: Floats
    node_vm_max_pu: Floats
    element_loading_max_percent: Floats
    element_loss_mw: Floats
    voltage: Complexes | None = None

    def phasors(self) -> Complexes:
        """Voltages of every node and step, shape (N, T) complex [pu].

        Raises:
            ValueError: If they were not kept.
        """
        if self.voltage is None:
            raise ValueError("the phasors were not kept; ask for them with keep='phasors'")
        return self.voltage


def own_loads(network: PhaseNetwork) -> Injections:
    """One step with what the network's own loads draw."""
    return Injections.dense(network.load_mva.real[None], network.load_mva.imag[None])


def node_flow(
    network: PhaseNetwork, loads: Injections | None = None, *, keep: Wanted = "extremes", threads: int = 1
) -> NodeFlow:
    """Solves every step in phase coordinates.

    Args:
        network: The network.
        loads: Withdrawal of its loads at rated voltage, one row a load, T steps; by default one step of its own.
        keep: ``extremes`` only, or the ``phasors`` of all nodes and steps.
        threads: Number of threads, each with its own range of steps.

    Raises:
        InputError: If the loads are not those of this network.
    """
    loads = own_loads(network) if loads is None else loads
    expected = len(network.legs.loads)
    raise_if_any(
        [Fault("loads", f"must have {expected} rows, one a load", loads.n_buses)] * (loads.n_buses != expected)
    )
    grid, profiles = compiled_network(network), compiled_loads(network.legs, loads)
    n_steps, n_nodes, n_elements = loads.n_steps, len(network.nodes), len(network.elements)
    step = StepsFound(*(np.empty(n_steps) for _ in StepsFound._fields))
    kept = NodesKept(np.empty((n_nodes, n_steps, 2) if keep == "phasors" else (0, 0, 2)))
    block = int(np.clip(CACHE_BYTES // (8 * 8 * n_nodes) // 8 * 8, 16, 64))

    def solve(begin: int, end: int) -> ElementsFound:
        found = ElementsFound(np.full(n_nodes, np.inf), np.zeros(n_nodes), np.zeros(n_elements), np.zeros(n_elements))
        solve_steps(begin, end, block, grid, profiles, SETTLED_PU**2, MISSED_MVA**2, MAX_ITERATIONS, step, found, kept)
        return found

    found = _merged(in_threads(solve, n_steps, block, threads))
    return _made(network, grid.order, step, found, kept)


def _merged(parts: list[ElementsFound]) -> ElementsFound:
    """Extremes of several ranges of steps together."""
    return ElementsFound(
        np.min([part.vm_min for part in parts], axis=0),
        np.max([part.vm_max for part in parts], axis=0),
        np.max([part.loading_max for part in parts], axis=0),
        np.sum([part.loss for part in parts], axis=0),
    )


def _made(network: PhaseNetwork, order: Ints, step: StepsFound, found: ElementsFound, kept: NodesKept) -> NodeFlow:
    """What the kernel found, in the order of the network; steps without a solution are NaN."""
    failed = ~(step.residual < MISSED_MVA**2)

    def of_steps(values: Floats) -> Floats:
        return np.where(failed, np.nan, values)

    def of_nodes(values: Floats) -> Floats:
        placed = np.full(order.size, np.nan)
        placed[order] = np.sqrt(np.where(np.isfinite(values) & ~failed.all(), values, np.nan))
        return placed

    elements = network.elements
    rated = np.add.reduceat(np.isfinite(elements.rating_ka), elements.pointer[:-1]) > 0
    voltage = kept.voltage.view(np.complex128)[..., 0] if kept.voltage.size else None
    if voltage is not None:
        voltage[:, failed] = np.nan
    return NodeFlow(
        network=network, vm_min_pu=of_steps(np.sqrt(step.vm_min)), vm_max_pu=of_steps(np.sqrt(step.vm_max)),
        unbalance_max=of_steps(np.sqrt(step.unbalance_max)), loading_max_percent=of_steps(np.sqrt(step.loading_max)),
        loss_mw=of_steps(step.loss), failed=failed,
        source_mva=np.where(failed, complex(np.nan, np.nan), step.source_p + 1j * step.source_q),
        node_vm_min_pu=of_nodes(found.vm_min), node_vm_max_pu=of_nodes(found.vm_max),
        element_loading_max_percent=np.where(rated, np.sqrt(found.loading_max), np.nan),
        element_loss_mw=found.loss / max(int((~failed).sum()), 1), voltage=voltage,
    )  # fmt: skip
