"""A result: a folder of Parquet and JSON, written whole or not at all.

================  ==========================================================================================
file              holds
================  ==========================================================================================
scenario.yaml     the scenario that ran, with every default filled in
manifest.json     scenario hash, status, versions, factor sets, data licences, notes, seconds per phase, and the
                  SHA-256 of every file
summary.json      the key figures, one level, units in the names
topology.json     buses and branches with their districts and coordinates, for maps
``*.parquet``     one table each, columns as in `app.results.columns`, stored as `app.results.table_file` says
================  ==========================================================================================
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from app.results.columns import TABLES
from app.results.draft import is_draft, new_draft, take_place
from app.results.key_figures import WrittenTable, WrittenTables
from app.results.prepared import note_checked, was_checked
from app.results.table_file import as_stored, encode_pieces
from app.results.tables.frames import SteppedTable
from app.results.target import PLACE, resolve_target
from app.results.verification import FILES, MANIFEST, HashedFile, check_files, read_manifest, sealed
from grid.errors import Fault, InputError
from grid.files.content import is_file, is_folder
from grid.files.indented_json import indented
from grid.files.output import in_words
from grid.files.plain_yaml import plain_yaml
from grid.memory import give_back_if_large

HELD_BYTES = 10_000_000
"""Tables up to this size are held while a result is written, and not read again for the key figures [byte]."""
_SERIAL = count()


@dataclass(frozen=True)
class Result:
    """A result folder that has been opened.

    Args:
        path: The folder.
        manifest: Contents of ``manifest.json``.
        summary: Contents of ``summary.json``.
        verified: Tables found to be as they were written, so far.
        may_keep: Whether small tables made of it may be kept beside it, see `app.results.prepared`.
        serial: Differs between any two that were opened in this process.
    """

    path: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    verified: set[str] = field(default_factory=set, repr=False, compare=False)
    may_keep: bool = field(default=False, repr=False, compare=False)
    serial: int = field(default_factory=_SERIAL.__next__, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The folder's name, by which the dashboard lists the result."""
        return self.path.name

    @property
    def scenario_hash(self) -> str:
        """SHA-256 of the canonical scenario."""
        return str(self.manifest["scenario_hash"])

    @cached_property
    def scenario(self) -> Mapping[str, Any]:
        """The scenario that ran, as read from ``scenario.yaml``."""
        loaded: Mapping[str, Any] = plain_yaml((self.path / "scenario.yaml").read_text(encoding="utf-8"))
        return loaded

    @cached_property
    def topology(self) -> Mapping[str, Any]:
        """``{"buses": [{name, zone, vn_kv, x, y}], "branches": [{name, kind, from_bus, to_bus}]}``."""
        loaded: Mapping[str, Any] = json.loads((self.path / "topology.json").read_text(encoding="utf-8"))
        return loaded

    def table(self, name: str) -> pl.LazyFrame:
        """One of `TABLES`, lazily read; when it is first asked for, it is compared with its hash.

        Where it may be kept that this was done, it is done again only if the file was touched since.

        Raises:
            InputError: If it is missing or not as it was written.
        """
        if name not in self.verified:
            if not was_checked(self, name):
                check_files(self.path, self.manifest, [f"{name}.parquet"])
                note_checked(self, name)
            self.verified.add(name)
        return pl.scan_parquet(self.path / f"{name}.parquet")

    def verify(self) -> None:
        """Compares every file with its hash.

        Raises:
            InputError: If files are missing or not as they were written; all faults at once.
        """
        check_files(self.path, self.manifest)


def open_result(path: Path, *, may_keep: bool = False) -> Result:
    """The result in the folder `path`; all but its tables are compared with their hashes.

    Args:
        path: The folder.
        may_keep: See `Result`.

    Raises:
        InputError: If the folder is missing, incomplete, damaged, foreign, or a result of another format.
    """
    if not is_folder(path):
        raise InputError.single(str(path), "no such folder")
    if is_draft(path):
        raise InputError.single(str(path), "is a draft: of a run that is writing its result, or that was ended")
    manifest = read_manifest(path)
    missing = [Fault(str(path / name), "is missing: not a complete result") for name in FILES
               if not (path / name).is_file()]  # fmt: skip
    if missing:
        raise InputError(missing, str(path))
    check_files(path, manifest, [name for name in FILES if not name.endswith(".parquet")])
    summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
    return Result(path, manifest, summary, may_keep=may_keep)


def result_folders(path: Path) -> list[Path]:
    """The folders at `path` that are results or were: itself, or those in it; `unmanaged` first.

    Raises:
        InputError: If there is none.
    """
    if is_file(path / MANIFEST):
        return [path]
    try:
        folders = [folder for folder in path.iterdir()
                   if not folder.name.startswith(".") and (folder / MANIFEST).is_file()]  # fmt: skip
    except FileNotFoundError as error:
        raise InputError.single(str(path), "no such folder") from error
    except OSError as error:
        raise InputError.single(str(path), f"cannot be read: {error.strerror}") from error
    if not folders:
        raise InputError.single(str(path), "holds no result; make one with `gridcarbon run` or `gridcarbon demo`")
    return sorted(folders, key=lambda folder: (folder.name != "unmanaged", folder.name))


