"""The carbon ledger of a city: every kilogram that enters, step by step, and who answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from carbon.ledgers.sectors import SectorTable, sector_table
from carbon.stocks.joined import joined_classes
from carbon.stocks.operation import StockOperation
from carbon.stocks.trace import ClassTrace
from carbon.tracing.conventions import ConventionTrace
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import Tracing
from carbon.validation import array_faults, check_step_hours, index_faults, shape_faults
from grid.arrays import Floats, columns_at, ratio, without_nan
from grid.errors import InputError, raise_if_any


@dataclass(frozen=True, eq=False)
class CarbonLedger:
    """All carbon of every step; shape (T,) [kg] unless said otherwise.

    Three balances hold, each with its residual:
    buses, S + X = D + L + E + A; stocks, dC = A - X - F - Z + J; and the city, with cars as consumers at the meter,
    S + J_stationary = emissions + E + dC_stationary, where emissions = D + (A - X)_vehicles + L + (F + Z)_stationary.

    Args:
        source_kg: S, carbon of imports and local generation.
        consumption_kg: D, carbon of final consumers.
        loss_kg: L, carbon of the network's losses.
        export_kg: E, carbon of what leaves the city.
        vehicles: The stocks of all vehicles.
        stationary: All stationary stocks.
        renewable_mwh: Renewable part of the energy of consumers and of vehicles, net at the meter [MWh]; NaN where it
            was not asked for.
        sectors: Energy and carbon of each sector.
    """

    source_kg: Floats
    consumption_kg: Floats
    loss_kg: Floats
    export_kg: Floats
    vehicles: ClassTrace
    stationary: ClassTrace
    renewable_mwh: Floats
    sectors: SectorTable

    @property
    def discharge_kg(self) -> Floats:
        """X, carbon of all that stores discharge."""
        return self.vehicles.carbon.discharge + self.stationary.carbon.discharge

    @property
    def charge_kg(self) -> Floats:
        """A, carbon of all that stores charge."""
        return self.vehicles.carbon.charge + self.stationary.carbon.charge

    @property
    def fuel_kg(self) -> Floats:
        """F, carbon of energy driven, or drawn from a tank as fuel."""
        return self.vehicles.carbon.fuel + self.stationary.carbon.fuel

    @property
    def standing_kg(self) -> Floats:
        """Z, carbon of standing losses."""
        return self.vehicles.carbon.standing + self.stationary.carbon.standing

    @property
    def arriving_kg(self) -> Floats:
        """J, carbon of energy that arrived from outside between two sessions."""
        return self.vehicles.carbon.arriving + self.stationary.carbon.arriving

    @property
    def stock_change_kg(self) -> Floats:
        """dC, change of the carbon in all stocks."""
        return self.vehicles.carbon.change + self.stationary.carbon.change

    @property
    def vehicle_kg(self) -> Floats:
        """A - X of the vehicles: what they take from the grid, net of what they give back."""
        return self.vehicles.carbon.charge - self.vehicles.carbon.discharge

    @property
    def emissions_kg(self) -> Floats:
        """What the city answers for."""
        stationary = self.stationary.carbon
        return self.consumption_kg + self.vehicle_kg + self.loss_kg + stationary.fuel + stationary.standing

    @property
    def bus_residual_kg(self) -> Floats:
        """What the balance of the buses misses."""
        out_kg = self.consumption_kg + self.loss_kg + self.export_kg + self.charge_kg
        return self.source_kg + self.discharge_kg - out_kg

    @property
    def stock_residual_kg(self) -> Floats:
        """What the balances of the stocks miss, both classes in absolute value."""
        return np.abs(self.vehicles.carbon.residual) + np.abs(self.stationary.carbon.residual)

    @property
    def city_residual_kg(self) -> Floats:
        """What the city's balance misses."""
        stationary = self.stationary.carbon
        return self.source_kg + stationary.arriving - self.emissions_kg - self.export_kg - stationary.change

    @property
    def relative_error(self) -> Floats:
        """The greatest of the three residuals against the carbon that moved, S + X, shape (T,) [1]."""
        moved_kg = self.source_kg + self.discharge_kg
        residuals_kg = (self.bus_residual_kg, self.stock_residual_kg, self.city_residual_kg)
        worst_kg = np.abs(residuals_kg).max(axis=0)
        return ratio(worst_kg, moved_kg, np.where(worst_kg > 0, np.inf, 0.0))


def joined_carbon(parts: Sequence[CarbonLedger]) -> CarbonLedger:
    """The ledgers of windows of time that follow each other, as one."""
    by_step = ("source_kg", "consumption_kg", "loss_kg", "export_kg", "renewable_mwh")
    tables = [part.sectors for part in parts]
    return CarbonLedger(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in by_step},
        vehicles=joined_classes([part.vehicles for part in parts]),
        stationary=joined_classes([part.stationary for part in parts]),
        sectors=SectorTable(
            tables[0].codes,
            np.concatenate([table.energy_mwh for table in tables]),
            np.concatenate([table.emissions_kg for table in tables]),
        ),
    )


