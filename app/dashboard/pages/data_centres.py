"""Data centres: PUE against its target, what the power is for, water and carbon per kWh of computing."""

from __future__ import annotations

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.figures import data_centres as figures
from app.dashboard.view import Page, View

_FIGURES = {
    "pue": "PUE [1]", "wue_l_per_kwh": "WUE [L/kWh]", "cue_kg_per_kwh": "CUE [kg/kWh]", "energy_mwh": "Energy [MWh]",
    "emissions_t": "Emissions [t]",
}  # fmt: skip


def content(view: View) -> Component:
    """The page for a view."""
    centres = view.result.table("data_centres").collect()
    if centres.is_empty():
        why = "There is no data centre in this result. Add one under data_centres in the scenario to see it here."
        return cards.page("Data centres", cards.where_and_when(view), cards.nothing("PUE", why))
    frame = figures.effectiveness(centres, _intensities(view))
    zone, theme = view.zone, view.theme
    return cards.page(
        "Data centres",
        cards.where_and_when(view),
        cards.chart(
            "PUE",
            "Facility energy over IT energy (ISO/IEC 30134-2), against the limit for new large centres in China "
            "(plan of December 2021; grade 2 of GB 40879-2021).",
            figures.pue_lines(frame, zone, theme), key="pue",
        ),
        cards.chart(
            "What the power is for", "Facility power of all data centres, by use.",
            figures.power_chain(frame, zone, theme), key="power-chain",
        ),
        cards.chart(
            "Water", "WUE: litres on site per kWh of IT (ISO/IEC 30134-9).", figures.wue_lines(frame, zone, theme),
            key="wue", wide=False,
        ),
        cards.chart(
            "Carbon", f"CUE: kg per kWh of IT (ISO/IEC 30134-8). {view.convention}",
            figures.cue_lines(frame, zone, theme), key="cue", wide=False,
        ),
        cards.table_card(
            "Over the whole period", "Per kWh of IT where it says per kWh.", totals_by_data_centre(view), digits=3
        ),
    )  # fmt: skip


def totals_by_data_centre(view: View) -> pl.DataFrame:
    """The key figures of each data centre, one row each; null where a result has none."""
    names = view.result.table("data_centres").select(pl.col("name").cast(pl.String)).unique().collect()["name"].sort()
    summary = view.result.summary
    rows = [
        {"Data centre": name} | {title: summary.get(f"data_centres.{name}.{key}") for key, title in _FIGURES.items()}
        for name in names
    ]
    return pl.DataFrame(rows, schema={"Data centre": pl.String} | dict.fromkeys(_FIGURES.values(), pl.Float64))


def _intensities(view: View) -> dict[str, pl.DataFrame]:
    """Intensity at the bus of each data centre, by its name, as far as the result holds it."""
    names = view.result.table("data_centres").select(pl.col("name").cast(pl.String).alias("asset")).unique()
    assets = (
        view.result.table("assets").with_columns(pl.col("asset").cast(pl.String)).join(names, on="asset")
        .group_by("asset", "time").agg(pl.col("ci_kg_per_mwh").mean()).sort("time").collect()
    )  # fmt: skip
    return {str(name): rows.select("time", "ci_kg_per_mwh") for (name,), rows in assets.group_by("asset")}


PAGE = Page("/data-centres", "Data centres", content)
