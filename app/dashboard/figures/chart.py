"""What all charts share: a calm frame, the colours of the theme, and buttons that stay on this machine."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from app.dashboard.colours import INK, MUTED, RULE, SURFACE, Theme
from app.dashboard.language.numbers import SEPARATORS

__all__ = ["CONFIG", "FONTS", "empty", "framed", "go", "hour_axis", "make_subplots", "moments"]

FONTS = (
    "-apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, "
    "'Noto Sans CJK SC', 'Noto Sans CJK JP', sans-serif"
)

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,  # the button would post the figure to a public server
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    "responsive": True,
    "toImageButtonOptions": {"format": "png", "scale": 2},
}
"""Options of every graph."""


_DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%-d %b %Y"},
    {"dtickrange": [86_400_000, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
]
"""Labels of a time axis by the distance of its ticks."""

_ISO = "%Y-%m-%dT%H:%M:%S"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def framed(figure: go.Figure, theme: Theme, *, height: int = 300, y_title: str = "", legend: bool = True) -> go.Figure:
    """The figure with the dashboard's axes, fonts and margins.

    Args:
        figure: Traces and whatever is special about them.
        theme: The colour scheme.
        height: Height [px].
        y_title: Quantity and unit of the upright axis.
        legend: Whether to name the traces above the chart.
    """
    figure.update_layout(
        template=_template(theme), height=height, showlegend=legend,
        margin={"l": 8, "r": 8, "t": 34 if legend else 12, "b": 8},
    )  # fmt: skip
    if any(_is_moment(x) for trace in figure.data for x in (trace.x if trace.x is not None else ())[:1]):
        figure.update_xaxes(tickformatstops=_DATES, hoverformat="%a %-d %b %Y, %H:%M")
    if y_title:
        figure.update_yaxes(title_text=y_title)
    return figure


@cache
def _template(theme: Theme) -> go.layout.Template:
    """What all charts have in common, stated once: on each axis of each chart, Plotly would check it anew."""
    axis = {
        "gridcolor": RULE[theme], "linecolor": RULE[theme], "zeroline": False, "tickfont": {"color": MUTED[theme]},
        "title": {"font": {"color": MUTED[theme], "size": 12}, "standoff": 8}, "automargin": True,
    }  # fmt: skip
    return go.layout.Template(layout={
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "hovermode": "x unified",
        "separators": SEPARATORS["point"],
        "font": {"family": FONTS, "size": 12, "color": INK[theme]},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom",
                   "traceorder": "normal", "font": {"color": INK[theme]}, "bgcolor": "rgba(0,0,0,0)"},
        "hoverlabel": {"bgcolor": SURFACE[theme], "bordercolor": RULE[theme],
                       "font": {"color": INK[theme], "family": FONTS}},
        "modebar": {"orientation": "v", "bgcolor": SURFACE[theme], "color": MUTED[theme], "activecolor": INK[theme]},
        "xaxis": {**axis, "showgrid": False, "ticks": "outside", "ticklen": 4, "tickcolor": RULE[theme]},
        "yaxis": {**axis, "ticks": "", "ticklabelstandoff": 4},
    })  # fmt: skip


def hour_axis(figure: go.Figure) -> go.Figure:
    """The figure with the hours of the day on its level axis."""
    hours = list(range(0, 24, 6))
    return figure.update_xaxes(tickvals=hours, ticktext=[f"{hour:02d}:00" for hour in hours], tickangle=0)


def moments(times: pl.Series) -> list[str]:
    """Local times as Plotly writes them: it copies and encodes texts ten times as fast as datetimes.

    Args:
        times: Wall-clock times, without a time zone.
    """
    return times.dt.strftime(_ISO).to_list()


def _is_moment(x: object) -> bool:
    return isinstance(x, str) and _MOMENT.fullmatch(x) is not None


def empty(theme: Theme, words: str, height: int = 300) -> go.Figure:
    """A chart that says why it shows nothing."""
    figure = framed(go.Figure(), theme, height=height, legend=False)
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    figure.add_annotation(text=words, showarrow=False, font={"color": MUTED[theme], "size": 14},
                          xref="paper", yref="paper", x=0.5, y=0.5)  # fmt: skip
    return figure
