"""Where the log is kept: one table that only grows, in SQLite or PostgreSQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, UniqueConstraint, inspect, select
from sqlalchemy.dialects import postgresql, sqlite

from app.results.store.database import Database, connect, set_journal
from app.results.store.index_tables import UnusableIndexError
from grid.errors import Fault, InputError
from grid.twin.learning.records import LogRecord, kind_of, plain_record, record_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_METADATA: Final = MetaData()
_LOCK_NUMBER: Final = 0x7477696F
"""Number of the lock that the maker of the table holds in PostgreSQL."""
NO_LOG: Final = "holds no log; `gridcarbon twin alerts --log LOG` makes one"
ENTRIES: Final = Table(
    "twin_log",
    _METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("alert", Text, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    UniqueConstraint("kind", "alert", "time_us", "digest"),
)
"""A row for each entry: its kind, what it belongs to, when [µs since 1970, UTC], and the rest as JSON."""
PROGRESS: Final = Table("twin_progress", _METADATA, Column("name", Text, primary_key=True), Column("content", Text))
"""A row for each program that writes entries by itself: how far it came, as JSON. Only these rows are ever replaced."""


@dataclass(frozen=True)
class TwinLog:
    """A log; opened by `opened_log`. Methods raise a `StoreError` where it cannot be reached.

    Args:
        database: Where it lies.
    """

    database: Database

    def add(self, records: Sequence[LogRecord], progress: tuple[str, Mapping[str, Any]] | None = None) -> int:
        """Adds entries, all of them or none; those that it has are left as they are, so a repetition changes nothing.

        Args:
            records: The entries.
            progress: Name of the program that adds them and how far it came, kept in the same transaction.

        Returns:
            How many were new.
        """
        rows = []
        for record in records:
            content = json.dumps(plain_record(record), allow_nan=False, sort_keys=True)
            rows.append({
                "kind": kind_of(record), "alert": record.alert, "time_us": (record.time - _EPOCH) // _US,
                "content": content, "digest": hashlib.sha256(content.encode()).hexdigest(),
            })  # fmt: skip
        if not rows and progress is None:
            return 0
        with self.database.writing() as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            if self.database.file is None:  # or else a number could be committed after a greater one
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
            if progress is not None:
                kept = {"name": progress[0], "content": json.dumps(progress[1], sort_keys=True)}
                connection.execute(PROGRESS.delete().where(PROGRESS.c.name == progress[0]))
                connection.execute(PROGRESS.insert(), kept)
            if not rows:
                return 0
            counting = connection.execution_options(preserve_rowcount=True)
            return int(counting.execute(dialect.insert(ENTRIES).on_conflict_do_nothing(), rows).rowcount)

    def progress(self, name: str) -> Mapping[str, Any] | None:
        """How far a program came, as `add` was told; None at the beginning."""
        with self.database.reading() as connection:
            content = connection.execute(select(PROGRESS.c.content).where(PROGRESS.c.name == name)).scalar()
        return None if content is None else dict(json.loads(content))

    def records(self, kind: str | None = None) -> list[LogRecord]:
        """Entries in the order in which they came, all or those of a kind."""
        wanted = select(ENTRIES.c.kind, ENTRIES.c.alert, ENTRIES.c.time_us, ENTRIES.c.content).order_by(
            ENTRIES.c.number
        )
        if kind is not None:
            wanted = wanted.where(ENTRIES.c.kind == kind)
        with self.database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [record_of(row[0], row[1], _EPOCH + row[2] * _US, json.loads(row[3])) for row in rows]

    def after(self, number: int) -> tuple[list[LogRecord], int]:
        """Entries that came after one, in order, and the number of the last, by which the next can be asked for.

        Args:
            number: Number of the entry, 0 for all.
        """
        found = self.numbered(number)
        return [record for _, record in found], found[-1][0] if found else number

    def numbered(self, number: int, until: int | None = None, most: int | None = None) -> list[tuple[int, LogRecord]]:
        """The same, each with its number.

        Args:
            number: Number of the entry, 0 for all.
            until: Number of the last one that is wanted; None for all.
            most: How many entries at most.
        """
        wanted = select(ENTRIES.c.number, ENTRIES.c.kind, ENTRIES.c.alert, ENTRIES.c.time_us, ENTRIES.c.content)
        wanted = wanted.where(ENTRIES.c.number > number).order_by(ENTRIES.c.number).limit(most)
        if until is not None:
            wanted = wanted.where(ENTRIES.c.number <= until)
        with self.database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [(int(row[0]), record_of(row[1], row[2], _EPOCH + row[3] * _US, json.loads(row[4]))) for row in rows]

    def has_outcome(self, alert: str) -> bool:
        """Whether an alert has an outcome."""
        wanted = select(ENTRIES.c.number).where(ENTRIES.c.kind == "outcome", ENTRIES.c.alert == alert).limit(1)
        with self.database.reading() as connection:
            return connection.execute(wanted).first() is not None

    def table(self) -> pl.DataFrame:
        """A row for each entry in order: ``time``, ``alert``, ``kind`` and ``content`` in JSON."""
        rows = [
            (record.time, record.alert, kind_of(record), json.dumps(plain_record(record), sort_keys=True))
            for record in self.records()
        ]
        schema: dict[str, pl.DataType | type[pl.DataType]] = {"time": pl.Datetime("us", "UTC")}
        schema |= dict.fromkeys(("alert", "kind", "content"), pl.String)
        return pl.DataFrame(rows, schema=schema, orient="row")


@contextmanager
def opened_log(url: str | Path, *, made: bool = True) -> Iterator[TwinLog]:
    """The log at a URL of SQLAlchemy or in an SQLite file, which may be the store of measurements.

    Args:
        url: The URL or file.
        made: Whether a log is made where there is none.

    Raises:
        InputError: If the URL is wrong, its driver is missing, the database is damaged, or it holds no log and none is
            to be made.
        StoreError: If it cannot be reached or is locked.
    """
    database = connect(url, "LOG", durable=True)
    try:
        with database.reading() as connection:
            there = all(inspect(connection).has_table(table.name) for table in (ENTRIES, PROGRESS))
        if not (there or made):
            raise InputError([Fault("LOG", NO_LOG, database.shown)], database.shown)
        if not there:
            with database.writing() as connection:
                if database.file is None:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
                _METADATA.create_all(connection)
        set_journal(database)
        yield TwinLog(database)
    except UnusableIndexError as error:  # whose advice is for an index, which can be made again
        raise InputError([Fault(database.shown, "is damaged, or no database")], database.shown) from error
    finally:
        database.close()
