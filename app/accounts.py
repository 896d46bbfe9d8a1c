"""The books of a run: which element is a source, a consumer or a store, and both ledgers over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from carbon.accounting import CarbonLedger, Consumers, EnergyLedger, Exports, carbon_ledger, energy_ledger
from carbon.factors import FactorSet
from carbon.stocks import StockOperation
from carbon.tracing import Flows, Sources, Tracing, trace
from carbon.upstream import Upstream
from grid.city import UNSPECIFIED_SECTOR, City
from grid.flexibility import Flexibility
from grid.powerflow import PowerFlow
from grid.series import Bools, Floats, Ints

UNKNOWN = "unknown"
"""Technology of feed-in of which nothing is known, such as a load with negative power."""
STEP_TOLERANCE_MWH = 1e-6


@dataclass(frozen=True, eq=False)
class Stores:
    """All stores of a run as one operation, and which part of it is whose.

    Args:
        operation: What every store did; None if there is none.
        devices: Devices of each flexibility in the operation, by name.
        slots: Slots of each flexibility in the operation, by name.
        bus: Bus of each device of the operation, shape (N,).
    """

    operation: StockOperation | None
    devices: Mapping[str, slice]
    slots: Mapping[str, slice]
    bus: Ints


@dataclass(frozen=True, eq=False)
class Accounts:
    """Energy and carbon of a run.

    Args:
        flows: Power at both ends of every branch.
        sources: Imports and local generation.
        consumers: Final consumers.
        exports: Exports.
        stores: What the stores did.
        tracing: The carbon of every node.
        energy: The energy ledger.
        carbon: The carbon ledger.
    """

    flows: Flows
    sources: Sources
    consumers: Consumers
    exports: Exports
    stores: Stores
    tracing: Tracing
    energy: EnergyLedger
    carbon: CarbonLedger

    @property
    def energy_error_mwh(self) -> float:
        """What the energy ledger misses, absolute values summed over all steps [MWh]."""
        return float(np.abs(self.energy.residual_mwh).sum())

    @property
    def carbon_error_kg(self) -> float:
        """What the carbon ledger misses, its worst balance in each step, summed over all steps [kg]."""
        ledger = self.carbon
        residuals = (ledger.bus_residual_kg, ledger.city_residual_kg, ledger.stock_residual_kg)
        return float(np.abs(residuals).max(axis=0).sum())

    def closes(self, tolerance: float) -> bool:
        """Whether both ledgers close: each step to 1e-6 MWh and `tolerance`, the run to `tolerance`."""
        consumption = np.abs(self.energy.consumption_mwh)
        emissions = float(np.abs(self.carbon.emissions_kg).sum())
        steps = np.abs(self.energy.residual_mwh) <= STEP_TOLERANCE_MWH + tolerance * consumption
        moved = self.carbon.source_kg + self.carbon.discharge_kg
        carbon_steps = np.abs(self.carbon.bus_residual_kg) <= tolerance * np.maximum(moved, 1.0)
        return bool(
            steps.all()
            and carbon_steps.all()
            and self.energy_error_mwh <= tolerance * max(consumption.sum(), 1.0)
            and self.carbon_error_kg <= tolerance * max(emissions, 1.0)
        )


@dataclass(frozen=True, eq=False)
class Injections:
    """Elements that are no stores: E of them, consumers where they draw, sources where they feed in.

    Args:
        node: Node of each, shape (E,).
        p_mw: Withdrawal, shape (T, E) [MW].
        sector: GPC sub-sectors of what it draws, shape (E, S).
        technology: What it is when it feeds in, E names.
    """

    node: Ints
    p_mw: Floats
    sector: Floats
    technology: tuple[str, ...]


def account(
    city: City,
    flow: PowerFlow,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    upstream: Upstream,
    factors: FactorSet,
    *,
    ci_year_kg_per_mwh: float,
    renewable_share_year: float,
) -> Accounts:
    """Traces the carbon of a run and keeps its books.

    Every element counts by its own sign, also at a bus where several nearly cancel. In a step without a solution of
    the power flow nobody is supplied, so nothing flows, and nothing is counted.

    Args:
        city: The city.
        flow: The AC power flow with all assets.
        flexibilities: All assets.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        upstream: What imports are made of.
        factors: Emission factors of local generation.
        ci_year_kg_per_mwh: Intensity of the energy that stores begin with, before charging losses [kg/MWh].
        renewable_share_year: Its renewable share.
    """
    hours, supplied = city.clock.step_hours, ~flow.failed
    others = [f for f in flexibilities if not _is_store(f)]
    sectors = _sectors(city, others)
    parts = [*_own_elements(city, sectors), *(_asset(city, f, p_mw[f.name], sectors) for f in others)]
    stores = _stores(city, [f for f in flexibilities if _is_store(f)], p_mw, supplied,
                     ci_year_kg_per_mwh, renewable_share_year)  # fmt: skip
    elements = _joined(parts, supplied)
    if flow.network.uncovered:
        elements = _as_supplied(flow, elements, stores, sectors, n_loads=parts[0].node.size)
    boundary = _missing(flow, elements, stores)[:, flow.network.slack]
    flows = _flows(flow)
    sources, imported = _sources(elements, boundary, flow.network.slack, upstream, factors)
    consumers = Consumers(elements.node, np.maximum(elements.p_mw, 0.0), sectors, elements.sector)
    exports = Exports(flow.network.slack, np.maximum(-boundary, 0.0))
    tracing = trace(flows, sources, hours, stores.operation)
    return Accounts(
        flows=flows,
        sources=sources,
        consumers=consumers,
        exports=exports,
        stores=stores,
        tracing=tracing,
        energy=energy_ledger(flows, sources, consumers, exports, tracing, step_hours=hours, imported=imported),
        carbon=carbon_ledger(flows, sources, consumers, exports, tracing, step_hours=hours, operation=stores.operation),
    )


def _is_store(flexibility: Flexibility) -> bool:
    """Whether it holds electricity; work that a data centre puts off is consumed all the same."""
    return flexibility.reservoir is not None and flexibility.element == "storage"


def _sectors(city: City, others: Sequence[Flexibility]) -> tuple[str, ...]:
    codes = (flexibility.gpc_code for flexibility in others)
    return tuple(dict.fromkeys((*city.sectors, *(code for code in codes if code is not None), UNSPECIFIED_SECTOR)))


def _own_elements(city: City, sectors: tuple[str, ...]) -> list[Injections]:
    """Loads, static generators and the rest of the net itself; those at de-energised buses are left out."""
    network, node = city.network, city.network.buses.node
    share = np.zeros((len(city.loads.names), len(sectors)))
    share[:, [sectors.index(code) for code in city.sectors]] = city.sector_shares
    fixed = np.flatnonzero(network.fixed_mva.real)
    power = np.repeat(network.fixed_mva.real[None, fixed], city.clock.n_steps, axis=0)
    n_generators = len(city.generators.names)
    parts = [
        Injections(node[city.loads.bus], city.loads.p_mw(), share, (UNKNOWN,) * len(share)),
        Injections(
            node[city.generators.bus], -city.generators.p_mw(), _only(UNSPECIFIED_SECTOR, sectors, n_generators),
            city.technologies,
        ),
        Injections(fixed, power, _only(UNSPECIFIED_SECTOR, sectors, fixed.size), (UNKNOWN,) * fixed.size),
    ]  # fmt: skip
    return [_live(part) for part in parts]


def _asset(city: City, flexibility: Flexibility, p_mw: Floats, sectors: tuple[str, ...]) -> Injections:
    """An asset that is no store, bus by bus."""
    buses = flexibility.buses
    code = flexibility.gpc_code or UNSPECIFIED_SECTOR
    technology = (flexibility.technology or UNKNOWN,) * buses.size
    at_buses = flexibility.at_buses(p_mw)[:, buses]
    return _live(Injections(city.network.buses.node[buses], at_buses, _only(code, sectors, buses.size), technology))


def _only(code: str, sectors: tuple[str, ...], n: int) -> Floats:
    share = np.zeros((n, len(sectors)))
    share[:, sectors.index(code)] = 1.0
    return share


def _live(part: Injections) -> Injections:
    live = np.flatnonzero(part.node >= 0)
    technology = tuple(part.technology[k] for k in live)
    return Injections(part.node[live], part.p_mw[:, live], part.sector[live], technology)


def _joined(parts: Sequence[Injections], supplied: Bools) -> Injections:
    return Injections(
        np.concatenate([part.node for part in parts]),
        np.where(supplied[:, None], np.concatenate([part.p_mw for part in parts], axis=1), 0.0),
        np.concatenate([part.sector for part in parts]),
        tuple(name for part in parts for name in part.technology),
    )


def _stores(
    city: City,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    supplied: Bools,
    ci_year_kg_per_mwh: float,
    renewable_share_year: float,
) -> Stores:
    """Every store as devices at one node each; one that is spread over buses becomes one at each, in its shares."""
    node = city.network.buses.node
    columns: dict[str, list[np.ndarray]] = {}
    devices, slots, buses = {}, {}, []
    n_devices = n_slots = n_owners = 0
    for flexibility in flexibilities:
        store = flexibility.reservoir
        if store is None:
            continue
        shares = flexibility.shares.tocoo()
        device, bus, share = shares.row.astype(np.int64), shares.col.astype(np.int64), shares.data
        spread = device.size > flexibility.n_devices
        owner = np.arange(device.size) if spread else store.owner[device]
        slot, at = _slots_of(flexibility, device)
        power = np.where(supplied[flexibility.step[slot]], p_mw[flexibility.name][slot] * share[at], 0.0)
        count = int(owner.max(initial=-1)) + 1
        eta = np.broadcast_to(store.eta_charge, (flexibility.n_devices,))[device]
        for name, values in {
            "owner": owner + n_owners,
            "node": node[bus],
            "start": flexibility.start[device],
            "stop": flexibility.stop[device],
            "p_mw": power,
            "e_start_mwh": store.e_start_mwh[device] * share,
            "eta_charge": eta,
            "eta_discharge": np.broadcast_to(store.eta_discharge, (flexibility.n_devices,))[device],
            "retention_per_step": store.retention_per_step[device],
            "vehicle": np.full(count, store.vehicle),
            "ci_initial_kg_per_mwh": np.full(count, ci_year_kg_per_mwh / eta.mean()),
            "renewable_share_initial": np.full(count, renewable_share_year),
        }.items():
            columns.setdefault(name, []).append(values)
        devices[flexibility.name] = slice(n_devices, n_devices + device.size)
        slots[flexibility.name] = slice(n_slots, n_slots + slot.size)
        buses.append(bus)
        n_devices, n_slots, n_owners = n_devices + device.size, n_slots + slot.size, n_owners + count
    if not columns:
        return Stores(None, {}, {}, np.empty(0, dtype=np.int64))
    operation = StockOperation(**{name: np.concatenate(values) for name, values in columns.items()})
    return Stores(operation, devices, slots, np.concatenate(buses))


def _slots_of(flexibility: Flexibility, device: Ints) -> tuple[Ints, Ints]:
    """Slots of `device` after `device`, and the place of the device of each."""
    length = (flexibility.stop - flexibility.start)[device]
    at = np.repeat(np.arange(device.size), length)
    rank = np.arange(at.size) - np.repeat(np.cumsum(length) - length, length)
    return flexibility.offsets[device][at] + rank, at


def _missing(flow: PowerFlow, elements: Injections, stores: Stores) -> Floats:
    """What the voltages say enters the grid at each node beyond what the known elements feed in, shape (T, N) [MW].

    At an external grid that is the import (or, negative, the export); elsewhere it is nothing, unless voltage decides
    what an element draws or feeds in.
    """
    n_nodes = flow.network.n_nodes
    drawn = np.zeros((elements.p_mw.shape[0], n_nodes))
    np.add.at(drawn.T, elements.node, elements.p_mw.T)
    operation = stores.operation
    if operation is not None:
        cell = operation.slot_step * n_nodes + operation.node[operation.slot_device]
        drawn += np.bincount(cell, operation.p_mw, drawn.size).reshape(drawn.shape)
    return np.where(flow.failed[:, None], 0.0, flow.injected_mw() + drawn)


def _as_supplied(
    flow: PowerFlow, elements: Injections, stores: Stores, sectors: tuple[str, ...], *, n_loads: int
) -> Injections:
    """The elements with what only the voltages tell: loads that depend on them, and generators that control them.

    Args:
        flow: The power flow.
        elements: The elements at their nominal powers; the first `n_loads` are the loads of the net.
        stores: What the stores did.
        sectors: GPC sub-sectors.
        n_loads: Number of loads.
    """
    network, p_mw = flow.network, elements.p_mw.copy()
    missing = _missing(flow, elements, stores)
    for node in np.setdiff1d(network.voltage_dependent_node, np.union1d(network.slack, network.generator_node)):
        at = np.flatnonzero(elements.node[:n_loads] == node)
        nominal = p_mw[:, at].sum(axis=1)
        factor = np.divide(nominal - missing[:, node], nominal, out=np.ones_like(nominal), where=nominal != 0)
        p_mw[:, at] *= factor[:, None]
    generators = network.generator_node
    known = Injections(elements.node, p_mw, elements.sector, elements.technology)
    unspecified = _only(UNSPECIFIED_SECTOR, sectors, generators.size)
    own = Injections(generators, -missing[:, generators], unspecified, (UNKNOWN,) * generators.size)
    return _joined([known, own], ~flow.failed)


def _flows(flow: PowerFlow) -> Flows:
    """Power at both ends of every branch; nothing in steps without a solution."""
    p_from, p_to = flow.branch_powers_mw()
    branches, supplied = flow.network.branches, ~flow.failed[:, None]
    return Flows(
        n_nodes=flow.network.n_nodes,
        from_node=branches.from_node,
        to_node=branches.to_node,
        p_from_mw=np.where(supplied, p_from, 0.0),
        p_to_mw=np.where(supplied, p_to, 0.0),
        p_shunt_mw=np.where(supplied, flow.shunt_mw(), 0.0),
    )


def _sources(
    elements: Injections, boundary: Floats, slack: Ints, upstream: Upstream, factors: FactorSet
) -> tuple[Sources, Bools]:
    """Local generation and imports, and which of them are imports."""
    feeds = np.flatnonzero((elements.p_mw < 0).any(axis=0))
    names = [elements.technology[k] for k in feeds]
    ci = {name: factors.value(name, upstream.boundary) for name in set(names)}
    shape = (len(upstream.ci_kg_per_mwh), feeds.size)
    local_ci = np.broadcast_to([ci[name] for name in names], shape)
    local_renewable = np.broadcast_to([float(factors.renewable(name)) for name in names], shape)
    sources = Sources(
        node=np.concatenate([elements.node[feeds], slack]),
        p_mw=np.concatenate([np.maximum(-elements.p_mw[:, feeds], 0.0), np.maximum(boundary, 0.0)], axis=1),
        ci_kg_per_mwh=np.concatenate([local_ci, _for_each(upstream.ci_kg_per_mwh, slack.size)], axis=1),
        renewable_share=np.concatenate([local_renewable, _for_each(upstream.renewable_share, slack.size)], axis=1),
    )
    return sources, np.arange(sources.node.size) >= feeds.size


def _for_each(values: Floats, n: int) -> Floats:
    return np.repeat(values[:, None], n, axis=1)
