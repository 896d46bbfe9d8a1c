"""Scores the presets of upstream regions against measured hours: ``python -m benchmarks.upstream_presets``.

Reads ``../shared/data`` (its README names sources and licences), simulates every preset that has measured hours, once
with the weather of the region at the sites of that very year and once with the default weather, and writes
``docs/upstream_presets.md`` and ``carbon/upstream/regions/scores.csv``. Nothing of the data is copied, only scores.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from carbon.factors import load_factor_set
from carbon.upstream import Region, Upstream, load_region, simulate_region
from grid.arrays import Floats
from grid.time.clock import Clock
from grid.weather.files import WeatherYear
from grid.weather.sun import clear_sky_ghi
from grid.weather.weather import Weather, weather_for

DATA = Path(__file__).parents[2] / "shared" / "data"
HOUR = timedelta(hours=1)
HOURS = Clock(datetime(2023, 1, 1, tzinfo=UTC), HOUR, 8760)
SITES = {
    "germany": ("de_2023", "gb_2023"),
    "great_britain": ("gb_2023", "de_2023"),
    "japan": ("jp_tokyo_2023",),
    "california": ("us_san_francisco_tmy3",),
}
"""Sites of the shared weather that stand for a region; San Francisco is a typical year, the others are 2023."""
ZONES = {"germany": "DE-LU", "great_britain": "GB", "japan": "JP-TK", "california": "US-CAL-CISO"}
PRICED = {"germany": "DE-LU", "california": "US-CAL-CISO"}
DEFAULT_WEATHER = "potsdam-try"
ROOT = Path(__file__).parents[1]
SCORES = ROOT / "carbon" / "upstream" / "regions" / "scores.csv"
PAGE = ROOT / "docs" / "upstream_presets.md"
BEGIN, END = "<!-- scores -->", "<!-- end of scores -->"
COLUMNS = (
    "preset", "quantity", "weather", "months", "hours", "r", "bias", "sd", "sd_measured", "sd_within_day",
    "sd_within_day_measured", "hours_at_or_below_zero", "hours_at_or_below_zero_measured",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Agreement of simulated with measured hours."""

    hours: int
    """Hours compared."""
    r: float
    """Coefficient of correlation."""
    bias: float
    """Mean of simulated less measured."""
    sd: float
    """Standard deviation of the simulated hours."""
    sd_measured: float
    """That of the measured."""
    sd_within_day: float
    """Standard deviation of the simulated hours from the mean of their day."""
    sd_within_day_measured: float
    """That of the measured."""
    at_or_below_zero: int
    """Simulated hours at or below zero."""
    at_or_below_zero_measured: int
    """Measured hours at or below zero."""


def score(simulated: Floats, measured: Floats, days: np.ndarray, chosen: np.ndarray) -> Score:
    """Scores the chosen hours.

    Args:
        simulated: Shape (T,).
        measured: Shape (T,); hours that are NaN are left out.
        days: Day of each hour, shape (T,).
        chosen: Hours that count, shape (T,).
    """
    chosen = chosen & np.isfinite(measured)
    ours, theirs = simulated[chosen], measured[chosen]
    _, day = np.unique(days[chosen], return_inverse=True)

    def within_day(values: Floats) -> float:
        return float((values - (np.bincount(day, values) / np.bincount(day))[day]).std())

    return Score(
        hours=int(chosen.sum()),
        r=float(np.corrcoef(ours, theirs)[0, 1]),
        bias=float((ours - theirs).mean()),
        sd=float(ours.std()),
        sd_measured=float(theirs.std()),
        sd_within_day=within_day(ours),
        sd_within_day_measured=within_day(theirs),
        at_or_below_zero=int((ours <= 0).sum()),
        at_or_below_zero_measured=int((theirs <= 0).sum()),
    )


@cache
def weather_year(site: str) -> WeatherYear:
    """A site of the shared weather; where it has cloud cover only, irradiance by Kasten and Czeplak [1].

    References:
        [1] F. Kasten, G. Czeplak, "Solar and terrestrial radiation dependent on the amount and type of cloud", Solar
            Energy 24, pp. 177-189, 1980: global over clear-sky irradiance is 1 - 0.75 n^3.4 for a cloud cover n.
    """
    row = pl.read_csv(DATA / "weather_sites.csv").filter(pl.col("site") == site).row(0, named=True)
    table = pl.read_parquet(DATA / "weather_hourly_10sites.parquet").filter(pl.col("site").cast(pl.String) == site)
    table = table.sort("time_local_std")
    offset, latitude, longitude = float(row["utc_offset_h"]), float(row["lat"]), float(row["lon"])

    def column(name: str) -> Floats:
        return np.asarray(table[name].cast(pl.Float64).interpolate().fill_null(0.0).to_numpy(), dtype=np.float64)

    has_irradiance = table["ghi_wm2"].is_not_null().any()
    if has_irradiance:
        ghi, dni, dhi = column("ghi_wm2"), column("dni_wm2"), column("dhi_wm2")
    else:
        clock = Clock(datetime(2023, 1, 1, tzinfo=UTC) - timedelta(hours=offset), HOUR, 8760)
        cloud = np.clip(column("cloud_pct") / 100, 0.0, 1.0)
        ghi = clear_sky_ghi(clock, latitude, longitude) * (1 - 0.75 * cloud**3.4)
        dni = dhi = np.zeros(8760)
    return WeatherYear(
        ghi_w_per_m2=ghi,
        dni_w_per_m2=dni,
        dhi_w_per_m2=dhi,
        t_dry_bulb_degc=column("t_dry_c"),
        relative_humidity_percent=column("rh_pct"),
        pressure_pa=column("pressure_hpa") * 100,
        wind_speed_m_per_s=column("wind_ms"),
        latitude=latitude,
        longitude=longitude,
        utc_offset_hours=offset,
        filled_hours=0,
        has_irradiance=True,
    )


