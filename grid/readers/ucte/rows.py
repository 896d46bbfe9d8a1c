"""Rows of a UCTE-DEF file: blocks, and in each of them fields at fixed places of a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes, shown_path
from grid.readers.records import FileRecords
from grid.readers.report import PLACE

Places = Mapping[str, tuple[int, int]]
_ENDS: Final = {"node 1": (0, 8), "node 2": (9, 17), "order code": (18, 19)}
FIELDS: Final[Mapping[str, Places]] = {
    "##N": {
        "code": (0, 8), "name": (9, 21), "status": (22, 23), "type": (24, 25), "voltage": (26, 32),
        "active load": (33, 40), "reactive load": (41, 48), "active generation": (49, 56),
        "reactive generation": (57, 64), "least active generation": (65, 72), "most active generation": (73, 80),
        "least reactive generation": (81, 88), "most reactive generation": (89, 96), "static": (97, 102),
        "primary control": (103, 110), "short-circuit power": (111, 118), "X/R": (119, 126), "plant": (127, 128),
    },
    "##L": {**_ENDS, "status": (20, 21), "R": (22, 28), "X": (29, 35), "B": (36, 44), "current limit": (45, 51),
            "name": (52, 64)},
    "##T": {
        **_ENDS, "status": (20, 21), "rated voltage 1": (22, 27), "rated voltage 2": (28, 33),
        "nominal power": (34, 39), "R": (40, 46), "X": (47, 53), "B": (54, 62), "G": (63, 69),
        "current limit": (70, 76), "name": (77, 89),
    },
    "##R": {
        **_ENDS, "phase step": (20, 25), "phase steps": (26, 28), "phase position": (29, 32), "phase voltage": (33, 38),
        "angle step": (39, 44), "angle": (45, 50), "angle steps": (51, 53), "angle position": (54, 57),
        "angle power": (58, 63), "angle kind": (64, 68),
    },
}  # fmt: skip
"""Fields of the blocks that are read, by the places of their first character and of that after their last.

As in UCTE, "UCTE data exchange format for load flow and three phase short circuit studies", version 02, 2007.
"""
BLOCKS: Final = ("##C", *FIELDS, "##TT", "##E")
_ZONE: Final = "##Z"
_KEYS: Final = {"##N": ("code",), "##L": tuple(_ENDS), "##T": tuple(_ENDS), "##R": tuple(_ENDS)}
"""Fields that tell the rows of a block apart."""
_SHOWN: Final = 40


@dataclass(frozen=True, eq=False)
class UcteFile:
    """The rows of a file.

    Args:
        blocks: Rows of each block of `FIELDS` as texts by field; of nodes ``zone`` too.
        labels: What the rows are called in faults.
        unread: How many rows there are in each block that is not read.
    """

    blocks: Mapping[str, list[dict[str, str]]]
    labels: Mapping[str, list[str]]
    unread: Mapping[str, int]

    def records(self, block: str, faults: list[Fault]) -> FileRecords:
        """The rows of a block."""
        return FileRecords(block, self.blocks[block], self.labels[block], faults)


def read_rows(path: Path) -> UcteFile:
    """The rows of a UCTE-DEF file.

    Raises:
        InputError: With all that is wrong with their form: no such file, rows outside any block, fields that are not at
            their places, nodes, lines and transformers that are there twice.
    """
    lines = _text(read_bytes(path, PLACE)).splitlines()
    if "##N" not in {line.strip().upper()[:3] for line in lines}:
        raise InputError.single(PLACE, "is not a UCTE-DEF file: it has no block ##N", shown_path(path))
    faults: list[Fault] = []
    blocks: dict[str, list[dict[str, str]]] = {name: [] for name in FIELDS}
    labels: dict[str, list[str]] = {name: [] for name in FIELDS}
    unread: dict[str, int] = {}
    for number, block, zone, row in _rows(lines, faults):
        if block not in FIELDS:
            unread[block] = unread.get(block, 0) + 1
        elif (fault := _place_fault(row, block)) is not None:
            faults.append(Fault(f"{block} {row[:20].strip()}", fault, row[:_SHOWN], line=number))
        else:
            fields = {name: row[begin:end].strip() for name, (begin, end) in FIELDS[block].items()}
            blocks[block].append({**fields, "zone": zone})
            labels[block].append(f"{' '.join(fields[key] for key in _KEYS[block])} (line {number})")
    faults += [fault for block in FIELDS for fault in _twice(block, blocks[block], labels[block])]
    raise_if_any(faults, shown_path(path))
    return UcteFile(blocks, labels, unread)


def _text(content: bytes) -> str:
    """The text of a file; codes of nodes are ASCII, names and comments are not always."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _rows(lines: list[str], faults: list[Fault]) -> Iterator[tuple[int, str, str, str]]:
    """Rows that hold something, with their line, block and zone."""
    block = zone = ""
    for number, row in enumerate(map(str.rstrip, lines), 1):
        if row.startswith("##"):
            name = row.split()[0].upper()
            if name.startswith(_ZONE) and block == "##N":
                zone = row[len(_ZONE) :].strip()
            elif name in BLOCKS or name.startswith("##C"):
                block = name if name in BLOCKS else "##C"
            else:
                rule = f"no block of the format; there are {', '.join(BLOCKS)} and, below ##N, {_ZONE}"
                near = next((each for each in BLOCKS if name.startswith(each)), None)
                faults.append(Fault(PLACE, rule, row[:20], near, line=number))
                block = "##C"  # what stands below is told with it
        elif row and not block:
            faults.append(Fault(PLACE, "stands before any block", row[:_SHOWN], line=number))
        elif row and block != "##C":
            yield number, block, zone, row


def _place_fault(row: str, block: str) -> str | None:
    """Why the fields of a row are not at their places; None where they are."""
    if "\t" in row:
        return "holds a tab; fields of this format stand at fixed places of a row, with spaces between them"
    for name, (begin, end) in FIELDS[block].items():
        if row[end : end + 1].strip():
            rule = f"must be blank in column {end + 1}, behind the {name} in columns {begin + 1} to {end}"
            return f"{rule}: is the row shifted, or {row[begin : end + 1].strip()!r} too long?"
    return None


def _twice(block: str, rows: list[dict[str, str]], labels: list[str]) -> Iterator[Fault]:
    """Rows of one node, or of one branch with one order code."""
    first: dict[tuple[str, ...], str] = {}
    for row, label in zip(rows, labels, strict=True):
        key = tuple(row[name] for name in _KEYS[block])
        turned = (key[1], key[0], key[2]) if block == "##L" else key
        before = first.get(key, first.get(turned))
        if before is not None:
            cure = "" if block == "##N" else "; parallel ones have an order code each"
            yield Fault(f"{block} {label}", f"must be there once{cure}; it is too in", before)
        first[key] = label
