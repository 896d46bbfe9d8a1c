"""Waiting for what a job comes to."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.batch.jobs import Job, Jobs

LONGEST_S = 300.0
"""A machine that does other things, too, starts a worker in many seconds."""


def until(holds: Callable[[], object], seconds: float = LONGEST_S) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail("what was waited for did not happen")
        time.sleep(0.05)


def ended(jobs: Jobs, key: str) -> Job:
    """A job when it neither waits nor runs."""
    until(lambda: not of(jobs, key).active)
    return of(jobs, key)


def of(jobs: Jobs, key: str) -> Job:
    """A job that there is; what another server was given is known a moment later."""
    until(lambda: jobs.job(key) is not None)
    job = jobs.job(key)
    assert job is not None
    return job
