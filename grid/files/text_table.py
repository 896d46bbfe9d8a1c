"""A table in a text file: its encoding, separator, header and cells, whatever program wrote it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from grid.arrays import Ints
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes, require_few_columns
from grid.files.numbers import Mark, Numbers, decimal_mark, read_numbers
from grid.files.workbook import WORKBOOK_ENDINGS, sheet_text

TABLE_ENDINGS: Final = (".csv", ".tsv", ".txt", *WORKBOOK_ENDINGS)
"""How names of files end that are read as tables in text."""
_SEPARATORS: Final = ";,\t|"
_OTHERS: Final = (
    (b"\xd0\xcf\x11\xe0", "is a workbook of an older kind (.xls): save the sheet as .xlsx or CSV"),
    (b"PAR1", "is a Parquet file: name it .parquet where Parquet is read, else save it as CSV"),
    (b"\x1f\x8b", "is compressed: unpack it"),
    (b"%PDF", "is a PDF document, no table: ask for the data as CSV"),
)
WORKBOOK: Final = "workbook"
"""What stands for the encoding of a table that is no text."""
_PACKED: Final = b"PK\x03\x04"
_OTHER_TEXTS: Final = (
    (r"(?is)\s*<(!doctype|html)", "is a web page, no table: save the data that it shows or links as CSV"),
    (r"\s*<[?\w]", "is XML, no table: save the data as CSV"),
    (r"\s*(\{\s*\"|\[\s*[\[{\"])", "is JSON, no table: save the data as CSV"),
)
"""How texts begin that are no tables, and what to do."""
_SHOWN_OF_TEXT: Final = 40
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""How a file begins that states its encoding; that of UTF-32 begins like that of UTF-16."""
_MOST_ABOVE: Final = 40
"""Lines above the header that may say what the file is."""
_FEW_COLUMNS: Final = 2
_FEW_WORDS: Final = 2
"""Spaces within a sentence, at least."""
_LINE: Final = "·line"
_MOST_SAID: Final = 200
"""Characters of another's message that are repeated."""


@dataclass(frozen=True, eq=False)
class TextTable:
    """The cells of a table; R rows.

    Args:
        cells: Stripped texts by name of column, empty where there is nothing.
        lines: Line of the file in which each row stands, shape (R,), the first line being 1.
        separator: Between cells; None if the file is no text.
        encoding: Of the characters; `WORKBOOK` for a sheet.
        n_empty: Rows without any cell, which are left out.
    """

    cells: pl.DataFrame
    lines: Ints
    separator: str | None = None
    encoding: str = "utf-8"
    n_empty: int = 0

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return self.cells.columns

    @property
    def form(self) -> str:
        """What the file is, for a report."""
        return "workbook" if self.encoding == WORKBOOK else "CSV"

    @property
    def n_rows(self) -> int:
        """Number of rows R."""
        return self.cells.height

    @cached_property
    def mark(self) -> Mark:
        """What separates decimals in this file."""
        texts = [self.cells[name] for name in self.cells.columns if self.cells[name].dtype == pl.String]
        return decimal_mark(texts, self.separator)

    def numbers(self, name: str) -> Numbers:
        """A column as numbers."""
        return read_numbers(self.cells[name], self.mark)

    def without_first(self) -> TextTable:
        """The table without its first row."""
        return self.rows(np.arange(1, self.n_rows))

    def rows(self, at: Ints) -> TextTable:
        """The table with the rows at these places, in their order."""
        return TextTable(self.cells[at], self.lines[at], self.separator, self.encoding, self.n_empty)

    def once(self) -> TextTable:
        """The table with rows that are equal in every cell once."""
        return self.rows(np.flatnonzero(self.cells.select(pl.struct(pl.all()).is_first_distinct()).to_series()))


