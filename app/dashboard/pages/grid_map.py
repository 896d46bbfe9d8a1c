"""The grid, moment by moment: a map of layers, districts and devices, the day of any element, and exceeded limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.answers.grid import grid_sentences
from app.dashboard.catalogue import Catalogue
from app.dashboard.grid_map import parts
from app.dashboard.grid_map.element_day import element_day
from app.dashboard.grid_map.hosting import card as hosting_card
from app.dashboard.grid_map.why_district import district_card
from app.dashboard.language import language_named
from app.dashboard.language.spoken import spoken
from app.dashboard.view import Page, View

_PLACES = "Places are as the network file gives them. "
_PLACES_OF_SIMBENCH = "Places are as the network file gives them; SimBench's low-voltage grids are schematic. "
_HANDLING = "Drag to pan, scroll or + and \N{MINUS SIGN} to zoom, 0 to see all."


def content(view: View) -> Component:
    """The page for a view."""
    return cards.page(
        view.say("Grid"),
        cards.where_and_when(view),
        cards.answers(grid_sentences(view), view),
        *parts.stores(view),
        html.Section([
            parts.toolbar(view),
            parts.kinds(view),
            parts.stage(),
            html.Div(id="map-legend", className="legend"),
            html.Div(id="map-symbol-legend", className="legend-symbols"),
            html.Div(id="map-spoken", className="spoken", role="status", **cards.hyphened(aria_live="polite")),
            html.P(_places(view), className="subtitle"),
        ], className="card map-card", **cards.hyphened(aria_label=view.say("Map of the grid"))),
        html.Div(_no_selection(), id="map-day"),
        parts.exceeded(view),
        parts.districts(view),
        hosting_card.hosting_card(view),
        parts.twins(view),
    )  # fmt: skip


def _places(view: View) -> str:
    """Where the map's places come from, and how to move on it."""
    licences = view.result.manifest.get("data_licences") or []
    of_simbench = any("SimBench" in str(licence) for licence in licences)
    return (_PLACES_OF_SIMBENCH if of_simbench else _PLACES) + _HANDLING


def _no_selection() -> Component:
    what_to_do = "Choose a bus or a line on the map, or find one by name, to see its day; a district to see why."
    return cards.nothing("The day of an element", what_to_do)


def register(app: Dash, results: Catalogue) -> None:
    """Registers the map's callbacks: drawing happens in the browser, only what is selected asks the server."""
    hosting_card.add_hosting_route(app.server, results)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("gridmap", "show"),
        Output("map-drawn", "data"),  # without an output, Dash would not call it when the page appears
        Input("map-config", "data"), Input("map-layer", "value"), Input("map-mode", "value"),
        Input("map-level", "value"), Input("map-kinds", "value"), Input("map-beside", "value"),
    )  # fmt: skip
    for function, given in (
        ("find", Input("map-find", "value")), ("rested", Input("moment-rested", "data")),
        ("rested", Input("map-basis", "value")), ("hour", Input("map-hour", "value")),
        ("download", Input("map-twin-export", "n_clicks")),
    ):  # fmt: skip
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("gridmap", function), given, prevent_initial_call=True
        )

    @app.callback(
        Output("map-day", "children"), Input("map-selection", "data"), State("view", "data"), prevent_initial_call=True
    )
    def show_selected(selection: Mapping[str, Any] | None, data: Mapping[str, Any]) -> Any:
        if not selection:
            return spoken(_no_selection(), language_named(str(data.get("language") or "")))
        view = View.of(results, data)
        return spoken(selected(view, selection), view.language)


def selected(view: View, selection: Mapping[str, Any]) -> Component:
    """What is shown of a choice on the map: ``key`` (`bus:`, `branch:` or `zone:` with a name), ``at_ms``, ``day``."""
    kind, _, name = str(selection["key"]).partition(":")
    if kind == "zone":
        return district_card(view, name, float(selection["at_ms"]))
    return element_day(view, kind, name, dt.date.fromisoformat(str(selection["day"])))


PAGE = Page("/grid", "Grid", content, register, of_all=True)
