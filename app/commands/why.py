"""Where a key figure comes from."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from app.commands.options import ResultFolder


def why(
    folder: ResultFolder, name: Annotated[str, typer.Argument(metavar="NAME", help="A key of summary.json.")]
) -> None:
    """Say where a key figure comes from, as JSON: formula, inputs, factors, convention, version, scenario."""
    from app.results.explain import why as account
    from app.results.folder import open_result

    typer.echo(json.dumps(account(open_result(folder), name).as_dict(), indent=2, ensure_ascii=False))
