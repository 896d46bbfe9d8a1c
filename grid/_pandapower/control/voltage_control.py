"""How a net holds voltages, and how its loads depend on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.network.network import VoltageControl

COEFFICIENTS = ("const_i_p_percent", "const_z_p_percent", "const_i_q_percent", "const_z_q_percent")
BUS, POWER, STATUS = 0, 1, 7
"""Columns of pandapower's table of generators: node, active power, whether in service."""
_LIMITED = (
    ("gen", "bus", "min_q_mvar", "max_q_mvar"),
    ("dcline", "from_bus", "min_q_from_mvar", "max_q_from_mvar"),
    ("dcline", "to_bus", "min_q_to_mvar", "max_q_to_mvar"),
)
"""Tables of what holds a voltage within limits of reactive power, with the columns of its bus and of the limits."""


def voltage_control(
    net: Any, node: Ints, internal: Mapping[str, Any], held: Ints, dependent_bus: Ints
) -> VoltageControl:
    """What answers to the voltages of a net.

    Args:
        net: The net, with its own options of the power flow.
        node: Node of each bus, -1 where de-energised.
        internal: Its matrices, solved without limits of reactive power.
        held: Nodes that hold a voltage, ascending.
        dependent_bus: Places of the buses with loads that depend on voltage.
    """
    generators = internal["gen"].real if "gen" in internal else np.empty((0, STATUS + 1))
    live = generators[generators[:, STATUS] > 0]
    at = live[:, BUS].astype(np.int64)
    powers = np.zeros(internal["Ybus"].shape[0])
    np.add.at(powers, at, live[:, POWER])
    voltage = np.asarray(internal["V"], dtype=np.complex128)
    least, most = np.full(held.size, -np.inf), np.full(held.size, np.inf)
    if net.user_pf_options.get("enforce_q_lims"):
        least, most = _limits(net, node, held)
    return VoltageControl(
        vm_pu=np.abs(voltage[held]),
        p_mw=powers[held],
        q_min_mvar=least,
        q_max_mvar=most,
        dependence=mean_coefficients(net, dependent_bus),
        start=voltage if held.size or dependent_bus.size else np.empty(0, dtype=np.complex128),
    )


def _limits(net: Any, node: Ints, held: Ints) -> tuple[Floats, Floats]:
    """Limits of what holds each voltage together, shape (H,) each [MVAr]; infinite where one has none."""
    least, most = np.zeros(held.size), np.zeros(held.size)
    found = np.zeros(held.size, dtype=bool)
    for nodes, low, high in _limited(net, node):
        there = np.isin(nodes, held)
        place = np.searchsorted(held, nodes[there])
        np.add.at(least, place, low[there])
        np.add.at(most, place, high[there])
        found[place] = True
    return np.where(found, least, -np.inf), np.where(found, most, np.inf)


def _limited(net: Any, node: Ints) -> Iterator[tuple[Ints, Floats, Floats]]:
    """Nodes and limits of the elements in service of each table."""
    for table, bus, low, high in _LIMITED:
        frame = net[table][net[table].in_service.to_numpy(dtype=bool)]
        at = node[net.bus.index.get_indexer(frame[bus])]
        limits = [
            frame[name].to_numpy(dtype=float) if name in frame else np.full(len(frame), np.nan) for name in (low, high)
        ]
        limits = [np.where(np.isnan(value), end, value) for value, end in zip(limits, (-np.inf, np.inf), strict=True)]
        yield at, limits[0], limits[1]


def depends_on_voltage(net: Any) -> Bools:
    """Loads in service that are not of constant power, shape (number of loads,)."""
    columns = [column for column in net.load if column.startswith(("const_z", "const_i"))]
    depends: Bools = (net.load[columns].fillna(0.0).to_numpy(dtype=float) != 0).any(axis=1)
    in_service: Bools = net.load.in_service.to_numpy(dtype=bool)
    return depends & in_service


def mean_coefficients(net: Any, buses: Any) -> Floats:
    """Mean `COEFFICIENTS` of the loads in service at the `buses` (places), shape (V, 4) [1], as pandapower takes it."""
    in_service = net.load[net.load.in_service.to_numpy(dtype=bool)]
    columns = [column for column in COEFFICIENTS if column in in_service]
    means = in_service.groupby("bus")[columns].mean().reindex(columns=COEFFICIENTS).fillna(0.0)
    return np.asarray(means.loc[net.bus.index[buses]].to_numpy(dtype=float) / 100)
