"""The ledgers of a run under every convention of tracing, with each model of stores.

Each closes like the ledger of the run and is summed over time; by step stays only the carbon of whoever may ask for a
statement. The conventions are those of `carbon.tracing.conventions`. Stores are virtual stocks (``water tank``), or
loads when they charge and free of carbon when they discharge (``carbon-free generator``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from app.accounts.bus_balances import BusBalances, balance_buses, summed_balances
from app.accounts.loss_bearers import (
    USES,
    LossBearer,
    generators_and_stores,
    sector_kg_of_generators,
    summed_bearers,
    uses_and_operator,
)
from app.accounts.metered_consumers import ConsumerEnergy, MeteredConsumer
from app.accounts.origins import Origins
from app.accounts.tracing_input import TracingInput
from carbon.ledgers.carbon import CarbonLedger, carbon_ledger, joined_carbon
from carbon.ledgers.reconciliation import CarbonTotals
from carbon.ledgers.views import city_views
from carbon.stocks.joined import joined_traces, without_devices
from carbon.stocks.trace import StockTrace
from carbon.tracing.convention_names import CARBON_FREE, OPERATOR, WATER_TANK, Convention, StoreModel
from carbon.tracing.conventions import ConventionTrace, conventions_in_windows, trace_conventions
from carbon.tracing.proportional_sharing import Tracing
from grid.arrays import Floats
from grid.large_arrays import large_array
from grid.memory import give_back_if_large


@dataclass(frozen=True, eq=False)
class ConventionLedger:
    """The ledger under one convention with one model of stores, over the run.

    Args:
        convention: Who bears the losses.
        store_model: How stores carry carbon.
        totals: The terms of the carbon ledger [kg].
        emissions_kg: What the city answers for [kg].
        production_kg: Carbon of generation within the city [kg].
        import_kg: Carbon of imports [kg].
        reverse_flow_mwh: Energy that the city feeds into the grid above [MWh].
        fuel_mwh: Energy drawn from stationary stores as fuel [MWh].
        stored_mwh: What stationary stores gained, without what arrived from outside the grid [MWh].
        residual_kg: What its worst balance (buses, stocks, city, views) misses in each step, shape (T,) [kg].
        moved_kg: Carbon of sources and discharge in each step, shape (T,) [kg].
        codes: GPC lines, Q of them.
        sector_mwh: Energy by GPC line, shape (Q,) [MWh].
        sector_kg: Emissions by GPC line, shape (Q,) [kg]; losses that generators bear are in line I.4.3.
        bearers: Who bears the losses; what uses pay is within the lines x.2.
        buses: Production and consumption of every node.
        consumer_kg: Carbon of what lines x.2, data centres, assets and fleets draw, by name, shape (T,) each [kg].
        returned_kg: Carbon that fleets give back with V2G, by name, shape (T,) each [kg]; lines x.2 are without it.
    """

    convention: Convention
    store_model: StoreModel
    totals: CarbonTotals
    emissions_kg: float
    production_kg: float
    import_kg: float
    reverse_flow_mwh: float
    fuel_mwh: float
    stored_mwh: float
    residual_kg: Floats
    moved_kg: Floats
    codes: tuple[str, ...]
    sector_mwh: Floats
    sector_kg: Floats
    bearers: tuple[LossBearer, ...]
    buses: BusBalances
    consumer_kg: Mapping[str, Floats]
    returned_kg: Mapping[str, Floats]

    @classmethod
    def joined(cls, parts: Sequence[ConventionLedger]) -> ConventionLedger:
        """Those of windows of time that follow each other, under one convention, as one."""
        first = parts[0]
        sums = ("emissions_kg", "production_kg", "import_kg", "reverse_flow_mwh", "fuel_mwh", "stored_mwh",
                "sector_mwh", "sector_kg")  # fmt: skip
        names, returned = tuple(first.consumer_kg), tuple(first.returned_kg)
        totals = (sum(getattr(part.totals, each.name) for part in parts) for each in fields(CarbonTotals))
        return replace(
            first,
            totals=CarbonTotals(*totals),
            **{name: sum(getattr(part, name) for part in parts) for name in sums},
            residual_kg=np.concatenate([part.residual_kg for part in parts]),
            moved_kg=np.concatenate([part.moved_kg for part in parts]),
            bearers=summed_bearers([part.bearers for part in parts]),
            buses=summed_balances([part.buses for part in parts]),
            consumer_kg={name: np.concatenate([part.consumer_kg[name] for part in parts]) for name in names},
            returned_kg={name: np.concatenate([part.returned_kg[name] for part in parts]) for name in returned},
        )

    @property
    def error_kg(self) -> float:
        """What it misses: its balances over all steps, the buses, the sectors, or who bears the losses [kg]."""
        borne_kg = sum(bearer.emissions_kg for bearer in self.bearers if bearer.name != USES)
        return max(
            float(self.residual_kg.sum()),
            self.buses.residual_kg,
            abs(float(self.sector_kg.sum()) - self.emissions_kg),
            abs(borne_kg - self.totals.loss),
        )

    def closes(self, tolerance: float) -> bool:
        """Whether it misses no more than `tolerance` of the carbon that moves, in every step and over the run."""
        steps = self.residual_kg <= tolerance * np.maximum(self.moved_kg, 1.0)
        return bool(steps.all()) and self.error_kg <= tolerance * max(float(self.moved_kg.sum()), 1.0)


@dataclass(frozen=True, eq=False)
class ConventionLedgers:
    """What a run says under every convention.

    Args:
        ledgers: One a convention and model of stores.
        origins: Where the power of sectors and data centres comes from.
        consumers: What data centres, assets and fleets take and give back, by name.
    """

    ledgers: tuple[ConventionLedger, ...]
    origins: Origins
    consumers: Mapping[str, ConsumerEnergy]

    def closes(self, tolerance: float) -> bool:
        """Whether every ledger closes."""
        return all(ledger.closes(tolerance) for ledger in self.ledgers)

    @property
    def error_kg(self) -> float:
        """The most that a ledger misses [kg]."""
        return max(ledger.error_kg for ledger in self.ledgers)

    @property
    def operator(self) -> ConventionLedger:
        """The one whose totals are those of the run."""
        own = (OPERATOR, WATER_TANK)
        return next(ledger for ledger in self.ledgers if (ledger.convention, ledger.store_model) == own)


@dataclass(frozen=True, eq=False)
class TracedLedgers:
    """A run traced under every convention.

    Args:
        tracing: What the grid operator's convention says of every node and store, of carbon alone.
        carbon: Its carbon ledger by step, without the renewable part of energy.
        ledgers: One a convention and model of stores, in the order asked for.
    """

    tracing: Tracing
    carbon: CarbonLedger
    ledgers: tuple[ConventionLedger, ...]


def joined_ledgers(windows: Sequence[tuple[ConventionLedger, ...]]) -> tuple[ConventionLedger, ...]:
    """The ledgers of windows of time that follow each other, each convention's as one."""
    if len(windows) == 1:
        return windows[0]
    return tuple(ConventionLedger.joined(parts) for parts in zip(*windows, strict=True))


