from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.batch import lease as lease_module
from app.batch.lease import Lease, RunEndedError
from app.results.store.store import Store, opened_store
from grid.memory import memory_mb

KEY = "0" * 32


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(lease_module, "MEMORY_INTERVAL_S", 0.01)
    monkeypatch.setattr(lease_module, "MOST_BETWEEN_RENEWALS_S", 0.02)
    with opened_store(tmp_path / "store") as opened:
        assert opened.index.take("me", [KEY], 60) == KEY
        yield opened


def lease_of(
    store: Store, limit_mb: float | None = None, seen: list[float] | None = None
) -> tuple[Lease, threading.Event]:
    excess = threading.Event()

    def on_excess(used_mb: float) -> None:
        (seen if seen is not None else []).append(used_mb)
        excess.set()

    return Lease(store.index, KEY, "me", lease_s=60, memory_limit_mb=limit_mb, on_excess=on_excess), excess


def until(condition: object) -> None:
    """Waits for what a thread beside brings about."""
    tick = threading.Event()
    for _ in range(1000):
        if condition():  # type: ignore[operator]
            return
        tick.wait(0.01)
    raise AssertionError("did not come about within 10 s")


def test_the_index_is_told_the_phase(store: Store) -> None:
    lease, _ = lease_of(store)
    with lease:
        lease.tell("dispatch", 0.25)
        until(lambda: store.index.states([KEY])[KEY].phase == "dispatch")
    state = store.index.states([KEY])[KEY]
    assert (state.share, state.status) == (0.25, "running")
    assert lease.peak_memory_mb >= 10


def test_a_run_whose_lease_is_lost_ends_where_it_tells_its_progress(store: Store) -> None:
    lease, _ = lease_of(store)
    with lease:
        lease.tell("dispatch", 0.0)
        store.index.release(KEY, "me")
        until(lambda: lease._ended)
        with pytest.raises(RunEndedError, match="lost"):
            lease.tell("dispatch", 0.5)


def test_too_much_memory_is_noticed_however_short_a_run_is(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "MEMORY_INTERVAL_S", 3600.0)
    lease, excess = lease_of(store, limit_mb=memory_mb() / 2)
    with lease:
        pass
    assert excess.is_set()


def test_too_much_memory_is_noticed(store: Store) -> None:
    seen: list[float] = []
    lease, excess = lease_of(store, limit_mb=memory_mb() / 2, seen=seen)
    with lease:
        assert excess.wait(10)
    assert seen[0] > memory_mb() / 4
