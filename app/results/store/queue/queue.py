"""The queue of a store: runs that somebody asked for one by one, each of which waits until a worker takes it.

The scenario of each lies in a file of the store (`.jobs`), so that whoever opens the store can run it, whatever became
of who asked for it. Which run goes to whom, how far it is and how it ended is in the index, as for every run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, case, func, select, update

from app.failures import StoreError
from app.results.store.index import Index
from app.results.store.index_tables import JOB_EVENTS, JOBS, RUNS, make_job_tables
from app.results.store.leases import listed
from app.results.store.queue.record import FOLDER, JobRecord, read_job, read_jobs
from app.results.store.queue.rows import JobEvent, QueuedRun, as_queued, note, rebuild_jobs, write_job
from app.results.store.rows import add_missing, result_values
from app.results.store.states import ENDED, RunStatus
from grid.errors import InputError

MOST_LISTED = 500
"""Jobs that are listed at most."""
STARTS = ("submitted", "retried")
"""Kinds of events from which on the deaths of a job's workers count."""


@dataclass(frozen=True)
class Queue:
    """The queue of a store. All methods raise a `StoreError` where the index or the store cannot be reached.

    Args:
        index: The index of the store.
    """

    index: Index

    def open(self) -> None:
        """Makes the tables where they are missing, and the rows of jobs that only the store knows."""
        with self.index.database.writing() as connection:
            make_job_tables(connection)
        records, _ = read_jobs(self.index.folder)
        with self.index.database.reading() as connection:
            asked = listed(connection, [record.key for record in records])
            statement = select(JOBS.c.key).join(asked, JOBS.c.key == asked.c.value).where(self._mine(JOBS.c.store))
            known = set(connection.scalars(statement))
        unknown = [record for record in records if record.key not in known]
        if unknown:
            with self.index.database.writing() as connection:
                rebuild_jobs(connection, self.index.store, unknown, self.index.database.now)
            self.index.reconcile([record.key for record in unknown if record.needs_run])

    def add(self, records: Sequence[JobRecord], said: Callable[[JobRecord], str]) -> None:
        """Puts runs into the queue: the file of each first, then their rows, all or none of them.

        A run that has ended waits again; one that waits or goes on stays as it is. One whose result has another name
        than its key (`JobRecord.result`), or that ended with its result, is listed and does not wait.

        Args:
            records: The runs.
            said: What is written into the log of one.
        """
        there = set(self.index.folder.file_names(FOLDER))
        try:
            for record in records:
                self.index.folder.write_file(FOLDER, record.file_name, record.as_json())
            self._write(records, said)
        except BaseException:
            with suppress(StoreError):
                for record in records:
                    if record.file_name not in there:
                        self.index.folder.remove_file(FOLDER, record.file_name)
            raise

    def _write(self, records: Sequence[JobRecord], said: Callable[[JobRecord], str]) -> None:
        now, store = self.index.database.now, self.index.store
        with self.index.database.writing() as connection:
            waiting = [record.key for record in records if record.status == "waiting"]
            add_missing(connection, store, waiting, now)
            asked = select(listed(connection, waiting).c.value)
            ended = and_(self._mine(RUNS.c.store), RUNS.c.key.in_(asked), RUNS.c.status.in_(ENDED))
            again = {"status": "waiting", "reason": "", "figures": None, "size_bytes": None, "finished": None}
            connection.execute(update(RUNS).where(ended).values(**again))
            for record in records:
                write_job(connection, store, record)
                note(connection, store, [record.key], "submitted", said(record), record.submitted)

    def stored(self, key: str) -> str | None:
        """Name of the sound result of a scenario, of which the index is told; None if there is none.

        It is the key, or any other name that somebody gave it.
        """
        folder = self.index.folder
        with suppress(InputError):
            if folder.has(key):
                found = folder.look(key, all_files=True)
                with self.index.database.writing() as connection:
                    add_missing(connection, self.index.store, [key], self.index.database.now)
                    values = {
                        **result_values(found),
                        "finished": func.coalesce(RUNS.c.finished, self.index.database.now),
                    }
                    values["seconds"] = func.coalesce(RUNS.c.seconds, values["seconds"])
                    of_it = self._mine(RUNS.c.store) & (RUNS.c.key == key) & (RUNS.c.status != "running")
                    connection.execute(update(RUNS).where(of_it).values(**values))
                return key
        return folder.name_of(key)

    def all(self) -> list[QueuedRun]:
        """Jobs, those asked for last first: all that run, and of the others the latest, `MOST_LISTED` together."""
        now = self.index.database.now
        with self.index.database.reading() as connection:
            statement = (
                select(
                    JOBS.c.name, JOBS.c.submitted, JOBS.c.place, JOBS.c.sweep, JOBS.c.tags, JOBS.c.size, JOBS.c.result,
                    JOBS.c.phases, JOBS.c.key.label("job_key"), RUNS,
                    (RUNS.c.lease_until - now).label("lease_left_s"), (now - RUNS.c.started).label("running_s"),
                )
                .join(RUNS, and_(RUNS.c.store == JOBS.c.store, RUNS.c.key == JOBS.c.key), isouter=True)
                .where(self._mine(JOBS.c.store))
                .order_by(case((RUNS.c.status == "running", 0), else_=1), JOBS.c.submitted.desc(), JOBS.c.place.desc())
                .limit(MOST_LISTED)
            )  # fmt: skip
            found = [as_queued(row) for row in connection.execute(statement)]
        return sorted(found, key=lambda run: (run.submitted, run.place), reverse=True)

    def waiting(self, most: int) -> list[str]:
        """Keys of the jobs that wait, those to run first first: single ones before those of sweeps, in their order."""
        of_sweep = JOBS.c.sweep != ""
        with self.index.database.reading() as connection:
            statement = (
                select(JOBS.c.key)
                .join(RUNS, and_(RUNS.c.store == JOBS.c.store, RUNS.c.key == JOBS.c.key))
                .where(self._mine(JOBS.c.store), RUNS.c.status == "waiting")
                .order_by(of_sweep, JOBS.c.submitted, JOBS.c.place)
                .limit(most)
            )
            return list(connection.scalars(statement))

    def record(self, key: str) -> JobRecord:
        """The record of a job.

        Raises:
            InputError: If it is not there or damaged.
        """
        return read_job(self.index.folder, key)

    def note(self, keys: Collection[str], kind: str, text: str, at: float | None = None) -> None:
        """Writes down what happened to jobs (`at`: seconds since 1970, now if None)."""
        with self.index.database.writing() as connection:
            note(connection, self.index.store, keys, kind, text, at)

    def events(self, key: str) -> list[JobEvent]:
        """What happened to a job, in order."""
        with self.index.database.reading() as connection:
            statement = (
                select(JOB_EVENTS.c.at, JOB_EVENTS.c.kind, JOB_EVENTS.c.text)
                .where(self._mine(JOB_EVENTS.c.store), JOB_EVENTS.c.key == key)
                .order_by(JOB_EVENTS.c.number)
            )
            return [JobEvent(*row) for row in connection.execute(statement)]

    def deaths(self, key: str) -> int:
        """How many workers died of a job since it was asked for."""
        kinds = [event.kind for event in self.events(key)]
        begun = max((place for place, kind in enumerate(kinds) if kind in STARTS), default=-1)
        return kinds[begun + 1 :].count("died")

    def ended(self, key: str, status: RunStatus, reason: str, phases: dict[str, float]) -> None:
        """Writes down how a job ended, in its row and its file."""
        with self.index.database.writing() as connection:
            of_it = self._mine(JOBS.c.store) & (JOBS.c.key == key)
            connection.execute(update(JOBS).where(of_it).values(phases=phases or None))
        self._rewrite(key, status, reason, phases)

    def _rewrite(self, key: str, status: RunStatus, reason: str, phases: dict[str, float]) -> None:
        try:
            record = replace(self.record(key), status=status, reason=reason, phases=phases)
        except InputError:
            return  # a file that somebody removed or damaged: the index has what is to be known
        self.index.folder.write_file(FOLDER, record.file_name, record.as_json())

    def cancel(self, keys: Sequence[str], text: str) -> list[str]:
        """Ends jobs that wait or go on. Returns which."""
        ended = self.index.cancel(keys)
        self.note(ended, "cancelled", text)
        for key in ended:
            self._rewrite(key, "cancelled", "", {})
        return ended

    def retry(self, keys: Sequence[str], text: str) -> int:
        """Lets failed and cancelled jobs wait again. Returns how many did not wait already."""
        let_wait = self.index.retry(keys)
        self.note(keys, "retried", text)
        for key in keys:
            self._rewrite(key, "waiting", "", {})
        return let_wait

    def give_back(self, worker: str) -> None:
        """Gives back whatever a worker has that does nothing."""
        of_it = self._mine(RUNS.c.store) & (RUNS.c.worker == worker) & (RUNS.c.status == "running")
        values = {"status": "waiting", "lease_until": None, "phase": "", "share": 0.0}
        with self.index.database.reading() as connection:
            if connection.execute(select(RUNS.c.key).where(of_it)).first() is None:
                return
        with self.index.database.writing() as connection:
            connection.execute(update(RUNS).where(of_it).values(**values))

    def _mine(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        return column == self.index.store
