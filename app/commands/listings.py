"""What is known without any scenario: emission factors and the scenario's schema."""

from __future__ import annotations

import json

import typer


def factors() -> None:
    """List the sets of emission factors with their sources."""
    from app.scenario.describe import factor_table

    typer.echo(factor_table())


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from app.scenario.schema import schema as scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2))
