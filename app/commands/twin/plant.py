"""The city's small plants as one."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.options import Days, ScenarioFile, TableFile, TableFormat, say_table


def plant(
    scenario: ScenarioFile,
    change: Annotated[
        list[float] | None,
        typer.Option(help="Change of withdrawal that is asked [MW], below 0 for drawing less; repeatable."),
    ] = None,
    step: Annotated[int, typer.Option(help="Step of the scenario in which the change begins.")] = 0,
    hours: Annotated[float, typer.Option(min=0.01, help="How long it lasts [h].")] = 1.0,
    assets: Annotated[bool, typer.Option("--assets", help="What each asset does for it, instead of the bids.")] = False,
    days: Days = None,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say what all assets can do together as one plant; with --change, what they ask for it and what each then does."""
    from app.scenario import load_scenario
    from app.studies.ensembles.files import check_table
    from app.twin.virtual_plant import (
        PowerChange,
        ask,
        asset_table,
        bid_table,
        plants_problem,
        region_table,
        settlement_lines,
    )

    chosen = check_table(form, out)
    loaded = load_scenario(scenario, days)
    problem = plants_problem(loaded)
    if not change:
        say_table(region_table(problem), chosen, out)
        return
    asked = ask(problem, PowerChange(step, hours, change))
    for line in settlement_lines(asked, loaded.scenario.currency):
        typer.echo(line, err=True)
    say_table(asset_table(asked) if assets else bid_table(asked), chosen, out)
