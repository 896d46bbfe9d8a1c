"""Cost against carbon of everything that can be chosen, with the frontier and the spread of sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme, with_alpha
from app.dashboard.comparing.options import ResultChoice
from app.dashboard.figures.chart import framed, go
from app.studies.differences.abatement import Option, frontier_of
from app.studies.ensembles.bands import LEAST_RUNS

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon")
_LOW, _HIGH = 10, 90
_NEAR, _EDGE = 0.03, 0.1
"""Share of the axes within which names would lie on each other, and that of its ends, where they would be cut off."""


def frontier_chart(
    choices: Sequence[ResultChoice],
    options: Sequence[Option],
    named: Mapping[str, str],
    axis: tuple[str, str],
    theme: Theme,
) -> go.Figure:
    """Emissions to the right, cost upwards, each as a difference from the reference, which is the origin.

    Its first trace has a point for each choice, in their order, so that what is selected can be marked in it.

    Args:
        choices: What can be chosen.
        options: The same by their differences from the reference.
        named: What stands beside the points of the results that the page compares, by name.
        axis: Titles of the axes: emissions, cost.
        theme: The colour scheme.
    """
    kept = {one.name for one in frontier_of(options)}
    groups = list(dict.fromkeys(choice.group for choice in choices))
    symbols = {group: _SYMBOLS[place % len(_SYMBOLS)] for place, group in enumerate(groups)}
    accent = OKABE_ITO["blue" if theme == "light" else "sky"]
    figure = go.Figure()
    figure.add_scatter(
        x=[one.emissions_t for one in options], y=[one.cost for one in options], mode="markers+text", name="Results",
        customdata=[[one.name, f"{one.label}, {one.group}" if one.group else one.label] for one in choices],
        text=[named.get(one.name, "") for one in choices], textposition=_beside(options, named),
        textfont={"color": INK[theme], "size": 12}, cliponaxis=False,
        marker={"symbol": [symbols[one.group] for one in choices], "size": 11,
                "color": [accent if one.name in kept else MUTED[theme] for one in options],
                "line": {"width": [2.5 if one.status != "done" else 0 for one in choices],
                         "color": OKABE_ITO["vermilion"]}},
        selected={"marker": {"opacity": 1.0, "size": 15}}, unselected={"marker": {"opacity": 0.35}},
        hovertemplate="%{customdata[1]}<br>%{x:.4g} t, %{y:,.0f}<extra></extra>",
    )  # fmt: skip
    _add_frontier(figure, frontier_of(options), accent)
    for group in groups:
        _add_band(figure, group, [option for choice, option in zip(choices, options, strict=True)
                                  if group and choice.group == group], theme)  # fmt: skip
    framed(figure, theme, height=430, y_title=axis[1], legend=False)
    figure.update_layout(hovermode="closest", dragmode="select", margin={"t": 24, "r": 24}, uirevision="frontier")
    return figure.update_xaxes(title_text=axis[0], showgrid=True)


def _beside(options: Sequence[Option], named: Mapping[str, str]) -> list[str]:
    """Where the name of each point stands: inside the chart, and not on that of a point at the same place."""
    x, y = (np.array(values) for values in ([one.emissions_t for one in options], [one.cost for one in options]))
    across, up = ((values - values.min()) / (np.ptp(values) or 1.0) for values in (x, y))
    places, named_before = ["top center"] * len(options), list[int]()
    for k, one in enumerate(options):
        if not named.get(one.name):
            continue
        near = sum(abs(across[j] - across[k]) < _NEAR and abs(up[j] - up[k]) < _NEAR for j in named_before)
        side = "left" if across[k] > 1 - _EDGE else "right" if across[k] < _EDGE else "center"
        places[k] = f"{'bottom' if near % 2 else 'top'} {side}"
        named_before.append(k)
    return places


def _add_frontier(figure: go.Figure, frontier: Sequence[Option], colour: str) -> None:
    figure.add_scatter(
        x=[one.emissions_t for one in frontier], y=[one.cost for one in frontier], mode="lines", name="Frontier",
        line={"color": colour, "width": 1.5}, hoverinfo="skip",
    )  # fmt: skip


def _add_band(figure: go.Figure, group: str, options: Sequence[Option], theme: Theme) -> None:
    """The box in which eight of ten runs of a sweep lie in each direction; none for a sweep of few runs."""
    if len(options) < LEAST_RUNS:
        return
    (x0, x1), (y0, y1) = (np.percentile(values, (_LOW, _HIGH)) for values in (
        [one.emissions_t for one in options], [one.cost for one in options]))  # fmt: skip
    figure.add_shape(type="rect", x0=x0, x1=x1, y0=y0, y1=y1, layer="below", line={"width": 0},
                     fillcolor=with_alpha(MUTED[theme], 0.14))  # fmt: skip
    figure.add_annotation(x=x1, y=y1, xanchor="right", yanchor="bottom", showarrow=False, text=f"{group}: P10–P90",
                          font={"size": 11, "color": MUTED[theme]})  # fmt: skip
