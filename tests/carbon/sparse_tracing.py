"""The plain way to mix: one sparse system a step, solved by a library. What the kernels are checked against."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from carbon.tracing.flows import Flows, at_nodes

THRESHOLD_MW = 1e-9


def mix(flows: Flows, p_mw: np.ndarray, node: np.ndarray, per_mwh: np.ndarray) -> np.ndarray:
    """What a MWh at each node carries, shape (R, T, N), for sources that carry `per_mwh`, shape (R, T, G)."""
    n = flows.n_nodes
    forward, backward = flows.received_mw()
    supply = at_nodes(p_mw, node, n)
    inflow = supply + at_nodes(forward, flows.to_node, n) + at_nodes(backward, flows.from_node, n)
    carried = np.full((len(per_mwh), *inflow.shape), np.nan)
    for t in range(len(inflow)):
        live = reached(flows, forward[t], backward[t], supply[t]) & (inflow[t] > THRESHOLD_MW)
        received = sp.coo_array(
            (
                np.concatenate([forward[t], backward[t]]),
                (
                    np.concatenate([flows.to_node, flows.from_node]),
                    np.concatenate([flows.from_node, flows.to_node]),
                ),
            ),
            shape=(n, n),
        ).tocsr()
        rows = np.flatnonzero(live)
        shares = sp.diags_array(1 / inflow[t, live]) @ received[rows][:, rows]
        supplied = np.stack([at_nodes(p_mw[t : t + 1] * x[t : t + 1], node, n)[0] for x in per_mwh], axis=1)
        matrix = sp.csc_array(sp.eye_array(len(rows)) - shares)
        if rows.size:
            carried[:, t, live] = splu(matrix).solve(supplied[live] / inflow[t, live, None]).T
    return carried


def reached(flows: Flows, forward: np.ndarray, backward: np.ndarray, supply: np.ndarray) -> np.ndarray:
    """Whether power from any source gets to each node, shape (N,)."""
    alive = supply > THRESHOLD_MW
    while True:
        before = alive.copy()
        np.logical_or.at(alive, flows.to_node, before[flows.from_node] & (forward > THRESHOLD_MW))
        np.logical_or.at(alive, flows.from_node, before[flows.to_node] & (backward > THRESHOLD_MW))
        if (alive == before).all():
            return alive
