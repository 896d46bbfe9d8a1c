"""One run, three books: the tracing, the city's inventory and its consumers' scope 2 sum to the same kilogram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CarbonTotals:
    """The carbon ledger of a run, summed over time [kg].

    Args:
        source: Imports and local generation.
        arriving: Carbon that stationary stores were given from outside the grid.
        consumption: Final consumers.
        vehicle: Cars, net at the meter.
        loss: Losses of the grid.
        fuel: Fuel drawn from tanks.
        standing: Standing losses of stationary stores.
        export: What leaves the city.
        stock_change: What stationary stores hold more at the end.
    """

    source: float
    arriving: float
    consumption: float
    vehicle: float
    loss: float
    fuel: float
    standing: float
    export: float
    stock_change: float


@dataclass(frozen=True)
class ReconciliationRow:
    """One row of the reconciliation.

    Args:
        book: ``tracing``, ``GPC`` or ``scope 2``.
        name: What it is.
        kg: How much [kg]; what a book subtracts is negative.
        total: Whether it is the sum of the rows of its book above it.
    """

    book: str
    name: str
    kg: float
    total: bool = False


@dataclass(frozen=True)
class Reconciliation:
    """The three books side by side.

    Args:
        rows: Row by row.
    """

    rows: tuple[ReconciliationRow, ...]

    @property
    def totals(self) -> dict[str, float]:
        """What each book comes to [kg]."""
        return {row.book: row.kg for row in self.rows if row.total}

    @property
    def difference_kg(self) -> float:
        """The most by which two books differ [kg]."""
        totals = list(self.totals.values())
        return max(totals) - min(totals)


def reconcile(totals: CarbonTotals, sector_kg: Mapping[str, float], consumer_kg: Mapping[str, float]) -> Reconciliation:
    """Sets tracing, inventory and scope 2 side by side.

    Args:
        totals: The ledger of the run.
        sector_kg: Emissions by GPC line, x.2 and x.3 [kg].
        consumer_kg: Location-based scope 2 of every consumer that has its own statement, cars among them [kg].
    """
    tracing = [
        ReconciliationRow("tracing", "carbon of imports and local generation", totals.source),
        ReconciliationRow("tracing", "carbon brought into stationary stores from outside", totals.arriving),
        ReconciliationRow("tracing", "carbon of exports", -totals.export),
        ReconciliationRow("tracing", "carbon that stationary stores hold more at the end", -totals.stock_change),
    ]
    used = sum(kg for code, kg in sector_kg.items() if code.endswith(".2"))
    lost = sum(kg for code, kg in sector_kg.items() if code.endswith(".3"))
    gpc = [
        ReconciliationRow("GPC", "electricity used, lines x.2", used),
        ReconciliationRow("GPC", "losses of the grid, lines x.3", lost),
    ]
    stated = sum(consumer_kg.values())
    scope_2 = [
        *(ReconciliationRow("scope 2", name, kg) for name, kg in consumer_kg.items()),
        ReconciliationRow(
            "scope 2", "consumers without a statement of their own", totals.consumption + totals.vehicle - stated
        ),
        ReconciliationRow("scope 2", "hydrogen refuelled: the vehicles' fuel, scope 1 or 3", totals.fuel),
        ReconciliationRow("scope 2", "standing losses of stationary stores: their operators", totals.standing),
        ReconciliationRow(
            "scope 2", "losses of the grid: scope 2 of its operator, scope 3 of the consumers", totals.loss
        ),
    ]
    return Reconciliation(tuple(row for book in (tracing, gpc, scope_2) for row in _with_total(book)))


def _with_total(book: list[ReconciliationRow]) -> list[ReconciliationRow]:
    return [*book, ReconciliationRow(book[0].book, "emissions of the city", sum(row.kg for row in book), total=True)]
