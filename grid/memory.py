"""The memory of this process: how much it has, and giving back what it no longer needs."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psutil

from grid.large_arrays import let_go_of_pages

MB = 1e6
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATM_BYTES = 200
"""More than the seven numbers of ``/proc/self/statm`` take."""
_OF_POLARS = "_RJEM_MALLOC_CONF"
KEEPING_FREED_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**31),
    _OF_POLARS: "dirty_decay_ms:60000,muzzy_decay_ms:60000",
}
"""Environment of a process in which one run goes on at a time, for the C library (glibc) and the allocator of polars
(jemalloc) when the process starts: its threads share one heap, and what a run frees of it, arrays of up to 32 MB, stays
there until `give_back_memory`; of tables for a minute, where polars gives it back within half a second. Of a week of
the reference city in a thread half the page faults are left by the first, and of those a fifth by the second."""
KEEPS_MB = 300.0
"""Freed memory that a process keeps between two runs, about; a week of the reference city needs 180 MB, and what
runs have in common grows besides [MB]."""

LARGE_MB = 1000.0
"""Memory from which on a process gives back what it has freed within a run, too; a month of the reference city [MB]."""


def memory_mb() -> float:
    """Resident memory of this process [MB]."""
    pid = os.getpid()
    statm = _statm(pid)
    if statm is None:
        return float(_process(pid).memory_info().rss) / MB
    return int(os.pread(statm, _STATM_BYTES, 0).split()[1]) * _PAGE_BYTES / MB


class FreedMemory:
    """Memory that a process has freed and keeps for its next run, up to a size.

    A run needs again what the one before it has freed. Were all of it given back to the system between the two, the
    system would have to find it page by page: a twelfth of the time of a week of the reference city, more where several
    processes do so at once.
    """

    def __init__(self, keeps_mb: float = KEEPS_MB) -> None:
        """Keeps nothing yet.

        Args:
            keeps_mb: How much more than after the last time that all was given back a process may have [MB].
        """
        self.keeps_mb = keeps_mb
        self._after_mb: float | None = None

    def give_back(self) -> None:
        """Gives all that was freed back to the system, if the process has more than it may keep."""
        if self._after_mb is None or memory_mb() - self._after_mb > self.keeps_mb:
            give_back_memory()
            self._after_mb = memory_mb()


def give_back_memory() -> None:
    """Gives memory that was freed back to the system, where the C library can (glibc: `malloc_trim`).

    Done once between two runs it takes milliseconds; as a threshold of the library (`MALLOC_TRIM_THRESHOLD_`) it would
    be done many times within a run, which then takes twice as long.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


def give_back_if_large(least_mb: float = LARGE_MB) -> None:
    """Gives back what was freed, between the phases or windows of a run, if this process has more than `least_mb`.

    And the memory in which large arrays stand that are in files (`grid.large_arrays`).
    """
    if memory_mb() > least_mb:
        let_go_of_pages()
        give_back_memory()


@contextmanager
def importing_much() -> Iterator[None]:
    """Imports many modules without looking for garbage meanwhile, which takes a third of their time and finds little.

    What was imported stays as long as the process, so it is not looked at later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def return_memory_of_tables_soon() -> None:
    """Has polars give freed memory back within a second; to be called before polars is imported.

    Its allocator (jemalloc) reads that from the environment when it is loaded; by default it keeps freed memory for ten
    seconds of use, and for good while nothing is asked for.
    """
    os.environ.setdefault(_OF_POLARS, "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0")


@cache
def _statm(pid: int) -> int | None:  # noqa: ARG001  of a child it is another file
    """The file in which Linux counts the pages of this process, opened once: asked for as often as once a table."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None


@cache
def _process(pid: int) -> psutil.Process:
    """A process, whose beginning is looked up only once."""
    return psutil.Process(pid)


@cache
def _trim() -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
