"""The card of cost against carbon: a chart and a table of the same points, in which selections follow each other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.comparing.chosen import ResultComparison
from app.dashboard.comparing.frontier_chart import frontier_chart
from app.dashboard.comparing.options import Accounting, ResultChoice, options_of
from app.dashboard.figures.chart import CONFIG
from app.dashboard.language.spoken import text_in
from app.dashboard.view import View
from app.studies.differences.abatement import AbatementStep, Option, frontier_of

BY = "compare_by"
"""Key of the address that says how emissions are counted."""
_WORDS: dict[Accounting, tuple[str, str]] = {
    "marginal": ("By marginal intensity", "what the change causes in the grid above: for decisions"),
    "average": ("By average intensity", "what the inventory says: for statements and targets"),
}
_SHOWN_ROWS = 9
_DIGITS_T = 3
"""Digits after the point of emissions in the table: a kilogram."""


def accounting_of(view: View) -> Accounting:
    """How the view counts emissions: by marginal intensity unless its address says average."""
    return "average" if view.query.get(BY) == "average" else "marginal"


def frontier_card(view: View, compared: ResultComparison, choices: tuple[ResultChoice, ...]) -> Component:
    """Cost against carbon of all results and sweeps of the same city and period."""
    accounting = accounting_of(view)
    reference = next((one for one in choices if one.name == compared.reference.name), None)
    if reference is None or len(choices) < 2:
        why = "There is no other result of the same city and period. Run another scenario, or a sweep, to see it here."
        return cards.nothing(view.say("Cost against carbon"), why)
    options = options_of(choices, reference, accounting)
    unit, label = compared.currency, compared.reference.label
    axis = (f"Emissions, difference [t], {accounting} intensity", f"Cost, difference [{unit}]")
    chart = frontier_chart(choices, options, {one.name: one.label for one in compared.every}, axis, view.theme)
    config: Any = {**CONFIG, "modeBarButtons": [["select2d", "lasso2d", "zoom2d", "pan2d", "resetScale2d"]]}
    title = view.say("Cost against carbon")
    return html.Section(
        [
            cards.head(title, "compare-frontier", _behind(choices, unit, accounting)),
            html.P(_subtitle(label, _WORDS[accounting][1]), className="subtitle"),
            _ways(view, accounting),
            dcc.Graph(id="compare-frontier", figure=chart, config=config, style={"height": chart.layout.height}),
            _tools(view),
            html.Div(_grid(view, choices, options, unit, accounting), **cards.hyphened(data_ag_theme_mode=view.theme)),
        ],
        className="card", **cards.hyphened(aria_label=title),
    )  # fmt: skip


def _subtitle(label: str, accounting: str) -> str:
    return (
        f"Each point is a result; {label} is at the origin. Cost is without the scenario's price of carbon, emissions "
        f"are {accounting}. The line joins those that no other betters in both; a ring says that a limit was not "
        "kept. Drag over points to select their rows, or select rows (space bar) to mark their points."
    )


def _behind(choices: Sequence[ResultChoice], currency: str, accounting: Accounting) -> cards.Behind:
    """What the points and the columns of their table are made from."""
    figure = "emissions_marginal_not_in_inventory_t" if accounting == "marginal" else "emissions_t"
    varied = dict.fromkeys(_paths(choices), "value of this setting that the sweep gave the run; no computed number")
    return cards.Behind(("ledger",), ("carbon_cost",), "Each result less the reference, by key figures.",
                        _WORDS[accounting][1].capitalize() + ".", (figure, "cost")).of_columns({
        "Result": "label of the result", "Sweep": "sweep that made the run", **varied,
        f"Emissions [t], {accounting}": f"{figure} less that of the reference",
        f"Cost [{currency}]": "`cost` less SUM(carbon_cost), less that of the reference",
        "Against the reference": "signs of both differences in words",
        f"{currency}/t from the reference": "added cost / tonnes saved, where both are above zero",
        f"{currency}/t from the neighbour": "the same from the next result on the line",
        "Frontier": "whether no other result betters it in both", "Ended": "status of the run",
    })  # fmt: skip


def _ways(view: View, accounting: Accounting) -> Component:
    links = [
        dcc.Link(html.Span(view.say(words), **(cards.hyphened(aria_current="true") if way == accounting else {})),
                 href=view.link("/compare", **{BY: way}),
                 className="compare-choice here" if way == accounting else "compare-choice")
        for way, (words, _) in _WORDS.items()
    ]  # fmt: skip
    return html.Nav(links, className="compare-choices", **cards.hyphened(aria_label="How emissions are counted"))


def _tools(view: View) -> Component:
    return html.Div(
        [
            html.Button(
                view.say("Select the frontier"), id="compare-select-frontier", className="button", type="button"
            ),
            html.Button(view.say("Select none"), id="compare-select-none", className="button", type="button"),
            html.Button(view.say("Compare the selected"), id="compare-selected", className="button", type="button"),
            html.Span(id="compare-selection", role="status", className="compare-selection"),
        ],
        className="toolbar compare-tools",
    )


def frontier_rows(choices: Sequence[ResultChoice], options: Sequence[Option]) -> list[dict[str, Any]]:
    """A row for each choice: differences from the reference, and what a tonne costs from there and from its neighbour.

    Args:
        choices: What can be chosen.
        options: The same by their differences from the reference.
    """
    frontier = frontier_of(options)
    before = {end.name: start for start, end in itertools.pairwise(frontier)}
    origin = Option("", 0.0, 0.0)
    return [
        {
            "name": one.name, "label": one.label, "group": one.group, "status": one.status,
            **{_field(path): value for path, value in one.parameters.items()},
            "emissions": option.emissions_t, "cost": option.cost, "frontier": "yes" if option in frontier else "",
            "per_tonne": _paid(AbatementStep(origin, option)), "against": _in_words(option),
            "step_per_tonne": _paid(AbatementStep(before[one.name], option)) if one.name in before else None,
        }
        for one, option in zip(choices, options, strict=True)
    ]  # fmt: skip


def _paid(step: AbatementStep) -> float | None:
    """What a tonne less costs; None where nothing is saved or nothing is paid for it."""
    return step.cost_per_t if step.added_cost > 0 else None


def _in_words(option: Option) -> str:
    """Which way cost and emissions differ from the reference's, as far as the digits beside it say."""
    if option.cost == option.emissions_t == 0:
        return "the reference"
    shown = ((round(option.emissions_t, _DIGITS_T), "carbon"), (round(option.cost, 0), "cost"))
    words = [f"{'less' if amount < 0 else 'more'} {what}" if amount else f"the same {what}" for amount, what in shown]
    return ", ".join(words)


