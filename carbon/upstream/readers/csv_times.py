"""Times of published hourly series, each read to the beginning of its interval in UTC."""

from __future__ import annotations

import polars as pl


def iso_utc(texts: pl.Series) -> pl.Series:
    """ISO 8601 with or without ``T``, seconds and offset; without an offset in UTC. Null where unreadable."""
    plain = texts.str.strip_chars().str.replace(" ", "T").str.replace(r"Z$", "+00:00")
    local = plain.str.replace(r"(T.*)[+-]\d\d:?\d\d$", "$1")
    hours = plain.str.extract(r"T.*([+-]\d\d):?\d\d$", 1).cast(pl.Int64, strict=False).fill_null(0)
    minutes = plain.str.extract(r"T.*[+-]\d\d:?(\d\d)$", 1).cast(pl.Int64, strict=False).fill_null(0)
    sign = plain.str.contains(r"T.*-\d\d:?\d\d$").fill_null(value=False).cast(pl.Int64) * -2 + 1
    offset = (hours * 60 + sign * minutes) * 60_000_000
    return _naive(local, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M") - offset.cast(pl.Duration("us"))


def end_of_hour_utc(texts: pl.Series) -> pl.Series:
    """``1/31/2023 6:00:00 AM``, the end of an hour in UTC, as in EIA-930; the beginning of that hour."""
    ends = _naive(texts.str.strip_chars(), "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S")
    return ends - pl.select(pl.duration(hours=1)).to_series()


def market_time_unit(texts: pl.Series, zone: str) -> pl.Series:
    """``01.01.2023 00:00 - 01.01.2023 01:00`` or with slashes and seconds, as in ENTSO-E's exports.

    Args:
        texts: The cells.
        zone: Of the wall time; the doubled hour of autumn is told by order.
    """
    first = (
        texts.str.split(" - ").list.first().str.strip_chars().str.replace(r"\s*\(\w+\)$", "").str.replace_all("/", ".")
    )
    naive = _naive(first, "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")
    if zone == "UTC":
        return naive
    again = pl.select(
        pl.when(naive.is_first_distinct()).then(pl.lit("earliest")).otherwise(pl.lit("latest"))
    ).to_series()
    local = naive.dt.replace_time_zone(zone, ambiguous=again, non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _naive(texts: pl.Series, *formats: str) -> pl.Series:
    times = texts.str.to_datetime(formats[0], time_unit="us", strict=False)
    for other in formats[1:]:
        again = texts.str.to_datetime(other, time_unit="us", strict=False)
        times = pl.select(pl.coalesce(times, again)).to_series()
    return times
