"""What is wrong with columns and cells of a table, told once a column, with the first wrong cell and how to mend it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, nearest
from grid.files.numbers import MISSING_MARKS, Numbers, missing_marks, read_numbers
from grid.files.text_table import TextTable

ROWS_NAMED: Final = 10
"""Rows that a fault names at most."""
_LONGEST: Final = 40
_NUMBER: Final = r"[+-]?\d[\d.,' \u00a0\u202f]*"
_WITH_UNIT: Final = re.compile(rf"{_NUMBER}[^\d\s.,+-][^\d]*|[^\d\s.,+-]{{1,4}}\s*{_NUMBER}")
"""A number with a unit behind it, or a currency before it."""


class Rows(list[int]):
    """Lines of a file whose cells break a rule, as a fault shows them: some of them, and the first of their cells.

    Args:
        lines: The lines.
        cell: What stands in the first of them; left out where it is None.
    """

    def __init__(self, lines: Iterable[int], cell: str | None = None) -> None:
        every = list(lines)
        super().__init__(every[:ROWS_NAMED])
        self._more, self._cell = len(every) - len(self), cell

    def __repr__(self) -> str:
        more = f" and {self._more:,} more" if self._more else ""
        if self._cell is None:
            return f"{super().__repr__()}{more}"
        if not self._cell:
            return f"{super().__repr__()}{more}, the first of an empty cell"
        cell = self._cell if len(self._cell) <= _LONGEST else f"{self._cell[:_LONGEST]}…"
        return f"{super().__repr__()}{more}, the first of {cell!r}{cure_of(cell)}"


def cure_of(cell: str) -> str:
    """How a cell that is no number of its column is mended, in words; empty where nothing is known."""
    if _WITH_UNIT.fullmatch(cell):
        return ", a number with a unit: write the number alone"
    if is_missing_mark(cell):
        return ", which stands for a missing value, it seems: leave the cell empty"
    return ""


def is_missing_mark(cell: str) -> bool:
    """Whether a cell is a negative number that files hold instead of a missing value, such as ``-999``."""
    try:
        return -float(cell.replace(",", ".")) in MISSING_MARKS
    except ValueError:
        return False


def column_faults(names: Iterable[str], required: Iterable[str]) -> Iterator[Fault]:
    """Columns that a table lacks, each with the nearest that it has."""
    there = [name for name in names if name]
    for name in required:
        if name not in there:
            yield Fault(name, "is a required column", suggestion=nearest(name, there))


def cell_faults(name: str, rule: str, wrong: Bools, cells: pl.Series, lines: Ints) -> Iterator[Fault]:
    """That cells of a column break a rule.

    Args:
        name: The column.
        rule: What holds for right ones.
        wrong: Whether a cell breaks it, shape (R,).
        cells: Texts or numbers, (R,).
        lines: Line of the file of each, shape (R,).
    """
    if wrong.any():
        first = cells[int(np.argmax(wrong))]
        yield Fault(name, f"{rule}; not so in rows", Rows(lines[wrong].tolist(), "" if first is None else str(first)))


def number_faults(
    table: TextTable, name: str, numbers: Numbers, rule: str, *, empty_may: bool = True
) -> Iterator[Fault]:
    """That cells of a column are no numbers, or numbers that stand for missing values.

    Args:
        table: The table.
        name: Its column.
        numbers: The column as numbers.
        rule: What holds for right ones.
        empty_may: Whether a cell may be empty.
    """
    if numbers.unread.any() and table.mark == "?":
        first = table.cells[name].filter(pl.Series(numbers.unread))[0]
        rule = f"{rule} ({first!r}: no cell of the file tells decimals from thousands)"
    wrong = numbers.unread if empty_may else numbers.unread | numbers.empty
    yield from cell_faults(name, rule, wrong, table.cells[name], table.lines)
    yield from mark_faults(name, numbers.values, table.lines)


def mark_faults(name: str, values: Floats, lines: Ints) -> Iterator[Fault]:
    """Numbers such as -9999 that stand for missing values, far from all others of their column.

    Args:
        name: The column.
        values: Its numbers, shape (R,); NaN where there are none.
        lines: Line of the file of each, shape (R,).
    """
    marks = missing_marks(values)
    if marks.any():
        shown = f"{values[marks][0]:g}"
        rule = f"{shown} stands for a missing value, it seems: leave the cell empty, in rows"
        yield Fault(name, rule, Rows(lines[marks].tolist()))


def source_faults(table: TextTable, statuses: Sequence[str]) -> Iterator[Fault]:
    """Rows of a table of numbers that do not say where these come from, or whose status is none that there is.

    Args:
        table: With the columns ``source`` and ``status``.
        statuses: Those that there are.
    """
    source, status = table.cells["source"], table.cells["status"]
    yield from cell_faults("source", "is required", (source == "").to_numpy(), source, table.lines)
    rule = f"must be one of {', '.join(statuses)}"
    yield from cell_faults("status", rule, (~status.is_in(statuses)).to_numpy(), status, table.lines)


def with_plain_numbers(table: TextTable, names: Iterable[str]) -> pl.DataFrame:
    """The cells of a table, numbers of some columns as Python writes them, whatever their decimal mark.

    Args:
        table: The table; cells that are no numbers stay as they are.
        names: The columns; one that it lacks is left out.
    """
    there = [name for name in names if name in table.names]
    if not there:
        return table.cells
    cells = pl.concat([table.cells[name] for name in there])  # a question takes longer to ask than to answer
    texts, written = cells.to_list(), cells.cast(pl.Float64, strict=False).to_list()
    if table.mark != "," and all(known is not None or not cell for cell, known in zip(texts, written, strict=True)):
        return table.cells
    values = read_numbers(cells, table.mark).values.tolist()
    plain = [
        cell if math.isnan(value) or known == value else repr(value)
        for cell, known, value in zip(texts, written, values, strict=True)
    ]
    columns = (
        pl.Series(name, plain[k * table.n_rows : (k + 1) * table.n_rows], pl.String) for k, name in enumerate(there)
    )
    return table.cells.with_columns(columns)


def decimal_of(cell: str) -> str | None:
    """The number in a cell with a decimal comma, a sign of currency or both, plain; None where it is anything else."""
    found = re.fullmatch(r"[€$£¥]?\s*([+-]?\d+(?:[.,]\d+)?)\s*[€$£¥]?", cell)
    return None if found is None else found[1].replace(",", ".")
