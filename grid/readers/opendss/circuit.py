"""What the engine of OpenDSS holds of a circuit, in pandapower's tables; what they do not represent, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault
from grid.readers.opendss.limits import outside_limits
from grid.readers.opendss.powers import drawn_mva, opened
from grid.readers.report import PLACE
from grid.readers.voltage_shares import VoltageShares, joined_buses

KM_PER_UNIT: Final = (1.0, 1.609344, 0.3048, 1.0, 1e-3, 3.048e-4, 2.54e-5, 1e-5, 1e-6)
"""Kilometres of the units of length of OpenDSS, by its numbers: none, mile, 1000 ft, km, m, ft, inch, cm, mm."""
EVEN: Final = 1e-3
"""How far phases of a line may differ, relative to the largest entry, to count as balanced."""
MODELS: Final = {"1": "", "2": "z", "5": "i", "8": "zip"}
"""Models of loads by their dependence on voltage; others are refused."""
LEAKAGE: Final = ("leakage_resistance_ratio_hv", "leakage_reactance_ratio_hv")
"""Shares of the impedance of a transformer before its magnetising branch, in pandapower."""
ALL_OF_IT: Final = 1 - 1e-9
"""The whole impedance; pandapower divides by what is left."""
SOURCE_RX: Final = 0.25
"""Resistance over reactance of a source that does not state it: one over the default of X1R1 in OpenDSS, 4."""
METERS: Final = ("EnergyMeter", "Monitor", "Sensor")
"""Classes that measure and change nothing."""
COVERED: Final = ("Vsource", "Line", "Transformer", "Load", "Capacitor", "Generator", *METERS)
"""Classes that a net of sequences represents, or may leave out."""


class CircuitTables:
    """The tables of one circuit while they are made."""

    def __init__(self, circuit: Mapping[str, Any], faults: list[Fault]) -> None:
        """Tables of a circuit, empty so far.

        Args:
            circuit: What `grid.readers.opendss.engine` says of it.
            faults: Where what is not represented is gathered, by name.
        """
        self.circuit, self.faults = circuit, faults
        self.guessed: list[str] = []
        self.dropped: list[str] = []
        self.bus_index = {bus["name"]: k for k, bus in enumerate(circuit["buses"])}
        self.vn_kv = np.array([bus["kv_base"] * np.sqrt(3) for bus in circuit["buses"]])
        self.elements = [element for element in circuit["elements"] if element["enabled"]]

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """All tables; `faults` has every element that they do not represent."""
        for element in self.elements:
            if element["kind"] not in COVERED:
                self.refuse(element, "is not represented in a net of sequences")
        counted = {kind: len(list(self.of(kind))) for kind in METERS}
        self.dropped += [
            f"{count} {kind}s, which measure and change nothing." for kind, count in counted.items() if count
        ]
        buses = self.circuit["buses"]
        xy = np.array([[np.nan if bus[axis] is None else bus[axis] for axis in "xy"] for bus in buses], dtype=float)
        lines, switches = self._lines()
        closed = [(row["bus"], row["element"]) for row in switches if row["et"] == "b" and row["closed"]]
        shares = VoltageShares(joined_buses(len(buses), closed))
        loads, single = self._loads(shares), self._single_phase_loads(shares)
        generators = self._generators(shares)
        dependence = shares.percent(self.guessed, [str(bus["name"]) for bus in buses])
        return {
            "bus": {"vn_kv": self.vn_kv, "name": [bus["name"] for bus in buses], "x": xy[:, 0], "y": xy[:, 1]},
            "ext_grid": _columns(self._sources()), "line": _columns(lines), "switch": _columns(switches),
            "trafo": _columns(self._transformers()), "load": _columns(loads) | dependence,
            "asymmetric_load": _columns(single), "shunt": _columns(self._capacitors()),
            "sgen": _columns(generators),
        }  # fmt: skip

    def of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The elements of a class that are enabled."""
        return (element for element in self.elements if element["kind"] == kind)

    def refuse(self, element: Mapping[str, Any], rule: str, value: object = None) -> None:
        """Notes an element that is not represented."""
        self.faults.append(Fault(str(element["name"]), rule, value))

    def ends_open(self, element: Mapping[str, Any]) -> list[bool]:
        """Which terminals of an element are open; one that is in some of its phases only is refused."""
        states = opened(element)
        if None in states:
            self.refuse(element, "is open in some of its phases only, which a net of sequences cannot represent")
        return [bool(state) for state in states]

    def bus_of(self, element: Mapping[str, Any], terminal: int = 0) -> int:
        """Index of the bus of a terminal."""
        return self.bus_index[element["buses"][terminal].partition(".")[0]]

    def three_phase(self, element: Mapping[str, Any]) -> bool:
        """Whether all terminals are at phases 1, 2, 3 in this order; otherwise it is refused."""
        nodes = [bus.split(".")[1:4] for bus in element["buses"]]
        if element["phases"] == 3 and all(each in ([], ["1", "2", "3"], ["0", "0", "0"]) for each in nodes):
            return True
        self.refuse(
            element, "has not all three phases in order, which a net of sequences cannot represent", element["phases"]
        )
        return False

    def _sources(self) -> list[dict[str, Any]]:
        found = []
        if not any(True for _ in self.of("Vsource")):
            self.faults.append(Fault(PLACE, "has no source"))
        for element in self.of("Vsource"):
            if self.three_phase(element):
                said = element["properties"]
                at = self.bus_of(element)
                vm_pu = float(said["pu"]) * float(said["BasekV"]) / self.vn_kv[at] if self.vn_kv[at] > 0 else 1.0
                found.append({"bus": at, "vm_pu": vm_pu, "va_degree": float(said["Angle"]), "name": element["name"],
                              "s_sc_max_mva": float(said["MVAsc3"]), "rx_max": SOURCE_RX})  # fmt: skip
        if found:
            self.guessed.append("Sources hold their voltage at the bus; their impedance counts in three phases only.")
        return found

    def _lines(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        lines: list[dict[str, Any]] = []
        switches: list[dict[str, Any]] = []
        for element in self.of("Line"):
            data = self.circuit["lines"][_name(element).casefold()]
            if not self.three_phase(element):
                continue
            ends, at_ends = (self.bus_of(element, 0), self.bus_of(element, 1)), self.ends_open(element)
            parts = [_sequences(data[key]) for key in "rxc"]
            if any(part is None for part in parts):
                self.refuse(
                    element,
                    "has phases of different impedance (its line code is no balanced one)",
                    data["code"] or None,
                )
                continue
            (r0, r1), (x0, x1), (c0, c1) = (part for part in parts if part is not None)
            if r1 == x1 == 0:
                closed = not any(at_ends)
                switches.append({"bus": ends[0], "element": ends[1], "et": "b", "closed": closed})
                continue
            switches += [{"bus": bus, "element": len(lines), "et": "l", "closed": not is_open}
                         for bus, is_open, shown in zip(ends, at_ends, (data["switch"], False), strict=True)
                         if shown or is_open]  # fmt: skip
            km = KM_PER_UNIT[data["units"]] if 0 <= data["units"] < len(KM_PER_UNIT) else 1.0
            lines.append({
                "from_bus": ends[0], "to_bus": ends[1], "name": _name(element), "length_km": data["length"] * km,
                "max_i_ka": data["amps"] / 1e3,
                "r_ohm_per_km": r1 / km, "x_ohm_per_km": x1 / km, "c_nf_per_km": c1 / km,
                "r0_ohm_per_km": r0 / km, "x0_ohm_per_km": x0 / km, "c0_nf_per_km": c0 / km,
            })  # fmt: skip
        return lines, switches

    def _transformers(self) -> list[dict[str, Any]]:
        found = []
        for element in self.of("Transformer"):
            data, said = (
                self.circuit["transformers"][_name(element).casefold()],
                element["properties"],
            )
            windings = data["windings"]
            if len(windings) != 2:
                self.refuse(element, "has not two windings", len(windings))
                continue
            if not self.three_phase(element):
                continue
            sn_kva = windings[0]["kva"]  # the base of all its impedances
            order = (0, 1) if windings[0]["kv"] >= windings[1]["kv"] else (1, 0)
            hv, lv = (windings[k] for k in order)
            vkr = hv["r_percent"] + lv["r_percent"]
            group = ("D" if hv["delta"] else "YN") + ("d" if lv["delta"] else "yn")
            lag = (
                30.0 if "lead" not in said["LeadLag"].casefold() and "euro" not in said["LeadLag"].casefold() else -30.0
            )
            found.append({
                "hv_bus": self.bus_of(element, order[0]), "lv_bus": self.bus_of(element, order[1]),
                "name": _name(element), "sn_mva": sn_kva / 1e3,
                "vn_hv_kv": hv["kv"] * hv["tap"], "vn_lv_kv": lv["kv"] * lv["tap"], "vkr_percent": vkr,
                "vk_percent": float(np.hypot(vkr, data["xhl_percent"])),
                "pfe_kw": float(said["%NoLoadLoss"]) / 100 * sn_kva,
                "i0_percent": float(np.hypot(float(said["%NoLoadLoss"]), float(said["%IMag"]))),
                "shift_degree": lag if hv["delta"] != lv["delta"] else 0.0, "vector_group": group,
                "in_service": not any(self.ends_open(element)),
                # the engine has the magnetising branch at the terminals of the second winding
                **dict.fromkeys(LEAKAGE, ALL_OF_IT if order == (0, 1) else 1 - ALL_OF_IT),
            })  # fmt: skip
            if hv["tap"] != 1 or lv["tap"] != 1:
                self.guessed.append(f"{element['name']} keeps the tap at which OpenDSS found it.")
        return found

    def _loads(self, shares: VoltageShares) -> list[dict[str, Any]]:
        """Loads of three phases."""
        found = []
        for element in self.of("Load"):
            said = element["properties"]
            if said["Model"] not in MODELS:
                self.refuse(element, "has a model of its own kind; models 1, 2, 5 and 8 are represented", said["Model"])
                continue
            if element["phases"] != 3:
                continue
            if not self.three_phase(element):
                continue
            at, in_service = self.bus_of(element), not any(self.ends_open(element))
            power = shares.add(at, drawn_mva(element, self.circuit), *_shares(said),
                               self.vn_kv[at] / float(said["kV"]), in_service=in_service)  # fmt: skip
            found.append({"bus": at, "name": _name(element), "in_service": in_service,
                          "p_mw": power.real, "q_mvar": power.imag})  # fmt: skip
        self.dropped += outside_limits(self.circuit, [each for each in self.of("Load") if not any(opened(each))])
        return found

    def _single_phase_loads(self, shares: VoltageShares) -> list[dict[str, Any]]:
        """Loads between one phase and the neutral."""
        found = []
        for element in self.of("Load"):
            said = element["properties"]
            if element["phases"] == 3 or said["Model"] not in MODELS:
                continue
            nodes = element["buses"][0].split(".")[1:] or ["1"]
            if (
                element["phases"] != 1
                or said["Conn"].casefold() not in {"wye", "ln", "y"}
                or nodes[0] not in {"1", "2", "3"}
                or nodes[1:2] not in ([], ["0"])
            ):
                self.refuse(element, "is not between one phase and earth, which a net of sequences cannot represent")
            elif said["Model"] != "1":
                self.refuse(element, "is single-phase and depends on voltage", said["Model"])
            else:
                at, power = "abc"[int(nodes[0]) - 1], drawn_mva(element, self.circuit)
                in_service = not any(self.ends_open(element))
                row: dict[str, Any] = {"bus": self.bus_of(element), "name": _name(element), "in_service": in_service}
                shares.add_constant(row["bus"], power * in_service)
                for phase in "abc":
                    row |= {f"p_{phase}_mw": power.real * (phase == at), f"q_{phase}_mvar": power.imag * (phase == at)}
                found.append(row)
        return found

    def _capacitors(self) -> list[dict[str, Any]]:
        found = []
        for element in self.of("Capacitor"):
            if self.three_phase(element) and len({bus.partition(".")[0] for bus in element["buses"]}) == 1:
                at, in_service = self.bus_of(element), not any(self.ends_open(element))
                if not in_service:
                    continue
                power = self.vn_kv[at] ** 2 * np.conj(_shunt_siemens(element))
                found.append({"bus": at, "name": _name(element), "p_mw": float(power.real),
                              "q_mvar": float(power.imag), "vn_kv": self.vn_kv[at]})  # fmt: skip
            elif element["phases"] == 3:
                self.refuse(element, "is in series, which is not represented")
        return found

    def _generators(self, shares: VoltageShares) -> list[dict[str, Any]]:
        found = []
        for element in self.of("Generator"):
            said = element["properties"]
            if said["Model"] != "1":
                self.refuse(element, "has a model other than constant power", said["Model"])
            elif self.three_phase(element):
                power = -drawn_mva(element, self.circuit)
                if any(opened(element)) or None in opened(element):  # the engine goes on feeding in
                    self.refuse(element, "is open, which OpenDSS follows for no generator: disable it")
                at = self.bus_of(element)
                shares.add_constant(at, -power)
                found.append({"bus": at, "name": _name(element), "p_mw": power.real, "q_mvar": power.imag})
        return found


def _name(element: Mapping[str, Any]) -> str:
    """The name of an element without its class."""
    return str(element["name"]).partition(".")[2]


def _shares(said: Mapping[str, str]) -> tuple[complex, complex]:
    """Shares of the powers of a load that go with the square of the voltage, and with the voltage [1]."""
    kind = MODELS[said["Model"]]
    if kind == "zip":
        z_p, i_p, _, z_q, i_q, *_ = (float(value) for value in said["ZIPV"].strip("[] ").replace(",", " ").split())
        return complex(z_p, z_q), complex(i_p, i_q)
    return complex(kind == "z", kind == "z"), complex(kind == "i", kind == "i")


def _shunt_siemens(element: Mapping[str, Any]) -> complex:
    """Admittance of a balanced capacitor to earth in the positive sequence [S], by the engine's own matrix."""
    n = element["phases"] * len(element["buses"])
    parts = np.array(element["admittance_s"], dtype=float).reshape(n, n, 2)[:3, :3]
    matrix = parts[..., 0] + 1j * parts[..., 1]
    own, mutual = np.diagonal(matrix), matrix[~np.eye(3, dtype=bool)]
    return complex(own.mean() - mutual.mean())


def _sequences(matrix: list[float]) -> tuple[float, float] | None:
    """Zero and positive sequence of a balanced matrix of three phases; None where it is not balanced."""
    if len(matrix) != 9:
        return None
    values: Floats = np.array(matrix).reshape(3, 3)
    own, mutual = np.diagonal(values), values[~np.eye(3, dtype=bool)]
    if max(np.ptp(own), np.ptp(mutual)) > EVEN * np.abs(values).max():
        return None
    return float(own.mean() + 2 * mutual.mean()), float(own.mean() - mutual.mean())


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns."""
    return {key: [row[key] for row in rows] for key in rows[0]} if rows else {}
