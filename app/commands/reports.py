"""Documents made of a result: inventory and statement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import ResultFolder


def inventory(
    folder: ResultFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to write (.xlsx).")],
    activities: Annotated[Path | None, typer.Option(help="CSV of fuels, waste and processes.")] = None,
    base_year: Annotated[int | None, typer.Option(help="Base year; default: that of the run.")] = None,
    population: Annotated[int | None, typer.Option(min=1, help="Inhabitants.")] = None,
    floor_area: Annotated[float | None, typer.Option(min=1.0, help="Floor area [m²].")] = None,
    convention: Annotated[str, typer.Option(help="Who bears the losses; by GPC it is the operator.")] = "operator",
) -> None:
    """Write the city's greenhouse-gas inventory by GPC as a workbook, with its reconciliation."""
    from app.reports.inventory import city_inventory, inventory_about, inventory_sources, reconcile_run
    from app.results.folder import open_result
    from carbon.inventory.workbook import ENDING, PLACE, write_workbook
    from grid.files.output import check_output

    check_output(file, (ENDING,), PLACE)
    result = open_result(folder)
    made = city_inventory(
        result, activities, base_year=base_year, population=population, floor_area_m2=floor_area, convention=convention
    )
    books = reconcile_run(result)
    write_workbook(made, books, inventory_about(result), inventory_sources(result), file)
    typer.echo(f"BASIC {made.basic_kg / 1000:,.1f} t, BASIC+ {made.basic_plus_kg / 1000:,.1f} t CO2e in the period")
    for note in made.notes:
        typer.echo(f"  {note}")
    for row in books.rows:
        typer.echo(f"  {row.book:8} {'= ' * row.total}{row.name}: {row.kg:z,.3f} kg")
    typer.echo(f"wrote {file}")


def statement(
    folder: ResultFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Statement to write (.json); its steps go beside it.")],
    consumer: Annotated[str, typer.Option(help="A data centre, an asset, or a GPC line such as I.1.2.")],
    contracts: Annotated[Path | None, typer.Option(help="YAML file of contracts and certificates.")] = None,
    convention: Annotated[
        str, typer.Option(help="Who bears the losses: operator, load, generator or average.")
    ] = "operator",
) -> None:
    """Write the carbon statement of one consumer: scope 2 by both methods, 24/7 score, provenance."""
    from app.reports.inventory import export_statement
    from app.results.folder import open_result
    from carbon.reporting.statement import check_statement_file

    check_statement_file(file)
    document, hours = export_statement(open_result(folder), consumer, contracts, file, convention)
    typer.echo(f"wrote {document} and {hours}")
