"""Gross power: what is generated for each use, losses on its way included; net power: what of it arrives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from carbon.convention_kernel import GROSS
from carbon.flows import Flows, Sources
from carbon.mixing import Mixing, Uses
from grid.series import Floats, Ints


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
    mixed = Mixing.of(flows, sources, kinds=(GROSS,), uses=_at_every_node(use_mw)).solve(0, flows.n_steps, threads)
    inflow_mw, ci_kg_per_mwh, renewable_share, factor = mixed.found[0]
    return Gross(ci_kg_per_mwh, renewable_share, factor, inflow_mw)


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
    mixing = Mixing.of(flows, nobody, kinds=(), uses=_at_every_node(use_mw), with_share=True)
    return mixing.solve(0, flows.n_steps, threads).share


def gross_flows(flows: Flows, factor: Floats) -> Flows:
    """The same flows as gross power: nothing is lost on the way, and each node sends what was generated for it.

    Args:
        flows: Power at both ends of every branch, T steps.
        factor: Energy generated for a MWh at each node, shape (T, N); NaN where nothing flows.
    """
    sent = _gross_p_from(flows.from_node, flows.to_node, flows.p_from_mw, flows.p_to_mw, np.nan_to_num(factor))
    return Flows(flows.n_nodes, flows.from_node, flows.to_node, sent, -sent)


def _at_every_node(use_mw: Floats) -> Uses:
    n_steps, n_nodes = use_mw.shape
    return Uses(np.arange(n_nodes), use_mw, np.empty(0, dtype=np.int64), np.empty((n_steps, 0)))


@njit(cache=True, nogil=True)
def _gross_p_from(from_node: Ints, to_node: Ints, p_from_mw: Floats, p_to_mw: Floats, factor: Floats) -> Floats:
    """Gross power from the first node of each branch to the second, negative the other way, shape (T, L) [MW]."""
    sent: Floats = np.zeros(p_from_mw.shape)
    n_steps, n_branches = p_from_mw.shape
    for t in range(n_steps):
        for branch in range(n_branches):
            p_from, p_to = p_from_mw[t, branch], p_to_mw[t, branch]
            if p_from > 0.0 > p_to:
                sent[t, branch] = p_from * factor[t, from_node[branch]]
            elif p_to > 0.0 > p_from:
                sent[t, branch] = -p_to * factor[t, to_node[branch]]
    return sent
