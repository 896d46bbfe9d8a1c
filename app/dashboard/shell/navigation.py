"""Links to all pages, and what an address that names no page shows."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.address import address_of
from app.dashboard.cards import hyphened
from app.dashboard.language import Language, say
from app.dashboard.pages import PAGES
from app.dashboard.view import Page


def page_at(path: str) -> Page | None:
    """The page with this address, or None."""
    return next((page for page in PAGES if page.path == (path.rstrip("/") or "/")), None)


def navigation(query: dict[str, str], path: str, language: Language) -> list[Component]:
    """Links to all pages; the browser adds the rest of the view to them.

    Args:
        query: Keys that the links keep.
        path: The page shown.
        language: The language of their names.
    """
    return [
        dcc.Link(
            html.Span(say(language, page.title), **(hyphened(aria_current="page") if page.path == path else {})),
            href=address_of(page.path, query, {}), className="nav-link here" if page.path == path else "nav-link",
        )
        for page in PAGES
    ]  # fmt: skip


def not_found(query: dict[str, str], path: str, language: Language) -> Component:
    """What an address that names no page shows: the pages there are."""
    links = [html.Li(dcc.Link(say(language, page.title), href=address_of(page.path, query, {}))) for page in PAGES]
    return html.Div([
        html.H1(say(language, "There is no such page")),
        html.P([html.Code(path), " ", say(language, "is not an address of this dashboard. These are:")],
               className="lead"),
        html.Section(html.Ul(links), className="card"),
    ])  # fmt: skip
