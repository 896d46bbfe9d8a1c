"""Where every key figure comes from: its formula over the tables of the result, which anyone can run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from app.results.folder import Result
from app.results.key_figures import CURRENCY, Value, evaluate, figure_named
from carbon.tracing.convention_names import in_words
from grid.errors import InputError, nearest


@dataclass(frozen=True)
class Why:
    """The account of one key figure, as plain data that a machine can read and repeat.

    Args:
        name: Its key.
        label: What it is called.
        value: What it is; None where it does not exist in the run.
        unit: Its unit.
        formula: How it follows from the tables of the result, as SQL over them.
        meaning: What it counts, in words.
        use: What it may be used for, where there is another figure of the same thing; else empty.
        convention: Conventions of the tracing and the ledgers.
        inputs: Names and sizes of the tables that the formula reads.
        factors: Rows of the emission factors behind it; none where no carbon is in it.
        scenario_hash: SHA-256 of the canonical scenario.
        code_version: Version of gridcarbon.
    """

    name: str
    label: str
    value: Value
    unit: str
    formula: str
    meaning: str
    use: str
    convention: str
    inputs: Mapping[str, str]
    factors: tuple[Mapping[str, Any], ...]
    scenario_hash: str
    code_version: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)


def why(result: Result, name: str) -> Why:
    """The account of a key figure.

    Args:
        result: The result.
        name: A key of its summary.

    Raises:
        InputError: If there is no such key.
    """
    declared = figure_named(name)
    if name not in result.summary:
        rule = "is a key figure, but not of this result: it was made before the figure was, or has nothing of the kind"
        raise InputError.single("NAME", rule, name, nearest(name, result.summary))
    figure, manifest = declared.figure, result.manifest
    return Why(
        name=name,
        label=figure.label,
        value=result.summary[name],
        unit=str(manifest["currency"]) if figure.unit == CURRENCY else figure.unit,
        formula=figure.sql,
        meaning=figure.meaning,
        use=figure.use,
        convention=in_words(declared.member) if declared.family == "conventions" and declared.member
        else str(manifest["convention"]),
        inputs={table: f"{table}.parquet, {_rows(result, table):,} rows" for table in figure.tables},
        factors=tuple(manifest["factors"]) if figure.by_factors else (),
        scenario_hash=result.scenario_hash,
        code_version=str(manifest["versions"]["gridcarbon"]),
    )  # fmt: skip


def recompute(result: Result, name: str) -> Value:
    """Runs the formula of a key figure again; None where there is nothing to count."""
    return evaluate([figure_named(name)], result.table)[name]


def _rows(result: Result, table: str) -> int:
    return int(result.table(table).select(pl.len()).collect().item())
