"""The run of one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.exit_status import exit_for
from app.commands.options import Days, ScenarioFile

if TYPE_CHECKING:
    from app.results.folder import Result


def run(
    scenario: ScenarioFile,
    out: Annotated[Path, typer.Option(help="The result folder.")],
    days: Days = None,
) -> None:
    """Run one scenario into a result folder; a result of the same scenario there is returned at once."""
    from app.results.run import run_scenario
    from app.scenario import load_scenario
    from app.terminal import bar

    with bar() as progress:
        result = run_scenario(load_scenario(scenario, days), out, progress)
    print_summary(result)
    exit_for(result)


def print_summary(result: Result) -> None:
    """Prints the name of a result, how its run ended, and its key figures."""
    typer.echo(f"{result.manifest['name']} ({result.manifest['strategy']}): {result.manifest['status']}")
    for key, value in result.summary.items():
        shown = "–" if value is None else f"{value:,.6g}"
        typer.echo(f"  {key:34} {shown}")
    typer.echo(f"result: {result.path}")
