"""In which hours of the day a difference arises."""

from __future__ import annotations

import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme
from app.dashboard.comparing.waterfall import by_both_intensities, shown_kinds
from app.dashboard.figures.chart import framed, go, hour_axis
from app.studies.differences.explanation import Explanation

_COLOURS = {"energy": "orange", "timing": "blue", "intensity": "purple", "losses": "vermilion", "stores": "green",
            "generation": "yellow", "exports": "sky"}  # fmt: skip


def hourly_causes(average: Explanation, marginal: Explanation, theme: Theme) -> go.Figure:
    """What each kind of cause adds in the local hours of all days, by both intensities on one scale [t].

    Args:
        average: By average intensity.
        marginal: By marginal intensity.
        theme: The colour scheme.
    """
    chart = by_both_intensities()
    for place, one in enumerate((average, marginal), start=1):
        hours = one.by_hour()
        for kind in shown_kinds((average, marginal)):
            if hours[kind].abs().max():
                colour = OKABE_ITO[_COLOURS[kind]] if kind in _COLOURS else MUTED[theme]
                chart.add_bar(x=hours["hour"].to_list(), y=hours[kind].to_list(), name=kind.capitalize(),
                              legendgroup=kind, showlegend=place == 1, marker={"color": colour, "line": {"width": 0}},
                              hovertemplate="%{y:.3f} t", row=1, col=place)  # fmt: skip
    framed(chart, theme, height=340).update_layout(barmode="relative", bargap=0.12, margin={"t": 66})
    chart.update_layout(legend={"y": 1.12})
    chart.update_yaxes(title_text="Difference in emissions [t]", col=1).update_yaxes(zeroline=True, zerolinewidth=1)
    return hour_axis(chart.update_annotations(font={"size": 13, "color": INK[theme]}))


def hourly_table(average: Explanation, marginal: Explanation) -> pl.DataFrame:
    """The same numbers: a row an hour, a column for each kind by each intensity [t]."""
    kinds = shown_kinds((average, marginal))
    frames = [
        one.by_hour().select(
            pl.col(kind).alias(f"{kind.capitalize()}, {words} [t]") for kind in kinds if kind in one.kinds
        )
        for one, words in ((average, "average"), (marginal, "marginal"))
    ]
    return pl.concat([average.by_hour().select(pl.col("hour").alias("Local hour")), *frames], how="horizontal")
