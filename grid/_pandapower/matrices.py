"""A network as arrays: pandapower's own matrices, and what belongs to each of their rows."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from grid._pandapower.as_solved import net_as_solved
from grid._pandapower.compiled import keep_compiled_functions
from grid._pandapower.faults import faults
from grid._pandapower.tables import element_table, numbers, unique
from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError, raise_if_any
from grid.network.network import Branches, Buses, Complexes, DCLines, Network

RUNPP_OPTIONS: Mapping[str, Any] = {
    "algorithm": "nr",
    "calculate_voltage_angles": True,
    "tolerance_mva": 1e-8,
    "lightsim2grid": False,
    "init": "auto",
}
"""One setting for the matrices, the fallback and the export, so that all three agree."""
DEFAULT_VM_MIN_PU, DEFAULT_VM_MAX_PU = 0.9, 1.1
"""Voltage limits where a net states none: EN 50160:2010, clause 5.2.2 (± 10 %)."""

INJECTING_TABLES = ("load", "storage", "sgen")
"""Tables whose elements a city puts on its clock."""
REFERENCE = 3
"""Type of a bus that an external grid holds, in pandapower's matrices."""


def network_of(net: Any) -> Network:
    """The network of a pandapower net, by one power flow of the net as it stands.

    Raises:
        InputError: If the net has no external grid, or pandapower cannot solve it.
    """
    net, misstated, not_followed = net_as_solved(net)
    if not (net.ext_grid.in_service.any() or _slack_generators(net).any()):
        rule = "the net has no external grid in service and no slack generator, so nothing feeds it"
        raise InputError.single("city.network", rule)
    raise_if_any(faults(net), "the net")
    solved = _solved(net)
    internal = _internal(solved)
    n_nodes = internal["Ybus"].shape[0]
    bus_table = internal["bus"].real
    node = _nodes(solved, n_nodes)
    withdrawn = (bus_table[:, 2] + 1j * bus_table[:, 3]).astype(complex)
    for table, sign in (("load", 1.0), ("storage", 1.0), ("sgen", -1.0)):
        at, power = _table_power(solved, table, node)
        np.subtract.at(withdrawn, at, sign * power)
    withdrawn[np.abs(withdrawn) < 1e-12] = 0.0
    return Network(
        name=str(net.name or "net"),
        base_mva=float(internal["baseMVA"]),
        admittance=sparse.csc_array(internal["Ybus"]),
        admittance_from=sparse.csr_array(internal["Yf"]),
        admittance_to=sparse.csr_array(internal["Yt"]),
        conductance_pu=bus_table[:, 4] / float(internal["baseMVA"]),
        load_conductance_pu=_ward_conductance(solved, node, n_nodes) / float(internal["baseMVA"]),
        slack=np.asarray(internal["ref"], dtype=np.int64),
        v_slack=np.asarray(internal["V"], dtype=complex)[internal["ref"]],
        fixed_mva=withdrawn,
        buses=_buses(net, node),
        branches=_branches(solved, internal),
        dc_lines=_dc_lines(solved, node),
        uncovered=_uncovered(net),
        misstated=misstated,
        not_followed=not_followed,
        generator_node=_generator_nodes(net, node, internal),
        voltage_dependent_bus=_voltage_dependent(solved, node),
        elements={table: element_table(net, table) for table in INJECTING_TABLES},
        load_net=partial(_given, net),
    )


def _given(net: Any) -> Any:
    """A net that is in memory already."""
    return net


def given_net(network: Network) -> Any:
    """The net that a network was made of; None where the network is stored, and the net read when it is asked for."""
    return network.net if getattr(network.load_net, "func", None) is _given else None


def _solved(net: Any) -> Any:
    """The net with its own power flow solved, or without its loads and generation where that has no solution."""
    import pandapower  # noqa: PLC0415  slow to import

    keep_compiled_functions()
    try:
        pandapower.runpp(net, **RUNPP_OPTIONS)
    except pandapower.LoadflowNotConverged:  # its loads may be too much at once, and its profiles not
        return _unloaded(net)
    except Exception as error:
        raise InputError.single("city.network", f"pandapower's power flow of the net failed: {error}") from error
    return net


