"""Damaged, foreign and older result folders, made of a right one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType

from app.results.columns import TABLES
from app.results.folder import find_results, open_result
from app.results.verification import FILES, MANIFEST, sealed
from tests.fuzz.mutants import changed_bytes, changed_text, changed_tree

JSON_FILES = ("summary.json", "topology.json", MANIFEST)


def _bytes(random: Random, folder: Path) -> None:
    file = folder / random.choice((*FILES, MANIFEST))
    file.write_bytes(changed_bytes(random, file.read_bytes()))


def _text(random: Random, folder: Path) -> None:
    file = folder / random.choice(("scenario.yaml", *JSON_FILES))
    text = changed_text(random, file.read_text(encoding="utf-8"))
    file.write_bytes(text.encode("utf-8", "surrogatepass"))


def _content(random: Random, folder: Path) -> None:
    file = folder / random.choice(JSON_FILES)
    file.write_text(
        json.dumps(changed_tree(random, json.loads(file.read_text())), default=str, skipkeys=True), encoding="utf-8"
    )


def _missing(random: Random, folder: Path) -> None:
    for name in random.sample((*FILES, MANIFEST), random.choice((1, 1, 2, len(FILES)))):
        (folder / name).unlink()


def _no_file(random: Random, folder: Path) -> None:
    """Something that is no file stands where a file should."""
    file = folder / random.choice((*FILES, MANIFEST))
    file.unlink()
    how = random.randrange(5)
    if how == 0:
        file.mkdir()
    elif how == 1:
        os.mkfifo(file)
    else:
        file.symlink_to(("/dev/zero", file.name, "nowhere")[how - 2])


def _swapped(random: Random, folder: Path) -> None:
    one, other = random.sample([f"{name}.parquet" for name in TABLES], 2)
    shutil.copyfile(folder / one, folder / other)


def _older(random: Random, folder: Path) -> None:
    """A manifest of another version, with a right seal of its own."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest = {key: value for key, value in manifest.items() if key not in {"files", "sha256"}}
    changes = ({"format": 1}, {"format": 3}, {"format": "2"}, {"format": -1}, {"columns": "0" * 16}, {"columns": 5})
    made = sealed({**manifest, **random.choice(changes)}, folder)
    drop = random.choice(("", "", "versions", "columns", "format", "files", "sha256"))
    (folder / MANIFEST).write_text(json.dumps({key: value for key, value in made.items() if key != drop}))


def _foreign(random: Random, folder: Path) -> None:
    """Something else that is called a manifest."""
    contents = (
        "", "[]", "null", "5", '"x"', "{}", '{"manifest_version": 3}', '{"scenario_hash": 5}', "[" * 100_000, "\0",
        '{"scenario_hash": [], "format": 2, "files": []}', '{"scenario_hash": "x", "format": true, "versions": []}',
        '{"scenario_hash": "x", "format": 2, "columns": null, "files": {"a": 1}}', "9" * 5000, '{"a": NaN}', "\ufeff{}",
    )  # fmt: skip
    (folder / MANIFEST).write_text(random.choice(contents), encoding="utf-8")


KINDS: Mapping[str, Callable[[Random, Path], None]] = MappingProxyType({
    "bytes": _bytes, "text": _text, "content": _content, "missing": _missing, "no file": _no_file,
    "swapped": _swapped, "older": _older, "foreign": _foreign,
})  # fmt: skip
"""What can be wrong with a result, by name."""


def damage(random: Random, folder: Path) -> str:
    """Does something to a result, and says of which kind it is."""
    kind = random.choice(list(KINDS))
    KINDS[kind](random, folder)
    return kind


def read_result(folder: Path) -> object:
    """Reads all that a result holds, as the commands and the dashboard do.

    Raises:
        InputError: If it is not as it was written.
    """
    result = open_result(folder)
    tables = [result.table(name).collect() for name in TABLES]
    result.verify()
    return tables, result.summary, result.scenario, result.topology, find_results(folder.parent)
