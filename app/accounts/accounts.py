"""The accounts of a run: which element is a source, a consumer or a store, and the ledgers over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.convention_ledgers import ConventionLedgers, trace_ledgers
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
from app.accounts.metered_consumers import consumer_energy, find_metered_consumers
from app.accounts.origins import trace_origins
from app.accounts.storage import Stores, stock_error_mwh, stores_of
from app.accounts.tracing_input import IMPORT, TracingInput
from carbon.factors import FactorSet
from carbon.ledgers.carbon import CarbonLedger
from carbon.ledgers.energy import EnergyLedger, energy_ledger
from carbon.tracing.convention_names import CONVENTIONS, Convention
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import Tracing, trace
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
        inputs: What was traced: flows, sources, consumers, exports and stores.
        carbon_free_share: Share of the power at each node from renewable and nuclear sources, shape (T, N) [1].
        stores: What the stores did, and whose they are.
        tracing: The carbon of every node.
        energy: The energy ledger.
        carbon: The carbon ledger.
        conventions: The same under every convention, and where the power of sectors and data centres comes from.
        stock_error_mwh: The most by which a stock of the tracing differs from that of the dispatch [MWh].
    """

    inputs: TracingInput
    carbon_free_share: Floats
    stores: Stores
    tracing: Tracing
    energy: EnergyLedger
    carbon: CarbonLedger
    conventions: ConventionLedgers
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
    """Traces the carbon of a run and makes its ledgers.

    Every element counts by its own sign, also at a bus where several nearly cancel. In a step without a solution of
    the power flow all count with what they would draw or feed in: the first external grid supplies every node without
    losses, for what flows and what is lost in the grid is not known.

    Args:
        city: The city.
        flow: The AC power flow with all assets.
        flexibilities: All assets.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        upstream: Carbon intensity and wholesale price of imports in every step.
        factors: Emission factors of local generation.
        ci_year_kg_per_mwh: Intensity of the energy that stores begin with, before charging losses [kg/MWh].
        renewable_share_year: Its renewable share.
        conventions: Which conventions are traced, ``operator`` among them.
        data_centres: Assets that each data centre is made of, by its name.
    """
    held = [f for f in flexibilities if is_store(f)]
    stores = stores_of(city, held, p_mw, ci_year_kg_per_mwh, renewable_share_year)
    inputs = _tracing_input(city, flow, flexibilities, p_mw, upstream, factors, stores)
    centres = dict(data_centres or {})
    part_of = {part: name for name, parts in centres.items() for part in parts}
    consumers = tuple(find_metered_consumers(city, flexibilities, p_mw, part_of, stores))
    traced = trace_ledgers(inputs, conventions, consumers)
    tracing, imported = traced.tracing, inputs.imported
    free_share = _carbon_free_share(inputs, upstream, factors)
    return Accounts(
        inputs=inputs,
        carbon_free_share=free_share,
        stores=stores,
        tracing=tracing,
        energy=energy_ledger(*inputs.city, tracing, step_hours=inputs.step_hours, imported=imported),
        carbon=traced.carbon,
        conventions=ConventionLedgers(
            traced.ledgers,
            trace_origins(
                inputs, tracing.ci_kg_per_mwh, [consumer for consumer in consumers if consumer.name in centres]
            ),
            {consumer.name: consumer_energy(consumer, inputs, free_share) for consumer in consumers},
        ),
        stock_error_mwh=0.0 if tracing.stocks is None else stock_error_mwh(held, p_mw, stores, tracing.stocks.events),
    )


def _tracing_input(
    city: City,
    flow: PowerFlow,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    upstream: Upstream,
    factors: FactorSet,
    stores: Stores,
) -> TracingInput:
    """Which element is a source, a consumer or an export; arguments as `account`."""
    others = [f for f in flexibilities if not is_store(f)]
    sectors = sectors_of(city, others)
    parts = [*own_elements(city, sectors), *(asset_elements(city, f, p_mw[f.name], sectors) for f in others)]
    elements = joined(parts)
    if flow.network.uncovered:
        dependent = np.isin(city.loads.bus, flow.network.voltage_dependent_bus)
        live = flow.network.buses.node[city.loads.bus] >= 0
        elements = as_supplied(flow, elements, stores, sectors, at_dependent_buses=np.flatnonzero(dependent[live]))
    slack = flow.network.slack
    boundary_mw = missing_mw(flow, elements, stores)[:, slack]
    elements = joined([elements, impedance_loads(flow, sectors)])
    direct_mw = np.where(flow.failed[:, None], withdrawn_mw(flow, elements, stores), 0.0)
    boundary_mw[:, 0] += direct_mw.sum(axis=1)
    sources, names = _sources(elements, boundary_mw, slack, upstream, factors)
    draws = np.flatnonzero((elements.p_mw > 0).any(axis=0))
    drawn_mw = np.maximum(elements.p_mw[:, draws], 0.0)
    return TracingInput(
        flows=_flows(flow, direct_mw),
        sources=sources,
        source_names=names,
        imported=np.array([name == IMPORT for name in names], dtype=bool),
        consumers=Consumers(elements.node[draws], drawn_mw, sectors, elements.sector[draws]),
        exports=Exports(slack, np.maximum(-boundary_mw, 0.0)),
        operation=stores.operation,
        step_hours=city.clock.step_hours,
    )


def _flows(flow: PowerFlow, direct_mw: Floats) -> Flows:
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
        p_shunt_mw=np.where(supplied, flow.shunt_mw(), 0.0),
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
    return np.hstack([known, np.broadcast_to(constants, (len(powers), constants.size))]) if constants.size else known


def _sources(
    elements: GridElements, boundary: Floats, slack: Ints, upstream: Upstream, factors: FactorSet
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


def _carbon_free_share(inputs: TracingInput, upstream: Upstream, factors: FactorSet) -> Floats:
    """Share of the power at each node from renewable and nuclear sources, shape (T, N), traced like the renewable."""
    free = {name: float(is_carbon_free(name, factors)) for name in inputs.source_names}
    imported = upstream.carbon_free_share
    share = [imported if name == IMPORT else np.full(imported.size, free[name]) for name in inputs.source_names]
    sources = replace(inputs.sources, renewable_share=np.column_stack(share))
    return trace(inputs.flows, sources, inputs.step_hours, inputs.operation).renewable_share


def is_carbon_free(technology: str, factors: FactorSet) -> bool:
    """Whether a technology is renewable or nuclear, as the 24/7 score counts."""
    return technology == "nuclear" or factors.renewable(technology)


def _for_each(values: Floats, n: int) -> Floats:
    return np.repeat(values[:, None], n, axis=1)
