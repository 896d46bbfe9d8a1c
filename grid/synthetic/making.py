"""A synthetic grid: a supply, open rings of medium voltage, secondary substations, radial feeders of low voltage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.readers.report import GridReport, ReadGrid
from grid.synthetic.loads import PLACE, LoadPoints, read_load_points
from grid.synthetic.routes import FeederTree, StreetGraph, clusters, rings, spanning_tree, street_graph, street_tree
from grid.synthetic.sizing import (
    LV_DROP,
    LV_KV,
    MV_KV,
    ring_most_mva,
    size_ring,
    size_tree,
    substation_transformer,
    supply_transformers,
)
from grid.synthetic.spec import SyntheticSpec

HV_KV: Final = 110.0
VM_MIN_PU, VM_MAX_PU = 0.9, 1.1
"""Limits of voltage: EN 50160:2010, clause 5.2.2."""
STREETS_LONGER: Final = 2.0
"""How much longer than `feeder_max_km` the way along streets may be; beyond, cables lie in straight lines."""
MOST_TRIES: Final = 4
"""How often cables are sized again, each time for half the drop, until limits hold in a power flow."""


def synthetic_grid(spec: SyntheticSpec, folder: Path) -> ReadGrid:
    """Makes a grid of loads with coordinates, by the rules of `docs/synthetic_grid.md`.

    Args:
        spec: What it is made of.
        folder: Folder that names of files are relative to.

    Raises:
        InputError: With all that is wrong with the files, or if no grid by these rules keeps the limits.
    """
    points = read_load_points(spec, folder)
    streets = street_graph(points.streets) if points.streets else None
    drop = LV_DROP
    for _ in range(MOST_TRIES):
        made = _Making(spec, points, streets, drop)
        net = _pandapower.net_of_tables(f"synthetic {Path(spec.loads).stem}", made.tables())
        state = _pandapower.solved_extremes(net)
        if state is not None and state.within(VM_MIN_PU, VM_MAX_PU, 100.0):
            return ReadGrid(net, _report(spec, points, made, net, str(state)))
        drop /= 2
    rule = "no grid by these rules keeps 0.9 to 1.1 pu and 100 % at the peak: are loads too large or too far apart?"
    raise InputError.single(f"{PLACE}.loads", rule)


def _report(spec: SyntheticSpec, points: LoadPoints, made: _Making, net: Any, state: str) -> GridReport:
    """What the grid was made of, and that it was made."""
    along = "streets" if points.streets else "straight lines"
    guessed = [*points.guessed]
    if made.off_streets:
        guessed.append(
            f"{made.off_streets} substations do not reach their loads along the streets: straight lines there."
        )
    return GridReport(
        source=spec.loads, form="loads with coordinates", converter="gridcarbon (docs/synthetic_grid.md)",
        read=_pandapower.element_counts(net), guessed=tuple(guessed), compared=(f"At the peak: {state}.",),
        synthetic=f"This grid is synthetic: made by rule from {len(points.names)} loads and {along}, no model of a "
        "real grid; its voltages, loadings and losses are those of a plausible grid, not of the city's.",
    )  # fmt: skip


class _Making:
    """One grid while it is made; rows of tables are gathered."""

    def __init__(self, spec: SyntheticSpec, points: LoadPoints, streets: StreetGraph | None, drop: float) -> None:
        self.spec, self.points, self.streets, self.drop = spec, points, streets, drop
        self.off_streets = 0
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in ("bus", "line", "trafo", "load", "switch")}

    def tables(self) -> dict[str, dict[str, Any]]:
        """All tables."""
        points, spec = self.points, self.spec
        large = points.s_mva > spec.substation_max_mva
        small = np.flatnonzero(~large)
        groups = [small[group] for group in clusters(
            points.km[small], points.s_mva[small], spec.substation_max_mva, spec.feeder_max_km, spec.seed
        )] if small.size else []  # fmt: skip
        groups += [np.array([k]) for k in np.flatnonzero(large)]
        middles = np.array([
            np.average(points.km[group], axis=0, weights=np.maximum(points.s_mva[group], 1e-9)) for group in groups
        ])  # fmt: skip
        p_mw, q_mvar = (np.array([values[group].sum() for group in groups]) for values in (points.p_mw, points.q_mvar))
        middle = np.average(middles, axis=0, weights=np.maximum(p_mw, 1e-9))
        nearest_substation = middles[np.argmin(((middles - middle) ** 2).sum(axis=1))]
        supply = nearest_substation + np.array([0.05, 0.0])  # beside it
        busbar = self._supply(supply, float(p_mw.sum()), float(q_mvar.sum()))
        for number, ring in enumerate(
            rings(middles, np.hypot(p_mw, q_mvar), supply, ring_most_mva(spec.reserve_share)), 1
        ):
            stations = [self._substation(groups[k], middles[k], f"{number}.{position}", f"ring {number}")
                        for position, k in enumerate(ring, 1)]  # fmt: skip
            self._ring(number, busbar, supply, stations, middles[ring], p_mw[ring], q_mvar[ring])
        found = {
            table: {key: [row[key] for row in rows] for key in rows[0]} for table, rows in self.rows.items() if rows
        }
        return found | {"ext_grid": {"bus": [0], "vm_pu": [1.0], "va_degree": [0.0], "name": ["supply"]}}

    def _bus(self, name: str, vn_kv: float, km: Floats, zone: str | None) -> int:
        x, y = self.points.given(km)
        self.rows["bus"].append({"vn_kv": vn_kv, "name": name, "x": float(x), "y": float(y), "zone": zone,
                                 "min_vm_pu": VM_MIN_PU, "max_vm_pu": VM_MAX_PU})  # fmt: skip
        return len(self.rows["bus"]) - 1

    def _line(self, a: int, b: int, length_km: float, std_type: str, parallel: int, name: str) -> int:
        self.rows["line"].append({"from_bus": a, "to_bus": b, "length_km": max(length_km, 1e-4), "std_type": std_type,
                                  "parallel": parallel, "name": name})  # fmt: skip
        return len(self.rows["line"]) - 1

    def _trafo(self, hv: int, lv: int, std_type: str, parallel: int, tap: int, name: str) -> None:
        row = {"hv_bus": hv, "lv_bus": lv, "std_type": std_type, "parallel": parallel, "tap_pos": tap, "name": name}
        self.rows["trafo"].append(row)

    def _supply(self, km: Floats, p_mw: float, q_mvar: float) -> int:
        """The grid above with its transformers; the busbar of the medium voltage."""
        above, busbar = self._bus("grid above", HV_KV, km, None), self._bus("busbar", MV_KV, km, None)
        kind, count, tap = supply_transformers(p_mw, q_mvar, self.spec.reserve_share)
        for number in range(1, count + 1):
            self._trafo(above, busbar, kind, 1, tap, f"supply {number}")
        return busbar

    def _substation(self, group: Ints, km: Floats, name: str, zone: str) -> int:
        """A secondary substation with its feeders, or a customer at medium voltage; its bus of medium voltage."""
        points, spec = self.points, self.spec
        mv = self._bus(f"MV {name}", MV_KV, km, zone)
        s_mva = float(np.hypot(points.p_mw[group].sum(), points.q_mvar[group].sum()))
        if group.size == 1 and s_mva > spec.substation_max_mva:
            self._load(int(group[0]), mv)
            return mv
        kind, parallel = substation_transformer(s_mva, spec.reserve_share)
        lv = self._bus(f"LV {name}", LV_KV, km, zone)
        self._trafo(mv, lv, kind, parallel, 0, f"substation {name}")
        tree = self._tree(group, km)
        at = np.maximum(tree.load, 0)
        p, q = (np.where(tree.load >= 0, values[at], 0.0) for values in (points.p_mw, points.q_mvar))
        cables = size_tree(tree, p, q, spec.reserve_share, self.drop)
        buses = [
            lv,
            *(self._bus(f"LV {name}.{node}", LV_KV, tree.km[node], zone) for node in range(1, tree.parent.size)),
        ]
        for node in range(1, tree.parent.size):
            self._line(buses[tree.parent[node]], buses[node], float(tree.length_km[node]), cables.std_type[node],
                       int(cables.parallel[node]), f"LV cable {name}.{node}")  # fmt: skip
            if tree.load[node] >= 0:
                self._load(int(tree.load[node]), buses[node])
        return mv

    def _tree(self, group: Ints, km: Floats) -> FeederTree:
        """Feeders of a substation: along streets where they lead to all its loads."""
        points = self.points
        if self.streets is not None:
            most_km = STREETS_LONGER * self.spec.feeder_max_km
            tree = street_tree(self.streets, points.km[group], km, group, most_km)
            if tree is not None:
                return tree
            self.off_streets += 1
        return spanning_tree(points.km[group], km, group)

    def _load(self, k: int, bus: int) -> None:
        points = self.points
        self.rows["load"].append({"bus": bus, "name": points.names[k], "p_mw": float(points.p_mw[k]),
                                  "q_mvar": float(points.q_mvar[k]), "sector": points.sectors[k]})  # fmt: skip

    def _ring(
        self,
        number: int,
        busbar: int,
        supply: Floats,
        stations: Sequence[int],
        km: Floats,
        p_mw: Floats,
        q_mvar: Floats,
    ) -> None:
        """A ring from the busbar through substations and back, open where both halves draw about the same."""
        way = np.vstack([supply, km, supply])
        length = np.maximum(np.hypot(*(way[1:] - way[:-1]).T), 1e-3)
        cables = size_ring(length, p_mw, q_mvar)
        nodes = [busbar, *stations, busbar]
        fed = np.concatenate([[0.0], np.cumsum(p_mw)])
        open_at = int(np.argmin(np.maximum(fed, p_mw.sum() - fed)))
        for k in range(len(length)):
            line = self._line(nodes[k], nodes[k + 1], float(length[k]), cables.std_type[k], int(cables.parallel[k]),
                              f"MV cable {number}.{k + 1}")  # fmt: skip
            if k == open_at:
                self.rows["switch"].append({"bus": nodes[k], "element": line, "et": "l", "closed": False,
                                            "name": f"open point of ring {number}"})  # fmt: skip