def trace_ledgers(
    inputs: TracingInput, conventions: Sequence[Convention], consumers: Sequence[MeteredConsumer]
) -> TracedLedgers:
    """Traces a run under every convention, and again with stores as carbon-free generators.

    Args:
        inputs: What is traced.
        conventions: Which conventions, ``operator`` among them.
        consumers: Data centres and assets, whose carbon is kept by step.
    """
    tanks = _traced_tanks(inputs, conventions, consumers)
    if inputs.operation is None:
        return tanks
    free = []
    for steps in inputs.windows:
        give_back_if_large()
        window = inputs.between(steps).with_carbon_free_stores()
        free.append(_accounted(window, _trace_all(window, conventions), CARBON_FREE, ())[1])
    return replace(tanks, ledgers=(*tanks.ledgers, *joined_ledgers(free)))


def _trace_all(inputs: TracingInput, conventions: Sequence[Convention]) -> dict[Convention, ConventionTrace]:
    given = *inputs.city, inputs.step_hours, inputs.operation
    return trace_conventions(*given, conventions=conventions, with_renewable=False)


def _traced_tanks(
    inputs: TracingInput, conventions: Sequence[Convention], consumers: Sequence[MeteredConsumer]
) -> TracedLedgers:
    """With stores as virtual stocks, a window of time after the other; of the grid operator's trace all of it stays."""
    if len(inputs.windows) == 1:
        answers = _trace_all(inputs, conventions)
        carbon, ledgers = _accounted(inputs, answers, WATER_TANK, consumers)
        return TracedLedgers(answers[OPERATOR].tracing.detached(), carbon, ledgers)
    given = *inputs.city, inputs.step_hours, inputs.operation
    windows = conventions_in_windows(*given, conventions=conventions, with_renewable=False, n_steps=inputs.window_steps)
    ci_kg_per_mwh, inflow_mw = large_array((2, *inputs.shape))
    accounted, stocks = list[tuple[CarbonLedger, tuple[ConventionLedger, ...]]](), list[StockTrace]()
    for steps, answers in windows:
        here = [consumer.between(steps) for consumer in consumers]
        accounted.append(_accounted(inputs.between(steps), answers, WATER_TANK, here))
        own = answers[OPERATOR].tracing
        ci_kg_per_mwh[steps], inflow_mw[steps] = own.ci_kg_per_mwh, own.inflow_mw
        stocks = [*map(without_devices, stocks), *([] if own.stocks is None else [own.stocks])]
        give_back_if_large()
    unknown = np.broadcast_to(np.nan, inputs.shape)
    tracing = Tracing(ci_kg_per_mwh, unknown, inflow_mw, joined_traces(stocks) if stocks else None)
    carbon = joined_carbon([ledger for ledger, _ in accounted])
    return TracedLedgers(tracing, carbon, joined_ledgers([ledgers for _, ledgers in accounted]))


