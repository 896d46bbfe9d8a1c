"""Scripts of OpenDSS, of which only what states a circuit is kept before its engine reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grid.errors import Fault, raise_if_any
from grid.files.content import is_file, read_bytes, shown_path
from grid.readers.report import PLACE

MOST_FILES: Final = 500
KEPT: Final = frozenset({"new", "edit", "more", "m", "~", "clear", "clearall", "calcvoltagebases", "calcv", "batchedit",
                         "open", "close", "enable", "disable", "setkvbase", "setbusxy"})  # fmt: skip
"""Commands that state a circuit."""
NAMING: Final = frozenset({"redirect", "compile"})
COORDINATES: Final = frozenset({"buscoords", "latlongcoords"})
OPTIONS: Final = frozenset({"voltagebases", "defaultbasefrequency", "frequency", "loadmult", "maxiterations", "maxiter",
                            "maxcontroliter", "maxcontrol", "tolerance", "mode", "controlmode", "algorithm", "circuit",
                            "normvminpu", "normvmaxpu", "earthmodel"})  # fmt: skip
"""Options of `set` that decide a power flow."""
_PROGRAM: Final = re.compile(r"(?i)\b(usermodel|userdata|dynadata|shaftmodel|shaftdata|dynadll|usercontrol)\s*=")
_FILE: Final = re.compile(r"(?i)\b((?:csv|sng|dbl|pqcsv|pmult)?file)\s*=\s*[\"'(\[{]*\s*([^\s\"'\])},|]+)")
_ASSIGNED: Final = re.compile(r"^[\w.]+\.[\w.]+\.[\w%]+\s*=")


@dataclass(frozen=True)
class Scripts:
    """Scripts of one circuit as they may be run.

    Args:
        files: What each file holds, by its path within the folder above that of the first, which is the first.
        left_out: Commands that are not run, and how often each was met.
    """

    files: Mapping[str, bytes]
    left_out: Mapping[str, int]


def gather_scripts(path: Path) -> Scripts:
    """Reads a script and all that it names, which must lie in its folder.

    Commands that write, show or change anything but the circuit are left out.

    Raises:
        InputError: With all that is wrong: files that are missing or lie elsewhere, programs that elements name.
    """
    walk = _Walk(path)
    walk.script(path, None)
    raise_if_any(dict.fromkeys(walk.faults), shown_path(path))
    return Scripts(walk.files, walk.left_out)


class _Walk:
    """One pass over the scripts of a circuit; faults are gathered."""

    def __init__(self, path: Path) -> None:
        self.root = _absolute(path.parent)
        self.files: dict[str, bytes] = {}
        self.left_out: dict[str, int] = {}
        self.faults: list[Fault] = []

    def script(self, path: Path, line: int | None) -> None:
        """Adds a script, and those that it redirects to."""
        key = self.key(path, line)
        if key is None or key in self.files:
            return
        if len(self.files) >= MOST_FILES:
            self.faults.append(Fault(PLACE, f"names more than {MOST_FILES} files"))
            return
        self.files[key] = b""
        text = _without_blocks(read_bytes(path, PLACE).decode("latin-1"))
        kept = [self.line(line, number, path) for number, line in enumerate(text.splitlines(), 1)]
        self.files[key] = "\n".join(kept).encode("latin-1")

    def line(self, line: str, number: int, path: Path) -> str:
        """A line as it may be run; empty where it may not."""
        bare = re.split(r"!|//", line, maxsplit=1)[0].strip()
        word, _, rest = bare.replace("\t", " ").partition(" ")
        command = "~" if bare.startswith("~") else word.casefold()
        kept = bool(bare)
        if command in NAMING:
            self.script(_beside(path, re.sub(r"(?i)^file\s*=\s*", "", rest.strip())), number)
        elif command in COORDINATES:
            self.data(_beside(path, rest), number)
        elif command in KEPT or _ASSIGNED.match(bare):
            kept = self.element(bare, number, path)
        elif not (command == "set" and re.split(r"[\s=]", rest.strip().casefold(), maxsplit=1)[0] in OPTIONS):
            kept = False
            if command not in {"solve", ""}:  # it is solved in any case
                self.left_out[command] = self.left_out.get(command, 0) + 1
        return bare if kept else ""

    def element(self, bare: str, number: int, path: Path) -> bool:
        """Whether a line about elements may be run; files of data that it names are added."""
        if _PROGRAM.search(bare):
            self.faults.append(Fault(path.name, "names a program of its own, which is not run", bare, line=number))
            return False
        for _, name in _FILE.findall(bare):
            self.data(_beside(path, name), number)
        return True

    def data(self, path: Path, line: int) -> None:
        """Adds a file of data."""
        key = self.key(path, line)
        if key is not None and key not in self.files:
            self.files[key] = read_bytes(path, PLACE)

    def key(self, path: Path, line: int | None) -> str | None:
        """The path of a file within the folder above `root`; None, and a fault, where it is missing or lies elsewhere.

        In `root` any file may be named; beside it only scripts, since published feeders share their line codes so.
        """
        if not is_file(path):
            self.faults.append(Fault(PLACE, f"no such file {shown_path(path)!r}", line=line))
            return None
        found = _absolute(path)
        for each in (found, found.resolve()):  # a symbolic link must not lead elsewhere
            shared = each.suffix.casefold() == ".dss" and each.is_relative_to(self.root.parent)
            if not (each.is_relative_to(self.root) or shared):
                rule = "names a file outside its folder, which is not read"
                self.faults.append(Fault(PLACE, rule, shown_path(path), line=line))
                return None
        return str(found.relative_to(self.root.parent))


def _absolute(path: Path) -> Path:
    """An absolute path without dots, in which symbolic links keep their place."""
    return Path(os.path.abspath(path))  # noqa: PTH100  `resolve` would follow the links


def _beside(path: Path, name: str) -> Path:
    """A file that a script names, in the quotes of the language."""
    return path.parent / name.strip().strip("\"'()[]{}").replace("\\", "/")


def _without_blocks(text: str) -> str:
    """The text without block comments; lines keep their numbers."""
    return re.sub(r"/\*.*?\*/", lambda block: "\n" * block.group().count("\n"), text, flags=re.DOTALL)
