"""Grids in UCTE-DEF as pandapower's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.files.content import shown_path
from grid.readers.records import FileRecords
from grid.readers.report import PLACE, GridReport, ReadGrid
from grid.readers.ucte.rows import UcteFile, read_rows
from grid.readers.ucte.taps import taps_of

F_HZ: Final = 50.0
LEVELS_KV: Final = {
    "0": 750.0, "1": 380.0, "2": 220.0, "3": 150.0, "4": 120.0, "5": 110.0, "6": 70.0, "7": 27.0, "8": 330.0,
    "9": 500.0, "A": 26.0, "B": 25.0, "C": 24.0, "D": 23.0, "E": 22.0, "F": 21.0, "G": 20.0, "H": 19.0, "I": 18.0,
    "J": 17.0, "K": 15.7, "L": 15.0, "M": 13.7, "N": 13.0, "O": 12.0, "P": 11.0, "Q": 9.8, "R": 9.0, "S": 8.0,
    "T": 7.0, "U": 6.0, "V": 5.0, "W": 4.0, "X": 3.0, "Y": 2.0, "Z": 1.0,
}  # fmt: skip
"""Rated voltage by the seventh character of a node's code [kV]."""
PQ, Q_ANGLE, PU, SLACK = 0, 1, 2, 3
"""Types of nodes."""
IN_USE: Final = (0, 1, 2)
"""Status of a branch that is in operation: real, equivalent, busbar coupler."""
OUT: Final = (7, 8, 9)
COUPLERS: Final = (2, 7)
UNRATED_MVA: Final = 99_999.0
"""Rated power of a transformer that states neither power nor current."""
_FAR: Final = 1.6
"""How many times a voltage in kV may be the rated one, or the rated one it."""


def read_ucte(path: Path) -> ReadGrid:
    """The grid in a UCTE-DEF file.

    Raises:
        InputError: With all that is wrong: no such file, fields that are not at their places, numbers that are none or
            missing, branches to nodes that do not exist, voltages that are not in kV.
    """
    file, faults = read_rows(path), list[Fault]()
    build = _Build(file, faults)
    with np.errstate(all="ignore"):  # of numbers that are none, which are told
        tables = build.tables()
    raise_if_any(faults, shown_path(path))
    net = _pandapower.net_of_tables(path.stem, tables, F_HZ)
    held = _pandapower.hold_reference(net, ())
    if held:
        build.guessed.append(f"No node is the reference (type 3): the largest generation, {held!r}, is taken.")
    dropped = [f"{count} rows of {block} are not read." for block, count in file.unread.items()]
    report = GridReport(
        source=path.name, form="UCTE-DEF", converter="gridcarbon", read=_pandapower.element_counts(net),
        guessed=tuple(build.guessed), dropped=tuple(dropped),
    )  # fmt: skip
    return ReadGrid(_pandapower.checked(net, path), report)


