"""The queue as a server has it: takes jobs, says where they stand, looks after its worker processes."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from app.batch.jobs.job import ACTIVE, Job, job_of
from app.batch.jobs.processes import WORKER, WorkerPool, command_of
from app.batch.jobs.rescue import end_overdue, note_ended, take_over
from app.batch.jobs.submission import checked_sweep, record_of, records_of_sweep, said_of, study_record
from app.batch.options import LEASE_S, absolute_place
from app.failures import StoreError
from app.results.store.queue.queue import Queue
from app.results.store.queue.rows import JobEvent, QueuedRun
from app.results.store.store import Store
from grid.errors import InputError
from grid.memory import MB
from grid.threads import processors

ACTIVE_S, IDLE_S = 0.5, 3.0
"""How often the index is asked while jobs go on, and while none does [s]."""
FRESH_S = 0.4
"""Answers are at most so old, so that many who ask cost as much as one [s]."""
SHARE_FOR_WORKERS = 0.8
"""Share of the machine's memory that all workers together may have."""


def open_jobs(
    store: Store, workers: int | None = None, *, lease_s: float = LEASE_S, memory_limit_mb: float | None = None,
    entry: str = WORKER,
) -> Jobs:  # fmt: skip
    """The queue of a store, with worker processes of this server; a context manager.

    Args:
        store: The store, which stays open as long.
        workers: Worker processes at most; by default one less than there are processors, and at least one. They are
            started when there is work. 0 for none: then jobs wait until another server runs them.
        lease_s: How long a job stays a worker's that gives no sign of life [s].
        memory_limit_mb: The most memory of a worker [MB]; by default its part of four fifths of the machine's.
        entry: Module of the worker processes; another than the default may know studies.

    Raises:
        StoreError: If store or index cannot be used.
    """
    return Jobs(store, max(1, processors() - 1) if workers is None else workers, lease_s, memory_limit_mb, entry)


