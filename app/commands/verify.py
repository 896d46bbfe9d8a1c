"""Verification of results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import IndexUrl

if TYPE_CHECKING:
    from grid.errors import Fault


def verify(
    place: Annotated[
        str,
        typer.Argument(metavar="DIR", help="A result, or results in a folder or at a URL such as s3://bucket/folder."),
    ],
    index: IndexUrl = None,
) -> None:
    """Verify that results are as they were written, every file against its hash, and that a store misses none."""
    from app.results.store.folders.places import folder_on_this_machine
    from grid.errors import raise_if_any

    folder = folder_on_this_machine(place)
    raise_if_any(_at_url(place, index) if folder is None else _in_folder(folder, index), place)


def _in_folder(folder: Path, index: str | None) -> list[Fault]:
    """What is wrong with the results in a folder."""
    from app.results.folder import open_result, result_folders
    from app.results.store.key import check_key

    def verified(each: Path) -> None:
        result = open_result(each)
        check_key(each.name, result.manifest, str(each))
        result.verify()

    faults = _missing(folder, index)
    found = result_folders(folder) if not faults or _any(folder) else ()
    return [*faults, *_wrong((str(each), partial(verified, each)) for each in found)]


def _at_url(place: str, index: str | None) -> list[Fault]:
    """What is wrong with the results of a store at a URL, which are fetched one after the other."""
    from app.results.store.key import is_key
    from app.results.store.store import opened_store
    from app.results.verification import MANIFEST
    from grid.errors import Fault

    with opened_store(place, index) as store:
        there, known = store.folder.names(), {*store.folder.listed(), *store.index.with_result()}
        lost = sorted(name for name in known - {*there} if is_key(name))
        rule = "is missing: not a complete result; running its scenario again makes it"
        faults = [Fault(f"{store.place}/{name}/{MANIFEST}", rule) for name in lost]
        if not there and not faults:
            return [Fault(store.place, "holds no result; `gridcarbon batch` makes some")]
        return [*faults, *_wrong((f"{store.place}/{name}", partial(store.folder.verify, name)) for name in there)]


def _wrong(results: Iterable[tuple[str, Callable[[], None]]]) -> list[Fault]:
    """Faults of results, each given by where it is and by what compares all of its files."""
    from app.results.verification import FILES
    from grid.errors import InputError

    faults: list[Fault] = []
    for place, verified in results:
        try:
            verified()
        except InputError as error:
            faults.extend(error.faults)
        else:
            typer.echo(f"{place}: all {len(FILES) + 1} files are as they were written")
    return faults


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