def _internal(net: Any) -> Mapping[str, Any]:
    """The matrices of a solved net, by pandapower's names.

    Where every bus is that of an external grid there is nothing to solve, and pandapower keeps none; then they are
    made here by its own function.
    """
    kept: Mapping[str, Any] = net._ppc["internal"]  # noqa: SLF001  pandapower keeps its matrices there only
    if "bus" in kept:
        return kept
    from pandapower.pd2ppc import _ppc2ppci  # noqa: PLC0415  slow to import
    from pandapower.pypower.makeYbus import makeYbus  # noqa: PLC0415

    inner = _ppc2ppci(copy.deepcopy(net._ppc), net)  # noqa: SLF001
    bus = inner["bus"]
    admittance, admittance_from, admittance_to = makeYbus(inner["baseMVA"], bus, inner["branch"])
    return {
        "baseMVA": inner["baseMVA"], "bus": bus, "branch": inner["branch"], "branch_is": kept["branch_is"],
        "Ybus": admittance, "Yf": admittance_from, "Yt": admittance_to,
        "V": bus[:, 7].real * np.exp(1j * np.deg2rad(bus[:, 8].real)),
        "ref": np.flatnonzero(bus[:, 1].real == REFERENCE), "pv": np.empty(0, dtype=np.int64),
    }  # fmt: skip


