"""Studies of a scenario in the queue of runs: worked out by a worker, kept beside the results, never run twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

from app.batch.jobs import Jobs, open_jobs
from app.batch.jobs.job import Job
from app.batch.report import RunReport
from app.batch.worker import RunTask, run_in_worker
from app.commands.study_worker import STUDIES
from app.results.store.queue.record import JobRecord
from app.results.store.reindex import reindexed
from app.results.store.store import Store, opened_store
from app.scenario import check_scenario
from app.studies.hosting.kept import kept_at, kept_capacities
from tests.app.batch.jobs.waiting import ended

CASE33 = {
    "name": "thirty-three",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-06-01", "days": 1, "step_minutes": 60},
    "dispatch": {"strategy": "unmanaged"},
    "limits": {"vm_min_pu": 0.85, "vm_max_pu": 1.1},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened_store(tmp_path_factory.mktemp("studies") / "store") as opened:
        yield opened


@pytest.fixture(scope="module")
def jobs(store: Store) -> Iterator[Jobs]:
    with open_jobs(store, 0) as opened:
        yield opened


def asked(jobs: Jobs, what: str) -> Job:
    return jobs.submit_study(CASE33, Path(), f"hosting {what}", f"Hosting capacity, {what}", "of_result")


def worked(jobs: Jobs, record: JobRecord) -> RunReport:
    """What a worker does with a record."""
    kind, _, what = record.study.partition(" ")
    task = RunTask(
        record.key, record.name, record.content, Path(record.folder), str(jobs.store.place), jobs.store.index_asked,
        "tests", 60.0, None, version("gridcarbon"),
    )  # fmt: skip
    report = run_in_worker(task, None, partial(STUDIES[kind], what))
    jobs.queue.ended(record.key, report.status, report.reason, dict(report.phases))
    return report


def test_capacities_of_all_buses_are_worked_out_as_a_job_and_kept_beside_the_result(jobs: Jobs, store: Store) -> None:
    job = asked(jobs, "pv")
    assert (job.status, job.study, job.result_name) == ("waiting", "hosting pv", None)
    assert asked(jobs, "heat_pump").key != job.key
    report = worked(jobs, store.queue.record(job.key))
    assert (report.status, report.reason) == ("done", "")
    done = ended(jobs, job.key)
    assert (done.status, done.result_name) == ("done", "of_result")
    assert done.seconds is not None
    results, sha256 = Path(str(store.place)), check_scenario(CASE33, Path(), "").scenario.sha256
    found = kept_capacities(results, sha256, "pv")
    assert found is not None
    assert len(found) == 33
    assert kept_capacities(results, sha256) is None  # of data centres nobody asked
    assert pl.read_csv(kept_at(results, sha256, "pv"))["binding"].null_count() < 33
    assert store.index.with_result() == set()  # the index does not take it for a run


def test_a_study_that_is_done_stays_so_when_the_index_is_made_again(jobs: Jobs, store: Store) -> None:
    job = asked(jobs, "ev_fleet")
    worked(jobs, store.queue.record(job.key))
    waiting = asked(jobs, "heat_pump")
    reindexed(store.place, store.index_asked)
    with open_jobs(store, 0) as again:
        states = {one.key: one.status for one in again.all()}
    assert (states[job.key], states[waiting.key]) == ("done", "waiting")


def test_what_cannot_grow_fails_with_its_reason_and_can_be_tried_again(jobs: Jobs, store: Store) -> None:
    job = asked(jobs, "roofs")
    report = worked(jobs, store.queue.record(job.key))
    assert report.status == "failed"
    assert "no such data centre, asset or kind" in report.reason
    again = jobs.retry(job.key)
    assert again is not None
    assert again.status == "waiting"
