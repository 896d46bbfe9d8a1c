"""A grid drawn on a map: points and lines with attributes, in GeoJSON or GeoPackage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats, Ints
from grid.errors import Fault, nearest, raise_if_any
from grid.files.content import shown_path
from grid.readers.maps.distances import length_km, planar_km
from grid.readers.maps.features import Feature, Features
from grid.readers.records import FileRecords, is_missing
from grid.readers.report import PLACE, GridReport, ReadGrid

SNAP_KM: Final = 0.002
"""How far the end of a line, or an element, may be from its bus."""
LAYERS: Final[Mapping[str, tuple[str, ...]]] = {
    "bus": ("bus", "buses", "node", "nodes"),
    "line": ("line", "lines", "cable", "cables"),
    "trafo": ("trafo", "trafos", "transformer", "transformers"),
    "load": ("load", "loads"),
    "sgen": ("sgen", "sgens", "generator", "generators"),
    "storage": ("storage", "storages"),
    "ext_grid": ("ext_grid", "ext_grids", "source", "sources"),
    "switch": ("switch", "switches"),
}
"""Names of layers, or of the attribute `element`, by table."""
TABLES: Final = {name: table for table, names in LAYERS.items() for name in names}
IMPEDANCES: Final = ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka")
OF_VOLTAGE: Final = ("const_z_p_percent", "const_i_p_percent", "const_z_q_percent", "const_i_q_percent")
UNREAD: Final = ("gen", "shunt", "trafo3w", "impedance", "ward", "xward", "motor", "dcline", "asymmetric_load",
                 "asymmetric_sgen", "svc", "ssc", "tcsc")  # fmt: skip
"""Tables of pandapower that no map holds; without them the grid would be another."""
NOT_ELECTRIC: Final = ("name", "element", "layer", "fid", "id", "ogc_fid", "std_type", "type", "zone", "closed")
"""Attributes whose absence from a net changes nothing, or that are read elsewhere."""
OF_TRAFO: Final = ("sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "pfe_kw", "i0_percent")


def read_geographic(features: Features, path: Path) -> ReadGrid:
    """The grid in the features of a map.

    A feature is an element of the table that its layer or its attribute ``element`` names; its attributes are those of
    pandapower. Lines and transformers have a ``std_type`` or their parameters. Ends of lines and buses of elements are
    named (``from_bus``, ``to_bus``, ``bus``, ``hv_bus``, ``lv_bus``) or taken by place.

    Args:
        features: What the file holds.
        path: The file, for messages.

    Raises:
        InputError: With all that is wrong.
    """
    faults: list[Fault] = []
    build = _Build(features, faults)
    tables = build.tables()
    raise_if_any(faults, shown_path(path))
    net = _pandapower.net_of_tables(path.stem, tables)
    report = GridReport(
        source=path.name, form=f"{features.form}, EPSG:{features.coordinates.epsg}", converter="gridcarbon",
        read=_pandapower.element_counts(net), guessed=tuple(build.guessed), dropped=tuple(build.dropped),
    )  # fmt: skip
    return ReadGrid(_pandapower.checked(net, path), report)


class _Build:
    """The tables of one map while they are made."""

    def __init__(self, features: Features, faults: list[Fault]) -> None:
        self.geographic, self.faults = features.geographic, faults
        self.guessed: list[str] = []
        self.dropped: list[str] = []
        self.by_table: dict[str, list[Feature]] = {table: [] for table in LAYERS}
        self.bus_xy = np.zeros((0, 2))
        self.bus_index: dict[Any, int] = {}
        unknown: dict[str, int] = {}
        for feature in features.features:
            said = str(feature.properties.get("element") or feature.layer or _by_shape(feature)).casefold()
            if said in TABLES:
                self.by_table[TABLES[said]].append(feature)
            else:
                unknown[said] = unknown.get(said, 0) + 1
        faults += [Fault(PLACE, f"a {name} is not read from maps", count)
                   for name, count in unknown.items() if name in UNREAD]  # fmt: skip
        self.asked: dict[str, FileRecords] = {}
        self.dropped += [
            f"{count} features of {name!r}, which is no table of a grid." for name, count in unknown.items()
        ]

    def of(self, table: str) -> FileRecords:
        """The records of a table."""
        found = self.by_table[table]
        if table not in self.asked:
            self.asked[table] = FileRecords(
                table, [feature.properties for feature in found], [feature.label for feature in found], self.faults
            )
        return self.asked[table]

    def tables(self) -> dict[str, Mapping[str, Any]]:
        """All tables."""
        tables: dict[str, Mapping[str, Any]] = {"bus": self._buses()}
        if not self.bus_index:
            self.faults.append(Fault(PLACE, "has no buses: points of a layer 'bus', with an attribute vn_kv"))
            return tables
        tables |= {"line": self._lines(), "trafo": self._trafos()}
        for table, needed in (("load", "p_mw"), ("sgen", "p_mw"), ("storage", "p_mw"), ("ext_grid", "")):
            tables[table] = self._at_buses(table, needed)
        tables["switch"] = self._switches(tables["line"])
        for table, records in self.asked.items():
            if others := records.not_looked_at(*NOT_ELECTRIC):
                named = ", ".join(f"{column} ({count})" for column, count in others.items())
                self.dropped.append(f"Attributes of table {table} that are not read: {named}.")
        return tables

    def _buses(self) -> Mapping[str, Any]:
        buses = self.of("bus")
        found = self.by_table["bus"]
        xy = np.array([_point(feature.shape) for feature in found], dtype=float).reshape(-1, 2)
        for k, feature in enumerate(found):
            if feature.shape is not None and not np.isfinite(xy[k]).all():
                buses.fault(k, "geometry", "must be a point")
        names = [name or f"bus {k}" for k, name in enumerate(buses.text("name"))]
        self.bus_xy, self.bus_index = xy, {name: k for k, name in enumerate(names)}
        if len(self.bus_index) < len(names):
            self.faults.append(Fault("bus", "must have different names"))
        columns: dict[str, Any] = {"vn_kv": buses.number("vn_kv", above=0), "name": names, "x": xy[:, 0], "y": xy[:, 1]}
        columns |= {name: buses.number(name, np.nan) for name in ("min_vm_pu", "max_vm_pu")}
        return columns | {"zone": [zone or None for zone in buses.text("zone")], "in_service": buses.flag("in_service")}

    def _lines(self) -> Mapping[str, Any]:
        lines, found = self.of("line"), self.by_table["line"]
        ends = [self._ends(lines, found, column, last) for column, last in (("from_bus", 0), ("to_bus", -1))]
        drawn = np.array([length_km(feature.shape, geographic=self.geographic) for feature in found])
        stated = lines.stated("length_km")
        if (~stated).any():
            self.guessed.append(f"{np.count_nonzero(~stated)} lines state no length: that of their drawing is taken.")
        length = np.where(stated, lines.number("length_km", 1.0, above=0), drawn)
        for k in np.flatnonzero(~stated & ~(drawn > 0)):
            lines.fault(int(k), "geometry", "must be a line where length_km is not stated")
        parallel = lines.number("parallel", 1.0, least=1)
        common = {"from_bus": ends[0], "to_bus": ends[1], "name": _named(lines, "line"), "length_km": length}
        common |= {"parallel": np.nan_to_num(parallel, nan=1.0).astype(int), "in_service": lines.flag("in_service"),
                   "df": lines.number("df", 1.0, above=0), "g_us_per_km": lines.number("g_us_per_km", 0.0)}  # fmt: skip
        for k in np.flatnonzero((ends[0] == ends[1]) & (ends[0] >= 0)):
            lines.fault(int(k), "from_bus, to_bus", "must be two buses", list(self.bus_index)[int(ends[0][k])])
        return common | self._parameters(lines, "line", IMPEDANCES)

    def _trafos(self) -> Mapping[str, Any]:
        trafos, found = self.of("trafo"), self.by_table["trafo"]
        ends = [self._ends(trafos, found, column, last) for column, last in (("hv_bus", 0), ("lv_bus", -1))]
        for k in np.flatnonzero((ends[0] == ends[1]) & (ends[0] >= 0)):
            trafos.fault(int(k), "hv_bus, lv_bus", "must be stated, or drawn as a line between two buses")
        common = {
            "hv_bus": ends[0],
            "lv_bus": ends[1],
            "name": _named(trafos, "trafo"),
            "in_service": trafos.flag("in_service"),
            "parallel": np.nan_to_num(trafos.number("parallel", 1.0, least=1), nan=1.0).astype(int),
            "df": trafos.number("df", 1.0, above=0),
        }
        parameters = self._parameters(trafos, "trafo", OF_TRAFO)
        self._fold_taps(trafos, parameters)
        return common | parameters

    def _fold_taps(self, trafos: FileRecords, parameters: dict[str, Any]) -> None:
        """Makes taps that are not at their neutral position part of the rated voltage of their side."""
        types, names = _pandapower.standard_types("trafo"), trafos.text("std_type")
        of_type = [types.get(name, {}) for name in names]

        def stated(column: str) -> Floats:
            kind = np.array([float(each.get(column) or 0.0) for each in of_type])
            return np.where(trafos.stated(column), trafos.number(column, 0.0), kind)

        neutral, step, turn = stated("tap_neutral"), stated("tap_step_percent"), stated("tap_step_degree")
        sides = [side or str(each.get("tap_side") or "hv") for side, each in
                 zip(trafos.text("tap_side"), of_type, strict=True)]  # fmt: skip
        moved = np.where(trafos.stated("tap_pos"), trafos.number("tap_pos", 0.0) - neutral, 0.0)
        for k in np.flatnonzero((moved != 0) & ((step == 0) | (turn != 0))):
            rule = "needs tap_step_percent, and no tap_step_degree, where it is not tap_neutral"
            trafos.fault(int(k), "tap_pos", rule, float(moved[k] + neutral[k]))
        for side in ("hv", "lv"):
            here = np.array([each == side for each in sides], dtype=bool)
            parameters[f"vn_{side}_kv"] = parameters[f"vn_{side}_kv"] * np.where(here, 1 + moved * step / 100, 1.0)

    def _parameters(self, records: FileRecords, table: str, columns: Sequence[str]) -> dict[str, Any]:
        """Parameters as stated, else those of the standard type that is named; a fault where there are neither."""
        types = _pandapower.standard_types(table)
        names = records.text("std_type")
        own = np.array([all(not is_missing(row.get(column)) for column in columns) for row in records.rows], dtype=bool)
        for k, name in enumerate(names):
            if not own[k] and name not in types:
                rule = f"must be a standard type of pandapower, or {', '.join(columns)} all be stated"
                records.fault(k, "std_type", rule, name or None, nearest(name, types) if name else None)
        found = [types.get(name, {}) for name in names]
        values: dict[str, Any] = {
            column: np.where(
                records.stated(column),
                records.number(column, 0.0, least=0),
                [float(kind.get(column, 0.0)) for kind in found],
            )
            for column in columns
        }
        if table == "trafo":
            of_type = [float(kind.get("shift_degree", 0.0)) for kind in found]
            values["shift_degree"] = np.where(
                records.stated("shift_degree"), records.number("shift_degree", 0.0), of_type
            )
        return values

    def _ends(self, records: FileRecords, found: Sequence[Feature], column: str, last: int) -> Ints:
        """Indices of the buses at one end: those named, else the nearest to that end of the drawing."""
        at = np.full(len(records), -1, dtype=np.int64)
        named = records.stated(column)
        if named.any():
            at[named] = records.where(named).index(column, self.bus_index)
        for k in np.flatnonzero(~named):
            at[k] = self._nearest(records, int(k), column, _end(found[int(k)].shape, last))
        return at

    def _nearest(self, records: FileRecords, row: int, column: str, point: tuple[float, float]) -> int:
        """The bus at a point; -1 and a fault where there is none."""
        if not np.isfinite(point).all():
            records.fault(row, column, "must be stated where nothing is drawn")
            return -1
        if np.isnan(self.bus_xy).all():
            records.fault(row, column, "must be stated, since no bus is drawn as a point")
            return -1
        gap_km = planar_km(self.bus_xy, np.array(point), geographic=self.geographic)
        best = int(np.argmin(np.where(np.isnan(gap_km), np.inf, gap_km)))
        if not gap_km[best] <= SNAP_KM:
            names = list(self.bus_index)
            rule = (
                f"no bus within {1e3 * SNAP_KM:g} m; the nearest is {names[best]!r}, {1e3 * gap_km[best]:,.1f} m away"
            )
            records.fault(row, column, rule)
            return -1
        return best

    def _at_buses(self, table: str, needed: str) -> Mapping[str, Any]:
        """Elements at one bus each."""
        records, found = self.of(table), self.by_table[table]
        columns: dict[str, Any] = {"bus": self._ends(records, found, "bus", 0), "name": _named(records, table)}
        if needed:
            scaling = records.number("scaling", 1.0)
            columns |= {needed: records.number(needed) * scaling, "q_mvar": records.number("q_mvar", 0.0) * scaling}
            columns["type"] = [kind or None for kind in records.text("type")]
        if table == "load":
            columns["sector"] = [sector or None for sector in records.text("sector")]
            columns |= {name: records.number(name, 0.0, least=0) for name in OF_VOLTAGE if records.has(name)}
        if table == "storage":
            columns["max_e_mwh"] = records.number("max_e_mwh", 0.0, least=0)
        if table == "ext_grid":
            columns |= {"vm_pu": records.number("vm_pu", 1.0, above=0), "va_degree": records.number("va_degree", 0.0)}
            if not len(records):
                self.faults.append(Fault(PLACE, "has no external grid: a point of a layer 'ext_grid'"))
            elif not records.has("vm_pu"):
                self.guessed.append("External grids state no voltage: 1 pu is assumed.")
        return columns | {"in_service": records.flag("in_service")}

    def _switches(self, lines: Mapping[str, Any]) -> Mapping[str, Any]:
        """Switches between two buses (`bus`, `other_bus`), or at the end of a line (`bus`, `line`)."""
        records = self.of("switch")
        line_index: dict[Any, int] = {name: k for k, name in enumerate(lines["name"])}
        at = records.index("bus", self.bus_index)
        of_line = records.stated("line")
        element = np.full(len(records), -1, dtype=np.int64)
        element[of_line] = records.where(of_line).index("line", line_index, "line")
        element[~of_line] = records.where(~of_line).index("other_bus", self.bus_index)
        et = ["l" if each else "b" for each in of_line]
        return {"bus": at, "element": element, "et": et, "closed": records.flag("closed"), "name": records.text("name")}


def _named(records: FileRecords, table: str) -> list[str]:
    return [name or f"{table} {k}" for k, name in enumerate(records.text("name"))]


def _by_shape(feature: Feature) -> str:
    """What a feature is that says nothing: lines are lines, points with a rated voltage buses, with a power loads."""
    kind = getattr(feature.shape, "geom_type", "")
    if "LineString" in kind:
        return "line"
    if kind == "Point":
        return "bus" if "vn_kv" in feature.properties else "load" if "p_mw" in feature.properties else "point"
    return kind or "nothing"


def _point(shape: Any) -> tuple[float, float]:
    """Coordinates of a point; NaN for anything else."""
    if getattr(shape, "geom_type", "") != "Point" or shape.is_empty:
        return np.nan, np.nan
    return float(shape.x), float(shape.y)


def _end(shape: Any, last: int) -> tuple[float, float]:
    """The first (0) or last (-1) point of a drawing; NaN where there is none."""
    points = _vertices(shape)
    return (float(points[last, 0]), float(points[last, 1])) if len(points) else (np.nan, np.nan)


def _vertices(shape: Any) -> Floats:
    """The points of a drawing in order, shape (V, 2)."""
    import shapely  # noqa: PLC0415  slow to import

    return np.asarray(shapely.get_coordinates(shape)) if shape is not None else np.zeros((0, 2))
