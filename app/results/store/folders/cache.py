"""Copies of remote results on this machine: a store at a URL is read and written by way of them."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.results.draft import remove_abandoned
from app.results.verification import MANIFEST
from grid.errors import InputError

MOST_GB = 20.0
"""Size that the copies of a store are kept below by default; those used longest ago go first."""
VARIABLE = "GRIDCARBON_CACHE_GB"
"""The variable of the environment that sets another."""
_GB = 1e9


@dataclass(frozen=True)
class Cache:
    """Copies of the results of one store.

    Args:
        folder: Where they lie.
        most_bytes: Size that they are kept below.
    """

    folder: Path
    most_bytes: float

    @classmethod
    def of(cls, shown: str) -> Cache:
        """That of a store, in ``$XDG_CACHE_HOME/gridcarbon`` (``~/.cache/gridcarbon``).

        The variable `VARIABLE` sets its size.

        Raises:
            InputError: If that is no number.
        """
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        digest = hashlib.sha256(shown.encode()).hexdigest()[:16]
        return cls(Path(home) / "gridcarbon" / f"store-{digest}", _most_gb() * _GB)

    def is_copy(self, name: str, manifest: bytes) -> bool:
        """Whether there is a copy of the result that has this manifest."""
        try:
            return (self.folder / name / MANIFEST).read_bytes() == manifest
        except OSError:
            return False

    def remove(self, name: str) -> None:
        """Removes a copy, the file that makes it a result first."""
        with suppress(OSError):
            (self.folder / name / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def used(self, name: str) -> None:
        """Writes down that a copy was used now."""
        with suppress(OSError):
            os.utime(self.folder / name)

    def make_room(self) -> None:
        """Removes what killed processes left, and copies used longest ago while all are larger than they may be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(self.folder)
        copies = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in copies if path.is_dir()}
        total = sum(sizes.values())
        for path in sorted(sizes, key=lambda path: path.stat().st_mtime):
            if total <= self.most_bytes:
                return
            self.remove(path.name)
            total -= sizes[path]


def _most_gb() -> float:
    given = os.environ.get(VARIABLE) or MOST_GB
    try:
        most = float(given)
    except ValueError:
        most = -1.0
    if not most >= 0:
        raise InputError.single(VARIABLE, "must be a number of gigabytes, 0 or more", given)
    return most
