"""Who pays by which tariff: the part of a scenario about prices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from app.tariffs.tariff import Tariff
from grid.assets import AssetKind
from grid.spec import HIGHEST_PRICE, TAG, Spec


class BillingAccount(Spec):
    """A group of equal customers with one tariff."""

    name: str = Field(min_length=1)
    """Name of the account, such as `households`."""
    tariff: Annotated[
        Annotated[str, Tag(f"{TAG}file")] | Annotated[Tariff, Tag(f"{TAG}inline")],
        Discriminator(lambda given: f"{TAG}file" if isinstance(given, str) else f"{TAG}inline"),
    ]
    """Name of a shipped tariff (`gridcarbon tariffs` lists them), a YAML file (path relative to the scenario's), or the
    tariff itself."""
    sectors: tuple[str, ...] = ()
    """GPC sub-sectors of the grid's own loads, such as `[I.1]`."""
    generation: tuple[str, ...] = ()
    """Technologies of the grid's own generators, such as `[solar]`."""
    kinds: tuple[AssetKind, ...] = ()
    """Kinds of assets, such as `[ev_fleet]`."""
    assets: tuple[str, ...] = ()
    """Names of further assets."""
    data_centres: tuple[str, ...] = ()
    """Names of data centres, with what stands on their sites."""
    one_meter: bool = True
    """Whether what members of the account feed in is used by its others in the same step; if not, each load, asset,
    district and car has its own meter."""
    customers: float = Field(default=1.0, gt=0)
    """Number of customers, for blocks and charges that count for each [1]."""
    coincidence: float = Field(default=1.0, gt=0, le=1)
    """Peak of the group over the sum of its customers' own peaks, which demand charges are for [1]."""
    contracted_mva: float | None = Field(default=None, gt=0)
    """Contracted power of all customers together [MVA]; needed where the tariff charges it."""
    power_factor: float = Field(default=1.0, gt=0, le=1)
    """Active over apparent power, for charges by apparent power [1]."""
    module: Literal[1, 2, 3] | None = None
    """Reduction of grid charges for controllable loads: 1 flat, 2 by percentage, 3 by time beside the flat one."""
    past_peaks_mw: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """Peaks of the months before the period, the last month last, for ratchets [MW]."""

    @model_validator(mode="after")
    def _somebody(self) -> BillingAccount:
        if not (self.sectors or self.generation or self.kinds or self.assets or self.data_centres):
            raise PydanticCustomError(
                "account", "needs at least one of 'sectors', 'generation', 'kinds', 'assets', 'data_centres'"
            )
        return self


class TariffSpec(Spec):
    """What is added to the wholesale price of energy drawn, taken off that of energy fed in, and paid for peaks."""

    import_markup_per_mwh: float = Field(default=60.0, ge=0, le=HIGHEST_PRICE)
    """Grid fees, levies and margin on imports [currency/MWh]."""
    export_discount_per_mwh: float = Field(default=10.0, ge=0, le=HIGHEST_PRICE)
    """By how much exports earn less than the wholesale price [currency/MWh]."""
    demand_charge_per_mw_month: float = Field(default=0.0, ge=0, le=HIGHEST_PRICE)
    """Charge for the highest import, as a mean over a step, of each calendar month (UTC) [currency/MW]."""
    accounts: tuple[BillingAccount, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Who pays by which rate sheet, for the table `bills`; what is in no account is not billed."""
    dispatch_account: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Account whose tariff sets the city's prices of imports, exports and peaks in the dispatch and in `cost`, in place
    of the three figures above: its time-of-use, wholesale and per-MWh parts with the percentages on them, what exports
    earn, and demand charges without hours and ratchets. Default: the figures above."""

    @model_validator(mode="after")
    def _accounts_apart(self) -> TariffSpec:
        names = [account.name for account in self.accounts]
        if len(set(names)) < len(names):
            raise PydanticCustomError("tariff", "two accounts have the same name")
        if self.dispatch_account is not None and self.dispatch_account not in names:
            raise PydanticCustomError("tariff", "'dispatch_account' must be the name of one of 'accounts'")
        return self
