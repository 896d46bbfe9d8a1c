"""The three sequences of a net as matrices, made as pandapower's three-phase power flow makes them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from grid._pandapower.as_solved import truth_value_faults
from grid._pandapower.elements import branches_of, buses_of
from grid._pandapower.faults import faults
from grid._pandapower.three_phase.earthing import STAND_IN, faults_without_earth, star_points, unearthed
from grid._pandapower.three_phase.zero_sequence import complete_zero_sequence
from grid.arrays import Bools, Ints
from grid.errors import Fault, raise_if_any
from grid.network.network import Complexes, Network
from grid.network.sequence_network import PHASES, SequenceNetwork

CONSTANT_POWER = {"asymmetric_load": 1.0, "asymmetric_sgen": -1.0, "load": 1.0, "sgen": -1.0}
"""Tables that a three-phase power flow of pandapower counts as constant power, and the sign of what they draw."""
UNCOVERED = (
    "gen", "trafo3w", "storage", "motor", "ward", "xward", "dcline", "impedance", "svc", "ssc", "tcsc", "vsc", "bus_dc",
)  # fmt: skip
"""Tables of elements that pandapower's three-phase power flow leaves out, or has no zero sequence for."""
OPTIONS: Mapping[str, Any] = {
    "calculate_voltage_angles": True, "trafo_model": "t", "check_connectivity": True, "mode": "pf_3ph",
    "switch_rx_ratio": 2.0, "init_vm_pu": "flat", "init_va_degree": "flat", "enforce_p_lims": False,
    "enforce_q_lims": False, "recycle": None, "voltage_depend_loads": False,
}  # fmt: skip
"""How pandapower makes its tables for a three-phase power flow, as `runpp_3ph` does."""
SLACK = 3
"""Type of a bus that an external grid holds, in pandapower's tables."""


def sequence_network(net: Any) -> SequenceNetwork:
    """The sequence network of a pandapower net as it stands.

    Args:
        net: The net; it is not changed.

    Raises:
        InputError: If the net has elements that are not modelled in three phases, or lacks an external grid.
    """
    net = copy.deepcopy(net)
    raise_if_any([*truth_value_faults(net), *faults(net), *_uncovered(net)], "the net")
    estimated = complete_zero_sequence(net)
    inner, source_mva = _tables(net)
    bus = inner[1]["bus"].real
    n_nodes, base = bus.shape[0], float(inner[1]["baseMVA"])
    node = _nodes(net, n_nodes)
    slack = np.flatnonzero(bus[:, 1] == SLACK)
    made = [_admittances(one) for one in inner]
    wye, delta = (_drawn(net, node, connection) for connection in ("wye", "delta"))
    zero, alone = _with_earth(net, made[0][0], made[1][0], source_mva[0] / base, node, base, wye)
    internal = {**inner[1]["internal"], "branch": inner[1]["branch"], "baseMVA": base}
    branches = branches_of(net, net._ppc1, internal)  # noqa: SLF001  pandapower keeps its tables there only
    return SequenceNetwork(
        name=str(net.name or "net"),
        base_mva=base,
        admittance=(zero, made[1][0].tocsc(), made[2][0].tocsc()),
        admittance_from=(made[0][1], made[1][1], made[2][1]),
        admittance_to=(made[0][2], made[1][2], made[2][2]),
        source=source_mva / base,
        slack=slack,
        v_slack=_slack_voltages(net, node, slack),
        buses=buses_of(net, node),
        # A current of 1 pu is three times that of the balanced net, since the base is the power of one phase.
        branches=replace(branches, percent_per_pu_from=3 * branches.percent_per_pu_from,
                         percent_per_pu_to=3 * branches.percent_per_pu_to),
        wye_mva=wye,
        delta_mva=delta,
        estimated=estimated,
        net=net,
        row=np.arange(n_nodes),
        unearthed=alone,
    )  # fmt: skip


def _with_earth(
    net: Any, zero: sparse.csr_array, positive: sparse.csr_array, source_pu: Complexes, node: Ints, base: float,
    wye: Complexes,
) -> tuple[sparse.csc_array, Bools]:  # fmt: skip
    """The zero sequence with the star points that pandapower does not model, and nodes without earth, shape (N,).

    Raises:
        InputError: If something is between a phase and a neutral that is not earthed.
    """
    at, admittance = star_points(net, node, base)
    alone = unearthed(net, zero, source_pu, node)
    raise_if_any(faults_without_earth(net, alone, node, wye), "the net")
    own = np.where(alone, STAND_IN * np.abs(positive.diagonal()), 0.0).astype(complex)
    np.add.at(own, at, admittance)
    made = zero + sparse.diags_array(own) if own.any() else zero
    return sparse.csc_array(made), alone


