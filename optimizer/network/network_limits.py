"""What limits the grid of a problem has, by which values a power flow keeps them, and how these answer to withdrawals.

The rounds of a window know limits by their kind and element only: where phases are solved apart, every phase of a
branch or of a node is an element of its own. Powers are withdrawn at terminals: the buses, or the phases of every bus.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, TO_PHASES
from grid.powerflow.grid_flow import GridFlow
from grid.powerflow.powerflow import PowerFlow
from grid.units import PERCENT
from optimizer.network.linearisation import Linearisation, loading_rows, loss_rows, voltage_rows
from optimizer.network.over_limits import OverLimits
from optimizer.network.phase_linearisation import (
    phase_loading_rows,
    phase_loss_rows,
    phase_voltage_rows,
    spread_evenly,
    unbalance_rows,
)
from optimizer.problem.phases import PhaseConnections
from optimizer.problem.problem import DispatchProblem

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow


@dataclass(frozen=True, eq=False)
class LimitedQuantity:
    """Values of a power flow with a limit; E elements.

    Args:
        quantity: ``loading_percent``, ``vm_pu`` or ``unbalance``.
        phase: ``a``, ``b`` or ``c``; empty where it is of all of them.
        names: Name of each element.
        values: Shape (n_steps, E); NaN where not known.
        limit: Shape (E,).
        sign: 1 where values must not be greater, -1 where they must not be smaller.
    """

    quantity: str
    phase: str
    names: tuple[str, ...]
    values: Floats
    limit: Floats
    sign: float


class NetworkLimits(ABC):
    """Limits of a grid, by kind: ``loading`` [%], ``vm_min`` and ``vm_max`` [pu], ``unbalance`` [%]; E elements each.

    Args:
        problem: The problem.
    """

    def __init__(self, problem: DispatchProblem) -> None:
        self.problem = problem

    @property
    @abstractmethod
    def n_terminals(self) -> int:
        """Number of terminals at which powers are withdrawn."""

    @abstractmethod
    def shares(self, flexibility: Flexibility) -> sparse.csr_array:
        """Share of each device of a flexibility at the terminals, shape (N, terminals)."""

    @abstractmethod
    def at_buses(self, per_terminal: Floats) -> Floats:
        """Change per withdrawal at the buses, shape (J, B), of one per terminal."""

    @property
    @abstractmethod
    def limit(self) -> Mapping[str, Floats]:
        """The limit of every element by kind, shape (E,) each."""

    @abstractmethod
    def values(self, kind: str, flow: GridFlow) -> Floats:
        """What a power flow has in place of a limit, shape (n_steps, E); NaN where not known."""

    @abstractmethod
    def rows(self, kind: str, flow: GridFlow, step: Ints, element: Ints) -> Linearisation:
        """Values of certain steps and elements to first order."""

    @abstractmethod
    def losses(self, flow: GridFlow, step: Ints) -> Linearisation:
        """What the grid itself draws in certain steps to first order [MW]."""

    @abstractmethod
    def loading_phasors(self, flow: GridFlow) -> tuple[Complexes, Complexes]:
        """Loading by phasors at the two ends of every element of ``loading``, shape (n_steps, E) each [%]."""

    @abstractmethod
    def name(self, kind: str, element: int) -> tuple[str, str]:
        """Name of the branch or bus of an element, and its phase, empty for all."""

    @abstractmethod
    def quantities(self, flow: GridFlow) -> Iterator[LimitedQuantity]:
        """All values with a limit, by branch and bus."""

    def over(self, flow: GridFlow, slacks: Mapping[str, Floats]) -> OverLimits:
        """Excess beyond what slacks admit, by kind.

        Args:
            flow: The power flow.
            slacks: What may be exceeded in each step, by kind, shape (n_steps,) each.
        """
        found = {}
        for kind, limit in self.limit.items():
            sign = -1.0 if kind == "vm_min" else 1.0
            excess = sign * (self.values(kind, flow) - limit) - slacks[kind][:, None]
            found[kind] = np.where(np.isfinite(excess), excess, -np.inf)
        return found

    @cached_property
    def _of_nodes(self) -> dict[str, Floats]:
        """The strictest limits of voltage of the buses at each node, shape (N,) each [pu]."""
        problem, network = self.problem, self.problem.network
        node, live = network.buses.node, network.buses.node >= 0
        low, high = np.zeros(network.n_nodes), np.full(network.n_nodes, np.inf)
        np.maximum.at(low, node[live], problem.vm_min_pu[live])
        np.minimum.at(high, node[live], problem.vm_max_pu[live])
        return {"vm_min": low, "vm_max": high} if problem.limits_voltage else {}

    def _bus(self, kind: str, node: int) -> str:
        """The bus with the strictest limit at a node."""
        problem = self.problem
        buses = np.flatnonzero(problem.network.buses.node == node)
        limit, strictest = (problem.vm_min_pu, np.argmax) if kind == "vm_min" else (problem.vm_max_pu, np.argmin)
        return problem.network.buses.names[int(buses[strictest(limit[buses])])]


class BalancedLimits(NetworkLimits):
    """Limits of a balanced power flow: elements are branches and nodes, terminals the buses."""

    @property
    def n_terminals(self) -> int:
        """Number of buses."""
        return len(self.problem.network.buses.names)

    def shares(self, flexibility: Flexibility) -> sparse.csr_array:
        """Its shares at the buses."""
        return flexibility.shares

    def at_buses(self, per_terminal: Floats) -> Floats:
        """The same."""
        return per_terminal

    @property
    def limit(self) -> Mapping[str, Floats]:
        """Of branches and nodes."""
        return {"loading": self.problem.loading_max_percent, **self._of_nodes}

    def values(self, kind: str, flow: GridFlow) -> Floats:
        """Loading or voltage."""
        return flow.loading_percent() if kind == "loading" else np.abs(cast("PowerFlow", flow).voltage)

    def rows(self, kind: str, flow: GridFlow, step: Ints, element: Ints) -> Linearisation:
        """By the factor of the balanced power flow."""
        rows_of = loading_rows if kind == "loading" else voltage_rows
        return rows_of(cast("PowerFlow", flow), step, element)

    def losses(self, flow: GridFlow, step: Ints) -> Linearisation:
        """By the factor of the balanced power flow."""
        return loss_rows(cast("PowerFlow", flow), step)

    def loading_phasors(self, flow: GridFlow) -> tuple[Complexes, Complexes]:
        """Currents over their ratings."""
        branches = flow.network.branches
        i_from, i_to = cast("PowerFlow", flow).branch_currents_pu()
        return i_from * branches.percent_per_pu_from, i_to * branches.percent_per_pu_to

    def name(self, kind: str, element: int) -> tuple[str, str]:
        """Branch or bus."""
        return (self.problem.network.branches.names[element] if kind == "loading" else self._bus(kind, element)), ""

    def quantities(self, flow: GridFlow) -> Iterator[LimitedQuantity]:
        """Loadings of branches and voltages of buses."""
        problem, network = self.problem, self.problem.network
        loading, vm = flow.loading_percent(), flow.vm_pu()
        yield LimitedQuantity("loading_percent", "", network.branches.names, loading, problem.loading_max_percent, 1.0)
        yield LimitedQuantity("vm_pu", "", network.buses.names, vm, problem.vm_min_pu, -1.0)
        yield LimitedQuantity("vm_pu", "", network.buses.names, vm, problem.vm_max_pu, 1.0)


class PhaseLimits(NetworkLimits):
    """Limits of each phase: elements are phases of branches and of nodes, terminals the phases of buses.

    Args:
        problem: The problem.
        phases: Its phases.
    """

    def __init__(self, problem: DispatchProblem, phases: PhaseConnections) -> None:
        super().__init__(problem)
        self.phases = phases

    @property
    def n_terminals(self) -> int:
        """Three times the number of buses."""
        return len(PHASES) * len(self.problem.network.buses.names)

    def shares(self, flexibility: Flexibility) -> sparse.csr_array:
        """Its shares in the phases of the buses."""
        return self.phases.shares[flexibility.name]

    def at_buses(self, per_terminal: Floats) -> Floats:
        """For a withdrawal that is spread evenly over the phases."""
        return spread_evenly(per_terminal)

    @cached_property
    def limit(self) -> Mapping[str, Floats]:
        """Of each phase of branches and nodes, and of the unbalance at nodes."""
        found = {"loading": self.problem.loading_max_percent, **self._of_nodes}
        found = {kind: np.tile(limit, len(PHASES)) for kind, limit in found.items()}
        if np.isfinite(self.phases.unbalance_max_percent):
            found["unbalance"] = np.full(self.problem.network.n_nodes, self.phases.unbalance_max_percent)
        return found

    def values(self, kind: str, flow: GridFlow) -> Floats:
        """Loading or voltage of each phase, or unbalance."""
        of = cast("PhasePowerFlow", flow)
        if kind == "unbalance":
            return np.asarray(PERCENT * np.abs(of.voltage[2] / of.voltage[1]).T)
        if kind == "loading":
            return of.phase_loading_percent()[0].reshape(of.clock.n_steps, -1)
        return np.asarray(np.abs(np.tensordot(TO_PHASES, of.voltage, axes=1)).reshape(-1, of.clock.n_steps).T)

    def rows(self, kind: str, flow: GridFlow, step: Ints, element: Ints) -> Linearisation:
        """By the factors of the three sequences."""
        of = {"loading": phase_loading_rows, "unbalance": unbalance_rows}.get(kind, phase_voltage_rows)
        return of(cast("PhasePowerFlow", flow), step, element)

    def losses(self, flow: GridFlow, step: Ints) -> Linearisation:
        """By the factors of the three sequences."""
        return phase_loss_rows(cast("PhasePowerFlow", flow), step)

    def loading_phasors(self, flow: GridFlow) -> tuple[Complexes, Complexes]:
        """Currents of the phases over their ratings."""
        sequences, voltage = self.phases.sequences, cast("PhasePowerFlow", flow).voltage
        branches, found = sequences.branches, []
        for admittance, per_pu in (
            (sequences.admittance_from, branches.percent_per_pu_from),
            (sequences.admittance_to, branches.percent_per_pu_to),
        ):
            currents = np.array([part @ v for part, v in zip(admittance, voltage, strict=True)])
            by_phase = np.tensordot(TO_PHASES, currents, axes=1) * per_pu[:, None]
            found.append(np.asarray(by_phase.reshape(-1, voltage.shape[2]).T, dtype=np.complex128))
        return found[0], found[1]

    def name(self, kind: str, element: int) -> tuple[str, str]:
        """Branch or bus, and phase."""
        network = self.problem.network
        if kind == "unbalance":
            return self._bus("vm_max", element), ""
        if kind == "loading":
            phase, branch = divmod(element, len(network.branches))
            return network.branches.names[branch], PHASES[phase]
        phase, node = divmod(element, network.n_nodes)
        return self._bus(kind, node), PHASES[phase]

    def quantities(self, flow: GridFlow) -> Iterator[LimitedQuantity]:
        """Loadings and voltages of each phase, and unbalance."""
        problem, of = self.problem, cast("PhasePowerFlow", flow)
        branches, buses = problem.network.branches.names, problem.network.buses.names
        loading, vm = of.phase_loading_percent()[0], of.phase_vm_pu()
        for at, phase in enumerate(PHASES):
            yield LimitedQuantity("loading_percent", phase, branches, loading[:, at], problem.loading_max_percent, 1.0)
            yield LimitedQuantity("vm_pu", phase, buses, vm[:, at], problem.vm_min_pu, -1.0)
            yield LimitedQuantity("vm_pu", phase, buses, vm[:, at], problem.vm_max_pu, 1.0)
        limit = np.full(len(buses), self.phases.unbalance_max_percent / PERCENT)
        yield LimitedQuantity("unbalance", "", buses, of.unbalance(), limit, 1.0)


def limits_of(problem: DispatchProblem) -> NetworkLimits:
    """The limits of a problem's grid, of each phase where its phases are solved apart."""
    return BalancedLimits(problem) if problem.phases is None else PhaseLimits(problem, problem.phases)


def like_rows(shares: sparse.csr_array) -> Ints:
    """The first of the rows that say the same as each row, shape (R,); itself where none was found.

    Looked for are rows of one whole share, and those of three shares, which devices on all phases of a bus have.

    Args:
        shares: Shares at terminals, shape (R, terminals).
    """
    shares.sort_indices()
    count, found = np.diff(shares.indptr), np.arange(shares.shape[0])
    begin = shares.indptr[:-1]
    alone = np.flatnonzero(count == 1)
    alone = alone[shares.data[begin[alone]] == 1.0]
    _, first, again = np.unique(shares.indices[begin[alone]], return_index=True, return_inverse=True)
    found[alone] = alone[first[again]]
    of_phases = np.flatnonzero(count == len(PHASES))
    if of_phases.size:
        entries = begin[of_phases, None] + np.arange(len(PHASES))
        said = np.hstack([shares.indices[entries], shares.data[entries]])
        _, first, again = np.unique(said, axis=0, return_index=True, return_inverse=True)
        found[of_phases] = of_phases[first[again.ravel()]]
    return found
