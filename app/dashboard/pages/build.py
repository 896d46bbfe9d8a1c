"""Build: a scenario made of a template by levers, a form and a map, checked while it changes, and run."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from flask import current_app, has_app_context

from app.dashboard.builder import estimate_panel
from app.dashboard.builder.files.uploads import UPLOADS_BY_KIND
from app.dashboard.builder.routes import add_build_routes
from app.dashboard.cards import hyphened
from app.dashboard.catalogue import Catalogue
from app.dashboard.view import Page, View


def content(view: View) -> Component:
    """The page for a view: places for what the browser fills in from the draft that the address names."""
    say = view.say
    return html.Div(
        [
            dcc.Store(id="build-config", data=_config(view)),
            dcc.Store(id="build-draft"),
            dcc.Store(id="build-shown"),
            html.H1(say("Build a scenario")),
            html.P(
                say("Begin from a template, turn levers, place things on the map; every change is checked and kept."),
                className="lead",
            ),
            html.P(id="build-notice", className="b-notice", role="status"),
            html.Div(id="build-start", className="sections"),
            html.Div(
                [
                    html.Div(id="build-head", className="b-head"),
                    html.P(id="build-run-said", className="b-note", role="status"),
                    html.Div(id="build-trouble"),
                    html.Div(id="build-chips", role="region", **hyphened(aria_label=say("Differences"))),
                    html.Div([_sections(view), _beside(view)], className="b-columns"),
                ],
                id="build-main", hidden=True,
            ),
        ],
        id="build", className="b-page",
    )  # fmt: skip


def _sections(view: View) -> Component:
    say = view.say
    every_field = say("Every field of a scenario file, with its documentation behind the question mark.")
    many = say("One lever or two, each at some values: every combination is a run.")
    return html.Div(
        [
            _card(say("Levers"), "", html.Div(id="build-levers", className="b-levers")),
            _card(say("Place on the map"), "", html.Div(id="build-map", className="b-placing")),
            _card(say("Everything else"), every_field, html.Div(id="build-form", className="b-form")),
            _card(say("Many at once"), many, html.Div(id="build-sweep")),
        ],
        className="b-main",
    )  # fmt: skip


def _beside(view: View) -> Component:
    """What stays in sight while levers move."""
    check = _card(view.say("Check"), "", html.Div(id="build-faults"))
    return html.Aside([estimate_panel.card(view.say), check], className="b-beside")


def _card(title: str, subtitle: str, *inside: Component) -> Component:
    head = [html.H2(title), *([html.P(subtitle, className="subtitle")] if subtitle else [])]
    return html.Section([*head, *inside], className="card", **hyphened(aria_label=title))


def _config(view: View) -> dict[str, Any]:
    """What the browser needs to know that no draft changes."""
    from app.dashboard.builder.placing import PLACEABLE  # noqa: PLC0415  slow to import
    from app.dashboard.builder.state import lever_declarations  # noqa: PLC0415  slow to import

    return {
        "levers": lever_declarations(),
        "placeable": [
            {"kind": one.kind, "label": one.label, "unit": one.unit, "start": one.start} for one in PLACEABLE
        ],
        "limits": {name: kind.most_bytes for name, kind in UPLOADS_BY_KIND.items()},
        "runs": has_app_context() and current_app.config.get("GRIDCARBON_JOBS") is not None,
        "theme": view.theme,
    }  # fmt: skip


def register(app: Dash, results: Catalogue) -> None:
    """Registers the builder's routes, and what fills in the page when it appears."""
    add_build_routes(app.server, results)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("builder", "begin"), Output("build-shown", "data"), Input("build-config", "data")
    )


PAGE = Page("/build", "Build", content, register, needs_result=False, anew=True)
