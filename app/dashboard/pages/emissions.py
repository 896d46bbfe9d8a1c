"""Emissions: sectors by hour, the city's intensity, the conventions side by side, and both views of the city."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.answers.city import hours_sentence, sector_sentence
from app.dashboard.answers.districts import district_sentence
from app.dashboard.cards import Behind, Sentence
from app.dashboard.convention_cards import convention_cards
from app.dashboard.figures import city, frames
from app.dashboard.pages.overview import HOURLY, OF_HOURLY
from app.dashboard.text import sector_name
from app.dashboard.view import Page, View
from app.reports.losses import lost_mwh_of_lines
from grid.units import KG_PER_T

_OF_TOTALS = {
    "Sector": "`gpc_code` with its name",
    "Energy [MWh]": "SUM(energy_mwh); of lines of grid losses SUM(lost_mwh) of who bears them",
    "Emissions [t]": "SUM(emissions_kg) / 1000",
    "Intensity [g/kWh]": "SUM(emissions_kg) / SUM(energy_mwh), which in kg/MWh is the same number",
    "Share [%]": "100 * SUM(emissions_kg) of the line / SUM(emissions_kg) of all lines",
}


def content(view: View) -> Component:
    """The page for a view."""
    sectors = view.result.table("sectors").collect()
    hourly = frames.hourly_sectors(view.result, view.zone)
    return cards.page(
        view.say("Emissions"),
        cards.where_and_when(view),
        cards.answers(sentences(view), view),
        cards.chart(
            "An average day, by sector",
            f"Mean emissions per local hour, GPC codes in brackets. {view.convention}",
            city.sector_bars(hourly, view.theme), key="sector-bars", table=hourly.rename(HOURLY),
            why=Behind(
                ("sectors",), ("gpc_code", "emissions_kg"),
                "Emissions of each step are summed by GPC line and hour, then averaged over the days by local hour of "
                "the day.", view.convention, ("emissions_t",),
            ).of_columns(OF_HOURLY),
        ),
        cards.chart(
            "Intensity of the city and of its imports",
            f"City: emissions over consumption and losses; imports: the upstream mix. {view.convention}",
            city.intensity_lines(view.result.table("city").collect(), view.zone, view.theme), key="intensity-lines",
            why=Behind(
                ("city",), ("ci_kg_per_mwh", "import_ci_kg_per_mwh"),
                "Values of every step; over long periods the mean of the shortest interval that leaves at most 1,000 "
                "points.", view.convention, ("ci_mean_g_per_kwh",),
            ),
        ),
        _totals(sectors, view),
        *convention_cards(view),
    )  # fmt: skip


def sentences(view: View) -> list[Sentence]:
    """What there is to know first: the dirtiest district, who emits most, which hours are clean."""
    found = (district_sentence(view), sector_sentence(view), hours_sentence(view))
    return [one for one in found if one is not None]


def totals_by_sector(sectors: pl.DataFrame, lost_mwh: Mapping[str, float]) -> pl.DataFrame:
    """Energy, emissions, intensity and share of each GPC line over the whole period.

    Args:
        sectors: The result's `sectors` table, in which lines x.3 have no energy.
        lost_mwh: Energy lost in the grid by line x.3 [MWh].
    """
    total = sectors["emissions_kg"].sum()
    energy, emissions = pl.col("energy_mwh"), pl.col("emissions_kg")
    lost = pl.DataFrame(list(lost_mwh.items()), {"gpc_code": pl.String, "lost": pl.Float64}, orient="row")
    return (
        sectors.with_columns(pl.col("gpc_code").cast(pl.String)).group_by("gpc_code")
        .agg(energy.sum(), emissions.sum()).sort("gpc_code")
        .join(lost, on="gpc_code", how="left", maintain_order="left")
        .with_columns(pl.coalesce("lost", energy).alias("energy_mwh"))
        .select(
            pl.col("gpc_code").map_elements(sector_name, return_dtype=pl.String).alias("Sector"),
            energy.alias("Energy [MWh]"),
            (emissions / 1000).alias("Emissions [t]"),
            pl.when(energy > 0).then(emissions / energy).alias("Intensity [g/kWh]"),
            (100 * emissions / (total or 1.0)).alias("Share [%]"),
        )
    )  # fmt: skip


def _totals(sectors: pl.DataFrame, view: View) -> Component:
    if sectors.is_empty():
        return cards.nothing("Totals by sector", "No sector used electricity in this result.")
    frame = totals_by_sector(sectors, lost_mwh_of_lines(view.result))
    total = cards.summed(frame, ("Energy [MWh]", "Emissions [t]", "Share [%]"))
    energy, emissions = total["Energy [MWh]"], total["Emissions [t]"]
    total["Intensity [g/kWh]"] = KG_PER_T * emissions / energy if energy and emissions is not None else None
    return cards.table_card(
        "Totals by sector",
        f"Over the whole period. {view.convention}",
        frame, key="sector-totals", total=total,
        why=Behind(
            ("sectors", "loss_bearers"), ("energy_mwh", "emissions_kg", "lost_mwh"),
            "Sums over all steps by GPC line; lines of grid losses have the energy that is lost for them. Intensity is "
            "emissions over energy. What stationary stores lose is energy of no line: the mean intensity of the city "
            "counts it, so that of all lines is a little higher.",
            view.convention, ("emissions_t", "ci_mean_g_per_kwh"),
        ).of_columns(_OF_TOTALS),
    )  # fmt: skip


PAGE = Page("/emissions", "Emissions", content)
