"""Overview: the key figures and how they differ from the baseline, who emits when, where the power comes from."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.figures import city
from app.dashboard.text import NO_FIGURE, change, figure
from app.dashboard.view import Page, View
from app.results.key_figures import KeyFigure, shown_in


def content(view: View) -> Component:
    """The page for a view."""
    frame = view.result.table("city").collect()
    hourly = city.hourly_sectors(view.result.table("sectors").collect(), view.zone)
    status = str(view.result.manifest.get("status", "done"))
    return cards.page(
        view.say("Overview"),
        cards.where_and_when(view),
        *(html.P(sentence, className="warning") for sentence in view.result.manifest.get("misstated", [])),
        *([] if status == "done" else [_warning(view, status)]),
        html.Section([figure_tile(key, one, view) for key, one in shown_in("overview").items()], className="kpis"),
        html.P(_uses(), className="subtitle"),
        cards.chart(
            "Who emits when",
            f"Mean emissions in each local hour of the day, by GPC sector; what cars give back counts below zero and "
            f"is shown as none. {view.convention}",
            city.heat_strip(hourly, view.theme), key="heat-strip", table=hourly,
        ),
        cards.chart(
            "Where the power comes from",
            "Power of the whole city; what leaves it or charges its stores stands below zero.",
            city.power_stack(frame, view.zone, view.theme), key="power-stack",
        ),
    )  # fmt: skip


def figure_tile(key: str, declared: KeyFigure, view: View) -> Component:
    """A key figure, its unit and its change against the baseline in words.

    Args:
        key: Its key in the summary.
        declared: Its declaration.
        view: The result and the baseline.
    """
    shown, words, tone = (_difference if declared.only_differences else _value)(key, declared, view)
    unit = "" if shown == NO_FIGURE else declared.shown_unit(str(view.result.manifest.get("currency", "")))
    return html.Div(
        [
            html.Div(view.say(declared.label[0].upper() + declared.label[1:]), className="kpi-label"),
            html.Div([html.Span(shown, className="kpi-value"), html.Span(unit, className="kpi-unit")]),
            html.Div(words, className=f"kpi-change {tone}"),
        ],
        className="kpi", **cards.hyphened(data_kpi=key),
    )  # fmt: skip


def _value(key: str, declared: KeyFigure, view: View) -> tuple[str, str, str]:
    """The value of a figure as shown, how it differs from the baseline, and whether that is better or worse."""
    value = view.result.summary.get(key)
    shown = figure(declared.shown_value(value), declared.digits)
    if value is None or view.baseline is None:
        return shown, declared.absent if value is None else "", ""
    kind = "relative" if declared.compared == "amount" else declared.compared
    difference = change(value, view.baseline.summary.get(key), view.baseline_label, kind, declared.digits)
    return shown, difference.words, _tone(declared, difference.direction)


def _difference(key: str, declared: KeyFigure, view: View) -> tuple[str, str, str]:
    """The same of a figure of which only differences mean something: the difference stands for the value."""
    value = view.result.summary.get(key)
    reference = None if view.baseline is None else view.baseline.summary.get(key)
    if value is None or reference is None or view.baseline is None:
        return NO_FIGURE, declared.absent, ""
    amount = float(value) - float(reference)
    whole = view.baseline.summary.get(declared.share_of or key)
    share = f"{figure(100 * amount / whole, 1)}\u00a0% of" if whole else "against"
    direction = "down" if amount < 0 else "up" if amount > 0 else "same"
    return figure(amount, declared.digits), f"change, {share} {view.baseline_label}", _tone(declared, direction)


def _tone(declared: KeyFigure, direction: str) -> str:
    """Whether a change in a direction is better or worse; empty where it is neither."""
    if declared.better is None or direction not in {"up", "down"}:
        return ""
    return "better" if (direction == "down") == (declared.better == "lower") else "worse"


def _uses() -> str:
    """What figures of the same thing may be used for."""
    return " ".join(declared.use for declared in shown_in("overview").values() if declared.use)


def _warning(view: View, status: str) -> Component:
    words = {
        "infeasible": "Not every need or limit could be kept; About names those in conflict.",
        "out_of_balance": "Energy or carbon does not balance within tolerance; do not rely on these figures.",
    }.get(status, f"This run ended with status {status}.")
    return html.P([html.Strong(f"{view.name}: {status.replace('_', ' ')}. "), words], className="warning", role="alert")


PAGE = Page("/", "Overview", content)
