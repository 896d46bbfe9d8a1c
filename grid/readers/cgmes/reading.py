"""The grid in CIM/CGMES profiles, in pandapower's tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.errors import raise_if_any
from grid.files.content import shown_path
from grid.readers.cgmes.branches import F_HZ, CimBranches
from grid.readers.cgmes.files import read_profiles
from grid.readers.cgmes.injections import CimInjections
from grid.readers.cgmes.nodes import CimNodes
from grid.readers.cgmes.objects import CimObjects
from grid.readers.cgmes.places import bus_coordinates
from grid.readers.cgmes.references import ENDS, hold_at_others, references
from grid.readers.compared import compare_voltages
from grid.readers.report import GridReport, ReadGrid

BESIDE: Final = (
    "Terminal", "Substation", "SubGeographicalRegion", "GeographicalRegion", "BusbarSection", "Junction",
    "TopologicalIsland", "SvPowerFlow", "SvTapStep", "SvShuntCompensatorSections", "SvSwitch", "TapChangerControl",
    "Line", "SvVoltage", "SvStatus", "CurveData", "ReactiveCapabilityCurve", "DCTopologicalNode",
    "LoadGroup", "ConformLoadGroup", "NonConformLoadGroup", "LoadArea", "SubLoadArea", "PowerTransformerEnd",
)  # fmt: skip
"""Classes that state nothing that a power flow needs, or nothing that others do not state."""


def read_cim(path: Path) -> ReadGrid:
    """The grid in CIM profiles.

    Raises:
        InputError: With all that is wrong: no such file, no complete zip or XML file, profiles that are missing,
            equipment without what a power flow needs, references that lead nowhere.
    """
    objects = read_profiles(path)
    guessed: list[str] = []
    nodes, rows = CimNodes(objects), defaultdict[str, list[dict[str, Any]]](list)
    nodes.gather()
    CimBranches(objects, nodes, rows, guessed).make()
    ends = Counter(row[end] for table, columns in ENDS.items() for row in rows[table] for end in columns)
    injections = CimInjections(objects, nodes, rows, guessed)
    injections.make(ends)
    _refuse_branches(objects, nodes)
    raise_if_any(dict.fromkeys(objects.faults), shown_path(path))
    slack = references(objects, nodes, rows, injections, guessed)
    tables = {table: _columns(found) for table, found in rows.items() if found}
    if rows["gen"]:
        tables["gen"]["slack"] = np.isin(np.arange(len(rows["gen"])), slack)
    x, y = bus_coordinates(objects, nodes)
    tables["bus"] = {"vn_kv": nodes.vn_kv, "name": nodes.names, "x": x, "y": y}
    for column, values in injections.load_columns().items():
        tables["load"][column] = values
    net = _pandapower.net_of_tables(path.stem, tables, F_HZ)
    hold_at_others(net, injections.remote, guessed)
    if nodes.by_connectivity:
        guessed.append("No topology (TP) is given: buses are connectivity nodes, and switches join them.")
    what = "The profile of state variables (SV)"
    unread = sorted((kind, count) for kind, count in objects.count_by_kind().items()
                    if kind not in objects.looked_at.union(BESIDE))  # fmt: skip
    report = GridReport(
        source=path.name, form=f"CIM, CGMES {objects.version}, {objects.n_files} profiles", converter="gridcarbon",
        read=_pandapower.element_counts(net), guessed=tuple(guessed),
        dropped=(f"Classes that are not read: {', '.join(f'{n} ({c})' for n, c in unread)}.",) if unread else (),
        compared=compare_voltages(_pandapower.checked(net, path), nodes.solved_pu(), what),
    )  # fmt: skip
    return ReadGrid(net, report)


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows as columns: arrays of numbers and truth values, lists of the others."""
    columns = {column: [row[column] for row in rows] for column in rows[0]}
    return {name: np.array(each) if isinstance(each[0], bool | int | float) else each for name, each in columns.items()}


def _refuse_branches(objects: CimObjects, nodes: CimNodes) -> None:
    """Refuses equipment that joins buses and is not read: without it the grid is another."""
    for key, terminals in nodes.terminals.items():
        equipment = objects.get(key)
        buses = {each.bus for each in terminals if each.bus >= 0}
        if equipment is not None and len(buses) > 1 and equipment.kind not in objects.looked_at:
            objects.fault(equipment, "", f"joins {len(buses)} buses and is not read")
