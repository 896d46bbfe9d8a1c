"""Designs side by side over the year, and what makes the data centre meet a limit that the reader sets."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.data_centres.behind import of_year
from app.dashboard.data_centres.names import AS_IT_IS, design_name
from app.dashboard.data_centres.rules_card import COSTS
from app.dashboard.figures import data_centre_designs as charts
from app.dashboard.figures import data_centre_year as year_charts
from app.dashboard.view import View
from app.studies.halls.study import HallStudy
from carbon.data_centre.studies import DesignYear

PLANTS = ("cooling", "power_chain")
"""What a design changes as a whole."""
SHOWN = {
    "name": "Design", "pue": "PUE [1]", "wue_l_per_kwh": "WUE [L/kWh]", "cue_kg_per_kwh": "CUE [kg/kWh]",
    "peak_mw": "Peak [MW]", "energy_mwh": "Energy [MWh/year]", "energy_cost": "Energy cost [{currency}/year]",
    "emissions_t": "Carbon [t/year]", "water_m3": "Water [m³/year]", "capital": "Investment [EUR, unverified]",
}  # fmt: skip
"""Columns of the table of designs, and their headings."""


WHOLE = ("energy_mwh", "energy_cost", "emissions_t", "water_m3", "capital")
"""Columns that are read without digits after the point."""


def table_of(years: Sequence[DesignYear]) -> pl.DataFrame:
    """A row a design over the year, in the order given; columns are the keys of `SHOWN`."""
    rows = [
        {
            "name": design_name(year.design), "pue": year.value("pue"), "wue_l_per_kwh": year.value("wue"),
            "cue_kg_per_kwh": year.value("cue"), "peak_mw": year.peak_mw, "energy_mwh": year.value("energy"),
            "energy_cost": year.energy_cost, "emissions_t": (year.value("emissions") or 0.0) / 1e3,
            "water_m3": (year.value("water") or 0.0) / 1e3, "capital": year.design.capital_cost,
        }
        for year in years
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={key: pl.String if key == "name" else pl.Float64 for key in SHOWN})


def plants_alone(years: Sequence[DesignYear]) -> list[DesignYear]:
    """The data centre as it is, then with one other plant: each cooling technology, each power chain."""
    alone = [year for year in years if len(year.design.changes) == 1 and _plant(year)]
    now = [year for year in years if not year.design.changes]
    return now + sorted(alone, key=lambda year: (PLANTS.index(_plant(year)), year.value("pue") or 0.0))


def _plant(year: DesignYear) -> str:
    """The plant that a single change is of; empty if it is a set point."""
    return next((path for path in year.design.changes[0].changes if path in PLANTS), "")


def designs_card(view: View, study: HallStudy, limit: float, p_max_mw: float | None) -> Component:
    """Designs side by side: a chart of other plants, a table of every combination.

    Args:
        view: What is looked at.
        study: The study.
        limit: Limit of the PUE [1].
        p_max_mw: Facility power that the bus takes [MW]; None where that was not worked out.
    """
    currency = str(view.result.manifest.get("currency") or "EUR")
    frame = table_of(study.years).sort("pue", "capital", nulls_last=True)
    headed = frame.with_columns(pl.col(WHOLE).round().cast(pl.Int64)).rename(
        {key: heading.format(currency=currency) for key, heading in SHOWN.items()}
    )
    site = study.year.site
    words = (
        f"The hall at {study.spec.bus}, its own load, every hour of {site.clock.start.year} with the weather "
        f"{study.year.weather}. Bars: one other plant each, with its defaults, the rest as it is. Table: "
        f"{frame.height} combinations of plants and set points. CUE and carbon by {study.year.carbon}; cost by "
        f"{study.year.price}. {COSTS} "
        + ("" if p_max_mw is not None else "What its bus takes at most is worked out below.")
    )  # fmt: skip
    chart = charts.designs_side_by_side(table_of(plants_alone(study.years)), limit, p_max_mw, currency, view.theme)
    return cards.chart(
        view.say("Designs side by side over the year"),
        words,
        chart,
        key="dc-designs",
        least_px=760,
        table=headed,
        digits=3,
        why=of_year(study, "Each design is the hall with some changes of the catalogue.", headed.columns, money=True),
    )


def months_card(view: View, study: HallStudy, limit: float) -> Component:
    """PUE, WUE and CUE month by month over the whole year."""
    words = (
        f"{study.spec.name} {AS_IT_IS}, from its design and the weather of {study.year.site.clock.start.year} "
        f"({study.year.weather}), before any shifting; CUE by {study.year.carbon}."
    )  # fmt: skip
    table = study.months.rename(
        {"month": "Month", "pue": "PUE [1]", "wue_l_per_kwh": "WUE [L/kWh]", "cue_kg_per_kwh": "CUE [kg/kWh]"}
    )
    chart = year_charts.by_month(study.months, limit, view.theme)
    behind = of_year(study, "Sums of each month in local time.", table.columns)
    title = view.say("The whole year by month")
    return cards.chart(title, words, chart, key="dc-months", table=table, digits=3, why=behind)


def target_box(view: View, target: float) -> Component:
    """Where the reader sets a limit, and reads what it takes to meet it."""
    label = html.Label(view.say("Ask for another PUE:"), htmlFor="dc-target")
    box = dcc.Input(id="dc-target", type="number", value=target, min=1.0, max=3.0, step=0.01, debounce=True)
    return html.Div([label, box], className="dc-target")
