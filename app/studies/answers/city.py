"""What a city emits, by whom and at which hour, and how far from its carbon cap."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from app.results.folder import Result
from grid.units import KG_PER_T


@dataclass(frozen=True)
class LargestSector:
    """The GPC line that emits most.

    Args:
        gpc_code: Its code.
        emissions_t: Its emissions over the period.
        share: Of the emissions of all lines.
    """

    gpc_code: str
    emissions_t: float
    share: float


def largest_sector(result: Result) -> LargestSector | None:
    """The GPC line that emits most over the period; None where nothing is emitted."""
    rows = (
        result.table("sectors").with_columns(pl.col("gpc_code").cast(pl.String)).group_by("gpc_code")
        .agg(pl.col("emissions_kg").sum()).sort("emissions_kg", "gpc_code", descending=[True, False]).collect()
    )  # fmt: skip
    total = float(rows["emissions_kg"].sum())
    if total <= 0:
        return None
    kg = float(rows["emissions_kg"][0])
    return LargestSector(rows["gpc_code"][0], kg / KG_PER_T, kg / total)


@dataclass(frozen=True)
class HoursOfDay:
    """The hours of the day in which the city's power is cleanest and dirtiest.

    Args:
        cleanest: Local hour, 0 to 23.
        cleanest_g_per_kwh: Emissions over consumption and losses in that hour of all days.
        dirtiest: Local hour.
        dirtiest_g_per_kwh: Likewise.
    """

    cleanest: int
    cleanest_g_per_kwh: float
    dirtiest: int
    dirtiest_g_per_kwh: float


def hours_of_day(result: Result, zone: str) -> HoursOfDay | None:
    """The cleanest and the dirtiest local hour; None where nothing is used.

    Args:
        result: The result.
        zone: The city's time zone.
    """
    used = pl.col("consumption_mwh") + pl.col("loss_mwh").fill_null(0.0)
    kg = pl.sum_horizontal("consumption_kg", "vehicle_kg", "loss_kg", "fuel_kg", "standing_kg")
    rows = (
        result.table("ledger").group_by(hour=pl.col("time").dt.convert_time_zone(zone).dt.hour())
        .agg(kg=kg.sum(), mwh=used.sum()).filter(pl.col("mwh") > 0)
        .with_columns(g=pl.col("kg") / pl.col("mwh")).sort("g", "hour").collect()
    )  # fmt: skip
    if rows.is_empty():
        return None
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    return HoursOfDay(int(first["hour"]), float(first["g"]), int(last["hour"]), float(last["g"]))


@dataclass(frozen=True)
class CarbonCap:
    """How far the emissions of the sources are from the cap that the dispatch was given.

    Args:
        cap_t: The cap.
        emissions_t: Emissions of the sources.
    """

    cap_t: float
    emissions_t: float


def carbon_cap(result: Result) -> CarbonCap | None:
    """The cap of a result and what it emits; None where there is no cap."""
    cap = (result.scenario.get("dispatch") or {}).get("carbon_cap_t")
    emitted = result.summary.get("emissions_source_t")
    return None if cap is None or emitted is None else CarbonCap(float(cap), float(emitted))
