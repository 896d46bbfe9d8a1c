"""The parts of the map's page: controls, stage, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
from dash import dcc, html
from dash.development.base_component import Component
from flask import current_app

from app.dashboard import cards
from app.dashboard.grid_map import violations
from app.dashboard.grid_map.chunks import version_of
from app.dashboard.grid_map.differences import what_is_missing, why_not_comparable
from app.dashboard.grid_map.geometry import branch_names, bus_names
from app.dashboard.grid_map.hosting.kept import HOSTED, hosting_version, how_to_get
from app.dashboard.grid_map.layers import LAYERS, layers_for_browser
from app.dashboard.grid_map.symbols import KINDS, kind_of_asset
from app.dashboard.mantine import dmc
from app.dashboard.text import counted
from app.dashboard.view import View
from app.dashboard.why.tables_of.grid import of_districts, of_map, of_violations

FIRST_LAYER = "carbon"
_MANY_PLACES = {"pv", "charging", "heat_pump"}
"""Kinds that stand at most buses, so that they are shown when asked for."""
_VIOLATION_COLUMNS = [
    {"field": "element", "headerName": "Element", "flex": 2, "minWidth": 140},
    {"field": "quantity", "headerName": "Quantity", "minWidth": 100},
    {"field": "steps", "headerName": "Steps", "type": "rightAligned", "minWidth": 90},
    {"field": "worst", "headerName": "Worst", "type": "rightAligned", "sortable": False, "minWidth": 100},
    {"field": "limit", "headerName": "Limit", "type": "rightAligned", "sortable": False, "minWidth": 100},
    {"field": "time", "headerName": "Worst at", "sortable": False, "minWidth": 210},
]
_DEVICE_COLUMNS = [
    {"field": "kind", "headerName": "Kind", "minWidth": 120},
    {"field": "bus", "headerName": "Bus", "minWidth": 140},
    {"field": "zone", "headerName": "District", "minWidth": 110},
    {
        "field": "mw",
        "headerName": "Highest power [MW]",
        "type": "rightAligned",
        "minWidth": 130,
        "valueFormatter": {"function": "gridcarbonFigure(params.value, 3)"},
        "useValueFormatterForExport": False,
    },
    {"field": "names", "headerName": "Assets", "flex": 2, "minWidth": 140},
]
_BASES = {"now": "At the shown moment", "hour": "At this hour of all days", "period": "Whole period"}
"""Over which time districts are ranked."""


def config(view: View) -> dict[str, Any]:
    """What the browser needs to draw the map of a view."""
    result = view.result
    against = view.baseline
    layers = layers_for_browser(
        view.theme, result.scenario.get("limits") or {}, str(result.manifest.get("currency", "currency")),
        str(result.manifest.get("upstream_score", "")),
    )  # fmt: skip
    return {
        "result": view.name, "version": version_of(result), "theme": view.theme, "zone": view.zone,
        "convention": view.convention,
        "label": view.label, "first": FIRST_LAYER, "hosting": {key: how_to_get(result, key) for key in HOSTED},
        "computed": {key: hosting_version(result, key) for key in HOSTED},
        "outline": bool(current_app and current_app.config.get("GRIDCARBON_BASEMAP")),
        "layers": {key: {**layer, "title": view.say(layer["title"])} for key, layer in layers.items()},
        "against": None if against is None or why_not_comparable(result, against) else {
            "name": view.baseline_name, "version": version_of(against), "label": view.baseline_label,
            "missing": what_is_missing(result, against),
        },
        "beside": [
            {"name": name, "version": version_of(view.results[name]), "label": view.results.label(name)}
            for name in beside_names(view)
        ],
    }  # fmt: skip


def beside_names(view: View) -> list[str]:
    """Results that can be drawn beside the one looked at: its baseline and those it is compared with."""
    names = [view.baseline_name] if view.baseline is not None else []
    return list(dict.fromkeys([*names, *view.compared]))


def why_no_difference(view: View) -> str:
    """Why the map offers no difference, in words; empty if it does."""
    if view.baseline is None:
        return view.baseline_reason
    reason = why_not_comparable(view.result, view.baseline)
    return f"No difference from {view.baseline_label}: {reason}." if reason else ""


def toolbar(view: View) -> Component:
    """Choice of layer, of values or differences, of elements or districts, of a map beside, and of an element."""
    reason, beside = why_no_difference(view), beside_names(view)
    less = view.say("Difference") if reason else view.say("Less {name}", name=view.baseline_label)
    return html.Div(
        [
            dmc.Select(
                id="map-layer", value=FIRST_LAYER, allowDeselect=False, size="sm", w=262, checkIconPosition="right",
                data=[{"value": key, "label": view.say(one.title)} for key, one in LAYERS.items()],
                **cards.hyphened(aria_label=view.say("Quantity on the map")),
            ),
            dmc.SegmentedControl(
                id="map-mode", value="value", size="sm",
                data=[{"value": "value", "label": view.say("Values")},
                      {"value": "difference", "label": less, "disabled": bool(reason)}],
            ),
            dmc.SegmentedControl(
                id="map-level", value="elements", size="sm",
                data=[{"value": "elements", "label": view.say("Elements")},
                      {"value": "districts", "label": view.say("Districts")}],
            ),
            dmc.Select(
                id="map-beside", data=[{"value": name, "label": view.results.label(name)} for name in beside],
                clearable=True, size="sm", w=190, disabled=not beside, placeholder=view.say("One map"),
                **cards.hyphened(aria_label=view.say("Result on a second map beside this one")),
            ),
            dmc.Select(
                id="map-find", data=_found(view), searchable=True, clearable=True, limit=60, size="sm", w=250,
                placeholder=view.say("Find a bus or a line"), nothingFoundMessage=view.say("Nothing of that name"),
                **cards.hyphened(aria_label=view.say("Find a bus or a line")),
            ),
            *([html.Span(reason, className="map-reason")] if reason else []),
        ],
        className="toolbar",
    )  # fmt: skip


def _found(view: View) -> list[dict[str, Any]]:
    buses, branches = bus_names(view.result), branch_names(view.result)
    return [
        {"group": view.say("Buses"), "items": [{"value": f"bus:{name}", "label": name} for name in buses]},
        {"group": view.say("Lines and transformers"),
         "items": [{"value": f"branch:{name}", "label": name} for name in branches]},
    ]  # fmt: skip


def kinds(view: View) -> Component:
    """Which devices are drawn."""
    there = set(kind_of_asset(view.result).values())
    shown = [kind for kind in KINDS if kind in there]
    return html.Div(
        dmc.ChipGroup(
            [dmc.Chip(view.say(KINDS[kind]), value=kind, size="xs") for kind in shown]
            + [dmc.Chip(view.say("Transformers"), value="transformer", size="xs")],
            id="map-kinds", multiple=True,
            value=[*(kind for kind in shown if kind not in _MANY_PLACES), "transformer"],
        ),
        className="map-kinds", role="group", **cards.hyphened(aria_label=view.say("Devices on the map")),
    )  # fmt: skip


def stage() -> Component:
    """The map, and room for a second one."""
    keys = ("arrow keys pan, plus and minus zoom, zero shows all, Enter chooses what is in the middle, comma and full "
            "stop step through time, space plays")  # fmt: skip
    return html.Div(
        [
            html.Div(id="map-title", className="map-pane-title"),
            html.Div(id="map-second-title", className="map-pane-title"),
            html.Div(id="map", tabIndex=0, role="application", className="map-pane", **cards.hyphened(
                aria_label=f"Map of the grid: {keys}", aria_describedby="map-spoken")),
            html.Div(id="map-second", tabIndex=0, role="application", className="map-pane", **cards.hyphened(
                aria_label=f"Second map: {keys}")),
        ],
        className="map-stage",
    )  # fmt: skip


def grid(
    name: str, columns: Sequence[dict[str, Any]], rows: list[dict[str, Any]] | None, view: View, height: int
) -> Component:
    """A table whose rows are chosen by a click or by Enter."""
    table = dag.AgGrid(
        id=name, rowData=rows, columnDefs=list(columns), columnSize="responsiveSizeToFit",
        defaultColDef={"flex": 1, "resizable": True, "sortable": True, "filter": True}, style={"height": height},
        dashGridOptions={"rowHeight": 34, "headerHeight": 38, "theme": {"function": "themeQuartz"}},
        csvExportParams={"fileName": f"{view.name}-{name}.csv"},
    )  # fmt: skip
    return html.Div(table, **cards.hyphened(data_ag_theme_mode=view.theme))


def districts(view: View) -> Component:
    """Districts ranked by the layer."""
    if not any(bus.get("zone") for bus in view.result.topology["buses"]):
        return cards.nothing(view.say("Districts"), view.say("The net names no districts (`zone` of its buses)."))
    basis = dmc.SegmentedControl(
        id="map-basis", value="now", size="xs",
        data=[{"value": value, "label": view.say(label)} for value, label in _BASES.items()],
    )  # fmt: skip
    hours = dmc.Select(
        id="map-hour",
        data=[{"value": str(hour), "label": f"{hour:02d}:00"} for hour in range(24)],
        size="xs",
        w=150,
        placeholder=view.say("Go to an hour"),
        **cards.hyphened(aria_label=view.say("Go to an hour of the shown day")),
    )
    return html.Section([
        cards.head(view.say("Districts"), "map-districts", of_districts(view)),
        html.Div([basis, hours], className="map-basis-row"),
        html.P(id="map-districts-words", className="subtitle", role="status"),
        grid("map-districts", [], [], view, 300),
    ], className="card", **cards.hyphened(aria_label=view.say("Districts")))  # fmt: skip


def exceeded(view: View) -> Component:
    """Limits that were exceeded; a row goes to its worst moment on the map."""
    others = {} if view.baseline is None else {view.baseline_label: view.baseline}
    others |= {view.results.label(name): view.results[name] for name in view.compared if name != view.baseline_name}
    rows = violations.rows_for_table(view.result, others)
    if not rows:
        return cards.nothing(view.say("Limits exceeded"), view.say("No limit was exceeded at any step."))
    compared = [{"field": "removed", "headerName": "In compared results", "flex": 2, "minWidth": 160}] if others else []
    words = (
        f"{counted(len(rows), 'pair')} of element and quantity; a click or Enter goes to its worst moment on the map."
    )
    table = grid("violations", [*_VIOLATION_COLUMNS, *compared], rows, view, min(56 + 34 * len(rows), 420))
    return html.Section(
        [
            cards.head(view.say("Limits exceeded"), "violations", of_violations(view)),
            html.P(words, className="subtitle"),
            table,
        ],
        className="card",
    )


def twins(view: View) -> Component:
    """The map and its devices as tables."""
    export = html.Button(view.say("Download as CSV"), id="map-twin-export", className="button", type="button")
    return html.Section([
        cards.head(view.say("The map as tables"), "map-tables", of_map(view)),
        html.Details([
            html.Summary(view.say("All elements at the shown moment")), html.Div(export, className="map-export"),
            grid("map-twin", [], [], view, 420),
        ]),
        html.Details([
            html.Summary(view.say("All devices")), grid("map-devices", _DEVICE_COLUMNS, [], view, 320),
        ]),
    ], className="card", **cards.hyphened(aria_label=view.say("The map as tables")))  # fmt: skip


def stores(view: View) -> list[Component]:
    """What the browser keeps of the map."""
    return [dcc.Store(id="map-config", data=config(view)), dcc.Store(id="map-selection"), dcc.Store(id="map-drawn")]
