"""The content of a file that somebody else wrote: regular files only, up to a size, unpacked up to a size."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from grid.errors import Fault, InputError, nearest

LIMIT_VARIABLE: Final = "GRIDCARBON_FILE_LIMIT_MB"
"""Environment variable that raises or lowers `LIMIT_MB`."""
LIMIT_MB: Final = 200.0
"""Size up to which a file is read, and up to which a packed one is unpacked [MB of 1e6 bytes]."""
MOST_COLUMNS: Final = 20_000
"""Columns up to which a table is read."""
PARQUET_ENDINGS: Final = (".parquet", ".pq")
"""How names of files of Parquet end."""
_PARQUET_EXPANDS: Final = 10
"""How much larger than the limit of a file the numbers of a Parquet file may be, which are packed well."""
_MOST_NAMES: Final = 2000
"""Names beside a missing file among which the nearest is looked for."""


def is_file(path: Path) -> bool:
    """Whether a path leads to a regular file; False also where it cannot be a path (too long, a NUL in it)."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether anything is at a path; False also where it cannot be a path."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False also where it cannot be a path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def beside(path: Path) -> list[str]:
    """Names in the folder of a path, for the nearest to one that is missing; empty where they cannot be listed."""
    try:
        return [entry.name for entry, _ in zip(path.parent.iterdir(), range(_MOST_NAMES), strict=False)]
    except (OSError, ValueError):
        return []


def missing_file(path: Path, place: str) -> Fault:
    """The fault of a path that leads to no regular file: nothing is there, or a folder is.

    Args:
        path: The path.
        place: Where the file is named.
    """
    if is_folder(path):
        return Fault(place, "is a folder, not a file", shown_path(path))
    return Fault(place, f"no such file {shown_path(path)!r}", suggestion=nearest(path.name, beside(path)))


def limit_bytes() -> int:
    """Size up to which a file is read [bytes]: `LIMIT_MB`, or what the environment says.

    Raises:
        InputError: If the environment says anything but a number above 0.
    """
    stated = os.environ.get(LIMIT_VARIABLE, str(LIMIT_MB))
    try:
        limit = float(stated)
    except ValueError:
        limit = 0.0
    if not 0 < limit < 1e9:
        raise InputError.single(LIMIT_VARIABLE, "must be a number of megabytes above 0", stated)
    return int(limit * 1e6)


def read_bytes(path: Path, place: str = "file") -> bytes:
    """The bytes of a regular file.

    Args:
        path: The file; not a pipe, a device or a folder.
        place: Where the file is named, for the fault.

    Raises:
        InputError: If there is no such file, with the nearest name beside it; it is no regular file, cannot be read,
            or is larger than `limit_bytes`.
    """
    limit = limit_bytes()
    try:
        with open_regular(path) as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise InputError([_unreadable(path, place, error)], shown_path(path)) from error
    if len(content) > limit:
        raise InputError([_too_large(place, "is larger than", limit)], shown_path(path))
    return content


@contextmanager
def open_regular(path: Path) -> Iterator[io.BufferedReader]:
    """A regular file, open for reading.

    Raises:
        OSError, ValueError: If it cannot be opened; `IsADirectoryError` or `OSError` if it is no regular file.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe without a writer would block
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(None, "is no regular file")
        yield file


def sha256_of(path: Path) -> str:
    """SHA-256 of a regular file in hexadecimal digits, read piece by piece, whatever its size.

    Raises:
        OSError: If it cannot be read, or is no regular file.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_text(path: Path, place: str = "file") -> str:
    """The text of a file in UTF-8, or in UTF-16 if it begins by saying so; arguments and faults as in `read_bytes`.

    Raises:
        InputError: As `read_bytes`, or if it is not UTF-8.
    """
    content = read_bytes(path, place)
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError([Fault(place, f"is not text in UTF-8: {error.reason} at byte {error.start}")],
                         shown_path(path)) from error  # fmt: skip


def unpacked(content: bytes, place: str = "file") -> bytes:
    """The content of a gzip file, unpacked; any other content as it is.

    Raises:
        InputError: If it is broken, or larger than `limit_bytes` once unpacked.
    """
    if not content.startswith(b"\x1f\x8b"):
        return content
    limit = limit_bytes()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            plain = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError.single(place, f"is not a complete gzip file: {error}") from error
    if len(plain) > limit:
        raise InputError([_too_large(place, "unpacks to more than", limit)])
    return plain


def read_parquet(path: Path, place: str = "file") -> pl.DataFrame:
    """A table from Parquet; arguments as in `read_bytes`.

    Raises:
        InputError: As `read_bytes`; if it is not a complete Parquet file, or holds too many columns or numbers.
    """
    content = read_bytes(path, place)
    with polars_faults(place, "is not a complete Parquet file"):
        table = pl.scan_parquet(io.BytesIO(content))
        width = len(table.collect_schema())
        rows = int(table.select(pl.len()).collect().item())
    limit = _PARQUET_EXPANDS * limit_bytes()
    if width > MOST_COLUMNS:
        raise InputError.single(place, f"must have at most {MOST_COLUMNS:,} columns", width)
    if rows * width * 8 > limit:
        raise InputError([_too_large(place, f"holds {rows:,} rows and {width} columns, more than", limit)])
    with polars_faults(place, "is not a complete Parquet file"):
        return pl.read_parquet(io.BytesIO(content))


def require_few_columns(header: str, separator: str, place: str) -> None:
    """Refuses a header with more than `MOST_COLUMNS` cells."""
    width = header.count(separator) + 1
    if width > MOST_COLUMNS:
        raise InputError.single(place, f"must have at most {MOST_COLUMNS:,} columns", width)


@contextmanager
def polars_faults(place: str, rule: str) -> Iterator[None]:
    """Makes a fault of whatever a broken file provokes inside Polars, its panics included."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise InputError.single(place, f"{rule}: {' '.join(str(error).split())[:200]}") from error


def shown_path(path: Path) -> str:
    """A path for a message: printable, and cut in the middle where it is long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(path))
    return text if len(text) <= 200 else f"{text[:100]}…{text[-60:]}"


def _unreadable(path: Path, place: str, error: OSError | ValueError) -> Fault:
    shown = shown_path(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return missing_file(path, place)
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Fault(place, f"cannot be read as a file ({why})", shown)


def _too_large(place: str, rule: str, limit: int) -> Fault:
    return Fault(place, f"{rule} {limit / 1e6:g} MB; if that is meant, raise the limit with {LIMIT_VARIABLE}")
