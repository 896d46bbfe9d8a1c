"""Carbon tracing: where the power at every node comes from, and the carbon it carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.checks import array_faults, index_faults
from carbon.flows import Flows, Sources, at_nodes
from carbon.mixing import Mixing
from carbon.stock_book import StockBook
from carbon.stock_plan import check_step_hours, plan_stocks
from carbon.stocks import ClassTrace, StockOperation, StockTrace, no_stocks
from grid.errors import raise_if_any
from grid.series import Floats

__all__ = ["Flows", "Sources", "Tracing", "trace"]


@dataclass(frozen=True, eq=False)
class Tracing:
    """What the power at every node carries.

    Args:
        ci_kg_per_mwh: Carbon intensity, shape (T, N) [kg/MWh]; NaN where nothing flows, which is not 0.
        renewable_share: Renewable share, shape (T, N) [1]; NaN likewise.
        inflow_mw: Power that enters each node, from branches, sources and stores, shape (T, N) [MW].
        stocks: What the stores hold; None if there are none.
    """

    ci_kg_per_mwh: Floats
    renewable_share: Floats
    inflow_mw: Floats
    stocks: StockTrace | None

    @property
    def vehicles(self) -> ClassTrace:
        """The stocks of all vehicles; empty if there are no stores."""
        return no_stocks(len(self.inflow_mw)) if self.stocks is None else self.stocks.vehicles

    @property
    def stationary(self) -> ClassTrace:
        """All stationary stocks; empty if there are no stores."""
        return no_stocks(len(self.inflow_mw)) if self.stocks is None else self.stocks.stationary


def trace(flows: Flows, sources: Sources, step_hours: float, operation: StockOperation | None = None) -> Tracing:
    """Carbon intensity and renewable share at every node, by proportional sharing; the grid operator bears the losses.

    All power that enters a node is taken to mix there perfectly, so all that leaves it, to loads, stores and lines
    alike, carries the same intensity [1]. Only what a line delivers arrives; what it loses is left at the intensity of
    its sending node. Stores are virtual stocks [2]: charging brings the intensity of the node, discharging is a source
    of intensity w / eta_discharge with w = carbon / energy of the stock at the start of the step.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports, T steps.
        step_hours: Length of a step [h].
        operation: What every store did.

    Raises:
        InputError: If the inputs do not fit together, or more is taken out of a stock than it holds.

    References:
        [1] C. Kang et al., "Carbon emission flow from generation to demand: a network-based model", IEEE Trans. Smart
            Grid, vol. 6, no. 5, pp. 2386-2394, 2015.
        [2] X. Chen et al., "Carbon-aware optimal power flow", arXiv:2308.03240, 2023: the "water tank" model.
    """
    check_step_hours(step_hours)
    n_steps, n_nodes = flows.n_steps, flows.n_nodes
    raise_if_any(
        [
            *index_faults("sources.node", sources.node, sources.node.shape, n_nodes),
            *array_faults("sources.p_mw", sources.p_mw, (n_steps, len(sources.node))),
        ]
    )
    book = None
    supply_mw = at_nodes(sources.p_mw, sources.node, n_nodes)
    if operation is not None:
        plan = plan_stocks(operation, n_steps, n_nodes, step_hours)
        book = StockBook(operation, plan, n_nodes)
        supply_mw += plan.discharge_mw
    mixing = Mixing.of(flows, supply_mw)
    per_mwh = (sources.ci_kg_per_mwh, sources.renewable_share)
    supplied = np.stack([at_nodes(sources.p_mw * x, sources.node, n_nodes) for x in per_mwh], axis=2)
    carried = np.empty((n_steps, n_nodes, 2))
    for step in range(n_steps):
        carried[step] = _mix_step(mixing, supplied[step], step, step_hours, book)
    carried[~mixing.live] = np.nan
    return Tracing(
        ci_kg_per_mwh=np.ascontiguousarray(carried[:, :, 0]),
        renewable_share=np.ascontiguousarray(carried[:, :, 1]),
        inflow_mw=mixing.inflow_mw,
        stocks=None if book is None else book.close(),
    )


def _mix_step(mixing: Mixing, supplied: Floats, step: int, step_hours: float, book: StockBook | None) -> Floats:
    """What a MWh at each node carries in one step, shape (N, 2); `supplied` is per hour, shape (N, 2)."""
    if book is None:
        return mixing.solve(step, supplied)
    return book.walk(step, lambda returned: mixing.solve(step, supplied + returned / step_hours))
