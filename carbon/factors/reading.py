"""Reading a set of emission factors from a CSV file; every fault with its row, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import polars as pl

from carbon.factors.factor_set import (
    TECHNOLOGIES,
    Boundary,
    EmissionFactor,
    FactorSet,
    FactorView,
    Gas,
    LossTreatment,
)
from carbon.factors.units import kg_per_mwh, unit_fault
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import column_faults, with_plain_numbers
from grid.files.text_table import read_text_table
from grid.spec import SourceStatus

_CHOICES: Final = {
    "technology": TECHNOLOGIES,
    "gas": get_args(Gas),
    "boundary": get_args(Boundary),
    "view": get_args(FactorView),
    "losses": get_args(LossTreatment),
    "renewable": ("true", "false"),
    "status": get_args(SourceStatus),
}
COLUMNS: Final = (
    *("technology", "value", "unit", "gas", "boundary", "view", "losses"),
    *("renewable", "year", "issuer", "source", "status"),
)
"""Required columns; ``region`` and those of the published range are optional."""
RANGE_COLUMNS: Final = ("low", "high", "range_source", "range_status")
"""Ends of the published range, in the unit of the set, who published it, and how far that was checked."""
_OPTIONAL: Final = ("region", *RANGE_COLUMNS)
_KEY: Final = ("technology", "region", "boundary", "view", "year")
"""What a factor is found by: two rows that agree in it, but in gas or losses, would be told apart by nothing."""
_GREATEST_KG_PER_MWH: Final = 3000.0  # no fuel of any published set comes near
_LEAST_POSITIVE_KG_PER_MWH: Final = 1.0  # below the least published life-cycle factor


def read_factor_set(path: Path) -> FactorSet:
    """A set of factors, converted to kg/MWh from the unit that its column ``unit`` declares.

    Args:
        path: The CSV file; its name is that of the set.

    Raises:
        InputError: If the file cannot be read or lacks columns; or rows are refused, by their line in the file, all at
            once: without a source or unit, negative, of more than one unit, mixed in their gases, unknown, implausible
            in their unit, or given twice.
    """
    table = read_text_table(path, "factors")
    raise_if_any(column_faults(table.names, COLUMNS), str(path))
    cells = with_plain_numbers(table, ("value", "low", "high"))
    cells = cells.with_columns(pl.lit("").alias(column) for column in _OPTIONAL if column not in table.names)
    rows, lines = cells.select(*COLUMNS, *_OPTIONAL).to_dicts(), table.lines.tolist()
    if not rows:
        raise InputError.single("factors", "must have at least one row", str(path))
    raise_if_any([*_row_faults(rows, lines), *_set_faults(rows, lines)], str(path))
    return FactorSet(path.stem, tuple(_factor(row) for row in rows))


def _row_faults(rows: list[dict[str, str]], lines: list[int]) -> Iterator[Fault]:
    for line, row in zip(lines, rows, strict=True):
        for column, choices in _CHOICES.items():
            if row[column] not in choices:
                rule = f"must be one of {', '.join(choices)}"
                yield Fault(f"row {line}, {column}", rule, row[column], nearest(row[column], choices))
        for column in ("source", "issuer"):
            if not row[column]:
                yield Fault(f"row {line}, {column}", "must say where the value comes from")
        if not (row["year"].isdigit() and len(row["year"]) == 4):
            yield Fault(f"row {line}, year", "must be a year of four digits", row["year"])
        fault = unit_fault(f"row {line}, unit", row["unit"], row["technology"])
        if fault is not None:
            yield fault
        yield from _value_faults(f"row {line}, value", row, convertible=fault is None)
        yield from _range_faults(line, row)


def _value_faults(place: str, row: dict[str, str], *, convertible: bool) -> Iterator[Fault]:
    try:
        value = float(row["value"])
    except ValueError:
        yield Fault(place, "must be a number", row["value"])
        return
    if not 0 <= value < float("inf"):
        yield Fault(place, "must be finite and at least 0", row["value"])
    elif convertible:
        converted = kg_per_mwh(value, row["unit"], row["technology"])
        if 0 < converted < _LEAST_POSITIVE_KG_PER_MWH or converted > _GREATEST_KG_PER_MWH:
            yield Fault(place, f"is {converted:.4g} kg/MWh; this looks like another unit than {row['unit']}", value)


def _range_faults(line: int, row: dict[str, str]) -> Iterator[Fault]:
    """A range with one end, without source or status, or one that does not hold the value."""
    ends = [row["low"], row["high"]]
    if not any(ends):
        return
    for column in ("low", "high", "range_source"):
        if not row[column]:
            yield Fault(f"row {line}, {column}", "must be given with a range")
    if row["range_status"] not in get_args(SourceStatus):
        rule = f"must be one of {', '.join(get_args(SourceStatus))} where there is a range"
        yield Fault(f"row {line}, range_status", rule, row["range_status"])
    try:
        low, value, high = float(ends[0] or "nan"), float(row["value"]), float(ends[1] or "nan")
    except ValueError:
        yield Fault(f"row {line}, low and high", "must be numbers", ", ".join(ends))
        return
    if not (0 <= low <= value <= high < float("inf")) and all(ends):
        yield Fault(f"row {line}, low and high", f"must hold the value, {row['value']}", ", ".join(ends))


def _set_faults(rows: list[dict[str, str]], lines: list[int]) -> Iterator[Fault]:
    lines_of_key: dict[tuple[str, ...], list[int]] = {}
    gases: dict[str, tuple[str, int]] = {}
    unit, unit_line = "", 0
    for line, row in zip(lines, rows, strict=True):
        lines_of_key.setdefault(tuple(row[column] for column in _KEY), []).append(line)
        unit, unit_line = (unit, unit_line) if unit else (row["unit"], line)
        if row["unit"] and row["unit"] != unit:
            rule = f"must be the unit of the whole set, {unit} as in row {unit_line}; use one file for each unit"
            yield Fault(f"row {line}, unit", rule, row["unit"])
        if not row["region"]:
            gas, first = gases.setdefault(row["boundary"], (row["gas"], line))
            if row["gas"] != gas:
                rule = f"{row['boundary']} factors must not mix CO2 and CO2e; row {first} is {gas}"
                yield Fault(f"row {line}, gas", rule, row["gas"])
    for key, same in lines_of_key.items():
        if len(same) > 1:
            what = ", ".join(filter(None, key))
            yield Fault(f"rows {', '.join(map(str, same))}", f"give the same factor twice: {what}")


def _factor(row: dict[str, str]) -> EmissionFactor:
    def converted(column: str) -> float:
        return round(kg_per_mwh(float(row[column]), row["unit"], row["technology"]), 9)  # 0.5306 * 1000 is 530.6

    fields = {column: row[column] for column in row if column not in {"low", "high"}}
    typed = {
        "value": float(row["value"]),
        "year": int(row["year"]),
        "renewable": row["renewable"] == "true",
        "value_kg_per_mwh": converted("value"),
        "low_kg_per_mwh": converted("low") if row["low"] else None,
        "high_kg_per_mwh": converted("high") if row["high"] else None,
    }
    return EmissionFactor(**(fields | typed))  # type: ignore[arg-type]  # checked above
