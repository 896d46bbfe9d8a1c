"""What the tables of pages and the drawer "why" ask the server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dash import Dash

from app.dashboard.catalogue import Catalogue
from app.dashboard.view import Page, View
from app.dashboard.why import drawer, table_rows


def register(app: Dash, results: Catalogue, page_at: Callable[[str], Page | None]) -> None:
    """Registers what tables and the drawer need.

    Args:
        app: The dashboard.
        results: What is served.
        page_at: Gives the page at a path; None if there is none.
    """

    def make(path: str, view: View) -> object:
        page = page_at(path)
        return None if page is None else page.make(view)

    view_of = partial(View.of, results)
    table_rows.register(app, view_of, make)
    drawer.register(app, view_of, results.place)
