"""A rate sheet: every charge of a tariff, with its source. Prices are per MWh, MW and MVA."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.tariffs.times import LocalTimes, Times, first_that_holds, never_first
from grid.spec import HIGHEST_PRICE, SourceStatus, Spec

Component = Literal["supply", "grid", "levy"]
"""Whom a charge is for: the supplier, the grid, or a levy of the state."""
Category = Literal["energy", "export", "demand", "capacity", "fixed", "reduction", "percentage"]
"""Kinds of lines of a bill."""


class TariffSource(Spec):
    """Where a rate sheet comes from."""

    title: str = Field(min_length=1)
    """Name of the rate sheet, its issuer and since when it holds."""
    url: str = ""
    """Where it was read."""
    date: str = ""
    """When it was read, or issued."""
    status: SourceStatus
    """`verified`: compared with the issuer's own sheet; `secondary`: with another's quotation of it; `unverified`: from
    memory or made up."""


class EnergyBlock(Spec):
    """A block of the energy of a billing month."""

    up_to_mwh: float | None = Field(default=None, gt=0)
    """Energy of a whole billing month up to which its price holds, for each customer [MWh]. Default: no end."""
    price_per_mwh: float = Field(ge=-HIGHEST_PRICE, le=HIGHEST_PRICE)
    """Price in the block [currency/MWh]."""


class EnergyPeriod(Spec):
    """A price of energy and when it holds."""

    name: str = Field(min_length=1)
    """Name of the period, such as `on peak`."""
    times: Times = Times()
    """When it holds. Default: always."""
    price_per_mwh: float | None = Field(default=None, ge=-HIGHEST_PRICE, le=HIGHEST_PRICE)
    """Price of each MWh [currency/MWh]."""
    blocks: tuple[EnergyBlock, ...] = ()
    """Or prices by block of the energy of the period in the billing month, in their order."""
    wholesale_share: float = Field(default=0.0, ge=0, le=2)
    """Multiple of the wholesale price of the step that is paid on top, 1 for a dynamic tariff [1]."""

    @model_validator(mode="after")
    def _one_price(self) -> EnergyPeriod:
        if (self.price_per_mwh is None) == (not self.blocks):
            raise PydanticCustomError("energy_period", "needs either 'price_per_mwh' or 'blocks'")
        ends = [block.up_to_mwh for block in self.blocks]
        known = [end for end in ends[:-1] if end is not None]
        if self.blocks and (len(known) < len(ends) - 1 or ends[-1] is not None or known != sorted(set(known))):
            raise PydanticCustomError("energy_period", "blocks need rising 'up_to_mwh', the last block none")
        return self


def each_counts(periods: tuple[EnergyPeriod, ...]) -> tuple[EnergyPeriod, ...]:
    """Refuses prices that nobody ever pays, since those before them hold whenever they do.

    Raises:
        PydanticCustomError: With the names of these prices.
    """
    names = ", ".join(repr(periods[place].name) for place in never_first([period.times for period in periods]))
    if names:
        rule = (
            "the first period that holds counts, and before {names} others hold at all times: put special hours first"
        )
        raise PydanticCustomError("periods", rule, {"names": names})
    return periods


CountedPeriods = Annotated[tuple[EnergyPeriod, ...], AfterValidator(each_counts)]
"""Periods in their order, each of which counts at some time of the year."""


class EnergyCharge(Spec):
    """A charge for energy drawn; charges add up, and within one the first period that holds counts."""

    name: str = Field(min_length=1)
    """Name of the charge on the bill."""
    component: Component = "supply"
    """Whom it is for: `supply`, `grid` or `levy`. Reductions for controllable loads change `grid`."""
    periods: CountedPeriods = Field(min_length=1)
    """Its prices by time; together they must cover the whole year."""

    @model_validator(mode="after")
    def _covers_the_year(self) -> EnergyCharge:
        every = LocalTimes.every()
        found = first_that_holds((period.times for period in self.periods), every)
        if (found < 0).any():
            raise PydanticCustomError("energy_charge", f"has no price on {every.words(int((found < 0).argmax()))}")
        return self


class Ratchet(Spec):
    """A share of earlier peaks below which the billed demand does not fall."""

    share: float = Field(gt=0, le=1)
    """Share of the highest peak of the months before [1]."""
    months: int = Field(default=11, ge=1, le=60)
    """How many months before the billing month count."""
    of_months: tuple[int, ...] = Field(default=())
    """Months of the year whose peaks count, such as `[6, 7, 8, 9]`. Default: all."""


class DemandCharge(Spec):
    """A charge for the highest mean power of a billing month, within certain hours."""

    name: str = Field(min_length=1)
    """Name of the charge on the bill."""
    component: Component = "grid"
    """Whom it is for."""
    price_per_mw_month: float = Field(ge=0, le=HIGHEST_PRICE)
    """Price of each MW (or MVA) of billed demand and month [currency/MW]."""
    times: Times = Times()
    """When peaks count. Default: always."""
    interval_minutes: Literal[5, 10, 15, 20, 30, 60] = 15
    """Length over which power is averaged [min]; at least a step of the run."""
    apparent: bool = False
    """Whether the peak is apparent power, by the account's power factor."""
    least_mw: float = Field(default=0.0, ge=0)
    """Demand billed at least, for each customer [MW or MVA]."""
    ratchet: Ratchet | None = None
    """Share of earlier peaks that is billed at least."""


