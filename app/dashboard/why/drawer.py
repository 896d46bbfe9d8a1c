"""The drawer that answers "why this number": opened by the key `why` of the address, filled when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from polars.exceptions import PolarsError

from app.dashboard.language import language_named
from app.dashboard.language.spoken import spoken
from app.dashboard.mantine import dmc
from app.dashboard.view import View
from app.dashboard.why.account import BAND, COMPUTE, COMPUTED, account, band, computed, title_of
from app.dashboard.why.behind import OF_CHART, read_behind
from grid.errors import InputError

DRAWER, WANTED, ASKED, CONTENT = "why-drawer", "why-wanted", "why-asked", "why-content"
"""Ids of the drawer, what the address wants, what is asked (subject, and what its chart is made from), the answer."""

ViewOf = Callable[[Mapping[str, Any]], View]


def drawer() -> Component:
    """The drawer; it stands once in the frame around the pages."""
    return html.Div([
        dcc.Store(id=WANTED), dcc.Store(id=ASKED),
        dmc.Drawer(
            html.Div(id=CONTENT), id=DRAWER, opened=False, position="right", size="min(560px, 100vw)", padding="lg",
            title="Why?", transitionProps={"duration": 0}, closeButtonProps={"aria-label": "Close"}, zIndex=400,
        ),
    ])  # fmt: skip


def register(app: Dash, view_of: ViewOf, place: Path | None) -> None:
    """Registers what opens, fills and closes the drawer.

    Args:
        app: The dashboard.
        view_of: Gives the view that the browser describes.
        place: Folder that results are served from, which may be a store with sweeps; None if there is none.
    """
    client: Any = app.clientside_callback
    client(
        ClientsideFunction("why", "ask"),
        Output(ASKED, "data"), Output(DRAWER, "opened"), Output(DRAWER, "title"),
        Input(WANTED, "data"),
    )  # fmt: skip
    client(ClientsideFunction("why", "closed"), Input(DRAWER, "opened"), prevent_initial_call=True)

    @app.callback(Output(CONTENT, "children"), Input(ASKED, "data"), State("view", "data"), prevent_initial_call=True)
    def fill(asked: Mapping[str, Any] | None, data: Mapping[str, Any]) -> Component | Any:
        subject = _subject(asked)
        if not subject:
            return no_update
        behind = read_behind((asked or {}).get("behind"))
        title = _text(asked, "title")
        return _in_language(_said(lambda: [html.H2(title_of(subject, title), className="account-title"),
                                           account(view_of(data), subject, behind)]), data)  # fmt: skip

    @app.callback(
        Output(COMPUTED, "children"), Input(COMPUTE, "n_clicks"), State(ASKED, "data"), State("view", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def compute(clicks: int | None, asked: Mapping[str, Any] | None, data: Mapping[str, Any]) -> Component | Any:
        subject = _subject(asked)
        if not clicks or not subject:
            return no_update
        return _in_language(_said(lambda: computed(view_of(data), subject)), data)

    @app.callback(
        Output(BAND, "children"), Input(BAND, "id"), State(ASKED, "data"), State("view", "data")
    )  # fmt: skip
    def spread(_there: str, asked: Mapping[str, Any] | None, data: Mapping[str, Any]) -> Component | Any:
        subject = _subject(asked)
        if not subject or subject.startswith(OF_CHART):
            return no_update
        return _in_language(_said(lambda: band(view_of(data), subject, place)), data)


def _in_language(content: Any, data: Mapping[str, Any]) -> Any:
    """An answer in the language of the page; what formulas, sources and the scenario say stays as it is."""
    return spoken(content, language_named(str(data.get("language") or "")))


def _subject(asked: Mapping[str, Any] | None) -> str:
    return _text(asked, "subject")


def _text(asked: Mapping[str, Any] | None, key: str) -> str:
    value = (asked or {}).get(key)
    return value if isinstance(value, str) else ""


def _said(answer: Callable[[], Any]) -> Any:
    """An answer, or what is wrong with the question or the result, in words."""
    try:
        return answer()
    except (InputError, OSError, PolarsError) as error:
        said = "; ".join(map(str, error.faults)) if isinstance(error, InputError) else str(error)
        return html.P(f"This cannot be said: {said}.", className="warning")
