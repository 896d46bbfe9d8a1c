"""The measures that save most, of those that were run: each a result that differs from the one shown in one input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.comparing.sentences import money, tonnes
from app.dashboard.view import View
from app.results.comparison import what_differs
from app.results.folder import Result
from app.studies.differences.measures import ReductionMeasure, ScenarioChange, measures_of, most_effective

MOST_LOOKED_AT = 200
"""Results whose scenarios are compared with the one shown, as each takes some milliseconds to read."""


def measures_card(view: View) -> Component:
    """Up to three single changes to the scenario shown, with what they save, what they cost, and links to try them."""
    title = view.say("The most effective measures")
    found = most_effective(measures_of(view.result, _candidates(view)))
    if not found:
        words = (
            "No stored result of the same city and period differs from this one in a single input and saves carbon. "
            "Change one in the builder, or run a sweep, and the measures that save most stand here."
        )
        build = dcc.Link("Open the builder", href=view.link("/build", build_from=view.name))
        return html.Section([html.H2(title), html.P(words, className="nothing"), html.P(build)], className="card")
    words = (
        "Of the stored results that differ from this one in one input. Saved by marginal intensity, which is what the "
        "change causes; in brackets what the inventory says. Cost is without the scenario's price of carbon."
    )
    rows = [html.Li(_parts(one, view), **cards.hyphened(data_measure=one.change.path)) for one in found]
    return html.Section(
        [html.H2(title), html.P(words, className="subtitle"), html.Ol(rows, className="measures")],
        className="card", **cards.hyphened(aria_label=title),
    )  # fmt: skip


def _candidates(view: View) -> Iterator[tuple[str, Result]]:
    """Results that may be compared with the one shown."""
    others = ((name, other) for name, other in view.results.items() if name != view.name)
    yield from ((name, other) for name, other in islice(others, MOST_LOOKED_AT) if not what_differs(view.result, other))


def _parts(one: ReductionMeasure, view: View) -> list[str | Component]:
    """A measure as text and links."""
    currency = str(view.result.manifest.get("currency", ""))
    cost = f"{money(abs(one.added_cost), currency)} {'more' if one.added_cost > 0 else 'less'}"
    per_tonne = "" if one.cost_per_t is None else f", {money(one.cost_per_t, currency)}/t"
    less = f"{tonnes(abs(one.saved_in_inventory_t))} {'less' if one.saved_in_inventory_t >= 0 else 'more'}"
    parts: list[str | Component] = [
        dcc.Link(change_words(one.change), href=view.link("/compare", with_=(one.name,), compare_of=one.name)),
        f": {tonnes(one.saved_t)} less ({less} in the inventory), costs {cost}{per_tonne}. ",
    ]
    setting = builder_setting(one.change)
    if setting:
        parts.append(dcc.Link("Try it", href=view.link("/build", build_from=view.name, build_set=setting)))
    return parts


def change_words(change: ScenarioChange) -> str:
    """A change as people read it: ``depot: e_rated_mwh 4 instead of 2``."""
    place = re.sub(r"^(?:assets|data_centres)\[([^\]]+)\]\.?", r"\1: ", change.path).removesuffix(": ")
    if change.before is None and change.after is None:
        return f"{place} otherwise"
    after, before = ("none" if value is None else str(value) for value in (change.after, change.before))
    return f"{place} {after} instead of {before}"


def builder_setting(change: ScenarioChange) -> str:
    """The change as the builder takes it from an address, ``path:value``; empty where it is of a whole asset."""
    if change.after is None or "," in str(change.after):
        return ""
    value = change.after if isinstance(change.after, str) else json.dumps(change.after)
    return f"{change.path}:{value}"
