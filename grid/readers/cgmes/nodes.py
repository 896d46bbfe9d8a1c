"""Buses of CIM: topological nodes, or connectivity nodes where no topology is given, and the terminals at them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from grid.errors import Fault
from grid.readers.cgmes.objects import CimObject, CimObjects
from grid.readers.report import PLACE

TOPOLOGICAL: Final = "TopologicalNode"
CONNECTIVITY: Final = "ConnectivityNode"


def node_kind(objects: CimObjects) -> str:
    """The class of the nodes that terminals name: topological, else connectivity nodes; empty where they name none."""
    terminals = list(objects.of("Terminal"))
    kinds = (kind for kind in (TOPOLOGICAL, CONNECTIVITY) if any(f"Terminal.{kind}" in t.values for t in terminals))
    return next(kinds, "")


@dataclass(frozen=True)
class CimTerminal:
    """An end of equipment.

    Args:
        bus: Index of its bus; -1 where it has none.
        connected: Whether it is connected there.
        key: Its identifier.
    """

    bus: int
    connected: bool
    key: str


class CimNodes:
    """The buses while they are gathered, and the terminals of all equipment."""

    def __init__(self, objects: CimObjects) -> None:
        """None yet.

        Args:
            objects: The objects.
        """
        self.objects = objects
        self.by_connectivity = False
        """Whether buses are connectivity nodes, since no topology is given."""
        self.names: list[str] = []
        self.vn_kv: list[float] = []
        self.keys: list[str] = []
        self.index: dict[str, int] = {}
        """Index of each bus by the identifier of its node."""
        self.boundary: set[int] = set()
        self.unrated: list[str] = []
        self.terminals: dict[str, list[CimTerminal]] = defaultdict(list)
        self.of_terminal: dict[str, CimTerminal] = {}

    def gather(self) -> None:
        """Gathers buses and terminals."""
        kind = node_kind(self.objects) or TOPOLOGICAL
        self.by_connectivity = kind == CONNECTIVITY
        self.objects.looked_at |= {CONNECTIVITY, TOPOLOGICAL}
        for node in self.objects.of(kind):
            self.index[node.key] = self.add(node.name, self._rated_kv(node, kind), node.key)
            if node.at_boundary or node.flag(f"{kind}.boundaryPoint", default=False):
                self.boundary.add(self.index[node.key])
        if self.unrated:
            rule = (
                f"{len(self.unrated)} nodes have a base voltage that no profile states: is the boundary (EQBD) missing?"
            )
            self.objects.faults.append(Fault(PLACE, rule, ", ".join(self.unrated[:5])))
        stated = [*self.objects.of("Terminal")]
        order = {
            each.key: self.objects.number(each, "ACDCTerminal.sequenceNumber", 0.0, "Terminal.sequenceNumber")
            for each in stated
        }
        lost: list[str] = []
        for terminal in sorted(stated, key=lambda each: order[each.key]):
            node_key = terminal.values.get(f"Terminal.{kind}", "")
            bus = self.index.get(node_key, -1)
            if node_key and bus < 0:
                lost.append(node_key)
            made = CimTerminal(bus, terminal.flag("ACDCTerminal.connected"), terminal.key)
            self.terminals[terminal.values.get("Terminal.ConductingEquipment", "")].append(made)
            self.of_terminal[terminal.key] = made
        if lost:
            rule = f"{len(lost)} terminals name a {kind} that no profile states: is the boundary (EQBD, TPBD) missing?"
            self.objects.faults.append(Fault(PLACE, rule, lost[0]))

    def add(self, name: str, vn_kv: float, key: str = "") -> int:
        """Adds a bus, and gives its index."""
        self.names.append(name)
        self.vn_kv.append(vn_kv)
        self.keys.append(key)
        return len(self.names) - 1

    def _rated_kv(self, node: CimObject, kind: str) -> float:
        """Rated voltage of a node: its own base voltage, or that of the voltage level it stands in."""
        followed = self.objects.followed
        self.objects.looked_at |= {"BaseVoltage", "VoltageLevel", "Bay"}
        container = followed(node, f"{kind}.ConnectivityNodeContainer")
        base = (
            followed(node, f"{kind}.BaseVoltage")
            or followed(container, "VoltageLevel.BaseVoltage")
            or followed(container, "Bay.VoltageLevel", "VoltageLevel.BaseVoltage")
        )
        if base is None or not base.values.get("BaseVoltage.nominalVoltage", "").strip():
            self.unrated.append(node.name)
            return float("nan")
        nominal = self.objects.number(base, "BaseVoltage.nominalVoltage")
        if nominal <= 0:
            self.objects.fault(base, "nominalVoltage", "must be greater than 0", nominal)
        return nominal

    def ends(self, equipment: CimObject, count: int) -> list[CimTerminal] | None:
        """Terminals of equipment; a fault, and None, where it has another number of them."""
        found = self.terminals.get(equipment.key, [])
        if len(found) != count:
            self.objects.fault(equipment, "Terminal", f"must have {count} terminals", len(found))
            return None
        return found

    def at(self, equipment: CimObject) -> CimTerminal | None:
        """The terminal of equipment with one; None where it has no bus."""
        found = self.ends(equipment, 1)
        if found is None or (found[0].bus < 0 and not found[0].connected):
            return None
        if found[0].bus < 0:
            self.objects.fault(equipment, "Terminal", "is connected to no node of the topology")
            return None
        return found[0]

    def in_service(self, equipment: CimObject) -> bool:
        """Whether equipment is in service by itself: by its state (CGMES 3.0), else by the state variables."""
        if "Equipment.inService" in equipment.values:
            return equipment.flag("Equipment.inService")
        return self._by_state.get(equipment.key, True)

    @cached_property
    def _by_state(self) -> dict[str, bool]:
        return {
            each.values.get("SvStatus.ConductingEquipment", ""): each.flag("SvStatus.inService")
            for each in self.objects.of("SvStatus")
        }

    def solved_pu(self) -> Any:
        """Voltages of the state variables by bus, NaN where there are none [pu]."""
        found = np.full(len(self.names), np.nan)
        for each in self.objects.of("SvVoltage"):
            bus = self.index.get(each.values.get("SvVoltage.TopologicalNode", ""), -1)
            if bus >= 0:
                found[bus] = self.objects.number(each, "SvVoltage.v") / self.vn_kv[bus]
        found[found == 0] = np.nan  # of a node that is not energised
        return found
