"""A circuit of OpenDSS in phase coordinates: the engine's own matrices at its taps, its loads by their models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid.arrays import Floats, run_offsets
from grid.errors import Fault, raise_if_any
from grid.files.content import shown_path
from grid.network.phase_network import PhaseElements, PhaseNetwork, PhaseNodes
from grid.readers.opendss.circuit import METERS
from grid.readers.opendss.phase_loads import PhaseLoadTables
from grid.readers.opendss.reading import describe_circuit
from grid.readers.report import PLACE, GridReport

LINEAR: Final = {"Vsource": "source", "Line": "line", "Transformer": "trafo", "AutoTrans": "trafo",
                 "Capacitor": "shunt", "Reactor": "shunt", "Fault": "line"}  # fmt: skip
"""Classes that are an admittance matrix, and what they are called here."""
POWERS: Final = ("Load", "Generator")
CONTROLS: Final = ("RegControl", "CapControl", "SwtControl", "Fuse", "Relay", "Recloser")
"""Controls that have moved before the engine's solution is taken, and move no more."""


@dataclass(frozen=True, eq=False)
class ReadFeeder:
    """A circuit in phase coordinates, and what the engine itself finds of it.

    Args:
        network: The network.
        report: What was read of it.
        vm_pu: Voltage of each node by the engine, shape (N,) [pu].
        loss_mw: Losses of lines and transformers by the engine [MW].
    """

    network: PhaseNetwork
    report: GridReport
    vm_pu: Floats
    loss_mw: float


def read_feeder(path: Path) -> ReadFeeder:
    """The circuit of a script of OpenDSS in phase coordinates, taps and switched capacitors as its engine leaves them.

    Raises:
        InputError: With all that is wrong: files that are missing or lie elsewhere, what the engine says, and every
            element that is neither an admittance matrix nor a load or generator of a model that is known, by name.
    """
    circuit, left_out = describe_circuit(path)
    faults: list[Fault] = []
    made = _Feeder(circuit, faults)
    network = made.network()
    raise_if_any(faults, shown_path(path))
    dropped = [f"{what} ({count} times)." for what, count in sorted(left_out.items())]
    vm_pu = np.array([value for bus in circuit["buses"] for value in bus["vm_pu"]], dtype=float)
    phases = network.nodes.is_phase
    lowest = phases[int(np.argmin(vm_pu[phases]))]
    own = (
        f"OpenDSS itself: losses {circuit['losses_kw']:.2f} kW, lowest voltage of a phase {vm_pu[lowest]:.5f} pu at "
        f"{network.nodes.names[lowest]!r}."
    )
    counts = {name: sum(kind == name for kind in network.elements.kinds) for name in dict.fromkeys(LINEAR.values())}
    report = GridReport(
        source=path.name, form="OpenDSS, phase coordinates", converter="OpenDSSDirect.py (the engine of OpenDSS)",
        read={"bus": len(network.nodes.buses), "node": len(network.nodes), **counts, "load": len(network.legs.loads)},
        guessed=tuple(made.guessed), dropped=(*dropped, *made.dropped), compared=(own,),
    )  # fmt: skip
    return ReadFeeder(network, report, vm_pu, circuit["losses_kw"] / 1e3)


