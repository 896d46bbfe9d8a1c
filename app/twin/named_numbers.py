"""A number for each of some named things, from a CSV file that a user writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from grid.errors import Fault, nearest, raise_if_any
from grid.files.content import read_csv


def read_named_numbers(path: Path, option: str, name: str, value: str, known: Collection[str]) -> dict[str, float]:
    """Reads a table of two columns.

    Args:
        path: The file.
        option: Where it is named, such as ``--customers``.
        name: Column with the names.
        value: Column with the numbers, finite and not negative.
        known: Names that there are.

    Raises:
        InputError: With all that is wrong with the file.
    """
    table = read_csv(path, option)
    raise_if_any(
        [Fault(option, f"lacks the column {column}", suggestion=nearest(column, table.columns))
         for column in (name, value) if column not in table.columns], str(path),
    )  # fmt: skip
    names = table[name].fill_null("").to_list()
    numbers = table[value].str.strip_chars().cast(pl.Float64, strict=False).to_list()
    raise_if_any(_faults(names, numbers, table[value].to_list(), (name, value), known), str(path))
    return dict(zip(names, numbers, strict=True))


def _faults(
    names: list[str], numbers: list[float | None], written: list[str | None], columns: tuple[str, str],
    known: Collection[str],
) -> Iterator[Fault]:  # fmt: skip
    seen: set[str] = set()
    for line, (name, number, text) in enumerate(zip(names, numbers, written, strict=True), start=2):
        if name not in known:
            yield Fault(columns[0], "is not known", name, suggestion=nearest(name, known), line=line)
        if name in seen:
            yield Fault(columns[0], "occurs twice", name, line=line)
        seen.add(name)
        if number is None or not 0 <= number < float("inf"):
            yield Fault(columns[1], "must be a number, at least 0", text, line=line)
