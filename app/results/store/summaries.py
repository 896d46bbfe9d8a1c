"""The summaries of a store in one table, with what sweeps varied as columns."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl
from sqlalchemy import Text, cast, select

from app.results.store.database import open_database
from app.results.store.folders.places import default_index, name_in_index
from app.results.store.folders.store_folder import StoreFolder
from app.results.store.index_tables import RUNS
from app.results.store.rebuild import looked_at
from app.results.store.records import SweepRecord
from app.results.store.rows import result_values
from app.results.store.states import ABOUT_RUNS, WITH_RESULT, Parameter
from app.results.typed_column import typed_column
from grid.errors import InputError


class _Run(NamedTuple):
    """What is known of a run: columns of the table of runs, and its key figures as JSON."""

    key: str
    status: str
    reason: str
    started: float | None
    finished: float | None
    seconds: float | None
    peak_memory_mb: float | None
    size_bytes: int | None
    figures: str | None


_UNKNOWN = _Run("", "waiting", "", None, None, None, None, None, None)


def summaries(folder: StoreFolder, index: str | None) -> pl.DataFrame:
    """See `app.results.store.scan.scan`."""
    listed = dict.fromkeys(folder.listed())
    known = {run.key: run for run in _indexed(folder, index)}
    for key, run in known.items():
        if run.status in WITH_RESULT and key not in listed:  # folders are the truth
            known[key] = _UNKNOWN._replace(key=key)
    unknown = [name for name in listed if name not in known or known[name].status not in WITH_RESULT]
    known |= {run.key: run for run in _in_folders(folder, [name for name in unknown if folder.has(name)])}
    rows = _named(folder.records(), known)
    return _table(rows)


def _indexed(folder: StoreFolder, index: str | None) -> Iterable[_Run]:
    """The runs that an index knows; none where a store has no index, or it lies where nobody may write."""
    default = default_index(folder)
    if index is None and not (default.is_file() and os.access(default.parent, os.W_OK)):
        return []
    columns = [RUNS.c[name] for name in _Run._fields[:-1]]
    statement = select(*columns, cast(RUNS.c.figures, Text)).where(RUNS.c.store == name_in_index(folder, index))
    database = open_database(default if index is None else index)
    try:
        with database.reading() as connection:
            return [_Run._make(row) for row in connection.execute(statement)]
    finally:
        database.close()


def _in_folders(folder: StoreFolder, names: Sequence[str]) -> Iterable[_Run]:
    """The runs whose results lie in a store although its index does not know; damaged ones say why."""
    for name, found in looked_at(folder, names).items():
        if isinstance(found, InputError):
            yield _UNKNOWN._replace(key=name, status="damaged", reason="; ".join(map(str, found.faults)))
        else:
            values = result_values(found)
            yield _Run(name, values["status"], "", None, None, values["seconds"], None, found.size_bytes,
                       json.dumps(values["figures"]))  # fmt: skip


class _Row(NamedTuple):
    """A run as a sweep names it."""

    sweep: str | None
    name: str
    tags: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    run: _Run


def _named(records: Iterable[SweepRecord], known: Mapping[str, _Run]) -> list[_Row]:
    """Every run of every sweep, and then the results that are of no sweep, by the names of their folders."""
    rows = [
        _Row(record.sweep, run.name, run.tags, run.parameters, known.get(run.key, _UNKNOWN._replace(key=run.key)))
        for record in records
        for run in record.runs
    ]
    named = {row.run.key for row in rows}
    return [*rows, *(_Row(None, key, (), {}, run) for key, run in known.items() if key not in named)]


def _table(rows: Sequence[_Row]) -> pl.DataFrame:
    runs = [row.run for row in rows]
    content = {
        "key": [run.key for run in runs], "sweep": [row.sweep for row in rows], "name": [row.name for row in rows],
        "tags": _lists([row.tags for row in rows]), "status": [run.status for run in runs],
        "reason": [run.reason for run in runs], "started": _moments([run.started for run in runs]),
        "finished": _moments([run.finished for run in runs]), "seconds": [run.seconds for run in runs],
        "peak_memory_mb": [run.peak_memory_mb for run in runs], "size_bytes": [run.size_bytes for run in runs],
    }  # fmt: skip
    about = pl.DataFrame(content, schema=ABOUT_RUNS)
    figures = _figures([run.figures for run in runs])
    taken = {*about.columns, *figures.columns}
    paths = dict.fromkeys(path for row in rows for path in row.parameters)
    varied = [
        typed_column([row.parameters.get(path) for row in rows], _column_name(taken, path), _as_written)
        for path in paths
    ]
    return about.hstack(varied).hstack(figures)


def _lists(texts: Sequence[Sequence[str]]) -> pl.Series:
    """A column of lists of texts: grouped from one long column, for polars takes lists one by one slowly."""
    rows = [row for row, each in enumerate(texts) for _ in each]
    long = pl.DataFrame(
        {"row": rows, "text": [text for each in texts for text in each]}, {"row": pl.UInt32, "text": pl.String}
    )
    every = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True)})
    lists = every.join(long.group_by("row").agg("text"), on="row", how="left", maintain_order="left")
    return lists["text"].fill_null(pl.lit([], dtype=pl.List(pl.String)))


def _moments(seconds: Sequence[float | None]) -> pl.Series:
    """Times from seconds since 1970."""
    return (pl.Series(seconds, dtype=pl.Float64) * 1e6).cast(pl.Int64).cast(ABOUT_RUNS["started"])


def _column_name(taken: Collection[str], path: str) -> str:
    """What the column of a parameter is called."""
    return f"parameters.{path}" if path in taken else path


def _as_written(value: Parameter) -> str:
    """A value as a sweep file writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def _figures(texts: Sequence[str | None]) -> pl.DataFrame:
    """The key figures of runs, each a column, from what their summaries hold."""
    if not any(texts):
        return pl.DataFrame(height=len(texts))
    lines = io.BytesIO("\n".join(text or "{}" for text in texts).encode())
    return pl.read_ndjson(lines, infer_schema_length=None).with_columns(pl.col(pl.Null).cast(pl.Float64))
