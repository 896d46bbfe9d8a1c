"""Tariffs as rate sheets state them: what electricity costs by hour, block, peak and connection, and whose it is."""

from app.tariffs.account import BillingAccount, TariffSpec
from app.tariffs.bill import BillLine, bill
from app.tariffs.doubts import unit_doubts
from app.tariffs.prices import CityPrices, linear_faults, linear_prices
from app.tariffs.tariff import Tariff

__all__ = [
    "BillLine",
    "BillingAccount",
    "CityPrices",
    "Tariff",
    "TariffSpec",
    "bill",
    "linear_faults",
    "linear_prices",
    "unit_doubts",
]
