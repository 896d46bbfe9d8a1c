"""Where numba keeps the machine code of compiled functions for the next start; only one process at a time writes it.

Packages with such functions import this module before them. The code is kept beside the modules or in the user's own
cache. Where neither can be written, as in a container or a system installation, it is kept in the folder of temporary
files, in a folder that nobody else can write: who could put code there could run it.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numba
from numba.core import dispatcher, event
from numba.core.caching import FunctionCache
from numba.misc.appdirs import AppDirs

from grid.folder_lock import locked

SETTINGS: Any = numba.config
"""numba's settings."""
COMPILED_PACKAGES = ("grid", "carbon", "optimizer", "pandapower")
"""Packages with functions that are compiled."""


UNREADABLE = (AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError, UnpicklingError)
"""What unpickling raises where a file is damaged or names what is no longer there."""


class _LockedCache(FunctionCache):
    """The code of a function on disk, for one process at a time; stands for numba's own class.

    numba writes the list of what is kept before the code itself: of two first starts at once each could find the code
    of the other under its own entry.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature, or None if there is none.

        A list of what is kept that cannot be read is emptied: it is damaged, or names types of another version of the
        program.
        """
        with locked(Path(self.cache_path)):
            try:
                return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
            except UNREADABLE:
                self.flush()  # type: ignore[no-untyped-call]
                return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps the code for a signature; where it cannot be written, the next start compiles it again."""
        with suppress(OSError), locked(Path(self.cache_path)):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


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
