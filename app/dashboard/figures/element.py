"""The day of one bus, line or transformer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from app.dashboard.colours import INK, OKABE_ITO, Theme
from app.dashboard.figures.chart import empty, framed, go, make_subplots, moments
from app.dashboard.local_time import local

_ACROSS = 3


@dataclass(frozen=True)
class Panel:
    """One quantity over a day.

    Args:
        column: The column that holds it.
        title: What it is called, with its unit.
        digits: Format of its values.
        factor: From the table's unit to the shown one.
        limits: Values that it should not pass, in the shown unit.
    """

    column: str
    title: str
    digits: str
    factor: float = 1.0
    limits: tuple[float, ...] = ()


def bus_day(rows: pl.DataFrame, limits: Mapping[str, Any], currency: str, zone: str, theme: Theme) -> go.Figure:
    """Intensities, renewable share, voltage and price of one bus over a day.

    Args:
        rows: `time` in UTC and columns of the tables `buses` and `nodal` for one bus and one local day.
        limits: The scenario's limits; `vm_min_pu` and `vm_max_pu` are marked.
        currency: The scenario's.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    marked = tuple(float(limits[key]) for key in ("vm_min_pu", "vm_max_pu") if limits.get(key) is not None)
    panels = [
        Panel("ci_kg_per_mwh", "Carbon intensity [g/kWh]", ".0f"),
        Panel("vm_pu", "Voltage [pu]", ".4f", limits=marked),
        Panel("renewable_share", "Renewable share [%]", ".0f", 100.0),
        Panel("marginal_above_kg_per_mwh", "Marginal intensity [g/kWh]", ".0f"),
        Panel("price_per_mwh", f"Nodal price [{currency}/MWh]", ".1f"),
    ]
    return _day(rows, panels, zone, theme)


def branch_day(rows: pl.DataFrame, limit: float | None, zone: str, theme: Theme) -> go.Figure:
    """Loading, power and losses of one line or transformer over a day.

    Args:
        rows: `time` in UTC, `loading_percent`, `p_from_mw` and `loss_kw` of one branch and one local day.
        limit: Its highest loading [%]; None if it has none.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    panels = [
        Panel("loading_percent", "Loading [%]", ".1f", limits=() if limit is None else (float(limit),)),
        Panel("p_from_mw", "Power [MW]", ".3f"),
        Panel("loss_kw", "Losses [kW]", ".3f"),
    ]
    return _day(rows, panels, zone, theme)


def _day(rows: pl.DataFrame, panels: Sequence[Panel], zone: str, theme: Theme) -> go.Figure:
    known = [panel for panel in panels if panel.column in rows.columns and rows[panel.column].fill_nan(None).count()]
    if not known:
        return empty(theme, "Nothing is known of this element on this day.", 300)
    frame = rows.with_columns(local(zone).alias("time"))
    down = math.ceil(len(known) / _ACROSS)
    figure = make_subplots(rows=down, cols=min(len(known), _ACROSS), horizontal_spacing=0.07, vertical_spacing=0.22,
                           subplot_titles=[panel.title for panel in known])  # fmt: skip
    for place, panel in enumerate(known):
        row, column = place // _ACROSS + 1, place % _ACROSS + 1
        figure.add_scatter(
            x=moments(frame["time"]), y=(frame[panel.column].fill_nan(None) * panel.factor).to_list(), mode="lines",
            name=panel.title, line={"color": OKABE_ITO["blue" if theme == "light" else "sky"], "width": 1.8},
            hovertemplate=f"%{{y:{panel.digits}}}<extra></extra>", row=row, col=column,
        )  # fmt: skip
        for limit in panel.limits:
            figure.add_hline(y=limit, row=row, col=column,
                             line={"color": OKABE_ITO["vermilion"], "width": 1.2, "dash": "dash"})  # fmt: skip
    framed(figure, theme, height=40 + 220 * down, legend=False)
    figure.update_layout(margin={"t": 36})
    figure.update_xaxes(tickformat="%H:%M", nticks=6)
    return figure.update_annotations(font={"size": 12.5, "color": INK[theme]})
