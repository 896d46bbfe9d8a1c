"""Loads, generators and shunts of CIM in pandapower's tables, and which of them hold a voltage."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np

from grid.errors import listed
from grid.readers.cgmes.branches import Rows
from grid.readers.cgmes.nodes import CimNodes, CimTerminal
from grid.readers.cgmes.objects import CimObject, CimObjects
from grid.readers.voltage_shares import VoltageShares, joined_buses

LOADS: Final = ("EnergyConsumer", "ConformLoad", "NonConformLoad", "StationSupply")
MACHINES: Final = ("SynchronousMachine", "ExternalNetworkInjection", "EquivalentInjection", "StaticVarCompensator")
POWERS: Final = {
    **dict.fromkeys(("SynchronousMachine", "AsynchronousMachine"), ("RotatingMachine.p", "RotatingMachine.q")),
    "ExternalNetworkInjection": ("ExternalNetworkInjection.p", "ExternalNetworkInjection.q"),
    "EquivalentInjection": ("EquivalentInjection.p", "EquivalentInjection.q"),
    "StaticVarCompensator": ("StaticVarCompensator.p", "StaticVarCompensator.q"),
    "EnergySource": ("EnergySource.activePower", "EnergySource.reactivePower"),
    "PowerElectronicsConnection": ("PowerElectronicsConnection.p", "PowerElectronicsConnection.q"),
    **dict.fromkeys(("CsConverter", "VsConverter"), ("ACDCConverter.p", "ACDCConverter.q")),
}
"""Powers that are drawn, by class."""
OF_UNITS: Final = ("GeneratingUnit", "ThermalGeneratingUnit", "HydroGeneratingUnit", "NuclearGeneratingUnit",
                   "WindGeneratingUnit", "SolarGeneratingUnit")  # fmt: skip


class CimInjections:
    """What stands at buses while it is made.

    Args:
        objects: The objects.
        nodes: The buses.
        rows: Where rows are added.
        guessed: Where is told what the profiles do not say.
    """

    def __init__(self, objects: CimObjects, nodes: CimNodes, rows: Rows, guessed: list[str]) -> None:
        self.objects, self.nodes, self.rows, self.guessed = objects, nodes, rows, guessed
        self.remote: dict[int, tuple[int, float]] = {}
        """Bus that a machine controls beside its own, and the voltage there [pu], by row of ``gen``."""
        self.shares: list[tuple[complex, complex]] = []
        self.joined = self.converters = 0
        self.at_other: list[str] = []
        self.equivalents: Counter[int] = Counter()
        self.priority: dict[int, float] = {}
        """Priorities as a reference by row of ``gen``; 1 is the highest, 0 is none."""

    def make(self, branch_ends: Counter[int]) -> None:
        """Makes all rows.

        Args:
            branch_ends: Number of ends of branches at each bus.
        """
        for load in self.objects.of(*LOADS):
            self._load(load)
        for each in self.objects.of("AsynchronousMachine", "EnergySource", "PowerElectronicsConnection", "CsConverter",
                                    "VsConverter"):  # fmt: skip
            if (terminal := self._used(each)) is not None:
                self._constant(each, terminal.bus)
                self.converters += each.kind.endswith("Converter")
        for each in self.objects.of("EquivalentInjection"):
            self.equivalents.update(terminal.bus for terminal in self.nodes.terminals.get(each.key, ()))
        for machine in self.objects.of(*MACHINES):
            terminal = self._used(machine)
            if terminal is None:
                continue
            both_sides = terminal.bus in self.nodes.boundary or self.equivalents[terminal.bus] > 1
            if machine.kind == "EquivalentInjection" and both_sides and branch_ends[terminal.bus] > 1:
                self.joined += 1  # stands for the grid beyond the boundary, which is here
            else:
                self._machine(machine, terminal)
        self._shunts()
        self.objects.looked_at |= {*OF_UNITS, "RegulatingControl", "LoadResponseCharacteristic"}
        self._tell()

    def _tell(self) -> None:
        if self.at_other:
            self.guessed.append(
                f"{len(self.at_other)} machines state another voltage than the first at their bus, which holds: "
                f"{listed(self.at_other)}."
            )
        if self.converters:
            self.guessed.append(
                f"{self.converters} converters draw and feed in what the profiles say; the direct current between them "
                "is not followed."
            )
        if self.joined:
            self.guessed.append(
                f"{self.joined} equivalent injections at the boundary are left out, since the grid on both sides is "
                "here."
            )

    def _used(self, equipment: CimObject) -> CimTerminal | None:
        """The terminal of equipment that is in service and connected."""
        terminals = self.nodes.terminals.get(equipment.key, [])
        if equipment.kind.endswith("Converter") and terminals:
            terminal: CimTerminal | None = next((each for each in terminals if each.bus >= 0), None)
        else:
            terminal = self.nodes.at(equipment)
        if terminal is None or not terminal.connected or not self.nodes.in_service(equipment):
            return None
        return terminal

    def _load(self, load: CimObject) -> None:
        terminal = self._used(load)
        if terminal is None:
            return
        p_mw = self.objects.number(load, "EnergyConsumer.p", None, "EnergyConsumer.pfixed")
        q_mvar = self.objects.number(load, "EnergyConsumer.q", None, "EnergyConsumer.qfixed")
        self.rows["load"].append({"bus": terminal.bus, "name": load.name, "p_mw": p_mw, "q_mvar": q_mvar})
        response = self.objects.followed(load, "EnergyConsumer.LoadResponse")
        self.shares.append((0j, 0j) if response is None else self._shares(response))

    def _shares(self, response: CimObject) -> tuple[complex, complex]:
        """Shares of both powers that go with the square of the voltage, and with the voltage [1 + j]."""
        kind, number = "LoadResponseCharacteristic", self.objects.number
        if not response.flag(f"{kind}.exponentModel", default=False):
            square, linear = (
                complex(
                    number(response, f"{kind}.pConstant{what}", 0.0), number(response, f"{kind}.qConstant{what}", 0.0)
                )
                for what in ("Impedance", "Current")
            )
            return square, linear
        exponents = [number(response, f"{kind}.{letter}VoltageExponent", 0.0) for letter in "pq"]
        if not set(exponents) <= {0.0, 1.0, 2.0}:
            self.objects.fault(response, "VoltageExponent", "must be 0, 1 or 2: others are not modelled", exponents)
        return complex(*(each == 2 for each in exponents)), complex(*(each == 1 for each in exponents))

    def load_columns(self) -> dict[str, Any]:
        """What of the loads depends on voltage, in the columns of pandapower's table; none where none do."""
        closed = [(row["bus"], row["element"]) for row in self.rows["switch"] if row["closed"]]
        shares = VoltageShares(joined_buses(len(self.nodes.names), closed))
        for k, row in enumerate(self.rows["load"]):
            square, linear = self.shares[k] if k < len(self.shares) else (0j, 0j)  # machines that draw come behind
            shares.add(row["bus"], complex(row["p_mw"], row["q_mvar"]), square, linear)
        for row in self.rows["sgen"]:
            shares.add_constant(row["bus"], -complex(row["p_mw"], row["q_mvar"]))
        return dict(shares.percent(self.guessed, self.nodes.names))

    def _constant(self, machine: CimObject, bus: int) -> None:
        """Constant power: a generator where it feeds in, else a load."""
        p_name, q_name = POWERS[machine.kind]
        p_mw, q_mvar = self.objects.number(machine, p_name, 0.0), self.objects.number(machine, q_name, 0.0)
        if p_mw > 0:
            self.rows["load"].append({"bus": bus, "name": machine.name, "p_mw": p_mw, "q_mvar": q_mvar})
        else:
            self.rows["sgen"].append({"bus": bus, "name": machine.name, "p_mw": -p_mw, "q_mvar": -q_mvar})

    def _machine(self, machine: CimObject, terminal: CimTerminal) -> None:
        held_pu = self._held(machine, terminal)
        priority = self.objects.number(machine, f"{machine.kind}.referencePriority", 0.0)
        if held_pu is None and priority <= 0:
            self._constant(machine, terminal.bus)
            return
        if held_pu is None:
            solved = self.nodes.solved_pu()[terminal.bus]
            held_pu = float(solved) if np.isfinite(solved) else 1.0
            whence = "of the state variables" if np.isfinite(solved) else "for want of any other"
            self.guessed.append(
                f"{machine.name!r}, a reference without voltage control, holds {held_pu:g} pu, {whence}."
            )
        row = len(self.rows["gen"])
        if priority > 0:
            self.priority[row] = priority
        first = next((gen for gen in self.rows["gen"] if gen["bus"] == terminal.bus), None)
        if first is not None and first["vm_pu"] != held_pu:
            self.at_other.append(machine.name)
            held_pu = first["vm_pu"]
        self.rows["gen"].append({"bus": terminal.bus, "name": machine.name, "vm_pu": held_pu,
                                 "p_mw": -self.objects.number(machine, POWERS[machine.kind][0], 0.0)})  # fmt: skip

    def _held(self, machine: CimObject, terminal: CimTerminal) -> float | None:
        """The voltage that a machine holds [pu]; None where it holds none."""
        number, own_kv = self.objects.number, self.nodes.vn_kv[terminal.bus]
        if machine.kind == "EquivalentInjection":
            if not machine.flag("EquivalentInjection.regulationStatus", default=False):
                return None
            target = number(machine, "EquivalentInjection.regulationTarget", 0.0)
            return target / own_kv if target > 0 else None
        control = self.objects.followed(machine, "RegulatingCondEq.RegulatingControl")
        if control is None or not (
            machine.flag("RegulatingCondEq.controlEnabled")
            and control.flag("RegulatingControl.enabled")
            and control.values.get("RegulatingControl.mode", "").endswith(".voltage")
        ):
            return None
        at = self.nodes.of_terminal.get(control.values.get("RegulatingControl.Terminal", ""))
        bus = terminal.bus if at is None or at.bus < 0 else at.bus
        target = number(control, "RegulatingControl.targetValue")
        multiplier = control.values.get("RegulatingControl.targetValueUnitMultiplier", ".k")
        scale = {"none": 1e-3, "M": 1e3}.get(multiplier.rpartition(".")[2], 1.0)
        if not target > 0:
            self.objects.fault(control, "targetValue", "must be greater than 0", target)
        if bus != terminal.bus:
            self.remote[len(self.rows["gen"])] = bus, target * scale / self.nodes.vn_kv[bus]
        return target * scale / self.nodes.vn_kv[bus]

    def _shunts(self) -> None:
        """Shunts at the sections that are connected."""
        points: dict[str, list[CimObject]] = {}
        for point in self.objects.of("NonlinearShuntCompensatorPoint"):
            of = point.values.get("NonlinearShuntCompensatorPoint.NonlinearShuntCompensator", "")
            points.setdefault(of, []).append(point)
        for shunt in self.objects.of("LinearShuntCompensator", "NonlinearShuntCompensator", "EquivalentShunt"):
            terminal = self._used(shunt)
            if terminal is None:
                continue
            number, y = self.objects.number, 0j
            if shunt.kind == "EquivalentShunt":
                y = complex(number(shunt, "EquivalentShunt.g", 0.0), number(shunt, "EquivalentShunt.b", 0.0))
            else:
                sections = number(shunt, "ShuntCompensator.sections", None, "ShuntCompensator.normalSections")
                if shunt.kind == "LinearShuntCompensator":
                    y = sections * complex(number(shunt, "LinearShuntCompensator.gPerSection", 0.0),
                                           number(shunt, "LinearShuntCompensator.bPerSection"))  # fmt: skip
                for point in points.get(shunt.key, ()):
                    kind = "NonlinearShuntCompensatorPoint"
                    if number(point, f"{kind}.sectionNumber") <= sections:
                        y += complex(number(point, f"{kind}.g", 0.0), number(point, f"{kind}.b"))
            kv = self.nodes.vn_kv[terminal.bus]
            drawn = y.conjugate() * kv**2
            self.rows["shunt"].append({"bus": terminal.bus, "name": shunt.name, "vn_kv": kv, "p_mw": drawn.real,
                                       "q_mvar": drawn.imag})  # fmt: skip
