"""A draft: the hidden folder that a result is written into before it takes its place, whole or not at all.

It carries the process and the host that write it, and that process holds a lock on it. A lock ends with its process,
so the next run in the folder tells what was left behind by a process that was killed, and removes it.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grid.folder_lock import locked, take_lock

PREFIX = ".gridcarbon-draft-"
"""What the names of drafts begin with; then follow process, a random part and host."""
LONGEST_NAME = 110
"""Most characters of a draft's name."""
_LIST = "moving.json"
"""File of a draft whose files are moving out of it: their names, in order."""
_NAME = re.compile(re.escape(PREFIX) + r"(?P<process>\d+)-[0-9a-f]{8}-(?P<host>.+)")


def is_draft(folder: Path) -> bool:
    """Whether a folder is a draft, by its name."""
    return folder.name.startswith(PREFIX)


@contextmanager
def new_draft(folder: Path) -> Iterator[Path]:
    """A new draft in `folder`, removed at the end unless it took its place or was renamed.

    Raises:
        OSError: If it cannot be made.
    """
    draft, descriptor = _locked_folder(folder)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(descriptor)


def _locked_folder(folder: Path) -> tuple[Path, int]:
    """A new folder in `folder` with a descriptor that holds its lock."""
    while True:
        draft = folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}-{_host()}"
        draft.mkdir()
        try:
            descriptor = os.open(draft, os.O_RDONLY)
        except FileNotFoundError:  # taken for abandoned before it was locked
            continue
        if take_lock(descriptor, wait=False) is not False and draft.exists():
            return draft, descriptor
        os.close(descriptor)


def take_place(draft: Path, out: Path, last: str) -> bool:
    """Gives the files of a draft their place, so that the file `last` appears when all others are there.

    Where there is no folder `out`, the draft becomes it. A folder that is there stays, for it may be a mount point or
    in a folder that cannot be written: then the files move into it one by one.

    Args:
        draft: A complete draft, beside `out` or in it.
        out: The folder.
        last: Name of the file that makes it a result.

    Returns:
        Whether it took its place; False where another draft was there before it.

    Raises:
        OSError: If it cannot; its files are back in the draft then.
    """
    if not out.exists():
        try:
            draft.rename(out)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            return True
    with locked(out):
        if (out / last).exists():
            return False
        names = sorted((file.name for file in draft.iterdir()), key=lambda name: name == last)
        (draft / _LIST).write_text(json.dumps(names), encoding="utf-8")
        try:
            for name in names:
                (draft / name).replace(out / name)
        except OSError:
            for name in names:
                with suppress(OSError):
                    (out / name).replace(draft / name)
            (draft / _LIST).unlink()
            raise
    return True


def remove_abandoned(folder: Path) -> None:
    """Removes the drafts in `folder` whose processes on this host have ended, and what had moved out of them."""
    try:
        drafts = [path for path in folder.iterdir() if is_draft(path)]
    except OSError:
        return  # not a folder, or one that cannot be read: whatever is wrong with it is said elsewhere
    for draft in drafts:
        try:
            descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if _is_abandoned(draft, descriptor):
                _remove_moved(draft, folder)
                shutil.rmtree(draft, ignore_errors=True)
        finally:
            os.close(descriptor)


def _is_abandoned(draft: Path, descriptor: int) -> bool:
    """Whether the process of a draft has ended: by its lock, and where there are no locks, by its number."""
    name = _NAME.fullmatch(draft.name)
    if name is None or name["host"] != _host():  # locks of other hosts may not be seen here
        return False
    locked = take_lock(descriptor, wait=False)
    if locked is not None:
        return locked
    try:
        os.kill(int(name["process"]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _remove_moved(draft: Path, folder: Path) -> None:
    """Removes the files that a draft had moved into `folder`, unless all of them had."""
    try:
        names = json.loads((draft / _LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    with locked(folder):
        if not (folder / names[-1]).exists():
            for name in names:
                (folder / Path(name).name).unlink(missing_ok=True)


def _host() -> str:
    return re.sub(r"[^\w.-]", "_", socket.gethostname(), flags=re.ASCII)[:64] or "unknown"
