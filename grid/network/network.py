"""The electrical network as arrays: what the power flow, the tracing and the optimizer see of a pandapower net."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, InputError, nearest

Complexes = npt.NDArray[np.complex128]


MANY_NAMES = 4
"""Buses that a sentence names, at most."""


@dataclass(frozen=True, eq=False)
class Buses:
    """The buses of the pandapower net, B of them, in its order.

    Args:
        names: Unique names.
        node: Node each bus belongs to (closed switches fuse buses), shape (B,); -1 where de-energised.
        vn_kv: Rated voltage, shape (B,) [kV].
        zones: District of each bus, "" where unknown.
        vm_min_pu: Lower voltage limit, shape (B,) [pu].
        vm_max_pu: Upper voltage limit, shape (B,) [pu].
        x: Easting or longitude, shape (B,); NaN where unknown.
        y: Northing or latitude, shape (B,); NaN where unknown.
    """

    names: tuple[str, ...]
    node: Ints
    vn_kv: Floats
    zones: tuple[str, ...]
    vm_min_pu: Floats
    vm_max_pu: Floats
    x: Floats
    y: Floats

    @cached_property
    def position(self) -> dict[str, int]:
        """Place of each bus by name."""
        return {name: place for place, name in enumerate(self.names)}

    def find(self, name: str, place: str = "bus") -> int:
        """The place of the bus called `name`.

        Raises:
            InputError: If there is none (with the nearest name), or it is de-energised.
        """
        fault = self.fault(name, place)
        if fault is not None:
            raise InputError([fault])
        return self.position[name]

    def fault(self, name: str, place: str) -> Fault | None:
        """What is wrong with connecting something to the bus called `name`, if anything."""
        if name not in self.position:
            return Fault(place, f"no bus called {name!r}", suggestion=nearest(name, self.names))
        if self.node[self.position[name]] < 0:
            return Fault(place, f"bus {name!r} is de-energised: no closed path leads to an external grid")
        return None

    @cached_property
    def without_supply(self) -> str | None:
        """Says which buses are de-energised, in a sentence; None if none is."""
        dead = [name for name, node in zip(self.names, self.node, strict=True) if node < 0]
        if not dead:
            return None
        named = ", ".join(dead[:MANY_NAMES]) + (" …" if len(dead) > MANY_NAMES else "")
        what = f"1 bus is de-energised ({named})" if len(dead) == 1 else f"{len(dead)} buses are de-energised ({named})"
        return f"{what}: no closed path leads to an external grid, and what is connected there is not supplied."


@dataclass(frozen=True, eq=False)
class Branches:
    """Lines, transformers and whatever else carries power, L of them; those out of service are left out.

    Args:
        names: Unique names.
        kinds: ``line``, ``trafo`` or the pandapower table of anything else.
        from_node: Node at the "from" (high-voltage) end, shape (L,).
        to_node: Node at the "to" (low-voltage) end, shape (L,).
        from_bus: Place of the bus at the "from" end, shape (L,); -1 for internal nodes.
        to_bus: Place of the bus at the "to" end, shape (L,); -1 for internal nodes.
        percent_per_pu_from: Loading per current at the "from" end, shape (L,) [%/pu]; 0 where there is no rating.
        percent_per_pu_to: The same at the "to" end.
        loading_max_percent: Limit of the loading, shape (L,) [%].
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    from_node: Ints
    to_node: Ints
    from_bus: Ints
    to_bus: Ints
    percent_per_pu_from: Floats
    percent_per_pu_to: Floats
    loading_max_percent: Floats

    def __len__(self) -> int:
        return len(self.names)

    @property
    def rated(self) -> Bools:
        """Branches that have a rating, shape (L,)."""
        rated: Bools = (self.percent_per_pu_from != 0) | (self.percent_per_pu_to != 0)
        return rated

    def of_kind(self, kind: str) -> Ints:
        """Places of the branches of one kind."""
        return np.flatnonzero(np.array(self.kinds) == kind)


@dataclass(frozen=True, eq=False)
class DCLines:
    """Direct-current lines in service, D of them: what they carry is set, and no part of the admittance matrix.

    Args:
        names: Unique names.
        from_node: Node at the "from" end, shape (D,).
        to_node: Node at the "to" end, shape (D,).
        p_from_mw: Power entering at the "from" end, shape (D,) [MW].
        p_to_mw: Power entering at the "to" end, shape (D,) [MW].
    """

    names: tuple[str, ...]
    from_node: Ints
    to_node: Ints
    p_from_mw: Floats
    p_to_mw: Floats


