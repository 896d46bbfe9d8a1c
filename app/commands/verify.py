"""Verification of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result, or a folder of results.")],
) -> None:
    """Verify that results are as they were written: every file against its hash in the manifest."""
    from app.results.folder import open_result, result_folders
    from app.results.store.key import check_key
    from app.results.verification import FILES
    from grid.errors import Fault, InputError, raise_if_any

    faults: list[Fault] = []
    for each in result_folders(folder):
        try:
            result = open_result(each)
            check_key(each.name, result.manifest, str(each))
            result.verify()
        except InputError as error:
            faults.extend(error.faults)
        else:
            typer.echo(f"{each}: all {len(FILES) + 1} files are as they were written")
    raise_if_any(faults, str(folder))
