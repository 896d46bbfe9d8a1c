"""The rows of a table that was opened: sorted and filtered in the browser, and all of them to take away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import dash_ag_grid as dag
import polars as pl
from dash import html
from dash.development.base_component import Component

from app.dashboard.text import figure
from app.dashboard.why.attributes import hyphened
from app.dashboard.why.tables import PageTable, plain, total_row

MOST_ROWS = 20_000
"""Rows that the browser gets; the file of a longer table has all."""
SHOWN_ROWS = 14
"""Rows up to which a table is as high as they are; a longer one scrolls."""
ROW_HEIGHT, HEAD_HEIGHT, FILTER_HEIGHT = 34, 44, 40
_LETTER_PX, _CELL_PX, _LEAST_PX, _MOST_PX = 7.6, 52, 96, 300


def grid_of(
    table: PageTable, key: str, *, theme: str, zone: str, name: str, where: Mapping[str, str],
    said: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list,
) -> Component:  # fmt: skip
    """The rows of a table, and a link to all of them as CSV.

    Args:
        table: The table.
        key: Its key.
        theme: The colour scheme.
        zone: Time zone of its times.
        name: Name of the file.
        where: Path, search and theme of the page, by which the server makes the table again once it has dropped it.
        said: Says the texts of rows in the language of who reads them.
    """
    given = table.frame.head(MOST_ROWS)
    fields = {column: f"c{place}" for place, column in enumerate(table.frame.columns)}
    rows = [{field: plain(value, zone) for field, value in zip(fields.values(), row, strict=True)}
            for row in given.iter_rows()]  # fmt: skip
    total = {fields[column]: plain(value, zone) for column, value in total_row(table).items()} if table.total else None
    long = len(rows) > SHOWN_ROWS
    grid = dag.AgGrid(
        id={"type": "table-grid", "key": key}, rowData=said(rows), columnDefs=_columns(table, fields, filters=long),
        defaultColDef={"sortable": True, "resizable": True, "wrapHeaderText": True, "autoHeaderHeight": True},
        dashGridOptions={
            "theme": {"function": "themeQuartz"}, "rowHeight": ROW_HEIGHT, "headerHeight": HEAD_HEIGHT,
            "domLayout": "normal" if long else "autoHeight", "ensureDomOrder": True, "enableCellTextSelection": True,
            "animateRows": False, **({} if total is None else {"pinnedBottomRowData": said([total])}),
        },
        style={"width": "100%", "height": _height() if long else None},
    )  # fmt: skip
    query = urlencode({"name": name, **where})
    csv = html.A("Save all rows as CSV", href=f"/rows/{key}.csv?{query}", download="", className="save")
    return html.Div([html.P([csv, *_kept_back(table)], className="table-tools"),
                     html.Div(grid, **hyphened(data_ag_theme_mode=theme))])  # fmt: skip


def _height() -> int:
    return HEAD_HEIGHT + FILTER_HEIGHT + ROW_HEIGHT * (SHOWN_ROWS + 1)


def _kept_back(table: PageTable) -> list[str]:
    if table.frame.height <= MOST_ROWS:
        return []
    return [f" Here are the first {figure(MOST_ROWS, 0)} of {figure(table.frame.height, 0)} rows; the file has all."]


def _columns(table: PageTable, fields: dict[str, str], *, filters: bool) -> list[dict[str, Any]]:
    """Definitions of the columns: numbers to the right, filters in sight where there are many rows."""
    found = []
    for column, dtype in table.frame.schema.items():
        numeric = dtype.is_numeric()
        digits = table.digits if dtype.is_float() else 0
        form = {"valueFormatter": {"function": f"gridcarbonFigure(params.value, {digits})"}, "type": "rightAligned"}
        found.append({
            "field": fields[column], "headerName": column, "flex": 1, "minWidth": _width(table.frame, column),
            **({"filter": "agNumberColumnFilter" if numeric else "agTextColumnFilter", "floatingFilter": True}
               if filters else {}),
            **(form if numeric else {}),
        })  # fmt: skip
    return found


def _width(frame: pl.DataFrame, column: str) -> int:
    """Width that the head, in two lines, and the longest of the first cells need [px]."""
    texts = frame[column].head(200).cast(pl.String, strict=False).drop_nulls().to_list()
    cells = 10 if frame.schema[column].is_numeric() else max(map(len, texts), default=0)
    head = max(map(len, column.split()), default=0)
    letters = max(cells, head, len(column) / 2)
    return int(min(max(letters * _LETTER_PX + _CELL_PX, _LEAST_PX), _MOST_PX))
