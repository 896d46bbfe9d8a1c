"""Input data of power-grid-model as JSON, in pandapower's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.files.content import shown_path
from grid.readers.records import FileRecords
from grid.readers.report import PLACE, GridReport, ReadGrid
from grid.readers.two_ports import as_t
from grid.readers.voltage_shares import VoltageShares, joined_buses

BRANCHES: Final = ("line", "link", "transformer")
REFUSED: Final = ("three_winding_transformer", "generic_branch", "asym_line")
"""Branches that are not read; without them the grid would be another, so they are refused by name."""
READ: Final = ("node", *BRANCHES, "source", "sym_load", "sym_gen", "asym_load", "asym_gen", "shunt")
IMPEDANCE, CURRENT = 1, 2
"""Values of ``type`` of a load: constant impedance, constant current; 0 is constant power."""
UNLIMITED_A: Final = 1e9
"""Rated currents from here on are none."""
SOURCE_VA: Final = 1e10
"""Short-circuit power of a source that states none, as power-grid-model has it."""
F_HZ: Final = 50.0


def is_power_grid_model(decoded: Any) -> bool:
    """Whether a decoded JSON file is data of power-grid-model."""
    return isinstance(decoded, Mapping) and {"version", "type", "is_batch", "data"} <= set(decoded)


def read_power_grid_model(decoded: Mapping[str, Any], path: Path) -> ReadGrid:
    """The grid in input data of power-grid-model.

    Args:
        decoded: What the file says.
        path: The file, for messages.

    Raises:
        InputError: With all that is wrong: other data than input, missing values, ids that do not exist, branches that
            are not read.
    """
    faults: list[Fault] = []
    if decoded.get("type") != "input" or decoded.get("is_batch") is not False:
        faults.append(
            Fault(PLACE, "must be input data and no batch", f"{decoded.get('type')}, {decoded.get('is_batch')}")
        )
    components = dict(_components(decoded, faults))
    faults += [
        Fault(PLACE, f"a {name} is not read", len(rows))
        for name, rows in components.items()
        if name in REFUSED and rows
    ]
    raise_if_any(faults, shown_path(path))
    build = _Build(components, faults)
    tables = build.tables()
    if not build.bus_index:
        faults.append(Fault(PLACE, "has no nodes"))
    raise_if_any(faults, shown_path(path))
    net = _pandapower.net_of_tables(path.stem, tables, F_HZ)
    for column, values in build.voltage_dependence.items():
        net.load[column] = values
    unread = {name: len(rows) for name, rows in components.items() if name not in READ and rows}
    report = GridReport(
        source=path.name, form="power-grid-model JSON", converter="gridcarbon", read=_pandapower.element_counts(net),
        guessed=tuple(build.guessed), dropped=tuple(f"{count} of {name}." for name, count in unread.items()),
    )  # fmt: skip
    return ReadGrid(_pandapower.checked(net, path), report)


def _components(decoded: Mapping[str, Any], faults: list[Fault]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Records by component; those that list values by an order of attributes are written out."""
    data, attributes = decoded.get("data"), decoded.get("attributes") or {}
    if not isinstance(data, Mapping) or not isinstance(attributes, Mapping):
        faults.append(Fault("data", "must be a mapping of components"))
        return
    for name, rows in data.items():
        order = attributes.get(name)
        if not isinstance(rows, list):
            faults.append(Fault(f"data.{name}", "must be a list"))
            continue
        records: list[Mapping[str, Any]] = []
        for k, row in enumerate(rows):
            if isinstance(row, Mapping):
                records.append(row)
            elif isinstance(row, list) and isinstance(order, list) and len(row) == len(order):
                records.append(dict(zip(map(str, order), row, strict=True)))
            else:
                faults.append(Fault(f"data.{name}[{k}]", "must be a mapping, or a list as long as its attributes"))
        yield str(name), records


