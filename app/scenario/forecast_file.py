"""A file of forecast totals, as `gridcarbon twin forecast --out` writes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, column_faults, number_faults
from grid.files.content import PARQUET_ENDINGS, is_file, missing_file, read_parquet, shown_path
from grid.files.text_table import TextTable, read_text_table
from grid.time.clock import Clock
from grid.time.instants import in_utc, local_time_faults
from grid.time.stamps import read_stamps
from grid.time.zones import UTC_ZONE
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
        raise InputError([missing_file(path, "")], shown_path(path))
    table = _table(path)
    raise_if_any(column_faults(table.names, _COLUMNS), str(path))
    faults: list[Fault] = []
    rows = _typed(table, faults)
    raise_if_any([*faults, *_faults(rows, clock)], str(path))
    known: dict[str, Floats] = {}
    found: dict[int, IssuedTotals] = {}
    for (made,), issue in rows.sort(ISSUED, maintain_order=True).group_by(ISSUED, maintain_order=True):
        of_kinds = {kind: issue.filter(kind=kind) for kind in SEEN}
        new = {kind: _on_clock(part, clock) for kind, part in of_kinds.items() if part.height}
        known |= {kind: np.where(np.isfinite(p), p, known.get(kind, np.nan)) for kind, p in new.items()}
        first = max(math.ceil(float(_steps(pl.Series([made]), clock)[0])), 0)
        if first < clock.n_steps:
            found[first] = IssuedTotals(first, dict(known))
    return tuple(found.values())


def _table(path: Path) -> TextTable:
    """The cells of a file, each row once; those of Parquet have types."""
    if path.suffix.casefold() not in PARQUET_ENDINGS:
        return read_text_table(path).once()
    frame = read_parquet(path)
    return TextTable(frame, np.arange(1, frame.height + 1))


def _typed(table: TextTable, faults: list[Fault]) -> pl.DataFrame:
    """Kind as text, times in UTC without a zone, and power; null or NaN where a cell is none of this.

    What has no moment at which it was made was made long ago.
    """
    made = pl.Series([_LONG_AGO], dtype=pl.Datetime("us")).new_from_index(0, table.n_rows)
    if ISSUED in table.names:
        made = _moments(table, ISSUED, faults)
    numbers = table.numbers("p50_mw")
    faults += number_faults(table, "p50_mw", numbers, "must be finite numbers", empty_may=False)
    return pl.DataFrame({
        "kind": table.cells["kind"].cast(pl.String, strict=False), "time_utc": _moments(table, "time_utc", faults),
        "p50_mw": numbers.values, ISSUED: made,
    })  # fmt: skip


def _moments(table: TextTable, name: str, faults: list[Fault]) -> pl.Series:
    """Times in UTC without a zone; null where a cell is none."""
    cells = table.cells[name]
    if cells.dtype != pl.String and not isinstance(cells.dtype, pl.Datetime):
        cells = pl.Series([""]).new_from_index(0, len(cells))
    found = read_stamps([cells], even=True)
    faults += [replace(fault, place=name) for fault in found.faults]
    utc = in_utc(found.columns[0], UTC_ZONE).utc
    if name != ISSUED:
        faults += local_time_faults(name, found.columns[0], UTC_ZONE)
    if not found.faults:
        faults += cell_faults(name, "must be times in UTC", utc.is_null().to_numpy(), table.cells[name], table.lines)
    return utc


def _steps(times: pl.Series, clock: Clock) -> pl.Series:
    """The step of each time, which may lie before or after the clock."""
    since = times.to_numpy() - clock.times[0].astype("datetime64[us]")
    return pl.Series("step", since / np.timedelta64(clock.step))


def _faults(rows: pl.DataFrame, clock: Clock) -> Iterator[Fault]:
    """Everything that is wrong with rows."""
    for kind in rows["kind"].unique(maintain_order=True).to_list():
        if kind not in KINDS:
            yield Fault("kind", f"must be one of {', '.join(KINDS)}", kind, nearest(str(kind), KINDS))
    if rows["time_utc"].has_nulls() or rows[ISSUED].has_nulls():
        return
    start, made = clock.start.replace(tzinfo=None), rows[ISSUED].min()
    if isinstance(made, datetime) and made > start:
        rule = f"must have one by the beginning of the period, {start:%Y-%m-%d %H:%M}; the first is of"
        yield Fault(ISSUED, rule, f"{made:%Y-%m-%d %H:%M}")
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
