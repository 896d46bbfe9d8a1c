"""A network with something added to it: a branch beside another, or a transformer at another tap."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from grid.arrays import Floats
from grid.network.network import Branches, Complexes, Network

FREQUENCY_HZ = 50.0


@dataclass(frozen=True)
class Cable:
    """A type of cable.

    Args:
        name: Its name.
        r_ohm_per_km: Resistance [ohm/km].
        x_ohm_per_km: Reactance [ohm/km].
        c_nf_per_km: Capacitance [nF/km].
        max_i_ka: Rated current [kA].
    """

    name: str
    r_ohm_per_km: float
    x_ohm_per_km: float
    c_nf_per_km: float
    max_i_ka: float


def with_second(network: Network, branch: int) -> Network:
    """The network with another branch of the same kind beside one.

    Args:
        network: The network.
        branch: Place of the branch.
    """
    branches = network.branches
    percent = np.array([branches.percent_per_pu_from[branch], branches.percent_per_pu_to[branch]])
    return _with_beside(network, branch, _entries(network, branch), percent)


def with_cable(network: Network, branch: int, cable: Cable, length_km: float) -> Network:
    """The network with a cable beside a line, as pandapower models lines.

    Args:
        network: The network.
        branch: Place of the line.
        cable: Type of the cable.
        length_km: Its length [km].
    """
    vn_kv = float(network.buses.vn_kv[network.branches.from_bus[branch]])
    base_ohm = vn_kv**2 / network.base_mva
    series = base_ohm / (complex(cable.r_ohm_per_km, cable.x_ohm_per_km) * length_km)
    half = 1j * np.pi * FREQUENCY_HZ * cable.c_nf_per_km * 1e-9 * length_km * base_ohm
    percent = 100.0 * network.base_mva / (np.sqrt(3.0) * vn_kv * cable.max_i_ka)
    entries = np.array([series + half, -series, -series, series + half])
    return _with_beside(network, branch, entries, np.array([percent, percent]))


def with_ratio(network: Network, branch: int, factor: float) -> Network:
    """The network with a transformer whose voltage ratio, high over low voltage, is `factor` times as large.

    Args:
        network: The network.
        branch: Place of the transformer, its "from" end on the side of the tap changer, the high-voltage one.
        factor: New over old ratio.
    """
    old = _entries(network, branch)
    new = old / np.array([factor**2, factor, factor, 1.0])
    return replace(
        network,
        admittance=sparse.csc_array(network.admittance + _square(network, branch, new - old)),
        admittance_from=_changed(network.admittance_from, network, branch, new[:2]),
        admittance_to=_changed(network.admittance_to, network, branch, new[2:]),
    )


def _entries(network: Network, branch: int) -> Complexes:
    """y_ff, y_ft, y_tf and y_tt of a branch, shape (4,) [pu]."""
    f, t = network.branches.from_node[branch], network.branches.to_node[branch]
    matrices = (network.admittance_from, network.admittance_to)
    return np.array([matrix[branch, end] for matrix in matrices for end in (f, t)], dtype=complex)


def _square(network: Network, branch: int, entries: Complexes) -> sparse.csc_array:
    """Entries of a branch in the bus admittance matrix."""
    f, t = network.branches.from_node[branch], network.branches.to_node[branch]
    return sparse.csc_array((entries, ([f, f, t, t], [f, t, f, t])), shape=network.admittance.shape)


def _changed(matrix: sparse.csr_array, network: Network, branch: int, row: Complexes) -> sparse.csr_array:
    """A matrix of branch currents with another row for a branch."""
    ends = [network.branches.from_node[branch], network.branches.to_node[branch]]
    kept = np.ones(matrix.shape[0])
    kept[branch] = 0.0
    new = sparse.csr_array((row, ([branch, branch], ends)), shape=matrix.shape)
    return sparse.csr_array(sparse.diags_array(kept) @ matrix + new)


def _with_beside(network: Network, branch: int, entries: Complexes, percent: Floats) -> Network:
    """The network with a branch more, between the ends of another."""
    ends = [network.branches.from_node[branch], network.branches.to_node[branch]]
    rows = [sparse.csr_array((part, ([0, 0], ends)), shape=(1, network.n_nodes)) for part in (entries[:2], entries[2:])]
    return replace(
        network,
        admittance=sparse.csc_array(network.admittance + _square(network, branch, entries)),
        admittance_from=sparse.csr_array(sparse.vstack([network.admittance_from, rows[0]])),
        admittance_to=sparse.csr_array(sparse.vstack([network.admittance_to, rows[1]])),
        branches=_longer(network.branches, branch, percent),
    )


def _longer(old: Branches, branch: int, percent: Floats) -> Branches:
    return Branches(
        names=(*old.names, f"new beside {old.names[branch]} ({len(old) + 1})"),
        kinds=(*old.kinds, old.kinds[branch]),
        from_node=np.append(old.from_node, old.from_node[branch]),
        to_node=np.append(old.to_node, old.to_node[branch]),
        from_bus=np.append(old.from_bus, old.from_bus[branch]),
        to_bus=np.append(old.to_bus, old.to_bus[branch]),
        percent_per_pu_from=np.append(old.percent_per_pu_from, percent[0]),
        percent_per_pu_to=np.append(old.percent_per_pu_to, percent[1]),
        loading_max_percent=np.append(old.loading_max_percent, old.loading_max_percent[branch]),
    )
