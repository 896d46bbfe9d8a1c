"""Figures by standard, from the ledgers: scope 2, 24/7 score, statements, vehicles, hydrogen, marginal intensity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from carbon.reporting.cfe import CfeScore, cfe_score
    from carbon.reporting.hydrogen import TankContents, carbon_per_kg, refuelled_carbon_per_kg, tanks_by_slot
    from carbon.reporting.marginal import MarginalIntensity, merit_order_marginal, regional_marginal
    from carbon.reporting.scope2 import Consumer, Contract, MarketRates, Scope2, scope2_by_consumer
    from carbon.reporting.statement import (
        Overlap,
        Provenance,
        hours_csv,
        statement_document,
        statement_schema,
        verify_statement,
        write_statement,
    )
    from carbon.reporting.v2g_credit import V2GCredit, charging_intensity, v2g_credit
    from carbon.reporting.vehicles import CarbonCoefficients, SessionCarbon, carbon_coefficients

__all__ = [
    "CarbonCoefficients",
    "CfeScore",
    "Consumer",
    "Contract",
    "MarginalIntensity",
    "MarketRates",
    "Overlap",
    "Provenance",
    "Scope2",
    "SessionCarbon",
    "TankContents",
    "V2GCredit",
    "carbon_coefficients",
    "carbon_per_kg",
    "cfe_score",
    "charging_intensity",
    "hours_csv",
    "merit_order_marginal",
    "refuelled_carbon_per_kg",
    "regional_marginal",
    "scope2_by_consumer",
    "statement_document",
    "statement_schema",
    "tanks_by_slot",
    "v2g_credit",
    "verify_statement",
    "write_statement",
]

__getattr__ = on_demand(
    __name__,
    {
        "CarbonCoefficients": "vehicles",
        "CfeScore": "cfe",
        "Consumer": "scope2",
        "Contract": "scope2",
        "MarginalIntensity": "marginal",
        "MarketRates": "scope2",
        "Overlap": "statement",
        "Provenance": "statement",
        "Scope2": "scope2",
        "SessionCarbon": "vehicles",
        "TankContents": "hydrogen",
        "V2GCredit": "v2g_credit",
        "carbon_coefficients": "vehicles",
        "carbon_per_kg": "hydrogen",
        "cfe_score": "cfe",
        "charging_intensity": "v2g_credit",
        "hours_csv": "statement",
        "merit_order_marginal": "marginal",
        "refuelled_carbon_per_kg": "hydrogen",
        "regional_marginal": "marginal",
        "scope2_by_consumer": "scope2",
        "statement_document": "statement",
        "statement_schema": "statement",
        "tanks_by_slot": "hydrogen",
        "v2g_credit": "v2g_credit",
        "verify_statement": "statement",
        "write_statement": "statement",
    },
)
