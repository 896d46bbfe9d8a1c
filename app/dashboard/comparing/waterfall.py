"""What explains the difference of two results, as waterfalls that sum to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from app.dashboard.colours import INK, MUTED, OKABE_ITO, Theme
from app.dashboard.figures.chart import framed, go, make_subplots
from app.dashboard.text import figure, sector_name
from app.studies.differences.explanation import Explanation
from app.studies.differences.run_ledger import CHARGING, OTHER_USES, V2G

LEAST = 1e-9
"""Share of a figure below which a cause is none."""
_OWN_NAMES = {CHARGING: "Cars, charging", V2G: "Cars, feeding in", OTHER_USES: "Other uses"}


def emission_waterfalls(average: Explanation, marginal: Explanation, theme: Theme) -> go.Figure:
    """The same causes by average and by marginal intensity, side by side on one scale [t].

    Args:
        average: By average intensity.
        marginal: By marginal intensity.
        theme: The colour scheme.
    """
    chart = by_both_intensities()
    kinds = shown_kinds((average, marginal))
    for place, one in enumerate((average, marginal), start=1):
        chart.add_trace(_bars(one, kinds, theme, digits_for((average, marginal))), row=1, col=place)
    framed(chart, theme, height=360, legend=False).update_layout(hovermode="closest", margin={"t": 36}, bargap=0.25)
    chart.update_yaxes(title_text="Difference in emissions [t]", col=1).update_yaxes(zeroline=True, zerolinewidth=1)
    return chart.update_annotations(font={"size": 13, "color": INK[theme]})


def by_both_intensities() -> go.Figure:
    """An empty chart of two panels on one scale, by average and by marginal intensity."""
    titles = ["Inventory: by average intensity", "Consequence: by marginal intensity"]
    return make_subplots(rows=1, cols=2, shared_yaxes="all", horizontal_spacing=0.04, subplot_titles=titles)


def cost_waterfall(cost: Explanation, theme: Theme) -> go.Figure:
    """What explains the difference in cost."""
    chart = go.Figure(_bars(cost, shown_kinds((cost,)), theme, digits_for((cost,))))
    framed(chart, theme, height=330, legend=False).update_layout(hovermode="closest", bargap=0.25)
    return chart.update_yaxes(title_text=f"Difference in cost [{cost.unit}]", zeroline=True, zerolinewidth=1)


def shown_kinds(explained: Sequence[Explanation]) -> list[str]:
    """The kinds of causes of which any is not zero, in their order."""
    found = dict.fromkeys(kind for one in explained for kind in one.kinds)
    return [kind for kind in found if any(abs(one.by_kind().get(kind, 0.0)) > _least(one) for one in explained)]


def digits_for(explained: Sequence[Explanation]) -> int:
    """Digits after the point with which the largest cause has three that count."""
    largest = max((abs(amount) for one in explained for amount in (*one.by_kind().values(), one.change)), default=0.0)
    return next((digits for digits, least in enumerate((100, 10, 1, 0.1, 0.01)) if largest >= least), 5)


def causes_table(explained: Mapping[str, Explanation]) -> pl.DataFrame:
    """Causes and the uses of energy in them, with a column for each explanation by its title.

    Returns:
        Columns `Cause`, `Use of energy` (empty for the sum of a kind) and one for each explanation; the last row is
        the difference.
    """
    rows: list[tuple[str | float | None, ...]] = []
    for kind in shown_kinds(tuple(explained.values())):
        rows.append((kind.capitalize(), "", *(one.by_kind().get(kind) for one in explained.values())))
        for use in dict.fromkeys(c.of for one in explained.values() for c in one.causes if c.kind == kind and c.of):
            amounts = [_amount_of(one, kind, use) for one in explained.values()]
            if any(abs(a) > _least(one) for a, one in zip(amounts, explained.values(), strict=True)):
                rows.append((kind.capitalize(), use_name(use), *amounts))
    rows.append(("Difference", "", *(one.change for one in explained.values())))
    schema = {"Cause": pl.String, "Use of energy": pl.String, **dict.fromkeys(explained, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def use_name(use: str) -> str:
    """Plain name of a use of energy."""
    return _OWN_NAMES.get(use) or sector_name(use)


def _amount_of(one: Explanation, kind: str, use: str) -> float:
    return sum(c.amount for c in one.causes if (c.kind, c.of) == (kind, use))


def _least(one: Explanation) -> float:
    return LEAST * max(abs(one.before), abs(one.after))


def _bars(one: Explanation, kinds: Sequence[str], theme: Theme, digits: int) -> go.Waterfall:
    amounts = one.by_kind()
    values = [amounts[kind] for kind in kinds if kind in amounts]
    names = [kind.capitalize() for kind in kinds if kind in amounts]
    texts = [_signed(value, digits) for value in (*values, one.change)]
    more, less = OKABE_ITO["vermilion"], OKABE_ITO["blue" if theme == "light" else "sky"]
    return go.Waterfall(
        x=[*names, "Difference"], y=[*values, None], measure=[*["relative"] * len(values), "total"],
        text=texts, textposition="outside", cliponaxis=False, textfont={"color": INK[theme], "size": 11.5},
        increasing={"marker": {"color": more}}, decreasing={"marker": {"color": less}},
        totals={"marker": {"color": MUTED[theme]}}, connector={"line": {"color": MUTED[theme], "width": 1}},
        hovertemplate="%{x}: %{text} " + one.unit + "<extra></extra>",
    )  # fmt: skip


def _signed(value: float, digits: int) -> str:
    shown = figure(value, digits)
    return f"+{shown}" if float(f"{value:.{digits}f}") > 0 else shown
