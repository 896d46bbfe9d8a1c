"""Series in the city's own time, thinned to what a chart can show; the data stay in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

_SECONDS = {"15m": 900, "30m": 1800, "1h": 3600, "3h": 10800, "6h": 21600, "12h": 43200, "1d": 86400, "1w": 604800}
_NAMES = {"1h": "hourly", "1d": "daily", "1w": "weekly"}


def zone_of(scenario: Mapping[str, Any]) -> str:
    """The city's time zone; UTC where the scenario names none."""
    return str((scenario.get("city") or {}).get("time_zone") or "UTC")


def local(zone: str) -> pl.Expr:
    """Column `time` as wall-clock time in `zone`."""
    return pl.col("time").dt.convert_time_zone(zone).dt.replace_time_zone(None)


def hour_of_day(zone: str) -> pl.Expr:
    """Local hour of column `time`, 0 to 23."""
    return pl.col("time").dt.convert_time_zone(zone).dt.hour().cast(pl.Int64).alias("hour")


def step_hours(frame: pl.DataFrame) -> float:
    """Length of a step of a frame whose `time` is equally spaced [h]; 0 where it has fewer than two times."""
    times = frame["time"].unique().bottom_k(2).sort()
    return float((times[1] - times[0]).total_seconds()) / 3600 if len(times) > 1 else 0.0


def thinned(frame: pl.DataFrame, zone: str, by: Sequence[str] = (), most: int = 1000) -> tuple[pl.DataFrame, str]:
    """Means over the shortest interval that leaves at most `most` points, in local time.

    The hour that the clock repeats in autumn is averaged with its twin, so that a line never runs backwards.

    Args:
        frame: Numeric columns and `time` in UTC.
        zone: The city's time zone.
        by: Columns that tell several series apart.
        most: The most points in each series.

    Returns:
        The frame sorted by local `time`, then `by`, and the interval in words (empty if each step is kept).
    """
    times = frame["time"].unique().sort()
    local_time = frame.with_columns(local(zone).alias("time"))
    if len(times) <= most:
        return _means(local_time, by), ""
    span = (times[-1] - times[0]).total_seconds()
    every = next((step for step, seconds in _SECONDS.items() if span / seconds <= most), "1w")
    coarse = local_time.with_columns(pl.col("time").dt.truncate(every))
    return _means(coarse, by), f"{_NAMES.get(every, every)} means"


def _means(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return frame.group_by("time", *by).mean().sort("time", *by)
