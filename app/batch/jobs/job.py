"""A job as people see it: a run that somebody asked for, where it stands, and how long it may still take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.batch.jobs.progress import expected_seconds, progress, usual_weights
from app.results.store.queue.rows import QueuedRun
from app.results.store.states import WITH_RESULT, RunStatus

ACTIVE = ("waiting", "running")
"""States of jobs that go on by themselves."""


@dataclass(frozen=True)
class Job:
    """A run that somebody asked for.

    Args:
        key: What it is known by: the address of its result.
        name: What people call it.
        status: Where it stands.
        phase: What it is doing; empty unless it runs.
        share: Share of the whole run that is done, estimated.
        seconds_left: Time until it ends, estimated [s]; None while that cannot be said.
        reason: Why it failed; empty otherwise.
        submitted: When it was asked for, seconds since 1970 (UTC).
        worker: Name of the process that runs it, or ran it last; empty if none did.
        result_name: Folder of its result in the store; None unless there is one.
        sweep: The sweep it is of; empty for none.
        seconds: How long it took [s]; None unless it was run.
        study: What is worked out beside the result of `result_name`; empty for a run.
    """

    key: str
    name: str
    status: RunStatus
    phase: str = ""
    share: float = 0.0
    seconds_left: float | None = None
    reason: str = ""
    submitted: float = 0.0
    worker: str = ""
    result_name: str | None = None
    sweep: str = ""
    seconds: float | None = None
    study: str = ""

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ACTIVE


def job_of(run: QueuedRun, others: Sequence[QueuedRun], in_phase_s: float) -> Job:
    """A job as people see it.

    Args:
        run: What the index knows of it.
        others: Other jobs, from whose times its own is estimated.
        in_phase_s: How long it has been in its phase [s].
    """
    state = run.state
    share, left_s = (1.0 if state.status in WITH_RESULT else 0.0), None
    if state.status == "running" and run.running_s is not None:
        expected = expected_seconds(run.size, others)
        share, left_s = progress(state.phase, state.share, in_phase_s, run.running_s, expected, usual_weights(run.size))
    return Job(
        key=run.key,
        name=run.name,
        status=state.status,
        phase=state.phase if state.status == "running" else "",
        share=share,
        seconds_left=left_s,
        reason=state.reason,
        submitted=run.submitted,
        worker=state.worker or "",
        result_name=(run.result or run.key) if state.status in WITH_RESULT else None,
        sweep=run.sweep,
        seconds=state.seconds or sum(run.phases.values()) or None,
        study=str(run.size.get("study", "")),
    )
