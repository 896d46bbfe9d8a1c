"""Which districts have the dirtiest power at a local hour of the day."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from app.results.folder import Result
from app.results.prepared import prepared


@dataclass(frozen=True)
class DistrictIntensity:
    """The carbon of what is drawn in a district.

    Args:
        name: The district, `zone` of its buses.
        ci_kg_per_mwh: Mean intensity at its buses by what each draws, net of what is fed in there.
        drawn_mwh: What is drawn.
    """

    name: str
    ci_kg_per_mwh: float
    drawn_mwh: float


def districts_at(result: Result, hour: int, zone: str) -> tuple[DistrictIntensity, ...]:
    """Districts in which power is drawn at a local hour of all days, the dirtiest first.

    What a bus draws follows from the powers of the branches at it, so only the rows of that hour are read.

    Args:
        result: The result.
        hour: Local hour, 0 to 23.
        zone: The city's time zone.
    """
    rows = prepared(result, f"districts at {hour} {zone}", lambda: _rows_at(result, hour, zone))
    hours = float(result.summary.get("step_hours") or 0.0)
    return tuple(DistrictIntensity(row["district"], row["ci"], row["drawn"] * hours) for row in rows.to_dicts())


def _rows_at(result: Result, hour: int, zone: str) -> pl.DataFrame:
    """`district`, `ci` and `drawn` of each district in which power is drawn at an hour, the dirtiest first."""
    districts = pl.DataFrame(
        [(bus["name"], bus["zone"]) for bus in result.topology["buses"] if bus.get("zone")],
        schema={"bus": pl.String, "district": pl.String}, orient="row",
    )  # fmt: skip
    at_hour = pl.col("time").dt.convert_time_zone(zone).dt.hour() == hour
    known = pl.col("ci_kg_per_mwh").is_not_null() & pl.col("ci_kg_per_mwh").is_not_nan()
    return (
        result.table("buses").filter(at_hour).select("time", pl.col("bus").cast(pl.String), "ci_kg_per_mwh")
        .join(districts.lazy(), on="bus").join(_drawn_mw(result, at_hour), on=["time", "bus"])
        .group_by("district").agg(
            weighted=(pl.col("ci_kg_per_mwh") * pl.col("mw")).filter(known).sum(),
            weight=pl.col("mw").filter(known).sum(), drawn=pl.col("mw").sum(),
        )
        .filter(pl.col("weight") > 0).with_columns(ci=pl.col("weighted") / pl.col("weight"))
        .sort("ci", "district", descending=[True, False]).collect()
    )  # fmt: skip


def _drawn_mw(result: Result, at_hour: pl.Expr) -> pl.LazyFrame:
    """What each bus draws in each step of an hour: `time`, `bus`, `mw`, 0 where more is fed in."""
    ends = pl.LazyFrame(
        [(branch["name"], branch["from_bus"], branch["to_bus"]) for branch in result.topology["branches"]],
        schema={"branch": pl.String, "from_bus": pl.String, "to_bus": pl.String}, orient="row",
    )  # fmt: skip
    powers = pl.col("p_from_mw", "p_to_mw")
    rows = result.table("branches").filter(at_hour).select("time", pl.col("branch").cast(pl.String), powers)
    flows = rows.join(ends, on="branch")
    sides = [flows.select("time", pl.col(f"{end}_bus").alias("bus"), (-pl.col(f"p_{end}_mw")).alias("mw"))
             for end in ("from", "to")]  # fmt: skip
    net = pl.concat(sides).group_by("time", "bus").agg(pl.col("mw").fill_nan(None).sum())
    return net.with_columns(pl.col("mw").clip(lower_bound=0.0))
