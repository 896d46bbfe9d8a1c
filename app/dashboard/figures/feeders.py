"""Charts of what charging does to the feeders: how full the fullest line is, by hour of day."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from app.dashboard.colours import OKABE_ITO, Theme
from app.dashboard.figures.chart import empty, framed, go, hour_axis
from app.dashboard.figures.ev import line_colours
from app.dashboard.local_time import hour_of_day
from app.results.table_file import in_pieces


def hourly_worst_loading(branches: pl.LazyFrame, zone: str) -> pl.DataFrame:
    """The fullest line of any step in each local hour of the day.

    Args:
        branches: The result's `branches` table.
        zone: The city's time zone.

    Returns:
        Columns `hour` (0 to 23), `loading_percent` and the `line` that has it; hours without a known loading are left
        out.
    """
    loading, line = pl.col("loading_percent"), pl.col("branch").alias("line")
    by_hour = [
        piece.filter(pl.col("kind") == "line", loading.is_not_null())
        .group_by(hour_of_day(zone)).agg(loading.max(), line.get(loading.arg_max()).cast(pl.String))
        for piece in in_pieces(branches.select("time", "branch", "kind", "loading_percent"))
    ]  # fmt: skip
    found = pl.concat(by_hour).group_by("hour").agg(loading.max(), pl.col("line").get(loading.arg_max()))
    return found.sort("hour")


def worst_loading(hourly: Mapping[str, pl.DataFrame], limit_percent: float | None, theme: Theme) -> go.Figure:
    """Loading of the fullest line by local hour of the day, one line a result, with the limit of the first.

    Args:
        hourly: From `hourly_worst_loading`, by the result's label.
        limit_percent: The scenario's limit of lines [%]; None for none.
        theme: The colour scheme.
    """
    shown = {name: frame for name, frame in hourly.items() if not frame.is_empty()}
    if not shown:
        return empty(theme, "No line of these results has a known loading.")
    figure = go.Figure()
    for (name, frame), colour in zip(shown.items(), line_colours(theme, len(shown)), strict=True):
        figure.add_scatter(
            x=frame["hour"].to_list(), y=frame["loading_percent"].to_list(), name=name, mode="lines+markers",
            line={"color": colour, "width": 1.6, "shape": "hvh"}, marker={"size": 4},
            customdata=frame["line"].to_list(), hovertemplate="%{y:.1f} %, %{customdata}",
        )  # fmt: skip
    if limit_percent is not None:
        figure.add_hline(y=limit_percent, line={"color": OKABE_ITO["vermilion"], "width": 1.5, "dash": "dash"},
                         annotation={"text": f"limit {limit_percent:g} %", "font": {"color": OKABE_ITO["vermilion"]}},
                         annotation_position="top left")  # fmt: skip
    framed(figure, theme, y_title="Loading of the fullest line [%]")
    figure.update_yaxes(rangemode="tozero")
    return hour_axis(figure)
