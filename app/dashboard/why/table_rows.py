"""What the server answers when a table is opened or saved: its rows, made again if they were dropped meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl
from dash import MATCH, Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component
from flask import Flask, Response, abort, request

from app.dashboard.attachment import attachment
from app.dashboard.language.spoken import cells_in, spoken
from app.dashboard.view import View
from app.dashboard.why.grid import grid_of
from app.dashboard.why.tables import KEPT, ROWS, SUMMARY, PageTable
from grid.errors import InputError

ViewOf = Callable[[Mapping[str, Any]], View]
"""Gives the view that the browser describes: path, search and theme."""
Make = Callable[[str, View], object]
"""Makes the page at a path for a view, which keeps its tables."""
GONE = "These rows are of a result that was replaced or removed. Load the page again to see the new ones."


def register(app: Dash, view_of: ViewOf, make: Make) -> None:
    """Registers what gives the rows of a table, and all of them as a file.

    Args:
        app: The dashboard.
        view_of: Gives the view of a page.
        make: Makes a page.
    """
    _add_route(app.server, view_of, make)

    @app.callback(
        Output({"type": ROWS, "key": MATCH}, "children"), Input({"type": SUMMARY, "key": MATCH}, "n_clicks"),
        State("view", "data"), prevent_initial_call=True,
    )  # fmt: skip
    def rows(clicks: int | None, data: Mapping[str, Any]) -> Component | Any:
        if clicks != 1:  # later clicks close and open what is there
            return no_update
        key = str((ctx.triggered_id or {})["key"])
        try:
            view, table = view_of(data), _found(key, data, view_of, make)
        except InputError:  # of a result that is not there any more
            return html.P(GONE, className="nothing")
        if table is None:
            return html.P(GONE, className="nothing")
        where = {name: str(data.get(name) or "") for name in ("path", "search", "theme")}
        name, said = f"{view.name} {table.title}", partial(cells_in, language=view.language)
        shown = grid_of(table, key, theme=view.theme, zone=view.zone, name=name, where=where, said=said)
        return spoken(shown, view.language)


def _found(key: str, data: Mapping[str, Any], view_of: ViewOf, make: Make) -> PageTable | None:
    """The table of a key; if it is not kept any more, its page is made again."""
    found = KEPT.find(key)
    if found is None and data.get("path"):
        make(str(data["path"]), view_of(data))
        found = KEPT.find(key)
    return found


def _add_route(server: Flask, view_of: ViewOf, make: Make) -> None:
    @server.get("/rows/<key>.csv")
    def serve_rows(key: str) -> Response:
        try:
            table = _found(key, request.args, view_of, make) or abort(404)
        except InputError:  # of a result that is not there any more
            abort(404)
        response = Response(csv_of(table), mimetype="text/csv")
        response.headers["Content-Disposition"] = attachment(file_name(request.args.get("name") or table.title, "csv"))
        return response


def csv_of(table: PageTable) -> str:
    """All rows of a table as CSV, numbers as they are; moments in UTC with a Z, wall-clock times as they stand."""
    moments = pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    names = pl.selectors.categorical().cast(pl.String)
    return table.frame.with_columns(names, moments).write_csv(datetime_format="%Y-%m-%dT%H:%M:%S")


def file_name(name: str, suffix: str) -> str:
    """A name as a file may have it on every system, in any script."""
    kept = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "-", name).strip(" .-")
    return f"{kept[:150] or 'table'}.{suffix}"
