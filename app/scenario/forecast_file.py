"""A file of forecast totals, as `gridcarbon twin forecast --out` writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import beside, is_file, read_csv, read_parquet, shown_path
from grid.time.clock import Clock
from grid.twin.forecast.history import KINDS, NEVER_NEGATIVE

SEEN: Final = ("demand", "pv", "wind")
"""Kinds that a dispatch sees; cars come as their sessions do."""
_COLUMNS: Final = ("kind", "time_utc", "p50_mw")


def read_forecast(path: Path, clock: Clock) -> Mapping[str, Floats]:
    """The medians of totals, by kind of `SEEN`, shape (T,) each [MW]; NaN in steps that the file does not have.

    Steps before and after the clock are left out.

    Args:
        path: Parquet, or CSV where it ends so.
        clock: The steps of the dispatch.

    Raises:
        InputError: With all that is wrong with the file.
    """
    if not is_file(path):
        raise InputError.single("", f"no file {shown_path(path)!r}", suggestion=nearest(path.name, beside(path)))
    table = read_csv(path) if path.suffix.casefold() == ".csv" else read_parquet(path)
    faults = [
        Fault(name, "is missing", suggestion=nearest(name, table.columns))
        for name in _COLUMNS
        if name not in table.columns
    ]
    raise_if_any(faults, str(path))
    rows = _typed(table.select(_COLUMNS))
    raise_if_any(_faults(rows, clock), str(path))
    return {kind: _on_clock(of_kind, clock) for kind in SEEN if not (of_kind := rows.filter(kind=kind)).is_empty()}


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Kind as text, time in UTC without a zone, and power; null where a cell is none of this."""
    time = table["time_utc"]
    if time.dtype == pl.String:
        time = time.str.strip_chars_end("Z").str.to_datetime(time_unit="us", strict=False)
    elif isinstance(time.dtype, pl.Datetime) and time.dtype.time_zone is not None:
        time = time.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    elif not isinstance(time.dtype, pl.Datetime):
        time = pl.Series("time_utc", [None] * table.height)
    return pl.DataFrame({
        "kind": table["kind"].cast(pl.String, strict=False), "time_utc": time.cast(pl.Datetime("us")),
        "p50_mw": table["p50_mw"].cast(pl.Float64, strict=False),
    })  # fmt: skip


def _step(rows: pl.DataFrame, clock: Clock) -> pl.Series:
    """The step of each row, which may lie before or after the clock."""
    since = rows["time_utc"].to_numpy() - clock.times[0].astype("datetime64[us]")
    return pl.Series("step", since / np.timedelta64(clock.step))


def _faults(rows: pl.DataFrame, clock: Clock) -> Iterator[Fault]:
    """Everything that is wrong with rows."""
    for kind in rows["kind"].unique(maintain_order=True).to_list():
        if kind not in KINDS:
            yield Fault("kind", f"must be one of {', '.join(KINDS)}", kind, nearest(str(kind), KINDS))
    if rows["time_utc"].has_nulls():
        yield Fault("time_utc", "must be times in UTC; rows that are not", rows["time_utc"].null_count())
        return
    power = rows["p50_mw"].fill_null(float("nan"))
    if not power.is_finite().all():
        yield Fault("p50_mw", "must be finite numbers; rows that are not", int((~power.is_finite()).sum()))
    negative = rows.filter(pl.col("kind").is_in(NEVER_NEGATIVE), pl.col("p50_mw") < 0).height
    if negative:
        yield Fault("p50_mw", f"must be at least 0 of {', '.join(NEVER_NEGATIVE)}; rows that are not", negative)
    steps = _step(rows, clock)
    if not (steps == steps.round()).all():
        yield Fault("time_utc", f"must be the beginnings of the scenario's steps of {clock.step}")
    twice = rows.select("kind", "time_utc").is_duplicated()
    if twice.any():
        rule = "must have each step once of each kind; rows that share theirs"
        yield Fault("time_utc", rule, int(twice.sum()))
    within = rows.filter(((steps >= 0) & (steps < clock.n_steps)) & rows["kind"].is_in(SEEN))
    if within.is_empty():
        yield Fault("time_utc", f"must have steps of the period of {', '.join(SEEN)}; it has none of them")
    for kind in SEEN:
        gaps = rows.filter(kind=kind)["time_utc"].sort().diff().drop_nulls()
        if (gaps > clock.step).any():
            yield Fault("time_utc", f"must have no gaps; it has some of {kind}", int((gaps > clock.step).sum()))


def _on_clock(rows: pl.DataFrame, clock: Clock) -> Floats:
    steps = _step(rows, clock).round().cast(pl.Int64).to_numpy()
    within = (steps >= 0) & (steps < clock.n_steps)
    values = np.full(clock.n_steps, np.nan)
    values[steps[within]] = rows["p50_mw"].to_numpy()[within]
    return values
