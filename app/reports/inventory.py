"""From a result folder to the city's inventory, the reconciliation of its books, and its consumers' statements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from app.reports.consumers import overlap, read_consumer, read_consumer_carbon
from app.reports.contracts import read_claims
from app.reports.losses import lost_mwh_of_lines, of_convention, traced_conventions
from app.results.columns import LEDGER_TERMS
from app.results.folder import Result
from carbon.inventory import (
    LOCAL_GENERATION,
    Combustion,
    Inventory,
    RunElectricity,
    calendar_years,
    compile_inventory,
    read_activities,
)
from carbon.ledgers.reconciliation import CarbonTotals, Reconciliation, ReconciliationRow, reconcile
from carbon.reporting.scope2 import scope2_by_consumer
from carbon.reporting.statement import Provenance, hours_csv, statement_document, write_statement
from carbon.tracing.convention_names import LOSS_ENTRY, OPERATOR, check_traced, in_words
from grid.errors import Fault, raise_if_any
from grid.time.clock import Clock
from grid.units import LHV_HYDROGEN_MWH_PER_KG

CARS = "cars, net at the meter"


def city_inventory(
    result: Result,
    activities: Path | None = None,
    *,
    base_year: int | None = None,
    population: int | None = None,
    floor_area_m2: float | None = None,
    convention: str = OPERATOR,
) -> Inventory:
    """The city's inventory by GPC over the period of a run.

    The protocol leaves the losses of the grid to the lines x.3 [1], which is the convention ``operator``: under another
    BASIC, which leaves these lines out, would change with the convention.

    Args:
        result: The result.
        activities: CSV of everything else than electricity; see `carbon.inventory.read_activities`.
        base_year: Default: the year of the run.
        population: Inhabitants.
        floor_area_m2: Floor area [m²].
        convention: Who bears the losses of the grid; ``operator``.

    Raises:
        InputError: If the convention is another, the run counts life-cycle emissions, or the table is faulty.

    References:
        [1] World Resources Institute et al.: "Global Protocol for Community-Scale Greenhouse Gas Inventories",
            version 1.1, 2021, chapter 6.
    """
    faults = []
    if convention != OPERATOR:
        rule = f"an inventory by GPC counts losses of the grid in lines x.3: it must be '{OPERATOR}'"
        faults.append(Fault("--convention", rule, convention, OPERATOR))
    if result.manifest["boundary"] != "direct":
        rule = "an inventory by GPC counts direct emissions; run the scenario with carbon.boundary: direct"
        faults.append(Fault("carbon.boundary", rule, result.manifest["boundary"]))
    raise_if_any(faults, str(result.path))
    year = result.table("ledger").select(pl.col("time").first().dt.year()).collect().item()
    return compile_inventory(
        run_electricity(result),
        () if activities is None else read_activities(activities),
        base_year=base_year or int(year),
        population=population,
        floor_area_m2=floor_area_m2,
    )


def run_electricity(result: Result) -> RunElectricity:
    """What a run says of the city's electricity."""
    rows = _sectors(result, OPERATOR)
    local = [values for name, values in _sums(result, "sources", "source", "energy_mwh", "emissions_kg").items()
             if name != "import"]  # fmt: skip
    summary, manifest = result.summary, result.manifest
    return RunElectricity(
        hours=float(summary["steps"]) * float(summary["step_hours"]),
        sector_mwh={code: values[0] for code, values in rows.items()} | lost_mwh_of_lines(result),
        sector_kg={code: values[1] for code, values in rows.items()},
        generation_mwh=sum(values[0] for values in local),
        generation_kg=sum(values[1] for values in local),
        gas=str(manifest.get("gas", "CO2e")),
        source=f"scenario {manifest['name']!r}, factors {manifest['factor_set']}",
        reductions={
            "ev_driven_km": float(summary["ev_driven_km"] or 0.0),
            "heat_pump_heat_mwh": float(summary.get("heat_pump_heat_mwh") or 0.0),
        },
        years=calendar_years(_clock(result)),
        hydrogen_mwh=float(summary.get("hydrogen_kg") or 0.0) * LHV_HYDROGEN_MWH_PER_KG,
        combustion=_combustion(result),
        generation_biogenic_kg=_biogenic_kg(result),
        factor_quality="L" if any(f["status"] == "unverified" for f in manifest["factors"]) else "M",
        hydrogen_kg=float(result.table("ledger").select(pl.col("fuel_kg").sum()).collect().item()),
    )


def _combustion(result: Result) -> tuple[Combustion, ...]:
    """Fuel burnt for heat beside electricity, and in tests of emergency generators."""
    columns = [pl.col(name).cast(pl.String) for name in ("gpc_code", "asset", "use", "fuel")]
    sums = pl.col("energy_mwh", "emissions_kg", "biogenic_kg").sum()
    rows = result.table("fuels").with_columns(columns).filter(pl.col("gpc_code") != LOCAL_GENERATION)
    grouped = rows.group_by("gpc_code", "asset", "use", "fuel").agg(sums).sort("gpc_code", "asset", "use").collect()
    return tuple(
        Combustion(code, f"{asset}: {fuel.replace('_', ' ')} for {use}", *values)
        for code, asset, use, fuel, *values in grouped.iter_rows()
    )


