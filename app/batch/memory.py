"""The memory of this process: how much it has, and giving back what it no longer needs."""

from __future__ import annotations

import ctypes
from functools import cache

import psutil

MB = 1e6


def memory_mb() -> float:
    """Resident memory of this process [MB]."""
    return float(psutil.Process().memory_info().rss) / MB


def give_back_memory() -> None:
    """Gives memory that was freed back to the system, where the C library can (glibc: `malloc_trim`).

    Done once between two runs it takes milliseconds; as a threshold of the library (`MALLOC_TRIM_THRESHOLD_`) it would
    be done many times within a run, which then takes twice as long.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
