"""The bill of an account, month by month and charge by charge: docs/tariffs.md has the formulae."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.tariffs.account import BillingAccount
from app.tariffs.reduction import flat_reduction, reduced
from app.tariffs.tariff import Category, Component, DemandCharge, EnergyPeriod, Tariff
from app.tariffs.times import LocalTimes, first_that_holds
from grid.arrays import Floats, Ints
from grid.units import DAYS_PER_YEAR, MINUTES_PER_HOUR, PERCENT

MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class BillLine:
    """A line of a bill.

    Args:
        month: Calendar month in local time, ``datetime64[M]``.
        item: Name of the charge, with its period or block.
        category: Kind of the line.
        component: Whom it is for.
        quantity: What it is charged for, in `unit`.
        unit: ``MWh``, ``MW``, ``MVA``, ``customer`` or, for percentages, the currency.
        amount: What is paid [currency]; negative for what is earned.
    """

    month: np.datetime64
    item: str
    category: Category
    component: Component
    quantity: float
    unit: str
    amount: float


@dataclass(frozen=True, eq=False)
class Metered:
    """What the meter of an account says, T steps in M billing months.

    Args:
        drawn_mw: Power drawn, shape (T,), at least 0 [MW].
        fed_in_mw: Power fed in, shape (T,), at least 0 [MW].
        wholesale_per_mwh: Wholesale price, shape (T,) [currency/MWh].
        at: Local time of the steps.
        step_hours: Length of a step [h].
    """

    drawn_mw: Floats
    fed_in_mw: Floats
    wholesale_per_mwh: Floats
    at: LocalTimes
    step_hours: float

    @property
    def months(self) -> np.ndarray:
        """The billing months, shape (M,), ``datetime64[M]``."""
        return np.unique(self.at.billing_month)

    @property
    def month_of_step(self) -> Ints:
        """Place of the billing month of each step, shape (T,)."""
        return np.searchsorted(self.months, self.at.billing_month).astype(np.int64)

    @property
    def covered_days(self) -> Floats:
        """Days of each month that the period covers, shape (M,) [d]; a change of clocks makes a day an hour longer."""
        return np.bincount(self.month_of_step, minlength=self.months.size) * self.step_hours / 24

    @property
    def share_of_month(self) -> Floats:
        """Share of each month that the period covers, shape (M,) [1]."""
        length = (self.months + 1).astype("datetime64[D]") - self.months.astype("datetime64[D]")
        return np.asarray(np.minimum(self.covered_days / length.astype(float), 1.0))

    def by_month(self, values: Floats) -> Floats:
        """Values of steps, shape (T,), summed to months, shape (M,)."""
        return np.asarray(np.bincount(self.month_of_step, weights=values, minlength=self.months.size), dtype=float)


def bill(tariff: Tariff, account: BillingAccount, metered: Metered) -> tuple[BillLine, ...]:
    """The bill of an account over a period.

    What is charged by month counts for the share of the month that the period covers: fixed charges, contracted power,
    demand, ends of blocks and flat reductions.

    Args:
        tariff: The rate sheet.
        account: Whose bill.
        metered: What its meter says.
    """
    rates = reduced(tariff, account.module)
    drawn, fed_in = metered.drawn_mw, metered.fed_in_mw
    lines: list[BillLine] = []
    for charge in rates.energy:
        lines += _of_energy(charge.name, "energy", charge.component, charge.periods, metered, drawn, account.customers)
    lines += _of_energy("export", "export", "supply", rates.export, metered, -fed_in, account.customers)
    for demand in rates.demand:
        lines += _of_demand(demand, metered, drawn, account)
    lines += _of_connection(rates, metered, account)
    lines += _of_reduction(tariff, account, metered, lines)
    for percentage in rates.percentages:
        lines += _of_percentage(percentage.name, percentage.percent, [
            line for line in lines if line.category in percentage.of and line.component in percentage.components
        ], tariff.currency)  # fmt: skip
    return tuple(sorted(lines, key=lambda line: line.month))


def _of_energy(
    name: str,
    category: Category,
    component: Component,
    periods: Sequence[EnergyPeriod],
    metered: Metered,
    p_mw: Floats,
    customers: float,
) -> Iterator[BillLine]:
    """Lines for energy; what is fed in is negative, and so is what it costs."""
    if not periods or not p_mw.any():
        return
    place = first_that_holds((period.times for period in periods), metered.at)
    ends = metered.share_of_month * customers
    for number, period in enumerate(periods):
        e_mwh = np.where(place == number, p_mw, 0.0) * metered.step_hours
        by_month = metered.by_month(e_mwh)
        if not by_month.any():
            continue
        item = name if len(periods) == 1 else f"{name}, {period.name}"
        if period.wholesale_share:
            value = period.wholesale_share * metered.by_month(e_mwh * metered.wholesale_per_mwh)
            yield from _lines(metered, f"{item}, wholesale", category, component, by_month, "MWh", value)
        if period.price_per_mwh is not None and (period.price_per_mwh or not period.wholesale_share):
            yield from _lines(metered, item, category, component, by_month, "MWh", by_month * period.price_per_mwh)
        below: Floats = np.zeros(metered.months.size)
        for block_number, block in enumerate(period.blocks, start=1):
            end = (np.inf if block.up_to_mwh is None else block.up_to_mwh) * ends
            within = np.sign(by_month) * (np.minimum(np.abs(by_month), end) - np.minimum(np.abs(by_month), below))
            below = end
            label = f"{item}, block {block_number}"
            yield from _lines(metered, label, category, component, within, "MWh", within * block.price_per_mwh)


def _lines(
    metered: Metered, item: str, category: Category, component: Component, quantity: Floats, unit: str, amount: Floats
) -> Iterator[BillLine]:
    """A line for each month with anything."""
    for month, how_much, money in zip(metered.months, quantity.tolist(), amount.tolist(), strict=True):
        if how_much or money:
            yield BillLine(month, item, category, component, how_much, unit, money)


def _of_demand(charge: DemandCharge, metered: Metered, drawn_mw: Floats, account: BillingAccount) -> Iterator[BillLine]:
    """Lines for peaks."""
    peak = peaks(drawn_mw, charge, metered) / account.coincidence
    past = np.array(account.past_peaks_mw, dtype=float)
    if charge.apparent:
        peak, past = peak / account.power_factor, past / account.power_factor
    billed = np.maximum(peak, charge.least_mw * account.customers)
    if charge.ratchet is not None:
        known = np.concatenate([past, peak])
        month = metered.months[0] - past.size + np.arange(known.size)
        counts = np.isin(month.astype(int) % MONTHS_PER_YEAR + 1, charge.ratchet.of_months or range(1, 13))
        for place in range(peak.size):
            at = past.size + place
            before = np.where(counts, known, 0.0)[max(0, at - charge.ratchet.months) : at]
            billed[place] = max(billed[place], charge.ratchet.share * before.max(initial=0.0))
    unit = "MVA" if charge.apparent else "MW"
    amount = billed * charge.price_per_mw_month * metered.share_of_month
    yield from _lines(metered, charge.name, "demand", charge.component, billed, unit, amount)


def peaks(drawn_mw: Floats, charge: DemandCharge, metered: Metered) -> Floats:
    """Highest mean power of each billing month within the hours of a charge, shape (M,) [MW]; 0 where there are none.

    Args:
        drawn_mw: Power drawn, shape (T,) [MW].
        charge: The charge, with its hours and the length of its intervals, which is made of whole steps.
        metered: The steps.
    """
    steps = max(1, int(-(-charge.interval_minutes // round(metered.step_hours * MINUTES_PER_HOUR))))
    first = np.arange(0, drawn_mw.size, steps)
    mean = np.add.reduceat(drawn_mw, first) / np.diff(np.append(first, drawn_mw.size))
    counted = np.where(charge.times.hold(metered.at)[first], mean, 0.0)
    found = np.zeros(metered.months.size)
    np.maximum.at(found, metered.month_of_step[first], counted)
    return found


def _of_connection(rates: Tariff, metered: Metered, account: BillingAccount) -> Iterator[BillLine]:
    """Lines for contracted power and for being a customer."""
    share = metered.share_of_month
    contracted = account.contracted_mva or 0.0
    for charge in rates.capacity:
        mva = np.full(share.size, contracted)
        yield from _lines(
            metered, charge.name, "capacity", charge.component, mva, "MVA", mva * share * charge.price_per_mva_month
        )
    months = {"day": metered.covered_days, "month": share, "year": share / MONTHS_PER_YEAR}
    for fixed in rates.fixed:
        customers = np.full(share.size, account.customers)
        amount = customers * fixed.price_per_customer * months[fixed.per]
        yield from _lines(metered, fixed.name, "fixed", fixed.component, customers, "customer", amount)


def _of_reduction(
    tariff: Tariff, account: BillingAccount, metered: Metered, lines: Sequence[BillLine]
) -> Iterator[BillLine]:
    """The flat reduction of modules 1 and 3, at most the grid's charges of the month."""
    if account.module not in (1, 3) or tariff.controllable is None:
        return
    flat = flat_reduction(tariff) * account.customers * metered.covered_days / DAYS_PER_YEAR
    grid = np.zeros(metered.months.size)
    for line in lines:
        if line.component == "grid":
            grid[np.searchsorted(metered.months, line.month)] += line.amount
    amount = -np.minimum(flat, np.maximum(grid, 0.0))
    customers = np.full(flat.size, account.customers)
    yield from _lines(metered, "flat reduction (module 1)", "reduction", "grid", customers, "customer", amount)


def _of_percentage(name: str, percent: float, base: Sequence[BillLine], currency: str) -> Iterator[BillLine]:
    """A share of other lines, month by month."""
    by_month: dict[np.datetime64, float] = {}
    for line in base:
        by_month[line.month] = by_month.get(line.month, 0.0) + line.amount
    for month, money in by_month.items():
        yield BillLine(month, name, "percentage", "levy", money, currency, money * percent / PERCENT)
