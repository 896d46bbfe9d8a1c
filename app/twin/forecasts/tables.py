"""Forecasts and their scores as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from grid.twin.forecast.forecaster import Forecaster, QuantileForecast
from grid.twin.forecast.quantiles import LEVELS


def forecast_table(issues: Iterable[tuple[Forecaster, QuantileForecast]]) -> pl.DataFrame:
    """What is forecast.

    Args:
        issues: The forecasts, each with what made it.

    Returns:
        A row for each forecast and step: ``series``, ``kind``, ``issued_utc`` (when it was made, as its first step
        begins), ``time_utc``, ``p05_mw``, ``p10_mw``, ``p50_mw``, ``p90_mw``, ``p95_mw``, ``method``, and
        ``model_is_worse_than_persistence``.
    """
    frames = []
    for forecaster, issued in issues:
        columns = {f"p{round(100 * level):02d}_mw": issued.quantiles_mw[:, k] for k, level in enumerate(LEVELS)}
        frames.append(
            pl.DataFrame({"time_utc": issued.clock.times, **columns}).with_columns(
                pl.lit(issued.method).alias("method"),
                pl.lit(forecaster.tested.worse_than_persistence).alias("model_is_worse_than_persistence"),
                series=pl.lit(issued.name),
                kind=pl.lit(issued.kind),
                issued_utc=pl.col("time_utc").first(),
            )
        )
    whole, first = pl.concat(frames), ("series", "kind", "issued_utc")
    return whole.select(*first, *(name for name in whole.columns if name not in first))


def score_table(forecasters: Sequence[Forecaster]) -> pl.DataFrame:
    """How good each method was in forecasts of the past.

    Returns:
        A row for each series and method: ``series``, ``method``, ``pinball_mw``, ``mae_mw`` (of the median),
        ``coverage_80``, ``coverage_90``, ``forecasts``, ``used``.
    """
    rows = [
        {
            "series": forecaster.series.name,
            "method": method,
            "pinball_mw": score.pinball_mw,
            "mae_mw": score.mae_mw,
            "coverage_80": score.coverage_80,
            "coverage_90": score.coverage_90,
            "forecasts": int(forecaster.tested.origins.size),
            "used": method == forecaster.method,
        }
        for forecaster in forecasters
        for method, score in forecaster.tested.scores.items()
    ]
    return pl.DataFrame(rows)
