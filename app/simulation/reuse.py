"""Arrays of the dispatch and of the power flow, kept for variants that differ only in what follows these phases.

A phase is a pure function, so its arrays are addressed by a digest of all that it takes and of the source of the code
that made them (`grid.digest`). A variant with other emission factors takes them as they are, bit for bit.
"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from grid.digest import digest_of, source_digest

Arrays = Mapping[str, np.ndarray]
"""Arrays of a phase by name; none of objects."""
MOST_MEMORY_BYTES = 256_000_000
"""In the memory of a process by default: some sixty runs of a week of the reference city [byte]."""
MOST_FOLDER_BYTES = 4_000_000_000
"""In a folder by default [byte]."""
_CODE = ("grid", "optimizer")
"""Packages whose code the kept phases run."""
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What reading a file raises that is not as it was written, or is gone."""


class PhaseReuse:
    """Arrays of phases, in memory and, where there is a folder, in files that several processes share.

    Those used last are kept. A file is written whole or not at all; one that is damaged counts as missing. Where the
    folder cannot be written, arrays are kept in memory alone.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        memory_bytes: int = MOST_MEMORY_BYTES,
        folder_bytes: int = MOST_FOLDER_BYTES,
    ) -> None:
        """Keeps nothing in memory yet.

        Args:
            folder: Where files are kept; made when the first is written. None: in memory alone.
            memory_bytes: Size of what is kept in memory, at most [byte].
            folder_bytes: Size of the files, at most; beyond it those that were not used for the longest time go [byte].
        """
        self.folder = folder
        self.memory_bytes = memory_bytes
        self.folder_bytes = folder_bytes
        self._kept: OrderedDict[str, Arrays] = OrderedDict()
        self._lock = Lock()

    def get(self, phase: str, takes: tuple[Any, ...], make: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """The arrays of a phase, and whether they were there.

        Args:
            phase: Name of the phase.
            takes: All that its result depends on.
            make: Makes the arrays.
        """
        key = f"{phase.replace(' ', '-')}-{digest_of(phase, source_digest(*_CODE), *takes)}"
        found = self._from_memory(key)
        if found is None:
            found = self._from_folder(key)
            if found is not None:
                self._keep(key, found)
        if found is not None:
            return found, True
        made = make()
        self._keep(key, made)
        self._write(key, made)
        return made, False

    @property
    def n_bytes(self) -> int:
        """Size of what is kept in memory [byte]."""
        return sum(map(_n_bytes, self._kept.values()))

    def _from_memory(self, key: str) -> Arrays | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: str, arrays: Arrays) -> None:
        for array in arrays.values():
            _freeze(array)  # several runs hold it
        with self._lock:
            self._kept[key] = arrays
            while self._kept and self.n_bytes > self.memory_bytes:
                self._kept.popitem(last=False)

    def _from_folder(self, key: str) -> Arrays | None:
        if self.folder is None:
            return None
        file = self.folder / f"{key}.npz"
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as read:
                arrays = {name: read[name] for name in read.files}
            os.utime(file)
        except _DAMAGED:
            return None
        return arrays

    def _write(self, key: str, arrays: Arrays) -> None:
        if self.folder is None or _n_bytes(arrays) > self.folder_bytes:
            return
        draft = self.folder / f".{key}-{secrets.token_hex(4)}.draft"
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                with draft.open("xb") as file:
                    np.savez(file, **arrays)  # type: ignore[arg-type]  # names are no options of it
                draft.replace(self.folder / f"{key}.npz")
            finally:
                draft.unlink(missing_ok=True)
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        """Removes files until the rest is small enough, those first that were not used for the longest time."""
        files = []
        for file in (self.folder or Path()).glob("*.npz"):
            with suppress(OSError):
                files.append((file.stat().st_mtime_ns, file.stat().st_size, file))
        left = sum(size for _, size, _ in files)
        for _, size, file in sorted(files):
            if left <= self.folder_bytes:
                return
            with suppress(OSError):
                file.unlink()
                left -= size


def _freeze(array: np.ndarray) -> None:
    """Nobody can write to an array from now on, nor to what it is a part of."""
    part: object = array
    while isinstance(part, np.ndarray):
        part.flags.writeable = False
        part = part.base


def _n_bytes(arrays: Arrays) -> int:
    return sum(array.nbytes for array in arrays.values())