@dataclass(frozen=True, eq=False)
class VoltageControl:
    """How the nodes `Network.generator_node` (H) hold their voltages, and loads at V buses depend on theirs.

    Args:
        vm_pu: Voltage that is held, shape (H,) [pu].
        p_mw: Power that is fed in there, by what holds the voltage, shape (H,) [MW].
        q_min_mvar: Least reactive power that is fed in to hold it, shape (H,) [MVAr]; -inf where limits are not kept.
        q_max_mvar: Most reactive power, shape (H,) [MVAr].
        dependence: Shares of constant current and of constant impedance of the active, then of the reactive power of
            loads at the buses `Network.voltage_dependent_bus`, shape (V, 4) [1].
        start: Voltages to begin with, shape (N,) complex [pu]; empty: those without injections.
    """

    vm_pu: Floats
    p_mw: Floats
    q_min_mvar: Floats
    q_max_mvar: Floats
    dependence: Floats
    start: Complexes

    @classmethod
    def none(cls) -> Self:
        """Of a net in which nothing answers."""
        nothing = np.empty(0)
        return cls(nothing, nothing, nothing, nothing, np.empty((0, 4)), np.empty(0, dtype=np.complex128))


@dataclass(frozen=True, eq=False)
class Network:
    """A network at one switching state, as pandapower models it.

    Everything electrical comes from pandapower's own admittance matrices, so switches, open line ends, taps and
    the transformer model are those of pandapower.

    Args:
        name: Name of the net.
        base_mva: Base power [MVA].
        admittance: Bus admittance matrix, shape (N, N) [pu].
        admittance_from: Current entering each branch at its "from" end per node voltage, shape (L, N) [pu].
        admittance_to: The same at the "to" end.
        conductance_pu: Active power drawn by the shunts of a node at 1 pu, shape (N,) [pu].
        load_conductance_pu: The part of it that is consumption, not loss: constant impedances of wards and extended
            wards, shape (N,) [pu].
        slack: Nodes of the external grids, shape (R,).
        v_slack: Their voltages, shape (R,) complex [pu].
        fixed_mva: Withdrawal of all that is neither load, static generator nor storage (motors, constant parts of
            wards, ...), shape (N,) complex [MW + j MVAr].
        buses: Buses of the pandapower net.
        branches: Branches in service.
        dc_lines: Direct-current lines in service.
        generator_node: Nodes whose voltage a generator controls; what it feeds in follows from the voltages.
        voltage_dependent_bus: Places of the buses with loads that depend on voltage, ascending, shape (V,); what they
            draw follows from the voltages.
        uncovered: Why pandapower solves this net step by step, one reason each; empty if our kernels can.
        misstated: What a balanced power flow misstates of this net, one sentence each; empty if nothing.
        not_followed: What else the net holds that is not followed, such as controllers, one sentence each.
        elements: Columns of the net's loads, storage units and static generators, by table (``load``, ``storage``,
            ``sgen``): unique names, index, bus (place), powers of the net [MW, MVAr], whether in service, and text.
        load_net: Gives the pandapower net; the network of a net that is stored as arrays reads it when it is asked for.
            None where no pandapower net is in this switching state.
        voltage_control: How voltages are held, and how loads depend on them.
    """

    name: str
    base_mva: float
    admittance: sparse.csc_array
    admittance_from: sparse.csr_array
    admittance_to: sparse.csr_array
    conductance_pu: Floats
    load_conductance_pu: Floats
    slack: Ints
    v_slack: Complexes
    fixed_mva: Complexes
    buses: Buses
    branches: Branches
    dc_lines: DCLines
    generator_node: Ints
    voltage_dependent_bus: Ints
    uncovered: tuple[str, ...]
    misstated: tuple[str, ...]
    not_followed: tuple[str, ...]
    elements: Mapping[str, Mapping[str, Sequence[Any]]]
    load_net: Callable[[], Any] | None
    voltage_control: VoltageControl = field(default_factory=VoltageControl.none)

    @property
    def decided_by_voltage(self) -> tuple[str, ...]:
        """What draws or feeds in as the voltages say, one reason each; empty where all powers are given."""
        reasons = [*self.uncovered]
        if self.generator_node.size:
            reasons.append("nodes whose voltage is held (gen, xward, dcline)")
        if self.voltage_dependent_bus.size:
            reasons.append("loads that depend on voltage (ZIP)")
        return tuple(reasons)

    @cached_property
    def net(self) -> Any:
        """The pandapower net as it is solved, never modified; opaque outside the adapter.

        Raises:
            LookupError: If no pandapower net is in the switching state of this network.
        """
        if self.load_net is None:
            raise LookupError("no pandapower net is in this switching state: branches were taken out of the network")
        return self.load_net()

    @property
    def n_nodes(self) -> int:
        """Number of nodes N."""
        return int(self.conductance_pu.size)
