"""The few shapes every page is made of: heading, answers, section, chart with its table, note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.figures.chart import CONFIG, go
from app.dashboard.view import View
from app.dashboard.why.attributes import hyphened
from app.dashboard.why.behind import OF_CHART, Behind, button, why_button
from app.dashboard.why.sentences import PlaceLink, Sentence, sentences
from app.dashboard.why.tables import PageTable, summed, table_view

Place = PlaceLink
"""A link within a sentence: `Place(text, href)`."""

__all__ = [
    "Behind", "Place", "Sentence", "answers", "chart", "facts", "hyphened", "nothing", "page", "plain_table", "summed",
    "table_card", "where_and_when",
]  # fmt: skip


def page(title: str, lead: str | Component, *sections: Component) -> Component:
    """A page: its title, a sentence beneath, its sections."""
    return html.Div([html.H1(title), html.P(lead, className="lead"), html.Div(list(sections), className="sections")])


def answers(found: Sequence[Sentence], view: View | None = None) -> Component:
    """What the page has to say, in sentences, above its charts.

    Args:
        found: The sentences, from the data.
        view: The result they are of; with it, a sentence that names a key figure has a button for its account.
    """
    asked = [None if view is None or not one.why else button(view, one.why, one.text) for one in found]
    return sentences(found, asked)


def chart(
    title: str,
    subtitle: str,
    chart_figure: go.Figure,
    *,
    key: str,
    table: pl.DataFrame | None = None,
    wide: bool = True,
    why: Behind | None = None,
    total: Mapping[str, Any] | None = None,
    digits: int = 2,
    least_px: int = 0,
) -> Component:
    """A chart with a title, the convention it follows, and the same numbers as a table.

    Args:
        title: What it shows.
        subtitle: Quantity, unit and convention.
        chart_figure: The figure.
        key: A name for the chart, unique on its page.
        table: The numbers behind it.
        wide: Whether it takes the whole width.
        why: What it is made from; opens from its title.
        total: Totals of the table by its columns (`summed`), where a sum makes sense.
        digits: Digits after the point in the table.
        least_px: Width that panels side by side need [px]; on a screen with less the chart is scrolled by itself.
    """
    config: Any = {**CONFIG, "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d"]]}  # the picture is made below
    twin = [] if table is None or table.is_empty() else [
        table_view(PageTable(title, table, digits, total or {}), opens="The numbers as a table")
    ]  # fmt: skip
    size = {"height": chart_figure.layout.height, **({"minWidth": f"{least_px}px"} if least_px else {})}
    graph: Component = dcc.Graph(id=f"chart-{key}", figure=chart_figure, config=config, style=size)
    if least_px:
        graph = html.Div(graph, className="sideways", tabIndex="0", role="region", **hyphened(aria_label=title))
    picture = html.Button("PNG", className="why", type="button",
                          **hyphened(data_png=f"chart-{key}", aria_label=f"Save as PNG: {title}"))  # fmt: skip
    return html.Section(
        [head(title, key, why, picture), html.P(subtitle, className="subtitle"), graph, *twin],
        className="card" if wide else "card half", **hyphened(aria_label=title),
    )  # fmt: skip


def plain_table(
    frame: pl.DataFrame, digits: int = 2, *, title: str = "Table", total: Mapping[str, Any] | None = None
) -> Component:
    """A frame as a table: open if it is short, else behind a disclosure, sorted, filtered and saved from there.

    Args:
        frame: The rows, all of them.
        digits: Digits after the point.
        title: What it is called; names the file it is saved as.
        total: Totals by column (`summed`), where a sum makes sense.
    """
    return table_view(PageTable(title, frame, digits, total or {}))


def table_card(
    title: str,
    subtitle: str,
    frame: pl.DataFrame,
    digits: int = 2,
    *,
    key: str = "",
    why: Behind | None = None,
    total: Mapping[str, Any] | None = None,
) -> Component:
    """A table with a title.

    Args:
        title: What it shows.
        subtitle: Units and convention.
        frame: The rows, all of them.
        digits: Digits after the point.
        key: A name for the table, unique on its page; needed with `why`.
        why: What it is made from.
        total: Totals by column (`summed`), where a sum makes sense.
    """
    table = table_view(PageTable(title, frame, digits, total or {}))
    return html.Section([head(title, key, why), html.P(subtitle, className="subtitle"), table], className="card")


def nothing(title: str, why: str) -> Component:
    """What stands where a chart would, with the reason why there is none."""
    return html.Section([html.H2(title), html.P(why, className="nothing")], className="card")


def facts(rows: Sequence[tuple[str, Any]]) -> Component:
    """Terms and what they are, one below the other."""
    return html.Dl([part for term, value in rows for part in (html.Dt(term), html.Dd(value))])


def where_and_when(view: View) -> Component:
    """Which result, period and time zone a page shows; pictures of its charts carry that, convention and hash."""
    words = f"{view.label}: {view.period}. Times are local, {view.zone}."
    stated = hyphened(data_result=view.name, data_convention=view.convention, data_hash=view.result.scenario_hash)
    synthetic = str(view.result.manifest.get("grid", {}).get("synthetic", ""))
    warned = [html.Br(), html.Strong(synthetic, className="warning")] if synthetic else []
    return html.Span([words, *warned] if warned else words, className="where-and-when", **stated)


def head(title: str, key: str, why: Behind | None, *buttons: Component) -> Component:
    """The title of a card and what can be asked of it."""
    asked = [why_button(OF_CHART + key, title, why)] if why is not None else []
    return html.Div([html.H2(title), html.Div([*asked, *buttons], className="card-buttons")], className="card-head")
