"""The index of a store made again by one command, whatever became of the old one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.results.store.database import set_aside
from app.results.store.folders.local import LocalFolder
from app.results.store.folders.places import default_index, open_folder
from app.results.store.index_tables import UnusableIndexError
from app.results.store.store import opened_store
from grid.errors import InputError
from grid.files.content import is_folder


@dataclass(frozen=True)
class Reindexed:
    """What became of it.

    Args:
        place: The store.
        results: Results in the index.
        sweeps: Sweeps in the index.
        set_aside: Where the old index is, if it could not be used.
    """

    place: str
    results: int
    sweeps: int
    set_aside: str | None


def reindexed(place: str | Path, index: str | None = None) -> Reindexed:
    """Makes the index of a store again from its results and its records of sweeps; arguments as in `open_store`.

    Who works on which run and why runs failed is kept, unless the old index cannot be used: it is set aside then.

    Raises:
        InputError: If there is no such store, the index is a database of something else, or results are damaged; the
            others are in the index then.
        StoreError: If the store or the index cannot be reached.
    """
    folder = open_folder(place)
    if isinstance(folder, LocalFolder) and not is_folder(folder.path):
        raise InputError.single(folder.shown, "no such folder")
    aside = None
    try:
        with opened_store(place, index):
            pass
    except UnusableIndexError:
        aside = set_aside(default_index(folder) if index is None else index)
    with opened_store(place, index) as store:
        return Reindexed(store.place, store.index.rebuild(), len(store.sweeps()), aside)
