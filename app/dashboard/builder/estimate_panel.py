"""The estimate beside the levers: figures with their bands, never to be taken for a result.

``assets/builder_estimate.js`` asks ``/build/drafts/<id>/estimate`` whenever the draft has a new revision and paints the
answer into the card; while a draft is ahead of its estimate the figures stand back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard.builder.content import Content
from app.dashboard.builder.drafts.draft import Draft
from app.dashboard.cards import hyphened
from app.dashboard.text import change, figure
from app.results.key_figures import CURRENCY, KeyFigure, figure_named
from app.studies.estimate.estimate import FIGURES, Band, ScenarioEstimate

FIRST = (
    *("emissions_t", "emissions_marginal_not_in_inventory_t", "cost", "import_mwh", "peak_import_mw"),
    *("line_loading_max_percent", "violation_steps", "renewable_share"),
)
"""Figures that stand in sight; the others are behind a disclosure."""
THE_TEMPLATE = "the template"


def card(say: Callable[[str], str]) -> Component:
    """The place of the estimate on the page."""
    return html.Section(
        [html.H2(say("Estimate – not a result")), html.Div(id="build-estimate", className="b-estimate")],
        className="card b-estimate-card", **hyphened(aria_label=say("Estimate – not a result")),
    )  # fmt: skip


def shown(draft: Draft, found: tuple[ScenarioEstimate, ScenarioEstimate] | str | None) -> dict[str, Any]:
    """What the card shows of a draft.

    Args:
        draft: The draft.
        found: What `Estimating.estimate` says of it.
    """
    if found is None:
        return {"revision": draft.revision, "state": "preparing"}
    if isinstance(found, str):
        return {"revision": draft.revision, "state": "none", "reason": found}
    estimate, of_template = found
    if {**draft.content, "name": ""} == {**draft.base, "name": ""}:  # there is nothing to compare
        of_template = ScenarioEstimate({})
    rows = [row for key in _keys(estimate) if (row := _row(key, estimate, of_template, draft.content)) is not None]
    reasons = _reasons(estimate)
    return {
        "revision": draft.revision,
        "state": "exact" if estimate.exact else "estimate" if rows else "none",
        "reason": "" if rows else next(iter(reasons), ""),
        "first": [row for row in rows if row["key"] in FIRST],
        "more": [row for row in rows if row["key"] not in FIRST],
        "cannot": reasons if rows else {},
        "method": estimate.method,
        "error": estimate.error_words,
        "result": estimate.exact,
    }


def _keys(estimate: ScenarioEstimate) -> list[str]:
    """Figures in the order in which they are shown."""
    listed = [key for key in (*FIRST, *(key for key in FIGURES if key not in FIRST)) if key in estimate.figures]
    return [*listed, *(key for key in estimate.figures if key.startswith("data_centres.") and key not in listed
                       and key.endswith((".energy_mwh", ".pue")))]  # fmt: skip


def _reasons(estimate: ScenarioEstimate) -> dict[str, list[str]]:
    """Labels of the figures that there are none of, by the reason."""
    found: dict[str, list[str]] = {}
    for key, reason in estimate.cannot.items():
        found.setdefault(reason, []).append(figure_named(key).figure.label)
    return found


def _row(
    key: str, estimate: ScenarioEstimate, of_template: ScenarioEstimate, content: Content
) -> dict[str, str] | None:
    """A figure as the card shows it; None of one of which only differences mean something and there is none."""
    declared, band = figure_named(key), estimate.figures[key]
    of = declared.figure
    label = of.label if declared.member is None else f"{declared.member}: {of.label}"
    before = of_template.figures.get(key)
    unit = of.shown_unit(str(content.get("currency") or "EUR") if of.unit == CURRENCY else "")
    row = {"key": key, "label": label[0].upper() + label[1:], "unit": unit}
    if of.only_differences:
        if before is None:
            return None
        moved = Band(*(value - before.value for value in (band.value, band.low, band.high)))
        return {**row, **_numbers(moved, of), "label": f"{row['label']}, change", "change": "", "tone": ""}
    return {**row, **_numbers(band, of), **_change(band, before, of)}


def _numbers(band: Band, of: KeyFigure) -> dict[str, str]:
    """The value and its band in the unit that is shown; no band where both ends read like the value."""
    value, low, high = (figure(of.shown_value(each), of.digits) for each in (band.value, band.low, band.high))
    return {"value": value, "band": "" if low == value == high else f"{low} to {high}"}


def _change(band: Band, before: Band | None, of: KeyFigure) -> dict[str, str]:
    """How a figure differs from the template's, and whether that is better; a difference within the band is none."""
    if before is None:
        return {"change": "", "tone": ""}
    if abs(band.value - before.value) <= (band.high - band.low) / 2:
        return {"change": "no clear change", "tone": ""}
    kind = "relative" if of.compared == "amount" else of.compared
    found = change(band.value, before.value, THE_TEMPLATE, kind, of.digits)
    if of.better is None or found.direction not in {"up", "down"}:
        return {"change": found.words, "tone": ""}
    better = (found.direction == "down") == (of.better == "lower")
    return {"change": found.words, "tone": "better" if better else "worse"}
