"""Where a store lies, from what a user writes, and where its index lies by default."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote

from app.results.store.folders.cache import Cache
from app.results.store.folders.local import LocalFolder
from app.results.store.folders.reach import file_system_at, without_password
from app.results.store.folders.remote import RemoteFolder
from app.results.store.folders.store_folder import StoreFolder
from grid.errors import InputError
from grid.files.content import exists, is_file, is_folder

INDEX = ".index.sqlite"
"""The index of a store in a folder: a file in it."""
_FILE = "file://"


def folder_on_this_machine(place: str) -> Path | None:
    """The folder that a user names by its path or by ``file://``; None if it is at another URL."""
    path = unquote(place.removeprefix(_FILE)) if place.startswith(_FILE) else place
    return None if "://" in path else Path(path)


def is_new(place: str) -> bool:
    """Whether a store would have to be made: its folder is on this machine, and empty or not there."""
    folder = folder_on_this_machine(place)
    return folder is not None and not (is_folder(folder) and any(folder.iterdir()))


def open_folder(place: str | Path) -> StoreFolder:
    """The folder of a store at a path or URL.

    Raises:
        InputError: If it is no folder, its protocol is unknown, or what that needs is not installed.
    """
    path = place if isinstance(place, Path) else folder_on_this_machine(place)
    text = str(place)
    if path is None:
        system, root = file_system_at(text)
        shown = without_password(text).rstrip("/")
        return RemoteFolder(system, root.rstrip("/"), shown, Cache.of(text))
    if not text.removeprefix(_FILE).strip():
        raise InputError.single("STORE", "must name a folder or a URL", text)
    if exists(path) and not is_folder(path):  # in this order: another process may make the folder in between
        raise InputError.single("STORE", "is no folder", text)
    if is_file(path / "manifest.json"):
        raise InputError.single("STORE", "is a single result, not a store of results", text)
    return LocalFolder(path)


def default_index(folder: StoreFolder) -> Path:
    """Where the index of a store lies by default.

    Returns:
        ``.index.sqlite`` in a folder; for a URL one in ``$XDG_STATE_HOME/gridcarbon`` (``~/.local/state/gridcarbon``),
        named by a hash of the URL, which only this machine has.
    """
    if isinstance(folder, LocalFolder):
        return folder.path / INDEX
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    digest = hashlib.sha256(folder.shown.encode()).hexdigest()[:16]
    return Path(home) / "gridcarbon" / f"index-{digest}.sqlite"


def name_in_index(folder: StoreFolder, index: str | None) -> str:
    """What a store is called in its index, which may serve several; the index in a folder moves with the folder."""
    if not isinstance(folder, LocalFolder):
        return folder.shown
    return "." if index is None else os.path.realpath(folder.path)
