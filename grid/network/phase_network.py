"""A network in phase coordinates: a node for each phase of each bus, elements by their own admittance matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.network.network import Complexes

PHASE_NUMBERS = (1, 2, 3)
"""Numbers of the phases at a bus; higher numbers are neutrals and other conductors."""


@dataclass(frozen=True, eq=False)
class PhaseNodes:
    """A node for each conductor of each bus; earth is none. B buses, N nodes.

    Args:
        buses: Unique names of the buses.
        bus: Place of each node's bus, shape (N,).
        phase: Number of each node at its bus, shape (N,): 1, 2, 3 are phases.
        vn_kv: Rated voltage to earth, shape (N,) [kV].
        x: Easting or longitude of each bus, shape (B,); NaN where unknown.
        y: Northing or latitude of each bus, shape (B,); NaN where unknown.
    """

    buses: tuple[str, ...]
    bus: Ints
    phase: Ints
    vn_kv: Floats
    x: Floats
    y: Floats

    def __len__(self) -> int:
        return int(self.bus.size)

    @property
    def is_phase(self) -> Ints:
        """Nodes that are phases, not neutrals."""
        return np.flatnonzero(np.isin(self.phase, PHASE_NUMBERS))

    @property
    def names(self) -> tuple[str, ...]:
        """Bus and number of each node, such as ``671.2``."""
        return tuple(
            f"{self.buses[bus]}.{phase}" for bus, phase in zip(self.bus.tolist(), self.phase.tolist(), strict=True)
        )

    @cached_property
    def threes(self) -> Ints:
        """Nodes of the phases 1, 2 and 3 of the buses that have all three, shape (3, buses with three phases)."""
        at = np.full((len(self.buses), len(PHASE_NUMBERS)), -1, dtype=np.int64)
        phases = self.is_phase
        at[self.bus[phases], self.phase[phases] - 1] = phases
        return np.ascontiguousarray(at[(at >= 0).all(axis=1)].T)


@dataclass(frozen=True, eq=False)
class PhaseElements:
    """Lines, transformers, capacitors and sources, E of them, each an admittance matrix between nodes.

    Args:
        names: Unique names.
        kinds: ``line``, ``trafo``, ``shunt`` or ``source``.
        pointer: First conductor of each element, shape (E + 1,); C conductors in all.
        node: Node of each conductor, shape (C,); -1 for earth.
        matrices: Admittance between the conductors of each element [S].
        rating_ka: Rated current of each conductor, shape (C,) [kA]; NaN where it has none.
        source_ka: Current that each conductor of a source injects at no voltage, shape (C,) [kA]; 0 of all others.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    pointer: Ints
    node: Ints
    matrices: tuple[Complexes, ...]
    rating_ka: Floats
    source_ka: Complexes

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class PhaseLegs:
    """What draws power between two nodes, M legs of K loads; the power depends on the voltage between the nodes.

    Of the rated power S a leg draws P·f_p(v) + j Q·f_q(v) at the voltage v per unit of its own rating:
    ``constant + current·v + impedance·v²`` between `vm_min_pu` and `vm_max_pu`; ``above·v²`` above; ``v·(below +
    slope·v)`` below, and below `vm_low_pu` ``lowest·v²`` (active and reactive power in the first axis).

    Args:
        loads: Names of the loads.
        of: Load of each leg, shape (M,).
        share: Share of the load's power that the leg draws at rated voltage, shape (M,).
        from_node: Node of each leg, shape (M,); -1 for earth.
        to_node: The other node, shape (M,); -1 for earth.
        vn_kv: Rated voltage between them, shape (M,) [kV].
        constant: Shape (2, M).
        current: Shape (2, M).
        impedance: Shape (2, M).
        below: Shape (2, M).
        slope: Shape (2, M).
        above: Shape (2, M).
        lowest: Shape (M,).
        vm_low_pu: Shape (M,) [pu].
        vm_min_pu: Shape (M,) [pu].
        vm_max_pu: Shape (M,) [pu].
    """

    loads: tuple[str, ...]
    of: Ints
    share: Floats
    from_node: Ints
    to_node: Ints
    vn_kv: Floats
    constant: Floats
    current: Floats
    impedance: Floats
    below: Floats
    slope: Floats
    above: Floats
    lowest: Floats
    vm_low_pu: Floats
    vm_min_pu: Floats
    vm_max_pu: Floats

    def __len__(self) -> int:
        return int(self.of.size)


@dataclass(frozen=True, eq=False)
class PhaseNetwork:
    """A network in phase coordinates, at one state of its switches and taps.

    Args:
        name: Name of the network.
        nodes: Its nodes.
        elements: What connects them.
        legs: What draws power.
        load_mva: Power of each load at rated voltage, shape (K,) complex [MW + j MVAr].
    """

    name: str
    nodes: PhaseNodes
    elements: PhaseElements
    legs: PhaseLegs
    load_mva: Complexes

    @cached_property
    def admittance_mva(self) -> sparse.csc_array:
        """Admittance between the nodes at rated voltages, shape (N, N) [MVA]: a current per unit of voltage."""
        elements, n = self.elements, len(self.nodes)
        rows, columns, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, complex)]
        for k, matrix in enumerate(elements.matrices):
            at = elements.node[elements.pointer[k] : elements.pointer[k + 1]]
            kept = np.flatnonzero(at >= 0)
            vn = self.nodes.vn_kv[at[kept]]
            rows.append(np.repeat(at[kept], kept.size))
            columns.append(np.tile(at[kept], kept.size))
            values.append((matrix[np.ix_(kept, kept)] * np.outer(vn, vn)).ravel())
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csc_array(sparse.coo_array(entries, shape=(n, n)))

    @cached_property
    def source_mva(self) -> Complexes:
        """Current that the sources inject at each node at no voltage, at rated voltage, shape (N,) [MVA]."""
        found = np.zeros(len(self.nodes), dtype=complex)
        live = self.elements.node >= 0
        at = self.elements.node[live]
        np.add.at(found, at, self.elements.source_ka[live] * self.nodes.vn_kv[at])
        return found
