"""Siting: the same hall at other buses of this grid, and under other weather."""

from __future__ import annotations

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.data_centres.behind import of_buses, of_year
from app.dashboard.view import View
from app.studies.halls.study import HallStudy

HEADINGS = {
    "bus": "Bus", "zone": "District", "ci_kg_per_mwh": "Carbon intensity [kg/MWh]", "cue": "CUE [kg/kWh]",
    "price_per_mwh": "Nodal price [{currency}/MWh]", "loss_percent": "Marginal losses [%]",
    "vm_min_pu": "Lowest voltage [pu]", "hosting_mw": "Hosting capacity [MW of IT]",
}  # fmt: skip


def buses_card(view: View, study: HallStudy, hosting: dict[str, float]) -> Component:
    """The hall at every bus of the run.

    Args:
        view: What is looked at.
        study: The study.
        hosting: Hosting capacity of the buses where it was worked out, by name [MW of IT].
    """
    pue = study.now.value("pue")
    frame = study.buses.with_columns(
        (pl.col("ci_kg_per_mwh") * (pue or float("nan")) / 1e3).alias("cue"),
        pl.col("bus").replace_strict(hosting, default=None, return_dtype=pl.Float64).alias("hosting_mw"),
    )
    currency = str(view.result.manifest.get("currency") or "EUR")
    table = frame.select(pl.col(key).alias(heading.format(currency=currency)) for key, heading in HEADINGS.items())
    words = (
        f"What the power of {study.spec.name} would carry at each bus, as this run was, the least carbon first. Means "
        "by its power; its own load moves neither mix nor prices, which holds while it is small against the city. "
        "Nodal prices and marginal losses tell of changes and are no part of the inventory."
    )  # fmt: skip
    title = view.say("The same hall at other buses")
    return cards.table_card(title, words, table, digits=3, key="dc-buses", why=of_buses(view.convention, table.columns))


def weathers_card(view: View, study: HallStudy) -> Component:
    """The hall under the other weather files that come with the program."""
    currency = str(view.result.manifest.get("currency") or "EUR")
    rows = [
        (row.operation.site, row.operation.pue, row.operation.water_l / (row.operation.it_energy_mwh * 1e3),
         row.operation.peak_mw, row.energy_mwh, row.cost, row.emissions_t)
        for row in study.weathers.rows if row.operation.it_energy_mwh
    ]  # fmt: skip
    table = pl.DataFrame(
        rows, orient="row",
        schema={"Weather": pl.String, "PUE [1]": pl.Float64, "WUE [L/kWh]": pl.Float64, "Peak [MW]": pl.Float64,
                "Energy [MWh/year]": pl.Float64, f"Energy cost [{currency}/year]": pl.Float64,
                "Carbon [t/year]": pl.Float64},
    ).with_columns(pl.col("^.*/year.$").round().cast(pl.Int64))  # fmt: skip
    words = f"Over a whole year; carbon and price stay those of this city ({study.year.carbon})."
    behind = of_year(
        study, "The same hall and IT load under each weather file that comes with the program.", table.columns
    )
    title = view.say("The same hall under other weather")
    return cards.table_card(title, words, table, digits=3, key="dc-weathers", why=behind)
