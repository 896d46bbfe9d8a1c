"""Whether a result is as it was written: its manifest states the SHA-256 of every other file, and of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.results.columns import TABLES
from grid.errors import Fault, InputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FORMAT = 2
"""Number of the format of results. What a table is made of is told by `columns_digest`, so only another arrangement
of files needs another number."""
MANIFEST = "manifest.json"
"""The file that makes a folder a result: written, and moved into its place, after all others."""
FILES = ("scenario.yaml", "summary.json", "topology.json", *(f"{name}.parquet" for name in TABLES))
"""All other files of a result."""
_ITSELF = "sha256"
"""Key of the manifest's own hash."""


def columns_digest() -> str:
    """A short hash of the columns of all tables: results of another version may have others."""
    columns = json.dumps({name: list(columns) for name, columns in TABLES.items()}, sort_keys=True)
    return hashlib.sha256(columns.encode()).hexdigest()[:16]


class HashedFile(BufferedWriter):
    """A new file that is written once, from its beginning, and whose SHA-256 is known then."""

    def __init__(self, path: Path) -> None:
        """Makes it, or empties what was there."""
        super().__init__(FileIO(path, "wb"))
        self._hash = hashlib.sha256()

    def write(self, content: ReadableBuffer, /) -> int:
        """Writes bytes after those that were written."""
        self._hash.update(content)
        return super().write(content)

    @property
    def sha256(self) -> str:
        """Hash of what was written."""
        return self._hash.hexdigest()


def sealed(manifest: Mapping[str, Any], folder: Path, known: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A manifest with format, columns, the hashes of all files in `folder`, and its own.

    Args:
        manifest: What else it says.
        folder: The folder of the result.
        known: Hashes of files that were hashed when they were written, by name.
    """
    hashes = {name: (known or {}).get(name) or _sha256(folder / name) for name in FILES}
    content = {"format": FORMAT, "columns": columns_digest(), **manifest, "files": hashes}
    return {**content, _ITSELF: _own_sha256(json.loads(json.dumps(content)))}  # as it will be read


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest in a folder.

    Raises:
        InputError: If there is none, or it is damaged, foreign, or of another format.
    """
    place = str(folder / MANIFEST)
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError.single(place, "is missing: not a complete result") from error
    except (OSError, ValueError) as error:
        raise InputError.single(place, f"cannot be read: {error}") from error
    return manifest_in(text, place)


def manifest_in(text: str | bytes, place: str) -> dict[str, Any]:
    """The manifest that a file at `place` holds.

    Raises:
        InputError: If it is damaged, foreign, or of another format.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError.single(place, f"cannot be read: {error}") from error
    if not isinstance(content, dict) or "scenario_hash" not in content or not isinstance(content.get("format", 1), int):
        raise InputError.single(place, "is not that of a result of gridcarbon")
    written = content.get("versions")
    by = f"gridcarbon {written.get('gridcarbon', '?')}" if isinstance(written, dict) else "another gridcarbon"
    found, again = content.get("format", 1), "run its scenario again into another folder"
    if found > FORMAT:
        raise InputError.single(place, f"is of format {found}, written by {by}; this one reads format {FORMAT}")
    if found < FORMAT:
        raise InputError.single(place, f"is of the older format {found}, written by {by}; {again}")
    if content.get(_ITSELF) != _own_sha256(content):
        raise InputError.single(place, "is not as it was written: its SHA-256 differs")
    if content["columns"] != columns_digest():
        raise InputError.single(place, f"is of a result with other tables, written by {by}; {again}")
    return content


def check_files(folder: Path, manifest: Mapping[str, Any], names: Iterable[str] = FILES) -> None:
    """Compares files of a result with the hashes in its manifest.

    Raises:
        InputError: If files are missing, cannot be read or are not as they were written; all faults at once.
    """
    faults = []
    for name in names:
        try:
            if _sha256(folder / name) != manifest["files"][name]:
                faults.append(Fault(str(folder / name), "is not as it was written: its SHA-256 differs"))
        except FileNotFoundError:
            faults.append(Fault(str(folder / name), "is missing: not a complete result"))
        except OSError as error:
            faults.append(Fault(str(folder / name), f"cannot be read: {error.strerror or error}"))
    if faults:
        raise InputError(faults, str(folder))


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _own_sha256(manifest: Mapping[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != _ITSELF}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
