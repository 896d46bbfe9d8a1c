"""Charts of what depends on a convention: who bears the losses, two views of the city, where power comes from."""

from __future__ import annotations

import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme, source_colours
from app.dashboard.figures.chart import empty, framed, go, make_subplots
from app.dashboard.text import sector_name
from carbon.tracing.convention_names import BEARERS, OPERATOR, WATER_TANK
from grid.units import KG_PER_T

GRID_LOSSES, GENERATORS = "Losses, grid operator", "Losses, generators and stores"
LEAST_KG = 0.5
"""Lines with less than this in every convention are left out of charts [kg]."""
_COLOURS = {"operator": "blue", "load": "orange", "generator": "green", "average": "purple"}
_PATTERNS = {"operator": "", "load": "/", "generator": ".", "average": "x"}


def by_line(conventions: pl.DataFrame) -> pl.DataFrame:
    """Emissions of each sector's use and of the losses by who bears them.

    Args:
        conventions: The result's `conventions` table.

    Returns:
        Columns `convention`, `stores`, `line`, `energy_mwh`, `emissions_kg`, sectors by GPC code, losses last.
    """
    names = pl.col("convention", "stores", "gpc_code").cast(pl.String)
    borne = pl.when(pl.col("convention") == "generator").then(pl.lit(GENERATORS)).otherwise(pl.lit(GRID_LOSSES))
    used = pl.col("gpc_code").map_elements(sector_name, return_dtype=pl.String)
    return (
        conventions.with_columns(names)
        .with_columns(lost=pl.col("gpc_code").str.ends_with(".3"))
        .with_columns(line=pl.when("lost").then(borne).otherwise(used))
        .sort("lost", "gpc_code", maintain_order=True)
        .group_by("convention", "stores", "line", maintain_order=True)
        .agg(pl.col("energy_mwh", "emissions_kg").sum())
    )


