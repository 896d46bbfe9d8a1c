"""The cards that say what explains a difference."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.comparing.chosen import ComparedResult, ResultComparison
from app.dashboard.comparing.hourly_causes import hourly_causes, hourly_table
from app.dashboard.comparing.waterfall import (
    causes_table,
    cost_waterfall,
    digits_for,
    emission_waterfalls,
    shown_kinds,
)
from app.dashboard.view import View
from app.studies.differences.cost import COST_WORDS, cost_difference
from app.studies.differences.emissions import WORDS, average_difference, marginal_difference
from app.studies.differences.explanation import Explanation
from app.studies.differences.run_ledger import run_ledger

OF = "compare_of"
"""Key of the address that says which of the results is explained."""
Explained = tuple[Explanation, Explanation, Explanation]


def explained_result(view: View, compared: ResultComparison) -> ComparedResult | None:
    """The result whose difference is explained: the one that the address names, else the first that fits."""
    asked = [one for one in compared.fit if one.name == view.query.get(OF)]
    return next(iter([*asked, *compared.fit]), None)


def explanations(compared: ResultComparison, chosen: ComparedResult) -> Explained:
    """Why a result differs from the reference: emissions by average and marginal intensity, and cost."""
    ledgers = run_ledger(compared.reference.result), run_ledger(chosen.result)
    return average_difference(*ledgers), marginal_difference(*ledgers), cost_difference(*ledgers, compared.currency)


def explained_cards(view: View, compared: ResultComparison) -> Iterator[Component]:
    """Waterfalls of emissions and cost, with their numbers as tables."""
    chosen = explained_result(view, compared)
    if chosen is None:
        reasons = " ".join(f"{one.label} {one.reason}." for one in compared.others)
        why = reasons or "Choose a second result of the same period and city to see what explains the difference."
        yield cards.nothing(view.say("What explains the difference"), why)
        return
    average, marginal, cost = explanations(compared, chosen)
    title = f"Why {chosen.label} emits {_more_or_less(average)} {compared.reference.label}"
    table = causes_table({"Average, inventory [t]": average, "Marginal, consequence [t]": marginal})
    yield _choice(view, compared, chosen)
    yield cards.chart(
        title, EMISSIONS_SUBTITLE, emission_waterfalls(average, marginal, view.theme), key="compare-emissions",
        table=table, digits=digits_for((average, marginal)) + 1, why=BEHIND.of_columns(_of_causes(table)),
    )  # fmt: skip
    yield _meanings(average, marginal, WORDS)
    hourly = hourly_table(average, marginal)
    yield cards.chart(
        f"In which hours {chosen.label} differs",
        "The same causes by local hour, summed over all days: what moves from one hour to another falls in the one and "
        "rises in the other.",
        hourly_causes(average, marginal, view.theme), key="compare-hourly", table=hourly,
        digits=digits_for((average, marginal)) + 1, why=BEHIND.of_columns(_of_causes(hourly)),
    )  # fmt: skip
    of_cost = causes_table({f"Cost [{cost.unit}]": cost})
    yield cards.chart(
        f"Why {chosen.label} costs {_more_or_less(cost)} {compared.reference.label}",
        "By the terms of the cost: what is paid for energy and to the grid above, wear, and the price of carbon. "
        "Penalties for limits that were not kept are in no cost.",
        cost_waterfall(cost, view.theme), key="compare-cost", table=of_cost,
        why=BEHIND_COST.of_columns(_of_causes(of_cost)),
    )  # fmt: skip
    yield _meanings(cost, cost, COST_WORDS)


EMISSIONS_SUBTITLE = (
    "Left, what the inventory says: every MWh counts with the mean of the plants that feed the imports. Right, what "
    "the change causes in the grid above: every MWh counts with the plants that run more or less for it. The bars of "
    "each sum to its difference; one is never read for the other."
)


BEHIND = cards.Behind(
    ("ledger", "sectors", "consumers", "sources", "marginal"),
    ("import_mwh", "export_mwh", "generation_mwh", "grid_loss_mwh", "storage_change_mwh", "energy_mwh", "returned_mwh",
     "emissions_kg", "mean_kg_per_mwh", "below_kg_per_mwh", "above_kg_per_mwh"),
    "Every product of energy and intensity is shared out between its two factors at the mean of the other, step by "
    "step (docs/differences.md)",
    figures=("emissions_t", "emissions_marginal_not_in_inventory_t"),
)  # fmt: skip
BEHIND_COST = cards.Behind(
    ("ledger", "months"),
    ("import_mwh", "import_price_per_mwh", "export_mwh", "export_price_per_mwh", "wear_cost", "forgone_value",
     "carbon_cost", "stock_gain_mwh", "demand_charge"),
    "The terms of the cost, and the change of imports shared out to amount, hours and prices (docs/differences.md)",
    figures=("cost",),
)  # fmt: skip


_MIDDLE = "cause by cause at the mean of the other factor, summed over the steps; result less reference"
_OF_CAUSES = {
    "Cause": "kind of the cause: what changed of energy, hours, intensity, losses, stores or prices",
    "Use of energy": "consumer or source that the cause is of; empty for the sum of a kind",
    "Local hour": "hour of `time` in local time",
}


def _of_causes(table: pl.DataFrame) -> dict[str, str]:
    """How the columns of a table of causes are made."""
    return {heading: _OF_CAUSES.get(heading) or _of_amount(heading) for heading in table.columns}


def _of_amount(heading: str) -> str:
    if heading.startswith("Cost"):
        terms = "import_mwh * import_price_per_mwh, export_mwh * export_price_per_mwh, wear_cost, forgone_value"
        return f"differences of {terms}, carbon_cost and demand_charge; {_MIDDLE}"
    marginal = "marginal" in heading.lower()
    w = "w = (below_kg_per_mwh + above_kg_per_mwh) / 2" if marginal else "w = mean_kg_per_mwh of imports"
    return (
        f"{w}; of energy the difference in MWh * the mean of both w / 1000, of intensity the difference of w * the "
        f"mean of both import_mwh / 1000; {_MIDDLE}"
    )


def _more_or_less(one: Explanation) -> str:
    return "less than" if one.change < 0 else "more than" if one.change > 0 else "as much as"


def _choice(view: View, compared: ResultComparison, chosen: ComparedResult) -> Component:
    """Links to the explanation of each of the results; nothing where there is only one."""
    if len(compared.fit) < 2:
        return html.Div(hidden=True)
    links = [
        dcc.Link(html.Span(one.label, **(cards.hyphened(aria_current="true") if one is chosen else {})),
                 href=view.link("/compare", **{OF: one.name}),
                 className="compare-choice here" if one is chosen else "compare-choice")
        for one in compared.fit
    ]  # fmt: skip
    words = html.Span(f"Explained against {compared.reference.label}: ")
    return html.Nav([words, *links], className="compare-choices", **cards.hyphened(aria_label="Result explained"))


def _meanings(first: Explanation, second: Explanation, words: dict[str, str]) -> Component:
    """What each kind of cause means."""
    facts = cards.facts([(kind.capitalize(), words[kind]) for kind in shown_kinds((first, second))])
    return html.Details([html.Summary("What the bars mean"), facts], className="compare-meanings")
