"""The main charts of several results as small multiples with one common scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme
from app.dashboard.figures import city, ev, frames
from app.dashboard.figures.chart import framed, go, hour_axis, make_subplots
from app.results.folder import Result
from app.results.prepared import prepared

MOST_ACROSS = 3
"""Panels beside each other."""
MOST_POINTS = 400
"""Points of a duration curve in a panel, which is a third of the page wide."""
LEAST_TOP = 10.0
"""Least upper end of the scale of loading [%]."""
_PANEL_PX, _ABOVE_PX, _BELOW_PX = 210, 66, 24


def in_panels(charts: Mapping[str, go.Figure], theme: Theme, *, y_title: str, hours: bool = False) -> go.Figure:
    """Charts beside and below each other on the same axes, each trace named once in the legend.

    Args:
        charts: The charts by what stands above them.
        theme: The colour scheme.
        y_title: Quantity and unit.
        hours: Whether the level axis is the hours of the day.
    """
    across = min(MOST_ACROSS, len(charts))
    down = -(-len(charts) // across)
    figure = make_subplots(rows=down, cols=across, shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.03,
                           vertical_spacing=0.22 / down, subplot_titles=list(charts))  # fmt: skip
    named: set[str] = set()
    for place, chart in enumerate(charts.values()):
        for trace in chart.data:
            trace.update(legendgroup=trace.name, showlegend=trace.name not in named)
            if "stackgroup" in trace and trace.stackgroup:
                trace.update(stackgroup=f"{trace.stackgroup}{place}")
            named.add(trace.name)
            figure.add_trace(trace, row=place // across + 1, col=place % across + 1)
    height = _ABOVE_PX + _BELOW_PX + _PANEL_PX * down
    framed(figure, theme, height=height, legend=len(named) > 1)
    figure.update_layout(margin={"t": _ABOVE_PX}, barmode="relative", bargap=0.12,
                         legend={"y": 1 + 34 / (height - _ABOVE_PX - _BELOW_PX)})  # fmt: skip
    for row in range(1, down + 1):
        figure.update_yaxes(title_text=y_title, row=row, col=1)
    figure.update_annotations(font={"size": 12.5, "color": INK[theme]})
    return hour_axis(figure) if hours else figure.update_xaxes(nticks=3, tickangle=0)


def power_stacks(results: Mapping[str, Result], zone: str, theme: Theme) -> go.Figure:
    """Where the power of each city comes from [MW]."""
    charts = {name: city.power_stack(one.table("city").collect(), zone, theme) for name, one in results.items()}
    return in_panels(charts, theme, y_title="Power [MW]")


def emissions_by_hour(results: Mapping[str, Result], zone: str, theme: Theme) -> go.Figure:
    """Emissions of an average day by sector [kg/h]; a sector has one colour in all panels."""
    hourly = {name: frames.hourly_sectors(one, zone) for name, one in results.items()}
    return in_panels({name: city.sector_bars(frame, theme) for name, frame in _with_same_sectors(hourly)}, theme,
                     y_title="Emissions [kg/h]", hours=True)  # fmt: skip


def _with_same_sectors(hourly: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The frames with the sectors of all of them, so that colours mean the same; what one lacks is zero."""
    every = pl.concat(hourly.values())["sector"].unique(maintain_order=True).to_list()
    order = pl.DataFrame({"sector": every, "place": range(len(every))})
    grid = order.join(pl.DataFrame({"hour": range(24)}, schema={"hour": pl.Int64}), how="cross")
    for name, frame in hourly.items():
        rows = grid.join(frame, on=["sector", "hour"], how="left").sort("place", "hour")
        yield name, rows.select("sector", "hour", pl.col("emissions_kg").fill_null(0.0))


def charging(powers: Mapping[str, pl.DataFrame], zone: str, theme: Theme) -> go.Figure:
    """What cars charge, above zero, and feed in, below [MW].

    Args:
        powers: From `app.dashboard.figures.ev.fleet_power`, by what stands above each panel.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    charts = {name: ev.charging_power({name: power}, zone, theme) for name, power in powers.items()}
    return in_panels(charts, theme, y_title="Power [MW]")


def loading_durations(curves: Mapping[str, np.ndarray], limit: float | None, theme: Theme) -> go.Figure:
    """The loading of the worst line in every step, sorted; the first result stands behind all others, in grey.

    Args:
        curves: From `duration_curve`, by what stands above each panel.
        limit: The scenario's limit of lines [%], if there is one.
        theme: The colour scheme.
    """
    first = next(iter(curves))
    charts = {name: _durations({first: curves[first], name: curve}, theme) for name, curve in curves.items()}
    figure = in_panels(charts, theme, y_title="Loading [%]")
    if limit is not None:
        figure.add_hline(y=limit, line={"color": OKABE_ITO["vermilion"], "width": 1.2, "dash": "dash"})
    figure.update_layout(showlegend=False, margin={"t": 30})
    for axis in figure.select_xaxes(row=-(-len(curves) // MOST_ACROSS)):
        axis.title.text = "Share of the steps [%]"
    top = 1.05 * max(limit or 0.0, LEAST_TOP, *(float(curve.max()) for curve in curves.values()))
    return figure.update_xaxes(range=[0, 104], tickvals=[0, 50, 100]).update_yaxes(range=[0, top])


def _durations(curves: Mapping[str, np.ndarray], theme: Theme) -> go.Figure:
    chart = go.Figure()
    for place, (name, curve) in enumerate(curves.items()):
        own = place == len(curves) - 1
        share = np.linspace(0, 100, len(curve))
        colour = OKABE_ITO["blue" if theme == "light" else "sky"] if own and place else MUTED[theme]
        chart.add_scatter(x=share.round(3).tolist(), y=curve.round(3).tolist(), mode="lines", name=name,
                          line={"color": colour, "width": 1.8 if own else 1.2, "dash": "solid" if own else "dot"},
                          hovertemplate="%{y:.1f} % is passed in %{x:.1f} % of the steps")  # fmt: skip
    return chart


def duration_curve(result: Result) -> np.ndarray:
    """Loading of the worst line in every step, the highest first, at up to `MOST_POINTS` places [%]."""
    return prepared(result, "duration curve of loading", lambda: _durations_of(result))["loading_percent"].to_numpy()


def _durations_of(result: Result) -> pl.DataFrame:
    """The curve as a column `loading_percent`."""
    lines = result.table("branches").filter(pl.col("kind").cast(pl.String) == "line")
    worst = lines.group_by("time").agg(pl.col("loading_percent").max()).collect()["loading_percent"].drop_nulls()
    values = np.sort(worst.to_numpy())[::-1]
    if values.size:
        places = np.linspace(0, values.size - 1, min(values.size, MOST_POINTS))
        values = np.interp(places, np.arange(values.size), values)
    return pl.DataFrame({"loading_percent": values}, schema={"loading_percent": pl.Float64})
