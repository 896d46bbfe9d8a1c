"""The grid, moment by moment: a map with a time slider, the day of any element, and all limits that were exceeded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
import polars as pl
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from app.dashboard import arrays, cards
from app.dashboard.catalogue import Catalogue
from app.dashboard.figures import element
from app.dashboard.layers import LAYERS
from app.dashboard.local_time import local, zone_of
from app.dashboard.text import counted, figure
from app.dashboard.view import Page, View
from app.results.folder import Result

_QUANTITIES = {
    "vm_pu": ("Voltage", "pu", 4), "loading_percent": ("Loading", "%", 1), "import_mw": ("Import", "MW", 2),
}  # fmt: skip
_COLUMNS = [
    {"field": "element", "headerName": "Element", "flex": 2, "minWidth": 140},
    {"field": "quantity", "headerName": "Quantity", "minWidth": 100},
    {"field": "steps", "headerName": "Steps", "type": "rightAligned", "minWidth": 80},
    {"field": "worst", "headerName": "Worst", "type": "rightAligned", "sortable": False, "minWidth": 100},
    {"field": "limit", "headerName": "Limit", "type": "rightAligned", "sortable": False, "minWidth": 100},
    {"field": "time", "headerName": "Worst at", "sortable": False, "minWidth": 150},
]
_SCHEMATIC = (
    "Places are as the network file gives them; SimBench's low-voltage grids are schematic. "
    "Drag to pan, scroll or + and − to zoom, 0 to see all; on the slider, arrow keys step through time."
)


def content(view: View) -> Component:
    """The page for a view."""
    layer = view.query.get("layer", "carbon")
    config = {
        "result": view.name, "version": arrays.version_of(view.result), "theme": view.theme, "zone": view.zone,
        "layers": arrays.layers_for_browser(
            view.theme, view.result.scenario.get("limits") or {}, str(view.result.manifest.get("currency", "currency")),
            str(view.result.manifest.get("upstream_score", "")),
        ),
    }  # fmt: skip
    return cards.page(
        "Grid",
        cards.where_and_when(view),
        dcc.Store(id="map-config", data=config),
        dcc.Store(id="map-selection"),
        dcc.Store(id="map-drawn"),
        html.Section([
            _toolbar(view, layer if layer in LAYERS else "carbon"),
            html.Div(id="map", tabIndex=0, role="application", **cards.hyphened(
                aria_label="Map of the grid: arrow keys pan, plus and minus zoom, zero shows all, comma and full stop "
                "step through time, space plays", aria_describedby="map-spoken",
            )),
            html.Div(id="map-legend", className="legend"),
            _time_bar(view),
            html.P(_SCHEMATIC, className="subtitle"),
        ], className="card map-card", **cards.hyphened(aria_label="Map of the grid")),
        html.Div(_no_selection(), id="map-day"),
        _violations(view),
    )  # fmt: skip


def _toolbar(view: View, layer: str) -> Component:
    topology = view.result.topology
    found = [
        {"group": "Buses", "items": [{"value": f"bus:{b['name']}", "label": b["name"]} for b in topology["buses"]]},
        {"group": "Lines and transformers",
         "items": [{"value": f"branch:{b['name']}", "label": b["name"]} for b in topology["branches"]]},
    ]  # fmt: skip
    return html.Div(
        [
            dmc.SegmentedControl(
                id="map-layer", value=layer, size="sm",
                data=[{"value": key, "label": one.title} for key, one in LAYERS.items()],
            ),
            dmc.Select(
                id="map-find", data=found, searchable=True, clearable=True, limit=60, size="sm", w=240,
                placeholder="Find a bus or a line", nothingFoundMessage="Nothing of that name",
                **cards.hyphened(aria_label="Find a bus or a line"),
            ),
            html.Div(id="map-clock", className="clock"),
        ],
        className="toolbar",
    )  # fmt: skip


def _time_bar(view: View) -> Component:
    n_steps = arrays.n_steps(view.result)
    wanted = view.query.get("t", "")
    start = min(int(wanted), n_steps - 1) if wanted.isdecimal() else min(48, n_steps // 2)
    return html.Div(
        [
            html.Button("Play", id="map-play", className="button", type="button"),
            html.Div(
                [
                    html.Canvas(id="map-spark", className="spark", title="Consumption of the city"),
                    dmc.Slider(
                        id="map-time", min=0, max=max(n_steps - 1, 0), value=max(start, 0), step=1, updatemode="drag",
                        label=None, size="xs", thumbSize=18, thumbLabel="Time shown on the map",
                    ),
                ],
                className="track",
            ),
            html.Div(id="map-spoken", className="spoken", role="status", **cards.hyphened(aria_live="polite")),
        ],
        className="timebar",
    )  # fmt: skip


def _no_selection() -> Component:
    what_to_do = "Click a bus or a line on the map, or find one by name, to see its day."
    return cards.nothing("The day of an element", what_to_do)


def violations(result: Result) -> pl.DataFrame:
    """Limits exceeded, one row an element and quantity: for how many steps, how far at worst, and when.

    Args:
        result: Any result.

    Returns:
        Columns `element`, `quantity`, `steps`, `worst`, `limit`, `time` (local, of the worst step) and `time_ms` (UTC),
        the longest first.
    """
    beyond = (pl.col("value") - pl.col("limit")).abs()
    frame = (
        result.table("violations").with_columns(pl.col("element", "quantity").cast(pl.String))
        .sort(beyond, descending=True)
        .group_by("element", "quantity", maintain_order=True)
        .agg(pl.len().alias("steps"), pl.col("value").first().alias("worst"), pl.col("limit", "time").first())
        .sort("steps", descending=True, maintain_order=True)
        .with_columns(time_ms=pl.col("time").dt.epoch("ms"), time=local(zone_of(result.scenario)))
        .collect()
    )  # fmt: skip
    return frame.select("element", "quantity", "steps", "worst", "limit", "time", "time_ms")


def _violations(view: View) -> Component:
    frame = violations(view.result)
    if frame.is_empty():
        return cards.nothing("Limits exceeded", "No limit was exceeded at any step.")
    buses = {bus["name"] for bus in view.result.topology["buses"]}
    rows = [_violation_row(row, buses) for row in frame.iter_rows(named=True)]
    grid = dag.AgGrid(
        id="violations", rowData=rows, columnDefs=_COLUMNS, columnSize="responsiveSizeToFit",
        defaultColDef={"flex": 1, "resizable": True}, style={"height": min(52 + 36 * len(rows), 420)},
        dashGridOptions={"rowHeight": 36, "theme": {"function": "themeQuartz"}},
    )  # fmt: skip
    words = f"{counted(len(rows), 'pair')} of element and quantity; click a row to see its worst moment on the map."
    table = html.Div(grid, **cards.hyphened(data_ag_theme_mode=view.theme))
    return html.Section([html.H2("Limits exceeded"), html.P(words, className="subtitle"), table], className="card")


def _violation_row(row: Mapping[str, Any], buses: set[str]) -> dict[str, Any]:
    title, unit, digits = _QUANTITIES.get(row["quantity"], (row["quantity"], "", 3))
    return {
        "key": f"{'bus' if row['element'] in buses else 'branch'}:{row['element']}",
        "element": row["element"], "quantity": title, "steps": row["steps"],
        "worst": f"{figure(row['worst'], digits)} {unit}", "limit": f"{figure(row['limit'], digits)} {unit}",
        "time": f"{row['time']:%d %b %Y %H:%M}", "time_ms": row["time_ms"],
    }  # fmt: skip


def element_day(view: View, kind: str, name: str, day: dt.date) -> Component:
    """The chart of one bus or branch over one local day."""
    table, key = ("buses", "bus") if kind == "bus" else ("branches", "branch")
    rows = (
        view.result.table(table).filter(pl.col(key).cast(pl.String) == name)
        .filter(local(view.zone).dt.date() == day).sort("time").collect()
    )  # fmt: skip
    limits: Mapping[str, Any] = view.result.scenario.get("limits") or {}
    if kind == "bus":
        zones = {bus["name"]: bus.get("zone") for bus in view.result.topology["buses"]}
        where, chart = zones.get(name) or "", element.bus_day(rows, limits, view.zone, view.theme)
        subtitle = view.convention
    else:
        kinds = {branch["name"]: branch["kind"] for branch in view.result.topology["branches"]}
        where = str(kinds.get(name, ""))
        subtitle = "Loading by current over rating; power sent is positive from the first bus to the second."
        chart = element.branch_day(rows, where, limits, view.zone, view.theme)
    title = f"{name} on {day.day} {day:%B %Y}"
    return cards.chart(title, f"{where}. {subtitle}" if where else subtitle, chart, key="element-day")


def register(app: Dash, results: Catalogue) -> None:
    """Registers the map's callbacks: drawing happens in the browser, only an element's day asks the server."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("gridmap", "show"),
        Output("map-drawn", "data"),  # without an output, Dash would not call it when the page appears
        Input("map-config", "data"), Input("map-layer", "value"),
        Input("map-time", "value"), Input("map-find", "value"),
    )  # fmt: skip
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("gridmap", "toggle"), Input("map-play", "n_clicks"), prevent_initial_call=True
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("gridmap", "goTo"),
        Input("violations", "cellClicked"), State("violations", "rowData"), prevent_initial_call=True,
    )  # fmt: skip

    @app.callback(
        Output("map-day", "children"), Input("map-selection", "data"), State("view", "data"), prevent_initial_call=True
    )
    def show_day(selection: Mapping[str, str] | None, data: Mapping[str, Any]) -> Component:
        if not selection:
            return _no_selection()
        day = dt.date.fromisoformat(selection["day"])
        return element_day(View.of(results, data), selection["kind"], selection["name"], day)


PAGE = Page("/grid", "Grid", content, register)
