"""Networks of PyPSA, in pandapower's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats
from grid.errors import Fault, raise_if_any
from grid.files.content import shown_path
from grid.readers.compared import compare_voltages
from grid.readers.pypsa_file import PypsaFile, read_pypsa_file
from grid.readers.pypsa_types import PypsaTypes
from grid.readers.records import FileRecords, finite_number
from grid.readers.report import PLACE, GridReport, ReadGrid

F_HZ: Final = 50.0
"""Frequency of networks of PyPSA, which state susceptances and no frequency."""


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
        buses = self.of("buses")
        self.names = buses.text("name")
        self.places: dict[Any, int] = {name: k for k, name in enumerate(self.names)}
        self.vn_kv = buses.number("v_nom", 1.0, above=0)
        self.types = PypsaTypes(file, faults)
        if len(self.places) < len(self.names):
            faults.append(Fault("buses", "must have different names"))

    def of(self, component: str) -> FileRecords:
        """The active records of a component."""
        rows = self.file.records.get(component, ())
        records = FileRecords(component, rows, [str(row.get("name")) for row in rows], self.faults)
        return records.where(records.flag("active"))

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
        storage = self.of("storage_units")
        if len(storage):
            p_mw = self.first("storage_units-p", storage.text("name"), storage.number("p_set", 0.0))
            e_mwh = storage.number("max_hours", 1.0, least=0) * storage.number("p_nom", 0.0, least=0)
            tables["storage"] = {"bus": storage.place("bus", self.places), "name": storage.text("name"),
                                 "p_mw": 0.0 - p_mw, "max_e_mwh": e_mwh}  # fmt: skip
        for component in ("links", "stores"):
            if count := len(self.of(component)):
                self.dropped.append(
                    f"{count} {component}: what they carry is decided by an optimisation, not by a power flow."
                )
        if self.file.n_snapshots > 1:
            self.dropped.append(
                f"All snapshots but the first of {self.file.n_snapshots:,}; give series as city.profiles."
            )
        return tables

    def _loads(self) -> Mapping[str, Any]:
        loads = self.of("loads")
        names = loads.text("name")
        return {
            "bus": loads.place("bus", self.places), "name": names,
            "p_mw": self.first("loads-p_set", names, loads.number("p_set", 0.0)) * -loads.number("sign", -1.0),
            "q_mvar": self.first("loads-q_set", names, loads.number("q_set", 0.0)) * -loads.number("sign", -1.0),
        }  # fmt: skip

    def _shunts(self) -> Mapping[str, Any]:
        shunts = self.of("shunt_impedances")
        at = shunts.place("bus", self.places)
        vn_kv = self.vn_kv[at] if len(self.vn_kv) else np.zeros(len(at))
        return {"bus": at, "name": shunts.text("name"), "vn_kv": vn_kv, "p_mw": shunts.number("g", 0.0) * vn_kv**2,
                "q_mvar": -shunts.number("b", 0.0) * vn_kv**2}  # fmt: skip

    def _lines(self) -> Mapping[str, Any]:
        lines = self.of("lines")
        length_km = lines.number("length", 0.0, least=0)
        length_km = np.where(length_km > 0, length_km, 1.0)  # of no consequence: impedances are those of the whole line
        own = (lines.number("r", 0.0) != 0) | (lines.number("x", 0.0) != 0)
        ends = {"from_bus": lines.place("bus0", self.places), "to_bus": lines.place("bus1", self.places)}
        typed = self.types.lines(lines, ~own)
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
        ends = np.array([made.place("bus0", self.places), made.place("bus1", self.places)])
        kv = self.vn_kv[ends] if len(self.vn_kv) else np.ones_like(ends, dtype=float)
        turned = kv[0] < kv[1]
        of_type = (made.number("r", 0.0) == 0) & (made.number("x", 0.0) == 0)
        typed = self.types.transformers(made, of_type)

        def taken(column: str, default: float) -> Floats:
            return np.where(of_type, typed[column], made.number(column, default))

        s_nom = taken("s_nom", 0.0)
        for k in np.flatnonzero(s_nom <= 0):
            made.fault(int(k), "s_nom", "must be stated and greater than 0", float(s_nom[k]))
        r, x, ratio = taken("r", 0.0), taken("x", 0.0), taken("tap_ratio", 1.0)
        # PyPSA's ratio is at bus 0 unless tap_side says otherwise; here it becomes part of the rated voltage there.
        at_first = taken("tap_side", 0.0) == 0
        kv = np.stack([np.where(at_first, kv[0] * ratio, kv[0]), np.where(at_first, kv[1], kv[1] * ratio)])
        g, b = taken("g", 0.0), taken("b", 0.0)
        shift = taken("phase_shift", 0.0)
        hv, lv = np.where(turned, ends[1], ends[0]), np.where(turned, ends[0], ends[1])
        return {
            "hv_bus": hv, "lv_bus": lv, "name": made.text("name"), "sn_mva": s_nom,
            "vn_hv_kv": np.where(turned, kv[1], kv[0]), "vn_lv_kv": np.where(turned, kv[0], kv[1]),
            "vkr_percent": 100 * r, "vk_percent": 100 * np.hypot(r, x),
            "pfe_kw": g * s_nom * 1e3, "i0_percent": 100 * np.hypot(g, b),
            "shift_degree": np.where(turned, -shift, shift),
        }  # fmt: skip

    def _generators(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Generators by what sets their voltage: external grids, voltage control, constant power."""
        made = self.of("generators")
        names, control = made.text("name"), np.array(made.text("control", "PQ"), dtype=object)
        if len(made) and not (control == "Slack").any():
            control[0] = "Slack"
            self.guessed.append(f"No generator is the slack: the first, {names[0]!r}, is taken, as PyPSA does.")
        p_mw = self.first("generators-p_set", names, made.number("p_set", 0.0))
        dispatched = self.first("generators-p", names, np.full(len(names), np.nan))
        taken = (p_mw == 0) & (np.nan_to_num(dispatched) != 0) & (control != "Slack")
        if taken.any():
            self.guessed.append(
                f"{np.count_nonzero(taken)} generators without p_set feed in what the network's dispatch says."
            )
        p_mw = np.where(taken, dispatched, p_mw) * made.number("sign", 1.0)
        q_mvar = self.first("generators-q_set", names, made.number("q_set", 0.0))
        at = made.place("bus", self.places)
        vm_pu = self.of("buses").number("v_mag_pu_set", 1.0, above=0)[at] if len(self.names) else np.ones(len(at))
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
