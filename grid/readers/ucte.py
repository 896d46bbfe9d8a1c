"""UCTE-DEF files, by pandapower's converter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grid import _pandapower
from grid.errors import Fault, raise_if_any
from grid.files.content import read_bytes, shown_path
from grid.readers.report import PLACE, GridReport, ReadGrid

BLOCKS: Final = {"##C": 0, "##N": 35, "##L": 42, "##T": 56, "##R": 20, "##TT": 30, "##E": 17}
"""Blocks of a file, and the length up to which their rows must reach (UCTE data exchange format, version 2)."""
NODE_PARTS: Final = ((33, 40, "active load"), (41, 48, "reactive load"), (49, 56, "active generation"),
                     (57, 64, "reactive generation"))  # fmt: skip


def read_ucte(path: Path) -> ReadGrid:
    """The grid in a UCTE-DEF file.

    Raises:
        InputError: With all that is wrong: no such file, no text, rows outside any block or too short, numbers that are
            none, lines to nodes that do not exist.
    """
    text = read_bytes(path, PLACE).decode("latin-1")  # node names of the format are ASCII, comments are not always
    raise_if_any(_faults(text), shown_path(path))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "grid.uct"
        copy.write_text(text, encoding="utf-8")
        net, said = _pandapower.net_of_ucte(copy)
    net.name = path.stem
    held = _pandapower.hold_reference(net, ())
    report = GridReport(
        source=path.name, form="UCTE-DEF", converter="pandapower.converter (from_ucte)",
        read=_pandapower.element_counts(net),
        guessed=(f"No node is the reference: the largest generation, {held!r}, is taken.",) if held else (),
        dropped=("Comments, exchange powers (##E) and taps by table (##TT) are not read.", *said),
    )  # fmt: skip
    return ReadGrid(_pandapower.checked(net, path), report)


def _faults(text: str) -> Iterator[Fault]:
    """What is wrong with the rows, each with its line."""
    if "\x00" in text or "##N" not in text:
        yield Fault(PLACE, "is not a UCTE-DEF file: it has no block ##N")
        return
    block, nodes = "", set()
    ends: list[tuple[int, str]] = []
    for number, row in enumerate(map(str.rstrip, text.splitlines()), 1):
        if row.startswith("##"):
            known = row.split()[0] if row.split()[0] in BLOCKS else block if row.startswith("##Z") else ""
            if not known:
                yield Fault(
                    PLACE, f"no block of the format; there are {', '.join(BLOCKS)} and ##Z", row[:20], line=number
                )
            block = known or block
        elif row and not block:
            yield Fault(PLACE, "stands before any block", row[:40], line=number)
        elif row and len(row) < BLOCKS[block] and block in {"##N", "##L", "##T"}:
            yield Fault(PLACE, f"a row of {block} must have at least {BLOCKS[block]} characters", row[:60], line=number)
        elif row and block == "##N":
            nodes.add(row[:8].strip())
            yield from _number_faults(row, number)
        elif row and block in {"##L", "##T"}:
            ends += [(number, row[:8].strip()), (number, row[9:17].strip())]
    for number, node in ends:
        if node not in nodes:
            yield Fault(PLACE, "no such node", node, line=number)


def _number_faults(row: str, line: int) -> Iterator[Fault]:
    """Powers of a node that are no numbers."""
    for begin, end, what in NODE_PARTS:
        cell = row[begin:end].strip()
        try:
            float(cell or 0)
        except ValueError:
            yield Fault(PLACE, f"{what} of node {row[:8].strip()!r} must be a number", cell, line=line)