def side_by_side(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a line: tonnes under each convention, g/kWh where it uses energy, and both with carbon-free stores.

    Args:
        lines: From `by_line`.
    """
    frame = lines.with_columns(
        label=pl.when(pl.col("stores") == WATER_TANK)
        .then(pl.col("convention"))
        .otherwise(pl.col("convention") + ", carbon-free stores"),
        t=pl.col("emissions_kg") / KG_PER_T,
        g=pl.when(pl.col("energy_mwh") > 0).then(pl.col("emissions_kg") / pl.col("energy_mwh")),
    )
    order = frame["label"].unique(maintain_order=True).to_list()
    wide = frame.pivot(on="label", index="line", values=["t", "g"], maintain_order=True)
    units = {"t": "t", "g": "g/kWh"}
    columns = [(f"{key}_{label}", f"{label} [{unit}]") for key, unit in units.items() for label in order]
    return wide.select(pl.col("line").alias("Line"), *(pl.col(old).alias(new) for old, new in columns))


def convention_bars(lines: pl.DataFrame, theme: Theme) -> go.Figure:
    """Emissions of each line under every convention, and beside it what each differs by from the operator's [t].

    Args:
        lines: From `by_line`.
        theme: The colour scheme.
    """
    shown = lines.filter(pl.col("stores") == WATER_TANK)
    kept = shown.filter(pl.col("emissions_kg").abs().max().over("line") > LEAST_KG)
    if kept.is_empty():
        return empty(theme, "This result has no conventions.")
    order = sorted(kept["line"].unique(maintain_order=True), key=(GRID_LOSSES, GENERATORS).__contains__)
    tonnes = {(row["convention"], row["line"]): row["emissions_kg"] / KG_PER_T for row in kept.iter_rows(named=True)}
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06,
        subplot_titles=["Emissions [t]", "Difference from operator [t]"],
    )  # fmt: skip
    for name in shown["convention"].unique(maintain_order=True):
        values = [tonnes.get((name, line), 0.0) for line in order]
        beyond = [value - tonnes.get((OPERATOR, line), 0.0) for value, line in zip(values, order, strict=True)]
        pattern = {"shape": _PATTERNS[name], "size": 5, "solidity": 0.25, "fillmode": "overlay", "fgcolor": INK[theme]}
        marker = {"color": OKABE_ITO[_COLOURS[name]], "pattern": pattern, "line": {"width": 0}}
        for column, lengths in ((1, values), (2, beyond)):
            figure.add_bar(
                y=order, x=lengths, name=f"{name}: {BEARERS[name]}", legendgroup=name, showlegend=column == 1,
                orientation="h", marker=marker, hovertemplate="%{x:,.3f} t", row=1, col=column,
            )  # fmt: skip
    framed(figure, theme, height=150 + 64 * len(order))
    figure.update_layout(barmode="group", bargap=0.25, margin={"t": 104}, hovermode="y unified", legend={"y": 1.1})
    figure.update_yaxes(autorange="reversed")
    return figure.update_annotations(font={"size": 13, "color": INK[theme]})


def two_views(city: pl.DataFrame, theme: Theme) -> go.Figure:
    """From what the city makes to what it uses, in energy and in carbon: imports more, exports and stores less.

    Args:
        city: The row of the result's `views` table for the city, under one convention.
        theme: The colour scheme.
    """
    if city.is_empty():
        return empty(theme, "This result has no views.")
    row = city.row(0, named=True)
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12, subplot_titles=["Energy [MWh]", "Carbon [t]"])
    for column, (unit, scale, shown) in enumerate((("mwh", 1.0, "MWh"), ("kg", KG_PER_T, "t")), start=1):
        made, brought, left, kept = (
            row[f"{name}_{unit}"] / scale for name in ("production", "import", "export", "stores")
        )
        used = (row[f"consumption_{unit}"] + row[f"loss_{unit}"]) / scale
        figure.add_waterfall(
            x=["Own generation", "Imports", "Exports", "Into stores", "Uses and losses"],
            y=[made, brought, -left, -kept, used], measure=["absolute", *["relative"] * 3, "total"], row=1, col=column,
            increasing={"marker": {"color": OKABE_ITO["vermilion"]}},
            decreasing={"marker": {"color": OKABE_ITO["green"]}}, totals={"marker": {"color": OKABE_ITO["blue"]}},
            connector={"line": {"color": MUTED[theme], "width": 1}},
            hovertemplate=f"%{{y:,.2f}} {shown}<extra></extra>",
        )  # fmt: skip
    framed(figure, theme, height=340, legend=False)
    figure.update_layout(margin={"t": 40}, hovermode="closest")
    return figure.update_annotations(xanchor="center", font={"size": 13, "color": INK[theme]})


def origin_bars(origins: pl.DataFrame, theme: Theme) -> go.Figure:
    """Shares of the sources in what each sector and data centre uses [%].

    Args:
        origins: Columns `consumer`, `source` and `energy_mwh`, a row each.
        theme: The colour scheme.
    """
    used = origins.filter(pl.col("energy_mwh").sum().over("consumer") > 0)
    if used.is_empty():
        return empty(theme, "No sector used electricity in this result.")
    share = used.with_columns(share=100 * pl.col("energy_mwh") / pl.col("energy_mwh").sum().over("consumer"))
    figure = go.Figure()
    sources = used["source"].unique(maintain_order=True).to_list()
    colours = source_colours(sources, theme)
    for source in sorted(sources, key=("stores", "import").__contains__):
        rows = share.filter(pl.col("source") == source)
        figure.add_bar(y=rows["consumer"].to_list(), x=rows["share"].to_list(), name=source, orientation="h",
                       marker={"color": colours[source]}, hovertemplate="%{x:.1f} %")  # fmt: skip
    consumers = used["consumer"].n_unique()
    framed(figure, theme, height=110 + 36 * consumers)
    figure.update_layout(barmode="stack", hovermode="y unified", margin={"r": 18})  # room for half of "100"
    figure.update_yaxes(autorange="reversed")
    return figure.update_xaxes(range=[0, 100], title_text="Share of the energy [%]")
