"""How often and how long customers are without supply, and what to replace so that it happens less."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import ResultFolder, ScenarioFile, TableFile, TableFormat, say_table

Rates = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="CSV of fault rates by kind of branch; by default those of the RBTS."),
]
Customers = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="CSV with bus and customers; by default one at each bus with demand."),
]


def reliability(
    scenario: ScenarioFile,
    by: Annotated[str, typer.Option(help="Table by branch (what its faults cost) or by bus.")] = "branch",
    rates: Rates = None,
    customers: Customers = None,
    switching_hours: Annotated[float, typer.Option(help="Time until a fault is isolated [h].")] = 1.0,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say how often and how long customers are without supply (SAIFI, SAIDI, energy), and by whose faults."""
    from app.scenario import load_scenario
    from app.studies.ensembles.files import check_table
    from app.twin.reliability import ReliabilityCase, indices_in_words, supply_reliability
    from grid.errors import InputError, nearest

    if by not in ("branch", "bus"):
        raise InputError.single("--by", "must be branch or bus", by, nearest(by, ("branch", "bus")))
    chosen = check_table(form, out)
    found = supply_reliability(load_scenario(scenario), ReliabilityCase(rates, customers, switching_hours))
    say_table(found.branches if by == "branch" else found.buses, chosen, out)
    typer.echo(indices_in_words(found.indices), err=True)
    typer.echo(
        f"carbon of emergency supply: {found.indices.ens_mwh_per_year * found.emergency_kg_per_mwh:,.0f} kg/a "
        f"at {found.emergency_kg_per_mwh:.0f} kg/MWh", err=True,
    )  # fmt: skip
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)


def maintenance(
    result: ResultFolder,
    budget: Annotated[float, typer.Option(help="What replacements may cost, in the currency of the costs.")],
    years: Annotated[float, typer.Option(help="Years over which faults are counted.")] = 10.0,
    ages: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV with element and age_years (years in service).")
    ] = None,
    costs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table of costs, as of gridcarbon reinforce.")
    ] = None,
    rates: Rates = None,
    customers: Customers = None,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Rank equipment by what its failures will cost supply, and say what to replace within a budget."""
    from app.results.folder import open_result
    from app.studies.ensembles.files import check_table
    from app.twin.maintenance import MaintenanceCase, maintenance_plan
    from app.twin.reliability import ReliabilityCase

    chosen = check_table(form, out)
    case = MaintenanceCase(budget, years, ages, costs, ReliabilityCase(rates, customers))
    plan = maintenance_plan(open_result(result), case)
    say_table(plan.elements, chosen, out)
    replaced = plan.elements["replace"].sum()
    typer.echo(
        f"replace {replaced} for {plan.spent:,.0f} {plan.currency}: {plan.ens_avoided_mwh:,.3f} MWh more supplied in "
        f"{years:g} years, {plan.emergency_avoided_kg:,.0f} kg of emergency supply avoided", err=True,
    )  # fmt: skip
    for note in plan.notes:
        typer.echo(f"note: {note}", err=True)
