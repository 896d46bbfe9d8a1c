"""Where the open points of a grid would be best."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.options import Days, ScenarioFile


def open_points(
    scenario: ScenarioFile,
    sought: Annotated[str, typer.Option("--for", help="What is to be low: losses, cost or carbon.")] = "losses",
    days: Days = None,
) -> None:
    """Say which open points lower the losses of a period: exchanges that keep the grid radial, each solved in AC."""
    from app.scenario import load_scenario
    from app.twin.open_points import UNITS, open_points
    from grid.errors import InputError, nearest

    if sought not in UNITS:
        raise InputError.single("--for", f"must be one of {', '.join(UNITS)}", sought, nearest(sought, UNITS))
    loaded = load_scenario(scenario, days)
    unit = UNITS[sought] or loaded.scenario.currency
    found = open_points(loaded, sought)
    for exchange in found.exchanges:
        typer.echo(f"close {exchange.closed}, then open {exchange.opened}")
    if not found.exchanges:
        typer.echo("no exchange of two branches lowers it")
    saved = 1 - found.loss_mwh / found.loss_before_mwh if found.loss_before_mwh else 0.0
    typer.echo(f"losses: {found.loss_before_mwh:,.2f} MWh before, {found.loss_mwh:,.2f} after, {saved:.1%} less")
    if sought != "losses":
        typer.echo(f"{sought} of losses: {found.value_before:,.0f} {unit} before, {found.value:,.0f} after")
    typer.echo(f"steps and elements beyond a limit: {found.violations_before} before, {found.violations} after")
