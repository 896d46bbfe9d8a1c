"""Where a result is to be written: that it can be is tested before the work, not found out after it."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
from pathlib import Path

from app.results.draft import LONGEST_NAME, is_draft, new_draft
from grid.errors import Fault, InputError, raise_if_any
from grid.files.output import PROBE_BYTES, in_words

PLACE = "--out"
"""What faults of a target are named after."""
BYTES_PER_VALUE = 5
"""Least size of a result by step and element (bus or branch), measured from 33 to 254 buses: 5 to 14 bytes."""
LARGEST_SHARE = 0.18
"""Share of a result that its largest table takes, at least."""
_LONGEST_FILE = "data_centre_origins.parquet"
_OF_FILE_SYSTEMS = frozenset({"lost+found"})
"""What a file system puts into its root; a folder that holds nothing else counts as empty."""
_MOST_SHOWN = 200
_MB = 1e6


def _shown(out: Path) -> str:
    """A target as messages show it, which is not for pages."""
    text = str(out)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def resolve_target(out: Path) -> Path:
    """The folder that a path stands for, free of symbolic links.

    Raises:
        InputError: If it is no folder or in what is none, a loop of links, too long, or not a path.
    """
    try:
        str(out).encode()
        found = Path(os.path.realpath(out))
        existing = nearest_folder(found)
        _check_length(found, existing)
    except OSError as error:
        raise InputError.single(PLACE, in_words(error), _shown(out)) from error
    except ValueError as error:  # not UTF-8, or with a null character
        raise InputError.single(PLACE, "is not the name of a folder", _shown(out)) from error
    return found


def nearest_folder(out: Path) -> Path:
    """The folder itself if it is there, else the first above it that is."""
    for folder in (out, *out.parents):
        try:
            mode = folder.stat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, "")
        return folder
    raise OSError(errno.ENOENT, "there is no root folder")


def _check_length(out: Path, existing: Path) -> None:
    """Raises an OSError if names or paths of what will be written are too long for an existing folder above `out`."""
    names = [os.fsencode(name) for name in out.relative_to(existing).parts]
    longest_name = max(map(len, names), default=0)
    folder = len(os.fsencode(out.parent)) + max(len(os.fsencode(out.name)), LONGEST_NAME) + 2
    too_long = longest_name > os.pathconf(existing, "PC_NAME_MAX")
    if too_long or folder + len(_LONGEST_FILE) >= os.pathconf(existing, "PC_PATH_MAX"):
        raise OSError(errno.ENAMETOOLONG, "")


def is_empty(out: Path) -> bool:
    """Whether nothing is there yet: no folder, or one that holds drafts of results at most.

    Raises:
        InputError: If the folder cannot be listed.
    """
    try:
        return all(is_draft(path) or path.name in _OF_FILE_SYSTEMS for path in out.iterdir())
    except FileNotFoundError:
        return True
    except OSError as error:
        raise InputError.single(PLACE, in_words(error), _shown(out)) from error


def check_target(out: Path, needed_bytes: float) -> None:
    """Tries whether a result can be written to a resolved target, by writing a little there.

    Args:
        out: The folder, which may not exist yet.
        needed_bytes: About how much will be written.

    Raises:
        InputError: If it cannot be written, or there is not room enough.
    """
    folder = nearest_folder(out)
    try:
        with new_draft(folder) as draft:
            (draft / "probe").write_bytes(bytes(PROBE_BYTES))
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise InputError.single(PLACE, in_words(error), _shown(out)) from error
    largest, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    faults = []
    if free < needed_bytes:
        room = f"needs {needed_bytes / _MB:,.1f} MB or more, and {free / _MB:,.1f} MB are free there"
        faults.append(Fault(PLACE, room, _shown(out)))
    if resource.RLIM_INFINITY != largest < needed_bytes * LARGEST_SHARE:
        room = f"has files of {needed_bytes * LARGEST_SHARE / _MB:,.1f} MB, and `ulimit -f` allows {largest / _MB:,.1f}"
        faults.append(Fault(PLACE, room, _shown(out)))
    raise_if_any(faults, "the result folder")
