"""Which lines and transformers flexible assets may fill, and how much room other power leaves on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.simulation.limits import GridLimits
from grid.arrays import Floats, Ints
from grid.network.network import Network
from optimizer.network.dc import DCNetwork
from optimizer.studies.aggregate_dispatch import FullLines
from optimizer.studies.aggregate_store import AggregateStore

MOST_ROWS = 10
"""Lines, by direction, whose limits the dispatch of aggregates knows: those that would be filled most (ours)."""
NEAR = 0.95
"""Share of its limit above which a line may become full (ours)."""
REACTIVE = 1.15
"""Most by which reactive power may raise the loading of a line per active power (ours): power factors above 0.87."""


def lines_that_may_fill(
    network: Network,
    dc: DCNetwork,
    limits: GridLimits,
    stores: Sequence[AggregateStore],
    fixed_mw: Floats,
    unmanaged_mw: Floats,
    loading_percent: Floats,
) -> FullLines:
    """The lines and transformers that matter, at most `MOST_ROWS` of them.

    Args:
        network: The network, B buses and L branches.
        dc: Its linear model.
        limits: Its limits.
        stores: What is dispatched.
        fixed_mw: Withdrawal of all else, shape (H, s, B) [MW]: every step of each block, as limits hold in each.
        unmanaged_mw: Withdrawal with all assets unmanaged, shape (T, B) [MW].
        loading_percent: Highest loading of every branch then, shape (L,) [%], from which reactive power is known.
    """
    at = np.flatnonzero(network.branches.rated & np.isfinite(limits.loading_max_percent) & (dc.percent_per_mw > 0))
    n_blocks = fixed_mw.shape[0]
    if not at.size:
        return FullLines(np.zeros((0, fixed_mw.shape[2])), np.zeros((n_blocks, 0)), np.zeros(0))
    flow = fixed_mw @ dc.share[at].T + dc.offset_mw[at]
    active = np.abs(unmanaged_mw @ dc.share[at].T + dc.offset_mw[at]).max(axis=0) * dc.percent_per_mw[at]
    reactive = np.clip(np.nan_to_num(loading_percent[at]) / np.maximum(active, 1e-6), 1.0, REACTIVE)
    per_mw = dc.percent_per_mw[at] * reactive
    limit_mw = limits.loading_max_percent[at] / per_mw
    of_stores = np.array([store.shares for store in stores]) @ dc.share[at].T
    charge, discharge = (np.array([getattr(store, field).max() for store in stores])
                         for field in ("charge_max_mw", "discharge_max_mw"))  # fmt: skip
    share = np.concatenate([dc.share[at], -dc.share[at]])
    response = np.concatenate([of_stores, -of_stores], axis=1)
    highest = np.concatenate([flow.max(axis=1), -flow.min(axis=1)], axis=1)
    most = charge @ np.maximum(response, 0.0) + discharge @ np.maximum(-response, 0.0)
    limit_mw = np.concatenate([limit_mw, limit_mw])
    chosen = _distinct((highest.max(axis=0) + most) / limit_mw, response)
    return FullLines(share[chosen], highest[:, chosen], limit_mw[chosen])


def _distinct(filled: Floats, response: Floats) -> Ints:
    """Places of the fullest lines above `NEAR`, without those that answer the assets as a fuller one does."""
    chosen: list[int] = []
    for line in np.argsort(-filled):
        if filled[line] < NEAR or len(chosen) == MOST_ROWS:
            break
        if not any(np.allclose(response[:, line], response[:, other], rtol=0.05, atol=1e-3) for other in chosen):
            chosen.append(int(line))
    return np.array(chosen, dtype=np.int64)
