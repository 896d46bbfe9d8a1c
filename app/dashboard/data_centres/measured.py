"""What the result itself holds of a data centre: its figures, its hours, what was shifted, its power and its bus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.data_centres import behind
from app.dashboard.figures import data_centre_year as charts
from app.dashboard.figures import data_centres as figures
from app.dashboard.local_time import hour_of_day, thinned
from app.dashboard.view import View
from app.results.folder import Result
from app.results.prepared import prepared
from app.studies.halls.site import air_of_run, folder_of, scenario_of
from carbon.data_centre import DataCentre, it_demand_mw
from carbon.tracing.convention_names import OPERATOR
from grid.errors import InputError
from grid.units import KG_PER_T

METRICS = {
    "pue": "PUE [1]", "wue": "WUE [L/kWh]", "cue": "CUE [kg/kWh]", "erf": "ERF [1]", "ref": "REF [1]",
    "renewable_share_traced": "Renewable, traced [1]", "cer": "CER [1]", "energy": "Energy [MWh]",
    "emissions": "Emissions [t]",
}  # fmt: skip
"""Metrics of a run that the table shows, and their headings."""
OF_SUMMARY = {
    "pue": "pue", "wue": "wue_l_per_kwh", "cue": "cue_kg_per_kwh", "energy": "energy_mwh", "emissions": "emissions_t",
}  # fmt: skip
"""Key figures that stand for a metric in results whose manifest holds no metrics."""

_SCALE = {"emissions": KG_PER_T}
"""What metrics of a manifest are divided by to be in the unit of their heading."""


def totals(view: View) -> pl.DataFrame:
    """The metrics of each data centre over the run, one row each; null where a result has none."""
    names = view.result.table("data_centres").select(pl.col("name").cast(pl.String)).unique().collect()["name"].sort()
    rows = [{"Data centre": name} | _metrics(view, name) for name in names]
    return pl.DataFrame(rows, schema={"Data centre": pl.String} | dict.fromkeys(METRICS.values(), pl.Float64))


def _metrics(view: View, name: str) -> dict[str, float | None]:
    given: Mapping[str, Any] = dict(view.result.manifest.get("data_centre_metrics") or {}).get(name, {})
    summary = view.result.summary
    found = {}
    for metric, heading in METRICS.items():
        key = OF_SUMMARY.get(metric)
        known = summary.get(f"data_centres.{name}.{key}") if key else None
        found[heading] = given[metric]["value"] / _SCALE.get(metric, 1.0) if metric in given else known
    return found


def rows_of(view: View, name: str) -> pl.DataFrame:
    """Rows of one data centre in the result, by time."""
    centres = view.result.table("data_centres").with_columns(pl.col("name").cast(pl.String))
    return centres.filter(pl.col("name") == name).sort("time").collect()


def sections(view: View, spec: DataCentre, limit: float) -> Iterator[Component]:
    """The cards of one data centre.

    Args:
        view: What is looked at.
        spec: The data centre.
        limit: Limit of the PUE [1].
    """
    zone, theme = view.zone, view.theme
    rows = rows_of(view, spec.name)
    frame = figures.with_water_and_carbon(rows)
    name, numbers = spec.name, partial(behind.numbers, frame, zone)
    yield cards.chart(
        view.say("PUE in this run"), "Facility energy over IT energy (ISO/IEC 30134-2).",
        figures.pue_lines(frame, zone, theme, limit), key="pue", wide=False, digits=3,
        table=numbers("p_it_mw", "p_total_mw", "pue"), why=behind.of_pue(name),
    )  # fmt: skip
    yield cards.chart(
        view.say("PUE by hour and day"), "Local time; the colours are the same for every hall and result.",
        charts.by_hour_and_day(rows, zone, theme), key="pue-hours", wide=False, digits=3,
        table=numbers("pue"), why=behind.of_hours(name),
    )  # fmt: skip
    yield cards.chart(
        view.say("What the power is for"), "Facility power by use.", figures.power_chain(rows, zone, theme),
        key="power-chain", wide=False, digits=3, why=behind.of_power(name),
        table=numbers("p_it_mw", "p_cooling_mw", "p_power_chain_mw", "p_total_mw"),
    )  # fmt: skip
    yield _origin(view, spec)
    yield cards.chart(
        view.say("Water"),
        "WUE: litres on site per kWh of IT (ISO/IEC 30134-9).", figures.wue_lines(frame, zone, theme),
        key="wue", wide=False, table=numbers("water_l", "wue_l_per_kwh"), why=behind.of_water(name),
    )  # fmt: skip
    yield cards.chart(
        view.say("Carbon"),
        f"CUE: kg per kWh of IT (ISO/IEC 30134-8). {view.convention}", figures.cue_lines(frame, zone, theme),
        key="cue", wide=False, digits=3, table=numbers("ci_kg_per_mwh", "pue", "cue_kg_per_kwh"),
        why=behind.of_carbon(name, view.convention),
    )  # fmt: skip
    yield from _shift(view, spec, rows)
    yield from _on_site(view, spec, rows)
    yield _bus(view, spec)


def _origin(view: View, spec: DataCentre) -> Component:
    table = view.result.table("data_centre_origins")
    hours = (
        table.with_columns(pl.col("name", "source", "convention").cast(pl.String))
        .filter((pl.col("name") == spec.name) & (pl.col("convention") == OPERATOR))
        .with_columns(hour_of_day(view.zone))
        .group_by("hour", "source")
        .agg(pl.col("energy_mwh").mean().alias("p_mw"))
        .sort("hour", "source")
        .collect()
    )
    return cards.chart(
        view.say("Where its power comes from"),
        "Mean over the run by local hour, traced to its bus; the grid operator bears "
        "the losses.", charts.origins(hours, view.theme), key="dc-origins", wide=False,
        table=hours.select(pl.col("hour").alias("Hour"), pl.col("source").alias("Source"),
                           pl.col("p_mw").alias("Power [MW]")),
        why=behind.of_origins(view.convention),
    )  # fmt: skip


def _shift(view: View, spec: DataCentre, rows: pl.DataFrame) -> Iterator[Component]:
    """IT power as it ran against what it would have been, where any of it may be shifted."""
    if spec.deferrable_share == 0:
        return
    scenario = scenario_of(view.result)
    clock, zone = scenario.clock, scenario.city.time_zone
    try:
        air = air_of_run(view.result)
        unshifted = it_demand_mw(spec, clock, zone, air, folder_of(view.result))
    except InputError as error:
        yield cards.nothing("Load shift", f"What would have run without shifting cannot be worked out: {error}")
        return
    if unshifted.size != rows.height:
        return
    both = rows.select("time", pl.col("p_it_mw").alias("ran_mw"), pl.Series("unshifted_mw", unshifted))
    hours = both.group_by(hour_of_day(view.zone)).agg(pl.col("ran_mw", "unshifted_mw").mean()).sort("hour")
    moved = float((both["ran_mw"] - both["unshifted_mw"]).clip(lower_bound=0).sum()) * clock.step_hours
    yield cards.chart(
        view.say("Load shift"),
        f"{moved:.1f} MWh of IT energy ran at another time; up to {100 * spec.deferrable_share:.0f}\u00a0% may. "
        "Means of the run by local hour.",
        charts.shifted_load(hours, view.theme), key="dc-shift", wide=not spec.on_site_assets,
        table=hours.select(pl.col("hour").alias("Hour"), pl.col("ran_mw").alias("As it ran [MW]"),
                           pl.col("unshifted_mw").alias("Without shifting [MW]")),
        why=behind.of_shift(),
    )  # fmt: skip


def _on_site(view: View, spec: DataCentre, rows: pl.DataFrame) -> Iterator[Component]:
    """What stands on its site, where anything does."""
    names = [asset.name for asset in spec.on_site_assets]
    if not names:
        return
    assets = view.result.table("assets").with_columns(pl.col("asset").cast(pl.String).alias("name"))
    own = assets.filter(pl.col("name").is_in(names)).group_by("time", "name").agg(pl.col("p_mw").sum()).collect()
    draws = rows.select("time", pl.lit("drawn by the data centre").alias("name"), pl.col("p_total_mw").alias("p_mw"))
    frame, _ = thinned(pl.concat([draws, own.select(draws.columns)]), view.zone, by=("name",))
    yield cards.chart(
        view.say("On its site"), "What it draws, and what its PV and its battery do; feeding in is negative.",
        charts.power_at_its_bus(frame, view.theme), key="dc-on-site", wide=spec.deferrable_share == 0,
        why=behind.of_site(),
    )  # fmt: skip


def _voltages(result: Result, bus: str) -> pl.DataFrame:
    """The lowest and the highest voltage of a bus [pu], in one row."""
    rows = result.table("buses").filter(pl.col("bus").cast(pl.String) == bus)
    return rows.select(pl.col("vm_pu").min().alias("low"), pl.col("vm_pu").max().alias("high")).collect()


def _loadings(result: Result, branches: list[str]) -> pl.DataFrame:
    """The highest loading of each of some `branch` [%], as `most`, the highest first."""
    rows = result.table("branches").select(pl.col("branch").cast(pl.String), "loading_percent")
    of_branch = rows.filter(pl.col("branch").is_in(branches)).group_by("branch")
    return of_branch.agg(pl.col("loading_percent").max().alias("most")).sort("most", descending=True).collect()


def _bus(view: View, spec: DataCentre) -> Component:
    """Voltage and loading where it stands, against their limits."""
    limits = view.result.scenario.get("limits") or {}
    ends = {branch["name"]: branch["kind"] for branch in view.result.topology["branches"]
            if spec.bus in (branch["from_bus"], branch["to_bus"])}  # fmt: skip
    result = view.result
    low, high = prepared(result, f"voltages at {spec.bus}", lambda: _voltages(result, spec.bus)).row(0)
    most = prepared(result, f"loadings at {spec.bus}", lambda: _loadings(result, list(ends)))
    rows: list[tuple[str, str, float | None, float | None]] = [
        (spec.bus, "lowest voltage [pu]", low, limits.get("vm_min_pu")),
        (spec.bus, "highest voltage [pu]", high, limits.get("vm_max_pu")),
    ]
    for name, value in most.iter_rows():
        kind = "trafo" if str(ends[name]).startswith("trafo") else "line"
        rows.append((name, "highest loading [%]", value, limits.get(f"{kind}_loading_max_percent")))
    table = pl.DataFrame(
        rows, schema={"Element": pl.String, "Quantity": pl.String, "In this run": pl.Float64, "Limit": pl.Float64},
        orient="row",
    )  # fmt: skip
    return cards.table_card(
        view.say("Limits at its bus"),
        f"{spec.name} stands at {spec.bus}. Limits are the scenario's; a dash is one of the net.",
        table, digits=3, key="dc-bus-limits", why=behind.of_bus(),
    )  # fmt: skip
