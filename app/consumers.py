"""Who uses electricity in a run, as the consumers of scope 2: data centres, assets and sectors."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.convention_words import OPERATOR
from app.results import Result
from carbon.scope2 import Consumer
from grid.errors import InputError, nearest

REGION = "city"
"""Market of the city, unless the contracts name another."""


def consumer_names(result: Result) -> tuple[str, ...]:
    """Data centres, assets that draw power and sectors of which there can be a statement."""
    data_centres = result.table("data_centres").select(pl.col("name").cast(pl.String).unique()).collect()["name"]
    drawing = result.table("assets").filter(pl.col("p_mw") > 0).select(pl.col("asset").cast(pl.String).unique())
    known = result.table("sectors").filter(pl.col("carbon_free_mwh").is_not_null())
    sectors = known.select(pl.col("gpc_code").cast(pl.String).unique()).collect()["gpc_code"]
    assets = drawing.collect()["asset"]
    return tuple(dict.fromkeys([*sorted(data_centres), *sorted(assets), *sorted(sectors)]))


def consumer(result: Result, name: str, region: str = REGION, convention: str = OPERATOR) -> Consumer:
    """One consumer over time.

    Args:
        result: The result.
        name: Name of a data centre or an asset, or a GPC line such as ``I.1.2``.
        region: Market in which it buys.
        convention: Who bears the losses of the grid.

    Raises:
        InputError: If there is no such consumer.
    """
    names = consumer_names(result)
    if name not in names:
        raise InputError.of("--consumer", f"no such consumer; there are {', '.join(names)}", name, nearest(name, names))
    codes = result.table("sectors").select(pl.col("gpc_code").cast(pl.String).unique()).collect()["gpc_code"]
    frame = _of_sector(result, name) if name in codes.to_list() else _of_asset(result, name)
    energy, kg, free = (frame[column].to_numpy() for column in ("energy_mwh", "emissions_kg", "carbon_free_mwh"))
    kg = kg if convention == OPERATOR else carbon_of(result, name, convention)["emissions_kg"].to_numpy()
    used = energy > 0
    return Consumer(
        name,
        region,
        energy,
        np.divide(kg, energy, out=np.zeros_like(energy), where=used),
        np.clip(np.divide(free, energy, out=np.zeros_like(energy), where=used), 0.0, 1.0),
    )


def carbon_of(result: Result, name: str, convention: str) -> pl.DataFrame:
    """Carbon of one consumer under a convention, step by step; columns `time` and `emissions_kg`."""
    text = {column: pl.col(column).cast(pl.String) for column in ("convention", "consumer")}
    rows = result.table("consumer_carbon").with_columns(**text)
    mine = rows.filter(pl.col("convention") == convention, pl.col("consumer") == name)
    return mine.sort("time").select("time", "emissions_kg").collect()


def _of_sector(result: Result, code: str) -> pl.DataFrame:
    rows = result.table("sectors").filter(pl.col("gpc_code").cast(pl.String) == code).sort("time")
    return rows.select("energy_mwh", "emissions_kg", "carbon_free_mwh").collect()


def _of_asset(result: Result, name: str) -> pl.DataFrame:
    """What an asset draws at all its buses; what it feeds in is not subtracted."""
    text = {column: pl.col(column).cast(pl.String) for column in ("asset", "bus")}
    rows = result.table("assets").with_columns(**text).filter(pl.col("asset") == name)
    buses = result.table("buses").with_columns(bus=text["bus"])
    hours = float(result.summary["step_hours"])
    drawn = pl.col("p_mw").clip(lower_bound=0.0) * hours
    intensity = pl.col("ci_kg_per_mwh_right").fill_null(0.0)
    share = pl.col("carbon_free_share").fill_null(0.0)
    joined = rows.join(buses, on=["time", "bus"], how="left")
    sums = joined.group_by("time").agg(
        drawn.sum().alias("energy_mwh"),
        (drawn * intensity).sum().alias("emissions_kg"),
        (drawn * share).sum().alias("carbon_free_mwh"),
    )
    return sums.sort("time").collect()