def find_results(path: Path, tell: Callable[[str], None] | None = None) -> dict[str, Result]:
    """All results at `path`, which is a result or a folder of them, by name; `unmanaged` first.

    Args:
        path: The folder. Hidden folders in it, such as those of results that are being written, are no results.
        tell: Told of each damaged result that is left out because there are others.

    Raises:
        InputError: If there is no result, or none that can be opened.
    """
    folders = result_folders(path)
    found, damaged = {}, []
    for folder in folders:
        try:
            found[folder.name] = open_result(folder)
        except InputError as error:
            damaged.append(error)
    if not found:
        raise InputError([fault for each in damaged for fault in each.faults], str(path))
    for each in damaged:
        if tell is not None:
            tell(f"left out: {each}")
    return found


def write_result(
    path: Path,
    *,
    scenario_yaml: str,
    manifest: Callable[[], Mapping[str, Any]],
    summary: Callable[[Callable[[str], pl.LazyFrame]], Mapping[str, Any]],
    topology: Mapping[str, Any],
    tables: Mapping[str, Callable[[], pl.DataFrame]],
) -> Result:
    """Writes a result into a draft, which then takes its place: whole or not at all.

    Args:
        path: The result folder; must not exist or be empty.
        scenario_yaml: The resolved scenario.
        manifest: Makes the contents of ``manifest.json``, when the tables are written.
        summary: Makes the contents of ``summary.json`` from the tables, which it gets by name.
        topology: Contents of ``topology.json``.
        tables: Makes each of `TABLES`, with exactly their columns; one after the other, so that none that is large
            stays.

    Returns:
        The result; that of another run of the same scenario if one was there before.

    Raises:
        OSError: If it cannot be written; nothing is left then.
        InputError: If it was written but cannot take its place: says where it is kept.
    """
    target = resolve_target(path)
    place = target if target.exists() else target.parent
    place.mkdir(parents=True, exist_ok=True)
    with new_draft(place) as draft:
        (draft / "scenario.yaml").write_text(scenario_yaml, encoding="utf-8")
        written = {name: _write_table(name, tables[name], draft) for name in TABLES}
        _write_json(summary(WrittenTables(written)), draft / "summary.json")
        (draft / "topology.json").write_text(json.dumps(topology, allow_nan=False) + "\n", encoding="utf-8")
        about = sealed(manifest(), draft, {f"{name}.parquet": table.sha256 for name, table in written.items()})
        _write_json(about, draft / MANIFEST)
        try:
            alone = take_place(draft, target, MANIFEST)
        except OSError as error:
            raise _kept(draft, path, in_words(error)) from error
        if not alone and not is_of(open_result(path), str(about["scenario_hash"]), about.get("inputs")):
            raise _kept(draft, path, "holds the result of another scenario by now")
    return open_result(path)


def _write_table(name: str, make: Callable[[], pl.DataFrame], folder: Path) -> WrittenTable:
    """Writes a table; what is returned holds it if it is small enough, else reads it again."""
    pieces, file = make.pieces() if isinstance(make, SteppedTable) else [make()], folder / f"{name}.parquet"
    try:
        with HashedFile(file) as opened:
            table = encode_pieces(name, pieces, opened)
    except PolarsError as error:  # how polars says some of the errors of a file system
        raise OSError(str(error)) from error
    small = table if table.frame is not None and table.frame.estimated_size() <= HELD_BYTES else None
    del table
    give_back_if_large()
    if small is not None and small.frame is not None:
        return WrittenTable(opened.sha256, partial(as_stored, name, small.frame), small.columns)
    return WrittenTable(opened.sha256, partial(pl.scan_parquet, file))


def _write_json(content: Mapping[str, Any], file: Path) -> None:
    file.write_text(f"{indented(content)}\n", encoding="utf-8")


def is_of(result: Result, scenario_hash: str, inputs: Mapping[str, str] | None) -> bool:
    """Whether a result is that of a scenario: of this hash, with input files of these hashes."""
    return result.scenario_hash == scenario_hash and result.manifest.get("inputs") == inputs


def _kept(draft: Path, out: Path, reason: str) -> InputError:
    """Moves a finished draft to where the next run leaves it alone, and says where that is."""
    kept = draft.with_name(draft.name.replace(".gridcarbon-draft", "gridcarbon-kept"))
    try:
        draft.rename(kept)
    except OSError:
        kept = Path(tempfile.mkdtemp(prefix="gridcarbon-kept-"))
        shutil.copytree(draft, kept, dirs_exist_ok=True)
    return InputError.single(PLACE, f"{reason}; the finished result is kept in {kept}", str(out))
