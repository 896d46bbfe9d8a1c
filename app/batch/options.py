"""How a batch is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LEASE_S = 60.0
"""How long a run stays a worker's that gives no sign of life, by default [s]."""

WAIT_FOR_WORKERS_S = 120.0
"""How long a batch waits when there is no worker, by default: a worker that died is back within some 20 s [s]."""
MOST_DEATHS = 3
"""How many workers may die of a run before it counts as failed."""
DIED_OF_IT = f"{MOST_DEATHS} workers died of it, perhaps for want of memory"
"""Why such a run has failed."""


def absolute_place(place: str) -> str:
    """A place of a store or an index as a process in another folder finds it."""
    return place if "://" in place else str(Path(place).absolute())


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is run.

    Args:
        index: URL of the index; None for the default of the store.
        retry_failed: Whether runs that failed before are run again.
        stop_on_failure: Whether no run begins after one has failed.
        deadline_s: Time after which no run begins and those that go on are ended [s]; None for any.
        memory_limit_mb: The most memory that a worker may have [MB]; None for any.
        lease_s: How long a run stays a worker's that gives no sign of life [s].
        wait_for_workers_s: How long the batch waits when there is no worker [s].
    """

    index: str | None = None
    retry_failed: bool = False
    stop_on_failure: bool = False
    deadline_s: float | None = None
    memory_limit_mb: float | None = None
    lease_s: float = LEASE_S
    wait_for_workers_s: float = WAIT_FOR_WORKERS_S
