"""Where numba keeps the machine code of compiled functions for the next start; only one process at a time writes it.

Of processes that start together one compiles a function, and the others take what it has kept. Packages with such
functions import this module before them. The code is kept beside the modules or in the user's own cache. Where neither
can be written, as in a container or a system installation, it is kept in the folder of temporary files, in a folder
that nobody else can write: who could put code there could run it.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from threading import Lock
from typing import Any, ClassVar

import numba
from numba.core import dispatcher, event
from numba.core.caching import FunctionCache
from numba.misc.appdirs import AppDirs

from grid.folder_lock import locked, take_lock

SETTINGS: Any = numba.config
"""numba's settings."""
COMPILED_PACKAGES = ("grid", "carbon", "optimizer", "pandapower")
"""Packages with functions that are compiled."""


UNREADABLE = (AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError, UnpicklingError)
"""What unpickling raises where a file is damaged or names what is no longer there."""


MOST_SECONDS_WAITED = 60.0
"""For another process that compiles a function; one that was stopped must not stop this one [s]."""
SECONDS_BETWEEN_LOOKS = 0.05
SAVING = Lock()
"""Held while code is written: who holds it may end the process without leaving a list without its code."""


class _LockedCache(FunctionCache):
    """The code of a function on disk, for one process at a time; stands for numba's own class.

    numba writes the list of what is kept before the code itself: of two first starts at once each could find the code
    of the other under its own entry. Who compiles a function has its source file locked, with all that is compiled on
    the way; numba compiles in one thread at a time.
    """

    compiling: ClassVar[dict[str, tuple[_LockedCache, int]]] = {}
    """Source files that are locked, by whom first, and their descriptors."""

    @property
    def is_empty(self) -> bool:
        """Whether no code is kept of the function as its source file is now."""
        list_of_kept: Any = self._cache_file
        try:
            return not list_of_kept._load_index()  # noqa: SLF001  numba has no other question for it
        except UNREADABLE:
            return True

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature, or None if there is none; then no other process compiles it until it is saved.

        A list of what is kept that cannot be read is emptied: it is damaged, or names types of another version of the
        program.
        """
        found = self._load(sig, target_context)
        if found is None:
            self._lock()
            found = self._load(sig, target_context)  # another process may have kept it meanwhile
            if found is not None:
                self._unlock()
        return found

    def _load(self, sig: Any, target_context: Any) -> Any:
        with locked(Path(self.cache_path)):
            try:
                return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
            except UNREADABLE:
                self.flush()  # type: ignore[no-untyped-call]
                return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps the code for a signature; where it cannot be written, the next start compiles it again."""
        try:
            with suppress(OSError), SAVING, locked(Path(self.cache_path)):
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        finally:
            self._unlock()

    def _lock(self) -> None:
        """Waits until no other process has the source file locked, and locks it, unless this one has it locked."""
        source = self._py_func.__code__.co_filename
        if source in self.compiling:
            return
        try:
            descriptor = os.open(source, os.O_RDONLY)
        except OSError:
            return
        self.compiling[source] = self, descriptor
        until = time.monotonic() + MOST_SECONDS_WAITED
        while take_lock(descriptor, wait=False) is False and time.monotonic() < until:
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _unlock(self) -> None:
        source = self._py_func.__code__.co_filename
        by_whom, descriptor = self.compiling.get(source, (None, -1))
        if by_whom is self:
            del self.compiling[source]
            os.close(descriptor)


def is_kept(function: Any) -> bool:
    """Whether code of a compiled function is kept from an earlier start."""
    cache = function._cache  # noqa: SLF001  as above
    return isinstance(cache, _LockedCache) and not cache.is_empty


class _Starts(event.Listener):
    """Calls a function whenever a compilation starts."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call

    def on_start(self, _event: object) -> None:
        """A compilation starts."""
        self.call()

    def on_end(self, _event: object) -> None:
        """It has ended, of which nobody asks."""


@contextmanager
def telling_of_compilation(tell: Callable[[], None]) -> Iterator[None]:
    """Calls `tell` whenever a function is compiled while the context lasts, and not read from what was kept."""
    with event.install_listener("numba:compile", _Starts(tell)):
        yield


def keep_code_where_it_can_be_written() -> None:
    """Has numba keep compiled code in the folder of temporary files if neither of its own places can be written."""
    users = AppDirs(appname="numba", appauthor=False)  # type: ignore[no-untyped-call]
    if SETTINGS.CACHE_DIR or _writable(Path(users.user_cache_dir)):
        return
    specs = [find_spec(name) for name in COMPILED_PACKAGES]
    folders = [Path(place) for spec in specs if spec is not None for place in spec.submodule_search_locations or ()]
    if all(_writable(folder / "__pycache__") for folder in folders):
        return
    SETTINGS.CACHE_DIR = str(_own_temporary_folder())
    os.environ.setdefault("MPLCONFIGDIR", SETTINGS.CACHE_DIR)  # of matplotlib, which pandapower imports
    logging.getLogger("gridcarbon").warning(
        "Compiled code cannot be kept beside the program or in the user's cache, and is kept in %s; "
        "NUMBA_CACHE_DIR names another folder.", SETTINGS.CACHE_DIR,
    )  # fmt: skip


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _own_temporary_folder() -> Path:
    """The same folder at every start if it is this user's alone, else a new one."""
    folder = Path(tempfile.gettempdir()) / f"gridcarbon-code-{os.geteuid()}"
    with suppress(OSError):
        folder.mkdir(mode=stat.S_IRWXU, exist_ok=True)
        found = folder.lstat()
        shared = stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not shared and _writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="gridcarbon-code-"))


keep_code_where_it_can_be_written()
dispatcher.FunctionCache = _LockedCache  # type: ignore[attr-defined]
