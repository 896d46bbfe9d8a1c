"""Who may ask for its carbon: data centres, assets that draw power, hydrogen stations, and fleets that give back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.grid_elements import is_store
from app.accounts.storage import Stores
from app.accounts.traced_grid import TracedGrid
from carbon.tracing.trace import Tracing
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility


@dataclass(frozen=True, eq=False)
class User:
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

    def of_what_it_draws(self, per_mwh: Floats, step_hours: float) -> Floats:
        """What it draws times a property of the power at every node, shape (T, N), summed, shape (T,)."""
        at_user = np.nan_to_num(per_mwh[:, self.node])
        summed: Floats = step_hours * (self.p_mw * at_user).sum(axis=1)
        return summed

    def returned_mwh(self, grid: TracedGrid) -> Floats:
        """What a fleet feeds back, shape (T,) [MWh]."""
        if grid.operation is None or self.devices is None:
            return np.zeros(grid.shape[0])
        fed_mw = grid.operation.of(self.devices).power_at_nodes(*grid.shape)[1]
        returned: Floats = grid.step_hours * fed_mw.sum(axis=1)
        return returned

    def returned_kg(self, grid: TracedGrid, tracing: Tracing) -> Floats:
        """The carbon that goes with it, from the stocks of its cars, shape (T,) [kg]."""
        if tracing.stocks is None or self.devices is None:
            return np.zeros(grid.shape[0])
        record = tracing.stocks.of(self.devices)
        return np.bincount(record.entries.step, record.given_back_kg, grid.shape[0]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Use:
    """What a user takes and gives back, whoever bears the losses; shape (T,) each.

    Args:
        energy_mwh: What it draws [MWh].
        carbon_free_mwh: The part of it from renewable and nuclear sources [MWh].
        returned_mwh: What it feeds back, if it is a fleet [MWh].
    """

    energy_mwh: Floats
    carbon_free_mwh: Floats
    returned_mwh: Floats


def use_of(user: User, grid: TracedGrid, carbon_free_share: Floats) -> Use:
    """What a user takes and gives back, with the carbon-free share of the power at every node, shape (T, N)."""
    free = user.of_what_it_draws(carbon_free_share, grid.step_hours)
    return Use(grid.step_hours * user.p_mw.sum(axis=1), free, user.returned_mwh(grid))


def users_of(
    city: City,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    part_of: Mapping[str, str],
    stores: Stores,
    supplied: Bools,
) -> Iterator[User]:
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
        supplied: Steps in which anyone is supplied, shape (T,).
    """
    node = city.network.buses.node
    parts: dict[str, list[Flexibility]] = {}
    for flexibility in flexibilities:
        if not is_store(flexibility):
            parts.setdefault(part_of.get(flexibility.name, flexibility.name), []).append(flexibility)
    for name, members in parts.items():
        buses = np.unique(np.concatenate([member.buses for member in members]))
        net = sum((member.at_buses(p_mw[member.name])[:, buses] for member in members), np.zeros(()))
        drawn, live = np.where(supplied[:, None], np.maximum(net, 0.0), 0.0), node[buses] >= 0
        if drawn.any():
            yield User(name, node[buses[live]], drawn[:, live])
    for flexibility in flexibilities:
        if is_store(flexibility) and flexibility.reservoir is not None:
            user = _of_stores(flexibility.name, stores, (city.clock.n_steps, city.network.n_nodes))
            if flexibility.reservoir.vehicle:
                yield user
            elif flexibility.drain_mwh.any():
                yield replace(user, devices=None)


def _of_stores(name: str, stores: Stores, shape: tuple[int, int]) -> User:
    """Stores by what each of them charges: one that charges and one that gives back at one bus do not cancel."""
    devices, operation = stores.devices[name], stores.operation
    if operation is None:
        return User(name, np.empty(0, dtype=np.int64), np.zeros((shape[0], 0)), devices)
    nodes = np.unique(operation.node[devices])
    drawn_mw, _ = operation.of(devices).power_at_nodes(*shape)
    return User(name, nodes, drawn_mw[:, nodes], devices)
