"""The database of an index: SQLite in a file or PostgreSQL, and how what goes wrong with it is said."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, ColumnElement, Connection, Double, Engine, create_engine, event, literal_column, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from app.failures import StoreError
from app.results.store.index_tables import METADATA, UnusableIndexError, has_tables, make_tables
from grid.errors import InputError
from grid.files.content import shown_path
from grid.files.output import NO_PLACE, in_words

BUSY_TIMEOUT_S = 30.0
"""How long a process waits for another that writes to an SQLite index."""
LEAST_FREE_BYTES = 1 << 16
"""Room that SQLite needs to write at all: its log and what processes share of it."""
_SERVER = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
           "tcp_user_timeout": 60_000}  # fmt: skip
"""How long a server may take to answer before it counts as gone, in the words of libpq [s, and the last ms]."""
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs"}
)
"""File systems that several machines share. SQLite's log of writes (WAL) needs memory that only one machine shares."""
_CLOCKS = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)",
}
"""Seconds since 1970 by the clock of a database: workers on several machines need not agree on the time."""
_LOCK_NUMBER = 0x67726964
"""Number of the lock that the maker of tables holds in PostgreSQL."""


@dataclass(frozen=True)
class Database:
    """A database that holds an index.

    Args:
        engine: Its connections.
        shown: It as messages name it, without a password.
        file: File of an SQLite database; None for a server.
    """

    engine: Engine
    shown: str
    file: Path | None = None

    @property
    def now(self) -> ColumnElement[float]:
        """The time by its clock, seconds since 1970."""
        return literal_column(_CLOCKS[self.engine.dialect.name], Double)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: If the database cannot be reached or is locked.
            InputError: If it is damaged.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; in SQLite no other process writes during it. Raises as `reading`."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                connection = connection.execution_options(begin=begin)  # noqa: PLW2901  the same, with its kind
                with connection.begin():
                    yield connection
        except DBAPIError as error:
            raise said(error, self.shown) from error

    def close(self) -> None:
        """Closes its connections."""
        self.engine.dispose()


def open_database(url: str | Path) -> Database:
    """The database at a URL of SQLAlchemy, or in a file; made if it is an SQLite file that is not there.

    Raises:
        InputError: If the URL is wrong, its driver is missing, or the database is damaged, foreign or another format's.
        StoreError: If it cannot be reached or is locked.
    """
    database = connect(url)
    shown = database.shown
    try:
        with database.reading() as connection:
            complete = has_tables(connection, shown)
        if not complete:
            with database.writing() as connection:
                if database.file is None:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
                make_tables(connection, shown)
        set_journal(database)
    except BaseException:
        database.close()
        raise
    return database


def connect(url: str | Path, option: str = "--index", *, durable: bool = False) -> Database:
    """The database at a URL of SQLAlchemy, or in a file, whatever it holds; no connection is made yet.

    Args:
        url: The database.
        option: Where the user named it.
        durable: Whether what is written outlasts a loss of power too, which takes SQLite longer.

    Raises:
        InputError: If the URL is wrong or its driver is missing.
        StoreError: If the folder of an SQLite file cannot be made.
    """
    address = _address(url, option)
    if address.get_backend_name() != "sqlite":
        return _server(address, option)
    return _sqlite(address, address.database or "", option, "FULL" if durable else "NORMAL")


def set_aside(url: str | Path) -> str:
    """Makes room for an index in place of one that cannot be used.

    Returns:
        Where an SQLite file was moved; of a server, which tables were removed.
    """
    address = _address(url, "--index")
    if address.get_backend_name() != "sqlite":
        database = _server(address, "--index")
        with database.writing() as connection:
            METADATA.drop_all(connection)
        database.close()
        return f"tables {', '.join(METADATA.tables)} were removed"
    file = Path(address.database or "")
    aside = file.with_name(f"{file.name}.set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    try:
        file.rename(aside)
        for ending in ("-wal", "-shm"):  # what belongs to the old file must not be read into the new one
            file.with_name(file.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(str(file), f"cannot be set aside: {error.strerror}") from error
    return str(aside)


def _address(url: str | Path, option: str) -> URL:
    """The URL of a database, with the driver that we use."""
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=os.path.abspath(url))  # noqa: PTH100  without following links
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise InputError.single(option, "is not the URL of a database", url) from error
    name = address.get_backend_name()
    if name == "sqlite" and address.database not in {None, "", ":memory:"}:
        return address
    if name == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    rule = "must be an SQLite file or postgresql://…"
    raise InputError.single(option, rule, address.render_as_string())


def _server(address: URL, option: str) -> Database:
    """A server. Connections last for one transaction, so that hundreds of workers may share what the server allows."""
    try:
        engine = create_engine(address, connect_args=_SERVER, poolclass=NullPool)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        cure = "needs a driver that is not installed: pip install 'gridcarbon[postgresql]'"
        raise InputError.single(option, cure, address.render_as_string()) from error
    return Database(engine, address.render_as_string())


def _sqlite(address: URL, shown: str, option: str, synchronous: str) -> Database:
    file = Path(address.database or "")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        found = file.stat().st_mode if file.exists() else None
    except OSError as error:
        if error.errno in NO_PLACE or isinstance(error, FileExistsError):
            raise InputError.single(option, in_words(error), shown_path(file)) from error
        raise StoreError(shown, f"cannot be made: {error.strerror}") from error
    if found is not None and not stat.S_ISREG(found):
        raise InputError.single(option, "must be a file", shown_path(file))
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin as `Database` says, not as the driver guesses
        connection.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return Database(engine, shown, file)


def set_journal(database: Database) -> None:
    """Lets readers and a writer of an SQLite file work side by side where its file system can.

    It can do without if somebody is busy.
    """
    if database.file is None:
        return
    wanted = "delete" if file_system(database.file.parent) in _NETWORK else "wal"
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
            with suppress(sqlite3.OperationalError):
                cursor.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        cursor.close()
    finally:
        connection.close()


def file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The kind of file system that a folder lies in, by Linux's list of mounts; empty where there is none."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    real = os.path.realpath(folder)
    kinds = {fields[1].replace(r"\040", " "): fields[2] for fields in map(str.split, lines)}
    above = [place for place in kinds if real == place or real.startswith(place.rstrip("/") + "/")]
    return kinds[max(above, key=len)] if above else ""


def _is_full(file: str) -> bool:
    """Whether the disk of an SQLite file has no room for its log, of which SQLite says no more than that it failed."""
    try:
        return shutil.disk_usage(Path(file).parent).free < LEAST_FREE_BYTES
    except OSError:
        return False


def said(error: DBAPIError, shown: str) -> StoreError | InputError:
    """What goes wrong with a database, in words."""
    text = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if "is locked" in text:
        return StoreError(shown, f"is locked: another process has been writing to it for {BUSY_TIMEOUT_S:g} s")
    if "not a database" in text or "malformed" in text:
        return UnusableIndexError.because(shown, f"is damaged ({text})")
    if "disk is full" in text or ("disk I/O error" in text and _is_full(shown)):
        return StoreError(shown, "cannot be written: the disk is full")
    if "readonly" in text or "permission denied" in text.lower():
        return StoreError(shown, f"cannot be written: permission denied ({text})")
    if "locking protocol" in text or "disk I/O error" in text:
        return StoreError(shown, f"{text}; if it lies in a network file system without locks, give it another place")
    return StoreError(shown, f"cannot be used now: {text}")
