"""Rows of jobs in the index: a record as a row, a row as what is known of a job."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, update
from sqlalchemy.dialects import postgresql, sqlite

from app.results.store.index_tables import JOB_EVENTS, JOBS, RUNS
from app.results.store.queue.record import JobRecord
from app.results.store.rows import add_missing, as_state
from app.results.store.states import ENDED, WITH_RESULT, RunState


@dataclass(frozen=True)
class QueuedRun:
    """What the index knows of a job.

    Args:
        key: Address of its result.
        name: What people call it.
        submitted: When it was asked for, seconds since 1970 (UTC).
        place: Its place among those asked for together.
        sweep: The sweep it is of; empty for none.
        tags: Words by which it is found again.
        size: What its duration depends on.
        result: Name of its result where that is not its key.
        phases: Time spent in each phase of a run that has ended [s].
        state: Its run.
        running_s: Time since it was last taken [s]; None where nobody took it.
    """

    key: str
    name: str
    submitted: float
    place: int
    sweep: str
    tags: tuple[str, ...]
    size: Mapping[str, Any]
    result: str | None
    phases: Mapping[str, float]
    state: RunState
    running_s: float | None


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job.

    Args:
        at: When, seconds since 1970 (UTC).
        kind: What kind of thing.
        text: It in words.
    """

    at: float
    kind: str
    text: str


def write_job(connection: Connection, store: str, record: JobRecord) -> None:
    """Writes the row of a job, in place of the one that was there."""
    values = {
        "name": record.name, "submitted": record.submitted, "place": record.place, "sweep": record.sweep,
        "tags": list(record.tags), "size": dict(record.size), "result": record.result,
        "phases": dict(record.phases) or None,
    }  # fmt: skip
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(JOBS).values(store=store, key=record.key, **values)
    changed = {
        name: value for name, value in values.items() if name != "phases" or value
    }  # of an earlier run they stay
    connection.execute(statement.on_conflict_do_update(index_elements=["store", "key"], set_=changed))


def as_queued(row: Row[Any]) -> QueuedRun:
    """What is known of a job from its row joined with that of its run, which has ``running_s`` besides.

    One whose result has another name than its key has no run.
    """
    state = RunState(row.job_key, "done") if row.key is None else as_state(row)
    return QueuedRun(
        row.job_key, row.name, row.submitted, row.place, row.sweep, tuple(row.tags), row.size or {}, row.result,
        row.phases or {}, state, row.running_s,
    )  # fmt: skip


def note(connection: Connection, store: str, keys: Collection[str], kind: str, text: str, at: float | None) -> None:
    """Writes down what happened to jobs."""
    moment = time.time() if at is None else at
    rows = [{"store": store, "key": key, "at": moment, "kind": kind, "text": text} for key in keys]
    if rows:
        connection.execute(JOB_EVENTS.insert(), rows)


def rebuild_jobs(connection: Connection, store: str, records: Sequence[JobRecord], now: Any) -> None:
    """Makes the rows of all jobs again from their records, when those of results are there.

    Runs that ended otherwise than with a result are as their records say. One whose result is gone is not run again
    unless somebody asks.
    """
    add_missing(connection, store, [record.key for record in records if record.needs_run], now)
    for record in records:
        write_job(connection, store, record)
        if record.status not in ENDED:
            continue
        gone = record.status in WITH_RESULT
        values = {"status": "failed" if gone else record.status,
                  "reason": "its result is no longer in the store" if gone else record.reason}  # fmt: skip
        of_it = (RUNS.c.store == store) & (RUNS.c.key == record.key) & (RUNS.c.status == "waiting")
        connection.execute(update(RUNS).where(of_it).values(**values))
