"""Who may ask for its carbon: data centres, assets that draw power, hydrogen stations, and fleets that give back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.grid_elements import is_store
from app.accounts.storage import Stores
from app.accounts.tracing_input import TracingInput
from carbon.tracing.proportional_sharing import Tracing
from grid.arrays import Bools, Floats, Ints, without_nan
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility


@dataclass(frozen=True, eq=False)
class MeteredConsumer:
    """A data centre, an asset that draws power, or a fleet.

    Args:
        name: Its name.
        node: Nodes where it is, shape (P,).
        p_mw: What it draws there, shape (T, P), at least 0 [MW]; what it feeds in is not subtracted.
        devices: A fleet's devices in the operation of the stores; None for what returns nothing.
    """

    name: str
    node: Ints
    p_mw: Floats
    devices: slice | None = None

    def between(self, steps: slice) -> MeteredConsumer:
        """The same in some steps that follow each other."""
        return replace(self, p_mw=self.p_mw[steps])

    def of_what_it_draws(self, per_mwh: Floats, step_hours: float) -> Floats:
        """What it draws times a property of the power at every node, shape (T, N), summed, shape (T,)."""
        at_consumer = without_nan(per_mwh[:, self.node])
        summed: Floats = step_hours * (self.p_mw * at_consumer).sum(axis=1)
        return summed

    def returned_mwh(self, inputs: TracingInput) -> Floats:
        """What a fleet feeds back, shape (T,) [MWh]."""
        if inputs.operation is None or self.devices is None:
            return np.zeros(inputs.shape[0])
        fed_mw = inputs.operation.power_at_nodes(*inputs.shape, _within(inputs.operation.n_devices, self.devices))[1]
        returned: Floats = inputs.step_hours * fed_mw.sum(axis=1)
        return returned

    def returned_kg(self, inputs: TracingInput, tracing: Tracing) -> Floats:
        """The carbon that goes with it, from the stocks of its cars, shape (T,) [kg]."""
        if tracing.stocks is None or self.devices is None:
            return np.zeros(inputs.shape[0])
        events = tracing.stocks.events
        fed = np.flatnonzero(events.feeds)
        fed = fed[_within(events.operation.n_devices, self.devices)[events.device[fed]]]
        return np.bincount(events.step[fed], tracing.stocks.moved_kg[fed], inputs.shape[0]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class ConsumerEnergy:
    """What a metered consumer takes and gives back, whoever bears the losses; shape (T,) each.

    Args:
        energy_mwh: What it draws [MWh].
        carbon_free_mwh: The part of it from renewable and nuclear sources [MWh].
        returned_mwh: What it feeds back, if it is a fleet [MWh].
    """

    energy_mwh: Floats
    carbon_free_mwh: Floats
    returned_mwh: Floats


def consumer_energy(consumer: MeteredConsumer, inputs: TracingInput, carbon_free_share: Floats) -> ConsumerEnergy:
    """What a consumer takes and gives back, with the carbon-free share of the power at every node, shape (T, N)."""
    free = consumer.of_what_it_draws(carbon_free_share, inputs.step_hours)
    return ConsumerEnergy(inputs.step_hours * consumer.p_mw.sum(axis=1), free, consumer.returned_mwh(inputs))


def find_metered_consumers(
    city: City,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    part_of: Mapping[str, str],
    stores: Stores,
) -> Iterator[MeteredConsumer]:
    """Every asset and data centre that uses power, one after the other.

    Batteries use nothing: what they charge is used where they feed it in, and their losses are those of the energy
    industries. A hydrogen station uses what it draws, for its fuel leaves the grid; what a fuel cell there feeds in is
    not subtracted.

    Args:
        city: The city.
        flexibilities: All assets.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        part_of: Whole that an asset belongs to, by its name: the work that a data centre may put off is its own.
        stores: What all stores did.
    """
    node = city.network.buses.node
    parts: dict[str, list[Flexibility]] = {}
    for flexibility in flexibilities:
        if not is_store(flexibility):
            parts.setdefault(part_of.get(flexibility.name, flexibility.name), []).append(flexibility)
    for name, members in parts.items():
        buses = np.unique(np.concatenate([member.buses for member in members]))
        net = sum((member.at_buses(p_mw[member.name])[:, buses] for member in members), np.zeros(()))
        drawn, live = np.maximum(net, 0.0), node[buses] >= 0
        if drawn.any():
            yield MeteredConsumer(name, node[buses[live]], drawn[:, live])
    for flexibility in flexibilities:
        if is_store(flexibility) and flexibility.reservoir is not None:
            consumer = _of_stores(flexibility.name, stores, (city.clock.n_steps, city.network.n_nodes))
            if flexibility.reservoir.vehicle:
                yield consumer
            elif flexibility.drain_mwh.any():
                yield replace(consumer, devices=None)


def _of_stores(name: str, stores: Stores, shape: tuple[int, int]) -> MeteredConsumer:
    """Stores by what each of them charges: one that charges and one that gives back at one bus do not cancel."""
    devices, operation = stores.devices[name], stores.operation
    if operation is None:
        return MeteredConsumer(name, np.empty(0, dtype=np.int64), np.zeros((shape[0], 0)), devices)
    nodes = np.unique(operation.node[devices])
    drawn_mw, _ = operation.power_at_nodes(*shape, _within(operation.n_devices, devices))
    return MeteredConsumer(name, nodes, drawn_mw[:, nodes], devices)


def _within(n_devices: int, devices: slice) -> Bools:
    """Which devices are among some that follow each other, shape (N,)."""
    among = np.zeros(n_devices, dtype=np.bool_)
    among[devices] = True
    return among
