"""A network in phase coordinates and its loads, laid out for the kernel."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from grid.arrays import Floats, Ints, run_offsets
from grid.network.injections import Injections
from grid.network.phase_network import PhaseElements, PhaseLegs, PhaseNetwork
from grid.phase_coordinates.kernel import Legs, NodeGrid
from grid.powerflow.elimination import OPTIONS
from grid.powerflow.zbus import profiles_of
from grid.powerflow.zbus_arrays import Profiles, Triangle

LOSSY = {"line": 1, "trafo": 1, "shunt": 0, "source": -1}


@lru_cache(maxsize=4)
def compiled_network(network: PhaseNetwork) -> NodeGrid:
    """The network for the kernel, kept for the networks used last."""
    loaded = np.unique(np.concatenate([network.legs.from_node, network.legs.to_node]))
    order, passive = _order(network.admittance_mva, loaded[loaded >= 0], network.nodes.bus)
    ordered = sparse.csc_array(network.admittance_mva[order][:, order])
    factor = linalg.splu(ordered, permc_spec="NATURAL", **OPTIONS)
    upper = sparse.csr_array(factor.U)
    lower = sparse.csr_array(sparse.tril(factor.L, -1)).tocoo()
    among = lower.coords[1] >= passive
    active = sparse.csr_array(
        (lower.data[among], (lower.coords[0][among], lower.coords[1][among])), shape=ordered.shape
    )
    unloaded = factor.solve(network.source_mva[order])
    diagonal = np.asarray(1 / upper.diagonal())
    place = np.full(order.size + 1, -1, dtype=np.int64)  # the last stands for earth
    place[order] = np.arange(order.size)
    is_phase = np.zeros(order.size, dtype=np.int64)
    is_phase[place[network.nodes.is_phase]] = 1
    return NodeGrid(
        passive=passive, active_lower=_triangle(active), upper=_triangle(sparse.csr_array(sparse.triu(upper, 1))),
        diagonal_real=_part(diagonal.real), diagonal_imag=_part(diagonal.imag), unloaded_real=_part(unloaded.real),
        unloaded_imag=_part(unloaded.imag), order=order, legs=_legs(network, place),
        **_elements(network, place), is_phase=is_phase, threes=np.ascontiguousarray(place[network.nodes.threes]),
    )  # fmt: skip


def _order(matrix: sparse.csc_array, loaded: Ints, bus: Ints) -> tuple[Ints, int]:
    """Order of elimination, nodes without a load first, and how many of them go first.

    Nodes of a bus with more than two neighbours stay with the others: elimination would connect all that it lies
    between.
    """
    by_degree = np.argsort(linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", **OPTIONS).perm_c)
    rows, columns = matrix.tocoo().coords
    n_buses = int(bus.max()) + 1
    pairs = sparse.csr_array((np.ones(rows.size), (bus[rows], bus[columns])), shape=(n_buses, n_buses))
    goes_first = (np.diff(pairs.indptr) <= 3)[bus]  # itself and two others
    goes_first[loaded] = False
    order = np.concatenate([by_degree[goes_first[by_degree]], by_degree[~goes_first[by_degree]]])
    return order.astype(np.int64), int(np.count_nonzero(goes_first))


def _legs(network: PhaseNetwork, place: Ints) -> Legs:
    legs, vn = network.legs, np.append(network.nodes.vn_kv, 0.0)
    rated = np.maximum(vn[legs.from_node], vn[legs.to_node])
    return Legs(
        start=place[legs.from_node], end=place[legs.to_node], per_rated=rated / legs.vn_kv, constant=legs.constant,
        current=legs.current, impedance=legs.impedance, below=legs.below, slope=legs.slope, above=legs.above,
        lowest=legs.lowest, vm_low=legs.vm_low_pu, vm_min=legs.vm_min_pu, vm_max=legs.vm_max_pu,
    )  # fmt: skip


def _elements(network: PhaseNetwork, place: Ints) -> dict[str, Any]:
    """The elements, their currents and admittances in MVA at the rated voltages of the nodes."""
    elements: PhaseElements = network.elements
    vn = np.append(network.nodes.vn_kv, 0.0)[elements.node]
    spans = [slice(*ends) for ends in zip(elements.pointer[:-1].tolist(), elements.pointer[1:].tolist(), strict=True)]
    scaled = [matrix * np.outer(vn[span], vn[span]) for matrix, span in zip(elements.matrices, spans, strict=True)]
    values = np.concatenate([np.empty(0, complex), *(matrix.ravel() for matrix in scaled)])
    live = np.where(vn > 0, vn, 1.0)
    per_mva = np.where(
        np.isfinite(elements.rating_ka) & (vn > 0), 100 / live / np.nan_to_num(elements.rating_ka, nan=1.0), 0.0
    )
    own = elements.source_ka * vn
    return {
        "pointer": elements.pointer.astype(np.int64), "place": place[elements.node],
        "matrix": run_offsets(np.array([matrix.size for matrix in scaled]))[:-1],
        "real": _part(values.real), "imag": _part(values.imag), "own_real": _part(own.real),
        "own_imag": _part(own.imag), "percent_squared": per_mva**2,
        "lossy": np.array([LOSSY[kind] for kind in elements.kinds], dtype=np.int64),
    }  # fmt: skip


def compiled_loads(legs: PhaseLegs, loads: Injections) -> Profiles:
    """Power of each leg at rated voltage [MW, MVAr].

    Args:
        legs: The legs, M of K loads.
        loads: Withdrawal of the loads, K rows.
    """
    spread = sparse.csr_array((legs.share, (np.arange(len(legs)), legs.of)), shape=(len(legs), len(legs.loads)))
    return profiles_of(loads.profiles, sparse.csr_array(spread @ loads.p_mw), sparse.csr_array(spread @ loads.q_mvar))


def _triangle(matrix: sparse.csr_array) -> Triangle:
    return Triangle(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        _part(matrix.data.real),
        _part(matrix.data.imag),
    )


def _part(values: Floats) -> Floats:
    return np.ascontiguousarray(values, dtype=float)
