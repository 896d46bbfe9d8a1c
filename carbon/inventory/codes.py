"""The lines of a city's inventory by GPC, as data."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal

NOTATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"NO": "not occurring", "NE": "not estimated", "IE": "included elsewhere", "C": "confidential"}
)
Quality = Literal["H", "M", "L"]
"""Data quality: high, medium, low."""
GWP100: Final[Mapping[str, float]] = MappingProxyType({"CO2": 1.0, "CH4": 28.0, "N2O": 265.0})
"""IPCC AR5 (2013), table 8.A.1, without climate-carbon feedbacks, as GPC 1.1 allows."""


BIOGENIC: Final = "CO2b"
"""CO2 of biomass: reported in a column of its own and in no total (GPC 1.1, section 4.4)."""


@dataclass(frozen=True)
class GpcCode:
    """One line of the inventory [1].

    Args:
        code: Such as ``I.1.2``.
        sector: Name of the sector.
        name: Name of the line.
        scope: 1, 2 or 3.
        basic: Whether the BASIC total counts it.
        basic_plus: Whether the BASIC+ total counts it.

    References:
        [1] World Resources Institute, C40, ICLEI: "Global Protocol for Community-Scale Greenhouse Gas Inventories",
            version 1.1, 2021, tables 3.1 and 4.2.
    """

    code: str
    sector: str
    name: str
    scope: int
    basic: bool
    basic_plus: bool


@cache
def gpc_codes() -> Mapping[str, GpcCode]:
    """Every line by its code, in the order of the inventory."""
    text = (resources.files("carbon.inventory") / "codes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType(
        {
            row["gpc_code"]: GpcCode(
                row["gpc_code"],
                row["sector"],
                row["name"],
                int(row["scope"]),
                row["basic"] == "true",
                row["basic_plus"] == "true",
            )
            for row in rows
        }
    )
