"""All results of a store as one table: a row for each run with what was varied, or the rows of a table of every run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from app.results.columns import TABLES
from app.results.store.folders.local import LocalFolder
from app.results.store.folders.places import open_folder
from app.results.store.folders.remote import RemoteFolder
from app.results.store.folders.store_folder import StoreFolder
from app.results.store.records import SweepRecord
from grid.errors import InputError, nearest
from grid.files.content import is_folder

RUN_KEY, RUN_NAME = "run_key", "run_name"
"""Columns of a table over all runs that say which run a row is of."""


def scan(place: str | Path, table: str | None = None, index: str | None = None) -> pl.LazyFrame:
    """All results of a store, or of a folder of results, as a lazy table.

    Args:
        place: The folder or URL.
        table: A table of results (`app.results.columns.TABLES`); None for the summaries.
        index: The index, as in `open_store`; results that it does not know are read from their folders.

    Returns:
        Of summaries, a row for each run of each sweep, and for each result that is of no sweep: ``key``, ``sweep``,
        ``name``, ``tags``, ``status``, ``reason``, ``started``, ``finished`` (UTC), ``seconds``, ``peak_memory_mb``,
        ``size_bytes``, then the varied parameters by their paths, then the key figures. Runs without a result are
        rows too, without figures; so are results that cannot be read (status ``damaged``, with the reason). A parameter
        that is a number in some runs and a text in others is a text in all; one whose path is the name of another
        column is called ``parameters.path``.
        Of a table, its rows for every result, with ``run_key`` and ``run_name`` (that of the first sweep which has the
        run, or the folder's) before its columns. Files are not compared with their hashes: see `gridcarbon verify`.

    Raises:
        InputError: If there is no such folder or table, or records of sweeps are damaged.
        StoreError: If the store or its index cannot be reached.
    """
    if table is not None and table not in TABLES:
        raise InputError.single("table", "is no table of a result", table, nearest(table, TABLES))
    folder = open_folder(place)
    if isinstance(folder, LocalFolder) and not is_folder(folder.path):
        raise InputError.single(folder.shown, "no such folder")
    if table is None:
        from app.results.store.summaries import summaries  # noqa: PLC0415  slow to import

        return summaries(folder, index).lazy()
    return _of_all_runs(folder, table, folder.records())


def _of_all_runs(folder: StoreFolder, table: str, records: Sequence[SweepRecord]) -> pl.LazyFrame:
    names = folder.names()
    called = {run.key: run.name for record in reversed(records) for run in reversed(record.runs)}
    run_names = [called.get(name, name) for name in names]
    if not names:
        rows = pl.LazyFrame(schema={RUN_KEY: pl.String, **TABLES[table]})
    elif isinstance(folder, RemoteFolder):
        rows = _remote_rows(folder, table, names)
    else:
        rows = _local_rows(Path(folder.shown), table, names)
    name = pl.col(RUN_KEY).replace_strict(names, run_names, default=None, return_dtype=pl.String).alias(RUN_NAME)
    return rows.select(RUN_KEY, name, *TABLES[table])


def _local_rows(place: Path, table: str, names: Sequence[str]) -> pl.LazyFrame:
    rows = pl.scan_parquet(
        [os.path.join(place, name, f"{table}.parquet") for name in names],  # noqa: PTH118  of thousands
        schema=TABLES[table],
        include_file_paths=RUN_KEY,
        glob=False,
    )
    key = pl.col(RUN_KEY).str.strip_prefix(f"{place}/").str.strip_suffix(f"/{table}.parquet")
    return rows.with_columns(key)


def _remote_rows(folder: RemoteFolder, table: str, names: Sequence[str]) -> pl.LazyFrame:
    """The same by way of pyarrow, which reads from every file system of fsspec; a filter on the key chooses files."""
    import pyarrow as pa  # noqa: PLC0415  only for stores at URLs
    from pyarrow import dataset  # noqa: PLC0415
    from pyarrow.fs import FSSpecHandler, PyFileSystem  # noqa: PLC0415

    columns: Any = pl.DataFrame(schema={RUN_KEY: pl.String, **TABLES[table]}).to_arrow().schema
    rows = dataset.FileSystemDataset.from_paths(
        [f"{folder.root}/{name}/{table}.parquet" for name in names],
        schema=columns,
        format=dataset.ParquetFileFormat(),
        filesystem=PyFileSystem(FSSpecHandler(folder.system)),
        partitions=[dataset.field(RUN_KEY) == pa.scalar(name, columns.field(RUN_KEY).type) for name in names],
    )
    return pl.scan_pyarrow_dataset(rows)
