"""Files of charging sessions: CSV with any separator, Parquet, JSON; their times and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from grid.errors import InputError

TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%a, %d %b %Y %H:%M:%S GMT",
)
"""Ways of writing a time that are tried in this order; the day always goes before the month."""
ZONED_FORMATS = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
"""The same with an offset from UTC."""
SEPARATORS = (";", ",", "\t")


def read_table(path: Path) -> pl.DataFrame:
    """A file's rows: texts from CSV, values from Parquet and JSON (a list, or ACN-Data's ``_items``).

    Raises:
        InputError: If there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise InputError.single("file", "no such file", str(path))
    try:
        if path.suffix.casefold() in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        if path.suffix.casefold() == ".json":
            return _read_json(path)
        with path.open(encoding="utf-8-sig") as lines:
            header = lines.readline()
        separator = max(SEPARATORS, key=header.count)
        return pl.read_csv(path, separator=separator, infer_schema=False, encoding="utf8-lossy")
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError) as error:
        raise InputError.single("file", f"cannot be read ({error})", str(path)) from error


def _read_json(path: Path) -> pl.DataFrame:
    """Sessions of a JSON file; what is nested in them (``userInputs``) is left out."""
    content = json.loads(path.read_text(encoding="utf-8"))
    items = content["_items"] if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("expected a list of sessions, or one under '_items'")
    flat = [{name: value for name, value in item.items() if not isinstance(value, dict | list)} for item in items]
    return pl.DataFrame(flat, infer_schema_length=None, strict=False)


def as_times(column: pl.Series) -> tuple[pl.Series, bool]:
    """Times without zone, and whether they are in UTC because they stated an offset; null where they cannot be read."""
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        zoned = column.dtype.time_zone is not None
        in_utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
        return in_utc.cast(pl.Datetime("us")), zoned
    text = column.cast(pl.String).str.strip_chars()
    plain = [text.str.to_datetime(form, time_unit="us", strict=False) for form in TIME_FORMATS]
    zoned_text = text.str.replace("Z$", "+00:00")
    zoned_times = [zoned_text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
                   for form in ZONED_FORMATS]  # fmt: skip
    read = max([*plain, *zoned_times], key=lambda times: len(times) - times.null_count())
    is_zoned = read.dtype == pl.Datetime("us", "UTC") and read.null_count() < len(read)
    gmt = bool(text.str.ends_with("GMT").any())
    return read.dt.replace_time_zone(None), is_zoned or gmt


def as_numbers(column: pl.Series) -> pl.Series:
    """Numbers with decimal point or comma; null where they cannot be read or are not finite."""
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.replace(",", ".", literal=True)
    numbers = column.cast(pl.Float64, strict=False)
    return numbers.set(~numbers.is_finite(), None)


def as_names(column: pl.Series) -> pl.Series:
    """Names as text; null where there is none."""
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(["", "None", "NaN", "nan", "null"]), None)
