"""The energy of a run's accounts: which element is a source, a consumer or a store. No emission factor is in it.

Runs of one process that differ in factors, conventions or upstream alone take it as it is (`grid.sharing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.grid_elements import (
    GridElements,
    as_supplied,
    asset_elements,
    impedance_loads,
    is_store,
    joined,
    missing_mw,
    own_elements,
    sectors_of,
    withdrawn_mw,
)
from app.accounts.metered_consumers import MeteredConsumer, find_metered_consumers
from app.accounts.storage import Stores, dispatched_stocks_mwh, stores_of
from app.accounts.tracing_input import IMPORT, TracingInput
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility
from grid.kept_if_small import kept_if_small
from grid.large_arrays import moved_out
from grid.powerflow.grid_flow import GridFlow
from grid.sharing import shared


@dataclass(frozen=True, eq=False)
class EnergySide:
    """All of a run's accounts that is the same whatever carbon the power carries.

    Args:
        inputs: What is traced, with sources and stocks that carry nothing.
        own_ci: Emissions of each local source where they are its own, direct and life-cycle [kg/MWh]; None where they
            are those of its technology. The sources that come first in `inputs` are the local ones.
        stores: What the stores did, and whose they are.
        metered: Who may ask for its carbon.
        held: The flexibilities that are stores.
        p_mw: Withdrawal of every flexibility by name, shape (K,) each [MW].
    """

    inputs: TracingInput
    own_ci: tuple[tuple[float, float] | None, ...]
    stores: Stores
    metered: tuple[MeteredConsumer, ...]
    held: tuple[Flexibility, ...]
    p_mw: Mapping[str, Floats]

    @kept_if_small
    def dispatched_stocks_mwh(self) -> Floats:
        """Energy that the dispatch reckons with in every store at the end of each slot, shape (K,) [MWh]."""
        return dispatched_stocks_mwh(self.held, self.p_mw)


@shared(latest=True)
def energy_side(
    city: City,
    flow: GridFlow,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    data_centres: Mapping[str, Sequence[str]],
) -> EnergySide:
    """Which element is a source, a consumer, a store or an export.

    Every element counts by its own sign, also at a bus where several nearly cancel. In a step without a solution of
    the power flow all count with what they would draw or feed in: the first external grid supplies every node without
    losses, for what flows and what is lost in the grid is not known.

    Args:
        city: The city.
        flow: The AC power flow with all assets.
        flexibilities: All assets.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        data_centres: Assets that each data centre is made of, by its name.
    """
    held = tuple(f for f in flexibilities if is_store(f))
    stores = stores_of(city, held, p_mw)
    inputs, own_ci = _tracing_input(city, flow, [f for f in flexibilities if not is_store(f)], p_mw, stores)
    part_of = {part: name for name, parts in data_centres.items() for part in parts}
    metered = tuple(find_metered_consumers(city, flexibilities, p_mw, part_of, stores))
    return EnergySide(inputs, own_ci, stores, metered, held, p_mw)


def _tracing_input(
    city: City, flow: GridFlow, others: Sequence[Flexibility], p_mw: Mapping[str, Floats], stores: Stores
) -> tuple[TracingInput, tuple[tuple[float, float] | None, ...]]:
    """What is traced, without carbon, and emissions that are local sources' own; arguments as `energy_side`."""
    sectors = sectors_of(city, others)
    parts = [*own_elements(city, sectors), *(asset_elements(city, f, p_mw[f.name], sectors) for f in others)]
    elements = joined(parts)
    if flow.network.decided_by_voltage:
        dependent = np.isin(city.loads.bus, flow.network.voltage_dependent_bus)
        live = flow.network.buses.node[city.loads.bus] >= 0
        elements = as_supplied(flow, elements, stores, sectors, at_dependent_buses=np.flatnonzero(dependent[live]))
    slack = flow.network.slack
    boundary_mw = missing_mw(flow, elements, stores)[:, slack]
    elements = joined([elements, impedance_loads(flow, sectors)])
    direct_mw = np.where(flow.failed[:, None], withdrawn_mw(flow, elements, stores), 0.0)
    boundary_mw[:, 0] += direct_mw.sum(axis=1)
    feeds = np.flatnonzero((elements.p_mw < 0).any(axis=0))
    draws = np.flatnonzero((elements.p_mw > 0).any(axis=0))
    names = (*(elements.technology[k] for k in feeds), *(IMPORT,) * slack.size)
    inputs = TracingInput(
        flows=_flows(flow, direct_mw),
        sources=_sources(elements, feeds, slack, boundary_mw),
        source_names=names,
        imported=np.array([name == IMPORT for name in names], dtype=bool),
        consumers=Consumers(
            elements.node[draws], moved_out(np.maximum(elements.p_mw[:, draws], 0.0)), sectors, elements.sector[draws]
        ),
        exports=Exports(slack, np.maximum(-boundary_mw, 0.0)),
        operation=stores.operation,
        step_hours=city.clock.step_hours,
    )
    return inputs, tuple(elements.own_ci[k] for k in feeds)


def _sources(elements: GridElements, feeds: Ints, slack: Ints, boundary_mw: Floats) -> Sources:
    """Local generation, then imports, without carbon."""
    nothing = np.zeros(feeds.size + slack.size)
    return Sources(
        node=np.concatenate([elements.node[feeds], slack]),
        p_mw=moved_out(
            np.concatenate([np.maximum(-elements.p_mw[:, feeds], 0.0), np.maximum(boundary_mw, 0.0)], axis=1)
        ),
        ci_kg_per_mwh=nothing,
        renewable_share=nothing,
    )


def _flows(flow: GridFlow, direct_mw: Floats) -> Flows:
    """Power at both ends of every branch, direct-current lines last.

    Args:
        flow: The power flow.
        direct_mw: What each node gets from the first external grid in steps without a solution, where no flow is known,
            shape (T, N) [MW].
    """
    p_from, p_to = flow.branch_powers_mw()
    branches, lines, supplied = flow.network.branches, flow.network.dc_lines, ~flow.failed[:, None]
    known = Flows(
        n_nodes=flow.network.n_nodes,
        from_node=np.concatenate([branches.from_node, lines.from_node]),
        to_node=np.concatenate([branches.to_node, lines.to_node]),
        p_from_mw=_with_constants(p_from, lines.p_from_mw, supplied),
        p_to_mw=_with_constants(p_to, lines.p_to_mw, supplied),
        p_shunt_mw=np.where(supplied, flow.shunt_mw(), 0.0) if flow.network.conductance_pu.any() else None,
    )
    if supplied.all():
        return known
    first = int(flow.network.slack[0])
    nodes = np.setdiff1d(np.flatnonzero(direct_mw.any(axis=0)), first)
    return replace(
        known,
        from_node=np.concatenate([known.from_node, np.full(nodes.size, first)]),
        to_node=np.concatenate([known.to_node, nodes]),
        p_from_mw=np.hstack([known.p_from_mw, direct_mw[:, nodes]]),
        p_to_mw=np.hstack([known.p_to_mw, -direct_mw[:, nodes]]),
    )


def _with_constants(powers: Floats, constants: Floats, supplied: Bools) -> Floats:
    """Powers of (T, L) branches, 0 where not `supplied`, shape (T, 1), and the constant ones of D more, (T, L + D)."""
    known = np.where(supplied, powers, 0.0)
    if constants.size:
        known = np.hstack([known, np.broadcast_to(constants, (len(powers), constants.size))])
    return moved_out(known)
