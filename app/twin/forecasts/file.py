"""What was measured, from a file of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from grid.city.profile_file import TIME, in_order, on_even_steps, read_table, time_faults
from grid.errors import Fault, nearest, raise_if_any
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
    whole, names, values = on_even_steps(frame)
    column = dict(zip(names, values.T, strict=True))
    measured = {name: v for name, v in column.items() if not name.startswith(f"{WEATHER}/")}
    last = max(int(np.flatnonzero(np.isfinite(v))[-1]) for v in measured.values())
    clock = whole.window(0, last + 1)
    weather = {name.partition("/")[2]: v for name, v in column.items() if name.startswith(f"{WEATHER}/")}
    return tuple(
        PowerHistory(name, _kind(name), clock, v[: last + 1], time_zone, country, weather)
        for name, v in measured.items()
    )


def _kind(name: str) -> SeriesKind:
    word = name.partition("/")[0]
    return next(kind for kind in KINDS if kind == word)


def _faults(frame: pl.DataFrame) -> Iterator[Fault]:
    yield from time_faults(frame)
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
