"""The time bar: one moment for the whole dashboard, on a sparkline of the city's consumption."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.cards import hyphened


def time_bar() -> Component:
    """The places of the time bar's parts, which ``assets/shell_time.js`` draws; hidden while there is no result."""
    return html.Div(
        [
            html.Button("Play", id="time-play", className="button", type="button"),
            html.Div(id="time-track"),
            html.Div(id="time-clock", **hyphened(aria_hidden="true")),
            html.Div(id="time-spoken", role="status", className="unseen", **hyphened(aria_live="polite")),
        ],
        id="time-bar", role="region", hidden=True, **hyphened(aria_label="Time"),
    )  # fmt: skip
