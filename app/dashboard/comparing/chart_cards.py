"""The cards of small multiples: the main charts of all compared results on one scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.comparing import multiples
from app.dashboard.comparing.chosen import ResultComparison
from app.dashboard.figures import frames
from app.dashboard.view import View
from app.results.folder import Result

ONE_SCALE = "One panel a result, all on one scale."
_RESULT = {"Result": "label of the result whose tables are read"}
_POWERS = ("import", "export", "generation", "storage", "consumption", "loss")


def multiple_cards(view: View, compared: ResultComparison) -> Iterator[Component]:
    """Power, emissions by hour, charging of cars, and loading of lines, of the results that may be compared."""
    shown = {one.label: one.result for one in compared.every if not one.reason}
    yield cards.chart(
        view.say("Where the power comes from, side by side"),
        f"{ONE_SCALE} What leaves the city or charges its stores stands below zero.",
        multiples.power_stacks(shown, view.zone, view.theme), key="compare-power", table=_powers(shown),
        why=cards.Behind(
            ("city",), ("import_mw", "generation_mw", "storage_mw", "export_mw", "consumption_mw", "loss_mw"),
            "Power of every step of each result; over long periods the mean of the shortest interval that leaves at "
            "most 1,000 points. The table: means over the period.", "", ("consumption_mwh", "peak_import_mw"),
        ).of_columns(_RESULT | {f"{name.capitalize()} [MW, mean]": f"AVG({name}_mw)" for name in _POWERS}),
    )  # fmt: skip
    yield cards.chart(
        view.say("Emissions of an average day, side by side"),
        f"{ONE_SCALE} {view.convention}",
        multiples.emissions_by_hour(shown, view.zone, view.theme), key="compare-hours", table=_hours(shown, view.zone),
        why=cards.Behind(
            ("sectors",), ("gpc_code", "emissions_kg"),
            "Emissions of each step of each result, summed by GPC line and hour, then averaged over the days by local "
            "hour of the day.", view.convention, ("emissions_t",),
        ).of_columns({
            "Sector": "`gpc_code` with its name", "Hour": "hour of `time` in local time",
            **{f"{name} [kg/h]": "SUM(emissions_kg) of each local day and hour of that result; the mean over the days"
               for name in shown},
        }),
    )  # fmt: skip
    yield from _cars(view, shown)
    yield from _loading(view, shown)


def _cars(view: View, shown: Mapping[str, Result]) -> Iterator[Component]:
    powers = {name: frames.power_of_fleets(one) for name, one in shown.items() if frames.charging_fleets(one)}
    powers = {name: power for name, power in powers.items() if not power.is_empty()}
    if powers:
        yield cards.chart(
            view.say("When cars charge, side by side"), f"{ONE_SCALE} What they give back stands below zero.",
            multiples.charging(powers, view.zone, view.theme), key="compare-charging", table=_charged(powers),
            why=cards.Behind(("assets",), ("drawn_mw", "fed_in_mw"), "Sums over all fleets and buses in each step of "
                             "each result.", "", ("ev_energy_mwh", "v2g_energy_mwh")).of_columns(_RESULT | {
                "Highest charging [MW]": "MAX over steps of SUM(drawn_mw)",
                "Highest feeding in [MW]": "MAX over steps of SUM(fed_in_mw)",
            }),
        )  # fmt: skip


def _loading(view: View, shown: Mapping[str, Result]) -> Iterator[Component]:
    curves = {name: multiples.duration_curve(one) for name, one in shown.items()}
    curves = {name: curve for name, curve in curves.items() if curve.size}
    if not curves:
        return
    limit = (view.result.scenario.get("limits") or {}).get("line_loading_max_percent")
    quantiles = [0, 1, 5, 10, 25, 50, 100]
    rows = {"Passed in [% of steps]": quantiles} | {
        name: [float(curve[round(share / 100 * (curve.size - 1))]) for share in quantiles]
        for name, curve in curves.items()
    }
    yield cards.chart(
        view.say("How long lines are loaded how much, side by side"),
        f"{ONE_SCALE} The worst line of each step, sorted; dotted: {next(iter(curves))}."
        + ("" if limit is None else " Dashed: the limit."),
        multiples.loading_durations(curves, None if limit is None else float(limit), view.theme),
        key="compare-loading", table=pl.DataFrame(rows),
        why=cards.Behind(("branches",), ("loading_percent", "kind"), "The greatest loading of any line in each step of "
                         "each result, sorted in descending order.", "", ("line_loading_max_percent",)).of_columns({
            "Passed in [% of steps]": "the shares that the table lists",
            **dict.fromkeys(curves, "MAX(loading_percent) over lines, passed in this share of its steps"),
        }),
    )  # fmt: skip


def _powers(shown: Mapping[str, Result]) -> pl.DataFrame:
    """Mean powers of each result."""
    means = [
        one.table("city").select(pl.col(f"{name}_mw").mean() for name in _POWERS).collect() for one in shown.values()
    ]
    frame = pl.concat(means).rename({f"{name}_mw": f"{name.capitalize()} [MW, mean]" for name in _POWERS})
    return frame.insert_column(0, pl.Series("Result", list(shown)))


def _hours(shown: Mapping[str, Result], zone: str) -> pl.DataFrame:
    """Emissions of each sector in each hour, a column a result [kg/h]."""
    columns = [frames.hourly_sectors(one, zone).with_columns(pl.lit(name).alias("result"))
               for name, one in shown.items()]  # fmt: skip
    table = pl.concat(columns).pivot("result", index=["sector", "hour"], values="emissions_kg")
    return table.rename({"sector": "Sector", "hour": "Hour", **{name: f"{name} [kg/h]" for name in shown}})


def _charged(powers: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    rows = [{"Result": name, "Highest charging [MW]": power["charging_mw"].max(),
             "Highest feeding in [MW]": power["v2g_mw"].max()} for name, power in powers.items()]  # fmt: skip
    return pl.DataFrame(rows)
