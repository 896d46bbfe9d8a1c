"""Who bears the losses of a run: its books under every convention of tracing, and with stores as carbon-free sources.

Each book closes like the ledgers of the run and is reduced over time; by step stays only the carbon of whoever may ask
for a statement. The conventions are those of `carbon.tracing.conventions`. Stores are virtual stocks (``water tank``),
or loads when they charge and free of carbon when they discharge (``carbon-free generator``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from app.accounts.bus_balances import BusViews, bus_views
from app.accounts.metered_consumers import Use, User
from app.accounts.origins import Origins
from app.accounts.traced_grid import STORES, TracedGrid
from carbon.ledgers.carbon import CarbonLedger, convention_ledger
from carbon.ledgers.reconciliation import CarbonTotals
from carbon.ledgers.views import views
from carbon.tracing.carbon_free_stores import carbon_free_stores
from carbon.tracing.convention_names import CARBON_FREE, OPERATOR, WATER_TANK
from carbon.tracing.conventions import Convention, ConventionTrace, trace_conventions
from carbon.tracing.trace import Tracing
from grid.arrays import Floats

StoreModel = Literal["water tank", "carbon-free generator"]
GRID_OPERATOR, USES = "grid operator", "uses"
GENERATOR_LINE = "I.4.3"
"""GPC line of losses that generators bear: energy industries, losses of the grid."""


@dataclass(frozen=True)
class Bearer:
    """Who answers for losses of the grid.

    Args:
        name: The grid operator; uses, which pay for them within their own carbon; stores; a technology, or ``import``.
        lost_mwh: Energy lost [MWh].
        emissions_kg: Its carbon [kg].
    """

    name: str
    lost_mwh: float
    emissions_kg: float


@dataclass(frozen=True, eq=False)
class Book:
    """One convention with one model of stores, over the run.

    Args:
        convention: Who bears the losses.
        stores: How stores carry carbon.
        totals: The terms of its ledger [kg].
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
        sector_kg: Emissions by GPC line, shape (Q,) [kg]; losses that generators bear are those of `GENERATOR_LINE`.
        bearers: Who bears the losses; what uses pay is within the lines x.2.
        buses: Production and consumption of every node.
        user_kg: Carbon of what lines x.2, data centres, assets and fleets draw, by name, shape (T,) each [kg].
        returned_kg: Carbon that fleets give back with V2G, by name, shape (T,) each [kg]; lines x.2 are without it.
    """

    convention: Convention
    stores: StoreModel
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
    bearers: tuple[Bearer, ...]
    buses: BusViews
    user_kg: Mapping[str, Floats]
    returned_kg: Mapping[str, Floats]

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
class Conventions:
    """What a run says under every convention.

    Args:
        books: One a convention and model of stores.
        origins: Where the power of sectors and data centres comes from.
        uses: What data centres, assets and fleets take and give back, by name.
    """

    books: tuple[Book, ...]
    origins: Origins
    uses: Mapping[str, Use]

    def closes(self, tolerance: float) -> bool:
        """Whether every book closes."""
        return all(book.closes(tolerance) for book in self.books)

    @property
    def error_kg(self) -> float:
        """The most that a book misses [kg]."""
        return max(book.error_kg for book in self.books)

    @property
    def operator(self) -> Book:
        """The book whose totals are those of the run."""
        return next(book for book in self.books if book.convention == OPERATOR and book.stores == WATER_TANK)


@dataclass(frozen=True, eq=False)
class Traced:
    """A run under every convention.

    Args:
        tracing: What the grid operator's convention says of every node and store.
        ledger: Its ledger, that of the run.
        books: One a convention and model of stores, in the order asked for.
    """

    tracing: Tracing
    ledger: CarbonLedger
    books: tuple[Book, ...]


def trace_books(grid: TracedGrid, conventions: Sequence[Convention], users: Sequence[User]) -> Traced:
    """Traces a run under every convention, and again with stores as carbon-free generators.

    Args:
        grid: What is traced.
        conventions: Which conventions, ``operator`` among them.
        users: Data centres and assets, whose carbon is kept by step.
    """
    tanks = _trace_each(grid, conventions, WATER_TANK, users)
    if grid.operation is None:
        return tanks
    free = _trace_each(_without_stocks(grid), conventions, CARBON_FREE, ())
    return replace(tanks, books=(*tanks.books, *free.books))


def _trace_each(
    grid: TracedGrid, conventions: Sequence[Convention], stores: StoreModel, users: Sequence[User]
) -> Traced:
    """The books with one model of stores; generators who bear losses share the trace of the grid operator."""
    answers = trace_conventions(
        grid.flows, grid.sources, grid.consumers, grid.exports, grid.step_hours, grid.operation, conventions=conventions
    )
    ledgers = {name: _ledger_of(grid, answer) for name, answer in answers.items() if name != "generator"}
    books: dict[Convention, Book] = {
        name: _book(grid, answers[name], ledger, stores, users) for name, ledger in ledgers.items()
    }
    own = books["operator"]
    if "generator" in answers:
        books["generator"] = replace(
            own,
            convention="generator",
            sector_kg=_of_generators(own.codes, own.sector_kg),
            bearers=_generators(grid, answers["generator"]),
        )
    return Traced(answers["operator"].tracing.alone(), ledgers["operator"], tuple(books[name] for name in conventions))


def _without_stocks(grid: TracedGrid) -> TracedGrid:
    """The same with stores as loads and carbon-free generators."""
    if grid.operation is None:
        return grid
    sources, consumers = carbon_free_stores(grid.flows, grid.sources, grid.consumers, grid.operation)
    more = sources.node.size - grid.sources.node.size
    return replace(
        grid,
        sources=sources,
        source_names=(*grid.source_names, *(STORES,) * more),
        imported=np.concatenate([grid.imported, np.zeros(more, dtype=np.bool_)]),
        consumers=consumers,
        operation=None,
    )


def _book(
    grid: TracedGrid, answer: ConventionTrace, ledger: CarbonLedger, stores: StoreModel, users: Sequence[User]
) -> Book:
    both = views(ledger, grid.sources, grid.imported, grid.exported_mwh, step_hours=grid.step_hours)
    residuals = (ledger.bus_residual_kg, ledger.stock_residual_kg, ledger.city_residual_kg, both.residual_kg)
    table, stationary = ledger.sectors, ledger.stationary.energy
    ci, lost_mw = answer.tracing.ci_kg_per_mwh, answer.loss_mw(grid.flows)
    used = {code: kg for code, kg in zip(table.codes, table.emissions_kg.T, strict=True) if code.endswith(".2")}
    return Book(
        convention=answer.convention,
        stores=stores,
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
        bearers=_bearers(grid, answer, lost_mw, float(ledger.loss_kg.sum())),
        buses=bus_views(grid, answer, lost_mw),
        user_kg={**used, **{user.name: user.of_what_it_draws(ci, grid.step_hours) for user in users}},
        returned_kg={user.name: user.returned_kg(grid, answer.tracing) for user in users if user.devices is not None},
    )


def _ledger_of(grid: TracedGrid, answer: ConventionTrace) -> CarbonLedger:
    """The carbon ledger of one convention."""
    return convention_ledger(
        answer,
        grid.flows,
        grid.sources,
        grid.consumers,
        grid.exports,
        step_hours=grid.step_hours,
        operation=grid.operation,
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


def _of_generators(codes: tuple[str, ...], kg: Floats) -> Floats:
    """Emissions by GPC line where generators bear the losses: none is a consumer's."""
    lost = np.array([code.endswith(".3") for code in codes])
    return np.where(lost, np.where(np.array(codes) == GENERATOR_LINE, kg[lost].sum(), 0.0), kg)


