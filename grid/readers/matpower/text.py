"""What a MATPOWER case states as text: numbers and matrices; what it computes is not run but refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import read_bytes, shown_path
from grid.readers.report import PLACE

TABLES: Final = ("bus", "gen", "branch")
_CELLS: Final = r"\{(?:'(?:[^'\n]|'')*'|\"[^\"\n]*\"|[^}'\"])*\}"
_STATEMENT: Final = re.compile(
    r"mpc\.(\w+(?:\.\w+)*)\s*=\s*(\[[^\]]*\]|" + _CELLS + r"|'[^'\n]*'|\"[^\"\n]*\"|[-+\w.]+)[ \t]*(?=[;,\n]|$)[;,]?"
)
_BEGUN: Final = re.compile(r"mpc\.(\w+)\s*=\s*[\[{]")
_VERSION_1: Final = re.compile(r"^\s*function\s*\[[^\]]*\]\s*=", re.MULTILINE)
_FUNCTION: Final = re.compile(r"^\s*function\s+(\w+)\s*=", re.MULTILINE)
_BLOCK_COMMENT: Final = re.compile(r"^[ \t]*[%#]\{[ \t]*$.*?^[ \t]*[%#]\}[ \t]*$", re.MULTILINE | re.DOTALL)
_HARMLESS: Final = re.compile(
    r"function\s+mpc\s*=\s*\w+[ \t]*(\(\s*\))?|\bmpc\s*=\s*struct\s*(\(\s*\))?|\bend(function)?\b|\breturn\b"
)
_QUOTED: Final = re.compile(r"(?<![\w)\]}.'])'(?:[^'\n]|'')*'|\"[^\"\n]*\"")
_REMARK: Final = re.compile(r"[%#]|\.\.\.")
_EXPONENT: Final = re.compile(r"(?<=[\d.])[dD](?=[-+]?\d)")
_MOST_SHOWN: Final = 10
"""Rows of a table, and cells, that are named as wrong."""


def case_in_text(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The case in a text file, and tables of it that are not read.

    Raises:
        InputError: If it computes, is cut off, lacks a table, or a table holds anything but numbers.
    """
    text = _without_comments(_decoded(path))
    if _VERSION_1.search(text):
        rule = "is a case of version 1, a function of many results: load it in MATPOWER and save it with savecase"
        raise InputError.single(PLACE, rule, shown_path(path))
    if (function := _FUNCTION.search(text)) is not None:  # the result may have any name
        text = re.sub(rf"\b{function[1]}(?=\s*[.=])", "mpc", text)
    found = dict(_STATEMENT.findall(text))
    rest = _STATEMENT.sub("", text)
    if begun := _BEGUN.search(rest):
        rule = f"ends within the table mpc.{begun[1]}, whose bracket is not closed: is the file truncated?"
        if re.search(r"[\]}]", rest[begun.end() :]):
            rule = f"computes with the table mpc.{begun[1]}, which is not run: save it with MATPOWER's savecase"
        raise InputError.single(PLACE, rule, shown_path(path))
    left = [statement.strip(" \t;,") for statement in _HARMLESS.sub("", rest).splitlines()]
    faults = [
        Fault(PLACE, "a case that computes is not run: save it with MATPOWER's savecase", statement)
        for statement in left
        if statement
    ]
    case: dict[str, Any] = {}
    for name in ("baseMVA", *TABLES):
        if name not in found:
            faults.append(Fault(f"mpc.{name}", "is missing", suggestion=nearest(name, found.keys() - {*TABLES})))
            continue
        value = _matrix(found[name], name, faults)
        if value is not None:
            case[name] = value
    raise_if_any(faults, shown_path(path))
    if "version" in found:
        case["version"] = found["version"].strip("\"'")
    stated = {name for name, value in found.items() if value.strip("[]{} ;\t\r\n")}
    return case, sorted(stated - {"version", "baseMVA", *TABLES})


def _decoded(path: Path) -> str:
    """The text of a file; names and comments may be in any encoding, numbers are the same in all."""
    content = read_bytes(path, PLACE)
    if b"\x00" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError.single(PLACE, "is not text", shown_path(path))
    for encoding in ("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "latin-1"):
        try:
            return "\n".join(content.decode(encoding).splitlines())
        except UnicodeDecodeError:
            continue
    raise AssertionError  # Latin-1 decodes all


def _without_comments(text: str) -> str:
    """The statements of a text, each continued line joined to the one before."""
    text = _BLOCK_COMMENT.sub("", text)
    lines = []
    for line in text.split("\n"):
        quoted = [found.span() for found in _QUOTED.finditer(line)] if "'" in line or '"' in line else []
        remarks = (each for each in _REMARK.finditer(line) if not any(a < each.start() < b for a, b in quoted))
        remark = next(remarks, None)
        stated, end = (line, "\n") if remark is None else (line[: remark.start()], " " * (remark[0] == "...") or "\n")
        lines.append(stated + end)
    return "".join(lines)


def _matrix(text: str, name: str, faults: list[Fault]) -> Floats | float | None:
    """A number or a matrix as the language writes it; its faults are added to `faults`."""
    text = _EXPONENT.sub("e", text.strip("[] \t\r\n"))
    rows = [row.replace(",", " ").split() for row in re.split(r"[;\n]", text) if row.strip(" \t,")]
    try:
        values = np.array([[float(cell) for cell in row] for row in rows], dtype=float)
    except ValueError:
        faults += list(_cell_faults(rows, name))
        return None
    return float(values[0, 0]) if name == "baseMVA" and values.size == 1 else values


def _cell_faults(rows: Sequence[Sequence[str]], name: str) -> Iterator[Fault]:
    """Rows of a table that are of another length than most, and cells that are no numbers, the first of each."""
    lengths = [len(row) for row in rows]
    width = max(set(lengths), key=lengths.count)
    others = [k for k, length in enumerate(lengths) if length != width]
    for k in others[:_MOST_SHOWN]:
        yield Fault(f"mpc.{name} row {k + 1}", f"must have rows of equal length: most have {width}", lengths[k])
    cells = ((k, column, cell) for k, row in enumerate(rows) for column, cell in enumerate(row) if not _is_number(cell))
    for k, column, cell in islice(cells, _MOST_SHOWN):
        yield Fault(f"mpc.{name} row {k + 1}, column {column + 1}", "must be a number", cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
