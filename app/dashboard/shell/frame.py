"""The frame around the pages: brand, navigation, pickers, switches, the places of tray and drawer, the page itself."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from app.dashboard.cards import hyphened
from app.dashboard.catalogue import Catalogue
from app.dashboard.figures.chart import FONTS
from app.dashboard.language import LANGUAGES
from app.dashboard.mantine import dmc
from app.dashboard.pages import PAGES
from app.dashboard.runs import tray
from app.dashboard.shell.navigation import page_at
from app.dashboard.shell.pickers import listing, pickers
from app.dashboard.shell.time_bar import time_bar
from app.dashboard.why import callbacks as why_callbacks
from app.dashboard.why.drawer import drawer

INDEX = """<!DOCTYPE html>
<html lang="en" data-mantine-color-scheme="light">
  <head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
  <body>{%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""
PLACES = (*(f"page-{number}" for number in range(len(PAGES))), "page-none")
"""Where each page stands, in the order of `PAGES`, and what is no page."""


def layout(results: Catalogue, *, read_only: bool = False) -> Component:
    """The frame; the browser asks for the page that its address names. `read_only`: nothing can be run.

    Its stores are the frame's parts of what pages may read: ``view`` (path, search, theme and language of the address,
    always up to date) and ``moment-rested`` (the shown moment as ISO UTC, once it rests). Pages that are `still`, as no
    callback of their own belongs to them, may be drawn with the frame.
    """
    frame: Component = dmc.MantineProvider(
        id="mantine",
        forceColorScheme="light",
        theme={"primaryColor": "teal", "primaryShade": 9, "fontFamily": FONTS, "defaultRadius": "sm"},
        children=[
            dcc.Store(id="page-places", data=[
                {"path": page.path, "keys": list(page.keys), "anew": page.anew, "timed": page.needs_result,
                 "still": page.callbacks is None}
                for page in PAGES
            ]),
            dcc.Store(id="results-listed", data=listing(results)),
            dcc.Store(id="page-turn"), dcc.Store(id="view"), dcc.Store(id="moment-rested"),
            html.A("Skip to the content", id="skip-link", href="#page", className="skip"),
            html.Header([_top(read_only), pickers(results)], className="top"),
            html.Main([html.Div(id=place) for place in PLACES], id="page", tabIndex=-1),
            drawer(),
            time_bar(),
        ],
    )  # fmt: skip
    return frame


def _top(read_only: bool) -> Component:
    """Brand, links to the pages, and what changes the view as a whole."""
    return html.Div(
        [
            dcc.Link([html.Span(className="mark"), "gridcarbon"], href="/", className="brand"),
            html.Nav(id="nav", **hyphened(aria_label="Pages")),
            html.Div(
                [
                    html.Button(id="view-undo", className="button icon undo", type="button", disabled=True,
                                **hyphened(aria_label="Undo the last change of the view")),
                    html.Button(id="view-redo", className="button icon redo", type="button", disabled=True,
                                **hyphened(aria_label="Redo")),
                    html.Button(id="view-share", className="button icon link", type="button",
                                **hyphened(aria_label="Copy a link that holds this whole view")),
                    dmc.Select(
                        id="language-picker", value="en", allowDeselect=False, size="sm", w=106, withCheckIcon=False,
                        comboboxProps={"keepMounted": False},
                        data=[{"value": code, "label": name} for code, name in LANGUAGES.items()],
                        **hyphened(aria_label="Language"),
                    ),
                    html.Button("Dark", id="theme-switch", className="button", type="button"),
                    tray(read_only=read_only),
                ],
                className="tools",
            ),
        ],
        className="top-row",
    )  # fmt: skip


def register(app: Dash, results: Catalogue) -> None:
    """Registers what the frame does in the browser, and the callbacks of all pages."""
    client: Any = app.clientside_callback
    client(ClientsideFunction("shell", "begin"), Output("view", "data"), Input("page-places", "data"))
    client(ClientsideFunction("shell", "put"), *(Output(place, "children") for place in PLACES),
           Input("page-turn", "data"), prevent_initial_call=True)  # fmt: skip
    for function, picker in (("pick", "result-picker"), ("pickBaseline", "baseline-picker"),
                             ("pickOthers", "with-picker"), ("pickLanguage", "language-picker")):  # fmt: skip
        client(ClientsideFunction("shell", function), Input(picker, "value"), prevent_initial_call=True)
    why_callbacks.register(app, results, page_at)
    for page in PAGES:
        if page.callbacks is not None:
            page.callbacks(app, results)
