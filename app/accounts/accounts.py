"""The accounts of a run: which element is a source, a consumer or a store, and the ledgers over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.accounts.convention_ledgers import ConventionLedgers, trace_ledgers
from app.accounts.energy_side import EnergySide, energy_side
from app.accounts.metered_consumers import ConsumerEnergy, consumer_energy
from app.accounts.origins import trace_origins
from app.accounts.storage import Stores, dispatched_in_pieces, stock_error_mwh
from app.accounts.tracing_input import IMPORT, TracingInput
from carbon.factors import FactorSet
from carbon.ledgers.carbon import CarbonLedger, renewable_mwh
from carbon.ledgers.energy import EnergyLedger, energy_ledger
from carbon.tracing.convention_names import CONVENTIONS, Convention
from carbon.tracing.proportional_sharing import Tracing, trace_in_windows
from carbon.upstream import Upstream
from grid.arrays import Floats, frozen
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility
from grid.kept_if_small import MOST_BYTES
from grid.large_arrays import large_array
from grid.memory import give_back_if_large
from grid.powerflow.grid_flow import GridFlow
from grid.sharing import keep_latest, shared

STEP_TOLERANCE_MWH = 1e-6


@dataclass(frozen=True, eq=False)
class Accounts:
    """Energy and carbon of a run.

    Args:
        inputs: What was traced: flows, sources, consumers, exports and stores.
        carbon_free_share: Share of the power at each node from renewable and nuclear sources, shape (T, N) [1].
        stores: What the stores did, and whose they are.
        tracing: The carbon of every node, and its renewable share; of the stocks the carbon alone.
        energy: The energy ledger.
        carbon: The carbon ledger.
        conventions: The same under every convention, and where the power of sectors and data centres comes from.
        stock_error_mwh: The most by which a stock of the tracing differs from that of the dispatch [MWh].
        side: Its energy side; the same object in runs that have it in common.
    """

    inputs: TracingInput
    carbon_free_share: Floats
    stores: Stores
    tracing: Tracing
    energy: EnergyLedger
    carbon: CarbonLedger
    conventions: ConventionLedgers
    stock_error_mwh: float
    side: EnergySide

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
    flow: GridFlow,
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
    """Traces the carbon of a run and makes its ledgers; which element counts as what, `energy_side` says.

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
    centres = dict(data_centres or {})
    energy = energy_side(city, flow, tuple(flexibilities), dict(p_mw), centres)
    stores = energy.stores.holding(ci_year_kg_per_mwh, renewable_share_year)
    inputs = _with_carbon(energy, stores, upstream, factors)
    traced = trace_ledgers(inputs, conventions, energy.metered)
    give_back_if_large()
    imported = upstream.renewable_share, upstream.carbon_free_share
    shares = _traced_shares(energy, imported, _local_shares(inputs, factors), renewable_share_year)
    tracing = replace(traced.tracing, renewable_share=shares.renewable)
    of_centres = tuple(consumer for consumer in energy.metered if consumer.name in centres)
    return Accounts(
        inputs=inputs,
        carbon_free_share=shares.carbon_free,
        stores=stores,
        tracing=tracing,
        energy=keep_latest("energy ledger", energy, lambda: _energy_ledger(inputs, tracing)),
        carbon=replace(traced.carbon, renewable_mwh=shares.renewable_mwh),
        conventions=ConventionLedgers(
            traced.ledgers, trace_origins(inputs, tracing.ci_kg_per_mwh, of_centres), shares.consumers
        ),
        stock_error_mwh=keep_latest("error of stocks", energy, lambda: _stock_error_mwh(energy, tracing)),
        side=energy,
    )


def _energy_ledger(inputs: TracingInput, tracing: Tracing) -> EnergyLedger:
    """The energy ledger, which is the same whatever carbon was traced."""
    return energy_ledger(*inputs.city, tracing, step_hours=inputs.step_hours, imported=inputs.imported)


def _stock_error_mwh(energy: EnergySide, tracing: Tracing) -> float:
    """The most by which a traced stock differs from that of the dispatch [MWh]."""
    if tracing.stocks is None:
        return 0.0
    operation = tracing.stocks.events.operation
    if operation.p_mw.nbytes <= MOST_BYTES:
        return stock_error_mwh([energy.dispatched_stocks_mwh], tracing.stocks.events)
    give_back_if_large()
    return stock_error_mwh(dispatched_in_pieces(energy.held, energy.p_mw), tracing.stocks.events)