def sequences_of(network: Network) -> SequenceNetwork:
    """The sequence network of a balanced network's net, with its nodes in the same order.

    Its storage units are what the city puts on its clock, whatever pandapower's three-phase power flow makes of them.

    Raises:
        InputError: As `sequence_network`.
    """
    net = copy.copy(network.net)
    net["storage"] = net.storage.iloc[:0]
    return sequence_network(net).in_order_of(network)


def _uncovered(net: Any) -> Iterator[Fault]:
    for table in UNCOVERED:
        if table in net and len(net[table]) and net[table].in_service.any():
            yield Fault(f"net.{table}", "these elements are not solved in three phases", len(net[table]))
    columns = [column for column in net.load if column.startswith(("const_z", "const_i"))]
    if (net.load[columns].fillna(0.0).to_numpy(dtype=float) != 0).any():
        yield Fault("net.load", "loads that depend on voltage are not solved in three phases")
    if not net.ext_grid.in_service.any():
        yield Fault("city.network", "the net has no external grid in service, so nothing feeds it")


def _tables(net: Any) -> tuple[tuple[Any, Any, Any], Complexes]:
    """The three sequences as pandapower's tables, and the short-circuit admittance of external grids, (3, N) [MVA]."""
    from pandapower.auxiliary import _add_ppc_options  # noqa: PLC0415  slow to import
    from pandapower.build_bus import _add_ext_grid_sc_impedance  # noqa: PLC0415  slow to import
    from pandapower.pd2ppc import _pd2ppc  # noqa: PLC0415  slow to import

    net._options = {}  # noqa: SLF001  what pandapower's conversion reads
    _add_ppc_options(net, **OPTIONS)
    _, positive = _pd2ppc(net, 1)
    _, negative = _pd2ppc(net, 2)
    before = _shunts(negative)
    _add_ext_grid_sc_impedance(net, negative)
    source = np.zeros((3, before.size), dtype=complex)
    source[2] = _shunts(negative) - before
    _, zero = _pd2ppc(net, 0)
    source[0] = _shunts(zero) - before
    return (zero, positive, negative), source


def _shunts(tables: Any) -> Complexes:
    """Admittance of each node to earth, shape (N,) [MVA at 1 pu]."""
    bus = tables["bus"].real
    return np.asarray(bus[:, 4] + 1j * bus[:, 5])


def _admittances(tables: Any) -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """Admittance matrices of the nodes, of the "from" and of the "to" ends of the branches [pu]."""
    from pandapower.pypower.makeYbus import makeYbus  # noqa: PLC0415  slow to import

    made = makeYbus(tables["baseMVA"], tables["bus"], tables["branch"])
    return sparse.csr_array(made[0]), sparse.csr_array(made[1]), sparse.csr_array(made[2])


def _nodes(net: Any, n_nodes: int) -> Ints:
    """Node of each bus in the order of ``net.bus``, -1 where no closed path leads to an external grid."""
    node = np.asarray(net._pd2ppc_lookups["bus"][net.bus.index.to_numpy()], dtype=np.int64)  # noqa: SLF001
    return np.where((node < 0) | (node >= n_nodes), -1, node)


def _slack_voltages(net: Any, node: Ints, slack: Ints) -> Complexes:
    """Positive-sequence voltages of the external grids' nodes, shape (R,) [pu]."""
    grids = net.ext_grid[net.ext_grid.in_service.to_numpy(dtype=bool)]
    at = node[net.bus.index.get_indexer(grids.bus)]
    held = dict(zip(at, grids.vm_pu * np.exp(1j * np.deg2rad(grids.va_degree)), strict=True))
    return np.array([held[one] for one in slack], dtype=complex)


def _drawn(net: Any, node: Ints, connection: str) -> Complexes:
    """What the net's own elements of a connection draw by phase and bus, shape (3, B) [MW + j MVAr]."""
    drawn = np.zeros((len(PHASES), node.size), dtype=complex)
    for table, sign in CONSTANT_POWER.items():
        frame = net[table]
        at = net.bus.index.get_indexer(frame.bus)
        live = frame.in_service.to_numpy(dtype=bool) & (node[at] >= 0) & (_connection(frame) == connection)
        scaling = sign * frame.scaling.to_numpy(dtype=float)[live]
        for phase, name in enumerate(PHASES):
            if table.startswith("asymmetric"):
                power = (frame[f"p_{name}_mw"] + 1j * frame[f"q_{name}_mvar"]).to_numpy()[live]
            else:
                power = (frame.p_mw + 1j * frame.q_mvar).to_numpy()[live] / len(PHASES)
            np.add.at(drawn[phase], at[live], scaling * power)
    return drawn


def _connection(frame: Any) -> Any:
    """``delta`` or ``wye`` of each row; whatever else a table calls its types is between phase and neutral."""
    kinds = frame["type"].astype(str).str.lower() if "type" in frame else ["wye"] * len(frame)
    return np.where(np.asarray(kinds) == "delta", "delta", "wye")