class _Feeder:
    """One circuit while its arrays are made; faults are gathered."""

    def __init__(self, circuit: Mapping[str, Any], faults: list[Fault]) -> None:
        self.circuit, self.faults = circuit, faults
        self.elements = [element for element in circuit["elements"] if element["enabled"]]
        self.guessed, self.dropped = self._told()
        self.place = {
            (bus["name"], node): k
            for k, (bus, node) in enumerate((bus, node) for bus in circuit["buses"] for node in bus["nodes"])
        }

    def network(self) -> PhaseNetwork:
        """The network; `faults` has everything that it does not represent."""
        known = (*LINEAR, *POWERS, *CONTROLS, *METERS)
        self.faults += [
            Fault(element["name"], "has no place in a network of admittances and loads")
            for element in self.elements if element["kind"] not in known
        ]  # fmt: skip
        nodes = self._nodes()
        loads = PhaseLoadTables(self.faults, self.circuit)
        for element in self.elements:
            if element["kind"] in POWERS:
                loads.add(element, self._at(element))
        legs, load_mva = loads.made()
        return PhaseNetwork(str(self.circuit["name"]), nodes, self._elements(), legs, load_mva)

    def _told(self) -> tuple[list[str], list[str]]:
        """What is guessed and dropped."""
        counted = {kind: sum(element["kind"] == kind for element in self.elements) for kind in (*CONTROLS, *METERS)}
        guessed = [f"{counted[kind]} {kind}s stay where the engine left what they move." for kind in CONTROLS
                   if counted[kind]]  # fmt: skip
        dropped = [f"{counted[kind]} {kind}s, which measure and change nothing." for kind in METERS if counted[kind]]
        return guessed, dropped

    def _nodes(self) -> PhaseNodes:
        buses = self.circuit["buses"]
        self.faults += [
            Fault(f"Bus.{bus['name']}", "has no base voltage: set VoltageBases, then CalcVoltageBases")
            for bus in buses if not bus["kv_base"] > 0
        ]  # fmt: skip
        if not any(element["kind"] == "Vsource" for element in self.elements):
            self.faults.append(Fault(PLACE, "has no source"))
        lengths = np.array([len(bus["nodes"]) for bus in buses], dtype=np.int64)
        xy = np.array([[np.nan if bus[axis] is None else bus[axis] for axis in "xy"] for bus in buses], dtype=float)
        return PhaseNodes(
            buses=tuple(bus["name"] for bus in buses), bus=np.repeat(np.arange(len(buses)), lengths),
            phase=np.array([node for bus in buses for node in bus["nodes"]], dtype=np.int64),
            vn_kv=np.repeat([float(bus["kv_base"]) for bus in buses], lengths), x=xy[:, 0], y=xy[:, 1],
        )  # fmt: skip

    def _at(self, element: Mapping[str, Any]) -> list[int]:
        """Node of each conductor of an element, terminal by terminal; -1 for earth."""
        n_each = len(element["nodes"]) // len(element["buses"])
        return [
            self.place.get((element["buses"][k // n_each].partition(".")[0], node), -1)
            for k, node in enumerate(element["nodes"])
        ]

    def _elements(self) -> PhaseElements:
        found = [element for element in self.elements if element["kind"] in LINEAR]
        at = [self._at(element) for element in found]
        matrices = [_matrix(element, len(each)) for element, each in zip(found, at, strict=True)]
        shunt = [element["kind"] in {"Capacitor", "Reactor"} and min(each) < 0 for element, each in
                 zip(found, at, strict=True)]  # fmt: skip
        kinds = ["line" if LINEAR[element["kind"]] == "shunt" and not earthed else LINEAR[element["kind"]]
                 for element, earthed in zip(found, shunt, strict=True)]  # fmt: skip
        rating = [_ratings(element, len(each)) for element, each in zip(found, at, strict=True)]
        source = [self._source_ka(element, matrix) for element, matrix in zip(found, matrices, strict=True)]
        return PhaseElements(
            names=tuple(element["name"] for element in found), kinds=tuple(kinds),
            pointer=run_offsets(np.array([len(each) for each in at])), node=np.concatenate([*at, []]).astype(np.int64),
            matrices=tuple(matrices), rating_ka=np.concatenate([*rating, []]), source_ka=np.concatenate([*source, []]),
        )  # fmt: skip

    def _source_ka(self, element: Mapping[str, Any], matrix: Floats) -> Floats:
        """Current that a source injects at no voltage: that of its voltages behind its own impedance."""
        voltage = np.zeros(len(matrix), dtype=complex)
        if element["kind"] == "Vsource":
            said, n = element["properties"], element["phases"]
            if said["Sequence"].casefold()[:1] != "p" and n > 1:
                self.faults.append(Fault(element["name"], "must be a source of positive sequence", said["Sequence"]))
            vm_kv = float(said["BasekV"]) * float(said["pu"]) / (2 * np.sin(np.pi / n) if n > 1 else 1.0)
            voltage[:n] = vm_kv * np.exp(1j * (np.deg2rad(float(said["Angle"])) - 2 * np.pi / n * np.arange(n)))
        return np.asarray(matrix @ voltage)


def _matrix(element: Mapping[str, Any], n: int) -> Any:
    """Admittance between the conductors of an element [S]; the engine's is by columns."""
    parts = np.array(element["admittance_s"], dtype=float).reshape(-1, 2)
    return (parts[:, 0] + 1j * parts[:, 1]).reshape(n, n).T


def _ratings(element: Mapping[str, Any], n: int) -> Floats:
    """Rated current of each conductor [kA]: of a line at both ends, of a transformer at its first winding."""
    found = np.full(n, np.nan)
    if element["kind"] in {"Line", "Transformer", "AutoTrans"} and element["amps"] > 0:
        rated = n if element["kind"] == "Line" else n // len(element["buses"])
        found[:rated] = element["amps"] / 1e3
    return found
