"""Charts of electric cars: when they charge and give back, with what carbon, and what a kilometre costs the climate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme, with_alpha
from app.dashboard.figures.chart import empty, framed, go, hour_axis, make_subplots, moments
from app.dashboard.local_time import hour_of_day, thinned


def fleet_power(assets: pl.LazyFrame, fleets: Sequence[str]) -> pl.DataFrame:
    """Charging and V2G power of all cars together.

    Args:
        assets: The result's `assets` table.
        fleets: Names of the assets that are fleets.

    Returns:
        Columns `time` (UTC), `charging_mw`, `v2g_mw` (both not negative) and `charging_kg_per_h`, the carbon taken up.
    """
    drawn, ci = pl.col("drawn_mw"), pl.col("ci_kg_per_mwh")
    return (
        assets.filter(pl.col("asset").cast(pl.String).is_in(list(fleets)))
        .group_by("time")
        .agg(
            drawn.sum().alias("charging_mw"),
            pl.col("fed_in_mw").sum().alias("v2g_mw"),
            pl.when(drawn > 0).then(drawn * ci).sum().alias("charging_kg_per_h"),
        )
        .sort("time")
        .collect(engine="streaming")
    )


def hourly_intensity(power: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Carbon of the energy charged in each local hour, weighted by energy.

    Args:
        power: From `fleet_power`.
        zone: The city's time zone.

    Returns:
        Columns `hour`, `ci_g_per_kwh` (NaN where nothing is charged) and `share` of all energy charged.
    """
    total = float(power["charging_mw"].sum())
    return (
        power.group_by(hour_of_day(zone))
        .agg(pl.col("charging_kg_per_h").sum(), pl.col("charging_mw").sum())
        .sort("hour")
        .select(
            "hour",
            (pl.col("charging_kg_per_h") / pl.col("charging_mw")).alias("ci_g_per_kwh"),
            (pl.col("charging_mw") / max(total, 1e-12)).alias("share"),
        )
    )