class _Build:
    """The tables of one grid while they are made."""

    def __init__(self, file: UcteFile, faults: list[Fault]) -> None:
        self.file, self.faults = file, faults
        self.guessed: list[str] = []
        self.nodes = file.records("##N", faults)
        self.codes = self.nodes.text("code")
        self.places: dict[Hashable, int] = {code: k for k, code in enumerate(self.codes)}
        self.vn_kv = np.array([LEVELS_KV.get(code[6:7], np.nan) for code in self.codes])
        wrong = np.flatnonzero(np.isnan(self.vn_kv)).tolist()
        rule = f"must state its voltage by the seventh character, one of {', '.join(LEVELS_KV)}"
        self.nodes.fault_of_rows(wrong, "code", rule, [self.codes[k] for k in wrong])

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """All tables."""
        tables: dict[str, Mapping[str, Any]] = {
            "bus": {"vn_kv": self.vn_kv, "name": self._bus_names(), "zone": self.nodes.text("zone")},
            "load": self._loads(),
            **self._generators(),
            **self._lines(),
        }
        return tables | self._transformers()

    def _bus_names(self) -> list[str]:
        """Names of the nodes; codes where there is none, or several share one."""
        names = self.nodes.text("name")
        shared = Counter(names)
        return [name if name and shared[name] == 1 else code for name, code in zip(names, self.codes, strict=True)]

    def _loads(self) -> Mapping[str, Any]:
        p_mw, q_mvar = (self.nodes.number(f"{kind} load", 0.0) for kind in ("active", "reactive"))
        at = np.flatnonzero((p_mw != 0) | (q_mvar != 0))
        return {"bus": at, "name": [self.codes[k] for k in at], "p_mw": p_mw[at], "q_mvar": q_mvar[at]}

    def _generators(self) -> dict[str, Mapping[str, Any]]:
        """What feeds in, which is negative in this format: references, what holds a voltage, and the others."""
        kinds = self._kinds()
        p_mw, q_mvar = (-self.nodes.number(f"{kind} generation", 0.0) for kind in ("active", "reactive"))
        if (p_mw < 0).any() and not (p_mw > 0).any():
            rule = "must be negative where power is fed in, as this format has it; it is nowhere, and positive in"
            self.faults.append(Fault("##N, active generation", rule, f"{int((p_mw < 0).sum())} nodes"))
        limits = {
            f"{ours}_{quantity}": -self.nodes.number(f"{theirs} {kind} generation", np.nan)
            for quantity, kind in (("p_mw", "active"), ("q_mvar", "reactive"))
            for ours, theirs in (("min", "least"), ("max", "most"))
        }
        vm_pu = self._held_pu(np.isin(kinds, (PU, SLACK)))

        def columns(rows: Ints, **more: Any) -> dict[str, Any]:
            return {"bus": rows, "name": [self.codes[k] for k in rows], **more}

        slack, holding = np.flatnonzero(kinds == SLACK), np.flatnonzero(kinds == PU)
        others = np.flatnonzero(np.isin(kinds, (PQ, Q_ANGLE)) & ((p_mw != 0) | (q_mvar != 0)))
        if (kinds == Q_ANGLE).any():
            count = int((kinds == Q_ANGLE).sum())
            self.guessed.append(f"{count} nodes of type 1 (reactive power and angle) are taken as of type 0.")
        return {
            "ext_grid": columns(slack, vm_pu=vm_pu[slack]),
            "gen": columns(holding, p_mw=p_mw[holding], vm_pu=vm_pu[holding],
                           **{name: values[holding] for name, values in limits.items()}),
            "sgen": columns(others, p_mw=p_mw[others], q_mvar=q_mvar[others]),
        }  # fmt: skip

    def _kinds(self) -> Floats:
        """Types of the nodes, shape (B,)."""
        kinds = self.nodes.number("type", float(PQ))
        wrong = np.flatnonzero(np.isfinite(kinds) & ~np.isin(kinds, (PQ, Q_ANGLE, PU, SLACK))).tolist()
        rule = "must be 0 (P and Q), 1 (Q and angle), 2 (P and voltage) or 3 (the reference)"
        self.nodes.fault_of_rows(wrong, "type", rule, [f"{kinds[k]:g}" for k in wrong])
        return kinds

    def _held_pu(self, holds: Bools) -> Floats:
        """Voltages that are held, shape (B,) [pu]; 1 where none is."""
        for k in np.flatnonzero(holds & ~self.nodes.stated("voltage")):
            self.nodes.fault(int(k), "voltage", "is missing, and the node holds its voltage (type 2 or 3)")
        u_kv = np.full(len(self.nodes), np.nan)
        u_kv[holds] = self.nodes.where(holds).number("voltage", np.nan)
        for k in np.flatnonzero(holds & ~_near(u_kv, self.vn_kv) & np.isfinite(u_kv) & np.isfinite(self.vn_kv)):
            self.nodes.fault(int(k), "voltage", f"must be in kV, and {self.vn_kv[k]:g} kV is rated", float(u_kv[k]))
        return np.where(holds, u_kv / self.vn_kv, 1.0)

    def _ends(self, records: FileRecords) -> tuple[Ints, Ints]:
        """Indices of the nodes of branches."""
        return records.index("node 1", self.places, "node"), records.index("node 2", self.places, "node")

    def _status(self, records: FileRecords, known: tuple[int, ...]) -> Floats:
        """Status of branches, shape (L,)."""
        status = records.number("status")
        wrong = np.flatnonzero(np.isfinite(status) & ~np.isin(status, known)).tolist()
        records.fault_of_rows(
            wrong, "status", f"must be one of {', '.join(map(str, known))}", [f"{status[k]:g}" for k in wrong]
        )
        return status

    def _lines(self) -> dict[str, Mapping[str, Any]]:
        """Lines, and couplers of busbars, which are switches."""
        lines = self.file.records("##L", self.faults)
        (a, b), status = self._ends(lines), self._status(lines, (*IN_USE, *OUT))
        r_ohm, x_ohm = lines.number("R"), lines.number("X")
        b_us, limit_a = lines.number("B", 0.0), lines.number("current limit", 0.0, least=0)
        self._across_voltages(lines, a, b)
        coupler = np.isin(status, COUPLERS) | ((r_ohm == 0) & (x_ohm == 0))
        without = int((coupler & ~np.isin(status, COUPLERS)).sum())
        if without:
            self.guessed.append(f"{without} lines without impedance are switches, whose current limit is not followed.")
        line, used = ~coupler, np.isin(status, IN_USE)
        names = _names(lines)
        return {
            "line": {
                "from_bus": a[line], "to_bus": b[line], "name": [names[k] for k in np.flatnonzero(line)],
                "length_km": np.ones(int(line.sum())), "r_ohm_per_km": r_ohm[line], "x_ohm_per_km": x_ohm[line],
                "c_nf_per_km": b_us[line] * 1e3 / (2 * np.pi * F_HZ), "max_i_ka": limit_a[line] / 1e3,
                "in_service": used[line],
            },
            "switch": {"bus": a[coupler], "element": b[coupler], "et": ["b"] * int(coupler.sum()),
                       "closed": used[coupler], "name": [names[k] for k in np.flatnonzero(coupler)]},
        }  # fmt: skip

    def _across_voltages(self, lines: FileRecords, a: Ints, b: Ints) -> None:
        """Lines between nodes of different rated voltages, whose impedance in Ω is of nobody knows which."""
        for k in np.flatnonzero((a >= 0) & (b >= 0)):
            kv = self.vn_kv[a[k]], self.vn_kv[b[k]]
            if kv[0] != kv[1] and np.isfinite(kv).all():
                rule = "must join nodes of one rated voltage; a transformer (##T) joins others"
                lines.fault(int(k), "node 2", rule, f"{kv[0]:g} and {kv[1]:g} kV")

    def _transformers(self) -> dict[str, Mapping[str, Any]]:
        """Transformers, and their susceptances as shunts at the regulated winding, where the format has them."""
        made = self.file.records("##T", self.faults)
        ends, status = np.array(self._ends(made)), self._status(made, (0, 1, 8, 9))
        u_kv = np.array([made.number(f"rated voltage {k}", above=0) for k in (1, 2)])
        self._rated_voltages(made, ends, u_kv)
        limit_a = made.number("current limit", 0.0, least=0)
        by_current = np.sqrt(3) * u_kv[0] * limit_a / 1e3
        stated = made.number("nominal power", 0.0, least=0)
        sn_mva = np.where(stated > 0, stated, np.where(by_current > 0, by_current, UNRATED_MVA))
        z = (made.number("R") + 1j * made.number("X")) * sn_mva / u_kv[0] ** 2
        for k in np.flatnonzero(z == 0):
            made.fault(int(k), "X", "must not be 0 beside an R of 0")
        y = (made.number("G", 0.0) + 1j * made.number("B", 0.0)) * 1e-6 * u_kv[0] ** 2 / sn_mva
        taps = taps_of(self.file, made, self.faults)
        turned = u_kv[0] < u_kv[1]  # the regulated winding, at node 2, is that of the higher voltage
        second = u_kv[1] * np.abs(taps.angle)
        shift = np.rad2deg(np.angle(taps.angle))
        columns = {
            "hv_bus": np.where(turned, ends[1], ends[0]), "lv_bus": np.where(turned, ends[0], ends[1]),
            "vn_hv_kv": np.where(turned, second, u_kv[0]), "vn_lv_kv": np.where(turned, u_kv[0], second),
            "sn_mva": sn_mva, "vkr_percent": 100 * z.real, "vk_percent": 100 * np.copysign(np.abs(z), z.imag),
            "pfe_kw": y.real * sn_mva * 1e3, "i0_percent": 100 * y.real,
            "shift_degree": np.where(turned, shift, -shift), "name": _names(made),
            "df": np.where((by_current > 0) & (stated > 0), by_current / sn_mva, 1.0),
            "tap_side": np.where(turned, "hv", "lv"), "tap_neutral": np.zeros(len(made)), "tap_pos": taps.position,
            "tap_min": -taps.steps, "tap_max": taps.steps, "tap_step_percent": taps.step_percent,
            "tap_changer_type": ["Ratio" if each else None for each in taps.step_percent != 0],
            "max_loading_percent": np.full(len(made), 100.0), "in_service": np.isin(status, IN_USE),
        }  # fmt: skip
        rated = int(((stated == 0) & (by_current == 0)).sum())
        if rated:
            self.guessed.append(f"{rated} transformers state no rating: {UNRATED_MVA:,.0f} MVA is assumed.")
        ratio = np.abs(taps.angle * (1 + taps.position * taps.step_percent / 100)) * u_kv[1]
        return {"trafo": columns, "shunt": self._charging(y.imag * sn_mva, ends[1], ratio, columns["in_service"])}

    def _charging(self, b_mvar: Floats, at: Ints, u_kv: Floats, in_service: Bools) -> Mapping[str, Any]:
        """Susceptances of transformers [MVAr] at second nodes whose windings have voltages `u_kv`, shape (L,) each."""
        rows = np.flatnonzero(b_mvar)
        if rows.size:
            self.guessed.append(f"The susceptances of {rows.size} transformers stand as shunts at their second nodes.")
        q_mvar = -b_mvar[rows] * (self.vn_kv[at[rows]] / u_kv[rows]) ** 2
        return {"bus": at[rows], "p_mw": np.zeros(rows.size), "q_mvar": q_mvar, "in_service": in_service[rows]}

    def _rated_voltages(self, made: FileRecords, ends: Ints, u_kv: Floats) -> None:
        """Rated voltages of transformers that are not those of their nodes."""
        for k in np.flatnonzero((ends >= 0).all(axis=0) & np.isfinite(u_kv).all(axis=0)):
            kv = self.vn_kv[ends[:, k]]
            for fault in _voltage_faults(u_kv[:, k], kv):
                made.fault(int(k), *fault)