def _biogenic_kg(result: Result) -> float:
    """CO2 of biomass of local generation that burns fuel [kg]."""
    own = result.table("fuels").filter(pl.col("gpc_code").cast(pl.String) == LOCAL_GENERATION)
    return float(own.select(pl.col("biogenic_kg").sum()).collect().item() or 0.0)


def reconcile_run(result: Result, convention: str = OPERATOR) -> Reconciliation:
    """Tracing, inventory and scope 2 of a run side by side, under a convention."""
    terms = [f"{term}_kg" for term in LEDGER_TERMS]
    (row,) = of_convention(result, "convention_ledgers", convention).select(terms).collect().iter_rows()
    totals = CarbonTotals(*row)
    sectors = {code: kg for code, (_, kg) in _sectors(result, convention).items()}
    centres = result.table("data_centres").select(pl.col("name").cast(pl.String).unique().sort()).collect()["name"]
    own = {f"data centre {name}": _kg_of(result, name, convention) for name in centres}
    if totals.vehicle:
        own[CARS] = totals.vehicle
    books = reconcile(totals, sectors, own)
    return Reconciliation(tuple(_worded(row, convention) for row in books.rows))


def _worded(entry: ReconciliationRow, convention: str) -> ReconciliationRow:
    """The losses as those of whom the convention names."""
    return replace(entry, name=LOSS_ENTRY[convention]) if entry.name == LOSS_ENTRY[OPERATOR] else entry


def _kg_of(result: Result, name: str, convention: str) -> float:
    return float(read_consumer_carbon(result, name, convention)["emissions_kg"].sum())


def inventory_about(result: Result) -> dict[str, str]:
    """What an inventory of a run says of itself."""
    manifest = result.manifest
    return {
        "city": str(manifest["name"]),
        "scenario": result.scenario_hash,
        "strategy": str(manifest["strategy"]),
        "convention": in_words(OPERATOR),
        "gridcarbon": str(manifest["versions"]["gridcarbon"]),
    }


def inventory_sources(result: Result) -> list[str]:
    """Sources of the factors of a run, with how far they were checked, and licences of its data."""
    sets = [f"{s['name']}: {s['title']}, {s['source']} ({s['status']})" for s in result.manifest["factor_sets"]]
    return sets + list(result.manifest["data_licences"])


def consumer_statement(
    result: Result, name: str, contracts: Path | None, convention: str = OPERATOR
) -> tuple[dict[str, Any], str]:
    """The carbon statement of one consumer of a run, and its steps as CSV.

    Args:
        result: The result.
        name: A data centre, an asset, or a GPC line.
        contracts: YAML file of contracts and certificates.
        convention: Who bears the losses of the grid.

    Raises:
        InputError: If there is no such consumer, the run did not trace the convention, or the contracts are faulty.
    """
    check_traced(convention, traced_conventions(result))
    claims = read_claims(contracts, result)
    users = [
        read_consumer(result, user, claims.market.region, convention)
        for user in dict.fromkeys((name, *claims.consumers))
    ]
    outcome = scope2_by_consumer(users, claims.contracts, claims.market)[name]
    manifest = result.manifest
    provenance = Provenance(
        scenario=str(manifest["name"]),
        scenario_sha256=result.scenario_hash,
        code_version=str(manifest["versions"]["gridcarbon"]),
        convention=in_words(convention),
        boundary=str(manifest["boundary"]),
        factor_sets=tuple(manifest["factor_sets"]),
        data_licences=tuple(manifest["data_licences"]),
        basis={**manifest["basis"], "gas": str(manifest["gas"])},
    )
    clock = _clock(result)
    free = claims.carbon_free_mwh(outcome.covered_mwh, clock.n_steps)
    parts = overlap(result, name)
    document = statement_document(outcome, free, clock, provenance, parts, claims.contracts)
    return document, hours_csv(outcome, clock)


def export_statement(
    result: Result, name: str, contracts: Path | None, out: Path, convention: str = OPERATOR
) -> tuple[Path, Path]:
    """Writes the statement of a consumer and its steps; returns both paths."""
    return write_statement(*consumer_statement(result, name, contracts, convention), out)


def _clock(result: Result) -> Clock:
    import datetime as dt  # noqa: PLC0415

    start = result.table("ledger").select(pl.col("time").first()).collect().item().astimezone(dt.UTC)
    return Clock(start, dt.timedelta(hours=float(result.summary["step_hours"])), int(result.summary["steps"]))


def _sums(result: Result, table: str, key: str, *columns: str) -> dict[str, tuple[float, ...]]:
    """Sums of columns by a name."""
    frame = result.table(table).group_by(pl.col(key).cast(pl.String)).agg(pl.col(*columns).sum()).sort(key).collect()
    return {name: tuple(values) for name, *values in frame.iter_rows()}


def _sectors(result: Result, convention: str) -> dict[str, tuple[float, ...]]:
    """Energy and emissions of each GPC line under a convention [MWh, kg]."""
    columns = (pl.col("gpc_code").cast(pl.String), "energy_mwh", "emissions_kg")
    rows = of_convention(result, "conventions", convention).select(columns).sort("gpc_code").collect()
    return {code: tuple(values) for code, *values in rows.iter_rows()}
