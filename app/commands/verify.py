"""Verification of results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import IndexUrl

if TYPE_CHECKING:
    from grid.errors import Fault


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result, or a folder of results.")],
    index: IndexUrl = None,
) -> None:
    """Verify that results are as they were written, every file against its hash, and that a store misses none."""
    from app.results.folder import open_result, result_folders
    from app.results.store.key import check_key
    from app.results.verification import FILES
    from grid.errors import InputError, raise_if_any

    faults = _missing(folder, index)
    for each in result_folders(folder) if not faults or _any(folder) else ():
        try:
            result = open_result(each)
            check_key(each.name, result.manifest, str(each))
            result.verify()
        except InputError as error:
            faults.extend(error.faults)
        else:
            typer.echo(f"{each}: all {len(FILES) + 1} files are as they were written")
    raise_if_any(faults, str(folder))


def _any(folder: Path) -> bool:
    """Whether there is a result at all."""
    return next(folder.glob("*/manifest.json"), None) is not None


def _missing(folder: Path, index: str | None) -> list[Fault]:
    """Results of a store that are not there: of runs that its index calls done, and folders that hold none any more."""
    from app.results.store.folders.places import INDEX
    from app.results.store.key import is_key
    from app.results.store.store import opened_store
    from app.results.verification import MANIFEST
    from grid.errors import Fault
    from grid.files.content import is_file, is_folder

    if not is_folder(folder) or is_file(folder / MANIFEST):
        return []
    done: set[str] = set()
    if index is not None or is_file(folder / INDEX):
        with opened_store(folder, index) as store:
            done = store.index.with_result()
    there = {each.name for each in folder.iterdir() if is_key(each.name)}
    lost = sorted(name for name in done | there if not is_file(folder / name / MANIFEST))
    of_index = "is missing, though the index calls its run done; running its scenario again makes it"
    return [Fault(str(folder / name / MANIFEST), of_index if name in done else "is missing: not a complete result")
            for name in lost]  # fmt: skip
