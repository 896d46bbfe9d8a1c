"""Jobs with worker processes, which are killed and lose their server: nothing is lost, and nothing is run twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.batch.jobs import Jobs, open_jobs
from app.results.folder import open_result
from app.results.store.store import Store, opened_store
from tests.app.batch.jobs.waiting import ended, of, until
from tests.app.batch.sweeps import BASE
from tests.app.results.store.services import postgresql
from tests.places import ROOT

pytestmark = pytest.mark.slow

BATTERY = {"kind": "battery", "name": "store", "bus": "MV3.101 Bus 98", "p_rated_mw": 0.5, "e_rated_mwh": 1.0}
LONG = {
    **BASE,
    "name": "long",
    "period": {"start": "2030-01-01", "days": 366, "step_minutes": 60},
    "dispatch": {"strategy": "optimal"},
    "assets": [*BASE["assets"], BATTERY],
}
"""A run of half a minute or more of one processor, with a dispatch that tells early how far it is."""
SERVER = """
import sys, time
from app.batch.jobs import open_jobs
from app.results.store.store import opened_store
with opened_store(sys.argv[1], sys.argv[2]) as store, open_jobs(store, 1) as jobs:
    print("ready", flush=True)
    time.sleep(600)
"""
"""A server with one worker."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Store]]:
    """A server with one worker that all tests share, and a store that it works on; the index is on a server, too."""
    place = tmp_path_factory.mktemp("jobs") / "store"
    with postgresql() as index, opened_store(place, index) as store:
        command = [sys.executable, "-c", SERVER, str(place), index]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process, store
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def jobs(server: tuple[subprocess.Popen[str], Store]) -> Iterator[Jobs]:
    """Another server on the same store, without workers: what it is asked for is run by the first."""
    with open_jobs(server[1], 0) as opened:
        yield opened


def pid_of(worker: str) -> int:
    return int(worker.split(":")[1])


def test_a_job_is_run_by_whatever_server_has_workers_and_says_what_it_did(jobs: Jobs, tmp_path: Path) -> None:
    job = ended(jobs, jobs.submit(BASE, tmp_path).key)
    assert (job.status, job.result_name, job.share, job.reason) == ("done", job.key, 1.0, "")
    open_result(Path(jobs.store.place) / job.key).verify()
    said = [event.text for event in jobs.events(job.key)]
    assert said[0] == "submitted"
    assert said[1].startswith("begun by worker ")
    assert said[2:8] == ["reads the scenario", "prepares demand, weather and prices", "dispatch", "power flow",
                         "carbon tracing", "writes the result"]  # fmt: skip
    until(lambda: jobs.events(job.key)[-1].text.startswith("done after "))
    until(lambda: jobs.queue.record(job.key).status == "done")

    again = jobs.submit(BASE, tmp_path)
    assert (again.status, again.result_name) == ("done", job.key)
    assert "run before" in jobs.events(job.key)[-1].text
    state = jobs.store.index.states([job.key])[job.key]
    assert state.attempts == 1
    assert state.peak_memory_mb


def test_a_running_job_is_cancelled_on_another_server_and_the_next_one_runs(jobs: Jobs, tmp_path: Path) -> None:
    key = jobs.submit(LONG, tmp_path).key
    until(lambda: of(jobs, key).phase == "dispatch" and of(jobs, key).share > 0)
    assert 0 < of(jobs, key).share < 1
    jobs.cancel(key)
    assert ended(jobs, jobs.submit({**BASE, "seed": 8}, tmp_path).key).status == "done"
    assert of(jobs, key).status == "cancelled"
    assert not jobs.store.has(key)


def test_a_job_that_fails_says_why_and_the_next_one_runs(jobs: Jobs, tmp_path: Path) -> None:
    key = jobs.submit({**BASE, "name": "moved"}, tmp_path).key
    jobs.cancel(key)
    record = jobs.queue.record(key)
    jobs.store.folder.write_file(".jobs", record.file_name, replace(record, content={"name": "no city"}).as_json())
    jobs.retry(key)
    job = ended(jobs, key)
    assert job.status == "failed"
    assert "city" in job.reason
    until(lambda: jobs.events(key)[-1].text.startswith("failed"))
    assert ended(jobs, jobs.submit({**BASE, "seed": 7}, tmp_path).key).status == "done"


def test_a_killed_server_leaves_a_worker_that_finishes_its_run(
    server: tuple[subprocess.Popen[str], Store], jobs: Jobs, tmp_path: Path
) -> None:
    year = {**BASE, "period": {**BASE["period"], "days": 366}}
    running, waiting = (jobs.submit({**year, "seed": seed}, tmp_path).key for seed in (1, 2))
    until(lambda: of(jobs, running).phase != "")
    worker = of(jobs, running).worker
    server[0].kill()
    server[0].wait()
    assert ended(jobs, running).status == "done"
    until(lambda: not Path(f"/proc/{pid_of(worker)}").exists())
    assert of(jobs, waiting).status == "waiting"
    assert jobs.store.index.states([running])[running].attempts == 1


def test_a_server_that_ends_gives_back_what_runs(tmp_path: Path) -> None:
    with opened_store(tmp_path / "store") as store:
        with open_jobs(store, 1) as jobs:
            key = jobs.submit(LONG, tmp_path).key
            until(lambda: of(jobs, key).phase != "")
            worker = of(jobs, key).worker
        assert not Path(f"/proc/{pid_of(worker)}").exists()
        assert store.index.states([key])[key].status == "waiting"
        assert [path.name for path in (tmp_path / "store").iterdir() if not path.name.startswith(".")] == []
