"""Charts of the city as a whole: where its power comes from, and what it emits hour by hour."""

from __future__ import annotations

import math
from collections.abc import Iterable

import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme, amount, sector_colours, with_alpha
from app.dashboard.figures.chart import empty, framed, go, hour_axis, moments
from app.dashboard.local_time import hour_of_day, thinned
from app.dashboard.text import sector_name


def power_stack(city: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """Import, local generation and stores stacked to what the city uses; exports and charging below zero.

    Args:
        city: The result's `city` table, powers in MW.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    if city.is_empty():
        return empty(theme, "This result has no steps.")
    frame, _ = thinned(city, zone)
    storage = frame["storage_mw"]
    layers = (
        ("Import", frame["import_mw"], OKABE_ITO["blue"], "above"),
        ("Local generation", frame["generation_mw"], OKABE_ITO["orange"], "above"),
        ("From stores", (-storage).clip(lower_bound=0), OKABE_ITO["green"], "above"),
        ("Into stores", (-storage).clip(upper_bound=0), OKABE_ITO["green"], "below"),
        ("Export", -frame["export_mw"], OKABE_ITO["purple"], "below"),
    )
    figure = go.Figure()
    for name, power, colour, group in layers:
        if power.fill_null(0).abs().ge(1e-6).any():
            figure.add_scatter(
                x=moments(frame["time"]), y=power.to_list(), name=name, stackgroup=group, mode="none",
                fillcolor=with_alpha(colour, 0.75 if group == "above" else 0.45), hovertemplate="%{y:.2f} MW",
            )  # fmt: skip
    figure.add_scatter(
        x=moments(frame["time"]), y=(frame["consumption_mw"] + frame["loss_mw"]).to_list(), mode="lines",
        name="Consumption and losses", line={"color": INK[theme], "width": 1.6}, hovertemplate="%{y:.2f} MW",
    )  # fmt: skip
    return framed(figure, theme, height=320, y_title="Power [MW]")


def intensity_lines(city: pl.DataFrame, zone: str, theme: Theme) -> go.Figure:
    """Mean carbon intensity of what the city consumes beside that of what it imports [g/kWh]."""
    if city.is_empty():
        return empty(theme, "This result has no steps.")
    frame, _ = thinned(city, zone)
    figure = go.Figure()
    for name, column, line in (
        ("Imports", "import_ci_kg_per_mwh", {"color": MUTED[theme], "width": 1.4, "dash": "dot"}),
        ("City", "ci_kg_per_mwh", {"color": OKABE_ITO["blue"] if theme == "light" else OKABE_ITO["sky"], "width": 2}),
    ):
        figure.add_scatter(x=moments(frame["time"]), y=frame[column].to_list(), name=name, mode="lines", line=line,
                           connectgaps=False, hovertemplate="%{y:.0f} g/kWh")  # fmt: skip
    framed(figure, theme, y_title="Carbon intensity [g/kWh]")
    return figure.update_yaxes(rangemode="tozero")


LOSSES, OTHERS = "Grid losses (x.3)", "Other sectors"
_LEAST_SHARE = 0.002


def hourly_sectors(sectors: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Mean emissions of each sector in each local hour of the day.

    Grid losses of all sectors are one row, and so are all sectors with less than 0.2 % of the emissions, so that a
    chart can be read; the sum is kept.

    Args:
        sectors: The result's `sectors` table.
        zone: The city's time zone.

    Returns:
        Columns `sector` (plain name), `hour` and `emissions_kg` (a mean per hour), by GPC code, then hour; others
        and losses last.
    """
    frame = sectors.with_columns(pl.col("gpc_code").cast(pl.String))
    names = _gathered(frame)
    order = {name: place for place, name in enumerate(dict.fromkeys(names.values()))}
    order |= {OTHERS: len(order), LOSSES: len(order) + 1}
    per_hour = (
        frame.with_columns(pl.col("time").dt.truncate("1h"), pl.col("gpc_code").replace(names).alias("sector"))
        .group_by("sector", "time").agg(pl.col("emissions_kg").sum())
    )  # fmt: skip
    return (
        per_hour.group_by("sector", hour_of_day(zone)).agg(pl.col("emissions_kg").mean())
        .sort(pl.col("sector").replace_strict(order, return_dtype=pl.Int64), "hour")
    )  # fmt: skip


def _gathered(sectors: pl.DataFrame) -> dict[str, str]:
    """The row of a chart that each GPC code belongs to, by code, in the order of the codes."""
    sums = sectors.group_by("gpc_code").agg(pl.col("emissions_kg").abs().sum()).sort("gpc_code")
    least = _LEAST_SHARE * float(sums["emissions_kg"].sum())
    return {
        code: LOSSES if code.endswith(".3") and code.count(".") > 1 else sector_name(code) if kg > least else OTHERS
        for code, kg in sums.iter_rows()
    }


_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def common_top(hourlies: Iterable[pl.DataFrame]) -> float:
    """Upper end of one scale for several results: the least round number that no cell of theirs exceeds [kg/h].

    Args:
        hourlies: From `hourly_sectors`, of the results that are compared.
    """
    tops = [float(top) for frame in hourlies if isinstance(top := frame["emissions_kg"].max(), float)]
    top = max((one for one in tops if math.isfinite(one)), default=0.0)
    if top <= 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(top))
    return next(step * decade for step in _ROUND if top <= step * decade)


