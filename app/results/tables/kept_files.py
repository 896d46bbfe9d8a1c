"""Files of tables that no emission factor changes, kept for runs of one process that have their energy in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any

import polars as pl

from app.results.table_file import as_stored, encode
from app.simulation.phases import SimulationResult
from grid.sharing import is_shared, keep_latest

Make = Callable[[], pl.DataFrame]

_DEPEND_ON: dict[str, Callable[[SimulationResult], Any]] = {
    "branches": lambda outcome: outcome.flow,
    "violations": lambda outcome: (outcome.accounts.side, outcome.flow, outcome.inputs.loaded.scenario.limits),
}
"""All that each of these tables depends on."""


def tables_or_files(outcome: SimulationResult, tables: Mapping[str, Make]) -> dict[str, Callable[[], Any]]:
    """What makes each table of a result or, of those that runs have in common, its file where such are kept."""
    if not is_shared():
        return dict(tables)
    kept = {name: partial(_file, name, depends(outcome), tables[name]) for name, depends in _DEPEND_ON.items()}
    return {**tables, **kept}


def _file(name: str, takes: Any, make: Make) -> bytes:
    return keep_latest(f"file of {name}", takes, lambda: _encoded(name, as_stored(name, make())))


def _encoded(name: str, frame: pl.DataFrame) -> bytes:
    file = BytesIO()
    encode(name, frame, file)
    return file.getvalue()
