"""The books of a run: which element is a source, a consumer or a store, and both ledgers over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.convention_ledgers import Conventions, trace_books
from app.accounts.grid_elements import (
    Injections,
    as_supplied,
    asset_elements,
    impedance_loads,
    is_store,
    joined,
    missing_mw,
    own_elements,
    sectors_of,
)
from app.accounts.metered_consumers import use_of, users_of
from app.accounts.origins import origins
from app.accounts.storage import Stores, stock_error_mwh, stores_of
from app.accounts.traced_grid import IMPORT, TracedGrid
from carbon.factors import FactorSet
from carbon.ledgers.carbon import CarbonLedger
from carbon.ledgers.energy import EnergyLedger, energy_ledger
from carbon.tracing.conventions import CONVENTIONS, Convention
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.trace import Tracing, trace
from carbon.upstream import Upstream
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility
from grid.powerflow.powerflow import PowerFlow

STEP_TOLERANCE_MWH = 1e-6


@dataclass(frozen=True, eq=False)
class Accounts:
    """Energy and carbon of a run.

    Args:
        flows: Power at both ends of every branch.
        sources: Imports and local generation.
        source_names: Technology of each source, or ``import``.
        carbon_free_share: Share of the power at each node from renewable and nuclear sources, shape (T, N).
        consumers: Final consumers.
        exports: Exports.
        stores: What the stores did.
        tracing: The carbon of every node.
        energy: The energy ledger.
        carbon: The carbon ledger.
        conventions: The same under every convention, and where the power of sectors and data centres comes from.
        stock_error_mwh: The most by which a stock of the tracing differs from that of the dispatch [MWh].
    """

    flows: Flows
    sources: Sources
    source_names: tuple[str, ...]
    carbon_free_share: Floats
    consumers: Consumers
    exports: Exports
    stores: Stores
    tracing: Tracing
    energy: EnergyLedger
    carbon: CarbonLedger
    conventions: Conventions
    stock_error_mwh: float

    @property
    def energy_error_mwh(self) -> float:
        """What the energy ledger misses, absolute values summed over all steps [MWh]."""
        return float(np.abs(self.energy.residual_mwh).sum())

    @property
    def carbon_error_by_step_kg(self) -> Floats:
        """What the carbon ledger misses in each step, its worst balance, shape (T,) [kg]."""
        ledger = self.carbon
        residuals = (ledger.bus_residual_kg, ledger.city_residual_kg, ledger.stock_residual_kg)
        return np.asarray(np.abs(residuals).max(axis=0))

    @property
    def carbon_error_kg(self) -> float:
        """What the carbon ledger misses, its worst balance in each step, summed over all steps [kg]."""
        return float(self.carbon_error_by_step_kg.sum())

    def closes(self, tolerance: float) -> bool:
        """Whether both ledgers close: each step to 1e-6 MWh and `tolerance`, the run to `tolerance`.

        And whether the stocks that were traced hold the energy that the dispatch reckoned with, to 1e-6 MWh.
        """
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
            and self.conventions.closes(tolerance)
            and self.stock_error_mwh <= STEP_TOLERANCE_MWH
        )


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
    conventions: Sequence[Convention] = CONVENTIONS,
    data_centres: Mapping[str, Sequence[str]] | None = None,
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
        conventions: Which conventions are traced, ``operator`` among them.
        data_centres: Assets that each data centre is made of, by its name.
    """
    hours, supplied = city.clock.step_hours, ~flow.failed
    others = [f for f in flexibilities if not is_store(f)]
    sectors = sectors_of(city, others)
    parts = [*own_elements(city, sectors), *(asset_elements(city, f, p_mw[f.name], sectors) for f in others)]
    held = [f for f in flexibilities if is_store(f)]
    stores = stores_of(city, held, p_mw, supplied, ci_year_kg_per_mwh, renewable_share_year)
    elements = joined(parts, supplied)
    if flow.network.uncovered:
        dependent = np.isin(city.loads.bus, flow.network.voltage_dependent_bus)
        live = flow.network.buses.node[city.loads.bus] >= 0
        elements = as_supplied(flow, elements, stores, sectors, at_dependent_buses=np.flatnonzero(dependent[live]))
    boundary = missing_mw(flow, elements, stores)[:, flow.network.slack]
    elements = joined([elements, impedance_loads(flow, sectors)], supplied)
    flows = _flows(flow)
    sources, names = _sources(elements, boundary, flow.network.slack, upstream, factors)
    imported = np.array([name == IMPORT for name in names], dtype=bool)
    draws = np.flatnonzero((elements.p_mw > 0).any(axis=0))
    drawn = np.maximum(elements.p_mw[:, draws], 0.0)
    consumers = Consumers(elements.node[draws], drawn, sectors, elements.sector[draws])
    exports = Exports(flow.network.slack, np.maximum(-boundary, 0.0))
    grid = TracedGrid(flows, sources, names, imported, consumers, exports, stores.operation, hours)
    centres = dict(data_centres or {})
    part_of = {part: name for name, parts in centres.items() for part in parts}
    users = tuple(users_of(city, flexibilities, p_mw, part_of, stores, supplied))
    traced = trace_books(grid, conventions, users)
    tracing = traced.tracing
    free_share = _carbon_free_share(flows, sources, names, hours, stores, upstream, factors)
    return Accounts(
        flows=flows,
        sources=sources,
        source_names=names,
        carbon_free_share=free_share,
        consumers=consumers,
        exports=exports,
        stores=stores,
        tracing=tracing,
        energy=energy_ledger(flows, sources, consumers, exports, tracing, step_hours=hours, imported=imported),
        carbon=traced.ledger,
        conventions=Conventions(
            traced.books,
            origins(grid, tracing.ci_kg_per_mwh, [user for user in users if user.name in centres]),
            {user.name: use_of(user, grid, free_share) for user in users},
        ),
        stock_error_mwh=0.0
        if tracing.stocks is None
        else stock_error_mwh(held, p_mw, stores, supplied, tracing.stocks.entries),
    )


