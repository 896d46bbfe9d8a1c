"""Who bears the losses: four named conventions of carbon tracing on the same flows, sources and devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from carbon.mixing.conventions_kernel import DELIVERED, GROSS, MEAN
from carbon.stocks.operation import StockOperation
from carbon.tracing.convention_names import CONVENTIONS, Convention
from carbon.tracing.equations import MixingEquations
from carbon.tracing.flows import Consumers, Exports, Flows, Sources, at_nodes
from carbon.tracing.proportional_sharing import Tracing, check_sources, rules_in_windows
from carbon.validation import check_step_hours, index_faults, shape_faults
from grid.arrays import Floats, columns_at
from grid.errors import InputError, raise_if_any

_RULES: dict[int, frozenset[Convention]] = {
    DELIVERED: frozenset({"operator", "generator"}),
    MEAN: frozenset({"average"}),
    GROSS: frozenset({"load"}),
}
"""Mixing rules, and the conventions that each of them answers for."""


@dataclass(frozen=True, eq=False)
class ConventionTrace:
    """One convention's answer.

    Args:
        convention: Which one.
        tracing: Its intensities, of a MWh delivered at a node, and its stocks.
        gross_factor: Energy generated for a MWh used, shape (T, N) [MWh/MWh]: 1 except under ``load``, whose
            `tracing.inflow_mw` is gross power too; NaN there where nothing flows.
        delivered_share: Share of the power fed in at a node that reaches a use, shape (T, N) [1]: 1 except under
            ``generator``, where it gives the net output and the net carbon of each generator.
    """

    convention: Convention
    tracing: Tracing
    gross_factor: Floats
    delivered_share: Floats

    def loss_mw(self, flows: Flows) -> Floats:
        """What is on the loss line, at the node whose intensity it has, shape (T, N) [MW]."""
        if self.convention == "load":
            return local_loss_mw(flows)
        return half_loss_mw(flows) if self.convention == "average" else flows.loss_mw()

    def gross_use_mw(self, consumers: Consumers) -> Floats:
        """What was generated for each consumer, shape (T, M) [MW]."""
        return consumers.p_mw * columns_at(np.nan_to_num(self.gross_factor), consumers.node)

    def net_generation_mw(self, sources: Sources) -> Floats:
        """What reaches a use of each source's power, shape (T, G) [MW]."""
        return sources.p_mw * columns_at(self.delivered_share, sources.node)

    def borne_by_source_kg(self, sources: Sources, step_hours: float) -> Floats:
        """Carbon of lost power that each source answers for, shape (T, G) [kg]: 0 except under ``generator``."""
        lost_mw = sources.p_mw - self.net_generation_mw(sources)
        return step_hours * lost_mw * sources.ci_kg_per_mwh


def trace_conventions(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    exports: Exports,
    step_hours: float,
    operation: StockOperation | None = None,
    *,
    conventions: Sequence[Convention] = CONVENTIONS,
    with_renewable: bool = True,
    threads: int | None = None,
) -> dict[Convention, ConventionTrace]:
    """Traces the same city under several conventions; the carbon of all of them adds up to the sources'.

    For each, with S of sources, D of consumers, L on the loss line, E of exports, and the stocks' terms (see
    `carbon.ledgers.carbon.CarbonLedger`): S + J = D + L + E + F + Z + dC.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports.
        consumers: Final consumers.
        exports: What leaves the city.
        step_hours: Length of a step [h].
        operation: What every store did.
        conventions: Which conventions.
        with_renewable: Whether the renewable share is traced as well.
        threads: See `trace`.

    Raises:
        InputError: If the inputs do not fit together, a convention is not known, or more is taken out of a stock than
            it holds.
    """
    every = max(flows.n_steps, 1)
    _, found = next(
        conventions_in_windows(
            flows, sources, consumers, exports, step_hours, operation,
            conventions=conventions, with_renewable=with_renewable, threads=threads, n_steps=every,
        )
    )  # fmt: skip
    return found