def read_text_table(path: str | Path, place: str = "file") -> TextTable:
    """Reads a table from a text file with comma, semicolon, tab or bar between cells, or from a workbook (.xlsx).

    Text may be in UTF-8, UTF-16 or Windows-1252.

    Args:
        path: The file.
        place: Where it is named, for faults of the file as a whole.

    Raises:
        InputError: If there is no such file, it is neither, a workbook has cells in several sheets, or rows do not fit
            the header.
    """
    path = Path(path)
    text, encoding = decoded(read_bytes(path, place), place)
    for beginning, rule in _OTHER_TEXTS:
        if re.match(beginning, text):
            raise InputError.single(place, rule, text.lstrip()[:_SHOWN_OF_TEXT])
    lines = text.splitlines()
    first = _header(lines)
    if first is None:
        raise InputError.single(place, "is empty", str(path))
    separator = separator_of(lines[first])
    require_few_columns(lines[first], separator, place)
    lines = _without_last_separators(lines, first, separator)
    body = "\n".join(lines[first:])
    try:
        table = pl.read_csv(body.encode(), separator=separator, infer_schema=False, row_index_name=_LINE)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        said = str(error).partition("\n")[0][:_MOST_SAID]  # polars repeats the text that it cannot read
        fault = _ragged(lines, first, separator) or Fault(place, f"cannot be read as CSV ({said})")
        raise InputError([fault], str(path)) from error
    raise_if_any(
        [*_twice(lines[first], separator, table, first + 1), *_short(lines, first, separator, table)], str(path)
    )
    table = table.rename({name: tidy_name(name) for name in table.columns}, strict=False)
    at = _lines(lines, first, table.height)
    table, at = _without_footer(table, at)
    return tidy(table.drop(_LINE), at, separator, encoding)


def tidy(table: pl.DataFrame, lines: Ints, separator: str | None, encoding: str) -> TextTable:
    """A table with stripped cells and without empty rows."""
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    table = table.with_columns(pl.col(texts).fill_null("").str.strip_chars(" \t\u00a0\ufeff"))
    blank = pl.all_horizontal(pl.col(texts) == "") if len(texts) == table.width and texts else pl.lit(value=False)
    full = ~table.select(blank.alias("blank")).to_series().to_numpy() if table.height else np.zeros(0, dtype=bool)
    full = np.broadcast_to(full, (table.height,))
    return TextTable(table.filter(pl.Series(full)), lines[full], separator, encoding, int((~full).sum()))


def decoded(content: bytes, place: str = "file") -> tuple[str, str]:
    """Text and encoding of a file, which faults name by `place`; of a workbook its only sheet, separated by tabs.

    Raises:
        InputError: If it is no text and no workbook.
    """
    if content.startswith(_PACKED):
        return sheet_text(content, place), WORKBOOK
    for beginning, rule in _OTHERS:
        if content.startswith(beginning):
            raise InputError.single(place, rule)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding.removesuffix("-sig")
    head = content[:2000]
    if head[1::2].count(0) > len(head) // 4:
        return content.decode("utf-16-le", errors="replace"), "utf-16"
    if b"\0" in head:
        raise InputError.single(place, "holds bytes that are no text: save the table as CSV")
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "windows-1252"


def separator_of(header: str) -> str:
    """What separates the cells of a header, outside quotation marks."""
    return max(_SEPARATORS, key=_outside(header).count)


def _outside(line: str) -> str:
    """What of a line stands outside quotation marks."""
    return "".join(line.split('"')[::2])


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line; separators within quotation marks separate nothing."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # a cell of more than 131,072 characters
        return line.split(separator)


def tidy_name(name: str) -> str:
    """The name of a column without quotation marks, byte order mark and space around it."""
    return name.strip(" \t\u00a0\ufeff\"'")


def _header(lines: list[str]) -> int | None:
    """Place of the header: the first line that is no comment, or below a title the first line that names columns.

    A title has at most half of the cells of the widest line; a header has more, of which none begins like a number.
    """
    places = [k for k, line in enumerate(lines) if line.strip() and not _is_preamble(line)][:_MOST_ABOVE]
    separator = max(_SEPARATORS, key=lambda each: max((_outside(lines[k]).count(each) for k in places), default=0))
    rows = [[cell for each in _cells(lines[k], separator) if (cell := each.strip(' "'))] for k in places]
    widest = max(map(len, rows), default=0)
    names = (place for place, row in zip(places, rows, strict=True) if 2 * len(row) > widest and _are_names(row))
    if not places or 2 * len(rows[0]) > widest:
        return places[0] if places else None
    return next(names, places[0])


