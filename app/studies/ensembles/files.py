"""Tables and pictures as files; the ending of a name says which format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import polars as pl

from app.studies.ensembles.runs import number_format
from grid.errors import InputError, nearest, raise_if_any
from grid.files.output import check_output, output_faults, written_whole

PLACE = "--out"
"""What faults of the files are named after."""
TABLE_FORMATS = ("csv", "xlsx", "parquet", "md", "json")
PICTURE_FORMATS = ("png", "svg")
BINARY = ("xlsx", "parquet")
"""Formats that are no text, so that a terminal cannot show them."""
_SHOWN_DIGITS = 6
"""Digits that Excel shows of a number; the cell holds it in full."""


def check_files(files: Sequence[Path], formats: Iterable[str]) -> None:
    """Looks, before anything is computed, at whether files can be written.

    Args:
        files: The files.
        formats: What their names may end in.

    Raises:
        InputError: If a name has another ending, or a file cannot be written; all faults at once.
    """
    endings = [f".{name}" for name in formats]
    raise_if_any([fault for file in files for fault in output_faults(file, endings, PLACE)], "the files to write")


def check_table(form: str | None, file: Path | None) -> str:
    """The format in which a table is to be written into a file or, without one, printed.

    Raises:
        InputError: If there is no such format, it cannot be printed, or the file cannot be written.
    """
    if form is not None and form not in TABLE_FORMATS:
        rule = f"must be one of {', '.join(TABLE_FORMATS)}"
        raise InputError.single("--format", rule, form, nearest(form, TABLE_FORMATS))
    if file is None:
        if form in BINARY:
            raise InputError.single("--format", "is no text: say in --out where it is to be written", form)
        return form or "md"
    if form is None:
        check_files([file], TABLE_FORMATS)
        return file.suffix.removeprefix(".")
    check_output(file, (file.suffix,), PLACE)
    return form


def table_bytes(table: pl.DataFrame, form: str) -> bytes:
    """A table in one of `TABLE_FORMATS`."""
    import io  # noqa: PLC0415  kept beside its only use

    content = io.BytesIO()
    flat = table.with_columns(pl.col(pl.List(pl.String)).list.join(" "))
    writers: Mapping[str, Callable[[pl.DataFrame, IO[bytes]], object]] = {
        "csv": lambda frame, file: frame.write_csv(file),
        "xlsx": lambda frame, file: frame.write_excel(file, float_precision=_SHOWN_DIGITS),
        "parquet": lambda frame, file: frame.write_parquet(file, compression="zstd"),
        "json": lambda frame, file: file.write(frame.write_json().encode()),
        "md": lambda frame, file: file.write(markdown(frame).encode()),
    }
    writers[form](flat if form != "parquet" else table, content)
    return content.getvalue()


def write(file: Path, content: bytes) -> None:
    """Writes a file whole.

    Raises:
        InputError: If that cannot be done.
    """
    with written_whole(file, PLACE) as draft:
        draft.write_bytes(content)


def markdown(table: pl.DataFrame) -> str:
    """A table in Markdown that is aligned as text too; key figures with the digits that they are declared to have."""
    cells = [[_escaped(cell) for cell in (name, *_as_text(table[name]))] for name in table.columns]
    columns = []
    for name, column in zip(table.columns, cells, strict=True):
        width, right = max(3, *map(len, column)), table[name].dtype.is_numeric()
        rule = "-" * (width - 1) + (":" if right else "-")
        aligned = [cell.rjust(width) if right else cell.ljust(width) for cell in column]
        columns.append([aligned[0], rule, *aligned[1:]])
    return "".join(f"| {' | '.join(line)} |\n" for line in zip(*columns, strict=True))


def _as_text(column: pl.Series) -> list[str]:
    form = number_format(column.name) if column.dtype.is_float() else ""
    return ["" if value is None else f"{value:{form}}" for value in column]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
