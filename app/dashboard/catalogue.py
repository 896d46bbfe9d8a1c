"""The results that are served, live: new ones appear, replaced ones are noticed, damaged ones are listed as such."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.results.folder import Result, open_result, result_folders
from app.results.verification import MANIFEST
from grid.errors import InputError

LOOK_EVERY_S = 0.5
"""How long what was found in the folder is taken to be what is there."""
_State = tuple[int, int, int, int]


@dataclass(frozen=True)
class Entry:
    """A result that is served, or that should be.

    Args:
        name: The folder's name, which addresses hold.
        label: What people read: the scenario's name and strategy; no two entries have the same.
        version: Differs between any two results that ever had this name; empty if it cannot be opened.
        result: The opened result; None if it cannot be opened.
        problem: Why it cannot be opened, in words; empty if it can.
    """

    name: str
    label: str
    version: str
    result: Result | None
    problem: str = ""


class Catalogue(Mapping[str, Result]):
    """The results that can be opened, by name, in the order of `entries`; asks again for them whenever it is read.

    Args:
        place: The folder that is served.
        look: Gives what is there now.
    """

    def __init__(self, place: Path, look: Callable[[], tuple[Entry, ...]]) -> None:
        self.place = place
        self._look = look
        self._named: tuple[tuple[Entry, ...], dict[str, Entry]] = ((), {})

    def entries(self) -> tuple[Entry, ...]:
        """All that is there, what cannot be opened too."""
        return self._look()

    def entry(self, name: str) -> Entry | None:
        """The entry of a name, or None."""
        entries, named = self.entries(), self._named
        if named[0] is not entries:
            self._named = named = (entries, {entry.name: entry for entry in entries})
        return named[1].get(name)

    def version(self, name: str) -> str:
        """The version of a result; empty if there is none that can be opened."""
        entry = self.entry(name)
        return "" if entry is None else entry.version

    def label(self, name: str) -> str:
        """What people read for a name; the name itself if there is no such entry."""
        entry = self.entry(name)
        return name if entry is None else entry.label

    def __getitem__(self, name: str) -> Result:
        entry = self.entry(name)
        if entry is None or entry.result is None:
            raise KeyError(name)
        return entry.result

    def __iter__(self) -> Iterator[str]:
        return (entry.name for entry in self.entries() if entry.result is not None)

    def __len__(self) -> int:
        return sum(entry.result is not None for entry in self.entries())


def catalogue_of(results: Mapping[str, Result]) -> Catalogue:
    """The catalogue of fixed results; a catalogue itself is returned as it is."""
    if isinstance(results, Catalogue):
        return results
    entries = _labelled([Entry(name, _plain_label(result), _version(result), result)
                         for name, result in results.items()])  # fmt: skip
    place = next((result.path.parent for result in results.values()), Path())
    return Catalogue(place, lambda: entries)


def open_catalogue(place: Path, *, may_keep: bool = False) -> Catalogue:
    """The catalogue of a result folder or of a folder of results, which is looked at again when it is asked.

    Args:
        place: The folder.
        may_keep: Whether what is made of results may be kept in it, see `app.results.prepared`.
    """
    return Catalogue(place, _Folder(place, may_keep).entries)


@dataclass
class _Folder:
    """What is in a folder of results, opened once for each state of each of them."""

    place: Path
    may_keep: bool = False
    known: dict[Path, tuple[_State, Entry]] = field(default_factory=dict)
    found: tuple[Entry, ...] = ()
    looked_s: float = -LOOK_EVERY_S
    lock: threading.Lock = field(default_factory=threading.Lock)

    def entries(self) -> tuple[Entry, ...]:
        """What is there now."""
        with self.lock:
            if time.monotonic() - self.looked_s >= LOOK_EVERY_S:
                found = _labelled([self._entry(folder) for folder in self._folders()])
                self.found = self.found if found == self.found else found
                self.looked_s = time.monotonic()
            return self.found

    def _folders(self) -> list[Path]:
        try:
            return result_folders(self.place)
        except InputError:  # empty, or gone
            return []

    def _entry(self, folder: Path) -> Entry:
        state = _state(folder)
        before = self.known.get(folder)
        if before is None or before[0] != state:
            self.known[folder] = before = (state, _opened(folder, self.may_keep and folder != self.place))
        return before[1]


def _state(folder: Path) -> _State:
    """What changes when a result is replaced, or a file of it goes or comes."""
    try:
        manifest = (folder / MANIFEST).stat()
        return manifest.st_mtime_ns, manifest.st_ino, manifest.st_size, folder.stat().st_mtime_ns
    except OSError:
        return 0, 0, 0, 0


_KEY: Final = re.compile(r"[0-9a-f]{16,}")
"""What a result that the queue has run is called."""
_DIGITS: Final = 8
"""Digits of it in a label."""


def _opened(folder: Path, may_keep: bool) -> Entry:
    try:
        result = open_result(folder, may_keep=may_keep)
    except InputError as error:
        return Entry(folder.name, folder.name, "", None, "; ".join(map(str, error.faults)))
    except OSError as error:
        return Entry(folder.name, folder.name, "", None, f"cannot be read: {error.strerror}")
    return Entry(folder.name, _plain_label(result), _version(result), result)


def _version(result: Result) -> str:
    """Of the manifest's own hash, which covers the hash of every other file."""
    return str(result.manifest.get("sha256", ""))[:16]


def _plain_label(result: Result) -> str:
    """The scenario's name and strategy, without the strategy where the name ends in it."""
    name, strategy = str(result.manifest.get("name") or result.name), str(result.manifest.get("strategy") or "")
    return name if not strategy or name.lower().endswith(strategy.lower()) else f"{name}, {strategy}"


def _labelled(entries: list[Entry]) -> tuple[Entry, ...]:
    """The entries with labels that differ: those that several share get the folder's name added."""
    often = Counter(entry.label for entry in entries)
    begins = Counter(entry.name[:_DIGITS] for entry in entries)

    def short(name: str) -> str:
        """A key of the queue by its first digits, where no other name begins with them."""
        return name[:_DIGITS] if _KEY.fullmatch(name) and begins[name[:_DIGITS]] == 1 else name

    return tuple(
        Entry(one.name, f"{one.label} ({short(one.name)})", one.version, one.result, one.problem)
        if often[one.label] > 1 else one
        for one in entries
    )  # fmt: skip
