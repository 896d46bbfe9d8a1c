"""Operations: the grid as it is now, from the twin's measurements and alerts; asked again every few seconds."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component
from flask import current_app, has_app_context

from app.dashboard import cards
from app.dashboard.operations import PLACE_CLASS, TWIN, map_place
from app.dashboard.view import Page, View

_HOW = (
    "No twin is shown here. gridcarbon twin run SOURCE STORE takes measurements into a store, from a broker or a file; "
    "gridcarbon serve DIR --twin STORE shows them on this page, --alerts FILE the alerts of gridcarbon twin alerts, "
    "--estimate FOLDER the state by gridcarbon twin estimate."
)


def content(view: View) -> Component:
    """The page for a view."""
    title = view.say("Operations")
    if not has_app_context() or current_app.config.get(TWIN) is None:
        return cards.page(title, "The grid as it is now.", cards.nothing("Measurements and alerts", _HOW))
    zone = view.zone if view.name else "UTC"
    twin = current_app.config[TWIN]
    drawn = [] if twin.estimate is None else [map_place(zone)]
    waiting = html.P("The last known state is being read.", className="nothing")
    return cards.page(
        title,
        f"The grid as it is now, by its sensors; asked again every few seconds. Times are local, {zone}.",
        html.Div([waiting, *drawn], className=PLACE_CLASS, **cards.hyphened(data_zone=zone)),
    )


PAGE = Page("/operations", "Operations", content, needs_result=False)
