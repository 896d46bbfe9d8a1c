"""The only importer of pandapower: reads nets, takes their matrices, solves single steps, writes nets."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from grid.errors import Fault, InputError, nearest
from grid.network import Branches, Buses, Complexes, Network
from grid.series import Bools, Floats, Ints

RUNPP_OPTIONS: Mapping[str, Any] = {
    "algorithm": "nr",
    "calculate_voltage_angles": True,
    "tolerance_mva": 1e-8,
    "lightsim2grid": False,
    "init": "auto",
}
"""One setting for the matrices, the fallback and the export, so that all three agree."""

TRUSTED_MODULES = ("pandapower", "pandas", "numpy", "builtins", "networkx", "shapely", "geopandas")
"""Packages whose data classes a net file may name."""

DEFAULT_VM_MIN_PU, DEFAULT_VM_MAX_PU = 0.9, 1.1
"""Voltage limits where a net states none: EN 50160:2010, clause 5.2.2 (± 10 %)."""


def read_file(path: Path) -> Any:
    """The pandapower net in the JSON file `path` (plain or gzipped).

    Nothing in the file is run: a file that names classes outside `TRUSTED_MODULES` is refused before pandapower,
    which would import the module, sees it.

    Raises:
        InputError: If the file is missing, truncated, not a pandapower net, or names a foreign module.
    """
    if not path.is_file():
        names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError.of("city.network", f"no file {str(path)!r}", suggestion=nearest(path.name, names))
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
        content = json.loads(text)
    except (OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError, gzip.BadGzipFile) as error:
        raise InputError.of(str(path), f"is not a complete JSON file: {error}") from error
    foreign = sorted({module for module in _modules(content) if module.split(".")[0] not in TRUSTED_MODULES})
    if foreign:
        raise InputError(
            [Fault(str(path), "names a class of a module that no pandapower net needs", module) for module in foreign]
        )
    if not (isinstance(content, dict) and content.get("_class") == "pandapowerNet"):
        raise InputError.of(str(path), "is JSON, but not a pandapower net (write one with pandapower.to_json)")
    import pandapower  # noqa: PLC0415  slow to import

    try:
        return pandapower.from_json_string(text, convert=True)
    except Exception as error:  # whatever a broken file provokes inside pandapower is a fault of the file
        raise InputError.of(str(path), f"pandapower cannot read it: {error}") from error


def _modules(content: Any) -> Iterator[str]:
    """Every module that the decoded JSON `content` names for deserialisation, nested JSON texts included."""
    if isinstance(content, dict):
        if "_module" in content:
            yield str(content["_module"])
        for value in content.values():
            yield from _modules(value)
    elif isinstance(content, list):
        for value in content:
            yield from _modules(value)
    elif isinstance(content, str) and content.lstrip()[:1] in {"{", "["}:
        try:
            nested = json.loads(content)
        except json.JSONDecodeError:
            return
        yield from _modules(nested)


def builtin(name: str) -> Any | None:
    """The net that pandapower itself ships under `name` (e.g. ``case33bw``), or None."""
    import pandapower.networks  # noqa: PLC0415  slow to import

    make = getattr(pandapower.networks, name, None) if name in builtin_names() else None
    return make() if make is not None else None


def builtin_names() -> list[str]:
    """Names of the nets that pandapower ships and can make without arguments."""
    import inspect  # noqa: PLC0415  with the next

    import pandapower.networks  # noqa: PLC0415  slow to import

    return sorted(
        name
        for name, make in inspect.getmembers(pandapower.networks, inspect.isfunction)
        if make.__module__.startswith("pandapower.networks.")
        and not name.startswith("_")
        and name.startswith(("case", "create_", "mv_", "example_", "simple_", "kb_", "lv_", "panda_", "iceland", "GB"))
        and all(p.default is not p.empty or p.kind in {p.VAR_KEYWORD, p.VAR_POSITIONAL}
                for p in inspect.signature(make).parameters.values())
    )  # fmt: skip


def simbench(code: str) -> Any:
    """The net of a SimBench code with its profiles in ``net.profiles``.

    Raises:
        InputError: If the package `simbench` is not installed or does not know the code.
    """
    try:
        import simbench  # noqa: PLC0415  optional
    except ImportError as error:
        raise InputError.of(
            "city.network", "a SimBench code needs the package simbench: pip install 'gridcarbon[simbench]'", code
        ) from error
    codes = simbench.collect_all_simbench_codes()
    if code not in codes:
        raise InputError.of("city.network", "no such SimBench code", code, nearest(code, codes))
    return simbench.get_simbench_net(code)


def network_of(net: Any) -> Network:
    """The network of a pandapower net, by one power flow of the net as it stands.

    Raises:
        InputError: If the net has no external grid, or pandapower cannot solve it.
    """
    import pandapower  # noqa: PLC0415  slow to import

    if not len(net.ext_grid) or not net.ext_grid.in_service.any():
        raise InputError.of("city.network", "the net has no external grid in service, so nothing feeds it")
    try:
        pandapower.runpp(net, **RUNPP_OPTIONS)
    except Exception as error:
        raise InputError.of(
            "city.network", f"pandapower's power flow of the net as it stands failed: {error}"
        ) from error
    internal = net._ppc["internal"]  # noqa: SLF001  pandapower keeps its matrices there only
    n_nodes = internal["Ybus"].shape[0]
    bus_table = internal["bus"].real
    node = _nodes(net, n_nodes)
    withdrawn = (bus_table[:, 2] + 1j * bus_table[:, 3]).astype(complex)
    for table, sign in (("load", 1.0), ("storage", 1.0), ("sgen", -1.0)):
        at, power = _table_power(net, table, node)
        np.subtract.at(withdrawn, at, sign * power)
    withdrawn[np.abs(withdrawn) < 1e-12] = 0.0
    return Network(
        name=str(net.name or "net"),
        base_mva=float(internal["baseMVA"]),
        admittance=sparse.csc_array(internal["Ybus"]),
        admittance_from=sparse.csr_array(internal["Yf"]),
        admittance_to=sparse.csr_array(internal["Yt"]),
        conductance_pu=bus_table[:, 4] / float(internal["baseMVA"]),
        slack=np.asarray(internal["ref"], dtype=np.int64),
        v_slack=np.asarray(internal["V"], dtype=complex)[internal["ref"]],
        fixed_mva=withdrawn,
        buses=_buses(net, node),
        branches=_branches(net, internal),
        uncovered=_uncovered(net),
        generator_node=np.asarray(internal["pv"], dtype=np.int64),
        voltage_dependent_node=_voltage_dependent(net, node),
        net=net,
    )


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


def _unique(names: list[str], prefix: str) -> tuple[str, ...]:
    """`names` made unique: an empty one is numbered, a repeated one gets its place appended."""
    seen: dict[str, int] = {}
    unique = []
    for place, name in enumerate(names):
        wanted = name if name not in {"", "None", "nan"} else f"{prefix} {place}"
        unique.append(f"{wanted} #{place}" if wanted in seen else wanted)
        seen[unique[-1]] = place
    return tuple(unique)


def _column(frame: Any, name: str, default: float) -> Floats:
    """A numeric column with `default` where it is missing."""
    if name not in frame:
        return np.full(len(frame), default)
    return np.asarray(frame[name].astype(float).fillna(default).to_numpy(), dtype=np.float64)


def _buses(net: Any, node: Ints) -> Buses:
    x, y = np.full(len(net.bus), np.nan), np.full(len(net.bus), np.nan)
    if "geo" in net.bus:
        for place, geo in enumerate(net.bus.geo):
            if isinstance(geo, str):
                x[place], y[place] = json.loads(geo)["coordinates"][:2]
    zones = net.bus.zone if "zone" in net.bus else [None] * len(net.bus)
    return Buses(
        names=_unique([str(name) for name in net.bus.name], "bus"),
        node=node,
        vn_kv=net.bus.vn_kv.to_numpy(dtype=float),
        zones=tuple("" if zone is None or zone != zone else str(zone) for zone in zones),  # noqa: PLR0124  NaN
        vm_min_pu=_column(net.bus, "min_vm_pu", DEFAULT_VM_MIN_PU),
        vm_max_pu=_column(net.bus, "max_vm_pu", DEFAULT_VM_MAX_PU),
        x=x,
        y=y,
    )


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
    position = {index: place for place, index in enumerate(net.bus.index)}
    for table, (first, stop) in net._pd2ppc_lookups["branch"].items():  # noqa: SLF001
        frame, at = net[table], slice(first, stop)
        kinds[at] = [table] * (stop - first)
        if table == "trafo3w":
            names[at], per_pu[at] = _windings(frame, base, base_kv[at])
            limit[at] = np.tile(_column(frame, "max_loading_percent", 100.0), 3)
            continue
        if table not in {"line", "trafo"}:
            names[at] = [f"{table} {k}" for k in range(stop - first)]
            continue
        labels = _unique([str(name) for name in frame.name], table)
        names[at] = labels
        columns = ("from_bus", "to_bus") if table == "line" else ("hv_bus", "lv_bus")
        for end, column in enumerate(columns):
            ends[at, end] = [position[bus] for bus in frame[column]]
        capacity = (frame.parallel * frame.df).to_numpy(dtype=float)
        if table == "line":
            rating_ka = capacity * _column(frame, "max_i_ka", np.inf)
            per_pu[at] = 100 * base / (np.sqrt(3) * base_kv[at]) / rating_ka[:, None]
        else:
            vn_kv = frame[["vn_hv_kv", "vn_lv_kv"]].to_numpy(dtype=float)
            per_pu[at] = 100 * base * vn_kv / base_kv[at] / (frame.sn_mva.to_numpy(dtype=float) * capacity)[:, None]
        limit[at] = _column(frame, "max_loading_percent", 100.0)
    inner = internal["branch"].real[:, :2].astype(np.int64)
    return Branches(
        names=_unique([names[k] for k in rows], "branch"),
        kinds=tuple(kinds[k] for k in rows),
        from_node=inner[:, 0],
        to_node=inner[:, 1],
        from_bus=ends[rows, 0],
        to_bus=ends[rows, 1],
        percent_per_pu_from=per_pu[rows, 0],
        percent_per_pu_to=per_pu[rows, 1],
        loading_max_percent=limit[rows],
    )


def _windings(frame: Any, base_mva: float, base_kv: Floats) -> tuple[list[str], Floats]:
    """Names of the windings of three-winding transformers, and their loading per current at both ends [%/pu].

    pandapower models each as a star of three branches: all high-voltage windings, then all medium, then all low; the
    first end at their bus, the others from the star point to their bus.
    """
    labels = _unique([str(name) for name in frame.name], "trafo3w")
    n = len(labels)
    per_pu = np.zeros((3 * n, 2))
    for k, (winding, end) in enumerate((("hv", 0), ("mv", 1), ("lv", 1))):
        rows = np.arange(k * n, (k + 1) * n)
        rated = frame[f"vn_{winding}_kv"].to_numpy(dtype=float) / frame[f"sn_{winding}_mva"].to_numpy(dtype=float)
        per_pu[rows, end] = 100 * base_mva * rated / base_kv[rows, end]
    return [f"{label} ({winding})" for winding in ("hv", "mv", "lv") for label in labels], per_pu


def _voltage_dependent(net: Any, node: Ints) -> Ints:
    """Nodes of the loads that depend on voltage."""
    if not len(net.load):
        return np.empty(0, dtype=np.int64)
    at = node[net.bus.index.get_indexer(net.load.bus[_depends_on_voltage(net)])]
    return np.unique(at[at >= 0])


def _depends_on_voltage(net: Any) -> Bools:
    """Loads that are not of constant power."""
    columns = [column for column in net.load if column.startswith(("const_z", "const_i"))]
    depends: Bools = (net.load[columns].fillna(0.0).to_numpy() != 0).any(axis=1)
    return depends


def _uncovered(net: Any) -> tuple[str, ...]:
    """Elements whose behaviour the fixed-point solver does not model."""
    reasons = []
    if len(net.gen) and net.gen.in_service.any():
        reasons.append("voltage-controlled generators (gen)")
    if len(net.load) and _depends_on_voltage(net).any():
        reasons.append("loads that depend on voltage (ZIP)")
    tables = ("xward", "dcline", "svc", "ssc", "tcsc", "vsc", "b2b_vsc", "bus_dc")
    reasons += [f"elements of table {table}" for table in tables if table in net and len(net[table])]
    return tuple(reasons)


def newton_raphson(network: Network, withdrawal_mva: Complexes) -> Complexes | None:
    """Voltages of one step by pandapower's Newton-Raphson, for what the fixed point does not solve.

    Args:
        network: The network.
        withdrawal_mva: Withdrawal of loads, static generators and storage by bus, shape (B,) [MW + j MVAr].

    Returns:
        Node voltages, shape (N,) complex [pu], or None if Newton-Raphson does not converge either.
    """
    import copy  # noqa: PLC0415  with the next

    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(network.net)
    for table in ("sgen", "storage", "load"):
        if table == "load" and _zip_loads(net):
            continue
        net[table] = net[table].iloc[:0]
    live = np.flatnonzero((network.buses.node >= 0) & (np.abs(withdrawal_mva) > 0))
    if len(live):
        buses = net.bus.index.to_numpy()[live]
        _set_withdrawal(net, buses, withdrawal_mva[live])
    try:
        pandapower.runpp(net, **RUNPP_OPTIONS)
    except pandapower.LoadflowNotConverged:
        return None
    return np.asarray(net._ppc["internal"]["V"], dtype=complex)  # noqa: SLF001


def _zip_loads(net: Any) -> bool:
    return any("ZIP" in reason for reason in _uncovered(net))


def _set_withdrawal(net: Any, buses: Ints, power: Complexes) -> None:
    """Puts the withdrawal of each bus on loads; where loads depend on voltage, theirs are scaled to it."""
    import pandapower  # noqa: PLC0415  slow to import

    if not _zip_loads(net):
        pandapower.create_loads(net, buses, p_mw=power.real, q_mvar=power.imag)
        return
    net.load["scaling"] = 1.0
    count = net.load.groupby("bus").p_mw.transform("size").to_numpy()
    wanted = dict(zip(buses.tolist(), power, strict=True))
    at = [wanted.pop(bus, 0j) for bus in net.load.bus]
    net.load["p_mw"] = np.real(at) / count
    net.load["q_mvar"] = np.imag(at) / count
    if wanted:
        rest = np.array(list(wanted.values()))
        pandapower.create_loads(net, list(wanted), p_mw=rest.real, q_mvar=rest.imag)


def net_with(network: Network, tables: Mapping[str, Mapping[str, Any]], additions: Sequence[Mapping[str, Any]]) -> Any:
    """A copy of the net with element values replaced and assets added as standard elements.

    Args:
        network: The network.
        tables: New columns by table, e.g. ``{"load": {"p_mw": array, "q_mvar": array}}``, in the net's order.
        additions: One mapping an added element: ``table`` (``load``, ``sgen`` or ``storage``), ``bus`` (place of the
            bus), ``name``, ``p_mw`` and ``q_mvar`` in pandapower's sign of that table, and further columns.
    """
    import copy  # noqa: PLC0415  with the next

    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(network.net)
    for table, columns in tables.items():
        for column, values in columns.items():
            net[table][column] = values
        net[table]["scaling"] = 1.0
    create = {"load": pandapower.create_load, "sgen": pandapower.create_sgen, "storage": pandapower.create_storage}
    for addition in additions:
        columns = dict(addition)
        table, place = columns.pop("table"), columns.pop("bus")
        create[table](net, int(net.bus.index[place]), **columns)
    return net


def write_file(net: Any, path: Path) -> None:
    """Writes the net as pandapower JSON, whole or not at all."""
    import pandapower  # noqa: PLC0415  slow to import

    draft = path.with_name(f".{path.name}.draft")
    try:
        pandapower.to_json(net, str(draft))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def element_table(net: Any, table: str) -> dict[str, list[Any]]:
    """The table of loads or static generators as plain columns, for the city to read.

    Returns:
        ``name, index, bus (place), p_mw, q_mvar, in_service`` and every text column that the city knows of.
    """
    frame = net[table]
    position = {index: place for place, index in enumerate(net.bus.index)}
    scaling = frame.scaling.to_numpy(dtype=float)
    columns: dict[str, list[Any]] = {
        "name": list(_unique([str(name) for name in frame.name], table)),
        "index": frame.index.tolist(),
        "bus": [position[bus] for bus in frame.bus],
        "p_mw": (frame.p_mw.to_numpy(dtype=float) * scaling).tolist(),
        "q_mvar": (frame.q_mvar.to_numpy(dtype=float) * scaling).tolist(),
        "in_service": frame.in_service.to_numpy(dtype=bool).tolist(),
    }
    for column in ("sector", "technology", "profile", "profile_p", "profile_q", "type"):
        values = frame[column].tolist() if column in frame else [None] * len(frame)
        columns[column] = [value if isinstance(value, str) and value else None for value in values]
    return columns
