"""Charts of one data centre over time: by hour and day, by month, what was shifted, where its power comes from."""

from __future__ import annotations

import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme, amount, source_colours
from app.dashboard.figures.chart import empty, framed, go, hour_axis, make_subplots, moments
from app.dashboard.local_time import hour_of_day, local

PUE_SCALE = (1.0, 1.8)
"""Ends of the colours of a PUE, the same for every hall and result [1]."""
MOST_DAYS_NAMED = 4
"""Days named below the hours and days: as many as a narrow screen has room for."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SOURCES = ("blue", "orange", "green", "purple", "sky", "vermilion", "yellow")
_QUANTITIES = (
    ("pue", "PUE [1]", ".3f", "blue"), ("wue_l_per_kwh", "WUE [L/kWh]", ".2f", "sky"),
    ("cue_kg_per_kwh", "CUE [kg/kWh]", ".3f", "orange"),
)  # fmt: skip


def by_hour_and_day(centre: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """PUE of each local hour of each day, in colours that are the same everywhere.

    Args:
        centre: Rows of one data centre: `time`, `p_it_mw`, `p_total_mw`.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    if centre.is_empty():
        return empty(theme, "There is nothing to show.")
    hours = (
        centre.with_columns(hour_of_day(zone), local(zone).dt.date().alias("day"))
        .group_by("day", "hour").agg(pue=pl.col("p_total_mw").sum() / pl.col("p_it_mw").sum())
        .sort("day", "hour").pivot(on="hour", index="day", values="pue", sort_columns=False)
    )  # fmt: skip
    days = [f"{day.day} {day:%b %Y}" for day in hours["day"]]
    names = sorted((name for name in hours.columns if name != "day"), key=int)
    stops = amount(theme)
    scale = [[place / (len(stops) - 1), colour] for place, colour in enumerate(stops)]
    figure = go.Figure(go.Heatmap(
        z=hours.select(names).fill_nan(None).to_numpy().T.tolist(), x=days, y=[int(n) for n in names],
        colorscale=scale, zmin=PUE_SCALE[0], zmax=PUE_SCALE[1], hoverongaps=False,
        hovertemplate="%{x}, %{y}:00: %{z:.3f}<extra></extra>",
        colorbar={"title": {"text": "PUE", "font": {"color": MUTED[theme]}}, "thickness": 12, "outlinewidth": 0,
                  "tickfont": {"color": MUTED[theme]}},
    ))  # fmt: skip
    framed(figure, theme, y_title="Local hour", legend=False)
    figure.update_layout(hovermode="closest")
    figure.update_yaxes(tickvals=[0, 6, 12, 18], ticktext=["00:00", "06:00", "12:00", "18:00"], autorange="reversed")
    marked = hours["day"].to_list()[:: -(-len(days) // MOST_DAYS_NAMED)]
    words = [f"{day.day} {day:%b}" + (f"<br>{day:%Y}" if place == 0 else "") for place, day in enumerate(marked)]
    return figure.update_xaxes(type="category", tickangle=0, ticktext=words,
                               tickvals=[f"{day.day} {day:%b %Y}" for day in marked])  # fmt: skip


def by_month(months: pl.DataFrame, target: float, theme: Theme) -> go.Figure:
    """PUE, WUE and CUE of each month of a year, one above the other.

    Args:
        months: `month` (1 to 12), `pue`, `wue_l_per_kwh`, `cue_kg_per_kwh`.
        target: Limit of the PUE [1].
        theme: The colour scheme.
    """
    figure = make_subplots(rows=len(_QUANTITIES), cols=1, shared_xaxes=True, vertical_spacing=0.07)
    names = [MONTHS[month - 1] for month in months["month"]]
    for row, (column, title, form, colour) in enumerate(_QUANTITIES, start=1):
        figure.add_bar(x=names, y=months[column].to_list(), name=title, marker_color=OKABE_ITO[colour],
                       hovertemplate=f"%{{y:{form}}}", row=row, col=1)  # fmt: skip
    framed(figure, theme, height=460, legend=False)
    for row, (_, title, _, _) in enumerate(_QUANTITIES, start=1):
        figure.update_yaxes(title_text=title, row=row, col=1)
    highest = max([target, *months["pue"].to_list()])
    figure.update_yaxes(range=[1.0, highest + 0.05], row=1, col=1)
    add_limit(figure, target, f"limit {target:g}", theme, row=1, col=1)
    return figure


def add_limit(figure: go.Figure, value: float, words: str, theme: Theme, at: str = "top left", **place: int) -> None:
    """Draws a limit across a chart, its words at an end of it."""
    figure.add_hline(
        y=value, line={"color": OKABE_ITO["vermilion"], "width": 1.4, "dash": "dash"},
        annotation={"text": words, "font": {"color": INK[theme], "size": 12}}, annotation_position=at, **place,
    )  # fmt: skip


def shifted_load(hours: pl.DataFrame, theme: Theme) -> go.Figure:
    """IT power by local hour as it ran, and as it would have run without shifting.

    Args:
        hours: `hour`, `ran_mw`, `unshifted_mw`.
        theme: The colour scheme.
    """
    figure = go.Figure()
    for name, column, colour, dash in (
        ("As it ran", "ran_mw", "blue", "solid"),
        ("Without shifting", "unshifted_mw", "orange", "dash"),
    ):
        figure.add_scatter(x=hours["hour"].to_list(), y=hours[column].to_list(), name=name, mode="lines",
                           line={"color": OKABE_ITO[colour], "width": 2, "dash": dash, "shape": "hv"},
                           hovertemplate="%{y:.3f} MW")  # fmt: skip
    return hour_axis(framed(figure, theme, y_title="IT power [MW]"))


def origins(hours: pl.DataFrame, theme: Theme) -> go.Figure:
    """Power by source in each local hour of the day, mean of the period.

    Args:
        hours: `hour`, `source`, `p_mw`.
        theme: The colour scheme.
    """
    if hours.is_empty():
        return empty(theme, "This result does not say where the power of its data centres comes from.")
    figure = go.Figure()
    size = hours.group_by("source").agg(pl.col("p_mw").sum()).sort("p_mw", descending=True)
    colours = source_colours(size["source"].to_list(), theme)
    for source in size["source"]:
        rows = hours.filter(pl.col("source") == source).sort("hour")
        figure.add_bar(x=rows["hour"].to_list(), y=rows["p_mw"].to_list(), name=source, marker_color=colours[source],
                       hovertemplate="%{y:.3f} MW")  # fmt: skip
    framed(figure, theme, y_title="Power [MW]")
    figure.update_layout(barmode="stack", bargap=0.05)
    return hour_axis(figure)


def power_at_its_bus(power: pl.DataFrame, theme: Theme) -> go.Figure:
    """What stands on the site of a data centre, over time: what it draws, what its PV and its battery do.

    Args:
        power: `time` (local), `name`, `p_mw`.
        theme: The colour scheme.
    """
    figure = go.Figure()
    for place, name in enumerate(power["name"].unique(maintain_order=True)):
        rows = power.filter(pl.col("name") == name)
        figure.add_scatter(x=moments(rows["time"]), y=rows["p_mw"].to_list(), name=name, mode="lines",
                           line={"color": OKABE_ITO[_SOURCES[place % len(_SOURCES)]], "width": 1.8},
                           hovertemplate="%{y:.3f} MW")  # fmt: skip
    return framed(figure, theme, y_title="Power, drawn positive [MW]")
