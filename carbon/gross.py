"""Gross power: what would have to be generated for each use, all losses on its way included."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from carbon.flows import Flows, Sources
from carbon.gross_kernel import trace_gross_blocks
from carbon.mixing import STEPS_PER_THREAD, Mixing, processors
from carbon.mixing_kernel import Block
from grid.series import Floats


@dataclass(frozen=True, eq=False)
class Gross:
    """What a MWh used at each node stands for, shape (T, N) each; NaN where nothing flows.

    Args:
        ci_kg_per_mwh: Carbon of it, that of its losses included [kg/MWh].
        renewable: Renewable energy generated for it [MWh/MWh].
        factor: Energy generated for it [MWh/MWh].
    """

    ci_kg_per_mwh: Floats
    renewable: Floats
    factor: Floats


def trace_gross(flows: Flows, sources: Sources, use_mw: Floats, threads: int | None = None) -> Gross:
    """Upstream tracing of gross power [1]: power is shared at the sending end of each line, so that nothing is lost.

    ``T x = S + sum over senders of P_sent x`` with T what leaves a node. Summed over all nodes, uses times x are the
    sources' carbon exactly, also where the flows of a solver balance to its tolerance only.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation, imports and discharging stores.
        use_mw: Loads, exports, charging, and what is lost at the node itself, shape (T, N), at least 0 [MW].
        threads: How many parts of the time are traced at once; None for as many as there are processors.

    References:
        [1] J. Bialek, "Tracing the flow of electricity", IEE Proc. Gener. Transm. Distrib., vol. 143, no. 4,
            pp. 313-320, 1996.
    """
    mixing = replace(Mixing.of(flows, sources), n_properties=3)
    carried = np.empty((3, flows.n_steps, flows.n_nodes))
    size, n_steps = mixing.block_steps, flows.n_steps
    n_parts = min(threads or processors(), max(1, n_steps // STEPS_PER_THREAD))
    bounds = np.linspace(0, n_steps, n_parts + 1).astype(int).tolist()

    def part(begin: int, end: int) -> None:
        room = Block.of(flows.n_nodes, mixing.order.n_couplings, 3, size)
        trace_gross_blocks(begin, end, size, mixing.order.pattern, mixing.supply, use_mw, room, carried)

    with ThreadPoolExecutor(n_parts) as pool:
        list(pool.map(part, bounds[:-1], bounds[1:]))
    carried[:, carried[2] <= 0.0] = np.nan
    return Gross(*carried)


def gross_flows(flows: Flows, factor: Floats) -> Flows:
    """The same flows as gross power: nothing is lost on the way, and each node sends what was generated for it.

    Args:
        flows: Power at both ends of every branch, T steps.
        factor: Energy generated for a MWh at each node, shape (T, N); NaN where nothing flows.
    """
    forward = (flows.p_from_mw > 0) & (flows.p_to_mw < 0)
    backward = (flows.p_to_mw > 0) & (flows.p_from_mw < 0)
    known = np.nan_to_num(factor)
    sent = np.where(forward, flows.p_from_mw * known[:, flows.from_node], 0.0)
    sent -= np.where(backward, flows.p_to_mw * known[:, flows.to_node], 0.0)
    return Flows(flows.n_nodes, flows.from_node, flows.to_node, sent, -sent)
