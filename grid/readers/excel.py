"""Workbooks that pandapower wrote (`pandapower.to_excel`)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import MOST_COLUMNS, read_bytes, shown_path
from grid.files.json_file import what_it_says
from grid.files.workbook import error_cells, require_workbook
from grid.readers.compared import compare_voltages
from grid.readers.records import finite_number, is_missing
from grid.readers.report import PLACE, GridReport, ReadGrid

Errors = Mapping[str, Mapping[tuple[int, int], str]]
NEEDED: Final = ("bus", "parameters")
"""Sheets that every net has."""
TRUTH: Final = frozenset({"true", "false", "0", "1", "0.0", "1.0"})
"""What cells of truth values hold; anything else would count as true."""
OBJECTS: Final = ("object", "recycle", "q_max_characteristic", "q_min_characteristic")
"""Columns that pandapower makes objects of."""


def read_excel(path: Path) -> ReadGrid:
    """The grid in a workbook of pandapower.

    Sheets that hold objects, such as controllers, are left out; nothing in the file is run.

    Raises:
        InputError: With all that is wrong: no such file, no workbook, sheets that are missing
            or hold what no net needs.
    """
    sheets, errors = _sheets(path)
    left_out = sorted(name for name, table in sheets.items() if set(OBJECTS) & set(map(str, table.columns)))
    kept = {name: table for name, table in sheets.items() if name not in left_out}
    raise_if_any([*_error_faults(kept, errors), *_faults(kept, errors)], shown_path(path))
    kept = {name: table.drop(columns="geo") if name in {"bus", "line"} and "geo" in table else table
            for name, table in kept.items()}  # fmt: skip
    points = {name: sheets[name]["geo"].copy() for name in ("bus", "line") if "geo" in sheets.get(name, ())}
    net = _pandapower.net_of_sheets(kept)
    for name, geo in points.items():
        net[name]["geo"] = [text if isinstance(text, str) else None for text in geo]
    _pandapower.checked(net, path)
    report = GridReport(
        source=path.name, form="pandapower Excel", converter="pandapower (from_dict_of_dfs)",
        read=_pandapower.element_counts(net),
        dropped=tuple(f"Sheet {name}, which holds objects, is not read." for name in left_out),
        compared=compare_voltages(net, _pandapower.stored_voltages(net), "The workbook (sheet res_bus)"),
    )  # fmt: skip
    return ReadGrid(net, report)


def _sheets(path: Path) -> tuple[dict[str, Any], Errors]:
    """The sheets as tables of pandas, with their first column as index, and the errors in their cells."""
    import pandas as pd  # noqa: PLC0415  slow to import

    content = read_bytes(path, PLACE)
    require_workbook(content, PLACE)
    try:
        sheets = pd.read_excel(io.BytesIO(content), sheet_name=None, index_col=0, engine="openpyxl")
        errors = error_cells(content)
    except Exception as error:  # whatever a broken file provokes inside openpyxl is a fault of the file
        rule = f"is not a complete workbook (.xlsx): {what_it_says(error)}"
        raise InputError.single(PLACE, rule, shown_path(path)) from error
    return {str(name): table for name, table in sheets.items()}, errors


def _error_faults(sheets: dict[str, Any], errors: Errors) -> Iterator[Fault]:
    """Cells that hold an error of the spreadsheet, a fault a column."""
    for name, cells in errors.items():
        first: dict[int, list[int]] = {}
        for row, column in cells:
            first.setdefault(column, []).append(row)
        for column, rows in first.items() if name in sheets else ():
            names = ["its first column", *map(str, sheets[name].columns)]
            more = f" ({len(rows) - 1} more cells)" if len(rows) > 1 else ""
            place = f"sheet {name} row {rows[0]}, {names[column - 1] if column <= len(names) else f'column {column}'}"
            yield Fault(place, f"holds an error of the spreadsheet{more}", cells[rows[0], column])


def _cell_faults(name: str, table: Any, errors: Errors) -> Iterator[Fault]:
    """Cells that are no numbers or truth values where the table of pandapower has such, a fault a column.

    Cells that hold errors are told already, and what elements that are out of service leave empty is not needed.
    """
    needed, used = _pandapower.needed_columns(name), _in_service(table)
    for column, kind in _pandapower.column_kinds(name).items():
        if column not in table or kind not in "biuf":
            continue
        at = 2 + list(table.columns).index(column)
        cells = [(row, cell) for row, cell in enumerate(table[column], 2)  # the first row names the columns
                 if (row, at) not in errors.get(name, ())]  # fmt: skip
        if kind == "b":
            wrong = [(row, cell) for row, cell in cells if str(cell).casefold() not in TRUTH]
        else:
            wrong = [
                (row, cell) for row, cell in cells if not _may_stand(cell, kind, column in needed and used[row - 2])
            ]
        if wrong:
            row, cell = wrong[0]
            more = f" ({len(wrong) - 1} more cells)" if len(wrong) > 1 else ""
            rule = (
                f"must be {'TRUE or FALSE' if kind == 'b' else 'a number' if kind == 'f' else 'a whole number'}{more}"
            )
            pointed = str(cell).replace(",", ".")
            near = pointed if kind != "b" and isinstance(cell, str) and finite_number(pointed) is not None else None
            yield Fault(f"sheet {name} row {row}, {column}", rule, "nothing" if is_missing(cell) else str(cell), near)


def _in_service(table: Any) -> list[bool]:
    """Whether the element of each row is in service, as far as its cell says."""
    if "in_service" not in table:
        return [True] * len(table)
    return [str(cell).casefold() not in {"false", "0", "0.0"} for cell in table["in_service"]]


def _may_stand(cell: object, kind: str, is_needed: bool) -> bool:
    """Whether a cell is a number of its kind, or empty where none is needed."""
    return not is_needed if is_missing(cell) else _is_number(cell, kind)


def _is_number(cell: object, kind: str) -> bool:
    """Whether a cell is a number, whole unless of kind ``f``, or a text of one, such as ``inf``."""
    if kind != "f" and isinstance(cell, float | np.floating) and not float(cell).is_integer():
        return False
    return isinstance(cell, int | float | np.number | np.bool_) or _is_float(cell)


def _is_float(cell: object) -> bool:
    if not isinstance(cell, str):
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _faults(sheets: dict[str, Any], errors: Errors) -> list[Fault]:
    """What is wrong with the sheets: missing ones, too many columns, texts that stand for objects."""
    faults = [
        Fault(PLACE, f"has no sheet {name!r}, so it is no workbook of pandapower")
        for name in NEEDED
        if name not in sheets
    ]
    for name, table in sheets.items():
        meant = name.strip().casefold().rstrip("0123456789 ()_")  # as spreadsheets rename sheets
        if meant not in {*sheets, name} and not _pandapower.column_kinds(name) and _pandapower.column_kinds(meant):
            faults.append(Fault(f"sheet {name}", "is no table of pandapower, and would be left out", None, meant))
        if len(table.columns) > MOST_COLUMNS:
            faults.append(Fault(f"sheet {name}", f"must have at most {MOST_COLUMNS:,} columns", len(table.columns)))
            continue
        for column in table.select_dtypes(object).columns:
            texts = [value for value in table[column] if isinstance(value, str)]
            if any("_module" in text for text in texts):
                faults.append(Fault(f"sheet {name}, {column}", "holds an object, which no table needs"))
        faults += _cell_faults(name, table, errors)
        if name in {"bus", "load", "line", "trafo"} and table.index.hasnans:
            faults.append(Fault(f"sheet {name}", "must number every row in its first column"))
    if "parameters" in sheets:
        present = set(map(str, sheets["parameters"].columns))
        faults += [
            Fault("sheet parameters", "lacks a column", name) for name in ("f_hz", "sn_mva") if name not in present
        ]
    return faults
