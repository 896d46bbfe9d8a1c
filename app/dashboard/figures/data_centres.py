"""Charts of data centres: PUE against its target, what the power is for, water and carbon per kWh of computing."""

from __future__ import annotations

import polars as pl

from app.dashboard.colours import INK, OKABE_ITO, Theme, with_alpha
from app.dashboard.figures.chart import empty, framed, go, moments
from app.dashboard.local_time import step_hours, thinned

PUE_TARGET = 1.3
"""Upper limit for new large data centres: NDRC and others (China), plan for carbon peaking of data centres and 5G,
December 2021; also grade 2 of GB 40879-2021."""

_LINES = ("blue", "orange", "green", "purple", "sky")


def with_water_and_carbon(centres: pl.DataFrame) -> pl.DataFrame:
    """Water and carbon per energy of computing, step by step.

    Args:
        centres: The result's `data_centres` table, or rows of it.

    Returns:
        The table with `wue_l_per_kwh` and `cue_kg_per_kwh`, null where unknown. CUE is intensity × PUE, since all power
        comes from the bus.
    """
    it_kwh = pl.col("p_it_mw") * 1000 * step_hours(centres)
    return centres.with_columns(
        wue_l_per_kwh=pl.when(it_kwh > 0).then(pl.col("water_l") / it_kwh),
        cue_kg_per_kwh=(pl.col("ci_kg_per_mwh") * pl.col("pue") / 1000).fill_nan(None),
    )


def pue_lines(centres: pl.DataFrame, zone: str, theme: Theme, limit: float = PUE_TARGET) -> go.Figure:
    """PUE over time, one line a data centre, with its limit."""
    figure = _lines(centres, "pue", zone, theme, title="PUE [1]", number=".3f", from_zero=False)
    if centres.is_empty():
        return figure
    figure.add_hline(y=limit, line={"color": OKABE_ITO["vermilion"], "width": 1.4, "dash": "dash"},
                     annotation={"text": f"limit {limit:g}", "font": {"color": INK[theme], "size": 12}},
                     annotation_position="top left")  # fmt: skip
    low, high = centres["pue"].min(), centres["pue"].max()
    if isinstance(low, float) and isinstance(high, float):
        figure.update_yaxes(range=[min(1.0, low), max(limit, high) + 0.05])
    return figure


def power_chain(centres: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """What the power of all data centres is for: computing, cooling, power chain [MW]."""
    if centres.is_empty():
        return empty(theme, "There is no data centre in this result.")
    total = centres.group_by("time").agg(pl.col("p_it_mw", "p_cooling_mw", "p_power_chain_mw").sum())
    frame, _ = thinned(total, zone)
    figure = go.Figure()
    for name, column, colour in (("Computing (IT)", "p_it_mw", "blue"), ("Cooling", "p_cooling_mw", "sky"),
                                 ("Power chain", "p_power_chain_mw", "orange")):  # fmt: skip
        figure.add_scatter(
            x=moments(frame["time"]), y=frame[column].to_list(), name=name, stackgroup="power", mode="none",
            fillcolor=with_alpha(OKABE_ITO[colour], 0.75), hovertemplate="%{y:.3f} MW",
        )  # fmt: skip
    return framed(figure, theme, y_title="Power [MW]")


def wue_lines(centres: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """Water per energy of computing over time [L/kWh]; `centres` from `with_water_and_carbon`."""
    return _lines(centres, "wue_l_per_kwh", zone, theme, title="WUE [L/kWh]", number=".2f")


def cue_lines(centres: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """Carbon per energy of computing over time [kg/kWh]; `centres` from `with_water_and_carbon`."""
    return _lines(centres, "cue_kg_per_kwh", zone, theme, title="CUE [kg/kWh]", number=".3f")


def _lines(
    centres: pl.DataFrame,
    column: str,
    zone: str,
    theme: Theme,
    *,
    title: str,
    number: str,
    from_zero: bool = True,
) -> go.Figure:
    if centres.is_empty():
        return empty(theme, "There is no data centre in this result.")
    if centres[column].drop_nulls().is_empty():
        return empty(theme, "This figure was not computed for these data centres.")
    frame, _ = thinned(centres.with_columns(pl.col("name").cast(pl.String)), zone, by=("name",))
    figure = go.Figure()
    for place, (key, rows) in enumerate(frame.group_by("name", maintain_order=True)):
        figure.add_scatter(x=moments(rows["time"]), y=rows[column].to_list(), name=str(key[0]), mode="lines",
                           line={"color": OKABE_ITO[_LINES[place % len(_LINES)]], "width": 1.8},
                           hovertemplate=f"%{{y:{number}}}")  # fmt: skip
    framed(figure, theme, y_title=title, legend=frame["name"].n_unique() > 1)
    if from_zero:
        figure.update_yaxes(rangemode="tozero")
    return figure
