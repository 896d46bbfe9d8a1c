"""Hydrogen stations: how much carbon a kilogram carries, what was refuelled, and the state of the tanks."""

from __future__ import annotations

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.answers.hydrogen import hydrogen_sentences
from app.dashboard.cards import Behind
from app.dashboard.figures import hydrogen as figures
from app.dashboard.view import Page, View

_COLUMNS = {
    "refuelled_kg": "Refuelled [kg]", "emissions_kg_per_kg": "Carbon [kg/kg]",
    "tank_kg_per_kg": "Mean of the tank [kg/kg]", "emissions_kg": "Emissions [kg]",
    "electricity_mwh": "Electricity [MWh]", "fed_in_mwh": "Fed in [MWh]",
}  # fmt: skip

_OF_STATIONS = {
    "Result": "label of the result whose tables are read", "Station": "`station`",
    **{heading: column for column, heading in _COLUMNS.items()},
}  # fmt: skip


def content(view: View) -> Component:
    """The page for a view."""
    frame = view.result.table("hydrogen").collect()
    if frame.is_empty():
        why = "There is no hydrogen station in this result. Add an asset of kind hydrogen_station to see it here."
        return cards.page(view.say("Hydrogen"), cards.where_and_when(view), cards.nothing("Carbon of a kilogram", why))
    return cards.page(
        view.say("Hydrogen"),
        cards.where_and_when(view),
        cards.answers(hydrogen_sentences(view), view),
        cards.chart(
            "Carbon of a kilogram",
            f"Of the hydrogen in each tank, which is what is refuelled: a mix of all that was made and not yet used. "
            f"{view.convention}",
            figures.carbon_per_kilogram(frame, view.zone, view.theme), key="hydrogen-carbon", wide=False,
            why=Behind(
                ("hydrogen",), ("emissions_kg_per_kg", "tank_kg_per_kg"),
                "The tank is one mix: what is made adds the carbon of its electricity at that bus and step, what is "
                "refuelled takes the mean of the tank.", view.convention, ("hydrogen_emissions_kg_per_kg",),
            ),
        ),
        cards.chart(
            "Tanks and refuelling", "All stations together; the tanks as they are when a step begins.",
            figures.tanks_and_refuelling(frame, view.zone, view.theme), key="hydrogen-tanks", wide=False,
            why=Behind(("hydrogen",), ("tank_kg", "refuelled_kg"), "Sums over all stations, step by step.", "",
                       ("hydrogen_kg",)),
        ),
        cards.table_card(
            "Stations", "Over the whole period; electricity at the meter, the mean of the tank by what it held.",
            stations(view), key="hydrogen-stations",
            why=Behind(
                ("hydrogen_stations",), tuple(_COLUMNS), "Sums over the period; coefficients are those of the sums.",
                view.convention, ("hydrogen_kg", "hydrogen_emissions_kg_per_kg"),
            ).of_columns(_OF_STATIONS),
        ),
    )  # fmt: skip


def stations(view: View) -> pl.DataFrame:
    """The figures of each station, one row a result and station, the baseline first."""
    frames = [
        result.table("hydrogen_stations").collect().select(
            pl.lit(label).alias("Result"), pl.col("station").cast(pl.String).alias("Station"),
            *(pl.col(column).alias(title) for column, title in _COLUMNS.items()),
        )
        for label, result in ((view.results.label(view.baseline_name), view.baseline), (view.label, view.result))
        if result is not None
    ]  # fmt: skip
    return pl.concat(frames)


PAGE = Page("/hydrogen", "Hydrogen", content)
