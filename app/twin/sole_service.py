"""One service at a time writes a store: two would take each other's session at the broker, and write one log."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from app.failures import StoreError
from app.results.store.database import Database, said
from grid.errors import InputError

_LOCK_NUMBER: Final = 0x7477696F
"""Number of the lock that a service holds in PostgreSQL."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class ServerLock:
    """The lock of the service in PostgreSQL: of a session outside of transactions, which no limit on idle ones ends.

    Args:
        database: The store.

    Raises:
        InputError: If another service holds it.
        StoreError: If the server cannot be reached.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session = self._locked_session()

    def _locked_session(self) -> Connection:
        """A session of its own that holds the lock, without a transaction."""
        try:
            session = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                session.execute(
                    text("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'")
                )  # fmt: skip  not before PostgreSQL 14
                free = session.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": _LOCK_NUMBER})
                taken = not free.scalar_one()
            except BaseException:
                session.close()
                raise
        except DBAPIError as error:
            raise said(error, self._database.shown) from error
        if taken:
            session.close()
            raise _taken(self._database)
        return session

    def check(self) -> None:
        """Takes the lock again where its session was lost, as by a restart of the server.

        Raises:
            InputError: If another service has taken it meanwhile.
        """
        try:
            self._session.execute(text("SELECT 1"))
        except (DBAPIError, ResourceClosedError):
            self._session.close()
            try:
                self._session = self._locked_session()
            except StoreError:
                return  # the server cannot be reached: no other service writes there now, and this one asks again

    def close(self) -> None:
        """Gives the lock up, with its session."""
        self._session.close()


@contextmanager
def sole_service(database: Database) -> Iterator[ServerLock | None]:
    """Holds the place of the service of a store; the end of the process gives it up, however it ends.

    A file beside that of SQLite is locked. Where its file system has no locks, nothing is held. In PostgreSQL a session
    holds a lock, which may be lost with its connection: `ServerLock.check` is to be called now and then.

    Raises:
        InputError: If another service holds it.
        StoreError: If a server cannot be reached, or the disk has no room for the file.
    """
    with ExitStack() as held:
        if database.file is not None:
            if not _locked(held, f"{database.file}.service"):
                raise _taken(database)
            yield None
        else:
            lock = ServerLock(database)
            held.callback(lock.close)
            yield lock


def _taken(database: Database) -> InputError:
    rule = "is written by another `gridcarbon twin run`: end it, or give each a store and a --client of its own"
    return InputError.single("STORE", rule, database.shown)


def _locked(held: ExitStack, path: str) -> bool:
    """Whether a file could be locked, or its file system has no locks."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        held.callback(os.close, file)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _FULL:
            raise StoreError(path, "cannot be written: the disk is full") from error
        return True
    return True
