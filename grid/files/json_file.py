"""What a JSON file says, plain or gzipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from grid.errors import InputError, nearest
from grid.files.content import beside, is_file, read_bytes, shown_path, unpacked

_HEAD: Final = 1_000_000
"""Characters in which a file of JSON lines has shown itself."""


def read_json(path: Path, place: str) -> Any:
    """The content of a JSON file in UTF-8, plain or gzipped.

    Args:
        path: The file.
        place: Where it is named.

    Raises:
        InputError: If it is missing, too large, truncated, or no JSON.
    """
    if not is_file(path):
        raise InputError.single(place, f"no file {shown_path(path)!r}", None, nearest(path.name, beside(path)))
    content = read_bytes(path, place)
    text = ""
    try:
        text = unpacked(content, place).decode("utf-8-sig")
        return json.loads(text)
    except (InputError, ValueError, RecursionError) as error:
        if _is_lines(text):
            rule = "is JSON lines, a value in every line: put the values into one list, or into a FeatureCollection"
            raise InputError.single(place, rule, shown_path(path)) from error
        why = error.faults[0].rule if isinstance(error, InputError) else what_it_says(error)
        raise InputError.single(place, f"is not a complete JSON file: {why}", shown_path(path)) from error


def _is_lines(text: str) -> bool:
    """Whether the first two lines that hold something are an object of JSON each."""
    lines = [line for line in text[:_HEAD].splitlines() if line.strip()][:2]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line), dict) for line in lines)
    except (ValueError, RecursionError):
        return False


def what_it_says(error: Exception) -> str:
    """What an exception of somebody else's reader says, on one line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
