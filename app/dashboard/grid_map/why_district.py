"""Why a district is as dirty as it is at a moment: a sentence, and where its power comes from as a table."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import polars as pl
from dash import html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.grid_map.reasons import Reason, reason_of
from app.dashboard.text import figure
from app.dashboard.view import View

BEHIND = cards.Behind(
    ("branches", "assets", "buses", "sources", "city"),
    ("p_from_mw", "p_to_mw", "p_mw", "ci_kg_per_mwh", "energy_mwh", "emissions_kg", "import_ci_kg_per_mwh"),
    "The step shown: what lines and transformers bring into the district from others, what its devices do.",
).of_columns({
    "Power": "district that the power comes from, or kind of the devices",
    "Through": "`branch` that brings it, or where the devices stand",
    "MW": "p_from_mw or p_to_mw of what arrives; SUM(p_mw) of the devices of a kind",
    "g/kWh": "ci_kg_per_mwh of the bus that sends it; emissions_kg / energy_mwh of a source",
    "kg/h": "MW * ci_kg_per_mwh",
    "Source": "`source` of the city's power in the step", "MWh": "energy_mwh", "kg": "emissions_kg",
})  # fmt: skip


def district_card(view: View, zone: str, at_ms: float) -> Component:
    """Where the power of a district comes from at a moment, and what the city's is made of."""
    reason = reason_of(view.result, zone, at_ms)
    when = dt.datetime.fromtimestamp(reason.at_ms / 1000, tz=dt.UTC).astimezone(ZoneInfo(view.zone))
    table = where_from(reason)
    shown = [html.Div(cards.plain_table(table), className="scroll")] if not table.is_empty() else []
    sources = city_sources(reason)
    title = f"{zone} at {when:%H:%M} on {when:%a} {when.day} {when:%B %Y}"
    return html.Section([
        cards.head(title, "district", replace(BEHIND, convention=view.convention)),
        *(html.P(sentence) for sentence in sentences(reason)),
        *shown,
        html.Details([html.Summary("The city's sources in this step"),
                      html.Div(cards.plain_table(sources), className="scroll")]),
        html.P(f"{view.convention} Power that reaches a bus mixes there; a line carries the intensity of the bus that "
               "sends its power.", className="subtitle"),
    ], className="card", id="map-why", **cards.hyphened(aria_label=f"Why {zone}"))  # fmt: skip


def sentences(reason: Reason) -> list[str]:
    """What makes the intensity, in two or three sentences."""
    city = reason.city.get("ci_kg_per_mwh")
    if reason.ci_kg_per_mwh is None:
        return [f"Nothing flows in {reason.zone} in this step, so its power has no carbon intensity."]
    words = [_against_city(reason, city)]
    arriving = sum(one.p_mw for one in reason.inflows)
    fed_in = -sum(p_mw for _, p_mw, _ in reason.devices if p_mw < 0)
    if reason.inflows:
        first = reason.inflows[0]
        share = "All" if len(reason.inflows) == 1 else f"{100 * first.p_mw / arriving:.0f} %"
        words.append(f"{share} of the {figure(arriving, 2)} MW that reach it come from {first.origin} through "
                     f"{first.through}, at {_intensity(first.ci_kg_per_mwh)}.")  # fmt: skip
    else:
        words.append("No power reaches it from other districts.")
        if reason.entering:
            bus, p_mw, ci = reason.entering[0]
            words.append(f"At {bus}, {figure(p_mw, 2)} MW enter the grid, at {_intensity(ci)}.")
    if fed_in > 0:
        parts = [
            f"{kind.lower()} {figure(-p_mw, 3)} MW at {_intensity(ci)}" for kind, p_mw, ci in reason.devices if p_mw < 0
        ]
        words.append(f"Devices in it feed in {figure(fed_in, 3)} MW: {', '.join(parts)}.")
    else:
        words.append("None of the scenario's devices in it feeds in.")
    imported = reason.city.get("import_ci_kg_per_mwh")
    if imported is not None:
        words.append(f"Imports of the city carry {_intensity(imported)} in this step.")
    return [" ".join(words)]


def _against_city(reason: Reason, city: float | None) -> str:
    share = "" if reason.renewable_share is None else f"; {100 * reason.renewable_share:.0f} % of it is renewable"
    words = f"The power drawn in {reason.zone} carries {_intensity(reason.ci_kg_per_mwh)}{share}."
    if city is None or reason.ci_kg_per_mwh is None:
        return words
    apart = reason.ci_kg_per_mwh - city
    side = "more" if apart > 0 else "less"
    same = abs(apart) < 0.5
    return f"{words} That is {'as much as' if same else f'{figure(abs(apart), 0)} g {side} than'} the city's mean."


def where_from(reason: Reason) -> pl.DataFrame:
    """What reaches a district and what its devices do, one row each."""
    rows = [(f"From {one.origin}", one.through, one.p_mw, one.ci_kg_per_mwh) for one in reason.inflows]
    rows += [(f"{kind} {'feed in' if p_mw < 0 else 'draw'}", "in the district", abs(p_mw), ci)
             for kind, p_mw, ci in reason.devices]  # fmt: skip
    return pl.DataFrame(
        {
            "Power": [row[0] for row in rows], "Through": [row[1] for row in rows],
            "MW": [row[2] for row in rows], "g/kWh": [row[3] for row in rows],
            "kg/h": [None if row[3] is None else row[2] * row[3] for row in rows],
        },
        schema={"Power": pl.String, "Through": pl.String, "MW": pl.Float64, "g/kWh": pl.Float64, "kg/h": pl.Float64},
    )  # fmt: skip


def city_sources(reason: Reason) -> pl.DataFrame:
    """Sources of the city's power in the step."""
    return pl.DataFrame(
        {
            "Source": [source for source, _, _ in reason.sources], "MWh": [mwh for _, mwh, _ in reason.sources],
            "kg": [kg for _, _, kg in reason.sources],
            "g/kWh": [kg / mwh if mwh else None for _, mwh, kg in reason.sources],
        },
        schema={"Source": pl.String, "MWh": pl.Float64, "kg": pl.Float64, "g/kWh": pl.Float64},
    )  # fmt: skip


def _intensity(ci: float | None) -> str:
    return "an unknown intensity" if ci is None else f"{figure(ci, 0)} g/kWh"