def _are_names(row: list[str]) -> bool:
    """Whether cells can be those of a header: none begins like a number or a time."""
    return not any(cell[0].isdigit() or cell[0] in "+-.," for cell in row)


def _twice(header: str, separator: str, table: pl.DataFrame, line: int) -> Iterator[Fault]:
    """Columns of one name with different cells, of which nobody knows which one counts."""
    names = [tidy_name(name) for name in next(csv.reader([header], delimiter=separator), [])]
    own = [name for name in table.columns if name != _LINE]
    if len(names) != len(own):
        return
    for name in dict.fromkeys(names):
        same = [table[column] for column, each in zip(own, names, strict=True) if each == name]
        if name and any(not same[0].equals(each) for each in same[1:]):
            yield Fault(f"row {line}", "must name each column once; two of different cells are called", name)


def _short(lines: list[str], first: int, separator: str, table: pl.DataFrame) -> Iterator[Fault]:
    """All rows have less cells than the header, so that nobody knows which columns they are of."""
    if not table.height or table[table.columns[-1]].null_count() < table.height:
        return
    header = next(csv.reader([lines[first]], delimiter=separator))
    named = max(k + 1 for k, name in enumerate(header) if tidy_name(name) or not k)
    widths = [line.count(separator) + 1 for line in lines[first + 1 :] if line.strip()]
    if max(widths, default=named) < named:
        yield Fault(f"row {first + 2}", f"has {widths[0]} cells, the header {named}: which columns are they of?")


def _is_preamble(line: str) -> bool:
    """Whether a line before the header is none: a comment, or what tells a spreadsheet the separator."""
    return line.lstrip("\ufeff").startswith("#") or line.lower().startswith("sep=")


def _lines(lines: list[str], first: int, n_rows: int) -> Ints:
    """The line of each row; lines without any character are no rows."""
    filled = [k + 1 for k in range(first + 1, len(lines)) if lines[k]]
    if len(filled) == n_rows:
        return np.array(filled, dtype=np.int64)
    return np.arange(first + 2, first + 2 + n_rows)


def _without_last_separators(lines: list[str], first: int, separator: str) -> list[str]:
    """The lines, without the separator that ends rows with one cell more than the header, all of which are empty."""
    width = len(_cells(lines[first], separator))
    ended = [k for k in range(first + 1, len(lines)) if lines[k].endswith(separator)]
    if not ended or any(len(_cells(lines[k], separator)) != width + 1 for k in (ended[0], ended[-1])):
        return lines
    longer = {k for k in ended if len(_cells(lines[k], separator)) == width + 1}
    return [line[: -len(separator)] if k in longer else line for k, line in enumerate(lines)]


def _without_footer(table: pl.DataFrame, at: Ints) -> tuple[pl.DataFrame, Ints]:
    """The table without sentences below its last row, such as a source or a disclaimer, which fill one cell only."""
    names = [name for name in table.columns if name != _LINE]
    n = table.height
    while len(names) > _FEW_COLUMNS and n > 1:
        first, *others = table.row(n - 1)[table.columns.index(names[0]) :]
        is_sentence = first is not None and first.count(" ") >= _FEW_WORDS and not first.strip()[:1].isdigit()
        if not is_sentence or any(cell is not None and cell.strip() for cell in others):
            break
        n -= 1
    return table[:n], at[:n]


def _ragged(lines: list[str], first: int, separator: str) -> Fault | None:
    """The first row that has more cells than the header, or begins a quotation that ends nowhere."""
    rows = csv.reader(io.StringIO("\n".join(lines[first:])), delimiter=separator)
    begun = first + 1
    try:
        width = len(next(rows))
        for row in rows:
            if len(row) > width:
                cure = "; decimal commas need ; between the cells" if separator == "," else ""
                rule = f"has more cells than the {width} of the header{cure}"
                return Fault(f"row {first + rows.line_num}", rule, separator.join(row[:8]))
            begun = first + rows.line_num + 1
    except csv.Error:  # a cell of more than 131,072 characters
        return Fault(f"row {begun}", "has a quotation mark that no other closes")
    return None
