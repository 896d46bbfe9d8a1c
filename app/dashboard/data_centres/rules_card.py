"""The rules for data centres: passed or failed, by what margin, and the cheapest change that passes."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.cards import hyphened
from app.dashboard.data_centres.behind import of_rules
from app.dashboard.data_centres.builder_links import of_design
from app.dashboard.data_centres.names import design_name
from app.dashboard.text import NO_FIGURE, figure
from app.dashboard.view import View
from app.studies.halls.study import HallStudy
from app.studies.halls.verdicts import OF_RUN, Verdict
from carbon.data_centre.studies import DesignYear

HEADINGS = ("Rule", "Limit", "Year", "Margin", "", "Cheapest change that passes", "This run", "Source")
COSTS = "Costs are orders of magnitude in EUR of 2024, none of them verified in a source."
_DIGITS = {"pue": 3, "wue": 2, "cue": 3, "ref": 2, "erf": 2, "ere": 3, "cer": 1, "iteu_sv": 2}
_UNITS = {"wue": " L/kWh", "cue": " kg/kWh"}


def rules_card(view: View, study: HallStudy) -> Component:
    """All rules as a table."""
    failed = sum(verdict.outcome.passed is False for verdict in study.verdicts)
    known = sum(verdict.outcome.passed is not None for verdict in study.verdicts)
    words = (
        f"{known - failed} of {known} rules passed. Rules are about years: PUE and ERF are those of "
        f"{study.year.site.clock.start.year} from the design and the weather ({study.year.weather}), before any "
        f"shifting; what no design decides (REF) is of this run. Which rules apply here depends on place, size "
        f"and age. {COSTS}"
    )  # fmt: skip
    columns = html.Thead(html.Tr([html.Th(heading, scope="col") for heading in HEADINGS]))
    body = html.Tbody([_row(view, study, verdict) for verdict in _worst_first(study.verdicts)])
    table = html.Div(
        html.Table([columns, body], className="rules"), className="scroll", tabIndex=0, role="region",
        **hyphened(aria_label="Rules for data centres"),
    )  # fmt: skip
    title = view.say("Rules passed and failed")
    head = cards.head(title, "dc-rules", of_rules(study, HEADINGS))
    return html.Section([head, html.P(words, className="subtitle"), table], className="card", id="dc-rules")


def _worst_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Failed, then passed, then not known; each by metric and margin."""
    order, metrics = {False: 0, True: 1, None: 2}, list(_DIGITS)
    return sorted(
        verdicts,
        key=lambda one: (order[one.outcome.passed], metrics.index(one.rule.metric), one.outcome.margin or 0.0),
    )


def _row(view: View, study: HallStudy, verdict: Verdict) -> Component:
    rule, outcome = verdict.rule, verdict.outcome
    shown = {True: ("passed", "better"), False: ("failed", "worse"), None: ("not known", "")}[outcome.passed]
    of_run = verdict.basis == OF_RUN and outcome.value is not None
    basis: list[str | Component] = [html.Br(), "of this run"] if of_run else []
    about = f"{rule.jurisdiction}. {rule.metric.upper()}; {rule.applies_to}"
    title: list[str | Component] = [html.B(rule.title), html.Br(), about]
    if rule.applies_from is not None:
        title.append(f"; from {rule.applies_from.day} {rule.applies_from:%B %Y}")
    if outcome.grade:
        title.append(f". Grade {outcome.grade}")
    if outcome.surcharge:
        currency = "" if rule.surcharge is None else rule.surcharge.currency
        title.append(f". Surcharge {figure(outcome.surcharge, 0)} {currency} a year")
    sign = "≤" if rule.sense == "at_most" else "≥"
    badge = html.Span(rule.status, className=f"badge {rule.status}")
    return html.Tr([
        html.Td(title),
        html.Td(f"{sign} {_amount(rule.metric, rule.limit)}", className="number"),
        html.Td([_amount(rule.metric, outcome.value), *basis], className="number"),
        html.Td(_signed(rule.metric, outcome.margin), className=f"number {shown[1]}"),
        html.Td(html.Span(shown[0], className=f"verdict {shown[1]}")),
        html.Td(_remedy(view, study, verdict)),
        html.Td(_amount(rule.metric, verdict.run_value), className="number"),
        html.Td([rule.source, " ", badge]),
    ])  # fmt: skip


def _remedy(view: View, study: HallStudy, verdict: Verdict) -> list[str | Component]:
    if verdict.outcome.passed is not False:
        return []
    if verdict.remedy is None:
        what = "Contracts for renewable energy" if verdict.rule.metric == "ref" else "None of the catalogue"
        return [what]
    return priced(view, study, verdict.remedy, verdict.rule.metric)


def priced(view: View, study: HallStudy, year: DesignYear, metric: str) -> list[str | Component]:
    """A change, what it leads to and what it costs, with the way into the builder."""
    link = dcc.Link(design_name(year.design), href=of_design(view, study.spec, year.design))
    value = _amount(metric, year.value(metric))
    return [link, f": {metric.upper()} {value}, about {figure(year.design.capital_cost, 0)} EUR"]


def _amount(metric: str, value: float | None) -> str:
    return NO_FIGURE if value is None else figure(value, _DIGITS[metric]) + _UNITS.get(metric, "")


def _signed(metric: str, value: float | None) -> str:
    if value is None:
        return NO_FIGURE
    return ("+" if value > 0 else "") + figure(value, _DIGITS[metric])