class _Build:
    """The tables of one grid while they are made."""

    def __init__(self, components: Mapping[str, Sequence[Mapping[str, Any]]], faults: list[Fault]) -> None:
        self.components, self.faults = components, faults
        self.guessed = [f"The frequency is that of power-grid-model by default, {F_HZ:g} Hz."]
        self.switches: list[tuple[int, int, str, bool]] = []
        self.shares = VoltageShares(np.zeros(0, dtype=np.int64))
        self.voltage_dependence: dict[str, Floats] = {}
        nodes = self.of("node")
        self.bus_index: dict[Any, int] = {
            row.get("id"): k for k, row in enumerate(nodes.rows) if isinstance(row.get("id"), int)
        }
        if len(self.bus_index) < len(nodes):
            faults.append(Fault("node", "must have different whole numbers as ids"))
        ids = Counter(row["id"] for rows in components.values() for row in rows if isinstance(row.get("id"), int))
        faults += [Fault("id", f"must be of one component; {count} have it", id_)
                   for id_, count in ids.items() if count > 1]  # fmt: skip

    def of(self, component: str) -> FileRecords:
        """The records of a component."""
        rows = self.components.get(component, ())
        return FileRecords(component, rows, [row.get("id") for row in rows], self.faults)

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """All tables."""
        nodes = self.of("node")
        vn_kv = nodes.number("u_rated", above=0, factor=1e-3)
        bus = {"vn_kv": vn_kv, "name": _names(nodes, "node"),
               "x": nodes.number("x", np.nan), "y": nodes.number("y", np.nan)}  # fmt: skip
        source = self.of("source")
        tables: dict[str, Mapping[str, Any]] = {"bus": bus, "line": self._lines(), "trafo": self._transformers()}
        tables["ext_grid"] = {
            "bus": source.index("node", self.bus_index, "node"), "name": _names(source, "source"),
            "vm_pu": self._references(source), "va_degree": np.rad2deg(source.number("u_ref_angle", 0.0)),
            "s_sc_max_mva": source.number("sk", SOURCE_VA, above=0, factor=1e-6),
            "rx_max": source.number("rx_ratio", 0.1, least=0),
            "in_service": source.flag("status"),
        }  # fmt: skip
        self._links()
        closed = [(a, b) for a, b, kind, is_closed in self.switches if kind == "b" and is_closed]
        self.shares = VoltageShares(joined_buses(len(self.bus_index), closed))
        tables |= self._injections()
        self.voltage_dependence = self.shares.percent(self.guessed, _names(nodes, "node"))
        self._told_of_sources(source)
        shunt = self.of("shunt")
        at = shunt.index("node", self.bus_index, "node")
        u_kv = vn_kv[at] if len(vn_kv) else np.ones(len(at))
        tables["shunt"] = {
            "bus": at, "name": _names(shunt, "shunt"), "vn_kv": u_kv, "p_mw": shunt.number("g1", 0.0) * u_kv**2,
            "q_mvar": -shunt.number("b1", 0.0) * u_kv**2, "in_service": shunt.flag("status"),
        }  # fmt: skip
        columns = list(zip(*self.switches, strict=True))
        if columns:
            tables["switch"] = dict(zip(("bus", "element", "et", "closed"), map(list, columns), strict=True))
        return tables

    def _references(self, source: FileRecords) -> Floats:
        """Voltages that sources hold [pu]; one that is out of service need not state it."""
        for k in np.flatnonzero(source.flag("status") & ~source.stated("u_ref")):
            source.fault(int(k), "u_ref", "is missing")
        return source.number("u_ref", 1.0, above=0)

    def _ends(self, records: FileRecords, letter: str) -> tuple[Ints, Ints]:
        """Indices of the buses of both ends of branches; an end that is open becomes a switch of pandapower."""
        ends = [records.index(column, self.bus_index, "node") for column in ("from_node", "to_node")]
        for at, column in zip(ends, ("from_status", "to_status"), strict=True):
            for k in np.flatnonzero(~records.flag(column)):
                if letter:
                    self.switches.append((int(at[k]), int(k), letter, False))
        return ends[0], ends[1]

    def _lines(self) -> Mapping[str, Any]:
        lines = self.of("line")
        from_bus, to_bus = self._ends(lines, "l")
        max_i_a = lines.number("i_n", UNLIMITED_A, above=0)
        columns = {
            "from_bus": from_bus, "to_bus": to_bus, "name": _names(lines, "line"), "length_km": np.ones(len(lines)),
            "r_ohm_per_km": lines.number("r1"), "x_ohm_per_km": lines.number("x1"),
            "c_nf_per_km": lines.number("c1", 0.0, factor=1e9),
            "g_us_per_km": 2 * np.pi * F_HZ * lines.number("c1", 0.0) * lines.number("tan1", 0.0) * 1e6,
            "max_i_ka": np.where(max_i_a < UNLIMITED_A, max_i_a, 0.0) / 1e3,
        }  # fmt: skip
        if len(lines):
            self.guessed.append("Lines state no length: 1 km is assumed, and impedances are those of the whole line.")
        if lines.stated("r0").all() and lines.stated("x0").all() and len(lines):
            columns |= {"r0_ohm_per_km": lines.number("r0"), "x0_ohm_per_km": lines.number("x0"),
                        "c0_nf_per_km": lines.number("c0", 0.0, factor=1e9)}  # fmt: skip
        return columns

    def _links(self) -> None:
        """Links, whose impedance is next to nothing, as switches between buses."""
        links = self.of("link")
        from_bus, to_bus = self._ends(links, "")
        closed = links.flag("from_status") & links.flag("to_status")
        self.switches += [(int(a), int(b), "b", bool(c)) for a, b, c in zip(from_bus, to_bus, closed, strict=True)]

    def _transformers(self) -> Mapping[str, Any]:
        made = self.of("transformer")
        ends = np.array(self._ends(made, "t"))
        sn_mva = made.number("sn", above=0, factor=1e-6)
        u_kv = np.array([made.number("u1", above=0, factor=1e-3), made.number("u2", above=0, factor=1e-3)])
        side = made.number("tap_side", 0.0)
        low, neutral, high = (made.number(name, 0.0) for name in ("tap_min", "tap_nom", "tap_max"))
        stated = made.stated("tap_pos")  # else it is that of the rated voltage
        position = np.clip(np.where(stated, made.number("tap_pos", 0.0), neutral), np.minimum(low, high),
                           np.maximum(low, high))  # fmt: skip
        step_kv = made.number("tap_size", 0.0, least=0, factor=1e-3) * np.where(high < low, -1.0, 1.0)
        rated_kv = np.where(side == 0, u_kv[0], u_kv[1])
        turned = u_kv[0] < u_kv[1]  # the first winding is that of the lower voltage
        hv, lv = turned.astype(int), (~turned).astype(int)
        every, shift = np.arange(len(made)), 30.0 * made.number("clock", 0.0)
        vk, vkr = _at_tap(made, "uk", position, above=0), _at_tap(made, "pk", position, least=0) * 1e-6 / sn_mva
        g, i0 = made.number("p0", least=0, factor=1e-6) / sn_mva, made.number("i0", least=0)
        # power-grid-model has transformers as a pi
        z, y = as_t(vkr + 1j * np.sqrt(np.maximum(vk**2 - vkr**2, 0.0)),
                    g - 1j * np.sqrt(np.maximum(i0**2 - g**2, 0.0)), np.ones(len(made), dtype=bool))  # fmt: skip
        return {
            "hv_bus": ends[hv, every], "lv_bus": ends[lv, every], "name": _names(made, "transformer"),
            "sn_mva": sn_mva, "vn_hv_kv": u_kv[hv, every], "vn_lv_kv": u_kv[lv, every],
            "vk_percent": np.abs(z) * 100, "vkr_percent": z.real * 100,
            "pfe_kw": y.real * sn_mva * 1e3, "i0_percent": np.abs(y) * 100,
            "shift_degree": np.where(turned, -shift, shift),
            "tap_side": np.where((side == 0) != turned, "hv", "lv"), "tap_neutral": neutral, "tap_pos": position,
            "tap_min": np.minimum(low, high), "tap_max": np.maximum(low, high),
            "tap_step_percent": step_kv / rated_kv * 100, "tap_step_degree": np.zeros(len(made)),
            "tap_changer_type": ["Ratio"] * len(made),
        }  # fmt: skip

    def _count(self, made: FileRecords, kind: Floats, sign: float) -> None:
        """Counts loads (1) or generators (-1) to what shares of voltage are of."""
        at, in_service = made.index("node", self.bus_index, "node"), made.flag("status")
        for column in ("p_specified", "q_specified"):
            for k in np.flatnonzero(in_service & ~made.stated(column)):
                made.fault(int(k), column, "is missing")
        power = made.number("p_specified", 0.0, factor=1e-6) + 1j * made.number("q_specified", 0.0, factor=1e-6)
        for bus, mva, which, used in zip(at, power, kind, in_service, strict=True):
            square, linear = (complex(which == each, which == each) for each in (IMPEDANCE, CURRENT))
            if sign > 0 and bus >= 0:
                self.shares.add(int(bus), complex(mva), square, linear, in_service=bool(used))
            elif bus >= 0 and used:
                self.shares.add_constant(int(bus), -complex(mva))

    def _told_of_sources(self, source: FileRecords) -> None:
        """Says that sources hold their voltage at the node, and how far their own impedance would move it."""
        used = source.flag("status")
        if not used.any():
            return
        least_mva = float(source.number("sk", SOURCE_VA, above=0, factor=1e-6)[used].min())
        self.guessed.append(
            f"Sources hold their voltage at the node; behind their own impedance ({least_mva:,.4g} MVA) it would be "
            f"about {abs(self.shares.total) / least_mva:.1e} pu from it at the file's loads. It counts in three phases."
        )

    def _told_of_dependent(self, what: str, kind: Floats) -> None:
        """Says how many of a kind depend on voltage, which is not followed."""
        if (kind != 0).any():
            self.guessed.append(
                f"{np.count_nonzero(kind != 0)} {what} that depend on voltage are taken as constant power."
            )

    def _injections(self) -> dict[str, Mapping[str, Any]]:
        """Loads and generators, balanced and by phase."""
        tables: dict[str, Mapping[str, Any]] = {}
        for component, table in (("sym_load", "load"), ("sym_gen", "sgen")):
            made = self.of(component)
            draws = (made.number("p_specified", 0.0) != 0) | (made.number("q_specified", 0.0) != 0)
            kind = made.number("type", 0.0)
            made, kind = made.where(draws | (kind == 0)), kind[draws | (kind == 0)]
            self._count(made, kind, 1.0 if table == "load" else -1.0)
            if table == "sgen":
                self._told_of_dependent("generators", kind)
            tables[table] = {
                "bus": made.index("node", self.bus_index, "node"), "name": _names(made, component),
                "p_mw": made.number("p_specified", 0.0, factor=1e-6),
                "q_mvar": made.number("q_specified", 0.0, factor=1e-6),
                "in_service": made.flag("status"),
            }  # fmt: skip
        for component, table in (("asym_load", "asymmetric_load"), ("asym_gen", "asymmetric_sgen")):
            made = self.of(component)
            if not len(made):
                continue
            split = FileRecords(component, [_by_phase(row) for row in made.rows], made.labels, self.faults)
            powers = {
                f"{quantity}_{phase}_{unit}": split.number(f"{quantity}_{phase}", factor=1e-6)
                for quantity, unit in (("p", "mw"), ("q", "mvar")) for phase in "abc"
            }  # fmt: skip
            self._told_of_dependent("loads or generators by phase", made.number("type", 0.0))
            drawn_mva = sum(powers[f"p_{phase}_mw"] + 1j * powers[f"q_{phase}_mvar"] for phase in "abc")
            at, in_service = made.index("node", self.bus_index, "node"), made.flag("status")
            for bus, used, power in zip(at, in_service, np.atleast_1d(drawn_mva), strict=True):
                if bus >= 0 and used:
                    self.shares.add_constant(int(bus), complex(power) * (1 if component == "asym_load" else -1))
            tables[table] = {"bus": at, "name": _names(made, component), **powers, "in_service": in_service}
        return tables


