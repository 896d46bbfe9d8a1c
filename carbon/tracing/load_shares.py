"""Which source feeds which load: the share of every generator in every consumer's power, step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from carbon.stocks.operation import StockOperation
from carbon.tracing.conventions import ConventionTrace
from carbon.tracing.flows import Consumers, Flows, Sources
from carbon.tracing.source_shares import source_shares
from grid.arrays import Floats
from grid.errors import InputError
from grid.flexibility.per_slot import PerSlot


def load_shares_mw(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    answer: ConventionTrace,
    groups: npt.ArrayLike | None = None,
    operation: StockOperation | None = None,
    *,
    step_hours: float = 1.0,
) -> Floats:
    """Power of each source, or group of sources, in each consumer's.

    Under ``operator`` the parts of a consumer sum to what it takes, under ``load`` to what was generated for it [1].

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports, G of them.
        consumers: Final consumers, M of them.
        answer: Their trace under ``operator`` or ``load`` (`carbon.tracing.conventions.trace_conventions`).
        groups: Group of each source, shape (G,), 0 to S - 1; None to tell every source apart.
        operation: What every store did; energy from a store counts for the sources that charged it.
        step_hours: Length of a step, which matters to stores only [h].

    Returns:
        Shape (T, M, S) [MW], with an operation (T, M, S + 1), the last for what the stores held at first.

    Raises:
        InputError: If the convention has no such shares, or the inputs do not fit together.

    References:
        [1] J. Bialek, "Tracing the flow of electricity", IEE Proc. Gener. Transm. Distrib., vol. 143, no. 4,
            pp. 313-320, 1996.
    """
    if answer.convention not in ("operator", "load"):
        raise InputError.single("answer.convention", "must be operator or load", answer.convention)
    each = np.arange(len(sources.node)) if groups is None else groups
    use_mw = consumers.p_mw
    if answer.convention == "load":
        use_mw = answer.gross_use_mw(consumers)
        flows, operation = _gross_flows(flows, answer.gross_factor), _gross_operation(operation, answer.gross_factor)
    shares = source_shares(flows, sources, each, operation, step_hours=step_hours)
    return use_mw[:, :, None] * np.nan_to_num(shares[:, consumers.node])


def _gross_operation(operation: StockOperation | None, factor: Floats) -> StockOperation | None:
    """The same stores, charged with what was generated for them."""
    if operation is None:
        return None
    per_use = np.nan_to_num(factor, nan=1.0)[operation.slot_step, operation.node[operation.slot_device]]
    per_use = np.where((operation.p_mw > 0) & (per_use > 0), per_use, 1.0)
    eta = PerSlot(operation.per_slot(operation.eta_charge) / per_use)
    return replace(operation, p_mw=operation.p_mw * per_use, eta_charge=eta)


def _gross_flows(flows: Flows, factor: Floats) -> Flows:
    """The same flows as gross power: nothing is lost on the way, and each node sends what was generated for it."""
    generated = np.nan_to_num(factor)
    forward, backward = flows.received_mw()
    sent = np.where(forward > 0, flows.p_from_mw * generated[:, flows.from_node], 0.0)
    sent -= np.where(backward > 0, flows.p_to_mw * generated[:, flows.to_node], 0.0)
    return Flows(flows.n_nodes, flows.from_node, flows.to_node, sent, -sent)
