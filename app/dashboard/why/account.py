"""The account of a key figure or a chart: formula, inputs, factors, convention, certainty, and how to repeat it."""

from __future__ import annotations

import math
from pathlib import Path

from dash import html
from dash.development.base_component import Component

from app.dashboard.text import NO_FIGURE, change, figure
from app.dashboard.view import View
from app.dashboard.why.attributes import hyphened
from app.dashboard.why.behind import OF_CHART, Behind, why_button
from app.dashboard.why.column_accounts import column_accounts
from app.dashboard.why.parts import (
    command_why,
    factor_rows,
    input_tables,
    provenance,
    section,
    unchecked,
)
from app.failures import StoreError
from app.results.explain import recompute, why
from app.results.key_figures import Declared, figure_named
from app.studies.answers.certainty import FigureBand, FigureBands, figure_bands, unverified_inputs
from grid.errors import InputError

COMPUTE, COMPUTED, BAND = "why-compute", "why-computed", "why-band"
"""Ids of the button that runs a formula again, of what it finds, and of the band of a figure."""
_FEW = 3
RELATIVE_ERROR = 1e-11
"""Least difference of two values of a formula that counts: sums of a table depend on the order of its rows."""


def title_of(subject: str, title: str) -> str:
    """What an account is called: the label of a key figure, the title of a chart."""
    if subject.startswith(OF_CHART):
        return title or "Where this comes from"
    declared = figure_named(subject)
    label = declared.figure.label[0].upper() + declared.figure.label[1:]
    return label if declared.member is None else f"{declared.member}: {label}"


def account(view: View, subject: str, behind: Behind | None) -> Component:
    """The account of a subject.

    Args:
        view: The result looked at, and what it is compared with.
        subject: A key of its summary, or `OF_CHART` and the key of a chart.
        behind: What the chart is made from.

    Raises:
        InputError: If the result has no such figure.
    """
    if not subject.startswith(OF_CHART):
        return _of_figure(view, subject)
    if behind is None:
        words = "This page has no such chart any more. Close this, and ask for another one."
        return html.P(words, className="nothing")
    return _of_chart(view, behind)


def _of_figure(view: View, key: str) -> Component:
    found, declared, result = why(view.result, key), figure_named(key), view.result
    by_factors = declared.figure.by_factors
    unit = declared.figure.shown_unit(str(result.manifest.get("currency", "")))
    convention = _sentence(found.convention) if by_factors else "No carbon is in this figure."
    return html.Div(
        [
            html.P([figure(declared.figure.shown_value(found.value), declared.figure.digits), html.Span(unit)],
                   className="account-value"),
            html.Div([html.P(_sentence(found.meaning)), *_only_difference(declared), *_compared(view, declared),
                      *([html.P(found.use)] if found.use else [])]),
            section("Formula", html.Pre(found.formula), _compute_again()),
            section("Inputs", input_tables(result, view.name, found.inputs)),
            section("Emission factors used", factor_rows(found.factors if by_factors else ())),
            section("Convention", html.P(convention)),
            section("How certain", unchecked(unverified_inputs(result, by_factors=by_factors)),
                    html.Div("…", id=BAND)),
            section("Repeat it", provenance(result, command_why(result, key))),
        ],
        className="account", **hyphened(data_subject=key),
    )  # fmt: skip


def _of_chart(view: View, behind: Behind) -> Component:
    result = view.result
    factors = tuple(result.manifest.get("factors") or ()) if behind.convention else ()
    figures = [
        html.Li([f"{title_of(key, '')}: {_value(view, key)} ", why_button(key, title_of(key, ""))])
        for key in behind.figures if key in result.summary
    ]  # fmt: skip
    return html.Div(
        [
            section("How it is made", html.P(behind.how)),
            *([section("Key figures in it", html.Ul(figures))] if figures else []),
            *([section("Columns of the table", column_accounts(behind, len(factors)))] if behind.headings else []),
            section("Inputs", input_tables(result, view.name, behind.tables, behind.columns)),
            section("Emission factors used", factor_rows(factors)),
            section("Convention", html.P(behind.convention or "No carbon is in this.")),
            section("How certain", unchecked(unverified_inputs(result, by_factors=bool(behind.convention)))),
            section("Repeat it", provenance(result, f"gridcarbon verify {result.path}")),
        ],
        className="account",
    )  # fmt: skip