class CapacityCharge(Spec):
    """A charge for the contracted power of the connection."""

    name: str = Field(min_length=1)
    """Name of the charge on the bill."""
    component: Component = "grid"
    """Whom it is for."""
    price_per_mva_month: float = Field(ge=0, le=HIGHEST_PRICE)
    """Price of each MVA contracted and month [currency/MVA]."""


class FixedCharge(Spec):
    """A charge for being a customer."""

    name: str = Field(min_length=1)
    """Name of the charge on the bill."""
    component: Component = "supply"
    """Whom it is for."""
    price_per_customer: float = Field(ge=-HIGHEST_PRICE, le=HIGHEST_PRICE)
    """Price for each customer and `per` [currency]."""
    per: Literal["day", "month", "year"] = "month"
    """What it is paid for."""


class Percentage(Spec):
    """A tax, or a rebate, as a share of lines of the bill; such lines follow each other in order."""

    name: str = Field(min_length=1)
    """Name on the bill."""
    percent: float = Field(ge=-100, le=1000)
    """Share of what it is taken of, negative for a rebate [%]."""
    of: tuple[Category, ...] = ("energy", "demand", "capacity", "fixed", "reduction", "percentage")
    """Kinds of lines that it is taken of; `percentage` are those before it. Default: all but `export`."""
    components: tuple[Component, ...] = ("supply", "grid", "levy")
    """Components that it is taken of. Default: all."""


class ControllableLoads(Spec):
    """Reductions of the grid's charges for loads that the grid operator may curb, after the German § 14a EnWG.

    Source: Bundesnetzagentur, decision BK8-22/010-A of 23 November 2023, modules 1 to 3, net of value-added tax; as two
    grid operators state its results for 2025 (`tests/published/grid_fee_reductions`).
    """

    base_per_year: float = Field(default=80 / 1.19, ge=0, le=HIGHEST_PRICE)
    """Module 1: flat reduction for each customer and year [currency]. Default: 80 EUR with value-added tax of 19 %."""
    premium_mwh_per_year: float = Field(default=3.75, ge=0, le=1000)
    """Module 1: energy by which the premium for stability is reckoned [MWh]."""
    premium_share: float = Field(default=0.2, ge=0, le=1)
    """Module 1: share of the grid's work price of that energy that is paid as premium [1]."""
    work_price_share: float = Field(default=0.4, ge=0, le=1)
    """Module 2: share of the grid's work price that remains [1]; the grid's fixed charges fall away."""
    periods: CountedPeriods = ()
    """Module 3, beside module 1: the grid's work price by time; it takes the place of the charge for `grid`. Hours that
    no period covers keep the price of the charge."""


class Tariff(Spec):
    """A rate sheet. A bill is the sum of its charges, less what exports earn, with its percentages in order."""

    name: str = Field(min_length=1)
    """Name of the tariff."""
    currency: str = Field(min_length=1, max_length=8)
    """Currency of its prices; that of the scenario."""
    sources: tuple[TariffSource, ...] = Field(min_length=1)
    """Where its prices come from."""
    holidays_as_sundays: bool = False
    """Whether public holidays of the city count as Sundays."""
    energy: tuple[EnergyCharge, ...] = ()
    """Charges for energy drawn."""
    export: CountedPeriods = ()
    """What energy fed in earns; the first period that holds counts, and hours of none earn nothing."""
    demand: tuple[DemandCharge, ...] = ()
    """Charges for the highest power of each month."""
    capacity: tuple[CapacityCharge, ...] = ()
    """Charges for contracted power."""
    fixed: tuple[FixedCharge, ...] = ()
    """Charges by customer and time."""
    percentages: tuple[Percentage, ...] = ()
    """Taxes and rebates, in their order."""
    controllable: ControllableLoads | None = None
    """Reductions for controllable loads, for accounts that name a `module`."""

    @model_validator(mode="after")
    def _reduces_something(self) -> Tariff:
        grid = [charge for charge in self.energy if charge.component == "grid"]
        if self.controllable is not None and len(grid) != 1:
            raise PydanticCustomError(
                "tariff", "'controllable' needs exactly one charge for energy of component 'grid'"
            )
        if self.controllable is not None and len(grid[0].periods) > 1:
            raise PydanticCustomError("tariff", "'controllable' needs a charge of component 'grid' with one period")
        if self.controllable is not None and grid[0].periods[0].price_per_mwh is None:
            raise PydanticCustomError("tariff", "'controllable' needs a charge of component 'grid' without blocks")
        return self