class Jobs:
    """The queue of a store. Its methods may be called by several threads.

    Methods raise a `StoreError` where store or index cannot be used; then nothing was changed, and the same call can be
    made later.
    """

    def __init__(
        self, store: Store, workers: int, lease_s: float, memory_limit_mb: float | None, entry: str = WORKER
    ) -> None:
        self.store, self.queue, self._lease_s = store, Queue(store.index), lease_s
        self.queue.open()
        index = store.index_asked
        limit_mb = memory_limit_mb or SHARE_FOR_WORKERS * psutil.virtual_memory().total / MB / max(workers, 1)
        command = command_of(
            absolute_place(store.place), None if index is None else absolute_place(index),
            lease_s=lease_s, memory_limit_mb=limit_mb, version=version("gridcarbon"), entry=entry,
        )  # fmt: skip
        self._woken, self._closing = threading.Event(), threading.Event()
        self._pool = WorkerPool(command, workers, self._woken.set)
        self._asking, self._asked_at = threading.Lock(), 0.0
        self._known: tuple[QueuedRun, ...] = ()
        self._problem = ""
        self._phases: dict[str, tuple[str, float]] = {}
        self._fetch()
        self._thread = threading.Thread(target=self._look_after, name="jobs", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def workers(self) -> int:
        """Worker processes of this server, at most."""
        return self._pool.most

    @property
    def problem(self) -> str:
        """What holds the queue up, in words; empty if nothing does. It goes on by itself when that is mended."""
        return self._problem or self._pool.problem

    def submit(self, content: Mapping[str, Any], folder: Path, name: str = "", tags: Sequence[str] = ()) -> Job:
        """Lets a scenario be run. One that was run before is done at once; one that failed before is tried again.

        Args:
            content: The scenario, as a file would say it.
            folder: Folder that file names in it are relative to.
            name: What people call it; by default the scenario's name.
            tags: Words by which it is found again.

        Raises:
            ScenarioError: With all faults, as `gridcarbon check` names them; nothing is queued then.
        """
        record = record_of(content, folder, name, tags, self.store)
        self.queue.add([record], said_of)
        return self._changed([record.key])[0]

    def submit_study(self, content: Mapping[str, Any], folder: Path, study: str, name: str, result: str) -> Job:
        """Lets a study of a scenario be made; one that goes on stays as it is. Arguments and faults as in `submit`.

        Args:
            content: The scenario.
            folder: Folder that file names in it are relative to.
            study: What is asked, see `JobRecord.study`.
            name: What people call it.
            result: Name of the result that it is of.
        """
        record = study_record(content, folder, study, name, result)
        self.queue.add([record], said_of)
        return self._changed([record.key])[0]

    def submit_sweep(self, content: Mapping[str, Any], folder: Path) -> tuple[Job, ...]:
        """Lets the runs of a sweep be run, and makes it known as a batch does; arguments and faults as in `submit`."""
        sweep = checked_sweep(content, folder)
        records = records_of_sweep(sweep, self.store)
        self.store.index.register(sweep.name, sweep.runs, sweep.design)
        self.queue.add(records, said_of)
        return self._changed([record.key for record in records])

    def all(self) -> tuple[Job, ...]:
        """All jobs, those asked for last first, at most `MOST_LISTED`; as last known while there is a `problem`."""
        if not self._problem:
            self._ask()
        now, known = time.monotonic(), self._known
        return tuple(job_of(run, known, now - self._phases.get(run.key, ("", now))[1]) for run in known)

    def job(self, key: str) -> Job | None:
        """A job; None if there is none of this key."""
        return next((job for job in self.all() if job.key == key), None)

    def cancel(self, key: str) -> Job | None:
        """Ends a job that waits, and one that runs, on whatever server; one that has ended stays as it is."""
        self.queue.cancel([key], "cancelled")
        return next(iter(self._changed([key])), None)

    def retry(self, key: str) -> Job | None:
        """Lets a failed or cancelled job wait again; others stay as they are."""
        self.queue.retry([key], "tried again")
        return next(iter(self._changed([key])), None)

    def events(self, key: str) -> list[JobEvent]:
        """What happened to a job, in order."""
        return self.queue.events(key)

    def log(self, key: str) -> tuple[str, ...]:
        """What happened to a job in words, a line each with its time (UTC)."""
        events = self.events(key)
        return tuple(
            f"{dt.datetime.fromtimestamp(event.at, dt.UTC):%Y-%m-%d %H:%M:%S} {event.text}" for event in events
        )

    def close(self) -> None:
        """Gives back what this server's workers run, and ends them: the queue goes on when a server is there again."""
        self._closing.set()
        self._woken.set()
        self._thread.join()
        for late in self._pool.end():
            with suppress(StoreError):
                if late.key and late.name and self.store.index.release(late.key, late.name):
                    self.queue.note([late.key], "given back", "taken back, as the server ends; it waits")

    def _changed(self, keys: Sequence[str]) -> tuple[Job, ...]:
        """Jobs after something was changed, of which workers are told."""
        with self._asking:
            self._fetch()
        self._pool.look()
        self._woken.set()
        jobs = {job.key: job for job in self.all()}
        return tuple(jobs[key] for key in keys if key in jobs)

    def _ask(self) -> None:
        """Asks the index unless the answer is fresh, or somebody else is asking."""
        if time.monotonic() - self._asked_at <= FRESH_S or not self._asking.acquire(blocking=False):
            return
        try:
            self._fetch()
        finally:
            self._asking.release()

    def _fetch(self) -> None:
        """Asks the index; who does has the lock."""
        self._known = tuple(self.queue.all())
        self._asked_at = now = time.monotonic()
        before = self._phases
        running = [(run.key, run.state.phase) for run in self._known if run.state.status == "running"]
        self._phases = {key: before[key] if key in before and before[key][0] == phase else (phase, now)
                        for key, phase in running}  # fmt: skip

    def _look_after(self) -> None:
        while not self._closing.is_set():
            try:
                active = self._tick()
                self._problem = ""
            except Exception as error:  # whatever it is, it may be otherwise the next time
                words = str(error) if isinstance(error, StoreError | InputError) else f"{type(error).__name__}: {error}"
                active, self._problem = False, words
            self._woken.wait(ACTIVE_S if active else IDLE_S)
            self._woken.clear()

    def _tick(self) -> bool:
        """Looks after jobs and workers once. Returns whether there are jobs that wait or run."""
        ended = self._pool.ended()
        with self._asking:
            self._fetch()
        note_ended(self.queue, ended)
        if take_over(self.queue, [run.state for run in self._known], self._lease_s):
            with self._asking:
                self._fetch()
        end_overdue(self._pool.processes, {run.key: run.state for run in self._known})
        self._pool.provide(sum(run.state.status == "waiting" for run in self._known))
        return any(run.state.status in ACTIVE for run in self._known)
