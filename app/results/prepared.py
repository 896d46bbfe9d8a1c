"""What is made from the large tables of a result, once for each version of the result and of the program.

These are small tables, and pages of the dashboard. What was made is kept in memory, and in ``.prepared/<version>/``
beside the results where whoever opened the result lets it be written (`Result.may_keep`). It is found there by the
manifest's hash, which covers every table, and by a digest of the program; each file begins with the SHA-256 of what
follows. So what is damaged, of another version of the result or of another program is made anew, and the folder may be
deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from grid.errors import InputError
from grid.files.output import written_whole

FOLDER = ".prepared"
"""Folder beside the results, hidden so that it is taken for none of them."""
CHECKED = "checked.json"
"""File in it that says of each table that was compared with its hash how large it was and when it was changed."""
MOST_BYTES = 48_000_000
"""Memory that kept tables take at most; what was not asked for longest goes first."""
MOST_VERSIONS = 500
"""Versions of results whose tables are kept in a folder; the oldest go first."""
_DIGEST_BYTES = 32
_PACKAGES, _OF_PROGRAM = ("app", "carbon", "grid", "optimizer"), {".py", ".yaml", ".csv"}
_LIBRARIES = ("dash", "plotly", "polars")


class OpenedResult(Protocol):
    """What of an `app.results.folder.Result` matters here."""

    @property
    def path(self) -> Path:
        """The folder."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Contents of ``manifest.json``."""

    @property
    def may_keep(self) -> bool:
        """Whether anything may be written beside it."""

    @property
    def serial(self) -> int:
        """Differs between any two that were opened in this process."""


_Key = tuple[int, str]
_kept: OrderedDict[_Key, pl.DataFrame] = OrderedDict()
_making: dict[_Key, threading.Lock] = {}
_lock = threading.Lock()


def prepared(result: OpenedResult, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """A small table of a result: the one that is kept, else made now. What several ask for at once is made once.

    Args:
        result: The result.
        name: What it is, with all that it depends on beside the result.
        make: Makes it.
    """
    key = (result.serial, name)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
        making = _making.setdefault(key, threading.Lock())
    with making:
        if (found := _kept.get(key)) is None:
            try:
                found = _found(result, name, make)
                _keep(key, found)
            finally:
                with _lock:
                    _making.pop(key, None)
    return found


def folder_of(result: OpenedResult) -> Path | None:
    """Where tables made of a result are kept; None if its manifest has no hash."""
    stated = str(result.manifest.get("sha256") or "")
    return result.path.parent / FOLDER / stated[:32] if stated else None


def was_checked(result: OpenedResult, table: str) -> bool:
    """Whether a table was compared with its hash before and has not been touched since."""
    return _state(result, table) is not None and _checked(result).get(table) == _state(result, table)


def note_checked(result: OpenedResult, table: str) -> None:
    """Notes that a table is as it was written, where that may be kept."""
    folder, state = folder_of(result), _state(result, table)
    if result.may_keep and folder is not None and state is not None:
        with _lock:
            content = json.dumps({**_checked(result), table: state}) + "\n"
            _write(folder / CHECKED, content.encode())


def prepared_bytes(result: OpenedResult, name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, kept beside the result as `prepared` keeps tables, though not in memory."""
    folder = folder_of(result)
    if folder is None:
        return make()
    file = folder / hashlib.sha256(f"{_program()} {name}".encode()).hexdigest()[:32]
    found = _read(file)
    if found is None:
        found = make()
        if result.may_keep:
            _write(file, hashlib.sha256(found).digest() + found)
    return found


def _found(result: OpenedResult, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    made: list[pl.DataFrame] = []

    def written() -> bytes:
        made.append(make())
        content = io.BytesIO()
        made[0].write_parquet(content)
        return content.getvalue()

    content = prepared_bytes(result, name, written)
    return made[0] if made else pl.read_parquet(io.BytesIO(content))


def _keep(key: _Key, frame: pl.DataFrame) -> None:
    with _lock:
        _kept[key] = frame
        while sum(int(one.estimated_size()) for one in _kept.values()) > MOST_BYTES and len(_kept) > 1:
            _kept.popitem(last=False)


def _read(file: Path) -> bytes | None:
    """What a file holds; None if there is none, or it is not as it was written."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, kept = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return kept if hashlib.sha256(kept).digest() == digest else None


def _write(file: Path, content: bytes) -> None:
    """Writes a file whole; where it cannot be written, memory alone keeps what it would hold."""
    try:
        if not file.parent.is_dir():
            file.parent.mkdir(parents=True, exist_ok=True)
            _forget_oldest(file.parent.parent)
        with written_whole(file, str(file)) as draft:
            draft.write_bytes(content)
    except (OSError, InputError):
        return


def _forget_oldest(place: Path) -> None:
    versions = sorted(place.iterdir(), key=lambda folder: folder.stat().st_mtime)
    for folder in versions[: max(0, len(versions) - MOST_VERSIONS)]:
        shutil.rmtree(folder, ignore_errors=True)


def _checked(result: OpenedResult) -> dict[str, list[int]]:
    folder = folder_of(result)
    try:
        content = json.loads((folder / CHECKED).read_text(encoding="utf-8")) if folder is not None else {}
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _state(result: OpenedResult, table: str) -> list[int] | None:
    """Size, time of the last change and number of a table's file; None where there is none."""
    try:
        about = (result.path / f"{table}.parquet").stat()
    except OSError:
        return None
    return [about.st_size, about.st_mtime_ns, about.st_ino]


@cache
def _program() -> str:
    """A digest of what makes them: this program, its data, and the libraries whose work they hold."""
    digest = hashlib.sha256(" ".join(version(name) for name in _LIBRARIES).encode())
    root = Path(__file__).parents[2]
    for file in sorted(one for package in _PACKAGES for one in (root / package).rglob("*.*")):
        if file.suffix in _OF_PROGRAM:
            digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()
