"""The studies as pictures: labels and units of the key figures, colours that colour-blind readers tell apart."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from app.studies.ensembles.bands import Bands
from app.studies.ensembles.frontier import ParetoFrontier
from app.studies.ensembles.runs import Ensemble, is_shown, number_format
from app.studies.ensembles.sensitivity import Sensitivity
from grid.units import PERCENT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8F94", "#586168"
"""Two of M. Okabe and K. Ito's colours ("Color Universal Design", 2008), and greys beside them."""
DOTS_PER_INCH = 150
WIDTH_INCH = 8.0
MOST_NAMED = 12
"""Points of a frontier beside which it stands what they are; more would cover each other."""
MOST_IN_NAME = 3
"""Parameters that can stand beside a point."""


def picture_bytes(figure: Figure, form: str) -> bytes:
    """A figure as `png` or `svg`, drawn without a screen; the same figure gives the same bytes."""
    from matplotlib import rc_context  # noqa: PLC0415  slow to import

    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "gridcarbon", "svg.fonttype": "none"}):
        metadata = {"Date": None} if form == "svg" else None
        figure.savefig(content, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    return content.getvalue()


def _empty(height_inch: float) -> tuple[Figure, Axes]:
    """A figure with one pair of axes. A `Figure` of its own keeps no state and needs no screen."""
    from matplotlib.figure import Figure  # noqa: PLC0415  slow to import

    figure = Figure(figsize=(WIDTH_INCH, height_inch), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E4E2DB", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def picture_of_frontier(ensemble: Ensemble, found: ParetoFrontier) -> Figure:
    """All runs as points, the frontier as a line of steps: nothing is known between two runs."""
    figure, axes = _empty(5.0)
    (x, x_better), (y, y_better) = found.x, found.y
    others, best = found.runs.filter(~pl.col("on_frontier")), found.table()
    axes.scatter(others[x], others[y], s=22, color=GREY, alpha=0.7, linewidths=0, label=f"dominated ({others.height})")
    axes.plot(best[x], best[y], drawstyle="steps-post", color=BLUE, linewidth=1.2)
    axes.scatter(best[x], best[y], s=42, color=BLUE, zorder=3, label=f"on the frontier ({best.height})")
    _name_points(ensemble, axes, best.unique([x, y], keep="first", maintain_order=True), x, y)
    axes.set_xlabel(f"{ensemble.label(x)}, {x_better} is better")
    axes.set_ylabel(f"{ensemble.label(y)}, {y_better} is better")
    axes.xaxis.set_major_formatter("{x:,.6g}")
    axes.yaxis.set_major_formatter("{x:,.6g}")
    figure.legend(frameon=False, loc="outside upper right", ncols=2)
    return figure


def _name_points(ensemble: Ensemble, axes: Axes, points: pl.DataFrame, x: str, y: str) -> None:
    """Writes beside points what was varied in them, or else their names, unless that would cover the picture."""
    varied = [name for name in ensemble.parameters if name not in (x, y) and ensemble.runs[name].n_unique() > 1]
    if points.height > MOST_NAMED or len(varied) > MOST_IN_NAME:
        return
    for row in points.iter_rows(named=True):
        words = [f"{row[name]:g}" if isinstance(row[name], float) else str(row[name]) for name in varied or ["name"]]
        axes.annotate(", ".join(words), (row[x], row[y]), xytext=(6, 5), textcoords="offset points", fontsize=8)
    if varied:
        axes.set_title(f"beside the points: {', '.join(varied)}", loc="left", fontsize=8, color=INK)


def picture_of_sensitivity(ensemble: Ensemble, found: Sensitivity) -> Figure:
    """A row a parameter, the most important above, each measure as a point with its interval."""
    figure, axes = _empty(1.8 + 0.5 * len(found.parameters))
    rows = np.arange(len(found.parameters))
    for measure, colour, marker, shift in zip(found.measures, (BLUE, ORANGE), "os", (-0.12, 0.12), strict=True):
        reach = np.abs(np.array([measure.value - measure.low, measure.high - measure.value]))
        axes.errorbar(measure.value, rows + shift, xerr=reach, fmt=marker, color=colour, capsize=3, markersize=6,
                      linewidth=1.4, label=measure.label)  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(rows, found.parameters)
    axes.invert_yaxis()
    axes.set_xlabel(f"{found.method} of {ensemble.label(found.figure)}, {found.runs:,} runs")
    figure.legend(frameon=False, loc="outside upper right", ncols=2)
    return figure


def picture_of_bands(ensemble: Ensemble, found: Bands) -> Figure:
    """A row a figure in per cent of its median: P10 to P90 as a bar, a line for each run.

    Unless figures were asked for by name, it has those that the dashboard and the demonstration show: among the others
    are errors of balances, whose per cents would hide all else.
    """
    rows = [(row, values) for row, values in zip(found.table.iter_rows(named=True), found.values, strict=True)
            if row["p50"]]  # fmt: skip
    usual = [(row, values) for row, values in rows if is_shown(row["figure"])]
    shown = rows if found.asked or not usual else usual
    figure, axes = _empty(1.4 + 0.34 * len(shown))
    for place, (row, values) in enumerate(shown):
        scale = PERCENT / abs(row["p50"])
        axes.plot(scale * (values - row["p50"]), np.full(values.size, place), "|", color=GREY, markersize=9, alpha=0.6)
        ends = [scale * (row[end] - row["p50"]) for end in ("p10", "p90")]
        axes.plot(ends, (place, place), color=BLUE, linewidth=6, alpha=0.75, solid_capstyle="butt")
        axes.plot(0, place, "o", color=ORANGE, markersize=5)
    axes.set_yticks(range(len(shown)), [_with_median(ensemble, row) for row, _ in shown])
    axes.invert_yaxis()
    axes.set_xlabel("difference from the median [%]: bar from P10 to P90, a line for each run")
    return figure


def _with_median(ensemble: Ensemble, row: Mapping[str, Any]) -> str:
    """The figure in words, and its median as it is shown."""
    label, unit = ensemble.words(row["figure"]), ensemble.unit(row["figure"])
    return f"{label}: {row['p50']:{number_format(row['figure'])}} {unit}".rstrip()
