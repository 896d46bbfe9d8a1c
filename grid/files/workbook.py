"""The sheet of a workbook (.xlsx) as text, so that it is read as any other table."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any, Final

from grid.errors import InputError, listed
from grid.files.content import limit_bytes
from grid.files.json_file import what_it_says

WORKBOOK_ENDINGS: Final = (".xlsx", ".xlsm")
"""How names of workbooks end that are read."""
_INCOMPLETE: Final = "is not a complete workbook (.xlsx), save it again or as CSV"
_BOOK: Final = "xl/workbook"
"""How the part of a packed file begins that makes it a workbook."""
_WITHOUT_RESULT: Final = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]+\d+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
"""A cell whose formula was never computed: written by a program that is no spreadsheet."""
_ROUNDED_US: Final = 10_000
"""Days of a spreadsheet are fractions, so that seconds come out by less than this wrong [µs]."""
_MOST_EXACT: Final = 2**53
_SEPARATING: Final = ';,|"\t'


def sheet_text(content: bytes, place: str) -> str:
    """The cells of the only sheet that holds any, a line a row, separated by tabs.

    Dates are written as 2030-01-31 17:00:00, numbers with a point; of formulas the results that were saved.

    Args:
        content: Of the file.
        place: Where faults name the file.

    Raises:
        InputError: If it is no workbook, is larger than a file may be, has cells in several sheets, or formulas
            without results.
    """
    book = _opened(content, place)
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what a file says of them is not always so
        sheets = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
    except Exception as error:  # whatever a broken file provokes inside openpyxl is a fault of the file
        raise InputError.single(place, f"{_INCOMPLETE}: {what_it_says(error)}") from error
    finally:
        book.close()
    texts = {name: _written(rows) for name, rows in sheets.items()}
    filled = {name: text for name, text in texts.items() if text.strip()}
    if len(filled) > 1:
        rule = "has cells in several sheets: keep the one that is meant, or save it as CSV; they are"
        raise InputError.single(place, rule, listed(list(filled)))
    return next(iter(filled.values()), "")


def require_workbook(content: bytes, place: str) -> None:
    """Refuses what is no workbook, what is larger than a file may be once it is unpacked, and a missing reader.

    Raises:
        InputError: As said.
    """
    try:
        import openpyxl  # noqa: F401, PLC0415  optional
    except ImportError as error:
        rule = "workbooks need the package openpyxl (pip install 'gridcarbon[formats]'); or save the sheet as CSV"
        raise InputError.single(place, rule) from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            size = sum(part.file_size for part in parts)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError.single(place, f"{_INCOMPLETE}: {what_it_says(error)}") from error
    if not any(part.filename.startswith(_BOOK) for part in parts):
        is_open = any(part.filename == "content.xml" for part in parts)
        what = "an OpenDocument file: save the sheet as .xlsx or CSV" if is_open else "a packed file: unpack it"
        raise InputError.single(place, f"is {what}")
    if size > limit_bytes():
        raise InputError.single(place, f"unpacks to more than {limit_bytes() / 1e6:g} MB")


def error_cells(content: bytes) -> dict[str, dict[tuple[int, int], str]]:
    """Cells that hold an error of a spreadsheet, such as ``#REF!``, by sheet, and by row and column from 1.

    Args:
        content: A workbook that `require_workbook` accepts and openpyxl reads.
    """
    import openpyxl  # noqa: PLC0415  optional, and slow to import

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
        if not any(b't="e"' in packed.read(name) for name in names):
            return {}
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    return {
        sheet.title: {(cell.row, cell.column): str(cell.value)
                      for row in sheet.iter_rows() for cell in row if cell.data_type == "e"}
        for sheet in book.worksheets
    }  # fmt: skip


def _opened(content: bytes, place: str) -> Any:
    """The workbook as openpyxl has it, with the results of formulas instead of these."""
    require_workbook(content, place)
    import openpyxl  # noqa: PLC0415  optional, and slow to import

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
        never = [cell.decode() for name in names for cell in _WITHOUT_RESULT.findall(packed.read(name))]
    if never:
        rule = "holds formulas without results: open it in a spreadsheet program and save it there; they stand in"
        raise InputError.single(place, rule, listed(never))
    try:
        return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:  # whatever a broken file provokes inside openpyxl is a fault of the file
        raise InputError.single(place, f"{_INCOMPLETE}: {what_it_says(error)}") from error


def _written(rows: list[list[Any]]) -> str:
    """Rows of cells as lines of equal width, those without any cell empty."""
    texts = [[_cell(value) for value in row] for row in rows]
    width = max((k + 1 for row in texts for k, text in enumerate(row) if text), default=0)
    lines = ("\t".join((row + [""] * width)[:width]) if any(row) else "" for row in texts)
    return "\n".join(lines)


def _cell(value: object) -> str:
    """A cell as text, in quotation marks where it holds what separates cells in any text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _MOST_EXACT else repr(value)
    if isinstance(value, dt.datetime):
        odd = (value.microsecond + _ROUNDED_US) % 1_000_000
        if odd <= 2 * _ROUNDED_US:
            value = (value + dt.timedelta(microseconds=_ROUNDED_US)).replace(microsecond=0)
        return value.isoformat(" ")
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    text = " ".join(str(value).splitlines())
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in _SEPARATING) else text