def _compute_again() -> Component:
    button = html.Button("Compute again", id=COMPUTE, className="button", type="button")
    return html.P([button, " ", html.Span(id=COMPUTED, role="status")], className="compute")


def computed(view: View, key: str) -> Component:
    """What the formula gives now, and whether that is the value of the summary."""
    kept, now = view.result.summary.get(key), recompute(view.result, key)
    if kept is None or now is None:
        equal = kept is None and now is None
    else:
        equal = math.isclose(kept, now, rel_tol=RELATIVE_ERROR, abs_tol=0.0)
    value = NO_FIGURE if now is None else repr(now)
    words = "equal to the value kept with the result" if equal else f"not the value kept with the result, {kept!r}"
    return html.Span([html.Code(value), ": ", html.Span(words, className="equal" if equal else "unequal")])


def band(view: View, key: str, place: Path | None) -> Component:
    """Between which values a figure lies, as far as sweeps in the store say.

    Args:
        view: The result looked at.
        key: The figure.
        place: Folder of the store; None where results are served without one.
    """
    declared = figure_named(key)
    try:
        found = FigureBands((), ()) if place is None else figure_bands(place, view.result, key)
    except (InputError, StoreError) as error:
        return html.P(f"No band: the store cannot be read. {error}", className="muted")
    lines = [html.P(_band_words(one, declared, view)) for one in found.found]
    lines += [html.P(one, className="muted") for one in found.reasons]
    return html.Div(lines or [html.P(NO_BAND, className="muted")])


NO_BAND = (
    "No band: there is no sweep over this scenario beside it. A sweep with it as base, such as the shipped one named "
    "uncertainty, run by gridcarbon batch into this folder, gives P10 and P90 of every key figure."
)


def _band_words(one: FigureBand, declared: Declared, view: View) -> str:
    unit = declared.figure.shown_unit(str(view.result.manifest.get("currency", "")))
    low, middle, high = (figure(declared.figure.shown_value(value), declared.figure.digits)
                         for value in (one.low, one.middle, one.high))  # fmt: skip
    notes = "".join(f" {_sentence(note)}" for note in one.notes)
    varied = f"{len(one.varied)} inputs" if len(one.varied) > _FEW else ", ".join(one.varied)
    return (
        f"In sweep {one.sweep}, {one.runs} runs that vary {varied}: one in ten is below {low} {unit}, half are below "
        f"{middle} {unit}, one in ten is above {high} {unit}.{notes}"
    )


def _compared(view: View, declared: Declared) -> list[Component]:
    """How the figure differs from the baseline, in words."""
    if view.baseline is None:
        return []
    mine, other = (result.summary.get(declared.key) for result in (view.result, view.baseline))
    one = declared.figure
    if one.only_differences or mine is None or other is None:
        return []
    kind = "relative" if one.compared == "amount" else one.compared
    words = change(mine, other, view.baseline_label, kind, one.digits).words
    unit = one.shown_unit(str(view.result.manifest.get("currency", "")))
    value = figure(one.shown_value(other), one.digits)
    return [html.P(f"{_sentence(words)} There it is {value} {unit}".rstrip() + ".")] if words else []


def _only_difference(declared: Declared) -> list[Component]:
    words = "The value of one run is no total: only its difference from another run means something."
    return [html.P(words)] if declared.figure.only_differences else []


def _value(view: View, key: str) -> str:
    one = figure_named(key).figure
    unit = one.shown_unit(str(view.result.manifest.get("currency", "")))
    return f"{figure(one.shown_value(view.result.summary.get(key)), one.digits)} {unit}".strip()


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}{'' if words.endswith('.') else '.'}" if words else ""
