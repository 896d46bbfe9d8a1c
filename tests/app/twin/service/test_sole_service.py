"""One service writes a store in PostgreSQL: its lock outlasts limits on idle sessions, and is taken again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from app.results.store.database import Database, connect
from app.twin import service
from app.twin.measuring.store import opened_measurements
from app.twin.service import TwinService
from app.twin.sole_service import ServerLock, sole_service
from grid.errors import InputError
from tests.app.results.store.services import postgresql

pytestmark = pytest.mark.slow
IDLE_S = 0.3
"""Time after which the server ends idle sessions and transactions."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that is strict with those who do nothing."""
    with postgresql() as url:
        for name in ("idle_in_transaction_session_timeout", "idle_session_timeout"):
            asked(url, f"ALTER DATABASE postgres SET {name} = '{round(1000 * IDLE_S)}ms'")
        yield url


def asked(url: str, query: str) -> list[tuple[Any, ...]]:
    """What the server answers."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(query)
        return found.fetchall() if found.description else []


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    found = connect(url, "STORE")
    yield found
    found.close()


def refused(database: Database) -> bool:
    """Whether another service would be refused."""
    try:
        with sole_service(database):
            return False
    except InputError as error:
        return "is written by another `gridcarbon twin run`" in str(error)


HOLDERS = "SELECT a.pid, a.state FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
ENDS_HOLDERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"


def test_the_lock_is_held_without_a_transaction_for_as_long_as_the_service_runs(url: str, database: Database) -> None:
    with sole_service(database) as lock:
        time.sleep(3 * IDLE_S)
        assert refused(database)
        assert lock is not None
        lock.check()
        ((pid, state),) = asked(url, HOLDERS)
        assert state == "idle"  # not: in a transaction
        lock.check()
        assert asked(url, HOLDERS)[0][0] == pid  # the same session all the time
    assert not refused(database)


def test_a_lock_whose_session_was_ended_is_taken_again(url: str, database: Database) -> None:
    with sole_service(database) as lock:
        assert lock is not None
        asked(url, ENDS_HOLDERS)
        assert asked(url, HOLDERS) == []
        lock.check()
        assert refused(database)


def test_a_service_whose_store_another_has_taken_ends(
    url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CHECK_S", 0.1)
    intake: Any = SimpleNamespace(take=lambda *_: [], n_waiting=0, connected=True, reason="")
    with opened_measurements(url) as store, sole_service(database) as lock, ExitStack() as other:
        asked(url, ENDS_HOLDERS)
        other.enter_context(sole_service(database))
        with pytest.raises(InputError, match="written by another"):
            TwinService(intake, store, lock=lock).run(lambda: False)


def test_a_server_that_is_away_is_asked_again() -> None:
    with postgresql() as url:
        database = connect(url, "STORE")
        lock = ServerLock(database)
        lock.check()
    lock.check()
    lock.check()
    lock.close()
    database.close()
