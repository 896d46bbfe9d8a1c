"""What was measured, from a file of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import numpy as np
import polars as pl

from grid.city.profile_file import TIME, in_order, no_time_fault, read_table, step_faults
from grid.errors import Fault, nearest, raise_if_any
from grid.time.clock import Clock
from grid.twin.forecast.history import KINDS, PowerHistory, SeriesKind

WEATHER = "weather"


def read_histories(path: Path, time_zone: str = "UTC", country: str | None = None) -> tuple[PowerHistory, ...]:
    """Series that were measured, from Parquet or CSV.

    The file has a column ``time_utc`` (beginning of equal steps; rows may be missing), and columns ``demand``, ``pv``,
    ``wind`` or ``charging``, or such a word, a slash and a name, all in MW; empty where nothing was measured. Columns
    ``weather/<name>`` go on beyond the last measured row with the weather forecast.

    Args:
        path: The file.
        time_zone: Zone whose hours people follow.
        country: Country whose public holidays count; None for none.

    Raises:
        InputError: With all that is wrong with the file.
    """
    frame, _ = in_order(read_table(path, "file"))
    raise_if_any(_faults(frame), str(path))
    times = frame[TIME].to_numpy().astype("datetime64[us]")
    step = frame[TIME].diff().drop_nulls().mode().sort()[0]
    row = (times - times[0]) // np.timedelta64(step)
    names = [name for name in frame.columns if name != TIME]
    values = np.full((int(row[-1]) + 1, len(names)), np.nan)
    values[row] = frame.select(pl.col(names).cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    column = dict(zip(names, values.T, strict=True))
    measured = {name: column[name] for name in names if not name.startswith(f"{WEATHER}/")}
    last = max(int(np.flatnonzero(np.isfinite(v))[-1]) for v in measured.values())
    clock = Clock(times[0].item().replace(tzinfo=UTC), step, last + 1)
    weather = {name.partition("/")[2]: v for name, v in column.items() if name.startswith(f"{WEATHER}/")}
    return tuple(
        PowerHistory(name, _kind(name), clock, v[: last + 1], time_zone, country, weather)
        for name, v in measured.items()
    )


def _kind(name: str) -> SeriesKind:
    word = name.partition("/")[0]
    return next(kind for kind in KINDS if kind == word)


def _faults(frame: pl.DataFrame) -> Iterator[Fault]:
    time = frame.schema.get(TIME)
    if time is None:
        yield no_time_fault(frame.columns)
    elif not isinstance(time, pl.Datetime):
        yield Fault(TIME, "must be a column of dates with time", str(time))
    elif frame.height < 2:
        yield Fault(TIME, "must have at least two rows", frame.height)
    else:
        yield from step_faults(frame[TIME])
    measured = 0
    for name, dtype in frame.schema.items():
        word = name.partition("/")[0]
        if name == TIME:
            continue
        if word not in (*KINDS, WEATHER):
            rule = f"a column must be called {', '.join(KINDS)} or {WEATHER}, or such a word, a slash and a name"
            yield Fault(name, rule, suggestion=nearest(word, (*KINDS, WEATHER)))
        elif not dtype.is_numeric():
            yield Fault(name, "must hold numbers", str(dtype))
        elif word != WEATHER:
            measured += 1
            if not frame[name].is_finite().any():
                yield Fault(name, "must have values; every row is empty")
    if not measured:
        yield Fault("file", f"must have a column of {', '.join(KINDS)}")
