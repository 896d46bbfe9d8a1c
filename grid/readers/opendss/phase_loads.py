"""Loads and generators of OpenDSS between nodes, by their models of voltage.

The models are those of the engine's `Load` and `Generator` [1]: between Vminpu and Vmaxpu the model itself, above it a
constant impedance, below it a current that falls linearly to that of the rated impedance at VLowpu. A generator becomes
an impedance at Vminpu at once.

References:
    [1] R. C. Dugan and D. Montenegro, "Reference guide: the Open Distribution System Simulator (OpenDSS)", EPRI, 2020,
        and the source code of the engine, dss-extensions/dss_capi, `PCElements/Load.pas`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from grid.errors import Fault
from grid.network.network import Complexes
from grid.network.phase_network import PhaseLegs
from grid.readers.opendss.powers import drawn_mva, opened

Shares = tuple[float, float, float]
MODELS: Final[Mapping[str, tuple[Shares, Shares, Shares]]] = {
    "1": ((1, 0, 0), (1, 0, 0), (1, 0, 0)),
    "2": ((0, 0, 1), (0, 0, 1), (0, 0, 1)),
    "3": ((1, 0, 0), (0, 0, 1), (1, 0, 0)),
    "4": ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    "5": ((0, 1, 0), (0, 1, 0), (0, 1, 0)),
}
"""Shares of constant power, current and impedance: of active and reactive power, and of both outside the limits."""
FIELDS: Final = ("constant", "current", "impedance", "below", "slope", "above")


class PhaseLoadTables:
    """Loads while they are gathered, leg by leg."""

    def __init__(self, faults: list[Fault], circuit: Mapping[str, Any]) -> None:
        """No loads yet.

        Args:
            faults: Where what is not represented is gathered, by name.
            circuit: What the engine says of the circuit.
        """
        self.faults, self.circuit = faults, circuit
        self.names: list[str] = []
        self.mva: list[complex] = []
        self.legs: list[dict[str, Any]] = []

    def add(self, element: Mapping[str, Any], at: Sequence[int]) -> None:
        """Adds a load or a generator; what its model asks for that is not known is a fault.

        Args:
            element: What the engine says of it.
            at: Node of each of its conductors; -1 for earth.
        """
        said, n = element["properties"], element["phases"]
        generates = element["kind"] == "Generator"
        outside = self._generator(element) if generates else self._load(element, at)
        if outside is None:
            return
        states = opened(element)
        if None in states or (generates and any(states)):
            self._refused(element, "is open, which is represented only for all phases of a load", None)
        if any(states):
            return
        delta = said["Conn"].casefold()[:1] in {"d", "l"} and said["Conn"].casefold() != "ln"
        vn_kv = float(said["kV"]) / (np.sqrt(3) if not delta and n in {2, 3} else 1.0)
        for k in range(n):
            ends = (at[k], at[(k + 1) % len(at)]) if delta else (at[k], at[-1])
            self.legs.append({"of": len(self.names), "share": 1 / n, "from_node": ends[0], "to_node": ends[1],
                              "vn_kv": vn_kv, **outside})  # fmt: skip
        self.names.append(str(element["name"]).partition(".")[2] if not generates else str(element["name"]))
        self.mva.append(drawn_mva(element, self.circuit))

    def made(self) -> tuple[PhaseLegs, Complexes]:
        """The legs, and the power of each load at rated voltage, shape (K,) [MW + j MVAr]."""

        def column(name: str, kind: type = float) -> Any:
            return np.array([leg[name] for leg in self.legs], dtype=kind)

        def parts(name: str) -> Any:
            return np.ascontiguousarray(column(name).reshape(-1, 2).T)

        return PhaseLegs(
            loads=tuple(self.names), of=column("of", np.int64), share=column("share"),
            from_node=column("from_node", np.int64), to_node=column("to_node", np.int64), vn_kv=column("vn_kv"),
            **{name: parts(name) for name in FIELDS}, lowest=column("lowest"), vm_low_pu=column("vm_low_pu"),
            vm_min_pu=column("vm_min_pu"), vm_max_pu=column("vm_max_pu"),
        ), np.array(self.mva, dtype=complex)  # fmt: skip

    def _load(self, element: Mapping[str, Any], at: Sequence[int]) -> dict[str, Any] | None:
        """How the power of a load depends on voltage."""
        said = element["properties"]
        zip_shares = [float(value) for value in said["ZIPV"].strip("[] ").replace(",", " ").split()]
        model = MODELS.get(said["Model"])
        if said["Model"] == "8" and len(zip_shares) == 7 and zip_shares[6] == 0:
            p, q = (tuple(zip_shares[first + k] for k in (2, 1, 0)) for first in (0, 3))
            inside = outside = (p, q)
        elif model is None:
            return self._refused(element, "has a model that is not represented; models 1 to 5 and 8 are", said["Model"])
        else:
            inside, outside = (model[0], model[1]), (model[2], model[2])
        if said["Model"] == "4" and (float(said["CVRwatts"]), float(said["CVRvars"])) != (1.0, 2.0):
            return self._refused(element, "has factors of model 4 other than CVRwatts=1, CVRvars=2", said["CVRwatts"])
        if float(said["Rneut"]) >= 0 and at[-1] >= 0 and len(at) > element["phases"]:
            return self._refused(element, "has an impedance of its neutral, which is not represented", said["Rneut"])
        v_low, v_min = float(said["VLowpu"]), float(said["Vminpu"])
        if said["Model"] == "2":  # an impedance at any voltage
            return _curve(inside, outside, 0.0, 0.0, np.inf)
        return _curve(inside, outside, v_low, v_min, float(said["Vmaxpu"]))

    def _generator(self, element: Mapping[str, Any]) -> dict[str, Any] | None:
        """How the power of a generator depends on voltage."""
        said = element["properties"]
        if said["Model"] != "1":
            return self._refused(element, "has a model other than constant power", said["Model"])
        v_min = float(said["Vminpu"])
        constant = ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0))
        return {**_curve(constant, constant, v_min, v_min, float(said["Vmaxpu"])), "lowest": 1 / v_min**2}

    def _refused(self, element: Mapping[str, Any], rule: str, value: object) -> dict[str, Any] | None:
        """Nothing, and a fault of the element."""
        self.faults.append(Fault(str(element["name"]), rule, value))
        return None


def _curve(
    inside: Sequence[Sequence[float]], outside: Sequence[Sequence[float]], v_low: float, v_min: float, v_max: float
) -> dict[str, Any]:
    """Power over voltage of active and reactive power, as `PhaseLegs` has it.

    Args:
        inside: Shares of constant power, current and impedance of both powers between the limits.
        outside: The same beyond them.
        v_low: Voltage below which the load is its rated impedance [pu].
        v_min: Lower limit of the model [pu].
        v_max: Upper limit [pu].
    """
    found: dict[str, Any] = {name: [] for name in FIELDS}
    for (constant, current, impedance), (c, i, z) in zip(inside, outside, strict=True):
        # currents at v_min per rated current: 1 / v_min of constant power, 1 of constant current; an impedance is exact
        slope = [(end - v_low) / (v_min - v_low) if v_min > v_low else 0.0 for end in (1 / v_min if v_min else 0.0, 1)]
        found["constant"].append(constant)
        found["current"].append(current)
        found["impedance"].append(impedance)
        found["below"].append(c * v_low * (1 - slope[0]) + i * v_low * (1 - slope[1]))
        found["slope"].append(c * slope[0] + i * slope[1] + z)
        found["above"].append(c / v_max**2 + i / v_max + z)
    return {**found, "lowest": 1.0, "vm_low_pu": v_low, "vm_min_pu": v_min, "vm_max_pu": v_max}