def _names(records: FileRecords, prefix: str) -> list[str]:
    """Names that the data carry along, else the component and its id."""
    return [name or f"{prefix} {label}" for name, label in zip(records.text("name"), records.labels, strict=True)]


def _at_tap(made: FileRecords, quantity: str, position: Floats, **limits: float) -> Floats:
    """``uk`` or ``pk`` at the position of the tap, linear from the neutral one to what is stated at either end."""
    value, neutral = made.number(quantity, **limits), made.number("tap_nom", 0.0)
    upper = made.number("tap_max", 0.0)
    at_upper = (position - neutral) * (upper - neutral) >= 0
    for end, here in (("max", at_upper), ("min", ~at_upper)):
        there, tap = made.number(f"{quantity}_{end}", np.nan, **limits), made.number(f"tap_{end}", 0.0)
        slope = np.divide(there - value, tap - neutral, out=np.zeros(len(made)), where=(tap != neutral) & here)
        value = np.where(here & made.stated(f"{quantity}_{end}"), value + slope * (position - neutral), value)
    return value


def _by_phase(row: Mapping[str, Any]) -> dict[str, Any]:
    """The powers of a record by phase; what is no list of three is left out, and missed later."""
    found: dict[str, Any] = {}
    for quantity in "pq":
        values = row.get(f"{quantity}_specified")
        if isinstance(values, list) and len(values) == 3:
            found |= {f"{quantity}_{phase}": value for phase, value in zip("abc", values, strict=True)}
    return found
