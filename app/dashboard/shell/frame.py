"""The frame around the pages: brand, navigation, pickers, switches, the places of tray and drawer, the page itself."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from app.dashboard.cards import hyphened
from app.dashboard.catalogue import Catalogue
from app.dashboard.figures.chart import FONTS
from app.dashboard.pages import PAGES
from app.dashboard.runs import tray
from app.dashboard.shell.navigation import page_at
from app.dashboard.why import callbacks as why_callbacks

INDEX = """<!DOCTYPE html>
<html lang="en" data-mantine-color-scheme="light">
  <head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
  <body>{%app_entry%}
    <footer>{%config%}<script src="/assets/shell_address.js"></script>{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""
FIRST_SCRIPT = r"shell_address\.js"
"""The script that all others may call when they load; the index names it before them."""


def layout(results: Catalogue, *, read_only: bool = False) -> Component:
    """The frame; the browser asks for the page that its address names. `read_only`: nothing can be run.

    Its stores are the frame's parts of what pages may read: ``view`` (path, search, theme and language of the address,
    always up to date) and ``moment-rested`` (the shown moment as ISO UTC, once it rests).
    """
    frame: Component = dmc.MantineProvider(
        id="mantine",
        forceColorScheme="light",
        theme={"primaryColor": "teal", "primaryShade": 9, "fontFamily": FONTS, "defaultRadius": "sm"},
        children=[
            dcc.Store(id="page-keys", data={page.path: list(page.keys) for page in PAGES}),
            dcc.Store(id="results-listed"), dcc.Store(id="view"), dcc.Store(id="page-request"),
            dcc.Store(id="moment-rested"),
            html.A("Skip to the content", href="#page", className="skip"),
            html.Header(_header(results, read_only=read_only), className="top"),
            html.P(id="shell-notice", role="status", className="notice"),
            html.Main(id="page", tabIndex=-1),
            html.Div(id="why-drawer"),
        ],
    )  # fmt: skip
    return frame


def _header(results: Catalogue, *, read_only: bool) -> list[Component]:
    return [
        dcc.Link([html.Span(className="mark"), "gridcarbon"], href="/", className="brand"),
        html.Nav(id="nav", **hyphened(aria_label="Pages")),
        html.Div(
            [
                dmc.Select(
                    id="result-picker", data=choices(results), allowDeselect=False, size="sm", w=190,
                    checkIconPosition="right", **hyphened(aria_label="Result shown"),
                ),
                html.Button("Dark", id="theme-switch", className="button", type="button",
                            **hyphened(aria_label="Switch between light and dark")),
                tray(read_only=read_only),
            ],
            className="controls",
        ),
    ]  # fmt: skip


def choices(results: Catalogue) -> list[dict[str, Any]]:
    """What a picker offers: all results by their labels; those that cannot be opened say so and cannot be chosen."""
    return [
        {"value": one.name, "label": one.label if one.result is not None else f"{one.label}: {one.problem}",
         "disabled": one.result is None}
        for one in results.entries()
    ]  # fmt: skip


def register(app: Dash, results: Catalogue) -> None:
    """Registers what the frame does in the browser, and the callbacks of all pages."""
    client: Any = app.clientside_callback
    client(ClientsideFunction("shell", "begin"), Output("view", "data"), Output("page-request", "data"),
           Input("page-keys", "data"))  # fmt: skip
    client(
        ClientsideFunction("shell", "show"),
        Output("nav", "children"), Output("page", "children"),
        Input("page-request", "data"),
    )  # fmt: skip
    client(
        ClientsideFunction("shell", "look"),
        Output("mantine", "forceColorScheme"), Output("theme-switch", "children"), Output("result-picker", "value"),
        Input("view", "data"),
    )  # fmt: skip
    client(ClientsideFunction("shell", "pick"), Input("result-picker", "value"), prevent_initial_call=True)
    client(ClientsideFunction("shell", "switchTheme"), Input("theme-switch", "n_clicks"), prevent_initial_call=True)
    why_callbacks.register(app, results, page_at)
    for page in PAGES:
        if page.callbacks is not None:
            page.callbacks(app, results)
