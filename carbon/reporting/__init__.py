"""Figures by standard, from the ledgers: scope 2, 24/7 score, statements, vehicles, hydrogen, marginal intensity."""

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
