"""What the grid loses, by the lines of the inventory that answer for it."""

from __future__ import annotations

import polars as pl

from app.results.folder import Result
from app.results.prepared import prepared
from carbon.tracing.convention_names import OPERATOR, WATER_TANK, check_traced

STORES_LINE = "I.4.2"
"""Line of stationary stores."""


def lost_mwh_of_lines(result: Result) -> dict[str, float]:
    """Energy lost in the city's grid by line x.3 [MWh], in every step by the energy that each sector takes.

    In steps without consumption it is that of the stores' sector, as its carbon in the ledger.
    """
    by_line = prepared(result, "losses by line of the inventory", lambda: _lost_by_line(result))
    (total,) = of_convention(result, "loss_bearers", OPERATOR).select(pl.col("lost_mwh").sum()).collect().row(0)
    branches = float(by_line["lost"].sum())
    scale = total / branches if branches else 0.0  # what shunts lose stands in no branch
    return {f"{code.removesuffix('.2')}.3": scale * mwh for code, mwh in by_line.iter_rows()}


def _lost_by_line(result: Result) -> pl.DataFrame:
    """`gpc_code` of each line x.2, and what branches lose for it [MWh]."""
    hours = float(result.summary["step_hours"])
    flows = result.table("branches").group_by("time").agg((pl.col("p_from_mw") + pl.col("p_to_mw")).sum() * hours)
    lost = flows.select("time", lost=pl.col("p_from_mw"))
    taken = (
        result.table("sectors")
        .with_columns(pl.col("gpc_code").cast(pl.String), taken=pl.col("energy_mwh").clip(lower_bound=0.0))
        .filter(pl.col("gpc_code").str.ends_with(".2"))
        .with_columns(all=pl.col("taken").sum().over("time"))
        .join(lost, on="time")
    )
    share = pl.when(pl.col("all") > 0).then(pl.col("taken") / pl.col("all"))
    alone = (pl.col("gpc_code") == STORES_LINE).cast(pl.Float64)
    return taken.group_by("gpc_code").agg((pl.col("lost") * share.otherwise(alone)).sum()).collect()


def of_convention(result: Result, table: str, convention: str) -> pl.LazyFrame:
    """Rows of a table under a convention, stores as water tanks.

    Raises:
        InputError: If the run did not trace it.
    """
    check_traced(convention, traced_conventions(result))
    text = {column: pl.col(column).cast(pl.String) for column in ("convention", "stores")}
    rows = result.table(table).with_columns(**text)
    return rows.filter(pl.col("convention") == convention, pl.col("stores") == WATER_TANK)


def traced_conventions(result: Result) -> tuple[str, ...]:
    """Names of the conventions that a run traced."""
    return tuple(result.manifest["conventions"])