def _grid(
    view: View, choices: Sequence[ResultChoice], options: Sequence[Option], currency: str, accounting: Accounting
) -> Component:
    rows = sorted(frontier_rows(choices, options), key=lambda row: (not row["frontier"], row["cost"]))
    for row in rows:
        row |= {field: text_in(view.language, row[field]) for field in ("against", "frontier", "status")}
    columns: list[dict[str, Any]] = [
        {"field": "label", "headerName": "Result", "minWidth": 230, "pinned": "left", "tooltipField": "label"},
        *([{"field": "group", "headerName": "Sweep"}] if any(one.group for one in choices) else []),
        *({"field": _field(path), "headerName": path, "minWidth": 160} for path in _paths(choices)),
        _number("emissions", f"Emissions [t], {accounting}", _DIGITS_T), _number("cost", f"Cost [{currency}]", 0),
        {"field": "against", "headerName": "Against the reference", "minWidth": 180},
        _number("per_tonne", f"{currency}/t from the reference", 0),
        _number("step_per_tonne", f"{currency}/t from the neighbour", 0),
        {"field": "frontier", "headerName": "Frontier"}, {"field": "status", "headerName": "Ended"},
    ]  # fmt: skip
    grid: Component = dag.AgGrid(
        id="compare-grid", rowData=rows, columnDefs=columns, getRowId="params.data.name",
        defaultColDef={"sortable": True, "filter": True, "resizable": True, "wrapHeaderText": True,
                       "autoHeaderHeight": True, "flex": 1, "minWidth": 110},
        dashGridOptions={
            "theme": {"function": "themeQuartz"}, "rowHeight": 34, "animateRows": False, "ensureDomOrder": True,
            "rowSelection": {"mode": "multiRow", "enableClickSelection": False},
            "domLayout": "normal" if len(rows) > _SHOWN_ROWS else "autoHeight",
        },
        style={"height": 84 + 34 * _SHOWN_ROWS if len(rows) > _SHOWN_ROWS else None},
    )  # fmt: skip
    return grid


def _paths(choices: Sequence[ResultChoice]) -> list[str]:
    return list(dict.fromkeys(path for one in choices for path in one.parameters))


def _field(path: str) -> str:
    """The field of what a sweep varied; a dot in it would mean a member."""
    return path.replace(".", "·")


def _number(field: str, name: str, digits: int) -> dict[str, Any]:
    return {"field": field, "headerName": name, "type": "rightAligned", "filter": "agNumberColumnFilter",
            "valueFormatter": {"function": f"gridcarbonFigure(params.value, {digits})"}}  # fmt: skip


def register(app: Dash) -> None:
    """Registers what keeps chart and table in step, all of it in the browser."""
    client: Any = app.clientside_callback
    client(
        ClientsideFunction("compare", "select"),
        Output("compare-grid", "selectedRows"),
        Input("compare-frontier", "selectedData"), Input("compare-frontier", "clickData"),
        Input("compare-select-frontier", "n_clicks"), Input("compare-select-none", "n_clicks"),
        State("compare-grid", "selectedRows"), State("compare-grid", "rowData"), prevent_initial_call=True,
    )  # fmt: skip
    client(
        ClientsideFunction("compare", "mark"),
        Output("compare-selection", "children"), Output("compare-selected", "disabled"),
        Input("compare-grid", "selectedRows"), State("compare-grid", "rowData"),
    )  # fmt: skip
    client(
        ClientsideFunction("compare", "open"),
        Input("compare-selected", "n_clicks"), State("compare-grid", "selectedRows"), prevent_initial_call=True,
    )  # fmt: skip
