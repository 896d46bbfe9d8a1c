"""Files that planners bring: streamed to a temporary file of the store, checked, and kept under their hash."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.batch.sweep.base import is_sweep
from app.dashboard.builder.content import Content, plain
from grid.errors import InputError
from grid.files.content import limit_bytes
from grid.files.grid_endings import GRID_ENDINGS
from grid.files.output import in_words
from grid.files.yaml_file import read_yaml

PIECE_BYTES = 1 << 20
MOST_SCENARIO_BYTES = 5_000_000
"""Of a scenario file; the largest known have 100 kB."""
MOST_TABLE_BYTES = 50_000_000
"""Of profiles and other tables: reading one of 190 MB took more than 2 GB, which all who use the server share."""
LONGEST_NAME = 100
_PARTIAL = ".partial-"


@dataclass(frozen=True)
class UploadKind:
    """What can be uploaded.

    Args:
        label: What people read.
        endings: What its name may end in.
        read: Reads it as a run would.
        largest: The largest that is taken, if less than what any reader takes [byte].
        scenario: Whether it is a scenario file.
    """

    label: str
    endings: tuple[str, ...]
    read: Callable[[Path], Any]
    largest: int | None = None
    scenario: bool = False

    @property
    def most_bytes(self) -> int:
        """The largest that is taken."""
        return limit_bytes() if self.largest is None else min(self.largest, limit_bytes())


def _read_net(path: Path) -> None:
    from grid.city.source import read_grid  # noqa: PLC0415  slow to import

    _ = read_grid(path.name, None, path.parent).network


def _read_profiles(path: Path) -> None:
    from grid.city.profile_file import read_profiles  # noqa: PLC0415  slow to import

    read_profiles(path)


def _read_nothing(_path: Path) -> None:
    """Files of weather, prices and sessions are read by the check, for the place and the period of the scenario."""


UPLOADS_BY_KIND = {
    "scenario": UploadKind("scenario", (".yaml", ".yml"), read_yaml, MOST_SCENARIO_BYTES, scenario=True),
    "net": UploadKind("grid", GRID_ENDINGS, _read_net),
    "profiles": UploadKind("profiles", (".csv", ".xlsx", ".parquet"), _read_profiles, MOST_TABLE_BYTES),
    "data": UploadKind(
        "file",
        (".csv", ".xlsx", ".parquet", ".epw", ".dat", ".txt", ".json", ".yaml", ".gpkg", ".geojson"),
        _read_nothing,
        MOST_TABLE_BYTES,
    ),
}


def upload_kind(name: str) -> UploadKind:
    """A kind of upload.

    Raises:
        InputError: If there is none of this name.
    """
    if name not in UPLOADS_BY_KIND:
        raise InputError.single("kind", f"must be one of {', '.join(UPLOADS_BY_KIND)}", name)
    return UPLOADS_BY_KIND[name]


class TooLargeError(InputError):
    """A file is larger than what is taken."""


def too_large(kind: UploadKind) -> TooLargeError:
    """What is said of a file that is larger than what is taken."""
    words = f"is larger than {kind.most_bytes / 1e6:g} MB, the most that is taken here; the command line may take more"
    return TooLargeError([TooLargeError.single("file", words).faults[0]], "the upload")


def clean_name(given: str, endings: tuple[str, ...]) -> str:
    """The name under which a file is kept: its last part, printable, without what file systems give a meaning.

    Raises:
        InputError: If nothing is left of it, or it does not end as it must.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1])
    name = "".join("_" if letter in ':*?"<>|' or not letter.isprintable() else letter for letter in name).strip()
    ending = next((end for end in sorted(endings, key=len, reverse=True) if name.lower().endswith(end)), None)
    if ending is None:
        raise InputError.single("file", f"must end in {', '.join(endings)}", given[:LONGEST_NAME])
    stem = name[: -len(ending)].strip(" .")
    while stem and len(f"{stem}{ending}".encode()) > LONGEST_NAME:
        stem = stem[:-1]
    if not stem:
        raise InputError.single("file", "has no name", given[:LONGEST_NAME])
    return f"{stem}{ending}"


def keep_upload(kind: UploadKind, given_name: str, stream: IO[bytes], stated_bytes: int | None, folder: Path) -> str:
    """Keeps a file of the store's uploads.

    Args:
        kind: What it is.
        given_name: Its name on the planner's machine.
        stream: Its bytes.
        stated_bytes: How many the request says there are; more than is taken is refused before any is read.
        folder: The folder of the uploads; made if it is not there.

    Returns:
        Its name in scenarios, ``<sha256>/<name>``.

    Raises:
        TooLargeError: If it is larger than what is taken; nothing of it is kept.
        InputError: If it is not what it should be, or cannot be written; nothing of it is kept.
    """
    name = clean_name(given_name, kind.endings)
    if stated_bytes is not None and stated_bytes > kind.most_bytes:
        raise too_large(kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{_PARTIAL}{secrets.token_hex(8)}"
        partial.mkdir()
        try:
            digest = _streamed(kind, stream, partial / name)
            kind.read(partial / name)
            target = folder / digest
            target.mkdir(exist_ok=True)
            (partial / name).replace(target / name)
        finally:
            (partial / name).unlink(missing_ok=True)
            partial.rmdir()
    except OSError as error:
        raise InputError.single("file", in_words(error), name) from error
    return f"{digest}/{name}"


def _streamed(kind: UploadKind, stream: IO[bytes], file: Path) -> str:
    """Writes a stream to a file piece by piece; its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with file.open("xb") as written:
        while piece := stream.read(PIECE_BYTES):
            size += len(piece)
            if size > kind.most_bytes:
                raise too_large(kind)
            digest.update(piece)
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())
    if not size:
        raise InputError.single("file", "is empty", file.name)
    return digest.hexdigest()


def uploaded_scenario(name: str, folder: Path) -> Content:
    """The content of a scenario file that was uploaded.

    Raises:
        InputError: If it cannot be read, or is no scenario.
    """
    content = read_yaml(folder / name).content
    if is_sweep(content):
        raise InputError.single(
            "file", "is a sweep; the builder takes scenarios, and makes sweeps of two levers itself"
        )
    if not isinstance(content, dict):
        raise InputError.single("file", "must hold a mapping with at least name, city and period")
    return dict(plain(content))
