"""What of a rate sheet looks like another unit than that in which it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.tariffs.tariff import EnergyPeriod, Tariff

_CENTS: Final = ("EUR", "USD", "GBP", "CHF")
"""Currencies of which a kWh costs some tens of hundredths."""
_LEAST_ENERGY: Final = 60.0
"""Energy with all charges that costs less than this at every hour may be in hundredths per kWh [currency/MWh]."""
_LEAST_ENERGY_ELSEWHERE: Final = 1.0
"""The same in other currencies, of which a kWh may cost tens of whole units [currency/MWh]."""
_LEAST_DEMAND: Final = 100.0
"""Power that costs less than this a month may be priced by the kW [currency/MW]."""


def unit_doubts(tariff: Tariff) -> Iterator[str]:
    """Prices and percentages of a rate sheet that look like those of another unit, in words."""
    energy = sum(max(_highest(period) for period in charge.periods) for charge in tariff.energy)
    shares = any(period.wholesale_share for charge in tariff.energy for period in charge.periods)
    in_cents = tariff.currency in _CENTS
    least = _LEAST_ENERGY if in_cents else _LEAST_ENERGY_ELSEWHERE
    if not shares and 0 < energy < least:
        per_kwh = "1 hundredth of it per kWh is 10 per MWh" if in_cents and energy >= 1 else "1 per kWh is 1000 per MWh"
        yield f"energy costs at most {energy:g} {tariff.currency}/MWh: are its prices per kWh? {per_kwh}"
    for charge in tariff.demand:
        if in_cents and 0 < charge.price_per_mw_month < _LEAST_DEMAND:
            price = f"{charge.price_per_mw_month:g} {tariff.currency}/MW"
            yield f"{charge.name} costs {price} a month: is it per kW? 1 per kW is 1000 per MW"
    for one in tariff.percentages:
        if 0 < abs(one.percent) < 1:
            yield f"{one.name} is {one.percent:g} %: is it a share? {one.percent * 100:g} % would be that"


def _highest(period: EnergyPeriod) -> float:
    """The highest price of a period [currency/MWh]."""
    return max([period.price_per_mwh or 0.0, *(block.price_per_mwh for block in period.blocks)])