def heat_strip(hourly: pl.DataFrame, theme: Theme, top: float | None = None) -> go.Figure:
    """Sectors by hour of day, one cell each, coloured by mean emissions [kg/h]; below zero as zero.

    Args:
        hourly: From `hourly_sectors`.
        theme: The colour scheme.
        top: Upper end of the scale [kg/h]; by default that of this result alone, see `common_top`.
    """
    if hourly.is_empty():
        return empty(theme, "No sector emitted anything in this result.")
    names = hourly["sector"].unique(maintain_order=True).to_list()
    cells = {(row["sector"], row["hour"]): row["emissions_kg"] for row in hourly.iter_rows(named=True)}
    top, shades = common_top([hourly]) if top is None else top, amount(theme)
    quiet = {"color": MUTED[theme], "size": 11}
    figure = go.Figure()
    figure.add_heatmap(
        x=list(range(24)), y=names, z=[[cells.get((name, hour)) for hour in range(24)] for name in names],
        colorscale=[[place / (len(shades) - 1), shade] for place, shade in enumerate(shades)],
        zmin=0, zmax=top, xgap=2, ygap=22, hovertemplate="%{y}<br>%{x}:00 – %{z:.1f} kg/h<extra></extra>",
        colorbar={"title": {"text": "kg/h", "side": "top", "font": quiet}, "thickness": 8, "outlinewidth": 0,
                  "tickfont": quiet, "nticks": 4, "xpad": 6},
    )  # fmt: skip
    for name in names:  # above each strip, so that a narrow screen keeps its width for the cells
        figure.add_annotation(x=0, xref="paper", xanchor="left", y=name, yshift=26, text=name, showarrow=False,
                              font={"size": 12, "color": INK[theme]})  # fmt: skip
    framed(figure, theme, height=44 + 54 * len(names), legend=False).update_layout(hovermode="closest")
    figure.update_yaxes(autorange="reversed", showgrid=False, showticklabels=False, showline=False)
    return hour_axis(figure).update_xaxes(showline=False, ticks="")


def sector_bars(hourly: pl.DataFrame, theme: Theme) -> go.Figure:
    """Emissions of an average day, hour by hour, stacked by sector [kg/h].

    Args:
        hourly: From `hourly_sectors`.
        theme: The colour scheme.
    """
    if hourly.is_empty():
        return empty(theme, "No sector emitted anything in this result.")
    names = hourly["sector"].unique(maintain_order=True).to_list()
    colours = sector_colours(names, theme)
    figure = go.Figure()
    for name in names:
        rows = hourly.filter(pl.col("sector") == name)
        figure.add_bar(
            x=rows["hour"].to_list(), y=rows["emissions_kg"].to_list(), name=name, hovertemplate="%{y:.1f} kg/h",
            marker={"color": colours[name], "line": {"width": 0}},
        )  # fmt: skip
    framed(figure, theme, height=360, y_title="Emissions [kg per hour]")
    figure.update_layout(barmode="relative", bargap=0.12)
    return hour_axis(figure)