def conventions_in_windows(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    exports: Exports,
    step_hours: float,
    operation: StockOperation | None = None,
    *,
    conventions: Sequence[Convention] = CONVENTIONS,
    with_renewable: bool = True,
    threads: int | None = None,
    n_steps: int,
) -> Iterator[tuple[slice, dict[Convention, ConventionTrace]]]:
    """As `trace_conventions`, in windows of time of `n_steps` each, one after the other; else its arguments and errors.

    What stores hold goes on from window to window, so that nothing depends on where one ends. What a window says of
    devices (`StockTrace.driven_kg`) is complete with the last.
    """
    check_step_hours(step_hours)
    check_sources(flows, sources)
    _check_uses(flows, consumers, exports, conventions)
    rules = [rule for rule, names in _RULES.items() if names & set(conventions)]
    equations = MixingEquations.from_flows(
        flows,
        sources,
        n_groups=1 + with_renewable,
        rules=rules,
        uses=(consumers, exports),
        with_share="generator" in conventions,
    )
    for window, solution, stocks in rules_in_windows(equations, step_hours, operation, threads, n_steps):
        ones = np.broadcast_to(1.0, (window.stop - window.start, flows.n_nodes))
        found: dict[Convention, ConventionTrace] = {}
        for rule, values, held in zip(rules, solution.found, stocks, strict=True):
            renewable_share = values[2] if with_renewable else np.broadcast_to(np.nan, ones.shape)
            tracing = Tracing(values[1], renewable_share, values[0], held)
            for name in _RULES[rule]:
                factor, share = values[-1] if rule == GROSS else ones, solution.share if name == "generator" else ones
                found[name] = ConventionTrace(name, tracing, factor, share)
        yield window, {name: found[name] for name in conventions}


def average_flows(flows: Flows) -> Flows:
    """The mean of what enters one end and leaves the other, without losses: those are loads at both ends."""
    mean = (flows.p_from_mw - flows.p_to_mw) / 2
    return Flows(flows.n_nodes, flows.from_node, flows.to_node, mean, -mean)


def half_loss_mw(flows: Flows) -> Floats:
    """Half of each branch's loss at each of its nodes, and shunts; shape (T, N) [MW]."""
    half = (flows.p_from_mw + flows.p_to_mw) / 2
    lost = at_nodes(half, flows.from_node, flows.n_nodes) + at_nodes(half, flows.to_node, flows.n_nodes)
    return lost if flows.p_shunt_mw is None else lost + flows.p_shunt_mw


def local_loss_mw(flows: Flows) -> Floats:
    """What is lost at a node itself: branches that transfer nothing, and shunts; shape (T, N) [MW]."""
    forward, backward = flows.transfers()
    at_from, at_to = (np.where(forward | backward, 0.0, p_mw) for p_mw in (flows.p_from_mw, flows.p_to_mw))
    lost = at_nodes(at_from, flows.from_node, flows.n_nodes) + at_nodes(at_to, flows.to_node, flows.n_nodes)
    return lost if flows.p_shunt_mw is None else lost + flows.p_shunt_mw


def _check_uses(flows: Flows, consumers: Consumers, exports: Exports, conventions: Sequence[Convention]) -> None:
    """Raises an `InputError` with all that does not fit together."""
    for name in conventions:
        if name not in CONVENTIONS:
            raise InputError.single("conventions", f"must be among {', '.join(CONVENTIONS)}", name)
    raise_if_any(
        [
            *shape_faults("consumers.p_mw", consumers.p_mw, (flows.n_steps, len(consumers.node))),
            *shape_faults("exports.p_mw", exports.p_mw, (flows.n_steps, len(exports.node))),
            *index_faults("consumers.node", consumers.node, consumers.node.shape, flows.n_nodes),
            *index_faults("exports.node", exports.node, exports.node.shape, flows.n_nodes),
        ]
    )
