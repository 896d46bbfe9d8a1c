"""The run of one scenario."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.exit_status import exit_for
from app.commands.options import Days, ScenarioFile

if TYPE_CHECKING:
    from app.results.folder import Result


PREPARED_FROM = 2688
"""Steps from which what the dashboard needs of the tables of a result is made with it: four weeks of quarter hours."""
UNITS = {"1": "", "currency": "{currency}"}
"""What is printed for units that are not their own name."""


def run(
    scenario: ScenarioFile,
    out: Annotated[Path, typer.Option(help="The result folder.")],
    days: Days = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes for the spans of the dispatch (dispatch.spans); default: one.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler for them instead, such as tcp://host:8786.")
    ] = None,
) -> None:
    """Run one scenario into a result folder; a result of the same scenario there is returned at once."""
    from grid.memory import return_memory_of_tables_soon

    return_memory_of_tables_soon()
    from app.batch.apart import spans_apart
    from app.results.run import run_scenario
    from app.scenario import load_scenario
    from app.terminal import bar

    loaded = load_scenario(scenario, days)
    with spans_apart(loaded, processes, scheduler) as apply, bar() as progress:
        result = run_scenario(loaded, out, progress, apply)
    print_summary(result)
    prepare_long(result)
    exit_for(result)


def prepare_long(result: Result) -> None:
    """Makes what the dashboard needs of a long result; that of a short one takes little time when it is opened."""
    if int(result.summary.get("steps") or 0) < PREPARED_FROM:
        return
    from app.dashboard.preparing import prepare

    begun = time.perf_counter()
    prepare(result.path)
    typer.echo(f"prepared for the dashboard in {time.perf_counter() - begun:.1f} s")


def print_summary(result: Result) -> None:
    """Prints the name of a result, how its run ended, and its key figures."""
    from app.results.key_figures import figure_named

    typer.echo(f"{result.manifest['name']} ({result.manifest['strategy']}): {result.manifest['status']}")
    currency = str(result.manifest["currency"])
    for key, value in result.summary.items():
        unit = figure_named(key).figure.unit
        shown = "–" if value is None else f"{value:,.6g} {UNITS.get(unit, unit).format(currency=currency)}".rstrip()
        typer.echo(f"  {key:34} {shown}")
    typer.echo(f"result: {result.path}")
