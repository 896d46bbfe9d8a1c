"""What the cards of a data centre are made from: those of a run with their numbers as tables, those of its year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from app.dashboard.cards import Behind
from app.dashboard.why.tables_of.halls import OF_RUN as _OF_RUN
from app.dashboard.why.tables_of.halls import of_heading

if TYPE_CHECKING:
    from app.studies.halls.study import HallStudy

TABLE = ("data_centres",)
_STEPS = "Values of every step of the run; over long periods means of longer intervals in the chart."
_COLUMNS = {
    "p_it_mw": "IT [MW]", "p_cooling_mw": "Cooling [MW]", "p_power_chain_mw": "Power chain [MW]",
    "p_total_mw": "Facility [MW]", "pue": "PUE [1]", "water_l": "Water [L]", "wue_l_per_kwh": "WUE [L/kWh]",
    "ci_kg_per_mwh": "Intensity [g/kWh]", "cue_kg_per_kwh": "CUE [kg/kWh]",
}  # fmt: skip


_OF_STEPS = {
    "Time": "`time` in the city's local time",
    **{heading: f"`{key}`" for key, heading in _COLUMNS.items() if key not in ("wue_l_per_kwh", "cue_kg_per_kwh")},
    "WUE [L/kWh]": "water_l / (p_it_mw * 1000 * hours of a step)",
    "CUE [kg/kWh]": "ci_kg_per_mwh * `pue` / 1000",
}


def _of_columns(*keys: str) -> dict[str, str]:
    """How the columns of `numbers` are made."""
    return {heading: _OF_STEPS[heading] for heading in ("Time", *(_COLUMNS[key] for key in keys))}


def numbers(frame: pl.DataFrame, zone: str, *columns: str) -> pl.DataFrame:
    """Some columns of every step, in local time, under plain names.

    Args:
        frame: Rows of a data centre, with `wue_l_per_kwh` and `cue_kg_per_kwh` where these are asked for.
        zone: The city's time zone.
        columns: Which columns.
    """
    time = pl.col("time").dt.convert_time_zone(zone).alias("Time")
    return frame.select(time, *(pl.col(column).alias(_COLUMNS[column]) for column in columns))


def of_pue(name: str) -> Behind:
    """Of the lines of PUE."""
    words = f"Facility power over IT power. {_STEPS}"
    return Behind(TABLE, ("pue", "p_total_mw", "p_it_mw"), words, "", (_key(name, "pue"),)).of_columns(
        _of_columns("p_it_mw", "p_total_mw", "pue")
    )


def of_hours(name: str) -> Behind:
    """Of PUE by hour and day."""
    return Behind(TABLE, ("pue",), "The mean of the steps of each local hour.", "", (_key(name, "pue"),)).of_columns(
        _of_columns("pue")
    )


def of_power(name: str) -> Behind:
    """Of the uses of power."""
    columns = ("p_it_mw", "p_cooling_mw", "p_power_chain_mw", "p_total_mw")
    return Behind(TABLE, columns, _STEPS, "", (_key(name, "energy_mwh"),)).of_columns(_of_columns(*columns))


def of_water(name: str) -> Behind:
    """Of the lines of WUE."""
    words = f"Water of each step over its IT energy. {_STEPS}"
    return Behind(TABLE, ("water_l", "p_it_mw"), words, "", (_key(name, "wue_l_per_kwh"),)).of_columns(
        _of_columns("water_l", "wue_l_per_kwh")
    )


def of_carbon(name: str, convention: str) -> Behind:
    """Of the lines of CUE."""
    words = f"Intensity of the power at its bus times PUE. {_STEPS}"
    return Behind(TABLE, ("ci_kg_per_mwh", "pue"), words, convention, (_key(name, "cue_kg_per_kwh"),)).of_columns(
        _of_columns("ci_kg_per_mwh", "pue", "cue_kg_per_kwh")
    )


def of_origins(convention: str) -> Behind:
    """Of the sources of its power."""
    words = "Traced energy of each source in every hour, averaged over the days by local hour."
    return Behind(("data_centre_origins",), ("name", "source", "energy_mwh"), words, convention).of_columns({
        "Hour": "hour of `time` in local time", "Source": "`source`",
        "Power [MW]": "AVG(energy_mwh) over the hours of the run at this local hour; MWh in an hour are MW",
    })  # fmt: skip


def of_metrics(names: tuple[str, ...], convention: str) -> Behind:
    """Of the metrics over the run."""
    words = (
        "Sums over the run by ISO/IEC 30134; ERF and REF also rest on what the scenario says is given away and owned."
    )
    figures = tuple(_key(name, figure) for name in names for figure in ("pue", "wue_l_per_kwh", "cue_kg_per_kwh"))
    columns = ("p_total_mw", "p_it_mw", "water_l", "ci_kg_per_mwh", "tests_kg")
    return Behind(TABLE, columns, words, convention, figures).of_columns(_OF_RUN)


def of_shift() -> Behind:
    """Of the load that ran at another time."""
    words = "IT power of the run against the demand of the hall's IT load before any shifting, by local hour."
    return Behind(TABLE, ("p_it_mw",), words).of_columns({
        "Hour": "hour of `time` in local time", "As it ran [MW]": "AVG(p_it_mw) by local hour",
        "Without shifting [MW]": "mean by local hour of the demand that the hall in scenario.yaml has by itself [MW]",
    })  # fmt: skip


def of_site() -> Behind:
    """Of what stands on its site."""
    how = "Facility power, and the power of each asset on the site; over long periods means of longer intervals."
    return Behind(("data_centres", "assets"), ("p_total_mw", "p_mw", "asset"), how)


def of_bus() -> Behind:
    """Of the limits at its bus."""
    return Behind(("buses", "branches"), ("vm_pu", "loading_percent"), "Extremes over all steps at its bus and of the "
                  "lines and transformers that end there.").of_columns({
        "Element": "the bus, or a line or transformer that ends there", "Quantity": "what is compared with its limit",
        "In this run": "MIN(vm_pu), MAX(vm_pu) of the bus; MAX(loading_percent) of the line or transformer",
        "Limit": "limits of scenario.yaml; no computed number",
    })  # fmt: skip


def of_year(study: HallStudy, how: str, headings: Iterable[str] = (), *, money: bool = False) -> Behind:
    """Of what is computed of a hall over its year, from its description alone.

    Args:
        study: The study.
        how: What the card does with it, in words.
        headings: Columns of its table.
        money: Whether investments of changes are in it.
    """
    year = study.year
    words = (
        f"{how} Every hour of {year.site.clock.start.year} under the weather {year.weather}: IT load, power chain and "
        "cooling by carbon.data_centre, as a run computes them, before any shifting. PUE, WUE and CUE are ratios of "
        f"the year's sums (ISO/IEC 30134). Energy cost by {year.price}."
    )
    if money:
        words += (
            " Investments are those of carbon/data_centre/studies/changes.yaml per kW of rated IT power: orders of "
            "magnitude, unverified."
        )
    return Behind((), (), words, year.carbon).of_columns({heading: of_heading(heading) for heading in headings})


def of_rules(study: HallStudy, headings: Iterable[str]) -> Behind:
    """Of the rules, whose table has these columns."""
    return of_year(study, "Each metric against each rule of carbon/data_centre/rules; the margin is the distance from "
                   "the limit, positive where it is kept; the change is the cheapest combination of the catalogue that "
                   "keeps the rule over the year.", headings, money=True)  # fmt: skip


def of_buses(convention: str, headings: Iterable[str]) -> Behind:
    """Of the hall at other buses, whose table has these columns."""
    words = (
        "Means of each bus over the run, weighed by the hall's power in each step; CUE is the intensity times the "
        "year's PUE; marginal losses compare a MWh more at the bus with a MWh more of imports."
    )
    columns = ("ci_kg_per_mwh", "vm_pu", "price_per_mwh", "marginal_above_kg_per_mwh")
    return Behind(("buses", "nodal"), columns, words, convention).of_columns(
        {heading: of_heading(heading) for heading in headings}
    )


def of_hosting() -> Behind:
    """Of hosting capacities."""
    words = (
        "The most IT power at the bus with which every limit of the scenario is kept in every step of the run, by AC "
        "power flow, found by bisection in whole increments of 0.1 MW (app.studies.hosting); the limit that the next "
        "0.1 MW breaks is named, with outages where these were asked for."
    )
    return Behind((), (), words).of_columns({
        "Bus": "bus that was asked for", "Grid": "whether outages were asked for",
        "IT [MW]": "the largest size, in whole increments of 0.1 MW, with which no step breaks a limit",
        "At the meter [MW]": "the highest facility power of a hall of that size over the steps",
        "Stopped by": "element whose limit the next increment breaks first",
        "Next would be": "its value with the next increment, against its limit",
        "When": "the step in which that is, in local time",
    })  # fmt: skip


def _key(name: str, figure: str) -> str:
    return f"data_centres.{name}.{figure}"
