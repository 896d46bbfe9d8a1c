"""The card of the estimated state: what it says, the map, its legend, and the elements that matter first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from app.dashboard.colours import Theme
from app.dashboard.operations.live import STOPPED_AFTER
from app.dashboard.operations.panel import in_words, titled_table
from app.dashboard.operations.proposals import moment
from app.dashboard.text import figure
from app.twin.estimation.reading import LatestState

CHOICES: Final = {"voltage": "Voltage", "loading": "Loading", "carbon": "Carbon intensity"}
"""What the map shows, by layer."""


@dataclass(frozen=True)
class MapDrawing:
    """What draws the map of a state.

    Args:
        picture: Its SVG, of a state, a layer and a theme.
        legend: Its legend as HTML, of a layer and a theme.
        foremost: The elements that matter first: name, value, band and basis.
        unit: Unit of a layer.
    """

    picture: Callable[[LatestState, str, Theme], str]
    legend: Callable[[str, Theme], str]
    foremost: Callable[[LatestState, str], Sequence[tuple[str, str, str, str]]]
    unit: Callable[[str], str]


def estimate_card(
    state: LatestState, now: datetime, layer: str, theme: Theme, zone: ZoneInfo, drawing: MapDrawing,
    as_html: Callable[[list[Component]], str],
) -> str:  # fmt: skip
    """The card as HTML.

    Args:
        state: The state.
        now: When it is shown.
        layer: One of `CHOICES`.
        theme: Light or dark.
        zone: Time zone in which times are shown.
        drawing: What draws the map.
        as_html: Writes components.
    """
    heads = ("Element", f"{CHOICES[layer]} [{drawing.unit(layer)}]", "Band of 90 %", "Known by")
    head: list[Component] = [
        html.H2("State of the grid"),
        html.Div([
            *([html.P(html.Strong(_OLD), role="status")] if _old(state, now) else []),
            *map(html.P, _sentences(state, now, zone)),
        ], className="answers"),
        html.Label(["Shown ", html.Select([
            html.Option(words, value=name, selected="selected" if name == layer else None)
            for name, words in CHOICES.items()
        ], className="operations-layer")]),
    ]  # fmt: skip
    foot: list[Component] = [
        titled_table(
            f"{CHOICES[layer]}: the elements that matter first", heads, drawing.foremost(state, layer), numbers=(1, 2)
        ),
    ]
    drawn = f"{drawing.picture(state, layer, theme)}{drawing.legend(layer, theme)}"
    return f'<section class="card">{as_html(head)}{drawn}{as_html(foot)}</section>'


def no_estimate_card() -> Component:
    """The card while there is no estimate yet."""
    words = "No estimate has been made yet. gridcarbon twin run --estimate FOLDER makes one after each step."
    return html.Section([html.H2("State of the grid"), html.P(words, className="nothing")], className="card")


def _sentences(state: LatestState, now: datetime, zone: ZoneInfo) -> list[str]:
    grid, manifest = state.grid, state.manifest
    ahead = now < state.time
    aged = "which is ahead of the clock of this machine" if ahead else f"{in_words(now - state.time)} ago"
    basis: Mapping[str, Any] = manifest.get("observability", {})
    bad = figure(manifest.get("n_bad", 0), 0)
    named = ", ".join(f"{count} {_BASIS_WORDS.get(name, name)}" for name, count in basis.items())
    return [
        f"The estimate is of {moment(state.time, zone)}, {aged}, by {grid['n_measured']} measured values.",
        f"Losses {_banded(grid, 'loss')}; import {_banded(grid, 'import')}.",
        f"Voltages of buses: {named}. Values taken out as bad data in the period: {bad}.",
    ]


_OLD = "The estimate is old: what is drawn is the last known state, not the grid as it is."
_BASIS_WORDS = {"pseudo": "rest on expectations", "observable": "follow from measurements"}


def _old(state: LatestState, now: datetime) -> bool:
    """Whether the end of the step lies back longer than data may be late, and the step that runs now is over too."""
    step = timedelta(minutes=float(state.manifest.get("step_minutes", 0)))
    return now - state.time > STOPPED_AFTER + 2 * step


def _banded(grid: Mapping[str, Any], name: str) -> str:
    """A quantity of the whole grid with its band."""
    value, low, high = (grid[f"{name}{end}_mw"] for end in ("", "_low", "_high"))
    if value is None:
        return "not known"
    return f"{value:.3f} MW" + ("" if low is None or high is None else f" ({low:.3f} – {high:.3f})")


def key_of(state: LatestState, now: datetime, layer: str, theme: Theme, zone: str) -> str:
    """What the card depends on: the page is answered anew only where this has changed."""
    aged = in_words(abs(now - state.time)) if abs((now - state.time).total_seconds()) >= 120 else "now"
    of_estimate = (state.manifest.get("start"), state.time.isoformat(), state.manifest.get("n_bad"))
    return "|".join(map(str, (*of_estimate, layer, theme, zone, aged, _old(state, now))))