@cache
def city_weather(preset: str) -> Weather:
    """The default weather at the place of the region."""
    place = load_region(preset).place
    if place is None:
        raise ValueError(f"{preset} has no place")
    return weather_for(DEFAULT_WEATHER, HOURS, place.time_zone, place.latitude, place.longitude)


def simulated(region: Region, preset: str, *, own_weather: bool) -> Upstream:
    """The year 2023 of a region."""
    weather = city_weather(preset)
    sites = tuple(weather_year(site) for site in SITES[preset]) if own_weather else ()
    return simulate_region(region, weather, HOURS, "UTC", load_factor_set(), "direct", sites)


@cache
def measured(preset: str) -> dict[str, Floats]:
    """Measured hours of 2023 in UTC, shape (8760,), NaN where there is none: intensity and, where known, price."""
    hours = pl.DataFrame({"time_utc": HOURS.pandas_index()}).with_columns(
        pl.col("time_utc").cast(pl.Datetime("ns", "UTC"))
    )
    found = {}
    wanted = {"intensity": ("carbon_intensity_hourly_2023_8zones", "ci_direct_g_per_kwh", ZONES[preset])}
    if preset in PRICED:
        wanted["price"] = ("price_dayahead_hourly_2023_eu_us", "price_per_mwh", PRICED[preset])
    for name, (file, column, zone) in wanted.items():
        table = pl.read_parquet(DATA / f"{file}.parquet").filter(pl.col("zone").cast(pl.String) == zone)
        table = table.with_columns(pl.col("time_utc").cast(pl.Datetime("ns", "UTC"))).unique("time_utc")
        joined = hours.join(table, on="time_utc", how="left").sort("time_utc")
        found[name] = joined[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return found


@cache
def local_months_and_days(preset: str) -> tuple[np.ndarray, np.ndarray]:
    """Month (1 to 12) and day of the year of each hour, in the region's wall time, shape (8760,) each."""
    place = load_region(preset).place
    local = HOURS.pandas_index().tz_convert(ZoneInfo("UTC" if place is None else place.time_zone))
    return np.asarray(local.month), np.asarray(local.year * 366 + local.dayofyear)


@dataclass(frozen=True)
class Row:
    """One line of the score card."""

    preset: str
    quantity: str
    weather: str
    months: str
    score: Score


def rows() -> Iterator[Row]:
    """Scores of all presets: intensity and price, own and default weather, the months of the fit and the others."""
    for preset in ZONES:
        region = load_region(preset)
        months, days = local_months_and_days(preset)
        fitted = () if region.fitted is None else region.fitted.months
        parts = (
            {"fit": np.isin(months, fitted), "held out": ~np.isin(months, fitted)} if fitted else {"all": months > 0}
        )
        for weather in ("own", "default"):
            upstream = simulated(region, preset, own_weather=weather == "own")
            simulations = {"intensity": upstream.ci_kg_per_mwh, "price": upstream.price_per_mwh}
            for quantity, values in measured(preset).items():
                for name, chosen in parts.items():
                    yield Row(preset, quantity, weather, name, score(simulations[quantity], values, days, chosen))


def main() -> None:
    """Writes the score card as a table of numbers and as a page."""
    found = list(rows())
    with SCORES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_cells(row) for row in found)
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    PAGE.write_text(
        head + BEGIN + "\n" + "\n".join(_table(found)) + "\n" + END + rest.partition(END)[2], encoding="utf-8"
    )


def _cells(row: Row) -> tuple[object, ...]:
    of = row.score
    return (
        row.preset,
        row.quantity,
        row.weather,
        row.months,
        of.hours,
        f"{of.r:.2f}",
        f"{of.bias:.1f}",
        f"{of.sd:.1f}",
        f"{of.sd_measured:.1f}",
        f"{of.sd_within_day:.1f}",
        f"{of.sd_within_day_measured:.1f}",
        of.at_or_below_zero if row.quantity == "price" else "",
        of.at_or_below_zero_measured if row.quantity == "price" else "",
    )


def _table(found: list[Row]) -> Iterator[str]:
    yield "| preset | what | weather | months | hours | r | bias | sd | sd within a day | hours ≤ 0 |"
    yield "|---|---|---|---|---:|---:|---:|---:|---:|---:|"
    for row in found:
        of = row.score
        zero = f"{of.at_or_below_zero} / {of.at_or_below_zero_measured}" if row.quantity == "price" else ""
        yield (
            f"| {row.preset} | {row.quantity} | {row.weather} | {row.months} | {of.hours:,} | {of.r:.2f} "
            f"| {of.bias:+.1f} | {of.sd:.1f} / {of.sd_measured:.1f} "
            f"| {of.sd_within_day:.1f} / {of.sd_within_day_measured:.1f} | {zero} |"
        )


if __name__ == "__main__":
    main()