def _accounted(
    inputs: TracingInput,
    answers: Mapping[Convention, ConventionTrace],
    store_model: StoreModel,
    consumers: Sequence[MeteredConsumer],
) -> tuple[CarbonLedger, tuple[ConventionLedger, ...]]:
    """The grid operator's ledger and those of all; generators who bear losses share the trace of the grid operator."""
    city, hours, operation = inputs.city, inputs.step_hours, inputs.operation
    carbon = {
        name: carbon_ledger(
            *city,
            answer.tracing,
            step_hours=hours,
            operation=operation,
            loss_mw=inputs.powers.lost_mw(name),
            source_kg=inputs.source_kg_by_step,
            with_renewable=False,
        )
        for name, answer in answers.items()
        if name != "generator"
    }
    ledgers: dict[Convention, ConventionLedger] = {
        name: _summed(inputs, answers[name], ledger, store_model, consumers) for name, ledger in carbon.items()
    }
    own = ledgers["operator"]
    if "generator" in answers:
        ledgers["generator"] = replace(
            own,
            convention="generator",
            sector_kg=sector_kg_of_generators(own.codes, own.sector_kg),
            bearers=generators_and_stores(inputs, answers["generator"]),
        )
    return carbon["operator"], tuple(ledgers[name] for name in answers)


def _summed(
    inputs: TracingInput,
    answer: ConventionTrace,
    ledger: CarbonLedger,
    store_model: StoreModel,
    consumers: Sequence[MeteredConsumer],
) -> ConventionLedger:
    """A carbon ledger summed over time, with who bears the losses and what buses and consumers answer for."""
    both = city_views(
        ledger, inputs.sources, inputs.imported, inputs.exported_mwh,
        step_hours=inputs.step_hours, supplied=inputs.supplied,
    )  # fmt: skip
    residuals = (ledger.bus_residual_kg, ledger.stock_residual_kg, ledger.city_residual_kg, both.residual_kg)
    table, stationary = ledger.sectors, ledger.stationary.energy
    ci, lost_mw = answer.tracing.ci_kg_per_mwh, inputs.powers.lost_mw(answer.convention)
    used = {code: kg for code, kg in zip(table.codes, table.emissions_kg.T, strict=True) if code.endswith(".2")}
    fleets = [consumer for consumer in consumers if consumer.devices is not None]
    return ConventionLedger(
        convention=answer.convention,
        store_model=store_model,
        totals=_totals(ledger),
        emissions_kg=float(ledger.emissions_kg.sum()),
        production_kg=float(both.production_kg.sum()),
        import_kg=float(both.import_kg.sum()),
        reverse_flow_mwh=float(both.reverse_flow_mwh.sum()),
        fuel_mwh=float(stationary.fuel.sum()),
        stored_mwh=float((stationary.change - stationary.arriving).sum()),
        residual_kg=np.abs(residuals).max(axis=0),
        moved_kg=ledger.source_kg + ledger.discharge_kg,
        codes=table.codes,
        sector_mwh=table.energy_mwh.sum(axis=0),
        sector_kg=table.emissions_kg.sum(axis=0),
        bearers=uses_and_operator(inputs, answer, lost_mw, float(ledger.loss_kg.sum())),
        buses=balance_buses(inputs, answer),
        consumer_kg=used | {consumer.name: consumer.of_what_it_draws(ci, inputs.step_hours) for consumer in consumers},
        returned_kg={consumer.name: consumer.returned_kg(inputs, answer.tracing) for consumer in fleets},
    )


def _totals(ledger: CarbonLedger) -> CarbonTotals:
    stationary = ledger.stationary.carbon
    terms = {
        "source": ledger.source_kg,
        "arriving": stationary.arriving,
        "consumption": ledger.consumption_kg,
        "vehicle": ledger.vehicle_kg,
        "loss": ledger.loss_kg,
        "fuel": stationary.fuel,
        "standing": stationary.standing,
        "export": ledger.export_kg,
        "stock_change": stationary.change,
    }
    return CarbonTotals(**{name: float(values.sum()) for name, values in terms.items()})
