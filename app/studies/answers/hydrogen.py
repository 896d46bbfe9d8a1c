"""How much carbon a kilogram of hydrogen carries, between which values, and how far from a published limit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from app.results.folder import Result
from carbon.factors import load_factor_set
from grid.units import LHV_HYDROGEN_MWH_PER_KG


@dataclass(frozen=True)
class HydrogenLimit:
    """A published limit of what counts as low-carbon or renewable hydrogen.

    Args:
        name: Who calls it so.
        kg_per_kg: Emissions per kilogram, life-cycle.
        status: How far the value was checked.
    """

    name: str
    kg_per_kg: float
    status: str


@dataclass(frozen=True)
class HydrogenAnswer:
    """Carbon of the hydrogen refuelled at all stations.

    Args:
        refuelled_kg: Hydrogen refuelled.
        kg_per_kg: Its mean carbon per kilogram.
        station: The station whose refuelled hydrogen was dirtiest in a step.
        most_kg_per_kg: How much it carried then.
        time: When, UTC.
    """

    refuelled_kg: float
    kg_per_kg: float
    station: str
    most_kg_per_kg: float
    time: dt.datetime


def hydrogen_answer(result: Result) -> HydrogenAnswer | None:
    """The carbon of the hydrogen of a result; None where none was refuelled."""
    rows = result.table("hydrogen").filter(pl.col("refuelled_kg") > 0).with_columns(pl.col("station").cast(pl.String))
    found = rows.select("time", "station", "refuelled_kg", "emissions_kg", "emissions_kg_per_kg").collect()
    if found.is_empty():
        return None
    refuelled = float(found["refuelled_kg"].sum())
    most = found.sort("emissions_kg_per_kg", "time", descending=[True, False], nulls_last=True).row(0, named=True)
    return HydrogenAnswer(refuelled, float(found["emissions_kg"].sum()) / refuelled, str(most["station"]),
                          float(most["emissions_kg_per_kg"]), most["time"])  # fmt: skip


def hydrogen_limits() -> tuple[HydrogenLimit, ...]:
    """The published limits that are shipped, the strictest first."""
    rows = [row for row in load_factor_set("hydrogen").factors if row.technology == "hydrogen_threshold"]
    found = [HydrogenLimit(row.region, row.value_kg_per_mwh * LHV_HYDROGEN_MWH_PER_KG, row.status) for row in rows]
    return tuple(sorted(found, key=lambda one: one.kg_per_kg))
