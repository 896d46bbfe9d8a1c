"""Scripts of OpenDSS, of which only what states a circuit is kept before its engine reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grid.errors import Fault, nearest, raise_if_any
from grid.files.content import beside, is_file, read_bytes, shown_path
from grid.readers.opendss.commands import (
    CHANGING,
    COMMANDS,
    COORDINATES,
    DECIDING,
    KEPT,
    NAMING,
    ONLY,
    OPTIONS,
    in_full,
    settings,
    unsettled,
)
from grid.readers.report import PLACE

MOST_FILES: Final = 500
_PROGRAM: Final = re.compile(r"(?i)\b(usermodel|userdata|dynadata|shaftmodel|shaftdata|dynadll|usercontrol)\s*=")
_FILE: Final = re.compile(r"(?i)\b((?:csv|sng|dbl|pqcsv|pmult)?file)\s*=\s*[\"'(\[{]*\s*([^\s\"'\])},|]+)")
_ASSIGNED: Final = re.compile(r"(?i)^(?!command\s*=)[^\s=~]+\s*=")
"""A property of the active element, or of one that is named; ``command=`` is a command."""
_PLAYED: Final = "load shapes and time are not followed: loads draw their own kW times loadmult, as in a snapshot"


@dataclass(frozen=True)
class Scripts:
    """Scripts of one circuit as they may be run.

    Args:
        files: What each file holds, by its path within the folder above that of the first, which is the first.
        left_out: What is not run, such as ``Command 'show' is not run``, and how often each was met.
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
    raise_if_any([*dict.fromkeys(walk.faults), *walk.refused()], shown_path(path))
    return Scripts(walk.files, walk.left_out)


