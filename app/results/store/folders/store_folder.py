"""What every store can do, wherever it lies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from app.results.store.key import is_key, key_from
from app.results.store.records import FOLDER, SweepRecord
from grid.errors import InputError

if TYPE_CHECKING:
    from app.results.folder import Result
    from app.simulation.phases import Progress, SimulationResult

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Found:
    """A result that lies in a store.

    Args:
        manifest: Contents of ``manifest.json``.
        summary: Contents of ``summary.json``.
        size_bytes: Size of all its files.
    """

    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    size_bytes: int


class StoreFolder(ABC):
    """The folder of a store: results by name, and records of sweeps. Hidden names are no results.

    Every method raises a `StoreError` where the folder cannot be reached, read or written.

    Args:
        shown: The folder as messages name it.
    """

    shown: str

    @abstractmethod
    def listed(self) -> list[str]:
        """All names in it that are not hidden, in order; whether they are complete results is not looked at."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is a complete result of this name."""

    def names(self) -> list[str]:
        """Names of all complete results, in order."""
        found = self.listed()
        return [name for name, there in zip(found, self.each(self.has, found), strict=True) if there]

    def name_of(self, key: str) -> str | None:
        """Name of a sound result that has this key by its manifest, but another name; None if there is none."""

        def matches(name: str) -> bool:
            try:
                manifest = self.look(name, all_files=False).manifest
                of_it = key_from(str(manifest["scenario_hash"]), manifest.get("inputs", {})) == key
                return of_it and bool(self.look(name, all_files=True))
            except InputError:
                return False

        names = [name for name in self.names() if not is_key(name)]
        return next((name for name, found in zip(names, self.each(matches, names), strict=True) if found), None)

    @abstractmethod
    def each(self, ask: Callable[[str], Answer], names: Sequence[str]) -> Iterator[Answer]:
        """The answers to what is asked of each name, in order; asked side by side where each takes a journey."""

    @abstractmethod
    def look(self, name: str, *, all_files: bool) -> Found:
        """A result without its tables, compared with its hashes.

        Args:
            name: Its name.
            all_files: Whether tables are compared with their hashes too, where they need not be fetched for that.

        Raises:
            InputError: If it is missing, damaged, foreign, or of another format.
        """

    def verify(self, name: str) -> None:
        """Compares every file of a result with its hash, where it lies. Raises as `look`."""
        self.look(name, all_files=True)

    @abstractmethod
    def open(self, name: str) -> Result:
        """A result as a folder on this machine. Raises as `look`."""

    @abstractmethod
    def write(self, name: str, outcome: SimulationResult, progress: Progress | None) -> Result:
        """Writes a result, whole or not at all; a damaged one of this name is set aside.

        Raises:
            OutOfBalanceError: If the ledgers of the run do not close.
        """

    @abstractmethod
    def clean(self, running: Collection[str]) -> None:
        """Removes what writers left behind that were killed; `running` are names that somebody may be writing."""

    def write_record(self, record: SweepRecord) -> None:
        """Writes the record of a sweep in place of the one of the same name, if there is one."""
        self.write_file(FOLDER, record.file_name, record.as_json())

    @abstractmethod
    def file_names(self, folder: str) -> list[str]:
        """Names of the files in a hidden folder of the store that are not hidden, in order; none if it is not there."""

    @abstractmethod
    def read_file(self, folder: str, name: str) -> bytes:
        """A file of a hidden folder of the store.

        Raises:
            InputError: If it is not there.
        """

    @abstractmethod
    def write_file(self, folder: str, name: str, text: str) -> None:
        """Writes a file of a hidden folder of the store, whole or not at all, in place of one that is there."""

    @abstractmethod
    def remove_file(self, folder: str, name: str) -> None:
        """Removes a file of a hidden folder of the store, if it is there."""

    @abstractmethod
    def records(self) -> list[SweepRecord]:
        """All records of sweeps.

        Raises:
            InputError: If some are damaged; all faults at once.
        """
