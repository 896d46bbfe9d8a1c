"""Lines, transformers, switches and other branches of CIM in pandapower's tables.

Impedances are in ohms and hold whatever voltages are called rated: a line between two rated voltages is a transformer
that transforms nothing. The tap changer of an end is its outermost part: behind it are the shunt of the end, then its
impedance. A transformer of three windings is three of two at a star point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from grid.readers.cgmes.nodes import CimNodes, CimTerminal
from grid.readers.cgmes.objects import CimObject, CimObjects
from grid.readers.cgmes.tap_changers import TapChangers, TapState

F_HZ: Final = 50.0
BASE_MVA: Final = 100.0
"""Rated power of a transformer that states none."""
LEAST_PU: Final = 1e-5
"""Reactance of a transformer that states no impedance, on `BASE_MVA`; with less a power flow finds no solution."""
MOST_OF_BASE: Final = 1.5
"""Most that a rated voltage may be of the base voltage of its node; at least it is the inverse [1]."""
SWITCHES: Final = ("Breaker", "Disconnector", "LoadBreakSwitch", "Switch", "Jumper", "Fuse", "ProtectedSwitch", "Cut",
                   "GroundDisconnector", "DisconnectingCircuitBreaker")  # fmt: skip
LINES: Final = ("ACLineSegment", "SeriesCompensator", "EquivalentBranch")

Rows = dict[str, list[dict[str, Any]]]


class CimBranches:
    """The branches while they are made.

    Args:
        objects: The objects.
        nodes: The buses; open ends of branches and star points are added to them.
        rows: Where rows are added.
        guessed: Where is told what the profiles do not say.
    """

    def __init__(self, objects: CimObjects, nodes: CimNodes, rows: Rows, guessed: list[str]) -> None:
        self.objects, self.nodes, self.rows, self.guessed = objects, nodes, rows, guessed
        self.taps = TapChangers(objects)
        self.without_impedance = self.of_three_windings = self.unrated = 0
        self.rated_a = _permitted_currents(objects)

    def make(self) -> None:
        """Makes all rows."""
        for line in self.objects.of(*LINES):
            self._line(line)
        for switch in self.objects.of(*SWITCHES):
            self._switch(switch)
        ends: dict[str, list[CimObject]] = defaultdict(list)
        for end in self.objects.of("PowerTransformerEnd"):
            ends[end.values.get("PowerTransformerEnd.PowerTransformer", "")].append(end)
        for transformer in self.objects.of("PowerTransformer"):
            own = sorted(ends[transformer.key], key=lambda end: self.objects.number(end, "TransformerEnd.endNumber"))
            if len(own) in {2, 3}:
                self._transformer(transformer, own)
            else:
                self.objects.fault(transformer, "PowerTransformerEnd", "must have 2 or 3 ends", len(own))
        self._tell()

    def _tell(self) -> None:
        """Tells what was assumed, how often."""
        ends = list(self.objects.of("PowerTransformerEnd"))
        number = self.objects.number
        turned = sum(number(end, "PowerTransformerEnd.phaseAngleClock", 0.0) % 12 != 0 for end in ends)
        shunts = sum(any(number(end, f"PowerTransformerEnd.{name}", 0.0) for name in "gb") for end in ends)
        for count, sentence in (
            (self.of_three_windings, "transformers of three windings are three of two at a star point each."),
            (turned, "ends of transformers state a clock of their vector group, which turns no angle."),
            (shunts, "ends of transformers state a magnetising admittance: it is a shunt at their bus."),
            (self.unrated, f"transformers lack the rated power of a winding or of all: {BASE_MVA:g} MVA is assumed."),
            (self.without_impedance, "lines without impedance are switches."),
            (self.taps.controlled, "tap changers are controlled; they stay at their steps."),
        ):  # fmt: skip
            if count:
                self.guessed.append(f"{count} {sentence}")

    def _joined(self, equipment: CimObject, terminals: list[CimTerminal]) -> list[int] | None:
        """Buses of the ends of a branch, an open end with one of its own; None where the branch is out of use."""
        if not self.nodes.in_service(equipment) or not any(each.connected for each in terminals):
            return None
        kv = next((self.nodes.vn_kv[each.bus] for each in terminals if each.bus >= 0), np.nan)
        found = []
        for k, terminal in enumerate(terminals, 1):
            bus = terminal.bus
            if terminal.connected and bus < 0:
                self.objects.fault(equipment, f"Terminal {k}", "is connected to no node of the topology")
                return None
            if not terminal.connected:
                own_kv = self.nodes.vn_kv[bus] if bus >= 0 else kv
                bus = self.nodes.add(f"{equipment.name} (open end {k})", own_kv)
            found.append(bus)
        return found

    def _line(self, line: CimObject) -> None:
        terminals = self.nodes.ends(line, 2)
        buses = None if terminals is None else self._joined(line, terminals)
        if terminals is None or buses is None:
            return
        number = self.objects.number
        z = complex(number(line, f"{line.kind}.r"), number(line, f"{line.kind}.x"))
        y = complex(number(line, "ACLineSegment.gch", 0.0), number(line, "ACLineSegment.bch", 0.0))
        kv = [self.nodes.vn_kv[bus] for bus in buses]
        if z == 0:
            self.without_impedance += 1
            self._add_switch(line.name, *buses, closed=True)
        elif kv[0] != kv[1]:
            self._two_port(line.name, buses, [kv[0], kv[0]], z, [TapState(), TapState()], BASE_MVA)
        else:
            self._add_line(line, buses, z, y, [line.key, *(each.key for each in terminals)])
            return
        for bus in buses:
            self._shunt(line.name, bus, y / 2, 1.0)

    def _add_line(self, line: CimObject, buses: list[int], z: complex, y: complex, limited: list[str]) -> None:
        """Adds a line.

        Args:
            line: The line.
            buses: Buses of its ends.
            z: Its impedance [Ohm].
            y: Its charging admittance [S].
            limited: Identifiers of what its current limits may be stated of.
        """
        km = self.objects.number(line, "Conductor.length", 1.0)
        km = km if km > 0 else 1.0
        rated_a = min((self.rated_a[key] for key in limited if key in self.rated_a), default=0.0)
        self.rows["line"].append({
            "from_bus": buses[0], "to_bus": buses[1], "name": line.name, "length_km": km, "r_ohm_per_km": z.real / km,
            "x_ohm_per_km": z.imag / km, "c_nf_per_km": y.imag / km / (2 * np.pi * F_HZ) * 1e9,
            "g_us_per_km": y.real / km * 1e6, "max_i_ka": rated_a / 1e3,
        })  # fmt: skip

    def _switch(self, switch: CimObject) -> None:
        if len(self.nodes.terminals.get(switch.key, ())) == 1 and switch.kind == "GroundDisconnector":
            return
        terminals = self.nodes.ends(switch, 2)
        if terminals is None or any(each.bus < 0 for each in terminals) or terminals[0].bus == terminals[1].bus:
            return
        opened = switch.flag("Switch.open", default=switch.flag("Switch.normalOpen", default=False))
        closed = not opened and all(each.connected for each in terminals) and self.nodes.in_service(switch)
        self._add_switch(switch.name, terminals[0].bus, terminals[1].bus, closed=closed)

    def _add_switch(self, name: str, bus: int, other: int, *, closed: bool) -> None:
        self.rows["switch"].append({"bus": bus, "element": other, "et": "b", "closed": closed, "name": name})

    def _transformer(self, transformer: CimObject, ends: list[CimObject]) -> None:
        number, terminals = self.objects.number, []
        for end in ends:
            terminal = self.nodes.of_terminal.get(end.values.get("TransformerEnd.Terminal", ""))
            if terminal is None:
                self.objects.fault(end, "Terminal", "no such terminal", end.values.get("TransformerEnd.Terminal"))
                return
            terminals.append(terminal)
        buses = self._joined(transformer, terminals)
        rated_kv = [number(end, "PowerTransformerEnd.ratedU") for end in ends]
        fit = [self._fits(*each) for each in zip(ends, rated_kv, buses or [], strict=buses is not None)]
        if buses is None or not all(fit):
            return
        rated_mva = [number(end, "PowerTransformerEnd.ratedS", 0.0) for end in ends]
        z, y, states = self._at_their_steps(ends)
        if len(ends) == 2:
            through = z[0] + z[1] * (rated_kv[0] / rated_kv[1]) ** 2
            rated_mva = [max(rated_mva)]  # one end may state it for both
            self._two_port(transformer.name, buses, rated_kv, through, states, rated_mva[0] or BASE_MVA)
        else:
            star = self.nodes.add(f"{transformer.name} (star point)", rated_kv[0])
            for k, bus in enumerate(buses):
                self._two_port(f"{transformer.name} ({k + 1})", [bus, star], [rated_kv[k], rated_kv[0]], z[k],
                               [states[k], TapState()], rated_mva[k] or BASE_MVA)  # fmt: skip
            self.of_three_windings += 1
        self.unrated += not all(rated_mva)
        for bus, shunt, state in zip(buses, y, states, strict=True):
            self._shunt(transformer.name, bus, shunt, state.ratio)

    def _fits(self, end: CimObject, rated_kv: float, bus: int) -> bool:
        """Whether an end has a rated voltage; a fault where it has none, or one that is far from that of its bus."""
        base_kv = self.nodes.vn_kv[bus]
        if rated_kv <= 0:
            self.objects.fault(end, "ratedU", "must be greater than 0", rated_kv)
        elif base_kv > 0 and rated_kv > 0 and not 1 / MOST_OF_BASE <= rated_kv / base_kv <= MOST_OF_BASE:
            rule = f"must be near {base_kv:g} kV, the base voltage of node {self.nodes.names[bus]!r}"
            self.objects.fault(end, "ratedU", rule, rated_kv)
        return rated_kv > 0

    def _at_their_steps(self, ends: list[CimObject]) -> tuple[list[complex], list[complex], list[TapState]]:
        """Impedance [Ohm] and admittance [S] of each end with its tap changers, and what these make of it.

        Where one end of two has all of the transformer's resistance, reactance, conductance or susceptance, the tap
        changers of the other act on that too.
        """
        stated = np.array([
            [self.objects.number(end, f"PowerTransformerEnd.{name}", 0.0) for end in ends] for name in "rxgb"
        ])  # fmt: skip
        others = stated[:, ::-1] if len(ends) == 2 else stated
        acted_on = np.where(stated == 0, others, stated)
        states = [self.taps.state(end, float(x)) for end, x in zip(ends, acted_on[1], strict=True)]
        factors = np.array([state.factors for state in states]).T
        if len(ends) == 2:
            factors = np.where(others == 0, factors * factors[:, ::-1], factors)
        r, x, g, b = stated * factors
        return (r + 1j * x).tolist(), (g + 1j * b).tolist(), states

    def _two_port(self, name: str, buses: list[int], rated_kv: list[float], z: complex, states: list[TapState],
                  sn_mva: float) -> None:  # fmt: skip
        """Adds a transformer of two windings.

        Args:
            name: Its name.
            buses: Buses of its ends.
            rated_kv: Rated voltages of its ends [kV].
            z: Its impedance at the rated voltage of the first end [Ohm].
            states: Of the tap changers of its ends.
            sn_mva: Its rated power [MVA].
        """
        base_ohm = rated_kv[0] ** 2 / BASE_MVA
        z = 1j * LEAST_PU * base_ohm if abs(z) < LEAST_PU * base_ohm else z
        per_unit = 100 * z * sn_mva / rated_kv[0] ** 2
        hv, lv = (0, 1) if rated_kv[0] >= rated_kv[1] else (1, 0)
        tapped = hv if states[hv].ratio != 1 or states[lv].ratio == 1 else lv
        other = 1 - tapped
        kv = list(rated_kv)
        kv[other] *= states[other].ratio  # of two tap changers one is part of the rated voltage
        ratio = states[tapped].ratio
        self.rows["trafo"].append({
            "hv_bus": buses[hv], "lv_bus": buses[lv], "name": name, "sn_mva": sn_mva,
            "vn_hv_kv": kv[hv], "vn_lv_kv": kv[lv], "vkr_percent": per_unit.real,
            "vk_percent": float(np.copysign(abs(per_unit), per_unit.imag)), "pfe_kw": 0.0, "i0_percent": 0.0,
            "shift_degree": states[hv].angle_degree - states[lv].angle_degree,
            "tap_side": "hv" if tapped == hv else "lv", "tap_neutral": 0.0, "tap_pos": float(np.sign(ratio - 1)),
            "tap_step_percent": 100 * abs(ratio - 1), "tap_changer_type": "Ratio" if ratio != 1 else None,
        })  # fmt: skip

    def _shunt(self, name: str, bus: int, y: complex, ratio: float) -> None:
        """Adds the shunt of an end of a branch, behind its tap changer."""
        if y:
            kv = self.nodes.vn_kv[bus]
            drawn = y.conjugate() * kv**2 / ratio**2
            self.rows["shunt"].append({"bus": bus, "name": name, "vn_kv": kv, "p_mw": drawn.real, "q_mvar": drawn.imag})


def _permitted_currents(objects: CimObjects) -> Mapping[str, float]:
    """The least current that is permitted for long, by terminal or equipment [A]."""
    objects.looked_at |= {"OperationalLimitType", "OperationalLimitSet"}
    found: dict[str, float] = {}
    for limit in objects.of("CurrentLimit"):
        kind = objects.followed(limit, "OperationalLimit.OperationalLimitType")
        values = {} if kind is None else kind.values
        stated = values.get("OperationalLimitType.limitType", values.get("OperationalLimitType.kind", ""))
        if not stated.casefold().endswith("patl"):
            continue
        of = objects.followed(limit, "OperationalLimit.OperationalLimitSet")
        at = {} if of is None else of.values
        key = at.get("OperationalLimitSet.Terminal") or at.get("OperationalLimitSet.Equipment", "")
        value = objects.number(limit, "CurrentLimit.value", 0.0, "CurrentLimit.normalValue")
        if value > 0:
            found[key] = min(value, found.get(key, np.inf))
    return found
