"""Gross power: what is generated for each use, losses on its way included; net power: what of it arrives."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from carbon.flows import Flows, Sources
from carbon.gross_kernel import gross_p_from, trace_gross_blocks, trace_net_blocks
from carbon.mixing import STEPS_PER_THREAD, Mixing, processors
from carbon.mixing_kernel import Block
from grid.series import Floats, read_only


@dataclass(frozen=True, eq=False)
class Gross:
    """What a MWh used at each node stands for, shape (T, N) each; NaN where nothing flows.

    Args:
        ci_kg_per_mwh: Carbon of it, that of its losses included [kg/MWh].
        renewable_share: Renewable share of what is generated for it [1].
        factor: Energy generated for it [MWh/MWh].
        inflow_mw: Gross power that enters each node [MW]; 0 where nothing flows.
    """

    ci_kg_per_mwh: Floats
    renewable_share: Floats
    factor: Floats
    inflow_mw: Floats


def trace_gross(flows: Flows, sources: Sources, use_mw: Floats, threads: int | None = None) -> Gross:
    """Upstream tracing of gross power [1]: power is shared at the sending end of each line, so that nothing is lost.

    ``T x = S + sum over senders of P_sent x`` with T what leaves a node. Summed over all nodes, uses times x are the
    sources' carbon exactly, also where the flows of a solver balance to its tolerance only.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation, imports and discharging stores.
        use_mw: Loads, exports and charging, shape (T, N), at least 0 [MW].
        threads: How many parts of the time are traced at once; None for as many as there are processors.

    References:
        [1] J. Bialek, "Tracing the flow of electricity", IEE Proc. Gener. Transm. Distrib., vol. 143, no. 4,
            pp. 313-320, 1996.
    """
    mixing = replace(Mixing.of(flows, sources), n_properties=3)
    carried = np.empty((4, flows.n_steps, flows.n_nodes))
    shunt_mw = _shunt_mw(flows)

    def part(begin: int, end: int, room: Block) -> None:
        pattern, supply = mixing.order.pattern, mixing.supply
        trace_gross_blocks(begin, end, mixing.block_steps, pattern, supply, use_mw, shunt_mw, room, carried)

    _in_parts(mixing, part, threads)
    return Gross(*carried)


def delivered_share(flows: Flows, use_mw: Floats, threads: int | None = None) -> Floats:
    """Share of the power at each node that reaches a use, by downstream tracing of net power [1]; shape (T, N) [1].

    ``T_in z = use + sum over receivers of P_received z`` with T_in what enters a node; 0 where nothing flows.

    Args:
        flows: Power at both ends of every branch, T steps.
        use_mw: Loads, exports and charging, shape (T, N), at least 0 [MW].
        threads: See `trace_gross`.

    References:
        [1] J. Bialek, as `trace_gross`.
    """
    nobody = Sources(np.empty(0, dtype=np.int64), np.empty((flows.n_steps, 0)), np.empty(0), np.empty(0))
    mixing = replace(Mixing.of(flows, nobody), n_properties=1)
    share = np.empty(use_mw.shape)
    shunt_mw = _shunt_mw(flows)

    def part(begin: int, end: int, room: Block) -> None:
        pattern, supply = mixing.order.pattern, mixing.supply
        trace_net_blocks(begin, end, mixing.block_steps, pattern, supply, use_mw, shunt_mw, room, share)

    _in_parts(mixing, part, threads)
    return share


def gross_flows(flows: Flows, factor: Floats) -> Flows:
    """The same flows as gross power: nothing is lost on the way, and each node sends what was generated for it.

    Args:
        flows: Power at both ends of every branch, T steps.
        factor: Energy generated for a MWh at each node, shape (T, N); NaN where nothing flows.
    """
    sent = gross_p_from(flows.from_node, flows.to_node, flows.p_from_mw, flows.p_to_mw, np.nan_to_num(factor))
    return Flows(flows.n_nodes, flows.from_node, flows.to_node, sent, -sent)


def _shunt_mw(flows: Flows) -> Floats:
    return read_only(np.empty((0, flows.n_nodes)) if flows.p_shunt_mw is None else flows.p_shunt_mw)


def _in_parts(mixing: Mixing, part: Callable[[int, int, Block], None], threads: int | None) -> None:
    """Calls `part` for parts of the time at once, each with room of its own."""
    n_parts = min(threads or processors(), max(1, mixing.n_steps // STEPS_PER_THREAD))
    bounds = np.linspace(0, mixing.n_steps, n_parts + 1).astype(int).tolist()
    order, size = mixing.order, mixing.block_steps
    rooms = [Block.of(order.n_nodes, order.n_couplings, mixing.n_properties, size) for _ in range(n_parts)]
    with ThreadPoolExecutor(n_parts) as pool:
        list(pool.map(part, bounds[:-1], bounds[1:], rooms))