class _Walk:
    """One pass over the scripts of a circuit; faults are gathered."""

    def __init__(self, path: Path) -> None:
        self.root = _absolute(path.parent)
        self.files: dict[str, bytes] = {}
        self.left_out: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.changing: dict[tuple[str, str], list[Fault]] = {}

    def refused(self) -> Iterator[Fault]:
        """What would change the circuit and is not run: one fault each, with how often it was met."""
        for first, *others in self.changing.values():
            more = f" ({len(others)} more)" if others else ""
            yield replace(first, rule=f"{first.rule}{more}")

    def script(self, path: Path, line: int | None) -> None:
        """Adds a script, and those that it redirects to."""
        key, found = self.key(path, line)
        if not key or key in self.files:
            return
        if len(self.files) >= MOST_FILES:
            self.faults.append(Fault(PLACE, f"names more than {MOST_FILES} files"))
            return
        self.files[key] = b""
        text = _without_blocks(read_bytes(found, PLACE).decode("latin-1"))
        kept = [self.line(line, number, path) for number, line in enumerate(text.splitlines(), 1)]
        self.files[key] = "\n".join(kept).encode("latin-1")

    def line(self, line: str, number: int, path: Path) -> str:
        """A line as it may be run; empty where it may not."""
        bare = _without_comment(line)
        word, _, rest = bare.replace("\t", " ").partition(" ")
        if not bare:
            return ""
        if _ASSIGNED.match(bare):
            return bare if self.element(bare, number, path) else ""
        command = bare[0] if bare[0] in "~?" else in_full(word, COMMANDS)
        if command in NAMING:
            self.script(_beside(path, re.sub(r"(?i)^file\s*=\s*", "", rest.strip())), number)
        elif command in COORDINATES:
            self.data(_beside(path, re.sub(r"(?i)^file\s*=\s*", "", rest.strip())), number)
        elif command in KEPT:
            return bare if self.element(bare, number, path) else ""
        elif command in {"set", "solve"}:  # it is solved in any case, by the options that stand beside it
            return self.options(rest, number, path)
        else:
            if not command or command in CHANGING:
                self.change(command or word, bare, number, path)
            self.leave_out(f"Command {command!r} is not run")
            return ""
        return bare

    def options(self, rest: str, number: int, path: Path) -> str:
        """The options of a line of `set` that decide a power flow."""
        kept = []
        for option, value in settings(rest):
            said, (followed, instead) = value.strip("\"'()[]{} ").casefold(), ONLY.get(option, ((), ""))
            if option in DECIDING:
                kept.append(f"{option}={value}")
            elif option not in OPTIONS:
                rule = "is no option of OpenDSS"
                self.faults.append(Fault(path.name, rule, option, nearest(option, OPTIONS), line=number))
            elif said.startswith(followed):
                pass
            elif instead:
                self.changing.setdefault(("set", option), []).append(
                    Fault(path.name, f"option {option} must be {followed[0]}, since {instead}", value, line=number)
                )
            elif followed:
                self.leave_out(f"Mode {said!r} is not followed: {_PLAYED}")
            else:
                self.leave_out(f"Option {option!r} is not set")
        if (left := unsettled(rest)) and (kept or not settings(rest)):
            self.faults.append(
                Fault(path.name, "must be options and values, as in 'set loadmult=0.8'", left, line=number)
            )
        return f"set {' '.join(kept)}" if kept else ""

    def leave_out(self, what: str) -> None:
        """Counts what is not run."""
        self.left_out[what] = self.left_out.get(what, 0) + 1

    def change(self, command: str, bare: str, number: int, path: Path) -> None:
        """Notes a command that is not run though the circuit would be another with it."""
        if command in CHANGING:
            rule = f"command {command!r} changes what the script states and is not run: {CHANGING[command]}"
            fault = Fault(path.name, rule, bare, line=number)
        else:
            fault = Fault(path.name, "is no command of OpenDSS", command, nearest(command, COMMANDS), line=number)
        self.changing.setdefault(("command", command), []).append(fault)

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
        key, found = self.key(path, line)
        if key and key not in self.files:
            self.files[key] = read_bytes(found, PLACE)

    def key(self, path: Path, line: int | None) -> tuple[str, Path]:
        """The path of a file within the folder above `root` as the script writes it, and where it is.

        Empty, and a fault, where it is missing or lies elsewhere. In `root` any file may be named; beside it only
        scripts, since published feeders share their line codes so.
        """
        written = _absolute(path)
        found = written if is_file(written) else _in_other_case(written, self.root.parent)
        if found is None:
            near = nearest(path.name, beside(path))
            self.faults.append(Fault(PLACE, f"no such file {shown_path(path)!r}", suggestion=near, line=line))
            return "", path
        for each in (written, found, found.resolve()):  # a symbolic link must not lead elsewhere
            shared = each.suffix.casefold() == ".dss" and each.is_relative_to(self.root.parent)
            if not (each.is_relative_to(self.root) or shared):
                rule = "names a file outside its folder, which is not read"
                self.faults.append(Fault(PLACE, rule, shown_path(path), line=line))
                return "", path
        return str(written.relative_to(self.root.parent)), found


def _absolute(path: Path) -> Path:
    """An absolute path without dots, in which symbolic links keep their place."""
    return Path(os.path.abspath(path))  # noqa: PTH100  `resolve` would follow the links


def _in_other_case(path: Path, folder: Path) -> Path | None:
    """A file within a folder whose name differs in capitals only, as scripts made on Windows name them."""
    if not path.is_relative_to(folder):
        return None
    found = folder
    for part in path.relative_to(folder).parts:
        here = found / part
        alike = (name for name in beside(here) if name.casefold() == part.casefold())
        found = here if here.exists() else found / next(alike, part)
    return found if is_file(found) else None


def _without_comment(line: str) -> str:
    """A line without what follows ``!`` or ``//`` outside quotes."""
    quoted = ""
    for k, letter in enumerate(line):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'" and letter in line[k + 1 :]:
            quoted = letter
        elif letter == "!" or line.startswith("//", k):
            return line[:k].strip()
    return line.strip()


def _beside(path: Path, name: str) -> Path:
    """A file that a script names, in the quotes of the language."""
    return path.parent / name.strip().strip("\"'()[]{}").replace("\\", "/")


def _without_blocks(text: str) -> str:
    """The text without block comments; lines keep their numbers."""
    return re.sub(r"/\*.*?\*/", lambda block: "\n" * block.group().count("\n"), text, flags=re.DOTALL)
