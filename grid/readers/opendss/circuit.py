"""What the engine of OpenDSS holds of a circuit, in pandapower's tables; what they do not represent, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault
from grid.readers.report import PLACE

KM_PER_UNIT: Final = (1.0, 1.609344, 0.3048, 1.0, 1e-3, 3.048e-4, 2.54e-5, 1e-5, 1e-6)
"""Kilometres of the units of length of OpenDSS, by its numbers: none, mile, 1000 ft, km, m, ft, inch, cm, mm."""
EVEN: Final = 1e-3
"""How far phases of a line may differ, relative to the largest entry, to count as balanced."""
MODELS: Final = {"1": "", "2": "z", "5": "i", "8": "zip"}
"""Models of loads by their dependence on voltage; others are refused."""
METERS: Final = ("EnergyMeter", "Monitor", "Sensor")
COVERED: Final = ("Vsource", "Line", "Transformer", "Load", "Capacitor", "Generator", *METERS)


class CircuitTables:
    """The tables of one circuit while they are made."""

    def __init__(self, circuit: Mapping[str, Any], faults: list[Fault]) -> None:
        """Tables of a circuit.

        Args:
            circuit: What `grid.readers.opendss.engine` says of it.
            faults: Where what is not represented is gathered, by name.
        """
        self.circuit, self.faults = circuit, faults
        self.guessed: list[str] = []
        self.dropped: list[str] = []
        self.places = {bus["name"]: k for k, bus in enumerate(circuit["buses"])}
        self.vn_kv = np.array([bus["kv_base"] * np.sqrt(3) for bus in circuit["buses"]])
        self.elements = [element for element in circuit["elements"] if element["enabled"]]

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """All tables; `faults` has every element that they do not represent."""
        for element in self.elements:
            if element["kind"] not in COVERED:
                self.refuse(element, "is not represented in a net of sequences")
        for bus in self.circuit["buses"]:
            if not bus["kv_base"] > 0:
                self.faults.append(
                    Fault(f"Bus.{bus['name']}", "has no base voltage: set VoltageBases, then CalcVoltageBases")
                )
        counted = {kind: len(list(self.of(kind))) for kind in METERS}
        self.dropped += [
            f"{count} {kind}s, which measure and change nothing." for kind, count in counted.items() if count
        ]
        buses = self.circuit["buses"]
        xy = np.array([[np.nan if bus[axis] is None else bus[axis] for axis in "xy"] for bus in buses], dtype=float)
        lines, switches = self._lines()
        return {
            "bus": {"vn_kv": self.vn_kv, "name": [bus["name"] for bus in buses], "x": xy[:, 0], "y": xy[:, 1]},
            "ext_grid": _columns(self._sources()), "line": _columns(lines), "switch": _columns(switches),
            "trafo": _columns(self._transformers()), "load": _columns(self._loads()),
            "asymmetric_load": _columns(self._single_phase_loads()), "shunt": _columns(self._capacitors()),
            "sgen": _columns(self._generators()),
        }  # fmt: skip

    def of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The elements of a class that are enabled."""
        return (element for element in self.elements if element["kind"] == kind)

    def refuse(self, element: Mapping[str, Any], rule: str, value: object = None) -> None:
        """Notes an element that is not represented."""
        self.faults.append(Fault(str(element["name"]), rule, value))

    def place(self, element: Mapping[str, Any], terminal: int = 0) -> int:
        """The place of the bus of a terminal."""
        return self.places[element["buses"][terminal].partition(".")[0]]

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
        for element in self.of("Vsource"):
            if self.three_phase(element):
                said = element["properties"]
                at = self.place(element)
                vm_pu = float(said["pu"]) * float(said["BasekV"]) / self.vn_kv[at] if self.vn_kv[at] > 0 else 1.0
                found.append({"bus": at, "vm_pu": vm_pu, "va_degree": float(said["Angle"]), "name": element["name"],
                              "s_sc_max_mva": float(said["MVAsc3"]), "rx_max": 0.25})  # fmt: skip
        if found:
            self.guessed.append("Sources hold their voltage at the bus; their impedance counts in three phases only.")
        return found

    def _lines(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        lines, switches = [], []
        for element in self.of("Line"):
            data = self.circuit["lines"][_name(element).casefold()]
            if not self.three_phase(element):
                continue
            ends = {"from_bus": self.place(element, 0), "to_bus": self.place(element, 1)}
            closed = not any(element["open"])
            if data["switch"]:
                switches.append({"bus": ends["from_bus"], "element": ends["to_bus"], "et": "b", "closed": closed})
                continue
            parts = [_sequences(data[key]) for key in "rxc"]
            if any(part is None for part in parts):
                self.refuse(
                    element,
                    "has phases of different impedance (its line code is no balanced one)",
                    data["code"] or None,
                )
                continue
            (r0, r1), (x0, x1), (c0, c1) = (part for part in parts if part is not None)
            km = KM_PER_UNIT[data["units"]] if 0 <= data["units"] < len(KM_PER_UNIT) else 1.0
            lines.append({
                **ends, "name": _name(element), "length_km": data["length"] * km, "in_service": closed,
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
            order = (0, 1) if windings[0]["kv"] >= windings[1]["kv"] else (1, 0)
            hv, lv = (windings[k] for k in order)
            vkr = hv["r_percent"] + lv["r_percent"]
            group = ("D" if hv["delta"] else "YN") + ("d" if lv["delta"] else "yn")
            lag = (
                30.0 if "lead" not in said["LeadLag"].casefold() and "euro" not in said["LeadLag"].casefold() else -30.0
            )
            found.append({
                "hv_bus": self.place(element, order[0]), "lv_bus": self.place(element, order[1]),
                "name": _name(element), "sn_mva": hv["kva"] / 1e3,
                "vn_hv_kv": hv["kv"] * hv["tap"], "vn_lv_kv": lv["kv"] * lv["tap"], "vkr_percent": vkr,
                "vk_percent": float(np.hypot(vkr, data["xhl_percent"])),
                "pfe_kw": float(said["%NoLoadLoss"]) / 100 * hv["kva"],
                "i0_percent": float(np.hypot(float(said["%NoLoadLoss"]), float(said["%IMag"]))),
                "shift_degree": lag if hv["delta"] != lv["delta"] else 0.0, "vector_group": group,
            })  # fmt: skip
            if hv["tap"] != 1 or lv["tap"] != 1:
                self.guessed.append(f"{element['name']} keeps the tap at which OpenDSS found it.")
        return found

    def _loads(self) -> list[dict[str, Any]]:
        """Loads of three phases."""
        found, bounded = [], 0
        for element in self.of("Load"):
            said = element["properties"]
            if said["Model"] not in MODELS:
                self.refuse(element, "has a model of its own kind; models 1, 2, 5 and 8 are represented", said["Model"])
                continue
            if element["phases"] != 3:
                continue
            if not self.three_phase(element):
                continue
            bounded += 1
            found.append({"bus": self.place(element), "name": _name(element), **_power(said), **_shares(said)})
        if bounded:
            self.dropped.append(
                "Limits of voltage beyond which loads become impedances (Vminpu, Vmaxpu) are not followed."
            )
        return found

    def _single_phase_loads(self) -> list[dict[str, Any]]:
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
            ):
                self.refuse(element, "is between phases, which a net of sequences cannot represent")
            elif said["Model"] != "1":
                self.refuse(element, "is single-phase and depends on voltage", said["Model"])
            else:
                at = "abc"[int(nodes[0]) - 1]
                power = _power(said)
                row: dict[str, Any] = {"bus": self.place(element), "name": _name(element)}
                for phase in "abc":
                    row |= {
                        f"p_{phase}_mw": power["p_mw"] * (phase == at),
                        f"q_{phase}_mvar": power["q_mvar"] * (phase == at),
                    }
                found.append(row)
        return found

    def _capacitors(self) -> list[dict[str, Any]]:
        found = []
        for element in self.of("Capacitor"):
            if self.three_phase(element) and len({bus.partition(".")[0] for bus in element["buses"]}) == 1:
                said, at = element["properties"], self.place(element)
                kvar = sum(float(step) for step in said["kvar"].strip("[] ").replace(",", " ").split())
                found.append({"bus": at, "name": _name(element), "p_mw": 0.0, "q_mvar": -kvar / 1e3,
                              "vn_kv": float(said["kV"])})  # fmt: skip
            elif element["phases"] == 3:
                self.refuse(element, "is in series, which is not represented")
        return found

    def _generators(self) -> list[dict[str, Any]]:
        found = []
        for element in self.of("Generator"):
            said = element["properties"]
            if said["Model"] != "1":
                self.refuse(element, "has a model other than constant power", said["Model"])
            elif self.three_phase(element):
                found.append({"bus": self.place(element), "name": _name(element), **_power(said)})
        if not any(True for _ in self.of("Vsource")):
            self.faults.append(Fault(PLACE, "has no source"))
        return found


def _name(element: Mapping[str, Any]) -> str:
    """The name of an element without its class."""
    return str(element["name"]).partition(".")[2]


def _power(said: Mapping[str, str]) -> dict[str, float]:
    return {"p_mw": float(said["kW"]) / 1e3, "q_mvar": float(said["kvar"]) / 1e3}


def _shares(said: Mapping[str, str]) -> dict[str, float]:
    """Shares of a load that depend on voltage [%]."""
    kind = MODELS[said["Model"]]
    if kind == "zip":
        z_p, i_p, _, z_q, i_q, *_ = (float(value) for value in said["ZIPV"].strip("[] ").replace(",", " ").split())
    else:
        z_p = z_q = float(kind == "z")
        i_p = i_q = float(kind == "i")
    return {"const_z_p_percent": 100 * z_p, "const_i_p_percent": 100 * i_p, "const_z_q_percent": 100 * z_q,
            "const_i_q_percent": 100 * i_q}  # fmt: skip


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
