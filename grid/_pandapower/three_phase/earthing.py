"""Zero sequence of transformers that pandapower does not model in three phases, and what has no way to earth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from grid._pandapower.three_phase.zero_sequence import EARTHED_HERE, NEUTRAL_FACTOR, OWN_GROUP
from grid.arrays import Bools, Ints
from grid.errors import Fault
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES
from grid.units import LOW_VOLTAGE_KV

EARTHED_SIDES = {"hv": ("YNyn", "YNd", "YNy"), "lv": ("YNyn", "Dyn", "Yzn", "Yyn")}
"""Vector groups with an earthed star point, or something alike, on each side."""
NO_LINK = 1e-12
"""Admittance below which two nodes are not linked: pandapower's open branches have 1e-20 [pu]."""
STAND_IN = 1.0
"""Share of a node's positive-sequence admittance that stands for its missing earth, so that its zero sequence has a
solution: what is connected there is between phases and draws no current through it."""


def star_points(net: Any, bus_node: Ints, base_mva: float) -> tuple[Ints, Complexes]:
    """Nodes with an earthed star point of a group that is modelled here, and its zero-sequence admittance [pu].

    From the terminals to earth lie the winding of that side, the part of the short-circuit impedance that belongs to
    it, and three times what is between star point and earth. Beyond it, in a transformer with a delta winding, lie the
    other part and the magnetising impedance in parallel; in one without, the magnetising impedance alone.

    Args:
        net: The net, with its zero sequence completed.
        bus_node: Node of each bus in the order of ``net.bus``; -1: de-energised.
        base_mva: Base power of one phase [MVA].
    """
    trafo = net.trafo
    if not len(trafo):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=complex)
    chosen = trafo[trafo[OWN_GROUP].isin(list(EARTHED_HERE)) & trafo.in_service.astype(bool)]
    side = chosen[OWN_GROUP].map(EARTHED_HERE)
    at_hv = (side == "hv").to_numpy(dtype=bool)
    node = bus_node[net.bus.index.get_indexer(np.where(at_hv, chosen.hv_bus, chosen.lv_bus))]
    rated_kv = np.where(at_hv, chosen.vn_hv_kv, chosen.vn_lv_kv).astype(float)
    bus_kv = net.bus.vn_kv.to_numpy()[net.bus.index.get_indexer(np.where(at_hv, chosen.hv_bus, chosen.lv_bus))]
    per_unit = len(PHASES) * base_mva / bus_kv**2  # of an impedance in ohm
    z0 = _impedance(chosen) * rated_kv**2 / chosen.sn_mva.to_numpy(dtype=float) / 100
    share = np.where(at_hv, chosen.si0_hv_partial, 1 - chosen.si0_hv_partial)
    turned = chosen.mag0_rx.to_numpy(dtype=float) + 1j
    magnetising = np.abs(z0) * chosen.mag0_percent.to_numpy(dtype=float) / 100 * turned / np.abs(turned)
    other = (1 - share) * z0
    has_delta = chosen[OWN_GROUP].str.endswith("d").to_numpy(dtype=bool)
    beyond = np.where(has_delta, magnetising * other / (magnetising + other), magnetising)
    parallel = chosen.parallel.to_numpy(dtype=float)
    to_earth = (share * z0 + beyond) / parallel + 3 * _star_point_ohm(chosen)
    live = node >= 0
    return node[live], np.asarray(1 / (to_earth * per_unit))[live]


def _impedance(trafo: Any) -> Complexes:
    """Zero-sequence short-circuit impedance [%]."""
    real, size = trafo.vkr0_percent.to_numpy(dtype=float), trafo.vk0_percent.to_numpy(dtype=float)
    return np.asarray(real + 1j * np.sqrt(np.maximum(size**2 - real**2, 0.0)))


def _star_point_ohm(trafo: Any) -> Complexes:
    """Impedance between star point and earth [ohm]; the net has what pandapower is told."""
    parts = [trafo[name].fillna(0.0).to_numpy(dtype=float) if name in trafo else np.zeros(len(trafo))
             for name in ("rn_ohm", "xn_ohm")]  # fmt: skip
    return np.asarray((parts[0] + 1j * parts[1]) / NEUTRAL_FACTOR)


def unearthed(net: Any, zero: sparse.csr_array, source_pu: Complexes, bus_node: Ints) -> Bools:
    """Nodes of sections whose zero sequence leads to earth by the capacitance of lines only, shape (N,).

    Args:
        net: The net, with its zero sequence completed.
        zero: Zero-sequence admittance of the nodes, shape (N, N) [pu].
        source_pu: Zero-sequence admittance of external grids, shape (N,) [pu].
        bus_node: Node of each bus; -1: de-energised.
    """
    earthed = source_pu != 0
    if len(net.trafo):
        trafo = net.trafo[net.trafo.in_service.astype(bool)]
        for side, groups in EARTHED_SIDES.items():
            buses = trafo[f"{side}_bus"][trafo[OWN_GROUP].isin(groups)]
            node = bus_node[net.bus.index.get_indexer(buses)]
            earthed[node[node >= 0]] = True
    entries = zero.tocoo()
    linked = np.abs(entries.data) > NO_LINK
    pattern = sparse.csr_array((np.ones(linked.sum()), (entries.row[linked], entries.col[linked])), shape=zero.shape)
    _, label = connected_components(pattern, directed=False)
    return np.asarray(~np.isin(label, label[earthed]))


def faults_without_earth(net: Any, dead: Bools, bus_node: Ints, wye_mva: Complexes) -> Iterator[Fault]:
    """Elements between a phase and a neutral that is not earthed, and sections of low voltage without a neutral.

    Args:
        net: The net.
        dead: From `unearthed`.
        bus_node: Node of each bus; -1: de-energised.
        wye_mva: What is between phase and neutral, shape (3, B) [MW + j MVAr].
    """
    isolated = (bus_node >= 0) & dead[bus_node]
    low = isolated & (net.bus.vn_kv.to_numpy() <= LOW_VOLTAGE_KV)
    if low.any():
        name = str(net.bus.name.iloc[int(np.flatnonzero(low)[0])])
        rule = "no transformer earths the neutral here, so nothing can be on one phase"
        yield Fault("net.trafo, vector_group", f"{rule}: {int(low.sum())} buses of low voltage", name)
    uneven = isolated & (np.abs(wye_mva - wye_mva.mean(axis=0)).max(axis=0) > 1e-9)
    for bus in np.flatnonzero(uneven & ~low)[:5].tolist():
        rule = "no transformer earths the neutral here: loads and generators must be balanced or between phases"
        yield Fault("net.asymmetric_load or net.asymmetric_sgen", rule, str(net.bus.name.iloc[bus]))
