"""A file to be written: that it can be is tested before the work, and it is written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import shown_path

PROBE_BYTES = 1 << 16
"""Written to a folder to see whether it can be."""
_WORDS = {
    errno.ELOOP: "is a loop of symbolic links",
    errno.ENAMETOOLONG: "is a name too long for the file system",
    errno.ENOTDIR: "is no folder, or is in what is none",
    errno.EACCES: "cannot be written: permission denied",
    errno.EROFS: "cannot be written: the file system is read-only",
    errno.ENOSPC: "cannot be written: the disk is full",
    errno.EDQUOT: "cannot be written: the disk quota is used up",
}
"""How errors of the file system are said, by number."""
NO_PLACE = frozenset({errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR})
"""Errors by which the name itself is wrong: it will be tomorrow too."""


def is_of_file_system(error: OSError) -> bool:
    """Whether an error says something of a place, and not of what was done there."""
    return error.errno in _WORDS and error.filename is not None


def in_words(error: OSError) -> str:
    """What is wrong with a place to write to, from an error of the file system."""
    return _WORDS.get(error.errno or 0, f"cannot be written: {error.strerror or error}")


def check_output(file: Path, endings: Sequence[str], place: str) -> None:
    """Looks whether a file can be written, by writing a little beside it.

    Args:
        file: The file; one that is there will be replaced.
        endings: What its name may end in, such as ``.csv``.
        place: What faults are named after, such as ``--out``.

    Raises:
        InputError: With all that is wrong.
    """
    raise_if_any(output_faults(file, endings, place), "the file to write")


def output_faults(file: Path, endings: Sequence[str], place: str) -> list[Fault]:
    """What `check_output` raises, as a list."""
    faults = []
    if file.suffix not in endings:
        faults.append(
            Fault(place, f"must end in {', '.join(endings)}", shown_path(file), nearest(file.suffix, endings))
        )
    try:
        _probe(_resolved(file))
    except FileNotFoundError:
        faults.append(Fault(place, "no such folder", shown_path(file.parent)))
    except IsADirectoryError:
        faults.append(Fault(place, "is a folder", shown_path(file)))
    except OSError as error:
        faults.append(Fault(place, in_words(error), shown_path(file)))
    except ValueError:  # not UTF-8, or with a null character
        faults.append(Fault(place, "is not the name of a file", shown_path(file)))
    return faults


@contextmanager
def written_whole(file: Path, place: str) -> Iterator[Path]:
    """A file beside `file` to write to, which takes its place at the end; nothing is left where that fails.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        target = _resolved(file)
        draft = target.with_name(f".gridcarbon-{secrets.token_hex(8)}{target.suffix}")
        try:
            yield draft
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InputError.single(place, in_words(error), shown_path(file)) from error


def _resolved(file: Path) -> Path:
    """The file that a path stands for, free of symbolic links.

    Raises:
        OSError: If it is something else, such as a folder or a pipe, or a name that the file system does not take.
        ValueError: If it is no name.
    """
    str(file).encode()
    found = Path(os.path.realpath(file))
    try:
        mode = found.stat().st_mode
    except FileNotFoundError:
        return found
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no regular file")
    return found


def _probe(target: Path) -> None:
    """Writes a little beside a file, and removes it."""
    if not target.parent.is_dir():
        raise FileNotFoundError if not target.parent.exists() else NotADirectoryError(errno.ENOTDIR, "")
    probe = target.with_name(f".gridcarbon-{secrets.token_hex(8)}")
    try:
        probe.write_bytes(bytes(PROBE_BYTES))
    finally:
        probe.unlink(missing_ok=True)
