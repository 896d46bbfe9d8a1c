"""What measures cost, from a table with sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import get_args

import polars as pl

from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, column_faults, source_faults
from grid.files.text_table import TextTable, read_text_table
from grid.spec import SourceStatus

INTEREST = 0.05
"""Interest by which an investment is spread over its lifetime [1/a] (ours)."""
NEEDED = ("curtailment", "smart_charging", "storage", "tap", "transformer")
"""Measures of which a table must have a row."""
HIGHEST = 1e12
"""What no cost reaches [currency], and no other number of a row."""
TEXTS = ("measure", "detail", "currency", "source", "status")
"""Columns of texts; all others hold numbers."""


@dataclass(frozen=True)
class MeasureCost:
    """A row of the table of costs; fixed, by length, by rated power of a transformer, by power.

    Args:
        measure: Kind of measure.
        detail: Type of cable, or what else it is.
        vn_kv: Rated voltage that it is for [kV]; 0 for any.
        fixed: Cost of one [currency].
        per_km: Cost of a kilometre [currency/km].
        per_mva: Cost of an MVA [currency/MVA].
        per_mw: Cost of a MW [currency/MW].
        lifetime_a: Lifetime [a].
        currency: Its currency.
        source: Where it comes from.
        status: ``verified``, ``secondary`` or ``unverified``.
    """

    measure: str
    detail: str
    vn_kv: float
    fixed: float
    per_km: float
    per_mva: float
    per_mw: float
    lifetime_a: float
    currency: str
    source: str
    status: str

    def investment(self, *, km: float = 0.0, mva: float = 0.0, mw: float = 0.0) -> float:
        """What is paid at once [currency]."""
        return self.fixed + self.per_km * km + self.per_mva * mva + self.per_mw * mw

    def yearly(self, *, km: float = 0.0, mva: float = 0.0, mw: float = 0.0) -> float:
        """Cost of a year, the investment spread over its lifetime with interest [currency/a]."""
        paid = self.investment(km=km, mva=mva, mw=mw)
        return float(paid * INTEREST / (1 - (1 + INTEREST) ** -self.lifetime_a))


@cache
def shipped_costs() -> Path:
    """The shipped table."""
    return Path(str(resources.files("app.studies.reinforcement") / "costs.csv"))


def read_costs(path: Path) -> tuple[MeasureCost, ...]:
    """Reads a table of costs.

    Raises:
        InputError: If there is none, or with all that is wrong with it.
    """
    table = read_text_table(path, "--costs")
    names = [field.name for field in fields(MeasureCost)]
    raise_if_any(column_faults(table.names, names), str(path))
    if not table.n_rows:
        raise InputError.single("--costs", "must have rows below its header", str(path))
    raise_if_any(_faults(table), str(path))
    rows = table.cells.with_columns(pl.Series(name, table.numbers(name).values) for name in names if name not in TEXTS)
    return tuple(MeasureCost(**row) for row in rows.select(names).to_dicts())


def _faults(table: TextTable) -> Iterator[Fault]:
    """What is wrong with the rows of a table of costs."""
    cells, lines = table.cells, table.lines
    for name in (field.name for field in fields(MeasureCost) if field.name not in TEXTS):
        values, rule = table.numbers(name).values, "must be a number, at least 0"
        wrong = ~((values >= 0) & (values < HIGHEST))
        if name == "lifetime_a":
            wrong, rule = wrong | (values == 0), "must be a number greater than 0"
        yield from cell_faults(name, rule, wrong, cells[name], lines)
    yield from source_faults(table, get_args(SourceStatus))
    rule = f"must be {cells['currency'][0]!r} as in the first row"
    other = (cells["currency"] != cells["currency"][0]).to_numpy()
    yield from cell_faults("currency", rule, other, cells["currency"], lines)
    key = cells.select("measure", "detail", "vn_kv")
    twice = ~key.is_unique() & ~cells.select(pl.struct(key.columns).is_first_distinct()).to_series()
    yield from cell_faults("measure", "must have one row of each detail and voltage", twice.to_numpy(),
                           cells["measure"], lines)  # fmt: skip
    kinds = cells["measure"].unique().to_list()
    for name in NEEDED:
        if name not in kinds:
            yield Fault("measure", "has no row", name, nearest(name, kinds))