def _with_carbon(energy: EnergySide, stores: Stores, upstream: Upstream, factors: FactorSet) -> TracingInput:
    """What is traced, with the carbon of local generation, of imports and of the stocks."""
    inputs = energy.inputs
    names = inputs.source_names[: len(energy.own_ci)]
    of_technology = {name: factors.value(name, upstream.boundary) for name in set(names)}
    ci = [
        of_technology[name] if pair is None else pair[upstream.boundary == "lifecycle"]
        for name, pair in zip(names, energy.own_ci, strict=True)
    ]
    ci_kg_per_mwh = _local_then_imported(ci, upstream.ci_kg_per_mwh, inputs)
    return inputs.carrying(ci_kg_per_mwh, inputs.sources.renewable_share, stores.operation)


def _local_then_imported(local: Sequence[float], imported: Floats, inputs: TracingInput) -> Floats:
    """A property of each local source, which is constant, and of imports, shape (T,), as shape (T, G)."""
    n_imports = len(inputs.source_names) - len(local)
    of_all = large_array((imported.size, len(local) + n_imports))
    of_all[:, : len(local)], of_all[:, len(local) :] = np.array(local, dtype=np.float64), imported[:, None]
    return of_all


@dataclass(frozen=True, eq=False)
class _TracedShares:
    """What of the power is renewable and what carbon-free, whatever its carbon.

    Args:
        renewable: Share of the power at each node from renewable sources, shape (T, N) [1].
        carbon_free: The same from renewable and nuclear sources, shape (T, N) [1].
        renewable_mwh: Renewable part of the energy of consumers and of vehicles, shape (T,) [MWh].
        consumers: What metered consumers take, and the carbon-free part of it.
    """

    renewable: Floats
    carbon_free: Floats
    renewable_mwh: Floats
    consumers: dict[str, ConsumerEnergy]


def _local_shares(inputs: TracingInput, factors: FactorSet) -> dict[str, tuple[float, float]]:
    """Whether each local technology counts as renewable, and as carbon-free: 1, else 0."""
    names = dict.fromkeys(name for name in inputs.source_names if name != IMPORT)
    return {name: (float(factors.renewable(name)), float(is_carbon_free(name, factors))) for name in names}


@shared(latest=True)
def _traced_shares(
    energy: EnergySide,
    imported: tuple[Floats, Floats],
    local: Mapping[str, tuple[float, float]],
    renewable_share_year: float,
) -> _TracedShares:
    """Traces the power of renewable sources, and that of renewable and nuclear ones.

    Args:
        energy: What is traced.
        imported: Renewable and carbon-free share of imports, shape (T,) each [1].
        local: The same of every local technology [1].
        renewable_share_year: Share that stocks begin with, of either [1].
    """
    of_local = [local[name] for name in energy.inputs.source_names if name != IMPORT]
    renewable, free = (
        _local_then_imported([pair[k] for pair in of_local], imported[k], energy.inputs) for k in range(2)
    )
    operation = energy.stores.operation
    if operation is not None:
        at_first = np.full(operation.n_owners, renewable_share_year)
        operation = operation.holding(at_first, at_first)
    inputs = energy.inputs.carrying(free, renewable, operation)
    of_renewable, of_free, mwh = large_array(inputs.shape), large_array(inputs.shape), np.empty(inputs.shape[0])
    traced, hours = (inputs.flows, inputs.sources, inputs.step_hours, operation), inputs.step_hours
    for steps, tracing in trace_in_windows(*traced, inputs.window_steps, of_shares=True):
        of_renewable[steps], of_free[steps] = tracing.renewable_share, tracing.ci_kg_per_mwh
        consumers = replace(inputs.consumers, p_mw=inputs.consumers.p_mw[steps])
        mwh[steps] = renewable_mwh(consumers, tracing, hours, operation)
        give_back_if_large()
    metered = {each.name: consumer_energy(each, inputs, of_free) for each in energy.metered}
    return _TracedShares(frozen(of_renewable), frozen(of_free), mwh, metered)


def is_carbon_free(technology: str, factors: FactorSet) -> bool:
    """Whether a technology is renewable or nuclear, as the 24/7 score counts."""
    return technology == "nuclear" or factors.renewable(technology)
