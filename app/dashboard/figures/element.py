"""The day of one bus, line or transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from app.dashboard.colours import INK, OKABE_ITO, Theme
from app.dashboard.figures.chart import empty, framed, go, make_subplots
from app.dashboard.local_time import local

_Panel = tuple[str, str, str, tuple[str, ...]]


def bus_day(rows: pl.DataFrame, limits: Mapping[str, Any], zone: str, theme: Theme) -> go.Figure:
    """Carbon intensity and voltage of one bus over a day.

    Args:
        rows: Rows of the `buses` table for one bus and one local day.
        limits: The scenario's limits; `vm_min_pu` and `vm_max_pu` are marked.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    panels = (("ci_kg_per_mwh", "Carbon intensity [g/kWh]", ".0f", ()),
              ("vm_pu", "Voltage [pu]", ".4f", ("vm_min_pu", "vm_max_pu")))  # fmt: skip
    return _day(rows, panels, limits, zone, theme)


def branch_day(rows: pl.DataFrame, kind: str, limits: Mapping[str, Any], zone: str, theme: Theme) -> go.Figure:
    """Loading and power of one line or transformer over a day.

    Args:
        rows: Rows of the `branches` table for one branch and one local day.
        kind: Kind of the branch, as in the topology; decides the limit that is marked.
        limits: The scenario's limits.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    limit = f"{'trafo' if kind.startswith('trafo') else 'line'}_loading_max_percent"
    panels = (("loading_percent", "Loading [%]", ".1f", (limit,)), ("p_from_mw", "Power sent [MW]", ".3f", ()))
    return _day(rows, panels, limits, zone, theme)


def _day(
    rows: pl.DataFrame, panels: tuple[_Panel, ...], limits: Mapping[str, Any], zone: str, theme: Theme
) -> go.Figure:
    if rows.is_empty():
        return empty(theme, "Nothing is known of this element on this day.", 300)
    frame = rows.with_columns(local(zone).alias("time"))
    titles = [panel[1] for panel in panels]
    figure = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.1, subplot_titles=titles)
    for place, (column, _, number, marked) in enumerate(panels, start=1):
        figure.add_scatter(
            x=frame["time"].to_list(), y=frame[column].fill_nan(None).to_list(), mode="lines", name=column,
            line={"color": OKABE_ITO["blue" if theme == "light" else "sky"], "width": 1.8},
            hovertemplate=f"%{{y:{number}}}<extra></extra>", row=1, col=place,
        )  # fmt: skip
        for key in marked:
            if limits.get(key) is not None:
                figure.add_hline(y=float(limits[key]), row=1, col=place,
                                 line={"color": OKABE_ITO["vermilion"], "width": 1.2, "dash": "dash"})  # fmt: skip
    framed(figure, theme, height=260, legend=False)
    figure.update_layout(margin={"t": 36})
    figure.update_xaxes(tickformat="%H:%M", nticks=6)
    return figure.update_annotations(font={"size": 12.5, "color": INK[theme]})
