"""The clock of a result and the city's consumption, for the time bar."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from app.dashboard.local_time import zone_of
from app.results.folder import Result

MOST_POINTS = 1000
"""Most points of the sparkline; of more steps, the highest of several stands for them."""


def timeline(result: Result) -> dict[str, Any]:
    """The steps of a result and what the city consumes in them.

    Returns:
        ``start_ms`` (UTC), ``step_ms`` and ``n_steps`` of the clock, ``zone``, ``peak_ms`` (the moment of highest
        consumption), and ``consumption_mw``: the highest in each of at most `MOST_POINTS` equal parts of the period.
    """
    city = result.table("city").sort("time").select("time", "consumption_mw").collect()
    times, consumption = city["time"].dt.epoch("ms"), city["consumption_mw"].fill_null(0.0)
    n = len(times)
    peak = consumption.arg_max() if n else None
    step = int(times[1] - times[0]) if n > 1 else 3_600_000
    part = max(1, math.ceil(n / MOST_POINTS))
    highest = city.select(pl.lit(consumption)).with_row_index("row").group_by(pl.col("row") // part).agg(
        pl.col("consumption_mw").max()).sort("row")["consumption_mw"]  # fmt: skip
    return {
        "start_ms": int(times[0]) if n else 0, "step_ms": step, "n_steps": n, "zone": zone_of(result.scenario),
        "peak_ms": int(times[peak]) if peak is not None else 0,
        "consumption_mw": [round(value, 4) for value in highest.to_list()],
    }  # fmt: skip
