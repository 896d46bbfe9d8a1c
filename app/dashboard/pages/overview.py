"""Overview: what there is to know first, the key figures against the baseline, who emits when, what was changed."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from dash import html
from dash.development.base_component import Component

from app.dashboard import cards, why
from app.dashboard.answers.city import renewable_sentence
from app.dashboard.answers.limits import worst_sentence
from app.dashboard.answers.others import comparable_names
from app.dashboard.answers.phases import phases_sentence
from app.dashboard.answers.vehicles import v2g_sentences
from app.dashboard.cards import Behind, Sentence
from app.dashboard.comparing.measures_card import measures_card
from app.dashboard.figures import city, frames
from app.dashboard.text import NO_FIGURE, change, figure
from app.dashboard.view import Page, View
from app.results.folder import Result
from app.results.key_figures import KeyFigure, shown_in
from app.studies.ensembles.sources import differences

FIRST = (
    "emissions_t", "emissions_marginal_not_in_inventory_t", "renewable_share", "cost", "peak_import_mw",
    "violation_steps",
)  # fmt: skip
"""Key figures that are always in sight, in this order; others of the page open below them."""
HOURLY = {"sector": "Sector", "hour": "Local hour", "emissions_kg": "Emissions [kg/h]"}
"""Names of the columns of mean emissions by sector and hour, as read."""
OF_HOURLY = {
    "Sector": "`gpc_code` with its name; lines of grid losses are one row, small lines another",
    "Local hour": "hour of `time` in the city's local time",
    "Emissions [kg/h]": "SUM(emissions_kg) of each local day and hour / hours that have steps; the mean over the days",
}
_POWER = {"import_mw": "Import", "generation_mw": "Local generation", "storage_mw": "Into stores",
          "export_mw": "Export", "consumption_mw": "Consumption", "loss_mw": "Losses"}  # fmt: skip
_OF_POWER = {"Time": "`time` in the city's local time"} | {f"{name} [MW]": key for key, name in _POWER.items()}


def content(view: View) -> Component:
    """The page for a view."""
    frame = view.result.table("city").collect()
    hourly, top = _hourly_on_one_scale(view)
    status = str(view.result.manifest.get("status", "done"))
    return cards.page(
        view.say("Overview"),
        cards.where_and_when(view),
        cards.answers(sentences(view), view),
        *(html.P(sentence, className="warning") for sentence in view.result.manifest.get("misstated", [])),
        *([] if status == "done" else [_warning(view, status)]),
        _tiles(view),
        cards.chart(
            "Who emits when",
            "Mean emissions in each local hour of the day, by GPC sector; what cars give back counts below zero and "
            f"is shown as none. The scale is one for all results that may be compared. {view.convention}",
            city.heat_strip(hourly, view.theme, top), key="heat-strip", table=hourly.rename(HOURLY),
            why=Behind(
                ("sectors",), ("gpc_code", "emissions_kg"),
                "Emissions of each step are summed by GPC line and hour, then averaged over the days by local hour of "
                "the day. Lines of grid losses are one row, lines below 0.2 % of all emissions another.",
                view.convention, ("emissions_t",),
            ).of_columns(OF_HOURLY),
        ),
        cards.chart(
            "Where the power comes from",
            "Power of the whole city; what leaves it or charges its stores stands below zero.",
            city.power_stack(frame, view.zone, view.theme), key="power-stack", table=_power(frame, view.zone),
            why=Behind(
                ("city",), ("import_mw", "generation_mw", "storage_mw", "export_mw", "consumption_mw", "loss_mw"),
                "Power of every step; over long periods the mean of the shortest interval that leaves at most 1,000 "
                "points.", "", ("consumption_mwh", "peak_import_mw"),
            ).of_columns(_OF_POWER),
        ),
        measures_card(view),
        _changed(view),
    )  # fmt: skip


def sentences(view: View) -> list[Sentence]:
    """What there is to know first: limits, V2G, what is renewable; of phases that are apart, how far."""
    found = [phases_sentence(view), worst_sentence(view), *v2g_sentences(view)[:1], renewable_sentence(view)]
    return [one for one in found if one is not None]


def _hourly_on_one_scale(view: View) -> tuple[pl.DataFrame, float]:
    """Mean emissions by sector and hour, and the upper end of the scale of all results that may be compared."""
    frames = [_hourly(view.result, view)]
    frames += [_hourly(view.results[name], view) for name in comparable_names(view)]
    return frames[0], city.common_top(frames)


def _hourly(result: Result, view: View) -> pl.DataFrame:
    return frames.hourly_sectors(result, view.zone)


def _power(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    local = pl.col("time").dt.convert_time_zone(zone).alias("Time")
    return frame.select(local, *(pl.col(column).alias(f"{name} [MW]") for column, name in _POWER.items()))


def _tiles(view: View) -> Component:
    """The key figures: the first in sight, the others behind a disclosure; why nothing is compared, if so."""
    declared = shown_in("overview")
    first = [figure_tile(key, declared[key], view) for key in FIRST if key in declared]
    others = [figure_tile(key, one, view) for key, one in declared.items() if key not in FIRST]
    reason = [] if view.baseline is not None else [html.P(view.baseline_reason, className="subtitle")]
    more = html.Details([html.Summary("More key figures"), html.Div(others, className="kpis")], className="more")
    return html.Div([html.Div(first, className="kpis"), more, html.P(_uses(), className="subtitle"), *reason])


def figure_tile(key: str, declared: KeyFigure, view: View) -> Component:
    """A key figure, its unit, its change against the baseline in words, and the way to its account.

    Args:
        key: Its key in the summary.
        declared: Its declaration.
        view: The result and the baseline.
    """
    shown, words, tone = (_difference if declared.only_differences else _value)(key, declared, view)
    unit = "" if shown == NO_FIGURE else declared.shown_unit(str(view.result.manifest.get("currency", "")))
    label = view.say(declared.label[0].upper() + declared.label[1:])
    return html.Div(
        [
            html.Div(label, className="kpi-label"),
            html.Div([html.Span(shown, className="kpi-value"), html.Span(unit, className="kpi-unit")],
                     className="kpi-row"),
            html.Div([why.button(view, key, label), html.Div(words, className=f"kpi-change {tone}")],
                     className="kpi-foot"),
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
    difference = change(value, view.baseline.summary.get(key), view.baseline_label, kind, declared.digits, view.say)
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


def _changed(view: View) -> Component:
    """The settings in which the scenario differs from that of the baseline."""
    title = "What was changed"
    if view.baseline is None:
        return cards.nothing(title, view.baseline_reason)
    found = differences([view.baseline.scenario, view.result.scenario])
    if not found:
        return cards.nothing(title, f"Nothing: both runs are of the same scenario as {view.baseline_label}.")
    frame = settings(found, view.baseline_label, view.label)
    said = {"Setting": "path of the setting in scenario.yaml"}
    said |= dict.fromkeys(
        frame.columns[1:], "its value in scenario.yaml of the result that the heading names; no computed number"
    )
    why_settings = Behind((), (), "Both scenarios as written, compared setting by setting.").of_columns(said)
    words = f"Settings in which this scenario differs from {view.baseline_label}."
    return cards.table_card(title, words, frame, key="settings", why=why_settings)


def settings(found: Mapping[str, pl.Series], baseline: str, label: str) -> pl.DataFrame:
    """Settings that differ, one a row, under the labels of both results.

    Args:
        found: From `differences`: values of the baseline and of the result by path.
        baseline: What the baseline is called.
        label: What the result is called.
    """
    names = [baseline, label if label != baseline else f"{label} (this)"]
    columns = {name: [_setting(values[place]) for values in found.values()] for place, name in enumerate(names)}
    return pl.DataFrame({"Setting": list(found), **columns})


def _setting(value: object) -> str:
    """A setting as a scenario writes it."""
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _warning(view: View, status: str) -> Component:
    words = {
        "infeasible": "Not every need or limit could be kept; About names those in conflict.",
        "out_of_balance": "Energy or carbon does not balance within tolerance; do not rely on these figures.",
    }.get(status, f"This run ended with status {status}.")
    return html.P([html.Strong(f"{view.name}: {status.replace('_', ' ')}. "), words], className="warning", role="alert")


PAGE = Page("/", "Overview", content, of_all=True)
