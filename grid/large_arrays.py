"""Large arrays of a long run, in files: what is written once and read a few times need not stay in memory meanwhile.

A file has no name, so nothing is left of it when the last array on it is gone or the process ends, however it ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import prod
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
import numpy.typing as npt

LEAST_BYTES = 16_000_000
"""Size from which on an array is large: that of ten weeks of a value for each step and bus of the reference city, a
fifth of that of a year [byte]."""

_FOLDER: ContextVar[Path | None] = ContextVar("folder of large arrays", default=None)
_mapped: WeakSet[mmap.mmap] = WeakSet()


@contextmanager
def large_arrays_in(folder: Path) -> Iterator[None]:
    """Within it, what `large_array` gives to this thread is in files of a folder, if it is large."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def large_array(shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """A new array, whose values are whatever they are: in a file if it is large and there is room, else in memory.

    Args:
        shape: Its shape.
        dtype: Its type.
    """
    folder, n_bytes = _FOLDER.get(), np.dtype(dtype).itemsize * prod(np.atleast_1d(shape).tolist())
    if folder is not None and n_bytes >= LEAST_BYTES and hasattr(os, "posix_fallocate"):
        with suppress(OSError):  # no room, no such file system: then in memory
            return np.frombuffer(_new_mapping(folder, n_bytes), dtype).reshape(shape)
    return np.empty(shape, dtype)


def moved_out(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A copy of an array in a file, where `large_array` gives one; else the array itself."""
    if _FOLDER.get() is None or values.nbytes < LEAST_BYTES:
        return values
    moved = large_array(values.shape, values.dtype)
    moved[:] = values
    return moved


def let_go_of_pages() -> None:
    """Has the system take back the memory in which large arrays stand; where they are needed they are read again."""
    for mapping in list(_mapped):
        mapping.madvise(mmap.MADV_DONTNEED)


def _new_mapping(folder: Path, n_bytes: int) -> mmap.mmap:
    """A file without a name in memory; all its room is taken now, for later there would be no error to catch."""
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, n_bytes)
        mapping = mmap.mmap(file.fileno(), n_bytes)
    _mapped.add(mapping)
    return mapping
