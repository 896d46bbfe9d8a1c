"""Validation of a scenario."""

from __future__ import annotations

import typer

from app.commands.options import Days, ScenarioFile


def check(scenario: ScenarioFile, days: Days = None) -> None:
    """Validate a scenario, and say what it would run."""
    from app.scenario import load_scenario
    from app.scenario.describe import describe_scenario

    typer.echo(describe_scenario(load_scenario(scenario, days)))
