"""What became of jobs whose workers died, lost them, or do not end what was cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from app.batch.jobs.processes import WorkerProcess
from app.batch.options import DIED_OF_IT, MOST_DEATHS
from app.batch.process import has_ended, in_short, is_gone, is_here, process_name
from app.failures import StoreError
from app.results.store.queue.queue import Queue
from app.results.store.states import RunState

OVERDUE_S = 10.0
"""How long a worker may take to end a job that is no longer its own, before its process is ended [s]."""


def take_over(queue: Queue, states: Iterable[RunState], lease_s: float) -> bool:
    """Gives jobs back whose workers have ended without doing so; one that too many died of has failed.

    Whoever looks first does it, on whatever server. Returns whether there were any.
    """
    found = False
    for state in states:
        if not is_gone(state) or not queue.index.release(state.key, state.worker or ""):
            continue
        found = True
        worker = state.worker or ""
        if is_here(worker) and not has_ended(worker):
            queue.note(
                [state.key], "lost", f"worker {in_short(worker)} gave no sign of life for {lease_s:g} s; it waits"
            )
            continue
        queue.note([state.key], "died", f"worker {in_short(worker)} died")
        if queue.deaths(state.key) >= MOST_DEATHS:
            _give_up(queue, state.key, lease_s)
        else:
            queue.note([state.key], "waits", "it waits for another worker")
    return found


def _give_up(queue: Queue, key: str, lease_s: float) -> None:
    """Writes down a job that workers die of as failed."""
    me = process_name()
    if queue.index.take(me, [key], lease_s) and queue.index.finish(key, me, status="failed", reason=DIED_OF_IT):
        queue.note([key], "ended", f"failed: {DIED_OF_IT}")
        queue.ended(key, "failed", DIED_OF_IT, {})


def note_ended(queue: Queue, ended: Sequence[WorkerProcess]) -> None:
    """Writes down how the jobs of workers ended that could not do so themselves, since memory ran out."""
    keys = [one.key for one in ended if one.key]
    for state in queue.index.states(keys).values() if keys else ():
        if state.status == "failed":
            queue.note([state.key], "ended", f"failed: {state.reason}")
            with suppress(StoreError):
                queue.ended(state.key, "failed", state.reason, {})


def end_overdue(processes: Iterable[WorkerProcess], states: Mapping[str, RunState]) -> None:
    """Ends the processes that still work on a job that is no longer theirs, such as a cancelled one."""
    for one in processes:
        state = states.get(one.key) if one.key else None
        theirs = state is None or (state.status == "running" and state.worker == one.name)
        one.lost_since = None if theirs else one.lost_since or time.monotonic()
        if one.lost_since is not None and time.monotonic() - one.lost_since > OVERDUE_S:
            one.kill()
