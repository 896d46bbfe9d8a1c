"""Networks of PyPSA, in pandapower's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.files.content import shown_path
from grid.readers.compared import compare_voltages
from grid.readers.pypsa_networks.file import PypsaFile, read_pypsa_file
from grid.readers.pypsa_networks.slack import one_slack_each
from grid.readers.pypsa_networks.types import PypsaTypes
from grid.readers.records import FileRecords, finite_number
from grid.readers.report import PLACE, GridReport, ReadGrid
from grid.readers.two_ports import as_t

F_HZ: Final = 50.0
"""Frequency of networks of PyPSA, which state susceptances and no frequency."""
SAME: Final = 1e-6
"""How far a reactance may be from another, relative to it, to be the same."""
AT_BUSES: Final = ("bus", "bus0", "bus1")
"""Columns that name a bus."""
OF_POWER: Final = frozenset({"", "AC"})
"""Carriers of buses of alternating current."""


def read_pypsa(path: Path) -> ReadGrid:
    """The grid of a network of PyPSA: netCDF, or a folder of CSV.

    Raises:
        InputError: With all that is wrong: no such file, no buses, values that are no numbers, buses that do not exist.
    """
    file = read_pypsa_file(path)
    faults: list[Fault] = []
    build = _Build(file, faults)
    tables = build.tables() if len(build.of("buses")) else {}
    if not tables:
        faults.append(Fault(PLACE, "has no buses, so it is no network of PyPSA"))
    raise_if_any(faults, shown_path(path))
    net = _pandapower.net_of_tables(file.name or path.stem, tables, F_HZ)
    solved = file.first.get("buses-v_mag_pu", {})
    vm_pu = np.array([finite_number(solved.get(name)) or np.nan for name in build.names], dtype=float)
    what = "The network's own power flow (first snapshot)"
    report = GridReport(
        source=path.name, form=file.form, converter="gridcarbon", read=_pandapower.element_counts(net),
        guessed=tuple(build.guessed), dropped=tuple(build.dropped),
        compared=compare_voltages(_pandapower.checked(net, path), vm_pu, what),
    )  # fmt: skip
    return ReadGrid(net, report)


class _Build:
    """The tables of one network while they are made."""

    def __init__(self, file: PypsaFile, faults: list[Fault]) -> None:
        self.file, self.faults = file, faults
        self.guessed: list[str] = []
        self.dropped: list[str] = []
        self.elsewhere: frozenset[str] = frozenset()
        self.elsewhere = self._other_carriers()
        buses = self.of("buses")
        self.names = buses.text("name")
        self.bus_index: dict[Any, int] = {name: k for k, name in enumerate(self.names)}
        self.vn_kv = buses.number("v_nom", 1.0, above=0)
        self.types = PypsaTypes(file, faults)
        if len(self.bus_index) < len(self.names):
            faults.append(Fault("buses", "must have different names"))

    def of(self, component: str) -> FileRecords:
        """The active records of a component at buses of alternating current."""
        rows = self.file.records.get(component, ())
        records = FileRecords(component, rows, [str(row.get("name")) for row in rows], self.faults)
        records = records.where(records.flag("active"))
        columns = ("name",) if component == "buses" else () if component == "links" else AT_BUSES
        return records.where([self.elsewhere.isdisjoint(map(str, map(row.get, columns))) for row in records.rows])

    def _other_carriers(self) -> frozenset[str]:
        """Buses of other carriers than alternating current, which are left out with all that stands at them."""
        buses = self.of("buses")
        carriers = buses.text("carrier")
        found = [k for k, carrier in enumerate(carriers) if carrier not in OF_POWER]
        if found:
            named = ", ".join(sorted({carriers[k] for k in found}))
            self.dropped.append(f"{len(found)} buses of other carriers ({named}), and what stands at them.")
        return frozenset(buses.text("name")[k] for k in found)

    def first(self, series: str, names: Sequence[str], static: Floats) -> Floats:
        """Values of the first snapshot where the series has the element, else the static ones."""
        given = self.file.first.get(series, {})
        return np.array([
            value if (number := finite_number(given.get(name))) is None else number
            for name, value in zip(names, static, strict=True)
        ], dtype=float)  # fmt: skip

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """All tables."""
        buses = self.of("buses")
        bus = {"vn_kv": self.vn_kv, "name": self.names, "x": buses.number("x", np.nan), "y": buses.number("y", np.nan)}
        tables: dict[str, Mapping[str, Any]] = {"bus": bus, "line": self._lines(), "trafo": self._transformers()}
        tables |= {"load": self._loads(), "shunt": self._shunts(), **dict(self._generators())}
        tables["storage"] = self._storage()
        tables["load"] = _joined(tables["load"], self._links())
        if self.file.n_snapshots > 1:
            self.dropped.append(
                f"All snapshots but the first of {self.file.n_snapshots:,}; give series as city.profiles."
            )
        return tables

    def _storage(self) -> Mapping[str, Any]:
        """Storage units and stores, which draw as they are set."""
        tables = []
        for component in ("storage_units", "stores"):
            made = self.of(component)
            names, sign = made.text("name"), made.number("sign", 1.0)
            p_mw = self.set_or_dispatched(component, made, np.ones(len(made), dtype=bool))
            q_mvar = self.first(f"{component}-q_set", names, made.number("q_set", 0.0))
            if component == "stores" and (idle := (p_mw == 0) & (q_mvar == 0)).any():
                self.dropped.append(
                    f"{np.count_nonzero(idle)} stores that are not set: what they carry is decided by an optimisation."
                )
                made, sign, p_mw, q_mvar = made.where(~idle), sign[~idle], p_mw[~idle], q_mvar[~idle]
                names = made.text("name")
            e_mwh = made.number("e_nom", 0.0, least=0) if component == "stores" else made.number(
                "max_hours", 1.0, least=0) * made.number("p_nom", 0.0, least=0)  # fmt: skip
            tables.append({"bus": made.index("bus", self.bus_index), "name": names, "p_mw": 0.0 - p_mw * sign,
                           "q_mvar": 0.0 - q_mvar * sign, "max_e_mwh": e_mwh})  # fmt: skip
        return _joined(*tables)

    def _links(self) -> Mapping[str, Any]:
        """Links as a power flow of PyPSA has them: what they are set to is drawn at one end and fed in at the other."""
        made = self.of("links")
        names = made.text("name")
        p_mw = self.first("links-p_set", names, made.number("p_set", 0.0))
        efficiency = self.first("links-efficiency", names, made.number("efficiency", 1.0))
        idle = np.count_nonzero(p_mw == 0)
        if idle:
            self.dropped.append(f"{idle} links that carry nothing (p_set), as in a power flow of PyPSA.")
        tables = []
        for column, drawn_mw in (("bus0", p_mw), ("bus1", -p_mw * efficiency)):
            here = [drawn_mw[k] != 0 and str(row.get(column)) not in self.elsewhere for k, row in enumerate(made.rows)]
            ends = made.where(here)
            tables.append({"bus": ends.index(column, self.bus_index),
                           "name": [f"{name} ({column})" for name in ends.text("name")],
                           "p_mw": drawn_mw[np.array(here, dtype=bool)], "q_mvar": np.zeros(len(ends))})  # fmt: skip
        for k, row in enumerate(made.rows):
            others = sorted(key for key, value in row.items() if key[:3] == "bus" and key[3:].isdigit()
                            and int(key[3:]) > 1 and value and str(value) in self.bus_index)  # fmt: skip
            if p_mw[k] and others:
                made.fault(k, others[0], "a link that is set must have two ends")
        if p_mw.any():
            self.guessed.append(f"{np.count_nonzero(p_mw)} links draw and feed in what they are set to, as loads.")
        return _joined(*tables)

    def set_or_dispatched(self, component: str, made: FileRecords, free: Any) -> Floats:
        """Power of each element as it is set, else, where it is free, as the dispatch of the network has it [MW].

        Args:
            component: What they are.
            made: Their records, R of them.
            free: Which of them follow the dispatch, shape (R,).
        """
        names = made.text("name")
        p_mw = self.first(f"{component}-p_set", names, made.number("p_set", 0.0))
        dispatched = self.first(f"{component}-p", names, np.full(len(names), np.nan))
        taken = (p_mw == 0) & (np.nan_to_num(dispatched) != 0) & free
        if taken.any():
            what = component.replace("_", " ")
            self.guessed.append(
                f"{np.count_nonzero(taken)} {what} without p_set feed in what the network's dispatch says."
            )
        return np.where(taken, dispatched, p_mw)

    def _loads(self) -> Mapping[str, Any]:
        loads = self.of("loads")
        names = loads.text("name")
        return {
            "bus": loads.index("bus", self.bus_index), "name": names,
            "p_mw": self.first("loads-p_set", names, loads.number("p_set", 0.0)) * -loads.number("sign", -1.0),
            "q_mvar": self.first("loads-q_set", names, loads.number("q_set", 0.0)) * -loads.number("sign", -1.0),
        }  # fmt: skip

    def _shunts(self) -> Mapping[str, Any]:
        shunts = self.of("shunt_impedances")
        at = shunts.index("bus", self.bus_index)
        vn_kv = self.vn_kv[at] if len(self.vn_kv) else np.zeros(len(at))
        return {"bus": at, "name": shunts.text("name"), "vn_kv": vn_kv, "p_mw": shunts.number("g", 0.0) * vn_kv**2,
                "q_mvar": -shunts.number("b", 0.0) * vn_kv**2}  # fmt: skip

    def _lines(self) -> Mapping[str, Any]:
        lines = self.of("lines")
        length_km = lines.number("length", 0.0, least=0)
        length_km = np.where(length_km > 0, length_km, 1.0)  # of no consequence: impedances are those of the whole line
        of_type = np.array([bool(name) for name in lines.text("type")], dtype=bool)
        own = ~of_type & ((lines.number("r", 0.0) != 0) | (lines.number("x", 0.0) != 0))
        for k in np.flatnonzero(of_type & (lines.number("length", 0.0) == 0)):
            lines.fault(int(k), "length", "must be greater than 0 where a type states what a kilometre has")
        ends = {"from_bus": lines.index("bus0", self.bus_index), "to_bus": lines.index("bus1", self.bus_index)}
        typed = self.types.lines(lines, ~own, F_HZ)
        self._told_of_types(lines, of_type, typed["x_ohm_per_km"] * length_km)
        vn_kv = self.vn_kv[ends["from_bus"]] if len(self.vn_kv) else np.ones(len(lines))
        s_nom = lines.number("s_nom", 0.0, least=0)
        rated = s_nom > 0
        max_i_ka = np.where(rated, s_nom / (np.sqrt(3) * vn_kv), typed["max_i_ka"])
        if (~rated & (max_i_ka > 0)).any():
            self.guessed.append(
                f"{np.count_nonzero(~rated & (max_i_ka > 0))} lines without s_nom take the rating of their type."
            )
        per_km = {name: np.where(own, total / length_km, typed[name]) for name, total in (
            ("r_ohm_per_km", lines.number("r", 0.0)),
            ("x_ohm_per_km", lines.number("x", 0.0)),
            ("c_nf_per_km", lines.number("b", 0.0) / (2 * np.pi * F_HZ) * 1e9),
        )}  # fmt: skip
        return {**ends, "name": lines.text("name"), "length_km": length_km, "max_i_ka": max_i_ka, **per_km,
                "g_us_per_km": lines.number("g", 0.0) / length_km * 1e6}  # fmt: skip

    def _transformers(self) -> Mapping[str, Any]:
        made = self.of("transformers")
        ends = np.array([made.index("bus0", self.bus_index), made.index("bus1", self.bus_index)])
        kv = self.vn_kv[ends] if len(self.vn_kv) else np.ones_like(ends, dtype=float)
        turned = kv[0] < kv[1]
        stated = np.array([bool(name) for name in made.text("type")], dtype=bool)
        of_type = stated | ((made.number("r", 0.0) == 0) & (made.number("x", 0.0) == 0))
        typed = self.types.transformers(made, of_type)
        self._told_of_types(made, stated, typed["x"])

        def taken(column: str, default: float) -> Floats:
            return np.where(of_type, typed[column], made.number(column, default))

        s_nom = taken("s_nom", 0.0)
        for k in np.flatnonzero(s_nom <= 0):
            made.fault(int(k), "s_nom", "must be stated and greater than 0", float(s_nom[k]))
        r, x, ratio = taken("r", 0.0), taken("x", 0.0), taken("tap_ratio", 1.0)
        # PyPSA's ratio is at bus 0 unless tap_side says otherwise; here it becomes part of the rated voltage there.
        at_first = taken("tap_side", 0.0) == 0
        kv = np.stack([np.where(at_first, kv[0] * ratio, kv[0]), np.where(at_first, kv[1], kv[1] * ratio)])
        z, y = as_t(r + 1j * x, taken("g", 0.0) + 1j * taken("b", 0.0),
                    np.array([model == "pi" for model in made.text("model", "t")], dtype=bool))  # fmt: skip
        for k in np.flatnonzero((y.real < 0) | (y.imag > 0)):
            made.fault(int(k), "g, b", "must draw active power and be inductive (g at least 0, b at most 0)",
                       [float(y[k].real), float(y[k].imag)])  # fmt: skip
        shift = taken("phase_shift", 0.0)
        hv, lv = np.where(turned, ends[1], ends[0]), np.where(turned, ends[0], ends[1])
        return {
            "hv_bus": hv, "lv_bus": lv, "name": made.text("name"), "sn_mva": s_nom,
            "vn_hv_kv": np.where(turned, kv[1], kv[0]), "vn_lv_kv": np.where(turned, kv[0], kv[1]),
            "vkr_percent": 100 * z.real, "vk_percent": 100 * np.copysign(np.abs(z), z.imag),
            "pfe_kw": y.real * s_nom * 1e3, "i0_percent": 100 * np.abs(y),
            "shift_degree": np.where(turned, -shift, shift),
        }  # fmt: skip

    def _generators(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Generators by what sets their voltage: external grids, voltage control, constant power."""
        made = self.of("generators")
        names, at = made.text("name"), made.index("bus", self.bus_index)
        stated = np.array(made.text("control", "PQ"), dtype=object)
        control, said = one_slack_each(stated, at, self._branches(), self.names)
        self.guessed += said
        sign = made.number("sign", 1.0)
        p_mw = self.set_or_dispatched("generators", made, control != "Slack") * sign
        q_mvar = self.first("generators-q_set", names, made.number("q_set", 0.0)) * sign
        held = self.first("buses-v_mag_pu_set", self.names, self.of("buses").number("v_mag_pu_set", 1.0, above=0))
        vm_pu = held[at] if len(self.names) else np.ones(len(at))
        for k, each in enumerate(control):
            if each not in {"Slack", "PV", "PQ"}:
                made.fault(k, "control", "must be PQ, PV or Slack", each)
        chosen = {kind: np.flatnonzero(control == kind) for kind in ("Slack", "PV", "PQ")}
        named = {kind: [names[k] for k in rows] for kind, rows in chosen.items()}
        slack, pv, pq = chosen.values()
        yield (
            "ext_grid",
            {"bus": at[slack], "vm_pu": vm_pu[slack], "va_degree": np.zeros(len(slack)), "name": named["Slack"]},
        )
        yield "gen", {"bus": at[pv], "vm_pu": vm_pu[pv], "p_mw": p_mw[pv], "name": named["PV"]}
        carriers = made.text("carrier")
        yield "sgen", {"bus": at[pq], "p_mw": p_mw[pq], "q_mvar": q_mvar[pq], "name": named["PQ"],
                       "type": [carriers[k] or None for k in pq]}  # fmt: skip

    def _branches(self) -> Ints:
        """Both buses of every line and transformer, shape (2, L)."""
        made = [self.of(component) for component in ("lines", "transformers")]
        ends = [[each.index(column, self.bus_index) for column in ("bus0", "bus1")] for each in made]
        return np.concatenate([np.array(pair, dtype=np.int64).reshape(2, -1) for pair in ends], axis=1)

    def _told_of_types(self, records: FileRecords, of_type: Any, x: Floats) -> None:
        """Says which elements of a type state another reactance than `x`, that of the type, which PyPSA takes."""
        stated = records.number("x", 0.0)
        other = of_type & (stated != 0) & (np.abs(stated - x) > SAME * np.abs(x))
        if other.any():
            self.guessed.append(
                f"{np.count_nonzero(other)} {records.table} have the impedances of their type, as in PyPSA, and not "
                f"those that they state: {', '.join(str(records.labels[k]) for k in np.flatnonzero(other)[:5])}."
            )


def _joined(*tables: Mapping[str, Any]) -> dict[str, Any]:
    """Tables of the same columns below each other."""
    return {column: np.concatenate([np.asarray(table[column], dtype=object if column == "name" else None)
                                    for table in tables]).tolist() for column in tables[0]}  # fmt: skip
