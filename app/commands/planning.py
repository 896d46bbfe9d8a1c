"""Studies of a long period: frontier and estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Days, ScenarioFile


def frontier(
    scenario: ScenarioFile,
    points: Annotated[int, typer.Option(min=2, help="Most points, each a dispatch of the whole period.")] = 6,
    out: Annotated[Path | None, typer.Option(help="CSV file to write the points to.")] = None,
    days: Days = None,
) -> None:
    """Say what each tonne less costs: dispatches from the cheapest to the cleanest."""
    from app.scenario import load_scenario
    from app.studies.planning import cost_against_carbon, print_frontier, write_frontier
    from app.terminal import bar
    from grid.files.output import check_output

    if out is not None:
        check_output(out, (".csv",), "--out")
    loaded = load_scenario(scenario, days)
    with bar() as progress:
        found = cost_against_carbon(loaded, points, progress)
    print_frontier(found, loaded.scenario.currency)
    if out is not None:
        write_frontier(found, out)
        typer.echo(f"wrote {out}")


def estimate(
    scenario: ScenarioFile,
    representative: Annotated[int, typer.Option(min=1, help="Days to dispatch.")] = 12,
    against_full: Annotated[bool, typer.Option("--against-full", help="Dispatch all days too: say the error.")] = False,
    days: Days = None,
) -> None:
    """Estimate cost and carbon of a long period from a few of its days, chosen and weighted by tsam."""
    from app.scenario import load_scenario
    from app.studies.planning import estimate as estimate_period
    from app.studies.planning import estimate_in_words

    loaded = load_scenario(scenario, days)
    typer.echo(estimate_in_words(estimate_period(loaded, representative, against_full=against_full), loaded))
