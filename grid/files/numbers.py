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
EMPTY: Final = ("", "-", "–", "—", "n/e", "n/a", "na", "nan", "null", "none", "#n/a", "#nv", "nd", "n.d.", "k.a.",
               "not expected")  # fmt: skip
"""Cells that say that there is no value, in lower case."""
SIGN: Final = r"^[+-]?"
EXPONENT: Final = r"([eE][+-]?\d+)?$"
POINT: Final = rf"{SIGN}(\d{{1,3}}(,\d{{3}})+|\d+)?(\.\d*)?{EXPONENT}"
COMMA: Final = rf"{SIGN}(\d{{1,3}}(\.\d{{3}})+|\d+)?(,\d*)?{EXPONENT}"

MISSING_MARKS: Final = (99.99, 999.0, 999.9, 999.99, 9999.0, 9999.9, 9999.99, 99_999.0, 999_999.0)
"""What files hold instead of a value that is missing, mostly negative."""
_WHOLE_MARKS: Final = (999.0, 9999.0, 99_999.0, 999_999.0)
"""Those of them that are told with a positive sign too."""
_FAR: Final = 5.0
"""How much larger such a mark is than all other values of a column."""


def _only(mark: str, other: str) -> str:
    """Cells that can be a number with this mark of decimals only, and the other between thousands."""
    grouped = rf"\d{{1,3}}({other}\d{{3}})"
    short_or_long = rf"\d+{mark}(\d{{1,2}}|\d{{4,}})|0*{mark}\d+|\d{{4,}}{mark}\d+"
    return rf"{SIGN}({grouped}+{mark}\d+|{short_or_long}|{grouped}{{2,}})$"


ONLY_POINT: Final = _only(r"\.", ",")
ONLY_COMMA: Final = _only(",", r"\.")
EITHER: Final = rf"{SIGN}[1-9]\d{{0,2}},\d{{3}}$"
GROUPED: Final = rf"{SIGN}[1-9]\d{{0,2}}\.\d{{3}}$"
WHOLE: Final = rf"{SIGN}\d{{1,3}}$"
_MANY_GROUPED: Final = 30
_SOME_WHOLE: Final = 0.05
"""Of numbers with three decimals, 30 have a last digit that is not 0 in one file of 25, and few are whole."""
_DECIDING: Final = (ONLY_POINT, ONLY_COMMA, EITHER)
_BEGINS: Final = r"^\s*[+\-−‒]?[\d.,]"
"""How every cell begins that one of these can be."""
_FEW: Final = 100_000
"""Cells of a table, at most, that are asked about together."""


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


def _plain(cell: pl.Expr) -> pl.Expr:
    """Texts without spaces, apostrophes between digits, and with an ordinary minus."""
    text = cell.cast(pl.String).fill_null("").str.strip_chars().str.replace_all("[−‒]", "-")
    for _ in range(2):  # of neighbouring groups of three digits a pattern finds every second
        text = text.str.replace_all(r"(\d)[ \x{a0}\x{202f}'’](\d{3})", "${1}${2}")
    return text


def _is_empty(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase().is_in(EMPTY)


def is_empty(column: pl.Series) -> pl.Series:
    """Whether a cell says that there is no value."""
    return column.to_frame("cell").select(_is_empty(pl.col("cell"))).to_series()


def decimal_mark(columns: Iterable[pl.Series], separator: str | None) -> Mark:
    """What separates the decimals in a file.

    A cell that can be read one way only decides for the whole file, such as ``0,5``, ``12.75`` or ``1.234,5``. Where
    none does, a comma before three digits (``45,123``) marks decimals if the file's cells are separated by semicolons,
    and thousands if they are separated by commas; a point before three digits (``1.242``) marks thousands if the cells
    are separated by semicolons and many of a column have it while others are whole numbers below 1000.

    Args:
        columns: Cells of all columns, as texts.
        separator: Between cells; None if the file is no text.

    Returns:
        The mark; ``?`` where nothing decides and it matters.
    """
    texts = [column if column.dtype == pl.String else column.cast(pl.String) for column in columns]
    found = [_occurrences(cells, _DECIDING) for cells in _joined_if_few(texts)]
    points, commas, either = (sum(counts) for counts in zip(*found, (0, 0, 0), strict=True))
    if points or commas:
        return "." if points >= commas else ","
    if separator == ";" and any(map(_groups_thousands, texts)):
        return ","
    if not either or separator == ",":
        return "."
    return "," if separator == ";" else "?"


def _joined_if_few(texts: list[pl.Series]) -> list[pl.Series]:
    """Cells of columns, those of a small table in one: a question takes longer to ask than to answer."""
    return [pl.concat(texts)] if texts and sum(map(len, texts)) <= _FEW else texts


def _occurrences(cells: pl.Series, patterns: Iterable[str]) -> tuple[int, ...]:
    """How many cells fit each of some patterns of numbers."""
    text = cells.to_frame("cell").filter(pl.col("cell").str.contains(_BEGINS)).select(_plain(pl.col("cell")))
    return text.select(pl.col("cell").str.contains(each).sum().alias(each) for each in patterns).row(0)


def _groups_thousands(column: pl.Series) -> bool:
    """Whether points of a column stand between thousands, as its whole numbers below 1000 tell."""
    grouped, whole = _occurrences(column, (GROUPED, WHOLE))
    return grouped >= _MANY_GROUPED and whole >= _SOME_WHOLE * grouped


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
    text, cell = column.to_frame("cell").select(_plain(pl.col("cell"))), pl.col("cell")
    first, second = (_with_comma(cell), _with_point(cell)) if mark == "," else (_with_point(cell), _with_comma(cell))
    if mark == "?":
        first, second = (pl.when(~cell.str.contains(EITHER)).then(each) for each in (first, second))
    read = text.select(pl.coalesce(first, second).fill_null(np.nan)).to_series()
    values = read.to_numpy().astype(np.float64)
    return Numbers(np.where(np.isfinite(values) & ~empty, values, np.nan), np.asarray(empty, dtype=bool))


def missing_marks(values: Floats) -> Bools:
    """Numbers such as -9999 that stand for a missing value, far from all others, shape (R,).

    Args:
        values: Numbers of one quantity, shape (R,); NaN where there are none.
    """
    negative = np.isin(-values, MISSING_MARKS)
    positive = np.isin(values, _WHOLE_MARKS)
    others = values[np.isfinite(values) & ~negative & ~positive]
    if not others.size:
        return np.zeros(values.shape, dtype=bool)
    below, above = _FAR * min(float(others.min()), 0.0), _FAR * float(np.abs(others).max())
    return np.asarray((negative & (values < below)) | (positive & (values > above)), dtype=bool)


def _with_point(cell: pl.Expr) -> pl.Expr:
    digits = cell.str.replace_all(",", "", literal=True)
    return pl.when(cell.str.contains(POINT)).then(digits).cast(pl.Float64, strict=False)


def _with_comma(cell: pl.Expr) -> pl.Expr:
    digits = cell.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return pl.when(cell.str.contains(COMMA)).then(digits).cast(pl.Float64, strict=False)
