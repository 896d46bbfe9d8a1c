"""How fast the equipment of a result ages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import ResultFolder, TableFile, TableFormat, say_table


def ageing(
    result: ResultFolder,
    against: Annotated[
        Path | None, typer.Option(metavar="RESULT", help="Another result of the same grid: the years that differ.")
    ] = None,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say how fast transformers (IEC 60076-7) and cables (IEC 60287, 60853) age; the period is taken as all year."""
    from app.results.folder import open_result
    from app.studies.ensembles.files import check_table
    from app.twin.ageing import equipment_ageing, years_lost

    chosen = check_table(form, out)
    found = equipment_ageing(open_result(result))
    if against is not None:
        found = years_lost(equipment_ageing(open_result(against)), found)
    say_table(found, chosen, out)
