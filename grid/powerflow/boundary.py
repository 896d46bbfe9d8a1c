"""What crosses the boundary of the grid."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats
from grid.powerflow.powerflow import PowerFlow


def net_import_mw(flow: PowerFlow, p_mw: Floats) -> Floats:
    """Net import through all external grids, shape (T,) [MW]: what enters the grid, and what is drawn at their buses.

    Args:
        flow: AC power flow of T steps.
        p_mw: Withdrawal at every bus, shape (T, B) [MW].
    """
    network = flow.network
    there = np.isin(network.buses.node, network.slack)
    drawn = p_mw[:, there].sum(axis=1) + network.fixed_mva[network.slack].real.sum()
    return np.asarray(flow.slack_mva().real.sum(axis=1) + drawn)
