"""Operating points of a grid, with what flows in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.twin.estimation.elements import CityElements
from grid.arrays import Floats, Ints
from grid.network.network import Complexes, Network


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """S operating points: those of T steps, one or many times over; N nodes, L branches, E elements.

    Args:
        step: Step of each, shape (S,).
        voltage: Node voltages, shape (S, N) complex [pu].
        p_mw: Withdrawal of every element, shape (S, E) [MW].
        exchanged_mw: What stores of an element give to others of it, which draw as much more, shape (S, E) [MW]; None:
            nothing.
    """

    step: Ints
    voltage: Complexes
    p_mw: Floats
    exchanged_mw: Floats | None = None


def flows_of(network: Network, voltage: Complexes) -> tuple[Floats, Floats]:
    """Active power entering every branch at both ends, shape (S, L) each [MW]."""
    branches, base = network.branches, network.base_mva
    ends = []
    for node, matrix in (
        (branches.from_node, network.admittance_from), (branches.to_node, network.admittance_to),
    ):  # fmt: skip
        current = np.asarray((matrix @ voltage.T).T)
        ends.append((voltage[:, node] * current.conj()).real * base)
    return ends[0], ends[1]


def imported_mw(network: Network, points: OperatingPoints, elements: CityElements) -> Floats:
    """What enters at every node of an external grid besides what elements feed in there, shape (S, R) [MW]."""
    current = np.asarray((network.admittance[network.slack] @ points.voltage.T).T)
    into = (points.voltage[:, network.slack] * current.conj()).real * network.base_mva
    node = network.buses.node[elements.bus]
    for place, slack in enumerate(network.slack):
        at = node == slack
        into[:, place] += points.p_mw[:, at].sum(axis=1) + network.fixed_mva[slack].real
    return np.asarray(into)
