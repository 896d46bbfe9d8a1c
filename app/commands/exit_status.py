"""Exit statuses besides 0, and the one that a result ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from app.results.folder import Result

DEFECT = 1
"""gridcarbon itself failed."""
WRONG_INPUT = 2
"""The input is wrong; nothing was written."""
INFEASIBLE = 3
"""A need could not be met or a limit not be kept; the result was written and says which."""


def exit_for(result: Result) -> None:
    """Ends with status 3 where the result is infeasible, after naming the limits in conflict on standard error.

    Raises:
        typer.Exit: With status 3.
    """
    if result.manifest["status"] != "infeasible":
        return
    typer.echo("infeasible: not every need and limit can be kept; see violations.parquet", err=True)
    for conflict in result.manifest["limits_in_conflict"]:
        typer.echo(f"  {conflict['element']}: {conflict['quantity']} above {conflict['limit']:g}", err=True)
    raise typer.Exit(INFEASIBLE)
