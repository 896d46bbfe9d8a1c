"""A number for each of some named things, from a CSV file that a user writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from grid.arrays import Bools
from grid.errors import Fault, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, column_faults
from grid.files.text_table import TextTable, read_text_table


def read_named_numbers(
    path: Path, option: str, name: str, value: str, known: Collection[str], most: float = 1e12
) -> dict[str, float]:
    """Reads a table of two columns; rows that are equal count once.

    Args:
        path: The file, as text.
        option: Where it is named, such as ``--customers``.
        name: Column with the names.
        value: Column with the numbers, not negative.
        known: Names that there are.
        most: What no number exceeds.

    Raises:
        InputError: With all that is wrong with the file.
    """
    table = read_text_table(path, option)
    raise_if_any(column_faults(table.names, (name, value)), str(path))
    if not table.n_rows:
        raise_if_any([Fault(option, "must have at least one row below its header")], str(path))
    numbers = table.numbers(value).values
    rows = pl.DataFrame({"name": table.cells[name], "number": numbers, "line": table.lines})
    once = rows.unique(["name", "number"], keep="first", maintain_order=True)
    rule = "must be a number, at least 0" if most >= 1e12 else f"must be a number within 0 and {most:g}"
    wrong = ~((numbers >= 0) & (numbers <= most))  # not-a-number fails both
    raise_if_any([
        *_name_faults(name, table, known),
        *cell_faults(name, "must name each once, or with the same number",
                     once["name"].is_duplicated().to_numpy() & ~once["name"].is_first_distinct().to_numpy(),
                     once["name"], once["line"].to_numpy()),
        *cell_faults(value, rule, wrong, table.cells[value], table.lines),
    ], str(path))  # fmt: skip
    return dict(zip(once["name"].to_list(), once["number"].to_list(), strict=True))


def _name_faults(name: str, table: TextTable, known: Collection[str]) -> Iterator[Fault]:
    """Names that nobody has, told once with the first of them and the nearest that there is."""
    names = table.cells[name]
    unknown: Bools = ~np.isin(names.to_numpy().astype(str), np.array(sorted(known), dtype=str))
    if unknown.any():
        first = names[int(np.argmax(unknown))]
        more = f" ({int(unknown.sum()):,} of {table.n_rows:,} rows name what is not known)" if unknown.sum() > 1 else ""
        line = int(table.lines[unknown][0])
        yield Fault(name, f"is not known{more}", first, suggestion=nearest(first, known), line=line)
