"""What every bus makes, uses and passes on, in energy and in carbon, under one convention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.accounts.tracing_input import TracingInput
from carbon.tracing.conventions import ConventionTrace, average_flows
from carbon.tracing.flows import Flows, at_nodes
from grid.arrays import Bools, Floats, Ints, ratio


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
    ci = np.nan_to_num(answer.tracing.ci_kg_per_mwh)
    own, above = (_sources(inputs, which) for which in (~inputs.imported, inputs.imported))
    used = _weighted(inputs, inputs.consumed_mw, ci)
    left = _weighted(inputs, at_nodes(inputs.exports.p_mw, inputs.exports.node, inputs.shape[1]), ci)
    cars, stores = (_stores(inputs, answer, vehicle=vehicle) for vehicle in (True, False))
    lost = _weighted(inputs, lost_mw, ci)
    got, sent = _passed(inputs, answer, ci)
    weight, weighted = _weighted(inputs, inputs.entering_mw, ci)
    mean = ratio(weighted, weight)
    return BusBalances(*own, *_sum(above, got), *_sum(used, cars), *stores, *lost, *_sum(left, sent), mean)


_Pair = tuple[Floats, Floats]
"""Energy and carbon of every node, shape (N,) each [MWh, kg]."""


def _sum(one: _Pair, other: _Pair) -> _Pair:
    return one[0] + other[0], one[1] + other[1]


def _sources(inputs: TracingInput, which: Bools) -> _Pair:
    """Energy and carbon of some sources."""
    p_mw, node = inputs.sources.p_mw[:, which], inputs.sources.node[which]
    kg_per_h = p_mw * inputs.sources.ci_kg_per_mwh[:, which]
    return _summed(inputs, node, p_mw), _summed(inputs, node, kg_per_h)


def _summed(inputs: TracingInput, node: Ints, rates: Floats) -> Floats:
    """Rates of elements, shape (T, E), summed over time at their nodes, shape (N,)."""
    total: Floats = inputs.step_hours * np.bincount(node, rates.sum(axis=0), inputs.shape[1]).astype(np.float64)
    return total


def _weighted(inputs: TracingInput, mw: Floats, ci: Floats) -> _Pair:
    """Energy at each node, from power of shape (T, N), and its carbon at the intensity there."""
    return inputs.step_hours * mw.sum(axis=0), inputs.step_hours * np.einsum("tn,tn->n", mw, ci)


def _stores(inputs: TracingInput, answer: ConventionTrace, *, vehicle: bool) -> _Pair:
    """What stores of one class take, less what they give."""
    operation, stocks = inputs.operation, answer.tracing.stocks
    if operation is None or stocks is None:
        return np.zeros(inputs.shape[1]), np.zeros(inputs.shape[1])
    events = stocks.events
    counts = operation.vehicle[operation.owner] == vehicle
    net_kg = np.where(events.feeds, -stocks.moved_kg, stocks.moved_kg) * counts[events.device]
    kg = np.bincount(operation.node[events.device], net_kg, inputs.shape[1]).astype(np.float64)
    drawn_mw, fed_mw = operation.power_at_nodes(*inputs.shape, counts)
    return inputs.step_hours * (drawn_mw.sum(axis=0) - fed_mw.sum(axis=0)), kg


def _passed(inputs: TracingInput, answer: ConventionTrace, ci: Floats) -> tuple[_Pair, _Pair]:
    """What each node gets over branches, and what it sends that arrives.

    Carbon travels at the intensity of the sending node: on what arrives, under ``load`` on what is sent, and under
    ``average`` on the mean of both.
    """
    flows, n = inputs.flows, inputs.shape[1]
    energy = flows.received_mw()
    if answer.convention == "load":
        carried = _sent_mw(flows)
    else:
        carried = average_flows(flows).received_mw() if answer.convention == "average" else energy
    got, sent = np.zeros((2, n)), np.zeros((2, n))
    ends = ((flows.from_node, flows.to_node), (flows.to_node, flows.from_node))
    for (sender, receiver), mw, carrying in zip(ends, energy, carried, strict=True):
        for place, rates in enumerate((mw, carrying * ci[:, sender])):
            got[place] += _summed(inputs, receiver, rates)
            sent[place] += _summed(inputs, sender, rates)
    return (got[0], got[1]), (sent[0], sent[1])


def _sent_mw(flows: Flows) -> _Pair:
    """Power sent from the first node to the second, and back, shape (T, L) each [MW]."""
    forward, backward = flows.received_mw()
    return np.where(forward > 0, flows.p_from_mw, 0.0), np.where(backward > 0, flows.p_to_mw, 0.0)
