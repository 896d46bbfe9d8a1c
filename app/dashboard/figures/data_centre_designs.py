"""Charts of designs side by side, of a retrofit step by step, and of the places where a hall could stand."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, RULE, SURFACE, Theme, amount
from app.dashboard.figures.chart import framed, go, make_subplots
from app.dashboard.figures.data_centre_year import add_limit

_PANELS = (
    ("pue", "PUE [1]", ".3f", "blue"), ("wue_l_per_kwh", "WUE [L/kWh]", ".2f", "sky"),
    ("cue_kg_per_kwh", "CUE [kg/kWh]", ".3f", "orange"), ("cost", "Cost [1000 {currency}/year]", ",.0f", "green"),
    ("peak_mw", "Peak [MW]", ".3f", "purple"),
)  # fmt: skip


def designs_side_by_side(
    designs: pl.DataFrame, target: float, p_max_mw: float | None, currency: str, theme: Theme
) -> go.Figure:
    """PUE, WUE, CUE, energy cost and peak power of designs, a row a design, a column a quantity.

    Args:
        designs: `name`, `pue`, `wue_l_per_kwh`, `cue_kg_per_kwh`, `energy_cost` [currency/year], `peak_mw`, in their
            order.
        target: Limit of the PUE [1].
        p_max_mw: Power that the bus takes [MW]; None where that is not known.
        currency: Of the cost.
        theme: The colour scheme.
    """
    designs = designs.with_columns((pl.col("energy_cost") / 1e3).alias("cost"))
    figure = make_subplots(rows=1, cols=len(_PANELS), shared_yaxes=True, horizontal_spacing=0.025)
    names = designs["name"].to_list()
    for column, (quantity, title, form, colour) in enumerate(_PANELS, start=1):
        words = title.format(currency=currency)
        figure.add_bar(
            y=names, x=designs[quantity].to_list(), orientation="h", name=words, marker_color=OKABE_ITO[colour],
            hovertemplate=f"%{{y}}: %{{x:{form}}}<extra></extra>", row=1, col=column,
        )  # fmt: skip
    framed(figure, theme, height=90 + 26 * len(names), legend=False)
    # fixed margins: automatic ones never settle with four axes side by side, and the browser hangs
    figure.update_layout(hovermode="closest", bargap=0.3, margin={"l": 190, "r": 12, "t": 26, "b": 48})
    figure.update_yaxes(autorange="reversed", automargin=False)
    figure.update_xaxes(automargin=False)
    for column, (_, title, _, _) in enumerate(_PANELS, start=1):
        words = title.format(currency=currency)
        figure.update_xaxes(title_text=words, showgrid=True, gridcolor=RULE[theme], nticks=4, tickangle=0,
                            row=1, col=column)  # fmt: skip
    low = min([1.0, *designs["pue"].drop_nulls().to_list()])
    figure.update_xaxes(range=[low, max([target, *designs["pue"].drop_nulls().to_list()]) + 0.02], row=1, col=1)
    _upright(figure, target, theme, 1)
    if p_max_mw is not None:
        _upright(figure, p_max_mw, theme, len(_PANELS))
    return figure


def _upright(figure: go.Figure, value: float, theme: Theme, column: int) -> None:
    figure.add_vline(
        x=value, line={"color": OKABE_ITO["vermilion"], "width": 1.4, "dash": "dash"}, row=1, col=column,
        annotation={"text": f"limit {value:.4g}", "font": {"color": INK[theme], "size": 11}},
        annotation_position="top",
    )  # fmt: skip


def retrofit_steps(names: Sequence[str], pue: Sequence[float], target: float, theme: Theme) -> go.Figure:
    """PUE after each step of a retrofit.

    Args:
        names: What is done, the first being the data centre as it is.
        pue: PUE after it [1].
        target: Limit of the PUE [1].
        theme: The colour scheme.
    """
    figure = go.Figure(go.Scatter(
        x=list(names), y=list(pue), mode="lines+markers+text", text=[f"{value:.3f}" for value in pue],
        textposition="bottom center", cliponaxis=False, line={"color": OKABE_ITO["blue"], "width": 2, "shape": "hv"},
        marker={"size": 8}, hovertemplate="%{x}: %{y:.3f}<extra></extra>",
    ))  # fmt: skip
    framed(figure, theme, height=340, y_title="PUE [1]", legend=False)
    figure.update_layout(hovermode="closest", margin={"t": 30})
    figure.update_yaxes(range=[1.0, max(target, *pue) + 0.05])
    add_limit(figure, target, f"limit {target:g}", theme, at="top right")
    return figure


def where_halls_fit(buses: pl.DataFrame, lines: Sequence[tuple[str, str]], chosen: str, theme: Theme) -> go.Figure:
    """The grid as points and lines: buses in the colour of what is known of them, the chosen one ringed.

    Args:
        buses: `bus`, `x`, `y`, `p_it_mw` (hosting capacity, null where it is not worked out).
        lines: Buses at the ends of each line.
        chosen: Name of the chosen bus.
        theme: The colour scheme.
    """
    at = {bus: (x, y) for bus, x, y in buses.select("bus", "x", "y").iter_rows()}
    ends = [(at[a], at[b]) for a, b in lines if a in at and b in at]
    figure = go.Figure(go.Scatter(
        x=[v for a, b in ends for v in (a[0], b[0], None)], y=[v for a, b in ends for v in (a[1], b[1], None)],
        mode="lines", line={"color": RULE[theme], "width": 1.5}, hoverinfo="skip", name="lines",
    ))  # fmt: skip
    stops = amount(theme)
    known = buses.filter(pl.col("p_it_mw").is_not_null())
    unknown = buses.filter(pl.col("p_it_mw").is_null())
    figure.add_scatter(
        x=unknown["x"].to_list(), y=unknown["y"].to_list(), customdata=unknown["bus"].to_list(), mode="markers",
        marker={"size": 9, "color": SURFACE[theme], "line": {"color": MUTED[theme], "width": 1.5}}, name="not known",
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=known["x"].to_list(), y=known["y"].to_list(), customdata=known.select("bus", "p_it_mw").rows(),
        mode="markers", name="hosting capacity",
        marker={"size": 12, "color": known["p_it_mw"].to_list(), "cmin": 0,
                "colorscale": [[k / (len(stops) - 1), stop] for k, stop in enumerate(stops)],
                "line": {"color": INK[theme], "width": 1}},
        hovertemplate="%{customdata[0]}: %{customdata[1]:.1f} MW of IT<extra></extra>",
    )  # fmt: skip
    if chosen in at:
        figure.add_scatter(x=[at[chosen][0]], y=[at[chosen][1]], mode="markers", hoverinfo="skip", name="chosen",
                           marker={"size": 20, "color": "rgba(0,0,0,0)",
                                   "line": {"color": OKABE_ITO["vermilion"], "width": 3}})  # fmt: skip
    framed(figure, theme, height=360, legend=False)
    figure.update_layout(hovermode="closest", clickmode="event")
    figure.update_xaxes(visible=False).update_yaxes(visible=False, scaleanchor="x")
    return figure
