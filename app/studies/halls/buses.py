"""The same hall at other buses of a run: carbon, price, losses and voltage where it would stand."""

from __future__ import annotations

import polars as pl

from app.results.folder import Result


def at_buses(result: Result, power: pl.DataFrame) -> pl.DataFrame:
    """What the power of a hall would carry at each bus, by the run as it was: the hall itself stays where it is.

    A hall is small against the city where this holds: its own load moves neither the mix nor the prices.

    Args:
        result: The result.
        power: Columns `time` and `p_mw`, the hall's power at the meter in each step.

    Returns:
        A row a bus, the least carbon first: `bus`, `zone`, `ci_kg_per_mwh` and `price_per_mwh` (means by the hall's
        power; null where nothing was optimised), `loss_percent` (marginal losses of the grid on the way to it),
        `vm_min_pu`.
    """
    drawn = power.lazy().select("time", pl.col("p_mw").alias("p"))
    zones = pl.DataFrame(
        {"bus": [bus["name"] for bus in result.topology["buses"]],
         "zone": [str(bus.get("zone") or "") for bus in result.topology["buses"]]},
        schema={"bus": pl.String, "zone": pl.String},
    )  # fmt: skip
    of_bus = _by_bus(result, "buses").join(drawn, on="time").group_by("bus").agg(
        _mean("ci_kg_per_mwh"), pl.col("vm_pu").min().alias("vm_min_pu")
    )  # fmt: skip
    found = zones.lazy().join(of_bus, on="bus", how="left").join(_nodal(result, drawn), on="bus", how="left").collect()
    columns = ("bus", "zone", "ci_kg_per_mwh", "price_per_mwh", "loss_percent", "vm_min_pu")
    return found.select(columns).sort("ci_kg_per_mwh", "bus", nulls_last=True)


def _nodal(result: Result, drawn: pl.LazyFrame) -> pl.LazyFrame:
    """Price and marginal losses of each bus; a MWh more there against a MWh more of imports."""
    above = result.table("marginal").select("time", pl.col("above_kg_per_mwh").alias("import"))
    weighed = pl.col("p") * pl.col("marginal_above_kg_per_mwh").cast(pl.Float64)
    known = pl.col("marginal_above_kg_per_mwh").is_not_null() & (pl.col("import") > 0)
    ratio = weighed.filter(known).sum() / (pl.col("p") * pl.col("import")).filter(known).sum()
    return (
        _by_bus(result, "nodal")
        .with_columns(pl.col("price_per_mwh", "marginal_above_kg_per_mwh").fill_nan(None))
        .join(drawn, on="time").join(above, on="time", how="left")
        .group_by("bus")
        .agg(_mean("price_per_mwh"), (100 * (ratio - 1)).alias("loss_percent"))
        .with_columns(pl.col("price_per_mwh", "loss_percent").fill_nan(None))
    )  # fmt: skip


def _by_bus(result: Result, table: str) -> pl.LazyFrame:
    return result.table(table).with_columns(pl.col("bus").cast(pl.String))


def _mean(column: str) -> pl.Expr:
    """Mean of a column by the hall's power; null where it is never known."""
    value = pl.col(column).cast(pl.Float64)
    known = value.is_not_null() & value.is_not_nan()
    return ((pl.col("p") * value).filter(known).sum() / pl.col("p").filter(known).sum()).fill_nan(None).alias(column)
