"""Exports of the Transparency Platform with a row for each time and type, brought to a row for each time.

Since 2024 the platform's pages export ``MTU (…)``, ``Area``, ``Production Type``, ``Generation (MW)`` (names
unverified); what reads the older exports, which have a column for each type, then reads these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from grid.files.text_table import TextTable

_TYPE: Final = "Production Type"
_VALUE: Final = "Generation (MW)"
_TURN: Final = "·turn"
_LINE: Final = "·line"


def has_types_in_rows(columns: Sequence[str]) -> bool:
    """Whether a file with these columns has a row for each time and type."""
    return {_TYPE, _VALUE} <= set(columns) and any(name.startswith("MTU") for name in columns)


def with_types_in_columns(table: TextTable) -> TextTable:
    """The table with a row for each time and area, and a column for each type, as the older exports have it.

    Where a time stands twice with one type, as in the hour that occurs twice, the second is a row of its own.
    """
    time = next(name for name in table.names if name.startswith("MTU"))
    keys = [name for name in (time, "Area") if name in table.names]
    cells = table.cells.with_columns(
        pl.Series(_LINE, table.lines),
        pl.int_range(pl.len()).over([*keys, _TYPE]).alias(_TURN),
        pl.format("{} - Actual Aggregated [MW]", pl.col(_TYPE)).alias(_TYPE),
    )
    groups = [*keys, _TURN]
    beside = [name for name in table.names if name not in {*keys, _TYPE, _VALUE}]
    first = cells.group_by(groups, maintain_order=True).agg(pl.col(_LINE, *beside).first())
    wide = cells.pivot(_TYPE, index=groups, values=_VALUE, maintain_order=True)
    joined = first.join(wide, on=groups, how="left", maintain_order="left").sort(_LINE, maintain_order=True)
    return replace(table, cells=joined.drop(_TURN, _LINE), lines=joined[_LINE].to_numpy())