def _flows(flow: PowerFlow) -> Flows:
    """Power at both ends of every branch, direct-current lines last; nothing in steps without a solution."""
    p_from, p_to = flow.branch_powers_mw()
    branches, lines, supplied = flow.network.branches, flow.network.dc_lines, ~flow.failed[:, None]
    return Flows(
        n_nodes=flow.network.n_nodes,
        from_node=np.concatenate([branches.from_node, lines.from_node]),
        to_node=np.concatenate([branches.to_node, lines.to_node]),
        p_from_mw=_with_constants(p_from, lines.p_from_mw, supplied),
        p_to_mw=_with_constants(p_to, lines.p_to_mw, supplied),
        p_shunt_mw=np.where(supplied, flow.shunt_mw(), 0.0),
    )


def _with_constants(powers: Floats, constants: Floats, supplied: Bools) -> Floats:
    """Powers of (T, L) branches and the constant ones of D more, (T, L + D); 0 where not `supplied`, shape (T, 1)."""
    if not constants.size:
        return np.where(supplied, powers, 0.0)
    return np.where(supplied, np.hstack([powers, np.broadcast_to(constants, (len(powers), constants.size))]), 0.0)


def _sources(
    elements: Injections, boundary: Floats, slack: Ints, upstream: Upstream, factors: FactorSet
) -> tuple[Sources, tuple[str, ...]]:
    """Local generation and imports, and what each of them is."""
    feeds = np.flatnonzero((elements.p_mw < 0).any(axis=0))
    names = [elements.technology[k] for k in feeds]
    of_technology = {name: factors.value(name, upstream.boundary) for name in set(names)}
    own = [elements.own_ci[k] for k in feeds]
    ci = [
        of_technology[name] if pair is None else pair[upstream.boundary == "lifecycle"]
        for name, pair in zip(names, own, strict=True)
    ]
    shape = (len(upstream.ci_kg_per_mwh), feeds.size)
    local_ci = np.broadcast_to(ci, shape)
    local_renewable = np.broadcast_to([float(factors.renewable(name)) for name in names], shape)
    sources = Sources(
        node=np.concatenate([elements.node[feeds], slack]),
        p_mw=np.concatenate([np.maximum(-elements.p_mw[:, feeds], 0.0), np.maximum(boundary, 0.0)], axis=1),
        ci_kg_per_mwh=np.concatenate([local_ci, _for_each(upstream.ci_kg_per_mwh, slack.size)], axis=1),
        renewable_share=np.concatenate([local_renewable, _for_each(upstream.renewable_share, slack.size)], axis=1),
    )
    return sources, (*names, *(IMPORT,) * slack.size)


def _carbon_free_share(
    flows: Flows,
    sources: Sources,
    names: Sequence[str],
    step_hours: float,
    stores: Stores,
    upstream: Upstream,
    factors: FactorSet,
) -> Floats:
    """Share of the power at each node from renewable and nuclear sources, shape (T, N), traced like the renewable."""
    free = {name: float(is_carbon_free(name, factors)) for name in names}
    imported = upstream.carbon_free_share
    share = np.column_stack([imported if name == IMPORT else np.full(imported.size, free[name]) for name in names])
    return trace(flows, replace(sources, renewable_share=share), step_hours, stores.operation).renewable_share


def is_carbon_free(technology: str, factors: FactorSet) -> bool:
    """Whether a technology is renewable or nuclear, as the 24/7 score counts."""
    return technology == "nuclear" or factors.renewable(technology)


def _for_each(values: Floats, n: int) -> Floats:
    return np.repeat(values[:, None], n, axis=1)
