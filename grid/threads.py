"""How many threads of this process compute at once, for all kernels in one place.

The environment variable ``GRIDCARBON_THREADS`` says it for a process, `at_most` for a block of code; by default there
are as many as the process may use processors. Results do not depend on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

VARIABLE = "GRIDCARBON_THREADS"
_OF_LIBRARIES = (
    "POLARS_MAX_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Libraries read theirs when they are imported: they must stand in the environment that a process starts with."""
_THREADS: ContextVar[int | None] = ContextVar("threads", default=None)


def processors() -> int:
    """How many threads may compute at once, at least 1: as `at_most` or the environment says, else all processors."""
    stated = _THREADS.get()
    if stated is not None:
        return stated
    text = os.environ.get(VARIABLE, "")
    if text.isdecimal() and int(text) > 0:
        return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def at_most(threads: int | None) -> Iterator[None]:
    """Within it, kernels called from this thread compute with so many threads; None leaves it as it is.

    Libraries that set up their threads when they are imported (polars, BLAS) are not reached: see `environment`.
    """
    if threads is None:
        yield
        return
    token = _THREADS.set(max(1, threads))
    try:
        yield
    finally:
        _THREADS.reset(token)


def environment(threads: int) -> dict[str, str]:
    """Variables for the environment of a process that is to compute with so many threads, libraries included."""
    return dict.fromkeys((VARIABLE, *_OF_LIBRARIES), str(threads))
