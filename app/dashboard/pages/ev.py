"""Electric cars: when they charge and give back, how much carbon is in a charged kWh and in a kilometre.

What V2G avoided elsewhere stands apart from both, and in no inventory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.answers.vehicles import vehicle_sentences
from app.dashboard.figures import ev, ev_coefficients, feeders, frames
from app.dashboard.local_time import local, step_hours
from app.dashboard.text import figure
from app.dashboard.view import Page, View
from app.dashboard.why.tables_of import vehicles as behind
from app.results.folder import Result
from carbon.reporting.v2g_credit import AVOIDED_ELSEWHERE

_CREDIT = ("replaced", "released", "wear", "avoided")


def content(view: View) -> Component:
    """The page for a view: the baseline first, then those compared, then the result looked at."""
    compared = view.side_by_side
    powers = {name: frames.power_of_fleets(result) for name, result in compared.items()}
    if all(power.is_empty() for power in powers.values()):
        why = "There are no electric cars in this result. Add an asset of kind ev_fleet to the scenario to see them."
        return cards.page(view.say("Electric cars"), cards.where_and_when(view), cards.nothing("Charging", why))
    return cards.page(
        view.say("Electric cars"),
        cards.where_and_when(view),
        cards.answers(vehicle_sentences(view), view),
        *_energy_cards(powers, view),
        _feeders(compared, view),
        *_coefficient_cards(compared, view),
        cards.table_card(
            "Totals",
            f"At the meter. {view.convention}",
            totals_by_result(compared),
            key="ev-totals",
            why=cards.Behind(
                ("sessions",),
                ("energy_kwh", "v2g_kwh", "charged_kg", "driven_kg", "driven_km"),
                "Sums over all sessions; coefficients are those of the sums.",
                view.convention,
                ("ev_energy_mwh", "v2g_energy_mwh", "ev_ci_g_per_kwh", "ev_g_per_km"),
            ).of_columns(behind.TOTALS),
        ),
        _avoided(compared, view),
    )


def _energy_cards(powers: Mapping[str, pl.DataFrame], view: View) -> list[Component]:
    """When cars charge and give back, and how much carbon is in what they charge then."""
    hourly = {name: ev.hourly_intensity(power, view.zone) for name, power in powers.items()}
    of_fleets = ("drawn_mw", "fed_in_mw")
    return [
        cards.chart(
            "Charging and giving back",
            "Power of all cars at the meter; V2G stands below zero. All panels have one scale.",
            ev.charging_power(powers, view.zone, view.theme), key="charging-power", table=_by_day(powers, view.zone),
            why=cards.Behind(("assets",), of_fleets, "Sums over all fleets and buses in each step; means of longer "
                             "intervals where there are very many steps. The table: energy by local day.")
            .of_columns(behind.BY_DAY),
        ),
        cards.chart(
            "Carbon of a charged kWh, by hour of day",
            f"Weighted by energy; the dots grow with the energy charged in that hour. {view.convention}",
            ev.intensity_by_hour(hourly, view.theme), key="charging-intensity", wide=False, table=_by_hour(hourly),
            why=cards.Behind(("assets",), ("drawn_mw", "ci_kg_per_mwh"), "What all cars draw times the intensity of "
                             "their bus in the step, over what they draw, by local hour.", view.convention,
                             ("ev_ci_g_per_kwh",)).of_columns(behind.BY_HOUR),
        ),
    ]  # fmt: skip


def _feeders(compared: Mapping[str, Result], view: View) -> Component:
    """How full the fullest line is, hour by hour."""
    hourly = {name: frames.worst_loading_by_hour(result, view.zone) for name, result in compared.items()}
    limits: Mapping[str, Any] = view.result.scenario.get("limits") or {}
    columns = (pl.col("hour").alias("Hour"), pl.col("line").alias("Line"),
               pl.col("loading_percent").alias("Loading [%]"))  # fmt: skip
    table = [frame.select(pl.lit(name).alias("Result"), *columns) for name, frame in hourly.items()]
    return cards.chart(
        "What it does to the feeders",
        "The fullest line in any step of each local hour, all consumption included; the limit is the scenario's.",
        feeders.worst_loading(hourly, limits.get("line_loading_max_percent"), view.theme), key="feeder-loading",
        wide=False, table=pl.concat(table),
        why=cards.Behind(("branches",), ("loading_percent", "kind"), "The greatest loading of any line in the steps of "
                         "each local hour over the whole period.", "", ("line_loading_max_percent", "violation_steps"))
        .of_columns(behind.FEEDERS),
    )  # fmt: skip


def _coefficient_cards(compared: Mapping[str, Result], view: View) -> list[Component]:
    """Carbon of a kilometre and of a charged kWh, by session, place and class of vehicle."""
    sessions = {name: driven(result) for name, result in compared.items()}
    hours, classes = (
        {name: result.table(table).collect() for name, result in compared.items()}
        for table in ("charging_hours", "vehicle_classes")
    )
    of_km = ("driven_km", "g_per_km")
    return [
        cards.chart(
            "Carbon of a kilometre",
            "Share of sessions; dotted lines are means weighted by distance. What a car gives back takes carbon along.",
            ev.per_kilometre(sessions, view.theme), key="g-per-km", wide=False, table=ev.deciles_g_per_km(sessions),
            why=cards.Behind(("sessions",), of_km, "A histogram over sessions with a driven distance; the last class "
                             "holds all beyond it. The mean is weighted by distance.", view.convention,
                             ("ev_g_per_km",)).of_columns(behind.DECILES),
        ),
        cards.chart(
            "Carbon of a kilometre, by vehicle class",
            "What driving took from each car's own battery, over the distance driven between its sessions.",
            ev_coefficients.per_kilometre_by_class(classes, view.theme), key="g-per-km-class",
            wide=False, table=_by_class(classes),
            why=cards.Behind(("vehicle_classes",), ("vehicle_class", *of_km), "As in the table.", view.convention)
            .of_columns(behind.BY_CLASS),
        ),
        cards.chart(
            "Carbon of a charged kWh, by place and hour of day",
            f"Weighted by energy, in the hour in which it flowed; gaps where nobody charges. {view.convention}",
            ev_coefficients.intensity_by_place(hours, view.theme), key="charging-places", table=_by_place(hours),
            why=cards.Behind(("charging_hours",), ("place", "hour", "energy_kwh", "charged_g_per_kwh"),
                             "As in the table, summed over fleets.", view.convention).of_columns(behind.BY_PLACE),
        ),
    ]  # fmt: skip


def driven(result: Result) -> pl.DataFrame:
    """Distance and carbon of a kilometre of every session; a year of a city has millions, so nothing else."""
    return result.table("sessions").select("driven_km", "g_per_km").collect()


def totals_by_result(results: Mapping[str, Result]) -> pl.DataFrame:
    """Energy charged and given back, carbon of a kWh and of a kilometre, one row a result."""
    rows = []
    for name, result in results.items():
        summary, sessions = result.summary, driven(result)
        rows.append({
            "Result": name,
            "Sessions": figure(sessions.height, 0),
            "Charged [MWh]": summary.get("ev_energy_mwh"),
            "Given back [MWh]": summary.get("v2g_energy_mwh"),
            "Carbon [g/kWh]": summary.get("ev_ci_g_per_kwh"),
            "Carbon [g/km]": ev.mean_g_per_km(sessions),
        })  # fmt: skip
    number = pl.Float64
    return pl.DataFrame(rows, schema_overrides={
        "Charged [MWh]": number, "Given back [MWh]": number, "Carbon [g/kWh]": number, "Carbon [g/km]": number,
    })  # fmt: skip


def avoided_by_result(results: Mapping[str, Result]) -> pl.DataFrame:
    """What V2G avoided elsewhere, one row a result, vehicle class and reference with energy fed in."""
    frames = [
        result.table("v2g_credit").filter(pl.col("energy_mwh") > 0).select(
            pl.lit(name).alias("Result"),
            pl.col("vehicle_class").cast(pl.String).str.replace_all("_", " ", literal=True).alias("Class"),
            pl.col("reference").cast(pl.String).alias("Against"), pl.col("energy_mwh").alias("Fed in [MWh]"),
            *(pl.col(f"{column}_kg").alias(f"{column.capitalize()} [kg]") for column in _CREDIT),
        ).collect()
        for name, result in results.items()
    ]  # fmt: skip
    return pl.concat(frames).sort("Result", "Against", "Class", descending=[False, True, False])


def _avoided(results: Mapping[str, Result], view: View) -> Component:
    """The card of what V2G avoided elsewhere."""
    frame = avoided_by_result(results)
    if frame.is_empty():
        return cards.nothing(AVOIDED_ELSEWHERE, "No car gave anything back in these results.")
    scores = dict.fromkeys(str(result.manifest.get("upstream_score", "")) for result in results.values())
    words = (
        "A consequence, not part of any emissions shown here: what V2G replaced, less what charging for it released "
        "and the wear of batteries. Marginal: the plants that ran less and more for it. Average: the mix at the bus."
    )
    why = cards.Behind(
        ("v2g_credit",), ("energy_mwh", "replaced_kg", "released_kg", "wear_kg", "avoided_kg"),
        "As in the table. Marginal: what a MWh less saves at the bus and step of the feed-in, less what a MWh more "
        "emitted where it was charged. Average: the mean of the bus, less the carbon of the battery's stock.",
        view.convention,
        ("v2g_avoided_elsewhere_not_in_inventory_marginal_t", "v2g_avoided_elsewhere_not_in_inventory_average_t"),
    ).of_columns(behind.AVOIDED)  # fmt: skip
    told = " ".join((words, *filter(None, scores)))
    return cards.table_card(AVOIDED_ELSEWHERE, told, frame, digits=1, key="v2g-avoided", why=why)


def _by_day(powers: Mapping[str, pl.DataFrame], zone: str) -> pl.DataFrame:
    """Energy charged and given back on each local day, one row a result and day [MWh]."""
    frames = []
    for name, power in powers.items():
        hours = step_hours(power)
        daily = power.group_by(local(zone).dt.date().alias("Day")).agg(
            (pl.col("charging_mw").sum() * hours).alias("Charged [MWh]"),
            (pl.col("v2g_mw").sum() * hours).alias("Given back [MWh]"),
        )  # fmt: skip
        frames.append(daily.sort("Day").select(pl.lit(name).alias("Result"), pl.all()))
    return pl.concat(frames)


def _by_place(hours: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([
        frame.select(
            pl.lit(name).alias("Result"),
            pl.col("place").cast(pl.String).replace(ev_coefficients.PLACES).alias("Place"),
            pl.col("hour").alias("Hour"), pl.col("energy_kwh").alias("Energy [kWh]"),
            pl.col("charged_g_per_kwh").alias("Carbon of charging [g/kWh]"),
        )
        for name, frame in hours.items()
    ])  # fmt: skip


def _by_class(classes: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    plain = pl.col("vehicle_class").cast(pl.String).str.replace_all("_", " ", literal=True)
    return pl.concat([
        frame.select(
            pl.lit(name).alias("Result"), plain.alias("Class"), pl.col("sessions").alias("Sessions"),
            pl.col("energy_kwh").alias("Energy [kWh]"), pl.col("charged_g_per_kwh").alias("Carbon of charging [g/kWh]"),
            pl.col("driven_km").alias("Distance [km]"), pl.col("g_per_km").alias("Carbon of a kilometre [g/km]"),
        )
        for name, frame in classes.items()
    ])  # fmt: skip


def _by_hour(hourly: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    share = (100 * pl.col("share")).alias("Share of the energy [%]")
    columns = (pl.col("hour").alias("Hour"), pl.col("ci_g_per_kwh").alias("Carbon of charging [g/kWh]"), share)
    frames = [frame.select(pl.lit(name).alias("Result"), *columns)
              for name, frame in hourly.items() if not frame.is_empty()]  # fmt: skip
    return pl.concat(frames)


PAGE = Page("/ev", "Electric cars", content, of_all=True)
