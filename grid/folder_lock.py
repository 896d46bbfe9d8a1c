"""The lock of a folder, which one process holds at a time; it ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process has a folder locked, then locks it; goes on where there are no locks."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        take_lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def take_lock(descriptor: int, *, wait: bool) -> bool | None:
    """Whether the lock of an open folder is ours now; None where the file system has no locks.

    Args:
        descriptor: Of the folder; closing it gives the lock back.
        wait: Whether to wait for it; else a lock that another process holds is answered with False.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
