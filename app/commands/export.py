"""A step of a run in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    source: Annotated[Path, typer.Argument(metavar="SCENARIO-or-RESULT", help="Scenario file or result folder.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .json, .xlsx, .geojson or .gpkg.")],
    step: Annotated[int | None, typer.Option(help="Step of the run; by default the first.")] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="pandapower-json, pandapower-xlsx, power-grid-model, geojson or geopackage; by default as FILE ends.",
        ),
    ] = None,
    extremes: Annotated[
        bool, typer.Option("--extremes", help="Put the least and highest results of all steps into a map.")
    ] = False,
) -> None:
    """Write the grid with all assets at a step of the run, for others to check or to draw."""
    from app.reports.exported_grid import export_step
    from grid.city.export import form_of

    at, left_out = export_step(source, file, step, form, extremes=extremes)
    how = "load it with pandapower.from_json" if form_of(file, form) == "pandapower-json" else form_of(file, form)
    of = f"least and highest results of all steps, loads and plants at step {at}" if extremes else f"step {at}"
    typer.echo(f"wrote {file}: {of}, {how}")
    if left_out:
        typer.echo(f"  not in it: {', '.join(left_out)}")
