"""Retrofit: each change alone, and changes one after the other."""

from __future__ import annotations

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.data_centres.behind import of_year
from app.dashboard.data_centres.names import AS_IT_IS, change_name
from app.dashboard.data_centres.rules_card import COSTS
from app.dashboard.figures import data_centre_designs as charts
from app.dashboard.view import View
from app.studies.halls.study import HallStudy


def order_card(view: View, study: HallStudy, limit: float) -> Component:
    """Changes in the order that lowers the PUE most for its money, with the PUE after each."""
    names = [AS_IT_IS, *(change_name(step.change) for step in study.order)]
    pue = [study.now.value("pue") or float("nan"), *(step.pue for step in study.order)]
    spent = 0.0
    rows = []
    for step in study.order:
        spent += step.cost
        rows.append((change_name(step.change), step.pue, step.saved, step.cost, spent))
    table = pl.DataFrame(
        rows, orient="row",
        schema={"Change": pl.String, "PUE after it [1]": pl.Float64, "PUE saved [1]": pl.Float64,
                "Cost [EUR, unverified]": pl.Float64, "Spent [EUR, unverified]": pl.Float64},
    ).with_columns(pl.col("^.*EUR.*$").round().cast(pl.Int64))  # fmt: skip
    words = (
        "One after the other, each time the change that lowers the PUE most for its money, until none lowers it. "
        f"A plant that is replaced later can undo a set point before it. {COSTS}"
    )
    if not study.order:
        return cards.nothing("Retrofit, step by step", "No change of the catalogue lowers the PUE of this hall.")
    chart = charts.retrofit_steps(names, pue, limit, view.theme)
    behind = of_year(study, "After each change the one that lowers the PUE most per euro is made next.", table.columns,
                     money=True)  # fmt: skip
    title = view.say("Retrofit, step by step")
    return cards.chart(title, words, chart, key="dc-retrofit", table=table, digits=3, why=behind, least_px=560)


def alone_card(view: View, study: HallStudy) -> Component:
    """Each change alone."""
    rows = [(change_name(step.change), step.change.title, step.pue, step.saved, step.cost, step.change.status)
            for step in study.alone]  # fmt: skip
    table = pl.DataFrame(
        rows, orient="row",
        schema={"Change": pl.String, "What is done": pl.String, "PUE with it [1]": pl.Float64,
                "PUE saved [1]": pl.Float64, "Cost [EUR]": pl.Float64, "Cost is": pl.String},
    ).with_columns(pl.col("Cost [EUR]").round().cast(pl.Int64))  # fmt: skip
    words = "What each change does by itself over the year, the most saving first; below 0 it raises the PUE."
    behind = of_year(study, "The hall with one change, against the hall as it is.", table.columns, money=True)
    return cards.table_card(view.say("Each change alone"), words, table, digits=3, key="dc-alone", why=behind)
