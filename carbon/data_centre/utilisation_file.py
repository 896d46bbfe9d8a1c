"""Utilisation of processors from a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.time.clock import Clock
from grid.weather.weather import middles_of_steps

COLUMNS = ("time_utc", "utilisation")
_HOUR = np.timedelta64(3_600_000_000, "us")


def utilisation_from_csv(path: str | Path, clock: Clock) -> Floats:
    """Reads an hourly utilisation and brings it to a clock, shape (T,) [1].

    Args:
        path: The file, with columns ``time_utc`` (beginning of each hour, ISO 8601, UTC, without gaps) and
            ``utilisation`` (0 to 1). It must cover the clock; steps shorter than an hour take the hour's value,
            longer ones the mean.
        clock: The time axis.

    Raises:
        InputError: If the file cannot be read, lacks a column or hours of the clock, or has values out of range; all
            faults at once.
    """
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError.single("it_load.csv", f"cannot be read as CSV ({error})", str(path)) from error
    missing = [name for name in COLUMNS if name not in table.columns]
    raise_if_any(
        (Fault(name, "is a required column", suggestion=nearest(name, table.columns)) for name in missing), str(path)
    )
    text = table["time_utc"].str.strip_chars().str.strip_suffix("Z").str.strip_suffix("+00:00").str.replace(" ", "T")
    times = text.str.to_datetime(time_unit="us", strict=False)
    values = table["utilisation"].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    raise_if_any([*_time_faults(times, clock), *_value_faults(values)], str(path))
    first = times.to_numpy()[0].astype("datetime64[us]")
    rows = np.asarray((middles_of_steps(clock) - first) // _HOUR, dtype=np.int64)
    return read_only(values[rows].mean(axis=1))


def _time_faults(times: pl.Series, clock: Clock) -> Iterator[Fault]:
    unread = [row + 2 for row, time in enumerate(times.to_list()) if time is None]
    if unread or not len(times):
        rule = "must be times in UTC, such as 2030-01-01T00:00; not so in rows"
        yield Fault("time_utc", rule, unread[:10] or "an empty file")
        return
    hours = times.to_numpy().astype("datetime64[us]")
    irregular = np.flatnonzero(np.diff(hours) != _HOUR)
    if irregular.size:
        where = f"not so after {hours[irregular[0]].astype('datetime64[m]')}"
        yield Fault("time_utc", f"must rise by one hour from row to row; {where}", int(irregular.size))
    stop = clock.times[-1] + np.timedelta64(clock.step)
    if hours[0] > clock.times[0] or hours[-1] + _HOUR < stop:
        rule = f"must cover {clock.times[0].astype('datetime64[m]')} to {stop.astype('datetime64[m]')} UTC"
        yield Fault("time_utc", rule, f"{hours[0].astype('datetime64[m]')} to {hours[-1].astype('datetime64[m]')}")


def _value_faults(values: Floats) -> Iterator[Fault]:
    bad = np.flatnonzero(~((values >= 0) & (values <= 1)))  # not-a-number fails both
    if bad.size:
        yield Fault("utilisation", "must be a number within 0 and 1; not so in rows", (bad[:10] + 2).tolist())
