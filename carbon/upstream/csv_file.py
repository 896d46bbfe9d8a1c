"""Price and carbon intensity of imports from a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from carbon.factors import Boundary
from carbon.upstream.supply import Upstream
from grid.clock import Clock
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.series import Floats
from grid.weather import middles_of_steps

_REQUIRED = ("ci_kg_per_mwh", "price_per_mwh")
_OPTIONAL = ("ci_marginal_kg_per_mwh", "renewable_share")
_GREATEST = {"ci_kg_per_mwh": 3000.0, "ci_marginal_kg_per_mwh": 3000.0, "renewable_share": 1.0}
_HOUR = np.timedelta64(3_600_000_000, "us")


def upstream_from_csv(path: str | Path, clock: Clock, boundary: Boundary = "direct") -> Upstream:
    """Reads hourly intensity and price of the electricity above the city.

    Columns: ``time_utc`` (beginning of each hour, ISO 8601, UTC, without gaps), ``ci_kg_per_mwh``, ``price_per_mwh``;
    optional ``ci_marginal_kg_per_mwh`` (otherwise the average) and ``renewable_share`` (0 to 1; otherwise 0: what is
    not known does not count as renewable). The mix is not known: `Upstream.p_mw` has no columns.

    Args:
        path: The file.
        clock: The time axis; the file must cover it. Steps shorter than an hour take the hour's value, longer ones
            the mean.
        boundary: What the file's intensities count.

    Raises:
        InputError: If the file cannot be read, lacks columns or hours of the clock, or has values that are no
            numbers or out of range; all faults at once.
    """
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError.of("upstream", f"cannot be read as CSV ({error})", str(path)) from error
    names = ("time_utc", *_REQUIRED)
    missing = [name for name in names if name not in table.columns]
    raise_if_any(
        (Fault(name, "is a required column", suggestion=nearest(name, table.columns)) for name in missing), str(path)
    )
    times = table["time_utc"].str.strip_chars().str.strip_suffix("Z").str.strip_suffix("+00:00").str.replace(" ", "T")
    hours = times.str.to_datetime(time_unit="us", strict=False)
    columns = [name for name in (*_REQUIRED, *_OPTIONAL) if name in table.columns]
    values = {name: table[name].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy() for name in columns}
    value_faults = [fault for name in columns for fault in _value_faults(name, values[name])]
    raise_if_any([*_time_faults(hours, clock), *value_faults], str(path))
    on_clock = _rows_of_steps(hours.to_numpy()[0], clock)
    found: dict[str, Floats] = {name: column[on_clock].mean(axis=1) for name, column in values.items()}
    return Upstream(
        clock=clock,
        price_per_mwh=found["price_per_mwh"],
        ci_kg_per_mwh=found["ci_kg_per_mwh"],
        ci_marginal_kg_per_mwh=found.get("ci_marginal_kg_per_mwh", found["ci_kg_per_mwh"]),
        renewable_share=found.get("renewable_share", np.zeros(clock.n_steps)),
        technologies=(),
        p_mw=np.zeros((clock.n_steps, 0)),
        boundary=boundary,
    )


def _rows_of_steps(first: np.datetime64, clock: Clock) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray((middles_of_steps(clock) - first.astype("datetime64[us]")) // _HOUR, dtype=np.int64)


def _time_faults(hours: pl.Series, clock: Clock) -> Iterator[Fault]:
    unread = [row + 2 for row, time in enumerate(hours.to_list()) if time is None]
    if unread or not len(hours):
        rule = "must be times in UTC, such as 2030-01-01T00:00; not so in rows"
        yield Fault("time_utc", rule, unread[:10] or "an empty file")
        return
    times = hours.to_numpy().astype("datetime64[us]")
    irregular = np.flatnonzero(np.diff(times) != _HOUR)
    if irregular.size:
        where = f"not so after {times[irregular[0]].astype('datetime64[m]')}"
        yield Fault("time_utc", f"must rise by one hour from row to row; {where}", int(irregular.size))
    stop = clock.times[-1] + np.timedelta64(clock.step)
    if times[0] > clock.times[0] or times[-1] + _HOUR < stop:
        rule = f"must cover {clock.times[0].astype('datetime64[m]')} to {stop.astype('datetime64[m]')} UTC"
        yield Fault("time_utc", rule, f"{times[0].astype('datetime64[m]')} to {times[-1].astype('datetime64[m]')}")


def _value_faults(name: str, values: Floats) -> Iterator[Fault]:
    unread = np.flatnonzero(~np.isfinite(values))
    if unread.size:
        yield Fault(name, "must be a number in every row; not so in rows", (unread[:10] + 2).tolist())
    if name in _GREATEST:
        bad = np.flatnonzero((values < 0) | (values > _GREATEST[name]))
        if bad.size:
            rule = f"must lie within 0 and {_GREATEST[name]:g}; not so in rows"
            yield Fault(name, rule, (bad[:10] + 2).tolist())
