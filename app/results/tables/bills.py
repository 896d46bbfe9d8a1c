"""The table of bills: every line of every account's bill."""

from __future__ import annotations

import polars as pl

from app.simulation.bills import bills
from app.simulation.phases import SimulationResult


def bills_table(outcome: SimulationResult) -> pl.DataFrame:
    """One row an account, month and charge; none where the scenario has no accounts."""
    found = [(each, line) for each in bills(outcome) for line in each.lines]
    month = pl.Series([line.month.astype("datetime64[us]").item() for _, line in found], dtype=pl.Datetime("us"))
    return pl.DataFrame(
        {
            "account": pl.Series([each.account.name for each, _ in found], dtype=pl.String),
            "tariff": pl.Series([each.tariff for each, _ in found], dtype=pl.String),
            "month": month.dt.replace_time_zone("UTC"),
            "item": pl.Series([line.item for _, line in found], dtype=pl.String),
            "category": pl.Series([line.category for _, line in found], dtype=pl.String),
            "component": pl.Series([line.component for _, line in found], dtype=pl.String),
            "quantity": pl.Series([line.quantity for _, line in found], dtype=pl.Float64),
            "unit": pl.Series([line.unit for _, line in found], dtype=pl.String),
            "amount": pl.Series([line.amount for _, line in found], dtype=pl.Float64),
        }
    )
