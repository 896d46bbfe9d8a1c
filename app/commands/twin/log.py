"""What the log of the twin holds and teaches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import TableFile, TableFormat, say_table


def log(
    place: Annotated[str, typer.Argument(metavar="LOG", help="The log: an SQLite file or postgresql://….")],
    entries: Annotated[bool, typer.Option("--entries", help="All entries instead of what they teach.")] = False,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say what comes of each kind of action, how reliably, and whether correcting predictions by it helps."""
    from app.studies.ensembles.files import check_table
    from app.twin.log import lessons_of, opened_log
    from grid.errors import InputError, nearest
    from grid.files.content import beside, is_file

    chosen, file = check_table(form, out), Path(place)
    if "://" not in place and not is_file(file):
        raise InputError.single("LOG", "no such file", place, nearest(file.name, beside(file)))
    with opened_log(place) as opened:
        if entries:
            say_table(opened.table(), chosen, out)
            return
        lessons = lessons_of(opened)
    say_table(lessons.table(), chosen, out)
    for test in lessons.tests.values():
        typer.echo(str(test), err=chosen != "md" and out is None)
