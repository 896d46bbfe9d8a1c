"""Batches on two processes of this machine, which all tests of the module share."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from app.batch.client import run_batch
from app.batch.cluster import local_cluster
from app.batch.options import BatchOptions
from app.batch.process import process_name
from app.batch.report import BatchSummary, BatchView, RunReport
from app.batch.sweep import check_sweep
from app.batch.worker import RunTask
from app.results.folder import open_result
from app.results.run import run_scenario
from app.results.store.store import Store, opened_store
from app.results.verification import TABLES
from app.scenario import check_scenario
from carbon.factors import DEFAULT_FACTOR_SET
from tests.app.batch.recording import Recording
from tests.app.batch.sweeps import BASE, sweep_file, variants_file
from tests.places import ROOT

if TYPE_CHECKING:
    from distributed import Client

pytestmark = pytest.mark.slow

YEAR = {**BASE, "period": {"start": "2030-01-01", "days": 366, "step_minutes": 60}}
Workers = Callable[[], AbstractContextManager["Client"]]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with local_cluster(2) as client:
        yield lambda: nullcontext(client)


def run(
    sweep: Path, place: Path, workers: Workers, options: BatchOptions | None = None
) -> tuple[BatchSummary, Recording]:
    told = Recording()
    with opened_store(place) as store:
        return run_batch(check_sweep(sweep), store, workers, options or BatchOptions(), told), told


def no_workers() -> AbstractContextManager[Client]:
    raise AssertionError("nothing is missing")


def started_with() -> dict[str, str]:
    """The environment that this process was started with: what is set later reaches no library that is loaded."""
    given = Path("/proc/self/environ").read_text().split("\0")
    return dict(each.split("=", 1) for each in given if "=" in each)


def test_libraries_of_a_worker_compute_with_one_thread(workers: Workers) -> None:
    with workers() as client:
        for given in client.run(started_with).values():
            assert {given.get(f"{name}_NUM_THREADS") for name in ("OPENBLAS", "OMP", "NUMBA")} == {"1"}
            assert given.get("POLARS_MAX_THREADS") == "1"


def test_every_run_is_written_as_a_single_run_is_and_the_second_time_nothing_runs(
    tmp_path: Path, workers: Workers
) -> None:
    sweep = sweep_file(tmp_path, {"assets[roofs].p_peak_mw": [1.0, 2.0], "dispatch.carbon_price_per_t": [0, 50]})
    summary, told = run(sweep, tmp_path / "store", workers)
    assert (summary.outcome, summary.view.done, summary.view.before) == ("done", 4, 0)
    assert len(told.reports) == 4
    for report in told.reports.values():
        assert {"read", "prepare", "dispatch", "power flow", "carbon tracing", "write"} <= set(report.phases)
        assert sum(report.phases.values()) <= report.seconds + 0.0005 * len(report.phases)  # which are rounded
        assert report.peak_memory_mb >= 100
    one = check_sweep(sweep).runs[3]
    alone = run_scenario(check_scenario(one.content, one.folder, one.name), tmp_path / "alone")
    stored = open_result(tmp_path / "store" / one.key)
    stored.verify()
    numbers = {key: value for key, value in alone.summary.items() if value is not None}
    assert {key: stored.summary[key] for key in numbers} == pytest.approx(numbers, rel=1e-11)  # threads sum otherwise
    assert stored.summary.keys() == alone.summary.keys()
    for table in TABLES:
        assert stored.table(table).collect().equals(alone.table(table).collect())
    again, told = run(sweep, tmp_path / "store", no_workers)
    assert (again.outcome, again.view.before, told.reports) == ("done", 4, {})
    assert not [path.name for path in (tmp_path / "store").iterdir() if path.name.startswith(".gridcarbon")]


def test_a_failing_run_is_recorded_and_the_others_go_on(tmp_path: Path, workers: Workers) -> None:
    own = tmp_path / "own.csv"
    shipped = (ROOT / "carbon" / "factors" / f"{DEFAULT_FACTOR_SET}.csv").read_text()
    variants = {
        "good": {},
        "no grid": {"dispatch.strategy": "optimal", "limits.import_max_mw": 0.5},
        "no file": {"carbon.factor_set": "own.csv"},
    }
    sweep = variants_file(tmp_path, variants)
    own.write_text(shipped)
    checked = check_sweep(sweep)
    own.unlink()  # after it was checked
    told = Recording()
    with opened_store(tmp_path / "store") as store:
        summary = run_batch(checked, store, workers, BatchOptions(), told)
        assert (summary.outcome, summary.view.done, summary.view.infeasible) == ("failed", 1, 1)
        ((name, reason),) = summary.failures
        assert name == "no file"
        assert "own.csv" in reason
        (key,) = [run.key for run in checked.runs if run.name == name]
        assert "Traceback" in (tmp_path / "store" / ".failures" / f"{key}.txt").read_text()
        assert store.index.states([key])[key].reason == reason
    assert run(sweep_file(tmp_path, {"seed": [0]}), tmp_path / "other", workers)[0].outcome == "done"


def test_a_failed_run_is_left_alone_unless_it_is_to_be_tried_again(tmp_path: Path, workers: Workers) -> None:
    sweep = sweep_file(tmp_path, {"seed": [0]})
    (one,) = check_sweep(sweep).runs
    with opened_store(tmp_path / "store") as store:
        assert store.index.take("me", [one.key], 60)
        store.index.finish(one.key, "me", status="failed", reason="out of luck")
    summary, _ = run(sweep, tmp_path / "store", no_workers)
    assert (summary.outcome, summary.failures) == ("failed", ((one.name, "out of luck"),))
    assert run(sweep, tmp_path / "store", workers, BatchOptions(retry_failed=True))[0].outcome == "done"


def test_two_batches_at_once_do_nothing_twice(tmp_path: Path, workers: Workers) -> None:
    sweep = sweep_file(tmp_path, {"assets[roofs].p_peak_mw": [1.0, 2.0, 3.0, 4.0, 5.0]})
    found: list[tuple[BatchSummary, Recording]] = []
    threads = [threading.Thread(target=lambda: found.append(run(sweep, tmp_path / "store", workers))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [summary.outcome for summary, _ in found] == ["done", "done"]
    ran = [name for _, told in found for name, report in told.reports.items() if not report.elsewhere]
    assert len(ran) == len(set(ran)) == 5
    with opened_store(tmp_path / "store") as store:
        assert {state.attempts for state in store.index.states(store.keys()).values()} == {1}


def test_a_run_of_a_worker_that_has_ended_is_taken_over_at_once(tmp_path: Path, workers: Workers) -> None:
    sweep = sweep_file(tmp_path, {"seed": [0]})
    (one,) = check_sweep(sweep).runs
    host, number, begun, place = process_name().split(":")
    with opened_store(tmp_path / "store") as store:
        assert store.index.take(f"{host}:{number}:{int(begun) - 1}:{place}", [one.key], 3600)
    assert run(sweep, tmp_path / "store", workers)[0].outcome == "done"


class ExpiresOnceHeld(Recording):
    """Lets the lease of a run expire when the batch has seen that somebody else has it."""

    def __init__(self, store: Store, key: str) -> None:
        super().__init__()
        self._store, self._key, self.held = store, key, False

    def show(self, view: BatchView) -> None:
        super().show(view)
        if view.held and not self.held:
            self.held = self._store.index.renew(self._key, "somewhere else", "", 0.0, 0.1)


def test_a_run_of_a_worker_elsewhere_is_waited_for_until_its_lease_expires(tmp_path: Path, workers: Workers) -> None:
    checked = check_sweep(sweep_file(tmp_path, {"seed": [0]}))
    (one,) = checked.runs
    with opened_store(tmp_path / "store") as store:
        assert store.index.take("somewhere else", [one.key], 3600)
        told = ExpiresOnceHeld(store, one.key)
        summary = run_batch(checked, store, workers, BatchOptions(), told)
    assert summary.outcome == "done"
    assert told.held


def test_at_the_deadline_runs_are_given_back(tmp_path: Path, workers: Workers) -> None:
    """Of a hundred years; however fast a machine is, it has not run all of them by then."""
    sweep = sweep_file(tmp_path, {"seed": list(range(100))}, YEAR)
    summary, _ = run(sweep, tmp_path / "store", workers, BatchOptions(deadline_s=0.5))
    assert (summary.outcome, summary.stopped) == ("stopped", "the deadline has passed")
    with opened_store(tmp_path / "store") as store:
        states = store.index.states([one.key for one in check_sweep(sweep).runs])
        done = {key for key, state in states.items() if state.status == "done"}
        assert {state.status for key, state in states.items() if key not in done} == {"waiting"}
        assert set(store.keys()) == done
    assert summary.view.left == 100 - len(done) > 0


def test_too_much_memory_is_a_failed_run_and_the_worker_comes_back(tmp_path: Path, workers: Workers) -> None:
    sweep = sweep_file(tmp_path, {"seed": [0]})
    summary, _ = run(sweep, tmp_path / "store", workers, BatchOptions(memory_limit_mb=50))
    assert summary.outcome == "failed"
    assert "more than the 50 MB that a worker may have" in summary.failures[0][1]
    again, _ = run(sweep, tmp_path / "store", workers, BatchOptions(retry_failed=True))
    assert (again.outcome, again.failures) == ("done", ())


def test_after_a_failure_no_run_begins_if_so_asked(tmp_path: Path, workers: Workers) -> None:
    sweep = sweep_file(tmp_path, {"seed": [0, 1, 2, 3]})
    options = BatchOptions(memory_limit_mb=50, stop_on_failure=True)
    summary, _ = run(sweep, tmp_path / "store", workers, options)
    assert (summary.outcome, summary.stopped) == ("stopped", "a run has failed")
    assert 1 <= summary.view.failed <= 3


@contextmanager
def killing_workers(place: Path, key: str) -> Iterator[None]:
    """Stops every worker as soon as it has a run, and kills it later; before that, Dask may not know that it runs."""
    over = threading.Event()

    def kill() -> None:
        killed = {process_name()}  # which records the failure
        with opened_store(place) as store:
            while not over.wait(0.005):
                state = store.index.states([key]).get(key)
                worker = None if state is None or state.status != "running" else state.worker
                if worker is not None and worker not in killed:
                    number = int(worker.split(":")[1])
                    killed.add(worker)
                    for how in (signal.SIGSTOP, signal.SIGKILL):
                        with suppress(ProcessLookupError):
                            os.kill(number, how)
                        over.wait(2.0)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_run_that_three_workers_died_of_has_failed(tmp_path: Path, workers: Workers) -> None:
    checked = check_sweep(sweep_file(tmp_path, {"seed": [0]}, YEAR))
    told, place = Recording(), tmp_path / "store"
    with opened_store(place) as store, killing_workers(place, checked.runs[0].key):
        summary = run_batch(checked, store, workers, BatchOptions(), told)
        assert store.keys() == []
    assert summary.failures == (("seed=0", "3 workers died of it, perhaps for want of memory"),)
    of_the_run = [note for note in told.notes if note.startswith("seed=0")]  # between two workers there may be none
    assert of_the_run == ["seed=0: its worker has died; it runs again"] * 2


class HandsOnAtOnce:
    """A cluster whose workers die of every run, and that hands it on before the batch misses them."""

    status = "running"

    def __init__(self, store: Store) -> None:
        self._store = store

    def nthreads(self) -> dict[str, int]:
        return {"tcp://127.0.0.1:1": 1}

    def submit(self, _function: object, task: RunTask, **_options: object) -> Future[RunReport]:
        host, number, begun, place = process_name().split(":")
        assert self._store.index.take(f"{host}:{number}:{int(begun) + 1}:{place}", [task.key], task.lease_s)
        answer: Future[RunReport] = Future()
        answer.set_result(RunReport(task.key, "held", worker=process_name()))
        return answer


def test_workers_that_died_of_a_run_count_where_it_is_handed_on_at_once(tmp_path: Path) -> None:
    told = Recording()
    with opened_store(tmp_path / "store") as store:
        cluster = cast("Client", HandsOnAtOnce(store))
        checked = check_sweep(sweep_file(tmp_path, {"seed": [0]}))
        summary = run_batch(checked, store, lambda: nullcontext(cluster), BatchOptions(), told)
    assert summary.failures == (("seed=0", "3 workers died of it, perhaps for want of memory"),)
    assert told.notes == ["seed=0: its worker has died; it runs again"] * 2


def test_a_batch_without_workers_says_so_at_once_and_ends(tmp_path: Path) -> None:
    """The workers of a cluster are all gone, and its scheduler goes on."""
    alone = cast("Client", SimpleNamespace(status="running", nthreads=dict))
    sweep, options = sweep_file(tmp_path, {"assets[roofs].p_peak_mw": [0.5]}), BatchOptions(wait_for_workers_s=0.5)
    summary, told = run(sweep, tmp_path / "store", lambda: nullcontext(alone), options)
    assert summary.outcome == "stopped"
    assert summary.stopped == "there has been no worker for 0.5 s (--wait-for-workers)"
    assert told.notes == ["there is no worker; the batch ends with status 1 if none comes within 0.5 s"]
