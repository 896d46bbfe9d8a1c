"""Jobs without workers: what is asked for is kept, and what became of it is known whatever becomes of the index."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.batch.jobs import Jobs, open_jobs
from app.batch.process import process_name
from app.failures import StoreError
from app.results.run import run_scenario
from app.results.store import database
from app.results.store.reindex import reindexed
from app.results.store.store import Store, opened_store
from app.scenario import check_scenario
from grid.errors import InputError, ScenarioError
from tests.app.batch.jobs.waiting import until
from tests.app.batch.sweeps import BASE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def jobs(store: Store) -> Iterator[Jobs]:
    with open_jobs(store, 0) as opened:
        yield opened


def ended_process(number: int) -> str:
    """The name of a process of this machine that has ended."""
    host, pid, begun, place = process_name().split(":")
    return f"{host}:{pid}:{int(begun) - 1 - number}:{place}"


def test_a_wrong_scenario_is_refused_with_all_its_faults_and_nothing_waits(jobs: Jobs, tmp_path: Path) -> None:
    wrong = {**BASE, "period": {"start": "2030-01-01", "days": 0}, "assets": [{**BASE["assets"][0], "bus": "no such"}]}
    with pytest.raises(ScenarioError) as raised:
        jobs.submit(wrong, tmp_path)
    assert {fault.place for fault in raised.value.faults} == {"period.days", "assets[0].bus"}
    assert jobs.all() == ()


def test_what_was_asked_for_is_there_when_the_server_is_started_again(store: Store, tmp_path: Path) -> None:
    with open_jobs(store, 0) as before:
        key = before.submit(BASE, tmp_path, "first try").key
    with open_jobs(store, 0) as after:
        (job,) = after.all()
        assert (job.key, job.name, job.status, job.result_name) == (key, "first try", "waiting", None)
        assert [event.text for event in after.events(key)] == ["submitted"]
    record = store.queue.record(key)
    assert check_scenario(record.content, Path(record.folder), "kept").scenario.name == "small"


def test_cancelled_and_tried_again(jobs: Jobs, store: Store, tmp_path: Path) -> None:
    key = jobs.submit(BASE, tmp_path).key
    cancelled = jobs.cancel(key)
    assert cancelled is not None
    assert cancelled.status == "cancelled"
    assert store.index.take("worker", [key], 60) is None
    again = jobs.retry(key)
    assert again is not None
    assert again.status == "waiting"
    assert [event.kind for event in jobs.events(key)] == ["submitted", "cancelled", "retried"]
    assert jobs.log(key)[1].endswith(" cancelled")


def test_a_worker_whose_job_is_cancelled_is_told_so_by_its_lease(jobs: Jobs, store: Store, tmp_path: Path) -> None:
    key = jobs.submit(BASE, tmp_path).key
    assert store.index.take("somewhere else", [key], 60) == key
    until(lambda: jobs.job(key).status == "running")  # type: ignore[union-attr]
    jobs.cancel(key)
    assert not store.index.renew(key, "somewhere else", "dispatch", 0.5, 60)
    assert not store.index.finish(key, "somewhere else", status="failed", reason="late")


def test_a_job_that_workers_die_of_has_failed(jobs: Jobs, store: Store, tmp_path: Path) -> None:
    key = jobs.submit(BASE, tmp_path).key
    for number in range(3):
        assert store.index.take(ended_process(number), [key], 3600) == key
        until(lambda: store.index.states([key])[key].status != "running")
    until(lambda: jobs.job(key).status == "failed")  # type: ignore[union-attr]
    assert "3 workers died of it" in jobs.job(key).reason  # type: ignore[union-attr]
    assert [event.kind for event in jobs.events(key)].count("died") == 3
    jobs.retry(key)
    assert store.queue.deaths(key) == 0


def test_a_lost_index_is_made_again_from_the_store(store: Store, tmp_path: Path) -> None:
    kinds = {"waits": 0, "cancelled": 1, "failed": 2, "done": 3}
    contents = {name: {**BASE, "name": name, "seed": seed} for name, seed in kinds.items()}
    with open_jobs(store, 0) as jobs:
        keys = {name: jobs.submit(content, tmp_path).key for name, content in contents.items()}
        jobs.cancel(keys["cancelled"])
        assert store.index.take("worker", [keys["failed"]], 60)
        store.index.finish(keys["failed"], "worker", status="failed", reason="out of luck")
        store.queue.ended(keys["failed"], "failed", "out of luck", {})
        run_scenario(check_scenario(contents["done"], tmp_path, "done"), tmp_path / "store" / keys["done"])
        jobs.submit(contents["done"], tmp_path)
        before = {job.name: (job.status, job.reason, job.result_name) for job in jobs.all()}
    assert before["failed"] == ("failed", "out of luck", None)
    assert before["done"] == ("done", "", keys["done"])
    store.close()
    for file in (tmp_path / "store").glob(".index.sqlite*"):
        file.unlink()
    reindexed(tmp_path / "store")
    with opened_store(tmp_path / "store") as again, open_jobs(again, 0) as jobs:
        assert {job.name: (job.status, job.reason, job.result_name) for job in jobs.all()} == before


def test_a_result_that_was_removed_is_not_run_again_by_itself(store: Store, tmp_path: Path) -> None:
    with open_jobs(store, 0) as jobs:
        key = jobs.submit(BASE, tmp_path).key
    store.queue.ended(key, "done", "", {"dispatch": 1.0})  # and its result was removed, and the index lost
    store.close()
    for file in (tmp_path / "store").glob(".index.sqlite*"):
        file.unlink()
    with opened_store(tmp_path / "store") as again, open_jobs(again, 0) as jobs:
        (job,) = jobs.all()
        assert (job.status, job.reason) == ("failed", "its result is no longer in the store")


def test_the_same_scenario_under_another_name_of_its_folder_is_the_answer(jobs: Jobs, tmp_path: Path) -> None:
    run_scenario(check_scenario(BASE, tmp_path, "small"), tmp_path / "store" / "by hand")
    job = jobs.submit(BASE, tmp_path)
    assert (job.status, job.result_name) == ("done", "by hand")
    damaged = tmp_path / "store" / "by hand" / "city.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert jobs.submit(BASE, tmp_path).status == "waiting"


def test_a_sweep_is_known_as_that_of_a_batch_and_single_runs_come_first(
    jobs: Jobs, store: Store, tmp_path: Path
) -> None:
    design = {"kind": "grid", "parameters": {"assets[roofs].p_peak_mw": [1.0, 2.0], "seed": [0, 1]}}
    runs = jobs.submit_sweep({"name": "sizes", "base": BASE, "design": design}, tmp_path)
    single = jobs.submit({**BASE, "name": "single"}, tmp_path)
    assert [job.sweep for job in runs] == ["sizes"] * 4
    assert [run.key for run in store.sweeps()["sizes"].runs] == [job.key for job in runs]
    assert store.queue.waiting(10) == [single.key, *(job.key for job in runs)]
    with pytest.raises(ScenarioError, match="design"):
        jobs.submit_sweep({"name": "sizes", "base": BASE, "design": {"kind": "no such"}}, tmp_path)


def test_a_job_that_cannot_be_written_down_is_not_there_by_halves(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    with opened_store(tmp_path / "store") as impatient:
        queue = Jobs(impatient, 0, 60, None)
        other = sqlite3.connect(tmp_path / "store" / ".index.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked"):
            queue.submit(BASE, tmp_path)
        other.execute("ROLLBACK")
        other.close()
        assert list((tmp_path / "store" / ".jobs").iterdir()) == []
        assert queue.submit(BASE, tmp_path).status == "waiting"
        queue.close()
    until(lambda: [job.name for job in jobs.all()] == ["small"])


def test_a_damaged_record_is_said(store: Store, tmp_path: Path) -> None:
    with open_jobs(store, 0) as jobs:
        key = jobs.submit(BASE, tmp_path).key
    file = tmp_path / "store" / ".jobs" / f"{key}.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "format": 2}))
    with pytest.raises(InputError, match="is of format 2"):
        store.queue.record(key)
