"""The store of measurements: what came in, once, in the order in which it came; nothing is changed or removed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Insert, Row, Select, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from app.results.store.database import Database, connect, set_journal
from app.results.store.index_tables import UnusableIndexError
from app.twin.measuring.messages import ReceivedMessage
from app.twin.measuring.tables import MEASUREMENTS, PLACES, REJECTED, has_twin_tables, make_twin_tables
from grid.errors import Fault, InputError
from grid.twin.measurements import MEASUREMENT_COLUMNS, MeasuredPlace, Measurement

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_LOCK_NUMBER: Final = 0x7477696E
"""Number of the lock that the maker of tables holds in PostgreSQL."""
NO_STORE: Final = "holds no measurements; `gridcarbon twin run SOURCE STORE` takes some in"
_PLACES_AT_ONCE: Final = 200


@dataclass(frozen=True)
class AddedMeasurements:
    """What became of measurements that were given to a store.

    Args:
        new: How many were added.
        repeated: How many it had: the same source, place, time, sequence and value.
        after: Number of the last row before them, by which `MeasurementStore.after` gives them.
    """

    new: int
    repeated: int
    after: int


@dataclass(frozen=True)
class MeasurementStore:
    """A store of measurements, see `opened_measurements`; methods raise a `StoreError` where it cannot be reached.

    Args:
        database: Where it lies.
        known: Numbers of places, as far as they were asked for.
    """

    database: Database
    known: dict[MeasuredPlace, int] = field(default_factory=dict, repr=False)

    def add(
        self, measurements: Sequence[Measurement], rejected: Iterable[tuple[ReceivedMessage, str]] = ()
    ) -> AddedMeasurements:
        """Adds measurements, and messages that hold none, in one transaction: all of them are kept, or none.

        Args:
            measurements: Measurements; those that the store has are left as they are.
            rejected: Messages, each with what is wrong with it.

        Raises:
            StoreError: If the store cannot be reached or is locked; nothing was added.
        """
        refused = [{"received_us": _since_us(message.received), "topic": message.topic, "payload": message.payload,
                    "reason": reason} for message, reason in rejected]  # fmt: skip
        known = dict(self.known)
        with self.database.writing() as connection:
            before = connection.execute(select(func.max(MEASUREMENTS.c.number))).scalar() or 0
            self._know(connection, known, measurements)
            rows, new = [_row(known, each) for each in measurements], 0
            if rows:
                counting = connection.execution_options(preserve_rowcount=True)
                new = counting.execute(_insert_new(connection, MEASUREMENTS), rows).rowcount
            if refused:
                connection.execute(REJECTED.insert(), refused)
        self.known.update(known)  # only now they are there
        return AddedMeasurements(new, len(rows) - new, before)

    def _know(self, connection: Connection, known: dict[MeasuredPlace, int], wanted: Iterable[Measurement]) -> None:
        """Makes places known that are not yet."""
        unknown = list(dict.fromkeys(place for each in wanted if (place := _place(each)) not in known))
        columns = [PLACES.c[name] for name in ("element_kind", "element", "quantity", "source")]
        for first in range(0, len(unknown), _PLACES_AT_ONCE):
            some = unknown[first : first + _PLACES_AT_ONCE]
            connection.execute(_insert_new(connection, PLACES), [vars(place) for place in some])
            asked = tuple_(*columns).in_([tuple(vars(place).values()) for place in some])
            found = connection.execute(select(*columns, PLACES.c.place).where(asked))
            known.update({MeasuredPlace(*row[:4]): row[4] for row in found})

    def frame(
        self, since: datetime | None = None, until: datetime | None = None, number: int | None = None
    ) -> pl.DataFrame:
        """Measurements of a time, as a table with `MEASUREMENT_COLUMNS`, by time and number.

        The quality is what the source said; `grid.twin.quality.mark` says what the rules say.

        Args:
            since: First moment, with time zone; None for all from the beginning.
            until: Moment before which they were measured; None for all to the end.
            number: Number of the last row that counts; None for all.
        """
        query = _rows().order_by(MEASUREMENTS.c.time_us, MEASUREMENTS.c.number)
        if since is not None:
            query = query.where(MEASUREMENTS.c.time_us >= _since_us(since))
        if until is not None:
            query = query.where(MEASUREMENTS.c.time_us < _since_us(until))
        if number is not None:
            query = query.where(MEASUREMENTS.c.number <= number)
        return self._read(query)

    def after(self, number: int, most: int | None = None) -> tuple[pl.DataFrame, int]:
        """What came in after a row, in order, and the number of its last row, by which the next can be asked for.

        Args:
            number: Number of the row, 0 for all.
            most: How many rows at most.
        """
        rows = self._rows_after(number, most)
        return _frame(rows), int(rows[-1][0]) if rows else number

    def numbered(self, number: int, most: int | None = None) -> pl.DataFrame:
        """What came in after a row, in order, with its ``number`` before the other columns; arguments as in `after`."""
        return _numbered(self._rows_after(number, most))

    def _rows_after(self, number: int, most: int | None) -> Sequence[Row[Any]]:
        query = _rows().where(MEASUREMENTS.c.number > number).order_by(MEASUREMENTS.c.number).limit(most)
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def last(self, most: int) -> pl.DataFrame:
        """The rows that came in last, so many at most, in order."""
        return self.numbered_last(most).drop("number")

    def numbered_last(self, most: int) -> pl.DataFrame:
        """The same with their ``number`` before the other columns."""
        query = _rows().order_by(MEASUREMENTS.c.number.desc()).limit(most)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return _numbered(rows[::-1])

    def count_until(self, number: int) -> int:
        """How many measurements it holds up to a number."""
        counted = select(func.count()).select_from(MEASUREMENTS).where(MEASUREMENTS.c.number <= number)
        with self.database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def rejected_after(self, number: int) -> tuple[int, int]:
        """How many rejected messages came after one, and the number of the last, by which the next are asked for."""
        counted = select(func.count(), func.max(REJECTED.c.number)).where(REJECTED.c.number > number)
        with self.database.reading() as connection:
            count, last = connection.execute(counted).one()
        return count, number if last is None else last

    def _read(self, query: Select[Any]) -> pl.DataFrame:
        with self.database.reading() as connection:
            return _frame(connection.execute(query).all())

    def latest(self) -> datetime | None:
        """When the last measurement was measured; None if there is none."""
        with self.database.reading() as connection:
            last = connection.execute(select(func.max(MEASUREMENTS.c.time_us))).scalar()
        return None if last is None else _EPOCH + last * _US

    def counts(self) -> Mapping[str, int]:
        """How many measurements, places and rejected messages it holds."""
        tables = {"measurements": MEASUREMENTS, "places": PLACES, "rejected": REJECTED}
        with self.database.reading() as connection:
            return {name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                    for name, table in tables.items()}  # fmt: skip

    def rejected(self) -> pl.DataFrame:
        """Messages that hold no measurement: ``received``, ``topic``, ``payload`` and ``reason``, in order."""
        wanted = [REJECTED.c[name] for name in ("received_us", "topic", "payload", "reason")]
        with self.database.reading() as connection:
            rows = [tuple(row) for row in connection.execute(select(*wanted).order_by(REJECTED.c.number))]
        schema = {"received": pl.Int64, "topic": pl.String, "payload": pl.Binary, "reason": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(_moments("received"))


@contextmanager
def opened_measurements(url: str | Path, *, made: bool = True) -> Iterator[MeasurementStore]:
    """The store of measurements at a URL of SQLAlchemy or in an SQLite file.

    Args:
        url: A file, or ``postgresql://…``.
        made: Whether a store is made where there is none.

    Raises:
        InputError: If the URL is wrong, its driver is missing, the database is damaged or holds something else, or it
            is no store and none is to be made.
        StoreError: If it cannot be reached or is locked.
    """
    database = connect(url, "STORE", durable=True)
    try:
        _prepare(database, made=made)
        yield MeasurementStore(database)
    except UnusableIndexError as error:  # whose advice is for an index, which can be made again
        raise InputError([Fault(database.shown, "is damaged, or no database")], database.shown) from error
    finally:
        database.close()


def _prepare(database: Database, *, made: bool) -> None:
    """Makes the tables where there are none, or refuses the database."""
    with database.reading() as connection:
        complete = has_twin_tables(connection, database.shown)
    if not (complete or made):
        raise InputError([Fault("STORE", NO_STORE, database.shown)], database.shown)
    if not complete:
        with database.writing() as connection:
            if database.file is None:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
            make_twin_tables(connection, database.shown)
    set_journal(database)


def _insert_new(connection: Connection, table: Any) -> Insert:
    """An insertion that leaves rows as they are that are there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()  # type: ignore[no-any-return]


