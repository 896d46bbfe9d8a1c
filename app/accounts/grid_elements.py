"""Everything that draws or feeds in and is no store, each element at its node and by its own sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.storage import Stores
from grid.arrays import Floats, Ints
from grid.city.city import UNSPECIFIED_SECTOR, City
from grid.flexibility.flexibility import Flexibility
from grid.powerflow.grid_flow import GridFlow

UNKNOWN = "unknown"
"""Technology of feed-in of which nothing is known, such as a load with negative power."""


@dataclass(frozen=True, eq=False)
class GridElements:
    """Elements that are no stores: E of them, consumers where they draw, sources where they feed in.

    Args:
        node: Node of each, shape (E,).
        p_mw: Withdrawal, shape (T, E) [MW].
        sector: GPC sub-sectors of what it draws, shape (E, S).
        technology: What it is when it feeds in, E names.
        own_ci: Emissions of its generation where they are its own, direct and life-cycle, E pairs [kg/MWh]; None
            where they are those of its technology.
    """

    node: Ints
    p_mw: Floats
    sector: Floats
    technology: tuple[str, ...]
    own_ci: tuple[tuple[float, float] | None, ...]


def is_store(flexibility: Flexibility) -> bool:
    """Whether it holds electricity; work that a data centre puts off is consumed all the same."""
    return flexibility.reservoir is not None and flexibility.element == "storage"


def sectors_of(city: City, others: Sequence[Flexibility]) -> tuple[str, ...]:
    """GPC sub-sectors that occur among the loads and among assets that are no stores."""
    codes = (flexibility.gpc_code for flexibility in others)
    return tuple(dict.fromkeys((*city.sectors, *(code for code in codes if code is not None), UNSPECIFIED_SECTOR)))


def own_elements(city: City, sectors: tuple[str, ...]) -> list[GridElements]:
    """Loads, static generators and the rest of the net itself; those at de-energised buses are left out."""
    network, node = city.network, city.network.buses.node
    share = np.zeros((len(city.loads.names), len(sectors)))
    share[:, [sectors.index(code) for code in city.sectors]] = city.sector_shares
    fixed = np.flatnonzero(network.fixed_mva.real)
    power = np.repeat(network.fixed_mva.real[None, fixed], city.clock.n_steps, axis=0)
    n_generators = len(city.generators.names)
    parts = [
        _of_technology(node[city.loads.bus], city.loads.p_mw(), share, (UNKNOWN,) * len(share)),
        _of_technology(
            node[city.generators.bus], -city.generators.p_mw(), _only(UNSPECIFIED_SECTOR, sectors, n_generators),
            city.technologies,
        ),
        _of_technology(fixed, power, _only(UNSPECIFIED_SECTOR, sectors, fixed.size), (UNKNOWN,) * fixed.size),
    ]  # fmt: skip
    return [_live(part) for part in parts]


def asset_elements(city: City, flexibility: Flexibility, p_mw: Floats, sectors: tuple[str, ...]) -> GridElements:
    """An asset that is no store, bus by bus."""
    buses = flexibility.buses
    code = flexibility.gpc_code or UNSPECIFIED_SECTOR
    technology = (flexibility.technology or UNKNOWN,) * buses.size
    at_buses = flexibility.at_buses(p_mw)[:, buses]
    sector, own_ci = _only(code, sectors, buses.size), (flexibility.ci_kg_per_mwh,) * buses.size
    return _live(GridElements(city.network.buses.node[buses], at_buses, sector, technology, own_ci))


def _of_technology(node: Ints, p_mw: Floats, sector: Floats, technology: tuple[str, ...]) -> GridElements:
    """Elements whose generation, if any, has the emissions of its technology."""
    return GridElements(node, p_mw, sector, technology, (None,) * len(technology))


def _only(code: str, sectors: tuple[str, ...], n: int) -> Floats:
    share = np.zeros((n, len(sectors)))
    share[:, sectors.index(code)] = 1.0
    return share


def _live(part: GridElements) -> GridElements:
    live = np.flatnonzero(part.node >= 0)
    technology = tuple(part.technology[k] for k in live)
    own_ci = tuple(part.own_ci[k] for k in live)
    return GridElements(part.node[live], part.p_mw[:, live], part.sector[live], technology, own_ci)


def joined(parts: Sequence[GridElements]) -> GridElements:
    """Elements of several kinds together."""
    return GridElements(
        np.concatenate([part.node for part in parts]),
        np.concatenate([part.p_mw for part in parts], axis=1),
        np.concatenate([part.sector for part in parts]),
        tuple(name for part in parts for name in part.technology),
        tuple(ci for part in parts for ci in part.own_ci),
    )


def as_supplied(
    flow: GridFlow, elements: GridElements, stores: Stores, sectors: tuple[str, ...], *, at_dependent_buses: Ints
) -> GridElements:
    """The elements with what only the voltages tell: loads that depend on them, and generators that control them.

    Args:
        flow: The power flow.
        elements: The elements at their nominal powers.
        stores: What the stores did.
        sectors: GPC sub-sectors.
        at_dependent_buses: Places, among the elements, of the loads at buses whose loads depend on voltage.
    """
    network, p_mw = flow.network, elements.p_mw.copy()
    missing = missing_mw(flow, elements, stores)
    node_of = elements.node[at_dependent_buses]
    for node in np.setdiff1d(node_of, np.union1d(network.slack, network.generator_node)):
        at = at_dependent_buses[node_of == node]
        nominal = p_mw[:, at].sum(axis=1)
        known_at = (nominal != 0) & ~flow.failed
        factor = np.divide(nominal - missing[:, node], nominal, out=np.ones_like(nominal), where=known_at)
        p_mw[:, at] *= factor[:, None]
    generators = network.generator_node
    known = replace(elements, p_mw=p_mw)
    unspecified = _only(UNSPECIFIED_SECTOR, sectors, generators.size)
    fed_in = np.where(flow.failed[:, None], 0.0, missing[:, generators])
    own = _of_technology(generators, -fed_in, unspecified, (UNKNOWN,) * generators.size)
    return joined([known, own])


def impedance_loads(flow: GridFlow, sectors: tuple[str, ...]) -> GridElements:
    """What the constant impedances of wards consume, one element a node with any."""
    node = np.flatnonzero(flow.network.load_conductance_pu)
    nominal = flow.network.load_conductance_pu[node] * flow.network.base_mva
    drawn = np.where(flow.failed[:, None], nominal, flow.impedance_load_mw()[:, node])
    return _of_technology(node, drawn, _only(UNSPECIFIED_SECTOR, sectors, node.size), (UNKNOWN,) * node.size)


def withdrawn_mw(flow: GridFlow, elements: GridElements, stores: Stores) -> Floats:
    """What elements, direct-current lines and stores draw less what they feed in, at each node, shape (T, N) [MW]."""
    drawn = np.zeros((elements.p_mw.shape[0], flow.network.n_nodes))
    np.add.at(drawn.T, elements.node, elements.p_mw.T)
    lines = flow.network.dc_lines
    np.add.at(drawn.T, lines.from_node, lines.p_from_mw[:, None])
    np.add.at(drawn.T, lines.to_node, lines.p_to_mw[:, None])
    operation = stores.operation
    if operation is not None:
        charged, discharged = operation.power_at_nodes(*drawn.shape)
        drawn += charged - discharged
    return drawn


def missing_mw(flow: GridFlow, elements: GridElements, stores: Stores) -> Floats:
    """What the voltages say enters the grid at each node beyond what the known elements feed in, shape (T, N) [MW].

    At an external grid that is the import (or, negative, the export); elsewhere it is nothing, unless voltage decides
    what an element draws or feeds in. It is 0 in steps without a solution.
    """
    drawn = withdrawn_mw(flow, elements, stores)
    return np.where(flow.failed[:, None], 0.0, flow.injected_mw() + drawn)
