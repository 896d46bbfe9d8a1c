"""Frames that charts are made of: aggregates of a result's tables, made once for it (`app.results.prepared`)."""

from __future__ import annotations

import polars as pl

from app.dashboard.figures import city, ev, feeders
from app.results.folder import Result
from app.results.prepared import prepared

FLEETS = ("ev_fleet", "ev_recorded")
"""Kinds of assets that are fleets of cars."""


def hourly_sectors(result: Result, zone: str) -> pl.DataFrame:
    """Mean emissions by sector and local hour, see `city.hourly_sectors`."""
    make = lambda: city.hourly_sectors(result.table("sectors").collect(), zone)  # noqa: E731
    return prepared(result, f"emissions by sector and hour {zone}", make)


def power_of_fleets(result: Result) -> pl.DataFrame:
    """What all cars draw and give back in each step, see `ev.fleet_power`."""
    return prepared(result, "power of fleets", lambda: ev.fleet_power(result.table("assets"), fleet_names(result)))


def fleet_names(result: Result) -> list[str]:
    """Names of the fleets of a result: those of its scenario and those that charged."""
    declared = [asset.get("name") for asset in result.scenario.get("assets") or [] if asset.get("kind") in FLEETS]
    return sorted({str(name) for name in [*declared, *charging_fleets(result)] if name})


def charging_fleets(result: Result) -> list[str]:
    """Names of the fleets of which a car charged."""
    rows = result.table("sessions").select(pl.col("fleet").cast(pl.String))
    return prepared(result, "fleets that charged", lambda: rows.unique().sort("fleet").collect())["fleet"].to_list()


def worst_loading_by_hour(result: Result, zone: str) -> pl.DataFrame:
    """The fullest line in each local hour, see `feeders.hourly_worst_loading`."""
    make = lambda: feeders.hourly_worst_loading(result.table("branches"), zone)  # noqa: E731
    return prepared(result, f"fullest line by hour {zone}", make)