def _bearers(grid: TracedGrid, answer: ConventionTrace, lost_mw: Floats, loss_kg: float) -> tuple[Bearer, ...]:
    """Who bears the losses: what is on the loss line, or was generated for uses beyond what they take."""
    lost_mwh = grid.step_hours * float(lost_mw.sum())
    if answer.convention != "load":
        return (Bearer(GRID_OPERATOR, lost_mwh, loss_kg),)
    factor, ci = (np.nan_to_num(values) for values in (answer.gross_factor, answer.tracing.ci_kg_per_mwh))
    gained = np.divide(factor - 1.0, factor, out=np.zeros_like(factor), where=factor > 0)
    uses = Bearer(
        USES,
        grid.step_hours * float((grid.use_mw * (factor - 1.0) * (factor > 0)).sum()),
        grid.step_hours * float((grid.use_mw * ci * gained).sum()),
    )
    on_the_line = grid.step_hours * float((lost_mw * factor).sum())
    return (uses, Bearer(GRID_OPERATOR, on_the_line, loss_kg))


def _generators(grid: TracedGrid, answer: ConventionTrace) -> tuple[Bearer, ...]:
    """What each technology, and what stores, keep of the carbon of their power."""
    kg = answer.borne_by_source_kg(grid.sources, grid.step_hours).sum(axis=0)
    mwh = grid.step_hours * (grid.sources.p_mw - answer.net_generation_mw(grid.sources)).sum(axis=0)
    names = np.array(grid.source_names)
    found = [
        Bearer(name, float(mwh[names == name].sum()), float(kg[names == name].sum()))
        for name in dict.fromkeys(grid.source_names)
    ]
    operation, stocks = grid.operation, answer.tracing.stocks
    if operation is None or stocks is None:
        return tuple(found)
    lost = 1.0 - answer.delivered_share
    entries = stocks.entries
    lost_kg = float(stocks.given_back_kg @ lost[entries.step, operation.node[entries.device]])
    stores = Bearer(STORES, grid.step_hours * float((grid.discharging_mw * lost).sum()), lost_kg)
    return (*found, stores)
