"""A network as arrays: pandapower's own matrices, and what belongs to each of their rows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from grid._pandapower.as_solved import net_as_solved
from grid._pandapower.compiled import keep_compiled_functions
from grid._pandapower.control.voltage_control import depends_on_voltage, voltage_control
from grid._pandapower.elements import branches_of, buses_of
from grid._pandapower.faults import faults
from grid._pandapower.run import run_power_flow
from grid._pandapower.tables import element_table, unique
from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError, raise_if_any
from grid.network.network import Complexes, DCLines, Network

INJECTING_TABLES = ("load", "storage", "sgen")
"""Tables whose elements a city puts on its clock."""
STEP_BY_STEP = ("svc", "ssc")
"""Tables whose elements pandapower's Newton-Raphson solves, step by step."""
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
    controlled = _generator_nodes(internal)
    n_nodes = internal["Ybus"].shape[0]
    bus_table = internal["bus"].real
    node = _nodes(solved, n_nodes)
    dependent = _voltage_dependent(solved, node)
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
        buses=buses_of(net, node),
        branches=branches_of(solved, solved._ppc, internal),  # noqa: SLF001  pandapower keeps its tables there only
        dc_lines=_dc_lines(solved, node),
        uncovered=_uncovered(net),
        misstated=misstated,
        not_followed=not_followed,
        generator_node=controlled,
        voltage_dependent_bus=dependent,
        voltage_control=voltage_control(net, node, internal, controlled, dependent),
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
    """The net with its own power flow solved, or without its loads and generation where that has no solution.

    Limits of reactive power, which move with the loads, are left to each step.
    """
    import pandapower  # noqa: PLC0415  slow to import

    keep_compiled_functions()
    options, net.user_pf_options = net.user_pf_options, {}
    try:
        run_power_flow(net)
    except pandapower.LoadflowNotConverged:  # its loads may be too much at once, and its profiles not
        return _unloaded(net)
    except Exception as error:
        raise InputError.single("city.network", f"pandapower's power flow of the net failed: {error}") from error
    finally:
        net.user_pf_options = options
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
        run_power_flow(net)
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


def _generator_nodes(internal: Mapping[str, Any]) -> Ints:
    """Nodes of what controls voltage and is no slack, ascending."""
    return np.setdiff1d(np.asarray(internal["pv"], dtype=np.int64), internal["ref"])


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


def _voltage_dependent(net: Any, node: Ints) -> Ints:
    """Places of the energised buses with loads that depend on voltage, ascending."""
    at = net.bus.index.get_indexer(net.load.bus[depends_on_voltage(net)])
    return np.unique(at[node[at] >= 0]).astype(np.int64)


def _uncovered(net: Any) -> tuple[str, ...]:
    """Elements whose behaviour our kernels do not model."""
    return tuple(f"elements of table {table}" for table in STEP_BY_STEP if table in net and len(net[table]))
