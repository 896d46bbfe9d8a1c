"""The tables of an index, and whether a database holds them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    select,
)

from grid.errors import Fault, InputError


class UnusableIndexError(InputError):
    """An index is damaged or of another format; it can be made again."""

    @classmethod
    def because(cls, shown: str, rule: str) -> UnusableIndexError:
        """The error of an index that messages call `shown`."""
        return cls([Fault(shown, f"{rule}; `gridcarbon reindex` makes it anew")], shown)


FORMAT = 1
"""Number of the format of the tables; another arrangement needs another number."""

METADATA = MetaData()
INDEX_FORMAT = Table("index_format", METADATA, Column("number", Integer, primary_key=True))
RUNS = Table(
    "runs",
    METADATA,
    Column("store", Text, primary_key=True),  # one database may serve several stores
    Column("key", Text, primary_key=True),
    Column("scenario_hash", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("worker", Text),
    Column("phase", Text, nullable=False, default=""),
    Column("share", Double, nullable=False, default=0.0),
    Column("lease_until", Double),
    Column("attempts", Integer, nullable=False, default=0),
    Column("registered", Double),
    Column("started", Double),
    Column("finished", Double),
    Column("seconds", Double),
    Column("peak_memory_mb", Double),
    Column("size_bytes", BigInteger),
    Column("figures", JSON(none_as_null=True)),
)
"""A row for each run. Times are seconds since 1970 by the clock of the database."""
VARIANTS = Table(
    "variants",
    METADATA,
    Column("store", Text, primary_key=True),
    Column("sweep", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("place", Integer, nullable=False),  # its place in the sweep
    Column("tags", JSON, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("key", Text, nullable=False, index=True),
)
"""A row for each run of a sweep, as the sweep names it."""
JOBS = Table(
    "run_jobs",
    METADATA,
    Column("store", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("submitted", Double, nullable=False),
    Column("place", Integer, nullable=False),  # its place among those submitted together
    Column("sweep", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("size", JSON, nullable=False),  # what its duration depends on
    Column("result", Text),  # name of its result where that is not its key
    Column("phases", JSON(none_as_null=True)),  # time spent in each phase [s], when it has ended
)
"""A row for each run that somebody asked for by itself: it is run without a batch that waits for it."""
JOB_EVENTS = Table(
    "run_events",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("store", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("run_events_of_key", "store", "key"),
)
"""What happened to jobs, in words, in order."""


def has_format_table(connection: Connection, table: Table, shown: str, guests: Collection[str] = ()) -> bool:
    """Whether a database holds the table that states a format; False if it and those beside it can be made there.

    Args:
        connection: To the database.
        table: The table.
        shown: The database as messages name it.
        guests: Names of tables that may stand in an SQLite file beside them.

    Raises:
        InputError: If it holds something else: in SQLite any other table, elsewhere one of a name that is needed.
    """
    present = set(inspect(connection).get_table_names())
    if table.name in present:
        return True
    present -= set(guests)
    of_others = present if connection.dialect.name == "sqlite" else present & set(table.metadata.tables)
    if of_others:
        raise InputError.single(shown, "is a database of something else", ", ".join(sorted(of_others)[:3]))
    return False


def has_tables(connection: Connection, shown: str) -> bool:
    """Whether a database holds an index; False if it can be made there.

    Args:
        connection: To the database.
        shown: The index as messages name it.

    Raises:
        UnusableIndexError: If it holds an index of another format.
        InputError: If it holds something else.
    """
    if not has_format_table(connection, INDEX_FORMAT, shown):
        return False
    found = connection.execute(select(INDEX_FORMAT.c.number)).scalar()
    if found != FORMAT:
        raise UnusableIndexError.because(shown, f"is of format {found}, and this gridcarbon has format {FORMAT}")
    return True


def make_tables(connection: Connection, shown: str) -> None:
    """Makes the tables where there are none; raises as `has_tables`. The transaction must exclude others that do so."""
    if not has_tables(connection, shown):
        METADATA.create_all(connection)
        connection.execute(INDEX_FORMAT.insert().values(number=FORMAT))


def make_job_tables(connection: Connection) -> None:
    """Makes the tables of jobs in an index of an earlier gridcarbon, which has none."""
    METADATA.create_all(connection, tables=[JOBS, JOB_EVENTS])
