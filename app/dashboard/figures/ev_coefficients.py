"""Charts of the actual coefficients of electric cars: of a charged kWh by place and hour, of a kilometre by class."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from app.dashboard.colours import INK, Theme
from app.dashboard.figures.chart import empty, framed, go, make_subplots
from app.dashboard.figures.ev import line_colours

PLACES = {
    "home": "At home", "workplace": "At work", "public": "In public", "fast": "Fast charging", "bus_depot": "Bus depot",
    "recorded": "As recorded",
}  # fmt: skip
"""Plain names of places; others are shown as they are."""
MOST_COLUMNS = 4
"""Panels beside one another."""


def intensity_by_place(hours: Mapping[str, pl.DataFrame], theme: Theme) -> go.Figure:
    """Carbon of a charged kWh by local hour, one panel a place, one line a result.

    Args:
        hours: The results' `charging_hours` tables, by name.
        theme: The colour scheme.
    """
    places = sorted({str(place) for frame in hours.values() for place in frame["place"].cast(pl.String).unique()})
    if not places:
        return empty(theme, "No car charges in these results.")
    n_rows = -(-len(places) // MOST_COLUMNS)
    n_columns = -(-len(places) // n_rows)
    figure = make_subplots(
        rows=n_rows, cols=n_columns, shared_yaxes="all", horizontal_spacing=0.04,
        vertical_spacing=0.2 if n_rows > 1 else 0.0,
        subplot_titles=[place_name(place) for place in places],
    )  # fmt: skip
    for (name, frame), colour in zip(hours.items(), line_colours(theme, len(hours)), strict=True):
        for number, place in enumerate(places):
            rows = _every_hour(frame.filter(pl.col("place").cast(pl.String) == place))
            figure.add_scatter(
                x=rows["hour"].to_list(), y=rows["charged_g_per_kwh"].to_list(), name=name, legendgroup=name,
                showlegend=number == 0, mode="lines+markers", line={"color": colour, "width": 1.6},
                marker={"size": 4}, connectgaps=False, hovertemplate="%{y:.0f} g/kWh",
                row=number // n_columns + 1, col=number % n_columns + 1,
            )  # fmt: skip
    framed(figure, theme, height=90 + 220 * n_rows)
    figure.update_layout(margin={"t": 62}, legend={"y": 1.06 + 0.1 / n_rows})
    figure.update_yaxes(rangemode="tozero").update_yaxes(title_text="Carbon of charging [g/kWh]", col=1)
    ticks = list(range(0, 24, 6))  # panels are narrow: short labels
    figure.update_xaxes(range=[-0.5, 23.5], tickvals=ticks, ticktext=[f"{hour} h" for hour in ticks], tickangle=0)
    return figure.update_annotations(font={"size": 12.5, "color": INK[theme]})


def per_kilometre_by_class(classes: Mapping[str, pl.DataFrame], theme: Theme) -> go.Figure:
    """Carbon of a kilometre by vehicle class, one bar a class and result [g/km].

    Args:
        classes: The results' `vehicle_classes` tables, by name.
        theme: The colour scheme.
    """
    driven = {name: frame.filter(pl.col("g_per_km").is_not_null()) for name, frame in classes.items()}
    if all(frame.is_empty() for frame in driven.values()):
        return empty(theme, "No session in these results has a driven distance.")
    figure = go.Figure()
    for (name, frame), colour in zip(driven.items(), line_colours(theme, len(driven)), strict=True):
        figure.add_bar(
            x=[class_name(name) for name in frame["vehicle_class"].cast(pl.String)], y=frame["g_per_km"].to_list(),
            name=name, marker={"color": colour}, texttemplate="%{y:.0f}", textposition="outside", cliponaxis=False,
            customdata=frame["driven_km"].to_list(), hovertemplate="%{y:.1f} g/km, %{customdata:,.0f} km",
        )  # fmt: skip
    figure.update_layout(bargap=0.5)
    return framed(figure, theme, y_title="Carbon of a kilometre [g/km]")


def place_name(place: str) -> str:
    """Plain name of a place."""
    return PLACES.get(place, place)


def class_name(vehicle_class: str) -> str:
    """Plain name of a vehicle class."""
    return vehicle_class.replace("_", " ")


def _every_hour(rows: pl.DataFrame) -> pl.DataFrame:
    """All 24 hours; null where nothing is charged, so that a line has gaps there."""
    return pl.DataFrame({"hour": range(24)}, schema={"hour": pl.Int64}).join(rows, on="hour", how="left").sort("hour")
