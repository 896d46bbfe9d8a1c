"""Charts of hydrogen stations: the carbon of a kilogram, the tanks and when cars refuel."""

from __future__ import annotations

from itertools import cycle

import polars as pl

from app.dashboard.colours import INK, OKABE_ITO, Theme, with_alpha
from app.dashboard.figures.chart import framed, go, make_subplots, moments
from app.dashboard.local_time import step_hours, thinned

_LINES = ("blue", "orange", "green", "purple", "vermilion", "sky")


def carbon_per_kilogram(frame: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """Carbon of a kilogram of hydrogen in the tank of each station [kg/kg].

    Args:
        frame: The `hydrogen` table.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    figure = go.Figure()
    for (station, rows), line in zip(_stations(frame), cycle(_LINES), strict=False):
        shown, _ = thinned(rows.select("time", "tank_kg_per_kg"), zone)
        figure.add_scatter(
            x=moments(shown["time"]), y=shown["tank_kg_per_kg"].to_list(), name=station, mode="lines",
            line={"color": OKABE_ITO[line], "width": 1.6}, hovertemplate="%{y:.2f} kg/kg",
        )  # fmt: skip
    framed(figure, theme, y_title="In the tank [kg/kg H₂]")
    return figure.update_yaxes(rangemode="tozero")


def tanks_and_refuelling(frame: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """Hydrogen in the tanks of all stations, and what is refuelled, one panel each.

    Args:
        frame: The `hydrogen` table.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    rows = frame.group_by("time").agg(pl.col("tank_kg", "refuelled_kg").sum()).sort("time")
    shown, _ = thinned(rows.with_columns(pl.col("refuelled_kg") / step_hours(rows)), zone)
    panels = (
        ("tank_kg", "In the tanks [kg]", "blue" if theme == "light" else "sky", "%{y:.0f} kg"),
        ("refuelled_kg", "Refuelled [kg/h]", "orange", "%{y:.1f} kg/h"),
    )
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.16,
                           subplot_titles=[panel[1] for panel in panels])  # fmt: skip
    for row, (column, title, colour, words) in enumerate(panels, start=1):
        figure.add_scatter(
            x=moments(shown["time"]), y=shown[column].to_list(), name=title, mode="lines",
            line={"color": OKABE_ITO[colour], "width": 1.4}, fill="tozeroy",
            fillcolor=with_alpha(OKABE_ITO[colour], 0.2), hovertemplate=words, row=row, col=1,
        )  # fmt: skip
    framed(figure, theme, legend=False)
    figure.update_layout(margin={"t": 28}).update_yaxes(rangemode="tozero")
    return figure.update_annotations(x=0, xanchor="left", font={"size": 12.5, "color": INK[theme]})


def _stations(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    text = frame.with_columns(pl.col("station").cast(pl.String))
    return [(str(name), rows) for (name,), rows in text.group_by("station", maintain_order=True)]
