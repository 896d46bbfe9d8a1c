"""Whether forecasts of real series are better for being corrected by their past errors, on a month of each.

``python -m benchmarks.twin.corrections DATA`` takes a folder with ``generation_mix_hourly_2022_us_8ba.parquet``
(EIA-930) and ``ev_sessions_no_trondheim_residential_2018_2020.parquet``, and says the table of ``docs/forecast.md``. A
forecast is issued every midnight for the day, by the method that was best in the four weeks before, trained anew every
four weeks. Of the month with the week before it each day is corrected with what the days before it say
(`grid.twin.learning.backtest`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.time.clock import Clock
from grid.twin.forecast.backtest import backtest
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.quantiles import pinball_loss
from grid.twin.learning.backtest import FIRST_DAYS, forecast_test

MONTHS: Final = ((2022, 4), (2022, 10))
"""Months of EIA-930 that are tested; what is before them in the year is known."""
CHOOSING_DAYS: Final = 28
HOURS: Final = 24
CHARGER_MW: Final = 7.2e-3
AREAS: Final = {"ERCO": ("Texas", "America/Chicago"), "CISO": ("California", "America/Los_Angeles")}
STEP: Final = timedelta(hours=1)


def month_after(year: int, month: int) -> datetime:
    """The end of a month."""
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def generation(folder: Path) -> Iterator[PowerHistory]:
    """What two balancing areas fed in altogether and from sun and wind, until the end of each month."""
    mix = pl.read_parquet(folder / "generation_mix_hourly_2022_us_8ba.parquet")
    start = datetime(2022, 1, 1, tzinfo=UTC)
    for area, (name, zone) in AREAS.items():
        rows = mix.filter(pl.col("ba").cast(pl.String) == area).sort("time_utc")
        hour = rows.select((pl.col("time_utc").dt.replace_time_zone(None) - start.replace(tzinfo=None))
                           .dt.total_hours())["time_utc"].to_numpy()  # fmt: skip
        kept = (hour >= 0) & (hour < 8760)
        sources = [column for column in rows.columns if column.endswith("_mw")]
        for kind, columns in (("demand", sources), ("pv", ["solar_mw"]), ("wind", ["wind_mw"])):
            values = np.full(8760, np.nan)
            power = rows.select(pl.sum_horizontal(columns).alias("p"))["p"].to_numpy()
            values[hour[kept]] = power[kept] if kind == "demand" else np.maximum(power[kept], 0.0)
            for year, month in MONTHS:
                n = int((month_after(year, month) - start) / STEP)
                clock = Clock(start, STEP, n)
                yield PowerHistory(f"{name} {kind}, {year}-{month:02d}", kind, clock, values[:n], zone, "US")


def charging(folder: Path) -> Iterator[PowerHistory]:
    """What recorded sessions of homes draw when they charge on arrival, until the end of November 2019."""
    sessions = pl.read_parquet(folder / "ev_sessions_no_trondheim_residential_2018_2020.parquet")
    start, stop = datetime(2019, 3, 1, tzinfo=UTC), month_after(2019, 11)
    values = np.zeros(int((stop - start) / STEP))
    plugged_in = pl.col("plug_in_local").dt.replace_time_zone("Europe/Oslo", ambiguous="earliest", non_existent="null")
    local = sessions.select(plugged_in, "energy_kwh").drop_nulls()
    for plugged, kwh in local.iter_rows():
        begins = (plugged - start) / STEP
        ends = begins + kwh / 1e3 / CHARGER_MW
        for step in range(max(int(begins), 0), min(int(np.ceil(ends)), values.size)):
            values[step] += CHARGER_MW * max(0.0, min(ends, step + 1) - max(begins, step))
    clock = Clock(start, STEP, values.size)
    yield PowerHistory("Trondheim charging, 2019-11", "charging", clock, values, "Europe/Oslo", "NO")


def row(series: PowerHistory) -> str:
    """The line of the table for the last month of a series."""
    days = (series.clock.stop - (series.clock.stop - timedelta(days=1)).replace(day=1)).days
    tested = backtest(series, HOURS, days=CHOOSING_DAYS + FIRST_DAYS + days, trained_every=28)
    before = slice(0, CHOOSING_DAYS)
    losses = {}
    for name, quantiles in tested.quantiles_mw.items():
        known = np.isfinite(tested.values_mw[before])
        losses[name] = pinball_loss(tested.values_mw[before][known], quantiles[before][known]).mean()
    method = min(losses, key=lambda name: losses[name])
    values, quantiles = tested.values_mw[CHOOSING_DAYS:], tested.quantiles_mw[method][CHOOSING_DAYS:]
    steps = tested.origins[CHOOSING_DAYS:, None] + np.arange(HOURS)
    hours = series.calendar(steps.ravel())[:, 0].astype(np.int64)
    day = np.repeat(np.arange(len(values)), HOURS)
    found = forecast_test(series.name, values.ravel(), quantiles.reshape(-1, quantiles.shape[-1]), hours, day,
                          np.random.default_rng(1))  # fmt: skip
    change, low, high = found.corrected / found.without - 1, found.low / found.without, found.high / found.without
    cells = (
        series.name, method, f"{found.without:.4g}",
        f"{found.corrected:.4g} ({change:+.1%}; {low:+.1%} to {high:+.1%})",
        f"{found.coverage_without:.0%}, {found.coverage_corrected:.0%}", found.verdict,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Says the table."""
    folder = Path(sys.argv[1])
    head = ("series", "method", "without [MW]", "corrected (change; its interval)",
            "held by the band of 90 %, without and corrected", "")  # fmt: skip
    sys.stdout.write(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    for series in (*charging(folder), *generation(folder)):
        sys.stdout.write(f"{row(series)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
