"""The day of one bus, line or transformer: all that the result's tables hold of it, with its limits."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.figures import element
from app.dashboard.grid_map.geometry import branch_names, bus_names
from app.dashboard.view import View
from app.results.folder import Result

_OF_BUS = {
    "buses": ("ci_kg_per_mwh", "renewable_share", "vm_pu"),
    "nodal": ("price_per_mwh", "marginal_above_kg_per_mwh"),
}
_OF_BRANCH = {"branches": ("loading_percent", "p_from_mw", "p_to_mw")}


def element_day(view: View, kind: str, name: str, day: dt.date) -> Component:
    """The charts of one bus (`kind` is ``bus``) or branch over one local day, with their numbers as a table."""
    known = bus_names(view.result) if kind == "bus" else branch_names(view.result)
    if name not in known:
        return cards.nothing(
            "The day of an element", f"This result has no {'bus' if kind == 'bus' else 'line'} {name}."
        )
    rows = day_of(view.result, kind, name, day, view.zone)
    about = view.result.topology["buses" if kind == "bus" else "branches"][known.index(name)]
    currency = str(view.result.manifest.get("currency", "currency"))
    if kind == "bus":
        where, words = str(about.get("zone") or ""), view.convention
        chart = element.bus_day(rows, view.result.scenario.get("limits") or {}, currency, view.zone, view.theme)
    else:
        where = {"trafo": "Transformer"}.get(str(about["kind"]), str(about["kind"]).capitalize())
        words = "Loading by current over rating; power is positive from the first bus to the second."
        chart = element.branch_day(rows, about.get("loading_max_percent"), view.zone, view.theme)
    title = f"{name} on {day:%a} {day.day} {day:%B %Y}"
    table = rows.with_columns(pl.col("time").dt.convert_time_zone(view.zone).dt.strftime("%H:%M")).rename(
        _HEADINGS, strict=False
    )
    return cards.chart(
        title,
        f"{where}. {words}" if where else words,
        chart,
        key="element-day",
        table=table,
        digits=4,
        why=_BEHIND[kind == "bus"],
    )


_HEADINGS = {
    "time": "Time", "ci_kg_per_mwh": "g/kWh", "renewable_share": "Renewable share", "vm_pu": "Voltage [pu]",
    "price_per_mwh": "Price per MWh", "marginal_above_kg_per_mwh": "Marginal g/kWh",
    "loading_percent": "Loading [%]", "p_from_mw": "Power [MW]", "loss_kw": "Losses [kW]",
}  # fmt: skip


_BEHIND = {
    True: cards.Behind(("buses", "nodal"), (*_OF_BUS["buses"], *_OF_BUS["nodal"]),
                       "All steps of the local day at the bus, as they are in the tables.").of_columns({
        "Time": "`time` in local time", "g/kWh": "ci_kg_per_mwh, which in g/kWh is the same number",
        "Renewable share": "renewable_share", "Voltage [pu]": "vm_pu", "Price per MWh": "price_per_mwh",
        "Marginal g/kWh": "marginal_above_kg_per_mwh, which in g/kWh is the same number",
    }),
    False: cards.Behind(("branches",), _OF_BRANCH["branches"], "All steps of the local day at the line or transformer; "
                        "its losses are the power that enters it at both ends.").of_columns({
        "Time": "`time` in local time", "Loading [%]": "loading_percent", "Power [MW]": "p_from_mw",
        "Losses [kW]": "1000 * (p_from_mw + p_to_mw)",
    }),
}  # fmt: skip
"""What the charts of a bus, or of a branch, are made from."""


def day_of(result: Result, kind: str, name: str, day: dt.date, zone: str) -> pl.DataFrame:
    """All that is known of a bus or branch on a local day.

    Returns:
        `time` in UTC, ascending, and its columns of the tables `buses` and `nodal`, or of `branches` with `loss_kw`.
    """
    key, tables = ("bus", _OF_BUS) if kind == "bus" else ("branch", _OF_BRANCH)
    first = dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    last = first + dt.timedelta(days=1)  # on the wall clock, so that days of 23 and 25 hours are whole
    within = (pl.col("time") >= first.astimezone(dt.UTC)) & (pl.col("time") < last.astimezone(dt.UTC))
    frames = [
        result.table(table).filter(within).filter(pl.col(key).cast(pl.String) == name)
        .select("time", *(pl.col(column).cast(pl.Float64) for column in columns)).collect()
        for table, columns in tables.items()
    ]  # fmt: skip
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame, on="time", how="left")
    if kind != "bus":
        joined = joined.with_columns(loss_kw=1000 * (pl.col("p_from_mw") + pl.col("p_to_mw"))).drop("p_to_mw")
    return joined.sort("time")
