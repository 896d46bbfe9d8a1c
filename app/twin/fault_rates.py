"""How often lines and transformers fail, from a table with sources."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, get_args

import numpy as np
import polars as pl

from grid.errors import Fault, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, column_faults, source_faults
from grid.files.text_table import TextTable, read_text_table
from grid.network.network import Network
from grid.spec import SourceStatus
from grid.twin.equipment import line_table
from grid.twin.reliability import FaultRates

NUMBERS: Final = ("faults_per_km_year", "faults_per_year", "repair_h")
COLUMNS: Final = ("kind", *NUMBERS, "source", "status")
HIGHEST: Final = 1e9
"""What no rate and no time of a repair reaches, per year or h."""
SWITCHING_H: Final = 1.0
"""Time until a fault is isolated and other ways are closed; that of the RBTS, see the table of rates [h]."""


@cache
def shipped_rates() -> Path:
    """The shipped table."""
    return Path(str(resources.files("app.twin") / "fault_rates.csv"))


def read_fault_rates(path: Path) -> pl.DataFrame:
    """Reads a table with a row for each kind of branch and the columns `COLUMNS`.

    Raises:
        InputError: With all that is wrong with it.
    """
    table = read_text_table(path, "--rates")
    raise_if_any(column_faults(table.names, COLUMNS), str(path))
    raise_if_any(_faults(table), str(path))
    numbers = [pl.Series(name, table.numbers(name).values) for name in NUMBERS]
    return table.cells.with_columns(numbers).select(COLUMNS)


def _faults(table: TextTable) -> Iterator[Fault]:
    """What is wrong with the rows of a table of fault rates."""
    for name in NUMBERS:
        values = table.numbers(name).values
        rule = "must be a number, at least 0"
        yield from cell_faults(name, rule, ~((values >= 0) & (values < HIGHEST)), table.cells[name], table.lines)
    yield from source_faults(table, get_args(SourceStatus))
    twice = ~table.cells["kind"].is_first_distinct()
    yield from cell_faults("kind", "must have one row", twice.to_numpy(), table.cells["kind"], table.lines)


def fault_rates_of(network: Network, table: pl.DataFrame, switching_h: float) -> FaultRates:
    """Faults of the branches of a network, L branches.

    Args:
        network: The network, all branches closed.
        table: What `read_fault_rates` reads.
        switching_h: Time until a fault is isolated and other ways are closed [h].

    Raises:
        InputError: If a kind of branch has no row, or the time is no time.
    """
    rows = {row["kind"]: row for row in table.to_dicts()}
    kinds = network.branches.kinds
    raise_if_any([Fault("kind", "has no row", kind, nearest(kind, rows)) for kind in sorted(set(kinds) - set(rows))],
                 "the table of fault rates")  # fmt: skip
    length_km = {name: line["length_km"] for name, line in line_table(network).items()}
    per_year = [
        rows[kind]["faults_per_year"] + rows[kind]["faults_per_km_year"] * length_km.get(name, 0.0)
        for name, kind in zip(network.branches.names, kinds, strict=True)
    ]
    return FaultRates(np.array(per_year), np.array([rows[kind]["repair_h"] for kind in kinds]), switching_h)
