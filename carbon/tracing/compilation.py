"""The tracing's compiled functions, called once for a grid of two nodes: so they are there when they are needed."""

from __future__ import annotations

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.tracing.conventions import trace_conventions
from carbon.tracing.flows import Consumers, Exports, Flows, Sources


def compile_tracing() -> None:
    """Has all compiled functions of a tracing with stores compiled and kept, for the types that a run has."""
    one, none = np.ones((1, 1)), np.empty((1, 0))
    at_first, at_second, nowhere = np.array([0]), np.array([1]), np.empty(0, dtype=np.int64)
    store = StockOperation(
        owner=at_first,
        node=at_second,
        start=at_first,
        stop=at_second,
        p_mw=np.array([0.5]),
        e_start_mwh=np.ones(1),
        eta_charge=np.ones(1),
        eta_discharge=np.ones(1),
        retention_per_step=np.ones(1),
        vehicle=np.ones(1, dtype=np.bool_),
        ci_initial_kg_per_mwh=np.zeros(1),
        renewable_share_initial=np.zeros(1),
    )
    trace_conventions(
        Flows(2, at_first, at_second, one, -one, np.zeros((1, 2))),
        Sources(at_first, one, one, one),
        Consumers(at_second, one / 2, ("I.1",), one),
        Exports(nowhere, none),
        1.0,
        store,
        threads=1,
    )
