"""The linear ("DC") power flow: branch flows as fixed shares of the power at the buses, without losses or voltages.

For meshed transmission grids, where generators hold the voltages and what matters is which line is full. With branch
reactance x, tap ratio n and phase shift φ, the flow from i to j is ``(θ_i - θ_j - φ) / (n x)``, at voltages of 1 pu and
small angles [1]. The angles of the external grids are given, so flows are an affine function of the withdrawals.

References:
    [1] R. D. Zimmerman, C. E. Murillo-Sánchez and R. J. Thomas, "MATPOWER: steady-state operations, planning, and
        analysis tools for power systems research and education", IEEE Trans. Power Systems, vol. 26, no. 1,
        pp. 12-19, 2011, section on DC modelling of the manual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from grid.arrays import Floats, Ints
from grid.network.network import Complexes, Network
from optimizer.network.linearisation import Linearisation

LOSSLESS = 1e-9
"""A resistance below this share of the reactance is none."""


@dataclass(frozen=True, eq=False)
class DCNetwork:
    """Flows of a network as an affine function of the withdrawals; L branches, B buses.

    Args:
        share: Change of the flow per withdrawal at each bus, shape (L, B) [MW/MW].
        offset_mw: Flow without any withdrawal at the buses, shape (L,) [MW].
        percent_per_mw: Loading per flow, shape (L,) [%/MW]; 0 where there is no rating.
    """

    share: Floats
    offset_mw: Floats
    percent_per_mw: Floats

    @classmethod
    def from_network(cls, network: Network) -> Self:
        """The DC model of a network; what is fixed in it (motors, constant parts of wards) is part of the offset."""
        branches, n = network.branches, network.n_nodes
        susceptance, shift = _series(network)
        n_branches = len(branches)
        places = np.arange(n_branches)
        incidence = sparse.csc_array(
            (
                np.concatenate([np.ones(n_branches), -np.ones(n_branches)]),
                (np.concatenate([places, places]), np.concatenate([branches.from_node, branches.to_node])),
            ),
            shape=(n_branches, n),
        )
        to_flow = sparse.csc_array(sparse.diags_array(susceptance) @ incidence)
        rest = np.setdiff1d(np.arange(n), network.slack)
        factor = splu(sparse.csc_matrix((incidence.T @ to_flow)[rest][:, rest]))
        by_node = np.zeros((n_branches, n))
        by_node[:, rest] = -factor.solve(to_flow[:, rest].T.toarray()).T
        angle = np.zeros(n)
        angle[network.slack] = np.angle(network.v_slack)
        given = to_flow @ angle - susceptance * shift  # flows if all other angles were 0
        fixed = network.fixed_mva.real + network.conductance_pu * network.base_mva
        drawn = incidence.T @ given * network.base_mva + fixed
        node = network.buses.node
        return cls(
            share=np.where(node >= 0, by_node[:, node], 0.0),
            offset_mw=given * network.base_mva + by_node @ drawn,
            percent_per_mw=np.maximum(branches.percent_per_pu_from, branches.percent_per_pu_to) / network.base_mva,
        )

    def flow_mw(self, p_mw: Floats) -> Floats:
        """Flows into the branches at their "from" end, shape (T, L) [MW], for withdrawals of shape (T, B) [MW]."""
        return np.asarray(p_mw @ self.share.T + self.offset_mw)

    def loading_percent(self, p_mw: Floats) -> Floats:
        """Loadings, shape (T, L) [%], for withdrawals of shape (T, B) [MW]; NaN where there is no rating."""
        loading = np.abs(self.flow_mw(p_mw)) * self.percent_per_mw
        loading[:, self.percent_per_mw == 0] = np.nan
        return loading

    def loading_rows(self, p_mw: Floats, step: Ints, branch: Ints) -> Linearisation:
        """Loadings of branches in certain steps [%] in the direction they have at `p_mw`: exact in that direction.

        Args:
            p_mw: Withdrawal at the buses, shape (T, B) [MW].
            step: Step of each row, shape (J,).
            branch: Branch of each row, shape (J,).
        """
        flow = np.einsum("jb,jb->j", p_mw[step], self.share[branch]) + self.offset_mw[branch]
        per_mw = np.where(flow < 0, -1.0, 1.0) * self.percent_per_mw[branch]
        shares = per_mw[:, None] * self.share[branch]
        return Linearisation(step, per_mw * flow, shares, np.zeros_like(shares))


def has_reactances(network: Network) -> bool:
    """Whether each branch has a reactance, without which its flow is not one of angles."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return bool(np.isfinite(_series(network)[0]).all())


def _series(network: Network) -> tuple[Floats, Floats]:
    """Susceptance 1 / (n x) [pu] and phase shift φ [rad] of each branch, shape (L,) each, from its admittances.

    A branch of series impedance z behind the complex tap t couples its ends by ``-1 / (z t*)`` and ``-1 / (z t)``, so
    their product gives z |t| but for its sign, and the first of them then the angle of t. Of the two signs it is the
    one of a positive resistance, or of a reactance that is not a capacitor's where there is no resistance.
    """
    branches = network.branches
    places = np.arange(len(branches))
    there = _entries(network.admittance_from, places, branches.to_node)
    back = _entries(network.admittance_to, places, branches.from_node)
    impedance = 1 / np.sqrt(there * back)
    lossless = np.abs(impedance.real) < LOSSLESS * np.abs(impedance.imag)
    impedance = np.where(np.where(lossless, impedance.imag, impedance.real) < 0, -impedance, impedance)
    return 1 / impedance.imag, np.angle(-there * impedance)


def _entries(matrix: sparse.csr_array, rows: Ints, columns: Ints) -> Complexes:
    return np.asarray(sparse.csr_array(matrix)[rows, columns]).ravel()
