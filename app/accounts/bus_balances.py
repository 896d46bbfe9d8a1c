"""What every bus makes, uses and passes on, in energy and in carbon, under one convention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.accounts.node_powers import Pair
from app.accounts.tracing_input import TracingInput
from carbon.tracing.conventions import ConventionTrace
from grid.arrays import Floats, columns_at, ratio, without_nan


@dataclass(frozen=True, eq=False)
class BusBalances:
    """Each node over the run, shape (N,) each; energy is the same under every convention, carbon is not.

    ``production + import = consumption + stores + loss + export`` in carbon; in energy too where losses stay with the
    sending node (``operator`` and ``generator``), as `export_mwh` is what arrives elsewhere.

    Args:
        production_mwh: Local generation there [MWh].
        production_kg: Its carbon: production-based [kg].
        import_mwh: What arrives over branches, and from the grid above [MWh].
        import_kg: Its carbon [kg].
        consumption_mwh: What consumers there and cars, net at the meter, take [MWh].
        consumption_kg: Its carbon: consumption-based [kg].
        stores_mwh: What stationary stores take, net of what they give [MWh].
        stores_kg: Its carbon [kg].
        loss_mwh: What is on the loss line there [MWh].
        loss_kg: Its carbon [kg].
        export_mwh: What arrives elsewhere over branches, and in the grid above [MWh].
        export_kg: Its carbon [kg].
        ci_kg_per_mwh: Mean intensity of a MWh delivered there, weighted by what enters the node [kg/MWh]; NaN where
            nothing flows.
    """

    production_mwh: Floats
    production_kg: Floats
    import_mwh: Floats
    import_kg: Floats
    consumption_mwh: Floats
    consumption_kg: Floats
    stores_mwh: Floats
    stores_kg: Floats
    loss_mwh: Floats
    loss_kg: Floats
    export_mwh: Floats
    export_kg: Floats
    ci_kg_per_mwh: Floats

    @property
    def residual_kg(self) -> float:
        """What the carbon of the buses misses, absolute values summed over them [kg]."""
        entered = self.production_kg + self.import_kg
        left = self.consumption_kg + self.stores_kg + self.loss_kg + self.export_kg
        return float(np.abs(entered - left).sum())


def balance_buses(inputs: TracingInput, answer: ConventionTrace, lost_mw: Floats) -> BusBalances:
    """Sums over time what the convention says of every node.

    Args:
        inputs: What was traced.
        answer: One convention's answer.
        lost_mw: What is on its loss line at each node, shape (T, N) [MW].
    """
    powers, ci = inputs.powers, without_nan(answer.tracing.ci_kg_per_mwh)
    own_kg, above_kg = inputs.source_kg
    used = _weighted(inputs, powers.consumed_mw, ci)
    left = _weighted(inputs, powers.exported_mw, ci)
    cars_kg, stores_kg = _of_stores_kg(inputs, answer)
    lost = _weighted(inputs, lost_mw, ci)
    got, sent = _passed(inputs, answer, ci)
    weight, weighted = _weighted(inputs, powers.entering_mw, ci)
    mean = ratio(weighted, weight)
    return BusBalances(
        powers.own_mwh,
        own_kg,
        *_sum((powers.above_mwh, above_kg), got),
        *_sum(used, (powers.of_vehicles_mwh, cars_kg)),
        powers.of_tanks_mwh,
        stores_kg,
        *lost,
        *_sum(left, sent),
        mean,
    )


def _sum(one: Pair, other: Pair) -> Pair:
    """Energy and carbon of every node, shape (N,) each [MWh, kg], added up."""
    return one[0] + other[0], one[1] + other[1]


def _weighted(inputs: TracingInput, mw: Floats, ci: Floats) -> Pair:
    """Energy at each node, from power of shape (T, N), and its carbon at the intensity there."""
    return inputs.step_hours * mw.sum(axis=0), inputs.step_hours * np.einsum("tn,tn->n", mw, ci)


def _of_stores_kg(inputs: TracingInput, answer: ConventionTrace) -> Pair:
    """Carbon of what cars, and of what stationary stores, take less what they give at each node, (N,) each [kg]."""
    stocks, n = answer.tracing.stocks, inputs.shape[1]
    if stocks is None:
        return np.zeros(n), np.zeros(n)
    events = stocks.events
    net_kg = np.where(events.feeds, -stocks.moved_kg, stocks.moved_kg)
    both = np.bincount(events.node_and_class, net_kg, 2 * n).astype(np.float64)
    return both[1::2].copy(), both[::2].copy()


def _passed(inputs: TracingInput, answer: ConventionTrace, ci: Floats) -> tuple[Pair, Pair]:
    """What each node gets over branches, and what it sends that arrives; carbon travels at the sender's intensity."""
    flows, powers = inputs.flows, inputs.powers
    forward, backward = powers.carried_mw(answer.convention)
    there, back = columns_at(ci, flows.from_node), columns_at(ci, flows.to_node)
    got_kg, sent_kg = powers.got_and_sent((forward * there, backward * back))
    got_mwh, sent_mwh = powers.passed_mwh
    return (got_mwh, got_kg), (sent_mwh, sent_kg)
