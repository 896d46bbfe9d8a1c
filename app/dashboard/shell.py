"""What surrounds every page: brand, navigation, choice of result, colour scheme; and which page an address shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from polars.exceptions import PolarsError

from app.dashboard import cards
from app.dashboard.cards import hyphened
from app.dashboard.colours import Theme
from app.dashboard.figures.chart import FONTS
from app.dashboard.pages import PAGES
from app.dashboard.view import Page, View
from app.results.folder import Result
from grid.errors import InputError

INDEX = """<!DOCTYPE html>
<html lang="en" data-mantine-color-scheme="light">
  <head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
  <body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>
"""

MOST_KEPT = 32
"""Pages kept as they were made; one of a year takes a few megabytes."""


def layout(results: Mapping[str, Result]) -> Component:
    """The frame around the pages."""
    choices = [{"value": name, "label": name} for name in results]
    frame: Component = dmc.MantineProvider(
        id="mantine",
        forceColorScheme="light",
        theme={"primaryColor": "teal", "primaryShade": 9, "fontFamily": FONTS, "defaultRadius": "sm"},
        children=[
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Store(id="view"),
            html.A("Skip to the content", href="#page", className="skip"),
            html.Header(
                [
                    dcc.Link([html.Span(className="mark"), "gridcarbon"], href="/", className="brand"),
                    html.Nav(id="nav", **hyphened(aria_label="Pages")),
                    html.Div(
                        [
                            dmc.Select(
                                id="result-picker", data=choices, value=next(iter(results)), allowDeselect=False,
                                size="sm", w=190, checkIconPosition="right", **hyphened(aria_label="Result shown"),
                            ),
                            html.Button("Dark", id="theme-switch", className="button", type="button",
                                        **hyphened(aria_label="Switch between light and dark")),
                        ],
                        className="controls",
                    ),
                ],
                className="top",
            ),
            html.Main(id="page", tabIndex=-1),
        ],
    )  # fmt: skip
    return frame


def navigation(view: View, path: str) -> list[Component]:
    """Links to all pages, keeping the result looked at."""
    query = urlencode({"result": view.name})
    return [
        dcc.Link(
            html.Span(page.title, **(hyphened(aria_current="page") if page.path == path else {})),
            href=f"{page.path}?{query}", className="nav-link here" if page.path == path else "nav-link",
        )
        for page in PAGES
    ]  # fmt: skip


def page_at(path: str) -> Page | None:
    """The page with this address, or None."""
    return next((page for page in PAGES if page.path == (path.rstrip("/") or "/")), None)


def not_found(view: View, path: str) -> Component:
    """What an address that names no page shows: the pages there are."""
    query = urlencode({"result": view.name})
    links = [html.Li(dcc.Link(page.title, href=f"{page.path}?{query}")) for page in PAGES]
    return html.Div([
        html.H1("There is no such page"),
        html.P([html.Code(path), " is not an address of this dashboard. These are:"], className="lead"),
        html.Section(html.Ul(links), className="card"),
    ])  # fmt: skip


def _kept_pages(results: Mapping[str, Result]) -> Callable[[Page, View], Component]:
    """What makes pages and keeps the last `MOST_KEPT`, since a result that is served does not change."""

    @lru_cache(maxsize=MOST_KEPT)
    def kept(page: Page, name: str, theme: Theme, query: tuple[tuple[str, str], ...]) -> Component:
        return page.content(View(results, name, theme, dict(query)))

    return lambda page, view: kept(page, view.name, view.theme, tuple(sorted(view.query.items())))


def _content(page: Page, view: View, make: Callable[[Page, View], Component]) -> Component:
    """A page of a view; where a file of the result is damaged, what is wrong with it, and the other results stay."""
    try:
        return make(page, view)
    except (InputError, OSError, PolarsError) as error:
        words = f"{view.result.path} is damaged ({error}). Run its scenario again, or look at another result."
        return cards.page(page.title, view.name, cards.nothing("This result cannot be read", words))


def register(app: Dash, results: Mapping[str, Result]) -> None:
    """Registers what turns an address into a page."""
    make = _kept_pages(results)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("shell", "look"),
        Output("address", "search"), Output("result-picker", "value"), Output("view", "data"),
        Output("mantine", "forceColorScheme"), Output("theme-switch", "children"),
        Input("address", "pathname"), Input("address", "search"), Input("result-picker", "value"),
        Input("theme-switch", "n_clicks"),
    )  # fmt: skip

    @app.callback(Output("nav", "children"), Output("page", "children"), Input("view", "data"))
    def show(data: Mapping[str, Any] | None) -> tuple[list[Component], Component | None]:
        if not data:
            return [], None
        view, path = View.of(results, data), str(data.get("path") or "/")
        page = page_at(path)
        content = not_found(view, path) if page is None else _content(page, view, make)
        return navigation(view, "" if page is None else page.path), content

    for page in PAGES:
        if page.callbacks is not None:
            page.callbacks(app, results)
