"""Files that a draft may name: what was uploaded to the store, and what is shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from app.dashboard.builder.content import Content, Keys
from grid.assets import KINDS
from grid.errors import Fault

UPLOADS = ".uploads"
"""Folder of the uploaded files in a store; names of files in drafts are relative to it."""
OUTSIDE = "must be something shipped or an uploaded file; other files of this machine are not read"
_PLAIN: tuple[Keys, ...] = (
    ("city", "network"), ("city", "profiles"), ("city", "synthetic", "loads"), ("city", "synthetic", "streets"),
    ("weather",), ("upstream", "csv"), ("upstream", "region"), ("carbon", "factor_set"),
    ("dispatch", "forecast", "file"),
)  # fmt: skip
_BY_KIND = {str(kind.model_fields["kind"].default): kind.files for kind in KINDS}


def file_places(content: Content) -> Iterator[tuple[Keys, str]]:
    """Every place of a scenario that may name a file, with what stands there."""
    for keys in _PLAIN:
        yield from _text(content, keys)
    for place, _ in enumerate(_items(content.get("upstream"), "weather")):
        yield from _text(content, ("upstream", "weather", place))
    for place, _ in enumerate(_items(content, "power_limits")):
        yield from _text(content, ("power_limits", place, "file"))
    for place, _ in enumerate(_items(content.get("tariff"), "accounts")):
        yield from _text(content, ("tariff", "accounts", place, "tariff"))
    for place, hall in enumerate(_items(content, "data_centres")):
        if isinstance(hall, Mapping):
            yield from _text(content, ("data_centres", place, "it_load", "csv"))
    for place, asset in enumerate(_items(content, "assets")):
        if isinstance(asset, Mapping):
            for field in _BY_KIND.get(str(asset.get("kind")), ()):
                yield from _text(content, ("assets", place, field))
            for number, _ in enumerate(_items(asset, "power_limits")):
                yield from _text(content, ("assets", place, "power_limits", number, "file"))


def file_faults(content: Content, folder: Path) -> Iterator[Fault]:
    """Names of files that lead out of the uploaded files, which the web app never reads.

    Args:
        content: The scenario's.
        folder: The folder of the uploads.
    """
    root = folder.resolve()
    for keys, name in file_places(content):
        if _leads_out(name, root):
            at = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")
            yield Fault(at, OUTSIDE, name)


def _leads_out(name: str, root: Path) -> bool:
    """Whether a name leads out of a folder: an absolute path, one with ``..``, or over a link."""
    if "\x00" in name or ".." in PurePosixPath(name).parts or ".." in PureWindowsPath(name).parts:
        return True
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or name.startswith("~"):
        return True
    try:
        return not (root / name).resolve().is_relative_to(root)
    except (OSError, ValueError):
        return True


def _items(content: Any, key: str) -> list[Any]:
    items = content.get(key) if isinstance(content, Mapping) else None
    return items if isinstance(items, list) else []


def _text(content: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    for key in keys:
        if isinstance(content, Mapping):
            content = content.get(key)
        elif isinstance(content, list) and isinstance(key, int):
            content = content[key]
        else:
            return
    if isinstance(content, str):
        yield keys, content
