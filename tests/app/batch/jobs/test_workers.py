"""Jobs with worker processes, which are killed and lose their server: nothing is lost, and nothing is run twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
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

BATTERY = {"kind": "battery", "name": "store", "bus": "12", "p_rated_mw": 0.5, "e_rated_mwh": 1.0}
LONG = {
    **BASE,
    "name": "long",
    "period": {"start": "2030-01-01", "days": 366, "step_minutes": 15},
    "dispatch": {"strategy": "optimal"},
    "assets": [*BASE["assets"], BATTERY],
}
"""A run that goes on for minutes, with a dispatch that tells how far it is."""
SERVER = """
import sys, time
from pathlib import Path
from app.batch.jobs import open_jobs
from app.results.store.store import opened_store
with opened_store(sys.argv[1]) as store, open_jobs(store, 1) as jobs:
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened_store(tmp_path_factory.mktemp("jobs") / "store") as opened:
        yield opened


@pytest.fixture(scope="module")
def jobs(store: Store) -> Iterator[Jobs]:
    """A server with one worker, which all tests of the module share that do not end it."""
    with open_jobs(store, 1) as opened:
        yield opened


def pid_of(worker: str) -> int:
    return int(worker.split(":")[1])


def test_a_job_is_run_and_says_what_it_did(jobs: Jobs, store: Store, tmp_path: Path) -> None:
    job = ended(jobs, jobs.submit(BASE, tmp_path).key)
    assert (job.status, job.result_name, job.share, job.reason) == ("done", job.key, 1.0, "")
    open_result(Path(store.place) / job.key).verify()
    said = [event.text for event in jobs.events(job.key)]
    assert said[0] == "submitted"
    assert said[1].startswith("begun by worker ")
    assert said[2:-1] == ["reads the scenario", "prepares demand, weather and prices", "dispatch", "power flow",
                          "carbon tracing", "writes the result"]  # fmt: skip
    assert said[-1].startswith("done after ")
    assert store.index.states([job.key])[job.key].peak_memory_mb

    again = jobs.submit(BASE, tmp_path)
    assert (again.status, again.result_name) == ("done", job.key)
    assert "run before" in jobs.events(job.key)[-1].text
    assert store.index.states([job.key])[job.key].attempts == 1


def test_a_job_that_fails_says_why_and_the_next_one_runs(jobs: Jobs, store: Store, tmp_path: Path) -> None:
    profile = tmp_path / "own.csv"
    profile.write_text((ROOT / "carbon" / "factors" / "germany_2023.csv").read_text())
    failing = {**BASE, "name": "no file", "carbon": {"factor_set": "own.csv"}}
    with open_jobs(store, 0) as elsewhere:
        key = elsewhere.submit(failing, tmp_path).key
        profile.unlink()
    job = ended(jobs, key)
    assert job.status == "failed"
    assert "own.csv" in job.reason
    assert jobs.events(key)[-1].text.startswith("failed")
    assert ended(jobs, jobs.submit({**BASE, "seed": 7}, tmp_path).key).status == "done"


def test_a_running_job_is_cancelled_and_the_next_one_runs(jobs: Jobs, tmp_path: Path) -> None:
    key = jobs.submit(LONG, tmp_path).key
    until(lambda: of(jobs, key).phase == "dispatch" and of(jobs, key).share > 0)
    assert 0 < of(jobs, key).share < 1
    jobs.cancel(key)
    assert ended(jobs, jobs.submit({**BASE, "seed": 8}, tmp_path).key).status == "done"
    assert of(jobs, key).status == "cancelled"
    assert jobs.store.has(key) is False


def test_a_killed_server_leaves_a_worker_that_finishes_its_run(tmp_path: Path) -> None:
    place = tmp_path / "store"
    command = [sys.executable, "-c", SERVER, str(place)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    year = {**BASE, "period": {**BASE["period"], "days": 366}}
    with opened_store(place) as store, open_jobs(store, 0) as jobs:
        running = jobs.submit(year, tmp_path).key
        waiting = jobs.submit({**BASE, "seed": 9}, tmp_path).key
        until(lambda: of(jobs, running).phase != "")
        worker = of(jobs, running).worker
        server.kill()
        server.wait()
        server.stdout.close()
        assert ended(jobs, running).status == "done"
        until(lambda: not Path(f"/proc/{pid_of(worker)}").exists())
        assert of(jobs, waiting).status == "waiting"
        assert store.index.states([running])[running].attempts == 1


def test_a_run_of_a_killed_worker_goes_on_in_another_and_waits_when_the_server_ends(tmp_path: Path) -> None:
    with opened_store(tmp_path / "store") as store:
        with open_jobs(store, 1) as jobs:
            key = jobs.submit(LONG, tmp_path).key
            until(lambda: of(jobs, key).phase != "")
            first = of(jobs, key).worker
            os.kill(pid_of(first), signal.SIGKILL)
            until(lambda: of(jobs, key).worker != first and of(jobs, key).phase != "")
            assert [event.kind for event in jobs.events(key)].count("died") == 1
            worker = of(jobs, key).worker
        assert not Path(f"/proc/{pid_of(worker)}").exists()
        assert store.index.states([key])[key].status == "waiting"
        assert [path.name for path in (tmp_path / "store").iterdir() if not path.name.startswith(".")] == []


def test_servers_on_one_index_share_the_queue(tmp_path: Path) -> None:
    with (
        postgresql() as index,
        opened_store(tmp_path / "store", index) as one,
        opened_store(tmp_path / "store", index) as other,
        open_jobs(one, 1) as working,
        open_jobs(other, 0) as asking,
    ):
        long = asking.submit(LONG, tmp_path).key
        short = asking.submit(BASE, tmp_path).key
        until(lambda: of(asking, long).phase == "dispatch")
        asking.cancel(long)  # in the hands of the other server's worker
        assert ended(asking, short).status == "done"
        until(lambda: {job.key: job.status for job in working.all()} == {long: "cancelled", short: "done"})