def _place(measurement: Measurement) -> MeasuredPlace:
    return MeasuredPlace(measurement.element_kind, measurement.element, measurement.quantity, measurement.source)


def _row(known: Mapping[MeasuredPlace, int], measurement: Measurement) -> dict[str, Any]:
    return {
        "place": known[_place(measurement)],
        "time_us": _since_us(measurement.time),
        "sequence": measurement.sequence,
        "content": zlib.crc32(repr(measurement.value).encode()),
        "value": measurement.value,
        "standard_deviation": measurement.standard_deviation,
        "quality": measurement.quality,
        "received_us": _since_us(measurement.received or measurement.time),
    }


def _since_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _US


def _rows() -> Select[Any]:
    of_place = {"element_kind", "element", "quantity", "source"}
    columns = {"time": "time_us", "received": "received_us"}
    wanted = [(PLACES if name in of_place else MEASUREMENTS).c[columns.get(name, name)] for name in MEASUREMENT_COLUMNS]
    same = MEASUREMENTS.c.place == PLACES.c.place
    return select(MEASUREMENTS.c.number, *wanted).join_from(MEASUREMENTS, PLACES, same)


def _frame(rows: Sequence[Any]) -> pl.DataFrame:
    stored = {name: pl.Int64 if name in {"time", "received"} else dtype for name, dtype in MEASUREMENT_COLUMNS.items()}
    frame = pl.DataFrame([tuple(row)[1:] for row in rows], schema=stored, orient="row")
    return frame.with_columns(_moments("time", "received"))


def _numbered(rows: Sequence[Any]) -> pl.DataFrame:
    """The rows with their ``number`` before the other columns."""
    return _frame(rows).insert_column(0, pl.Series("number", [row[0] for row in rows], dtype=pl.Int64))


def _moments(*names: str) -> pl.Expr:
    return pl.col(names).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