def carbon_ledger(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    exports: Exports,
    tracing: Tracing,
    *,
    step_hours: float,
    operation: StockOperation | None = None,
    loss_mw: Floats | None = None,
    source_kg: Floats | None = None,
    with_renewable: bool = True,
    vehicle_sector: str = "II.1",
    storage_sector: str = "I.4",
) -> CarbonLedger:
    """Accounts for all carbon of a traced city; by default the grid operator bears all losses.

    Power at a node without any source counts no carbon.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports.
        consumers: Final consumers.
        exports: What leaves the city.
        tracing: The trace of the same flows, sources and operation.
        step_hours: Length of a step [h].
        operation: What every store did.
        loss_mw: Losses on the loss line, at the node whose intensity they have, shape (T, N) [MW]: those of
            another convention (`carbon.tracing.conventions`); None for all of them.
        source_kg: Carbon of all sources, shape (T,) [kg], for who knows it already.
        with_renewable: Whether the renewable part of the energy is asked for.
        vehicle_sector: Sub-sector of the vehicles, and of fuel drawn from tanks.
        storage_sector: Sub-sector of the standing losses of stationary stores.

    Raises:
        InputError: If the inputs do not fit together.
    """
    check_step_hours(step_hours)
    _check_fit(flows, sources, consumers, exports, tracing)
    if (operation is None) != (tracing.stocks is None):
        raise InputError.single("operation", "must be the one that was traced")
    ci_kg_per_mwh = tracing.known_ci_kg_per_mwh
    consumer_kg = step_hours * consumers.p_mw * columns_at(ci_kg_per_mwh, consumers.node)
    lost_mw = flows.loss_mw() if loss_mw is None else loss_mw
    loss_kg = step_hours * (lost_mw * ci_kg_per_mwh).sum(axis=1)
    vehicles, stationary = tracing.vehicles, tracing.stationary
    return CarbonLedger(
        source_kg=sources.emissions_kg(step_hours) if source_kg is None else source_kg,
        consumption_kg=consumer_kg.sum(axis=1),
        loss_kg=loss_kg,
        export_kg=step_hours * (exports.p_mw * columns_at(ci_kg_per_mwh, exports.node)).sum(axis=1),
        vehicles=vehicles,
        stationary=stationary,
        renewable_mwh=renewable_mwh(consumers, tracing, step_hours, operation)
        if with_renewable
        else np.full(flows.n_steps, np.nan),
        sectors=sector_table(
            consumers,
            consumer_kg,
            vehicles,
            stationary,
            loss_kg=loss_kg,
            step_hours=step_hours,
            vehicle_sector=vehicle_sector,
            storage_sector=storage_sector,
        ),
    )


def convention_ledger(
    answer: ConventionTrace,
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    exports: Exports,
    *,
    step_hours: float,
    operation: StockOperation | None = None,
) -> CarbonLedger:
    """The carbon ledger under one convention, for the inputs that were traced; the others as in `carbon_ledger`.

    Args:
        answer: The convention's answer (`carbon.tracing.trace_conventions`).
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports.
        consumers: Final consumers.
        exports: What leaves the city.
        step_hours: Length of a step [h].
        operation: What every store did.

    Raises:
        InputError: If the inputs do not fit together.
    """
    return carbon_ledger(
        flows,
        sources,
        consumers,
        exports,
        answer.tracing,
        step_hours=step_hours,
        operation=operation,
        loss_mw=answer.loss_mw(flows),
    )


def renewable_mwh(
    consumers: Consumers, tracing: Tracing, step_hours: float, operation: StockOperation | None = None
) -> Floats:
    """Renewable part of what consumers and vehicles (charging less discharging) take, shape (T,) [MWh].

    Args:
        consumers: Final consumers.
        tracing: A trace of the renewable share.
        step_hours: Length of a step [h].
        operation: What every store did.
    """
    share = without_nan(tracing.renewable_share)
    of_consumers: Floats = step_hours * (consumers.p_mw * columns_at(share, consumers.node)).sum(axis=1)
    if operation is None or tracing.stocks is None:
        return of_consumers
    events = tracing.stocks.events
    taken = np.where(events.feeds, tracing.stocks.renewable_share_after, share[events.step, events.node])
    taken *= step_hours * events.p_mw * events.of_vehicle
    return of_consumers + np.bincount(events.step, taken, len(share))


def _check_fit(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    exports: Exports,
    tracing: Tracing,
) -> None:
    """Raises one `InputError` with all that does not fit together."""
    n_steps, n_nodes = flows.n_steps, flows.n_nodes
    faults = [
        *shape_faults("sources.p_mw", sources.p_mw, (n_steps, len(sources.node))),
        *shape_faults("consumers.p_mw", consumers.p_mw, (n_steps, len(consumers.node))),
        *shape_faults("exports.p_mw", exports.p_mw, (n_steps, len(exports.node))),
        *array_faults("tracing.inflow_mw", tracing.inflow_mw, (n_steps, n_nodes)),
        *index_faults("consumers.node", consumers.node, consumers.node.shape, n_nodes),
        *index_faults("exports.node", exports.node, exports.node.shape, n_nodes),
    ]
    raise_if_any(faults)
