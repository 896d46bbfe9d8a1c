"""Numbers as people write them: decimal point or comma, thousands, empty cells; decided by the whole file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from grid.arrays import Bools, Floats

Mark = Literal[".", ",", "?"]
"""What separates the decimals; ``?`` where a comma before three digits could be either."""
EMPTY: Final = ("", "-", "–", "—", "n/e", "n/a", "na", "nan", "null", "none", "#n/a", "not expected")
"""Cells that say that there is no value, in lower case."""
SIGN: Final = r"^[+-]?"
EXPONENT: Final = r"([eE][+-]?\d+)?$"
POINT: Final = rf"{SIGN}(\d{{1,3}}(,\d{{3}})+|\d+)?(\.\d*)?{EXPONENT}"
COMMA: Final = rf"{SIGN}(\d{{1,3}}(\.\d{{3}})+|\d+)?(,\d*)?{EXPONENT}"


def _only(mark: str, other: str) -> str:
    """Cells that can be a number with this mark of decimals only, and the other between thousands."""
    grouped = rf"\d{{1,3}}({other}\d{{3}})"
    short_or_long = rf"\d+{mark}(\d{{1,2}}|\d{{4,}})|0*{mark}\d+|\d{{4,}}{mark}\d+"
    return rf"{SIGN}({grouped}+{mark}\d+|{short_or_long}|{grouped}{{2,}})$"


ONLY_POINT: Final = _only(r"\.", ",")
ONLY_COMMA: Final = _only(",", r"\.")
EITHER: Final = rf"{SIGN}[1-9]\d{{0,2}},\d{{3}}$"


@dataclass(frozen=True, eq=False)
class Numbers:
    """The cells of a column as numbers; R rows.

    Args:
        values: Shape (R,); NaN where a cell is empty or cannot be read.
        empty: Whether a cell says that there is no value, shape (R,).
    """

    values: Floats
    empty: Bools

    @property
    def unread(self) -> Bools:
        """Whether a cell holds something that is no number, shape (R,)."""
        return ~np.isfinite(self.values) & ~self.empty


def plain(column: pl.Series) -> pl.Series:
    """Texts without spaces, apostrophes between digits, and with an ordinary minus."""
    text = column.cast(pl.String).fill_null("").str.strip_chars().str.replace_all("[−‒]", "-")
    for _ in range(2):  # of neighbouring groups of three digits a pattern finds every second
        text = text.str.replace_all(r"(\d)[ \x{a0}\x{202f}'’](\d{3})", "${1}${2}")
    return text


def is_empty(column: pl.Series) -> pl.Series:
    """Whether a cell says that there is no value."""
    return column.cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase().is_in(EMPTY)


def decimal_mark(columns: Iterable[pl.Series], separator: str | None) -> Mark:
    """What separates the decimals in a file.

    A cell that can be read one way only decides for the whole file, such as ``0,5``, ``12.75`` or ``1.234,5``. Where
    none does, a comma before three digits (``45,123``) marks decimals if the file's cells are separated by semicolons,
    and thousands if they are separated by commas.

    Args:
        columns: Cells of all columns, as texts.
        separator: Between cells; None if the file is no text.

    Returns:
        The mark; ``?`` where nothing decides and it matters.
    """
    points = commas = either = 0
    for column in columns:
        text = plain(column)
        points += int(text.str.contains(ONLY_POINT).sum())
        commas += int(text.str.contains(ONLY_COMMA).sum())
        either += int(text.str.contains(EITHER).sum())
    if points or commas:
        return "." if points >= commas else ","
    if not either or separator == ",":
        return "."
    return "," if separator == ";" else "?"


def read_numbers(column: pl.Series, mark: Mark = ".") -> Numbers:
    """A column as numbers.

    Args:
        column: Texts or numbers.
        mark: From `decimal_mark`. A cell that cannot be a number with this mark but can with the other is read so, as
            in a file in which one column was exported by another program.
    """
    empty = is_empty(column).to_numpy()
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return Numbers(np.where(np.isfinite(values), values, np.nan), ~np.isfinite(values))
    text = plain(column)
    of_point = _with_point(text)
    of_comma = _with_comma(text)
    first, second = (of_comma, of_point) if mark == "," else (of_point, of_comma)
    if mark == "?":
        first = first.set(text.str.contains(EITHER), None)
        second = second.set(text.str.contains(EITHER), None)
    values = first.fill_null(second).fill_null(np.nan).to_numpy().astype(np.float64)
    return Numbers(np.where(np.isfinite(values) & ~empty, values, np.nan), np.asarray(empty, dtype=bool))


def _with_point(text: pl.Series) -> pl.Series:
    fits = text.str.contains(POINT)
    return text.str.replace_all(",", "", literal=True).set(~fits, None).cast(pl.Float64, strict=False)


def _with_comma(text: pl.Series) -> pl.Series:
    fits = text.str.contains(COMMA)
    read = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return read.set(~fits, None).cast(pl.Float64, strict=False)
