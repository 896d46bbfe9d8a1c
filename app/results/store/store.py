"""A store: results by the hashes of their scenarios, in a folder or at a URL, and the index of its runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.results.store.database import open_database
from app.results.store.folders.local import LocalFolder
from app.results.store.folders.places import default_index, name_in_index, open_folder
from app.results.store.folders.store_folder import StoreFolder
from app.results.store.index import Index
from app.results.store.key import is_key
from app.results.store.queue.queue import Queue
from app.results.store.records import SweepRecord

if TYPE_CHECKING:
    from app.results.folder import Result
    from app.simulation.phases import Progress, SimulationResult


@dataclass(frozen=True)
class Store:
    """A place that holds many results. Close it after use; it may be used by several threads, not across a fork.

    Every method raises a `StoreError` where the place cannot be reached, read or written.

    Args:
        place: The folder, or the URL, as messages name it.
        folder: What lies there.
        index: The index of its runs.
        index_asked: The index as it was asked for, by which another process opens the same; None for the default.
    """

    place: str
    folder: StoreFolder
    index: Index
    index_asked: str | None = None

    def keys(self) -> list[str]:
        """Keys of all results, in order; results with other names, such as a user's own, are left out."""
        return [name for name in self.folder.names() if is_key(name)]

    def has(self, key: str) -> bool:
        """Whether there is a complete result of this key."""
        return self.folder.has(key)

    def open(self, key: str) -> Result:
        """The result of this key, as a folder on this machine.

        Raises:
            InputError: If it is missing, damaged, or of another format.
        """
        return self.folder.open(key)

    def write(self, key: str, outcome: SimulationResult, progress: Progress | None = None) -> Result:
        """Writes the result of a run, whole or not at all; if it is there already, that is returned.

        Raises:
            OutOfBalanceError: If the ledgers of the run do not close; nothing is written then.
        """
        return self.folder.write(key, outcome, progress)

    def sweeps(self) -> dict[str, SweepRecord]:
        """The sweeps whose runs were registered, by name, with their designs.

        Raises:
            InputError: If their records are damaged.
        """
        return {record.sweep: record for record in self.folder.records()}

    @property
    def queue(self) -> Queue:
        """The runs that were asked for one by one."""
        return Queue(self.index)

    def close(self) -> None:
        """Closes the index."""
        self.index.close()


def open_store(place: str | Path, index: str | None = None) -> Store:
    """Opens a store, which is made if it is not there.

    Args:
        place: A folder, or a URL that fsspec knows (`s3://bucket/folder`, `memory://…`).
        index: The index: an SQLite file or a URL of SQLAlchemy (`postgresql+psycopg://user@host/name`); by default
            ``.index.sqlite`` in a folder, and for a URL a file among the user's, see `default_index`.

    Raises:
        InputError: If the place or the index is wrong, or what either needs is not installed.
        StoreError: If either cannot be reached.
    """
    folder = open_folder(place)
    if isinstance(folder, LocalFolder):
        folder.make()
    database = open_database(default_index(folder) if index is None else index)
    return Store(folder.shown, folder, Index(database, name_in_index(folder, index), folder), index)


@contextmanager
def opened_store(place: str | Path, index: str | None = None) -> Iterator[Store]:
    """A store that is closed at the end; arguments and faults as in `open_store`."""
    store = open_store(place, index)
    try:
        yield store
    finally:
        store.close()
