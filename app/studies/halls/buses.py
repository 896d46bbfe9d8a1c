"""The same hall at other buses of a run: carbon, price, losses and voltage where it would stand."""

from __future__ import annotations

import polars as pl

from app.results.folder import Result
from app.results.table_file import in_pieces

ROWS_AT_ONCE = 250_000


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
    drawn = power.select("time", pl.col("p_mw").alias("p"))
    zones = pl.DataFrame(
        {"bus": [bus["name"] for bus in result.topology["buses"]],
         "zone": [str(bus.get("zone") or "") for bus in result.topology["buses"]]},
        schema={"bus": pl.String, "zone": pl.String},
    )  # fmt: skip
    found = zones.join(_of_bus(result, drawn), on="bus", how="left")
    found = found.join(_nodal(result, drawn), on="bus", how="left")
    columns = ("bus", "zone", "ci_kg_per_mwh", "price_per_mwh", "loss_percent", "vm_min_pu")
    return found.select(columns).sort("ci_kg_per_mwh", "bus", nulls_last=True)


def _of_bus(result: Result, drawn: pl.DataFrame) -> pl.DataFrame:
    """Mean intensity and lowest voltage of each bus."""
    rows = result.table("buses").select("time", "bus", "ci_kg_per_mwh", "vm_pu")
    sums = _added_up(rows, drawn, (*_weighed("ci_kg_per_mwh"), pl.col("vm_pu").min().alias("low_vm_min_pu")))
    return sums.select("bus", _mean("ci_kg_per_mwh"), pl.col("low_vm_min_pu").alias("vm_min_pu"))


def _nodal(result: Result, drawn: pl.DataFrame) -> pl.DataFrame:
    """Price and marginal losses of each bus; a MWh more there against a MWh more of imports."""
    above = result.table("marginal").select("time", pl.col("above_kg_per_mwh").alias("import")).collect()
    there = pl.col("marginal_above_kg_per_mwh").cast(pl.Float64).fill_nan(None)
    known = there.is_not_null() & (pl.col("import") > 0)
    sums = _added_up(
        result.table("nodal").select("time", "bus", "price_per_mwh", "marginal_above_kg_per_mwh"),
        drawn.join(above, on="time", how="left"),
        (
            *_weighed("price_per_mwh"),
            (pl.col("p") * there).filter(known).sum().alias("sum_there"),
            (pl.col("p") * pl.col("import")).filter(known).sum().alias("sum_import"),
        ),
    )
    loss_percent = 100 * (pl.col("sum_there") / pl.col("sum_import") - 1)
    return sums.select("bus", _mean("price_per_mwh"), loss_percent.fill_nan(None).alias("loss_percent"))


def _added_up(rows: pl.LazyFrame, drawn: pl.DataFrame, parts: tuple[pl.Expr, ...]) -> pl.DataFrame:
    """Sums (and, where a name begins with ``low_``, least values) of each bus over all steps, piece by piece."""
    pieces = [piece.join(drawn, on="time").group_by("bus").agg(parts) for piece in in_pieces(rows, ROWS_AT_ONCE)]
    names = [name for name in pieces[0].columns if name != "bus"]
    of_all = [pl.col(name).min() if name.startswith("low_") else pl.col(name).sum() for name in names]
    return pl.concat([piece.cast({"bus": pl.String}) for piece in pieces]).group_by("bus").agg(of_all)


def _weighed(column: str) -> tuple[pl.Expr, pl.Expr]:
    """What `_mean` divides: a column times the hall's power, and that power, where the column is known."""
    value = pl.col(column).cast(pl.Float64).fill_nan(None)
    known = value.is_not_null()
    weight = pl.col("p").filter(known).sum()
    return (pl.col("p") * value).filter(known).sum().alias(f"sum_{column}"), weight.alias(f"power_{column}")


def _mean(column: str) -> pl.Expr:
    """Mean of a column by the hall's power; null where it is never known."""
    return (pl.col(f"sum_{column}") / pl.col(f"power_{column}")).fill_nan(None).alias(column)
