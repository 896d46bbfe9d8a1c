"""The cheapest measures after which a grid keeps its limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.exit_status import INFEASIBLE
from app.commands.options import ResultFolder

WHOLE_YEAR_DAYS = 360


def reinforce(
    folder: ResultFolder,
    costs: Annotated[Path | None, typer.Option(help="Table of costs (CSV); default: the shipped one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Table to write: .csv, .xlsx, .parquet, .md, .json.")] = None,
) -> None:
    """Say which cables, transformers, taps, storage and shifted charging keep a run's limits at least cost."""
    from app.results.folder import open_result
    from app.studies.ensembles.files import check_table, table_bytes, write
    from app.studies.reinforcement.costs import read_costs, shipped_costs
    from app.studies.reinforcement.study import reinforce as search
    from app.terminal import bar
    from grid.threads import processors

    form = check_table(None, out)
    table = read_costs(costs or shipped_costs())
    result = open_result(folder)
    with bar() as progress:
        found = search(result, table, progress, processors())
    currency = table[0].currency
    typer.echo(f"beyond limits as it is: {len(found.broken)}" + (f", worst {found.broken[0]}" if found.broken else ""))
    typer.echo(f"doing nothing: {found.cost_of_nothing:,.0f} {currency} a year of load without supply, by overloads")
    days = float(result.summary["steps"]) * float(result.summary["step_hours"]) / 24
    if days < WHOLE_YEAR_DAYS:
        typer.echo(f"  reckoned from {days:g} days as if the year were like them")
    for measure in found.chosen:
        typer.echo(f"  {measure.cost:12,.0f} {currency}/a  {measure.name}")
    unverified = sum(cost.status == "unverified" for cost in table)
    if found.kept:
        typer.echo(f"all limits kept in AC: {found.cost:,.0f} {currency} a year, {found.tests} sets tested")
    if unverified:
        typer.echo(f"{unverified} of {len(table)} costs are unverified: see the table of costs")
    if out is not None:
        import polars as pl

        names = [measure.name for measure in found.chosen]
        write(out, table_bytes(found.offered.with_columns(pl.col("measure").is_in(names).alias("chosen")), form))
        typer.echo(f"wrote {out}: {found.offered.height} measures")
    if not found.kept:
        typer.echo(f"no set of measures keeps all limits; left: {', '.join(found.left[:10])}", err=True)
        raise typer.Exit(INFEASIBLE)