def _unloaded(net: Any) -> Any:
    """The same net with its loads and generation at zero, solved: the matrices do not depend on them.

    Raises:
        InputError: If even that has no solution.
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(net)
    for table in ("load", "sgen", "storage"):
        net[table][["p_mw", "q_mvar"]] = 0.0
    try:
        pandapower.runpp(net, **RUNPP_OPTIONS)
    except pandapower.LoadflowNotConverged as error:
        raise InputError.single("city.network", f"the net has no solution even without loads: {error}") from error
    return net


def _nodes(net: Any, n_nodes: int) -> Ints:
    """Node of each bus in the order of ``net.bus``, -1 where pandapower found the bus de-energised."""
    lookup = net._pd2ppc_lookups["bus"]  # noqa: SLF001  the only map from buses to rows of the matrices
    node = np.asarray(lookup[net.bus.index.to_numpy()], dtype=np.int64)
    dead = (node < 0) | (node >= n_nodes) | net.res_bus.vm_pu.isna().to_numpy()
    return np.where(dead, -1, node)


def _table_power(net: Any, table: str, node: Ints) -> tuple[Ints, Complexes]:
    """Nodes and powers, as the table states them, of the live elements of a table of injections."""
    frame = net[table]
    at = node[net.bus.index.get_indexer(frame.bus)]
    power = (frame.p_mw + 1j * frame.q_mvar).to_numpy() * frame.scaling.to_numpy()
    live = frame.in_service.to_numpy(dtype=bool) & (at >= 0)
    return at[live], power[live]


def _slack_generators(net: Any) -> Bools:
    """Generators in service that hold the voltage of the net as an external grid does, shape (number of them,)."""
    slack: Bools = (net.gen.slack & net.gen.in_service).to_numpy(dtype=bool)
    return slack


def _generator_nodes(net: Any, node: Ints, internal: Any) -> Ints:
    """Nodes of what controls voltage and is no slack; also of generators that are at a limit of reactive power."""
    buses = net.gen.bus[net.gen.in_service.to_numpy(dtype=bool)]
    at = node[net.bus.index.get_indexer(buses)]
    nodes = np.union1d(at[at >= 0], np.asarray(internal["pv"], dtype=np.int64))
    return np.setdiff1d(nodes, internal["ref"]).astype(np.int64)


def _ward_conductance(net: Any, node: Ints, n_nodes: int) -> Floats:
    """What the constant impedances of wards and extended wards draw at 1 pu, shape (N,) [MW]."""
    drawn = np.zeros(n_nodes)
    for table in ("ward", "xward"):
        frame = net[table]
        at = node[net.bus.index.get_indexer(frame.bus)]
        live = frame.in_service.to_numpy(dtype=bool) & (at >= 0)
        np.add.at(drawn, at[live], frame.pz_mw.to_numpy(dtype=float)[live])
    return drawn


def _dc_lines(net: Any, node: Ints) -> DCLines:
    """The direct-current lines in service between energised buses."""
    frame = net.dcline
    from_node, to_node = (node[net.bus.index.get_indexer(frame[end])] for end in ("from_bus", "to_bus"))
    live = frame.in_service.to_numpy(dtype=bool) & (from_node >= 0) & (to_node >= 0)
    powers = net.res_dcline.reindex(frame.index)[["p_from_mw", "p_to_mw"]].to_numpy(dtype=float)[live]
    labels = unique(frame, "dcline")
    names = tuple(name for name, used in zip(labels, live, strict=True) if used)
    return DCLines(names, from_node[live], to_node[live], powers[:, 0], powers[:, 1])


def _buses(net: Any, node: Ints) -> Buses:
    x, y = np.full(len(net.bus), np.nan), np.full(len(net.bus), np.nan)
    if "geo" in net.bus:
        for place, geo in enumerate(net.bus.geo):
            x[place], y[place] = _point(geo)
    zones = net.bus.zone if "zone" in net.bus else [None] * len(net.bus)
    return Buses(
        names=unique(net.bus, "bus"),
        node=node,
        vn_kv=net.bus.vn_kv.to_numpy(dtype=float),
        zones=tuple("" if zone is None or zone != zone else str(zone) for zone in zones),  # noqa: PLR0124  NaN
        vm_min_pu=numbers(net.bus, "min_vm_pu", DEFAULT_VM_MIN_PU),
        vm_max_pu=numbers(net.bus, "max_vm_pu", DEFAULT_VM_MAX_PU),
        x=x,
        y=y,
    )


def _point(geo: Any) -> tuple[float, float]:
    """Coordinates of a bus given as a GeoJSON point; NaN for anything else."""
    try:
        shape = json.loads(geo) if isinstance(geo, str) else {}
        x, y = shape["coordinates"][:2] if shape.get("type") == "Point" else (np.nan, np.nan)
        return float(x), float(y)
    except (ValueError, TypeError, KeyError, AttributeError):
        return np.nan, np.nan


def _branches(net: Any, internal: Any) -> Branches:
    """The branches in service, with the loading that pandapower gives per current (``trafo_loading="current"``)."""
    rows = np.flatnonzero(internal["branch_is"])
    n = len(internal["branch_is"])
    names, kinds = [""] * n, ["other"] * n
    ends = np.full((n, 2), -1)
    per_pu = np.zeros((n, 2))
    limit = np.full(n, 100.0)
    base, branch = float(internal["baseMVA"]), net._ppc["branch"].real  # noqa: SLF001
    base_kv = net._ppc["bus"][:, 9].real[branch[:, :2].astype(int)]  # noqa: SLF001
    for table, (first, stop) in net._pd2ppc_lookups["branch"].items():  # noqa: SLF001
        frame, at = net[table], slice(first, stop)
        kinds[at] = [table] * (stop - first)
        if table == "trafo3w":
            names[at], per_pu[at] = _windings(frame, base, base_kv[at])
            limit[at] = np.tile(numbers(frame, "max_loading_percent", 100.0), 3)
        elif table in {"line", "trafo"}:
            names[at] = unique(frame, table)
            columns = ("from_bus", "to_bus") if table == "line" else ("hv_bus", "lv_bus")
            ends[at] = np.column_stack([net.bus.index.get_indexer(frame[column]) for column in columns])
            per_pu[at] = _percent_per_pu(table, frame, base, base_kv[at])
            limit[at] = numbers(frame, "max_loading_percent", 100.0)
        else:
            names[at] = [f"{table} {k}" for k in range(stop - first)]
    names = _told_apart(names, kinds)
    inner = internal["branch"].real[:, :2].astype(np.int64)
    return Branches(
        names=tuple(names[k] for k in rows),
        kinds=tuple(kinds[k] for k in rows),
        from_node=inner[:, 0],
        to_node=inner[:, 1],
        from_bus=ends[rows, 0],
        to_bus=ends[rows, 1],
        percent_per_pu_from=per_pu[rows, 0],
        percent_per_pu_to=per_pu[rows, 1],
        loading_max_percent=limit[rows],
    )


def _percent_per_pu(table: str, frame: Any, base_mva: float, base_kv: Floats) -> Floats:
    """Loading of lines or two-winding transformers per current at both ends, shape (rows, 2) [%/pu]; 0 unrated."""
    capacity = (frame.parallel * frame.df).to_numpy(dtype=float)
    if table == "line":
        rated_ka = numbers(frame, "max_i_ka", np.inf)
        rating_ka = capacity * np.where(rated_ka > 0, rated_ka, np.inf)
        return np.asarray(100 * base_mva / (np.sqrt(3) * base_kv) / rating_ka[:, None])
    rated_kv = frame[["vn_hv_kv", "vn_lv_kv"]].to_numpy(dtype=float)
    return np.asarray(100 * base_mva * rated_kv / base_kv / (frame.sn_mva.to_numpy(dtype=float) * capacity)[:, None])


def _told_apart(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Names of branches of all tables, those that occur in two tables with their table before them."""
    count = Counter(names)
    return [f"{kind} {name}" if count[name] > 1 else name for name, kind in zip(names, kinds, strict=True)]


