"""What every bus makes, uses and passes on, in energy and in carbon, under one convention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from app.accounts.node_powers import Pair
from app.accounts.tracing_input import TracingInput
from carbon.tracing.conventions import ConventionTrace
from grid.arrays import Floats, columns_at, ratio


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
        entering_mwh: What enters the node from branches, sources and stores [MWh].
        entering_kg: The same at the intensity there [kg].
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
    entering_mwh: Floats
    entering_kg: Floats

    @property
    def ci_kg_per_mwh(self) -> Floats:
        """Mean intensity of a MWh delivered at each node, weighted by what enters it, (N,) [kg/MWh]; NaN if nothing."""
        return ratio(self.entering_kg, self.entering_mwh)

    @property
    def residual_kg(self) -> float:
        """What the carbon of the buses misses, absolute values summed over them [kg]."""
        entered = self.production_kg + self.import_kg
        left = self.consumption_kg + self.stores_kg + self.loss_kg + self.export_kg
        return float(np.abs(entered - left).sum())


def balance_buses(inputs: TracingInput, answer: ConventionTrace) -> BusBalances:
    """Sums over time what the convention says of every node.

    Args:
        inputs: What was traced.
        answer: One convention's answer.
    """
    powers, ci = inputs.powers, answer.tracing.known_ci_kg_per_mwh
    own_kg, above_kg = inputs.source_kg
    cars_kg, stores_kg = _of_stores_kg(inputs, answer)
    (got_mwh, sent_mwh), (got_kg, sent_kg) = powers.passed_mwh, _passed_kg(inputs, answer, ci)
    return BusBalances(
        production_mwh=powers.own_mwh,
        production_kg=own_kg,
        import_mwh=powers.above_mwh + got_mwh,
        import_kg=above_kg + got_kg,
        consumption_mwh=powers.consumed_mwh + powers.of_vehicles_mwh,
        consumption_kg=_kg(inputs, powers.consumed_mw, ci) + cars_kg,
        stores_mwh=powers.of_tanks_mwh,
        stores_kg=stores_kg,
        loss_mwh=powers.lost_mwh(answer.convention),
        loss_kg=_kg(inputs, powers.lost_mw(answer.convention), ci),
        export_mwh=powers.exported_mwh + sent_mwh,
        export_kg=_exported_kg(inputs, ci) + sent_kg,
        entering_mwh=powers.entering_mwh,
        entering_kg=_kg(inputs, powers.entering_mw, ci),
    )


def _kg(inputs: TracingInput, mw: Floats, ci: Floats) -> Floats:
    """Carbon of power at each node, shape (T, N), at the intensity there, over the run, shape (N,)."""
    kg: Floats = inputs.step_hours * np.einsum("tn,tn->n", mw, ci)
    return kg


def summed_balances(parts: Sequence[BusBalances]) -> BusBalances:
    """Those of windows of time together."""
    return BusBalances(*(np.sum([getattr(part, each.name) for part in parts], axis=0) for each in fields(BusBalances)))


def _exported_kg(inputs: TracingInput, ci: Floats) -> Floats:
    """Carbon of what leaves the city at each node over the run, shape (N,)."""
    exports = inputs.exports
    kg_per_h = np.einsum("tx,tx->x", exports.p_mw, columns_at(ci, exports.node))
    kg: Floats = inputs.step_hours * np.bincount(exports.node, kg_per_h, inputs.shape[1]).astype(np.float64)
    return kg


def _of_stores_kg(inputs: TracingInput, answer: ConventionTrace) -> Pair:
    """Carbon of what cars, and of what stationary stores, take less what they give at each node, (N,) each [kg]."""
    stocks, n = answer.tracing.stocks, inputs.shape[1]
    if stocks is None:
        return np.zeros(n), np.zeros(n)
    events = stocks.events
    net_kg = np.where(events.feeds, -stocks.moved_kg, stocks.moved_kg)
    both = np.bincount(events.node_and_class, net_kg, 2 * n).astype(np.float64)
    return both[1::2].copy(), both[::2].copy()


def _passed_kg(inputs: TracingInput, answer: ConventionTrace, ci: Floats) -> Pair:
    """Carbon that each node gets over branches, and that it sends, (N,) each; it travels at the sender's intensity."""
    flows, powers = inputs.flows, inputs.powers
    forward, backward = powers.carried_mw(answer.convention)
    there, back = columns_at(ci, flows.from_node), columns_at(ci, flows.to_node)
    return powers.got_and_sent((np.einsum("tl,tl->l", forward, there), np.einsum("tl,tl->l", backward, back)))
