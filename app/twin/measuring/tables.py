"""The tables of a store of measurements."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    select,
)

from app.results.store.index_tables import has_format_table
from grid.errors import InputError

FORMAT: Final = 1
"""Number of the format of the tables; another arrangement needs another number."""
METADATA: Final = MetaData()
LOG_TABLES: Final = ("twin_log", "twin_progress")
"""Tables of `app.twin.log`, which may stand in the same SQLite file, whichever was made first."""
TWIN_FORMAT: Final = Table("twin_format", METADATA, Column("number", Integer, primary_key=True))
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")  # of which SQLite makes row numbers
PLACES: Final = Table(
    "measured_places",
    METADATA,
    Column("place", Integer, primary_key=True),
    Column("element_kind", Text, nullable=False),
    Column("element", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("element_kind", "element", "quantity", "source"),
)
"""A row for each place, see `grid.twin.measurements.MeasuredPlace`."""
MEASUREMENTS: Final = Table(
    "measurements",
    METADATA,
    Column("number", _NUMBER, primary_key=True),  # in the order in which they came in
    Column("place", Integer, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("content", BigInteger, nullable=False),  # check sum of the value: another value is another row
    Column("value", Double),
    Column("standard_deviation", Double, nullable=False),
    Column("quality", Text, nullable=False),  # as the source said
    Column("received_us", BigInteger, nullable=False),
    Index("measurements_once", "time_us", "place", "sequence", "content", unique=True),
)
"""A row for each measurement. Times are microseconds since 1970, UTC. Rows are added, never changed."""
REJECTED: Final = Table(
    "rejected_messages",
    METADATA,
    Column("number", _NUMBER, primary_key=True),
    Column("received_us", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
)
"""A row for each message that holds no measurement, with all that is wrong with it."""


def has_twin_tables(connection: Connection, shown: str) -> bool:
    """Whether a database holds a store of measurements; False if it can be made there.

    Raises:
        InputError: If it holds one of another format, or something else.
    """
    if not has_format_table(connection, TWIN_FORMAT, shown, LOG_TABLES):
        return False
    found = connection.execute(select(TWIN_FORMAT.c.number)).scalar()
    if found != FORMAT:
        raise InputError.single(shown, f"must be a store of measurements of format {FORMAT}", found)
    return True


def make_twin_tables(connection: Connection, shown: str) -> None:
    """Makes the tables where there are none; raises as `has_twin_tables`."""
    if not has_twin_tables(connection, shown):
        METADATA.create_all(connection)
        connection.execute(TWIN_FORMAT.insert().values(number=FORMAT))