def _windings(frame: Any, base_mva: float, base_kv: Floats) -> tuple[list[str], Floats]:
    """Names of the windings of three-winding transformers, and their loading per current at both ends [%/pu].

    pandapower models each as a star of three branches: all high-voltage windings, then all medium, then all low; the
    first end at their bus, the others from the star point to their bus.
    """
    labels = unique(frame, "trafo3w")
    n = len(labels)
    per_pu = np.zeros((3 * n, 2))
    for k, (winding, end) in enumerate((("hv", 0), ("mv", 1), ("lv", 1))):
        rows = np.arange(k * n, (k + 1) * n)
        rated = frame[f"vn_{winding}_kv"].to_numpy(dtype=float) / frame[f"sn_{winding}_mva"].to_numpy(dtype=float)
        per_pu[rows, end] = 100 * base_mva * rated / base_kv[rows, end]
    return [f"{label} ({winding})" for winding in ("hv", "mv", "lv") for label in labels], per_pu


def _voltage_dependent(net: Any, node: Ints) -> Ints:
    """Places of the energised buses with loads that depend on voltage, ascending."""
    at = net.bus.index.get_indexer(net.load.bus[depends_on_voltage(net)])
    return np.unique(at[node[at] >= 0]).astype(np.int64)


def depends_on_voltage(net: Any) -> Bools:
    """Loads in service that are not of constant power, shape (number of loads,)."""
    columns = [column for column in net.load if column.startswith(("const_z", "const_i"))]
    depends: Bools = (net.load[columns].fillna(0.0).to_numpy(dtype=float) != 0).any(axis=1)
    in_service: Bools = net.load.in_service.to_numpy(dtype=bool)
    return depends & in_service


def _uncovered(net: Any) -> tuple[str, ...]:
    """Elements whose behaviour the fixed-point solver does not model."""
    reasons = []
    if (net.gen.in_service.to_numpy(dtype=bool) & ~_slack_generators(net)).any():
        reasons.append("voltage-controlled generators (gen)")
    if len(net.load) and depends_on_voltage(net).any():
        reasons.append("loads that depend on voltage (ZIP)")
    tables = ("xward", "dcline", "svc", "ssc", "tcsc", "vsc", "b2b_vsc", "bus_dc")
    reasons += [f"elements of table {table}" for table in tables if table in net and len(net[table])]
    return tuple(reasons)
