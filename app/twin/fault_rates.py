"""How often lines and transformers fail, from a table with sources."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import polars as pl

from grid.errors import Fault, nearest, raise_if_any
from grid.files.content import read_csv
from grid.network.network import Network
from grid.twin.equipment import line_table
from grid.twin.reliability import FaultRates

NUMBERS = ("faults_per_km_year", "faults_per_year", "repair_h")
COLUMNS = ("kind", *NUMBERS, "source", "status")
STATUSES = ("verified", "secondary", "unverified")
SWITCHING_H = 1.0
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
    table = read_csv(path, "--rates")
    lacking = [name for name in COLUMNS if name not in table.columns]
    raise_if_any([Fault("--rates", f"lacks the column {name}", suggestion=nearest(name, table.columns))
                  for name in lacking], str(path))  # fmt: skip
    numbers = table.with_columns(pl.col(NUMBERS).str.strip_chars().cast(pl.Float64, strict=False))
    raise_if_any(_faults(table, numbers), str(path))
    return numbers.select(COLUMNS)


def _faults(table: pl.DataFrame, numbers: pl.DataFrame) -> Iterator[Fault]:
    for line, (written, row) in enumerate(zip(table.to_dicts(), numbers.to_dicts(), strict=True), start=2):
        for name in NUMBERS:
            if row[name] is None or not 0 <= row[name] < float("inf"):
                yield Fault(name, "must be a number, at least 0", written[name], line=line)
        if not (row["source"] or "").strip():
            yield Fault("source", "is required", line=line)
        if row["status"] not in STATUSES:
            yield Fault("status", f"must be one of {', '.join(STATUSES)}", row["status"], line=line)
    for kind in table["kind"].value_counts().filter(pl.col("count") > 1)["kind"]:
        yield Fault("kind", "occurs twice", kind)


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
