"""The pandapower net of a step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    source: Annotated[Path, typer.Argument(metavar="SCENARIO-or-RESULT", help="Scenario file or result folder.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write (.json).")],
    step: Annotated[int, typer.Option(help="Step of the run.")] = 0,
) -> None:
    """Write the pandapower net with all assets at a step of the run."""
    from app.reports.pandapower_net import export_step

    export_step(source, file, step)
    typer.echo(f"wrote {file}: step {step}, load it with pandapower.from_json")
