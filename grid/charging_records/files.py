"""Files of charging sessions: CSV with any separator, Parquet, JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from grid.errors import InputError
from grid.files.content import PARQUET_ENDINGS, is_file, read_parquet, read_text, shown_path
from grid.files.text_table import TextTable, read_text_table, tidy


def read_table(path: Path) -> TextTable:
    """A file's rows: texts from CSV, values from Parquet and JSON (a list, or ACN-Data's ``_items``).

    Raises:
        InputError: If there is no such file, or it cannot be read.
    """
    if not is_file(path):
        raise InputError.single("file", "no such file", shown_path(path))
    try:
        if path.suffix.casefold() in PARQUET_ENDINGS:
            return _typed(read_parquet(path))
        if path.suffix.casefold() == ".json":
            return _typed(_read_json(path))
        return read_text_table(path)
    except InputError:
        raise
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, RecursionError) as error:
        raise InputError.single("file", f"cannot be read ({error})", str(path)) from error


def _typed(table: pl.DataFrame) -> TextTable:
    """A table that has types of its own."""
    return tidy(table, np.arange(1, table.height + 1), None, "utf-8")


def _read_json(path: Path) -> pl.DataFrame:
    """Sessions of a JSON file, or of one with an object a line; what is nested in them (``userInputs``) is left out."""
    text = read_text(path)
    lines = [line for line in text.splitlines() if line.strip()]
    is_lines = len(lines) > 1 and all(line.strip().startswith("{") and line.strip().endswith("}") for line in lines)
    content = [json.loads(line) for line in lines] if is_lines else json.loads(text)
    items = _only_list(content) if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("expected a list of sessions, or one under a key such as '_items'")
    flat = [{name: value for name, value in item.items() if not isinstance(value, dict | list)} for item in items]
    return pl.DataFrame(flat, infer_schema_length=None, strict=False)


def _only_list(content: dict[str, Any]) -> Any:
    """What stands under ``_items``, or the only list there is."""
    lists = [value for value in content.values() if isinstance(value, list)]
    return content.get("_items", lists[0] if len(lists) == 1 else None)


def as_names(column: pl.Series) -> pl.Series:
    """Names as text; null where there is none."""
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(["", "None", "NaN", "nan", "null"]), None)
