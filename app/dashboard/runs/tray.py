"""The tray of runs: what stands in the header of every page; `assets/runs_tray.js` fills it."""

from __future__ import annotations

import json

from dash import html
from dash.development.base_component import Component

from app.dashboard.cards import hyphened
from app.dashboard.language import LANGUAGES, say

WORDS = (
    "Runs", "Close", "Run", "State", "Progress", "Time left", "What to do", "Log", "Hide log", "Cancel", "Try again",
    "Open result", "Dismiss", "Waiting", "Running", "Done", "Done, a limit is broken", "Failed", "Cancelled",
    "running", "waiting", "held up", "reading", "preparing", "dispatch", "power flow", "carbon tracing", "writing",
    "about {time}", "took {time}", "{n} s", "{n} min", "{n} h", "starting", "{name} is done.",
    "{name} failed: {reason}", "{name} is done, but a limit is broken.", "The queue is held up: {problem}.",
    "It goes on by itself when that is mended; nothing is lost.",
    "The server does not answer. Runs that go on are finished, and what waits goes on when the server is back.",
    "Nothing was run here yet.", "That did not work: {reason}", "Nothing is written down about this run.",
)  # fmt: skip
"""What the script says, in English, by which it finds the text of the reader's language."""


def tray(*, read_only: bool = False) -> Component:
    """The tray.

    Args:
        read_only: Whether nothing can be run here; then it is empty.
    """
    words = {language: {text: said for text in WORDS if (said := say(language, text)) != text}
             for language in LANGUAGES}  # fmt: skip
    button = html.Button(
        [html.Span("Runs", id="runs-word"), html.Span(id="runs-state", className="runs-state")],
        id="runs-button", className="button", type="button",
        **hyphened(aria_haspopup="dialog", aria_expanded="false"),
    )  # fmt: skip
    return html.Div(
        [] if read_only else [button], id="runs-tray", className="runs-tray",
        **hyphened(data_words=json.dumps(words, ensure_ascii=False)),
    )  # fmt: skip
