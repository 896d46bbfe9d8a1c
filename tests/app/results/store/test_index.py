"""Which run goes to whom, and how it ended: the index of a store."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from app.results.store.index_tables import INDEX_FORMAT, METADATA
from app.results.store.store import Store, open_store, opened_store
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused
from tests.app.results.store.conftest import Put
from tests.app.results.store.keys import LEASE_S, keys, runs


def test_each_run_is_taken_once_in_the_order_asked_for(store: Store) -> None:
    one, two, three = keys(3)
    store.index.register("sweep", runs([one, two, three]))
    asked = [three, one, two]
    assert [store.index.take(f"worker {n}", asked, LEASE_S) for n in range(4)] == [three, one, two, None]
    states = store.index.states(asked)
    assert list(states) == asked
    assert {state.worker for state in states.values()} == {"worker 0", "worker 1", "worker 2"}
    assert all(state.status == "running" and state.attempts == 1 for state in states.values())
    assert all(0 < (state.lease_left_s or 0) <= LEASE_S for state in states.values())


def test_only_the_runs_asked_for_are_taken_and_unknown_ones_become_known(store: Store) -> None:
    one, two = keys(2)
    store.index.register("sweep", runs([one]))
    assert store.index.take("worker", [two], LEASE_S) == two
    assert store.index.take("worker", [two], LEASE_S) is None
    assert store.index.states([one, two, "unknown"]).keys() == {one, two}


def test_a_heartbeat_renews_the_lease_and_says_how_far_the_run_is(store: Store) -> None:
    (key,) = keys(1)
    assert store.index.take("worker", [key], 0.05) == key
    assert store.index.renew(key, "worker", "dispatch", 0.5, LEASE_S)
    time.sleep(0.06)
    assert store.index.take("other", [key], LEASE_S) is None
    state = store.index.states([key])[key]
    assert (state.phase, state.share, state.worker) == ("dispatch", 0.5, "worker")


def test_a_run_whose_lease_expired_goes_to_another_and_the_first_cannot_finish_it(store: Store, put: Put) -> None:
    (key,) = keys(1)
    assert store.index.take("first", [key], 0.01) == key
    time.sleep(0.02)
    assert store.index.take("second", [key], LEASE_S) == key
    put(key)
    assert not store.index.renew(key, "first", "write", 0.5, LEASE_S)
    assert not store.index.release(key, "first")
    assert not store.index.finish(key, "first")
    assert store.index.states([key])[key].status == "running"
    assert store.index.finish(key, "second", seconds=2.5, peak_memory_mb=300.0)
    state = store.index.states([key])[key]
    assert (state.status, state.attempts, state.seconds, state.peak_memory_mb) == ("done", 2, 2.5, 300.0)
    assert state.lease_left_s is None


def test_what_is_given_back_waits_again(store: Store) -> None:
    (key,) = keys(1)
    assert store.index.take("first", [key], LEASE_S) == key
    assert store.index.release(key, "first")
    assert store.index.states([key])[key].status == "waiting"
    assert store.index.take("second", [key], LEASE_S) == key


def test_a_finished_run_has_the_figures_and_the_size_of_its_result(store: Store, put: Put) -> None:
    (key,) = keys(1)
    store.index.take("worker", [key], LEASE_S)
    folder = put(key)
    assert store.index.finish(key, "worker")
    state = store.index.states([key])[key]
    assert state.status == "done"
    assert state.figures == store.open(key).summary
    assert state.size_bytes == sum(file.stat().st_size for file in folder.iterdir())


def test_a_run_without_a_result_does_not_count_as_done(store: Store) -> None:
    (key,) = keys(1)
    store.index.take("worker", [key], LEASE_S)
    with pytest.raises(InputError, match="no such folder"):
        store.index.finish(key, "worker")
    assert store.index.states([key])[key].status == "running"


def test_a_failed_run_keeps_its_reason_until_it_is_retried(store: Store) -> None:
    one, two = keys(2)
    store.index.register("sweep", runs([one, two]))
    store.index.take("worker", [one], LEASE_S)
    assert store.index.finish(one, "worker", status="failed", reason="out of memory: 900 MB")
    store.index.register("sweep", runs([one, two]))
    assert store.index.take("worker", [one], LEASE_S) is None
    assert store.index.states([one])[one].reason == "out of memory: 900 MB"
    assert store.index.retry([one, two]) == 1
    assert store.index.take("worker", [one], LEASE_S) == one
    assert store.index.states([one])[one].reason == ""


def test_a_result_that_the_index_does_not_know_is_done(store: Store, put: Put) -> None:
    one, two, three = keys(3)
    put(one)
    store.index.register("sweep", runs([one, two]))
    assert store.index.states([one])[one].status == "done"
    put(two)
    assert store.index.take("worker", [one, two, three], LEASE_S) == three
    assert store.index.states([two])[two].status == "done"


def test_a_damaged_result_is_not_done(store: Store, put: Put) -> None:
    (key,) = keys(1)
    (put(key) / "buses.parquet").write_bytes(b"PAR1 and then nothing")
    store.index.register("sweep", runs([key]))
    assert store.index.take("worker", [key], LEASE_S) == key


def test_a_run_whose_result_is_gone_waits_again(store: Store, put: Put) -> None:
    (key,) = keys(1)
    folder = put(key)
    store.index.register("sweep", runs([key]))
    shutil.rmtree(folder)
    store.index.register("sweep", runs([key]))
    assert store.index.states([key])[key].status == "waiting"


def test_a_lost_index_is_made_again_from_results_and_records(store: Store, put: Put, index: str | None) -> None:
    one, two, three = keys(3)
    store.index.register("sweep", runs([one, two]), {"method": "grid"})
    put(one)
    put(three)
    if index is None:
        store.index.close()
        for file in Path(store.place).glob(".index.sqlite*"):
            file.unlink()
    else:
        with store.index.database.writing() as connection:
            METADATA.drop_all(connection)
    with opened_store(store.place, index) as again:
        assert again.index.rebuild() == 2
        states = again.index.states([one, two, three])
        assert [state.status for state in states.values()] == ["done", "waiting", "done"]
        assert again.sweeps()["sweep"].runs == tuple(runs([one, two]))
        assert again.sweeps()["sweep"].design == {"method": "grid"}


def test_making_the_index_again_leaves_running_and_failed_ones_alone(store: Store, put: Put) -> None:
    one, two, three = keys(3)
    store.index.register("sweep", runs([one, two]))
    assert [store.index.take("worker", [key], LEASE_S) for key in (one, two, three)] == [one, two, three]
    store.index.finish(two, "worker", status="failed", reason="why")
    put(three)
    store.index.finish(three, "worker", seconds=1.25)
    store.index.rebuild()
    states = store.index.states([one, two, three])
    assert [state.status for state in states.values()] == ["running", "failed", "done"]
    assert states[three].seconds == 1.25
    assert states[two].reason == "why"


@pytest.mark.slow
def test_a_server_with_another_format_is_made_again(tmp_path: Path, postgresql_url: str) -> None:
    with opened_store(tmp_path, postgresql_url) as store, store.index.database.writing() as connection:
        connection.execute(update(INDEX_FORMAT).values(number=99))
    with pytest.raises(InputError, match="is of format 99"):
        open_store(tmp_path, postgresql_url)
    assert gridcarbon("reindex", tmp_path, "--index", postgresql_url).returncode == 0
    open_store(tmp_path, postgresql_url).close()


def test_a_result_under_the_key_of_another_is_damaged(store: Store, put: Put) -> None:
    one, two = keys(2)
    put(one)
    shutil.copytree(Path(store.place) / one, Path(store.place) / two)
    store.index.register("sweep", runs([one, two]))
    assert [state.status for state in store.index.states([one, two]).values()] == ["done", "waiting"]
    with pytest.raises(InputError, match=r"holds the result of another scenario"):
        store.open(two)
    refused(gridcarbon("verify", store.place), f"{two}: holds the result of another scenario")


def test_a_result_that_is_missing_of_a_store_is_a_fault(store: Store, put: Put, index: str | None) -> None:
    lost, sound = keys(2)
    for key in (lost, sound):
        assert store.index.take("worker", [key], LEASE_S) == key
        put(key)
        assert store.index.finish(key, "worker")
    given = () if index is None else ("--index", index)
    assert gridcarbon("verify", store.place, *given).returncode == 0
    (Path(store.place) / lost / "manifest.json").unlink()
    refused(gridcarbon("verify", store.place, *given), f"{lost}/manifest.json: is missing, though the index calls")
    shutil.rmtree(Path(store.place) / lost)
    refused(gridcarbon("verify", store.place, *given), f"{lost}/manifest.json: is missing, though the index calls")
    shutil.rmtree(Path(store.place) / sound)
    assert gridcarbon("verify", store.place, *given).returncode != 0
