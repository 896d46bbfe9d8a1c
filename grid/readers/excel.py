"""Workbooks that pandapower wrote (`pandapower.to_excel`)."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, Final

from grid import _pandapower
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import MOST_COLUMNS, limit_bytes, read_bytes, shown_path
from grid.files.json_file import what_it_says
from grid.readers.compared import compare_voltages
from grid.readers.report import PLACE, GridReport, ReadGrid

NEEDED: Final = ("bus", "parameters")
"""Sheets that every net has."""
OBJECTS: Final = ("object", "recycle", "q_max_characteristic", "q_min_characteristic")
"""Columns that pandapower makes objects of."""


def read_excel(path: Path) -> ReadGrid:
    """The grid in a workbook of pandapower.

    Sheets that hold objects, such as controllers, are left out; nothing in the file is run.

    Raises:
        InputError: With all that is wrong: no such file, no workbook, sheets that are missing
            or hold what no net needs.
    """
    try:
        import openpyxl  # noqa: F401, PLC0415  optional
    except ImportError as error:
        raise InputError.single(
            PLACE, "workbooks need the package openpyxl: pip install 'gridcarbon[formats]'"
        ) from error
    sheets = _sheets(path)
    left_out = sorted(name for name, table in sheets.items() if set(OBJECTS) & set(map(str, table.columns)))
    kept = {name: table for name, table in sheets.items() if name not in left_out}
    raise_if_any(_faults(kept), shown_path(path))
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


def _sheets(path: Path) -> dict[str, Any]:
    """The sheets as tables of pandas, with their first column as index."""
    import pandas as pd  # noqa: PLC0415  slow to import

    content = read_bytes(path, PLACE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        sheets = None if size > limit_bytes() else pd.read_excel(
            io.BytesIO(content), sheet_name=None, index_col=0, engine="openpyxl"
        )  # fmt: skip
    except Exception as error:  # whatever a broken file provokes inside openpyxl is a fault of the file
        rule = f"is not a complete workbook (.xlsx): {what_it_says(error)}"
        raise InputError.single(PLACE, rule, shown_path(path)) from error
    if sheets is None:
        raise InputError.single(PLACE, f"unpacks to more than {limit_bytes() / 1e6:g} MB")
    return {str(name): table for name, table in sheets.items()}


def _faults(sheets: dict[str, Any]) -> list[Fault]:
    """What is wrong with the sheets: missing ones, too many columns, texts that stand for objects."""
    faults = [
        Fault(PLACE, f"has no sheet {name!r}, so it is no workbook of pandapower")
        for name in NEEDED
        if name not in sheets
    ]
    for name, table in sheets.items():
        if len(table.columns) > MOST_COLUMNS:
            faults.append(Fault(f"sheet {name}", f"must have at most {MOST_COLUMNS:,} columns", len(table.columns)))
            continue
        for column in table.select_dtypes(object).columns:
            texts = [value for value in table[column] if isinstance(value, str)]
            if any("_module" in text for text in texts):
                faults.append(Fault(f"sheet {name}, {column}", "holds an object, which no table needs"))
        if name in {"bus", "load", "line", "trafo"} and table.index.hasnans:
            faults.append(Fault(f"sheet {name}", "must number every row in its first column"))
    if "parameters" in sheets:
        present = set(map(str, sheets["parameters"].columns))
        faults += [
            Fault("sheet parameters", "lacks a column", name) for name in ("f_hz", "sn_mva") if name not in present
        ]
    return faults
