"""Designs of a data centre side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Days


def designs(
    file: Annotated[
        Path | None, typer.Argument(metavar="[DESIGNS]", help="Designs file; default: the shipped one.")
    ] = None,
    days: Days = None,
) -> None:
    """Run one scenario with several designs, and set them side by side."""
    from app.studies.designs import compare_designs, print_designs, shipped_designs
    from app.terminal import bar

    with bar() as progress:
        comparison = compare_designs(file or shipped_designs(), days, progress)
    print_designs(comparison)
