"""What is known without any scenario: emission factors, tariffs and the scenario's schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def factors() -> None:
    """List the sets of emission factors with their sources."""
    from app.scenario.describe import factor_table

    typer.echo(factor_table())


def tariffs() -> None:
    """List the shipped tariffs with their sources."""
    from app.scenario.tariffs import tariffs_in_words

    typer.echo(tariffs_in_words())


def schema(
    sweep: Annotated[bool, typer.Option("--sweep", help="That of sweep files.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, or of sweep files, for editors."""
    from app.batch.sweep.schema import schema as sweep_schema
    from app.scenario.schema import schema as scenario_schema

    typer.echo(json.dumps(sweep_schema() if sweep else scenario_schema(), indent=2))