def _voltage_faults(u_kv: Floats, vn_kv: Floats) -> Iterator[tuple[str, str, float]]:
    """Rated voltages of one transformer that are not those of its nodes: column, rule and value."""
    if not np.isfinite(vn_kv).all() or _near(u_kv, vn_kv).all():
        return
    if _near(u_kv[::-1], vn_kv).all():
        rule = f"is that of node 1, of {vn_kv[0]:g} kV; are both exchanged?"
        yield "rated voltage 1", rule, float(u_kv[0])
        return
    for k in np.flatnonzero(~_near(u_kv, vn_kv)):
        yield f"rated voltage {k + 1}", f"must be in kV, near the {vn_kv[k]:g} kV of its node", float(u_kv[k])


def _near(u_kv: Floats, vn_kv: Floats) -> Bools:
    """Whether voltages are of the order of rated ones."""
    return np.asarray((u_kv <= _FAR * vn_kv) & (vn_kv <= _FAR * u_kv))


def _names(records: FileRecords) -> list[str]:
    """Names of branches, else their nodes and order code."""
    keys = zip(*(records.text(name) for name in ("name", "node 1", "node 2", "order code")), strict=True)
    return [name or " ".join(key) for name, *key in keys]


__all__ = ["PLACE", "read_ucte"]
