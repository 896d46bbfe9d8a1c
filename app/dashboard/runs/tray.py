"""The tray of runs: what stands in the header of every page; `assets/runs_tray.js` fills it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.cards import hyphened


def tray(*, read_only: bool = False) -> Component:
    """The tray.

    Args:
        read_only: Whether nothing can be run here; then it is empty.
    """
    button = html.Button(
        [html.Span("Runs", id="runs-word"), html.Span(id="runs-state", className="runs-state")],
        id="runs-button", className="button", type="button",
        **hyphened(aria_haspopup="dialog", aria_expanded="false"),
    )  # fmt: skip
    return html.Div([] if read_only else [button], id="runs-tray", className="runs-tray")
