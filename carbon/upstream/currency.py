"""The currency of prices upstream against that of a scenario; nothing is converted."""

from __future__ import annotations

from typing import Final

_CODES: Final = {"€": "EUR", "EURO": "EUR", "£": "GBP", "¥": "JPY", "YEN": "JPY", "US$": "USD", "RMB": "CNY"}
"""Other names of currencies."""


def currency_doubt(stated: str, currency: str, what: str) -> str:
    """That prices are in another currency than all else, in words; empty where they are not, or state none.

    Args:
        stated: Currency of the prices; empty if unknown.
        currency: Of the scenario.
        what: The prices, such as ``prices of Japan 2023``.
    """
    if not stated or _code(stated) == _code(currency):
        return ""
    told = f"{what} are in {stated}, and the scenario is in {currency}: they are added as they stand"
    return f"{told}; state its tariff, its price of carbon and its currency in {stated}, or convert the prices"


def _code(currency: str) -> str:
    plain = currency.strip().upper()
    return _CODES.get(plain, plain)
