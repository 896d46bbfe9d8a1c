"""Validation of a scenario."""

from __future__ import annotations

import typer

from app.commands.options import Days, ScenarioFile


def check(scenario: ScenarioFile, days: Days = None) -> None:
    """Validate a scenario, and say what it would run."""
    from app.scenario.describe import describe
    from app.scenario.load import load_scenario

    typer.echo(describe(load_scenario(scenario, days)))
