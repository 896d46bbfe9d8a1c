"""A file of forecast totals, as `gridcarbon twin forecast --out` writes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
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
ISSUED: Final = "issued_utc"
"""Column with the moment at which a forecast was made; a file without it is one forecast, made before the period."""
_LONG_AGO: Final = datetime(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class IssuedTotals:
    """What was known of totals from a moment on.

    Args:
        first: First step of the clock that begins then or later.
        totals: Medians by kind of `SEEN`, shape (T,) each [MW]; NaN in steps of which nothing was known.
    """

    first: int
    totals: Mapping[str, Floats]


def read_forecast(path: Path, clock: Clock) -> tuple[IssuedTotals, ...]:
    """The forecasts of a file in the order in which they were made, the first of them by the beginning of the clock.

    Each knows what was forecast last by then: in steps that it does not have, what those before it have. Steps before
    and after the clock are left out.

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
    rows = _typed(table)
    raise_if_any(_faults(rows, clock), str(path))
    known: dict[str, Floats] = {}
    found: dict[int, IssuedTotals] = {}
    for (made,), issue in rows.sort(ISSUED, maintain_order=True).group_by(ISSUED, maintain_order=True):
        new = {kind: _on_clock(rows, clock) for kind in SEEN if not (rows := issue.filter(kind=kind)).is_empty()}
        known |= {kind: np.where(np.isfinite(p), p, known.get(kind, np.nan)) for kind, p in new.items()}
        first = max(math.ceil(float(_steps(pl.Series([made]), clock)[0])), 0)
        if first < clock.n_steps:
            found[first] = IssuedTotals(first, dict(known))
    return tuple(found.values())


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Kind as text, times in UTC without a zone, and power; null where a cell is none of this.

    What has no moment at which it was made was made long ago.
    """
    made = _moments(table[ISSUED]) if ISSUED in table.columns else pl.Series([_LONG_AGO] * table.height)
    return pl.DataFrame({
        "kind": table["kind"].cast(pl.String, strict=False), "time_utc": _moments(table["time_utc"]),
        "p50_mw": table["p50_mw"].cast(pl.Float64, strict=False), ISSUED: made.cast(pl.Datetime("us")),
    })  # fmt: skip


def _moments(time: pl.Series) -> pl.Series:
    """Times in UTC without a zone; null where a cell is none."""
    if time.dtype == pl.String:
        time = time.str.strip_chars_end("Z").str.to_datetime(time_unit="us", strict=False)
    elif isinstance(time.dtype, pl.Datetime) and time.dtype.time_zone is not None:
        time = time.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    elif not isinstance(time.dtype, pl.Datetime):
        time = pl.Series([None] * time.len())
    return time.cast(pl.Datetime("us"))


def _steps(times: pl.Series, clock: Clock) -> pl.Series:
    """The step of each time, which may lie before or after the clock."""
    since = times.to_numpy() - clock.times[0].astype("datetime64[us]")
    return pl.Series("step", since / np.timedelta64(clock.step))


def _faults(rows: pl.DataFrame, clock: Clock) -> Iterator[Fault]:
    """Everything that is wrong with rows."""
    for kind in rows["kind"].unique(maintain_order=True).to_list():
        if kind not in KINDS:
            yield Fault("kind", f"must be one of {', '.join(KINDS)}", kind, nearest(str(kind), KINDS))
    unknown = [name for name in ("time_utc", ISSUED) if rows[name].has_nulls()]
    for name in unknown:
        yield Fault(name, "must be times in UTC; rows that are not", rows[name].null_count())
    if unknown:
        return
    start, made = clock.start.replace(tzinfo=None), rows[ISSUED].min()
    if isinstance(made, datetime) and made > start:
        rule = f"must have one by the beginning of the period, {start:%Y-%m-%d %H:%M}; the first is of"
        yield Fault(ISSUED, rule, f"{made:%Y-%m-%d %H:%M}")
    power = rows["p50_mw"].fill_null(float("nan"))
    if not power.is_finite().all():
        yield Fault("p50_mw", "must be finite numbers; rows that are not", int((~power.is_finite()).sum()))
    negative = rows.filter(pl.col("kind").is_in(NEVER_NEGATIVE), pl.col("p50_mw") < 0).height
    if negative:
        yield Fault("p50_mw", f"must be at least 0 of {', '.join(NEVER_NEGATIVE)}; rows that are not", negative)
    steps = _steps(rows["time_utc"], clock)
    if not (steps == steps.round()).all():
        yield Fault("time_utc", f"must be the beginnings of the scenario's steps of {clock.step}")
    twice = rows.select("kind", "time_utc", ISSUED).is_duplicated()
    if twice.any():
        rule = "must have each step once of each kind; rows that share theirs"
        yield Fault("time_utc", rule, int(twice.sum()))
    within = rows.filter(((steps >= 0) & (steps < clock.n_steps)) & rows["kind"].is_in(SEEN))
    if within.is_empty():
        yield Fault("time_utc", f"must have steps of the period of {', '.join(SEEN)}; it has none of them")
    for kind in SEEN:
        of_kind = rows.filter(kind=kind).sort(ISSUED, "time_utc")
        gaps = of_kind.select(pl.col("time_utc").diff().over(ISSUED))["time_utc"].drop_nulls()
        if (gaps > clock.step).any():
            yield Fault("time_utc", f"must have no gaps; it has some of {kind}", int((gaps > clock.step).sum()))


def _on_clock(rows: pl.DataFrame, clock: Clock) -> Floats:
    steps = _steps(rows["time_utc"], clock).round().cast(pl.Int64).to_numpy()
    within = (steps >= 0) & (steps < clock.n_steps)
    values = np.full(clock.n_steps, np.nan)
    values[steps[within]] = rows["p50_mw"].to_numpy()[within]
    return values
