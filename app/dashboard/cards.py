"""The few shapes every page is made of: heading, section, chart with its table, note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.figures.chart import CONFIG, go
from app.dashboard.text import figure as number
from app.dashboard.view import View

_TABLE_ROWS = 200


def hyphened(**attributes: str) -> dict[str, Any]:
    """HTML attributes whose names have hyphens, e.g. ``aria_label="Map"`` for ``aria-label="Map"``."""
    return {name.replace("_", "-"): value for name, value in attributes.items()}


def page(title: str, lead: str, *sections: Component) -> Component:
    """A page: its title, a sentence beneath, its sections."""
    return html.Div([html.H1(title), html.P(lead, className="lead"), html.Div(list(sections), className="sections")])


def chart(
    title: str,
    subtitle: str,
    chart_figure: go.Figure,
    *,
    key: str,
    table: pl.DataFrame | None = None,
    wide: bool = True,
) -> Component:
    """A chart with a title, the convention it follows, and the same numbers as a table.

    Args:
        title: What it shows.
        subtitle: Quantity, unit and convention.
        chart_figure: The figure.
        key: A name for the chart, unique on its page.
        table: The numbers behind it, if they are few enough to read.
        wide: Whether it takes the whole width.
    """
    config: Any = {**CONFIG, "toImageButtonOptions": {**CONFIG["toImageButtonOptions"], "filename": key}}
    twin = [] if table is None or table.is_empty() else [
        html.Details([html.Summary("The numbers as a table"), html.Div(plain_table(table), className="scroll")])
    ]  # fmt: skip
    height = {"height": chart_figure.layout.height}
    graph = dcc.Graph(id=f"chart-{key}", figure=chart_figure, config=config, style=height)
    return html.Section(
        [html.H2(title), html.P(subtitle, className="subtitle"), graph, *twin],
        className="card" if wide else "card half", **hyphened(aria_label=title),
    )  # fmt: skip


def plain_table(frame: pl.DataFrame, digits: int = 2) -> Component:
    """A frame as an HTML table of at most 200 rows."""
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    cells = [
        html.Tr([
            html.Td(_shown(value, digits), className="number" if is_number else "")
            for value, is_number in zip(row, numeric, strict=True)
        ])
        for row in frame.head(_TABLE_ROWS).iter_rows()
    ]  # fmt: skip
    head = html.Tr([
        html.Th(name, scope="col", className="number" if is_number else "")
        for name, is_number in zip(frame.columns, numeric, strict=True)
    ])  # fmt: skip
    return html.Table([html.Thead(head), html.Tbody(cells)])


def table_card(title: str, subtitle: str, frame: pl.DataFrame, digits: int = 2) -> Component:
    """A table with a title."""
    table = html.Div(plain_table(frame, digits), className="scroll")
    return html.Section([html.H2(title), html.P(subtitle, className="subtitle"), table], className="card")


def nothing(title: str, why: str) -> Component:
    """What stands where a chart would, with the reason why there is none."""
    return html.Section([html.H2(title), html.P(why, className="nothing")], className="card")


def facts(rows: Sequence[tuple[str, Any]]) -> Component:
    """Terms and what they are, one below the other."""
    return html.Dl([part for term, value in rows for part in (html.Dt(term), html.Dd(value))])


def where_and_when(view: View) -> str:
    """Which result, period and time zone a page shows."""
    name = view.result.manifest.get("name") or view.name
    return f"{name}, {view.name}: {view.period}. Times are local, {view.zone}."


def _shown(value: object, digits: int) -> str:
    if isinstance(value, float):
        return number(value, digits)
    return "" if value is None else str(value)
