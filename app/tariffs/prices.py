"""The part of a tariff that a dispatch can minimise: prices by step, and one price of monthly peaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.tariffs.account import BillingAccount
from app.tariffs.reduction import reduced
from app.tariffs.tariff import Category, Component, EnergyPeriod, Tariff
from app.tariffs.times import LocalTimes, Times, first_that_holds
from grid.arrays import Floats


@dataclass(frozen=True, eq=False)
class CityPrices:
    """Prices of the city at its connection to the grid above.

    Args:
        import_per_mwh: Of imports, shape (T,) [currency/MWh].
        export_per_mwh: Of exports, shape (T,) [currency/MWh].
        demand_per_mw_month: Of the highest import of each month [currency/MW].
    """

    import_per_mwh: Floats
    export_per_mwh: Floats
    demand_per_mw_month: float


def linear_faults(tariff: Tariff) -> Iterator[str]:
    """What of a tariff no price by step can say, in words; empty if all of it can."""
    for charge in tariff.energy:
        if any(period.blocks for period in charge.periods):
            yield f"{charge.name!r} has blocks"
    if any(period.blocks for period in tariff.export):
        yield "'export' has blocks"
    for demand in tariff.demand:
        if demand.times != Times():
            yield f"{demand.name!r} counts peaks of certain hours only"
        if demand.ratchet is not None:
            yield f"{demand.name!r} has a ratchet"


def linear_prices(tariff: Tariff, account: BillingAccount, at: LocalTimes, wholesale_per_mwh: Floats) -> CityPrices:
    """Prices of energy and peaks with the percentages on them; charges that no decision changes are left out.

    Args:
        tariff: The rate sheet, without anything that `linear_faults` names.
        account: Who pays by it: its module, its power factor and its coincidence.
        at: Local time of the steps.
        wholesale_per_mwh: Wholesale price, shape (T,) [currency/MWh].
    """
    rates = reduced(tariff, account.module)
    imported = np.zeros(wholesale_per_mwh.size)
    for charge in rates.energy:
        price = _by_step(charge.periods, at, wholesale_per_mwh)
        imported += price * factor_of_percentages(rates, "energy", charge.component)
    exported = _by_step(rates.export, at, wholesale_per_mwh) * factor_of_percentages(rates, "export", "supply")
    demand = sum(
        one.price_per_mw_month
        * factor_of_percentages(rates, "demand", one.component)
        / (account.coincidence * (account.power_factor if one.apparent else 1.0))
        for one in rates.demand
    )
    return CityPrices(imported, exported, float(demand))


def _by_step(periods: Sequence[EnergyPeriod], at: LocalTimes, wholesale_per_mwh: Floats) -> Floats:
    place = first_that_holds((period.times for period in periods), at)
    price = np.zeros(wholesale_per_mwh.size)
    for number, period in enumerate(periods):
        here = place == number
        price[here] = (period.price_per_mwh or 0.0) + period.wholesale_share * wholesale_per_mwh[here]
    return price


def factor_of_percentages(tariff: Tariff, category: Category, component: Component) -> float:
    """What a unit of money in a line becomes on the bill with all taxes and rebates, in their order [1]."""
    total, taxes = 1.0, 0.0
    for percentage in tariff.percentages:
        base = float(category in percentage.of and component in percentage.components)
        if "percentage" in percentage.of and "levy" in percentage.components:
            base += taxes
        tax = base * percentage.percent / 100.0
        taxes, total = taxes + tax, total + tax
    return total