def deciles_g_per_km(sessions: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Deciles of the carbon of a kilometre over sessions with a driven distance, one row a result [g/km]."""
    rows: list[dict[str, object]] = []
    percents = range(10, 100, 10)
    for name, frame in sessions.items():
        values = frame["g_per_km"].drop_nulls().drop_nans().to_numpy()
        deciles = np.percentile(values, percents).tolist() if values.size else [None] * len(percents)
        tenths = {f"P{percent}": decile for percent, decile in zip(percents, deciles, strict=True)}
        rows.append({"Result": name, "Sessions": values.size, "Mean [g/km]": mean_g_per_km(frame), **tenths})
    columns = ("Mean [g/km]", *(f"P{percent}" for percent in percents))
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(columns, pl.Float64))


def mean_g_per_km(sessions: pl.DataFrame) -> float | None:
    """Mean carbon of a kilometre, weighted by distance [g/km]; None where no car drove."""
    driven = sessions.filter(pl.col("driven_km").fill_null(0) > 0, pl.col("g_per_km").is_not_null())
    driven = driven.filter(pl.col("g_per_km").is_not_nan())
    if driven.is_empty():
        return None
    return float((driven["g_per_km"] * driven["driven_km"]).sum()) / float(driven["driven_km"].sum())


def charging_power(powers: Mapping[str, pl.DataFrame], zone: str, theme: Theme) -> go.Figure:
    """Charging above zero and V2G below, one panel a result, on one scale [MW].

    Args:
        powers: From `fleet_power`, by the result's name.
        zone: The city's time zone.
        theme: The colour scheme.
    """
    shown = {name: power for name, power in powers.items() if not power.is_empty()}
    if not shown:
        return empty(theme, "No car charges in these results.")
    figure = make_subplots(rows=len(shown), cols=1, shared_xaxes=True, shared_yaxes="all", vertical_spacing=0.16,
                           subplot_titles=list(shown))  # fmt: skip
    for row, power in enumerate(shown.values(), start=1):
        frame, _ = thinned(power, zone)
        for name, values, colour in (
            ("Charging", frame["charging_mw"], OKABE_ITO["blue"]),
            ("V2G, given back", -frame["v2g_mw"], OKABE_ITO["vermilion"]),
        ):
            if name == "Charging" or values.lt(-1e-6).any():
                figure.add_scatter(
                    x=moments(frame["time"]), y=values.to_list(), name=name, legendgroup=name, mode="lines",
                    showlegend=name not in {trace.name for trace in figure.data}, fill="tozeroy", row=row, col=1,
                    line={"color": colour, "width": 1.2}, fillcolor=with_alpha(colour, 0.35),
                    hovertemplate="%{y:.2f} MW",
                )  # fmt: skip
    framed(figure, theme, height=110 + 170 * len(shown), y_title="Power [MW]")
    figure.update_layout(margin={"t": 62}, legend={"y": 1.1 if len(shown) > 1 else 1.18})
    return figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": INK[theme]})


def intensity_by_hour(hourly: Mapping[str, pl.DataFrame], theme: Theme) -> go.Figure:
    """Carbon of a charged kWh by hour of day, one line a result; the dots grow with the energy charged.

    Args:
        hourly: From `hourly_intensity`, by the result's name.
        theme: The colour scheme.
    """
    shown = {name: frame for name, frame in hourly.items() if not frame.is_empty()}
    if not shown:
        return empty(theme, "No car charges in these results.")
    figure = go.Figure()
    for (name, frame), colour in zip(shown.items(), line_colours(theme, len(shown)), strict=True):
        figure.add_scatter(
            x=frame["hour"].to_list(), y=frame["ci_g_per_kwh"].fill_nan(None).to_list(), name=name,
            mode="lines+markers", line={"color": colour, "width": 1.6},
            marker={"size": [4 + 20 * share**0.5 for share in frame["share"]], "opacity": 0.9},
            customdata=(100 * frame["share"]).to_list(),
            hovertemplate="%{y:.0f} g/kWh, %{customdata:.0f} % of the energy",
        )  # fmt: skip
    framed(figure, theme, y_title="Carbon of charging [g/kWh]")
    figure.update_yaxes(rangemode="tozero")
    return hour_axis(figure)


def per_kilometre(sessions: Mapping[str, pl.DataFrame], theme: Theme) -> go.Figure:
    """Distribution of the carbon of a kilometre over sessions: one outlined histogram a result, the mean marked.

    Args:
        sessions: The results' `sessions` tables, by name.
        theme: The colour scheme.
    """
    values = {name: frame["g_per_km"].drop_nulls().drop_nans().to_numpy() for name, frame in sessions.items()}
    values = {name: numbers for name, numbers in values.items() if numbers.size}
    if not values:
        return empty(theme, "No session in these results has a driven distance.")
    top = max(float(np.quantile(numbers, 0.995)) for numbers in values.values())
    bins = np.linspace(0, max(top, 1.0), 41)
    figure = go.Figure()
    for (name, numbers), colour in zip(values.items(), line_colours(theme, len(values)), strict=True):
        share = 100 * np.histogram(np.clip(numbers, bins[0], bins[-1]), bins)[0] / numbers.size
        figure.add_scatter(
            x=bins.tolist(), y=[*share.tolist(), 0], name=name, mode="lines", fill="tozeroy",
            fillcolor=with_alpha(colour, 0.18), line={"shape": "hv", "color": colour, "width": 1.6},
            hovertemplate="%{y:.1f} % of sessions",
        )  # fmt: skip
        mean = mean_g_per_km(sessions[name])
        if mean is not None:
            figure.add_vline(x=mean, line={"color": colour, "width": 1.5, "dash": "dot"})
    framed(figure, theme, y_title="Share of sessions [%]")
    return figure.update_xaxes(title_text="Carbon of a kilometre [g/km]", ticksuffix="")


def line_colours(theme: Theme, n: int) -> list[str]:
    """Grey for the first (the baseline), then colours, for `n` results."""
    first = "blue" if theme == "light" else "sky"
    accents = [OKABE_ITO[name] for name in (first, "orange", "green", "purple", "vermilion")]
    return [MUTED[theme], *(accents[place % len(accents)] for place in range(n - 1))] if n > 1 else [accents[0]]
