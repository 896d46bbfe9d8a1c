"""A scenario run the short way: assets by size from references, flexible ones as aggregates, one AC power flow.

What a run does beyond it is left out: windows of the dispatch, limits of voltage in it, reactive power of inverters,
the tracing of every bus, and the tables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, cast

import numpy as np

from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import SimulationInputs, prepare
from app.studies.estimate.growth import grown_city
from app.studies.estimate.line_limits import lines_that_may_fill
from app.studies.estimate.reference_assets import ReferenceAssets, Referenced, Sizing
from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.network.injections import Injections
from grid.network.network import Network
from grid.powerflow.extremes import Extremes, extremes
from grid.units import KG_PER_T
from optimizer.network.dc import DCNetwork
from optimizer.studies.aggregate_dispatch import AggregatePower, AggregateProblem, FullLines, dispatch_aggregates
from optimizer.studies.aggregate_store import AggregateStore, aggregate, blocks_of, by_block

MOST_KEPT = 48
"""Assets whose sums over devices are kept."""


MOST_LOSS = 0.2
"""Most marginal losses that the dispatch of aggregates reckons with (ours)."""


@dataclass(frozen=True, eq=False)
class AssetPower:
    """What an asset did; T steps, P buses.

    Args:
        flexibility: The asset, in the size of its reference.
        buses: Its buses, shape (P,).
        charge_mw: What its devices drew, shape (T, P) [MW].
        discharge_mw: What they fed in, shape (T, P) [MW].
        factor: Its size against the reference.
    """

    flexibility: Flexibility
    buses: Ints
    charge_mw: Floats
    discharge_mw: Floats
    factor: float


@dataclass(frozen=True, eq=False)
class ReducedRun:
    """What happens in a scenario, by the short way.

    Args:
        inputs: The scenario with reference assets.
        powers: What the assets did.
        p_mw: Withdrawal at every bus, shape (T, B) [MW].
        flow: Extremes and sums of the power flow.
    """

    inputs: SimulationInputs
    powers: tuple[AssetPower, ...]
    p_mw: Floats
    flow: Extremes


class ReducedRuns:
    """Runs scenarios of one city the short way, and keeps what they have in common. Threads may share one."""

    def __init__(self) -> None:
        self.references = ReferenceAssets()
        self._kept: OrderedDict[tuple[Any, ...], tuple[Any, Any]] = OrderedDict()
        self._lock = Lock()

    def run(self, loaded: LoadedScenario) -> ReducedRun:
        """The run of a scenario.

        Args:
            loaded: The scenario, on a city without growth (`checked_without_growth`).

        Raises:
            InputError: If an asset cannot be built.
            SolverError: If the dispatch of aggregates has no solution.
        """
        referenced = self.references.referenced(loaded)
        inputs = self._grown(prepare(referenced.loaded))
        city, network = inputs.loaded.city, inputs.loaded.city.network
        drawn, reactive = self._of(city, ("withdrawal",), city.withdrawal)
        unmanaged = [self._unmanaged(f, referenced.of_part(f.name)) for f in inputs.flexibilities]
        p_mw = drawn + _at_buses(unmanaged, city.n_buses)
        powers = tuple(unmanaged)
        if inputs.loaded.scenario.dispatch.strategy != "unmanaged":
            powers = self._dispatched(inputs, referenced, unmanaged, p_mw, reactive)
            p_mw = drawn + _at_buses(powers, city.n_buses)
        limits = inputs.limits.tolerated.of_elements
        flow = extremes(network, city.clock, Injections.dense(p_mw, reactive), limits)
        return ReducedRun(inputs, powers, p_mw, flow)

    def _grown(self, inputs: SimulationInputs) -> SimulationInputs:
        """The inputs of a city without growth, with the growth that the scenario says."""
        growth = inputs.loaded.scenario.city.demand_growth
        if growth == 0.0:
            return inputs
        plain = inputs.loaded.city
        city = self._of(plain, ("grown", growth), lambda: grown_city(plain, growth))
        return replace(inputs, loaded=replace(inputs.loaded, city=city))

    def _unmanaged(self, flexibility: Flexibility, size: Sizing) -> AssetPower:
        """What an asset does when nobody manages it."""

        def make() -> tuple[Ints, Floats, Floats]:
            buses, p_mw = flexibility.buses, flexibility.unmanaged_power()
            charge = flexibility.at_buses(np.maximum(p_mw, 0.0))[:, buses]
            return buses, charge, flexibility.at_buses(np.maximum(-p_mw, 0.0))[:, buses]

        buses, charge, discharge = self._of(flexibility, ("unmanaged",), make)
        return AssetPower(flexibility, buses, size.factor * charge, size.factor * discharge, size.factor)

    def _dispatched(
        self,
        inputs: SimulationInputs,
        referenced: Referenced,
        unmanaged: list[AssetPower],
        p_mw: Floats,
        q_mvar: Floats,
    ) -> tuple[AssetPower, ...]:
        """What the assets do when they are operated for least cost."""
        scenario, clock = inputs.loaded.scenario, inputs.clock
        smart_only = scenario.dispatch.strategy == "smart"
        block = blocks_of(clock.step_hours, clock.n_steps)
        moved = [power for power in unmanaged if _movable(power.flexibility, smart_only=smart_only)]
        if not moved:
            return tuple(unmanaged)
        stores: dict[str, list[AggregateStore]] = {
            power.flexibility.name: self._stores(
                power.flexibility, referenced.of_part(power.flexibility.name), block, smart_only=smart_only
            )
            for power in moved
        }
        listed = [store for each in stores.values() for store in each]
        fixed = (p_mw - _at_buses(moved, p_mw.shape[1])).reshape(-1, block, p_mw.shape[1])
        carbon = scenario.dispatch.carbon_price_per_t / KG_PER_T * inputs.upstream.ci_kg_per_mwh
        months = clock.times.astype("datetime64[M]")[::block].astype(np.int64)
        lines, loss = self._grid(inputs, listed, fixed, p_mw, q_mvar)
        problem = AggregateProblem(
            stores=listed,
            fixed_mw=fixed.sum(axis=2).mean(axis=1),
            import_cost_per_mwh=by_block(inputs.import_price_per_mwh + carbon, block),
            export_price_per_mwh=by_block(inputs.export_price_per_mwh, block),
            block_hours=clock.step_hours * block,
            import_max_mw=inputs.limits.import_max_mw,
            lines=lines,
            marginal_loss=loss,
            month=months - months[0],
            demand_charge_per_mw_month=inputs.prices.demand_per_mw_month,
        )
        found = dispatch_aggregates(problem)
        done = {power.flexibility.name: _as_dispatched(power, stores, found, block) for power in moved}
        return tuple(done.get(power.flexibility.name, power) for power in unmanaged)

    def _stores(self, flexibility: Flexibility, size: Sizing, block: int, *, smart_only: bool) -> list[AggregateStore]:
        """An asset as aggregates: of a fleet the cars that may feed in, and the others."""

        def of(*, feeds_in: bool) -> AggregateStore:
            made = self._of(flexibility, ("store", block, feeds_in),
                            lambda: aggregate(flexibility, block, feeds_in=feeds_in))  # fmt: skip
            return cast(AggregateStore, made)

        if size.v2g_share is None:
            return [of(feeds_in=not smart_only).scaled(size.factor)]
        share = 0.0 if smart_only else size.v2g_share
        parts = ((False, 1.0 - share, flexibility.name), (True, share, f"{flexibility.name}: V2G"))
        return [of(feeds_in=feeds).scaled(size.factor * part, name) for feeds, part, name in parts if part > 0]

    def _grid(
        self, inputs: SimulationInputs, stores: list[AggregateStore], fixed: Floats, p_mw: Floats, q_mvar: Floats
    ) -> tuple[FullLines, Floats]:
        """The lines that the assets may fill, and marginal losses by block, shape (H,) [MWh/MWh].

        `fixed` is by block, step and bus; `p_mw` is with the assets unmanaged, losses being quadratic in the import.
        """
        city = inputs.loaded.city
        dc = cast(DCNetwork, self._of(city.network, ("dc",), lambda: DCNetwork.from_network(city.network)))
        injections = Injections.dense(p_mw, q_mvar)
        flow = extremes(city.network, city.clock, injections, inputs.limits.of_elements)
        loading, block = flow.branch_loading_percent, fixed.shape[1]
        imported = by_block(np.abs(flow.slack_mva.real.sum(axis=1)), block)
        loss = np.minimum(2.0 * by_block(np.nan_to_num(flow.loss_mw), block) / np.maximum(imported, 1e-9), MOST_LOSS)
        return lines_that_may_fill(city.network, dc, inputs.limits, stores, fixed, p_mw, loading), loss

    def _of(self, thing: Any, key: tuple[Any, ...], make: Any) -> Any:
        """What is made of a thing, kept with it; things are compared by identity."""
        with self._lock:
            found = self._kept.get((id(thing), *key))
            if found is not None and found[0] is thing:
                self._kept.move_to_end((id(thing), *key))
                return found[1]
        made = make()
        with self._lock:
            self._kept[id(thing), *key] = (thing, made)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made


def _as_dispatched(
    power: AssetPower, stores: Mapping[str, list[AggregateStore]], found: Mapping[str, AggregatePower], block: int
) -> AssetPower:
    """What an asset does in every step at its buses, from what its aggregates do in blocks."""
    charge, discharge = np.zeros_like(power.charge_mw), np.zeros_like(power.discharge_mw)
    for store in stores[power.flexibility.name]:
        shares = store.shares[power.buses]
        charge += np.repeat(found[store.name].charge_mw, block)[:, None] * shares
        discharge += np.repeat(found[store.name].discharge_mw, block)[:, None] * shares
    return replace(power, charge_mw=charge, discharge_mw=discharge)


def _movable(flexibility: Flexibility, *, smart_only: bool) -> bool:
    """Whether the dispatch moves it: feed-in of sun and wind stays as it is here."""
    if smart_only and not flexibility.smart:
        return False
    if flexibility.fuel_free:
        return False
    low, high = flexibility.alike(flexibility.p_min_mw, flexibility.p_max_mw)
    return bool((high - low > 1e-9).any())


def _at_buses(powers: Any, n_buses: int) -> Floats:
    """Net withdrawal of assets at every bus, shape (T, B) [MW]."""
    total: Floats | None = None
    for power in powers:
        if total is None:
            total = np.zeros((power.charge_mw.shape[0], n_buses))
        total[:, power.buses] += power.charge_mw - power.discharge_mw
    return np.zeros((1, n_buses)) if total is None else total


def reliable_for(network: Network) -> str:
    """Why a network cannot be estimated; empty if it can."""
    if network.decided_by_voltage:
        return f"what this net draws follows its voltages, because of {network.decided_by_voltage[0]}"
    return ""
