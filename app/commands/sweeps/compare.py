"""What explains the difference between two results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import TableFile, TableFormat, say_table


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="A result folder: what is compared with.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another result folder, of the same period and city.")],
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say what explains the difference of B from A in emissions (average and marginal) and cost; it sums exactly."""
    from app.results.folder import open_result
    from app.studies.differences.table import explanation_table
    from app.studies.ensembles.files import check_table

    chosen = check_table(form, out)
    found = explanation_table(open_result(before), open_result(after))
    say_table(found, chosen, out)
