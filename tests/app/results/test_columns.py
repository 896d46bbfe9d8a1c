"""Every column of a result is declared with its unit and what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.results.columns import DECLARED, TABLES, Column
from tests.app.synthetic_results import write_synthetic

SUFFIXES = {
    "_kg_per_mwh": "kg/MWh", "_kg_per_kg": "kg/kg", "_g_per_kwh": "g/kWh", "g_per_km": "g/km",
    "_per_mwh": "currency/MWh", "_mwh": "MWh", "_kwh": "kWh", "_mvar": "MVAr", "_mw": "MW", "_pu": "pu",
    "_percent": "%", "_share": "1", "_km": "km", "_kg": "kg", "_l": "L", "_cost": "currency",
}  # fmt: skip
"""Units that the end of a name promises, longer ends first."""
COLUMNS = [(table, name, column) for table, one in DECLARED.items() for name, column in one.columns.items()]


@pytest.mark.parametrize(("table", "name", "column"), COLUMNS, ids=[f"{table}.{name}" for table, name, _ in COLUMNS])
def test_the_unit_is_the_one_that_the_name_promises(table: str, name: str, column: Column) -> None:
    assert column.meaning, table
    assert bool(column.unit) == (column.dtype.is_numeric()), "numbers have a unit, names and times have none"
    promised = next((unit for suffix, unit in SUFFIXES.items() if name.endswith(suffix)), None)
    if promised is not None:
        assert column.unit == promised


def test_a_result_holds_the_declared_columns_and_no_others(tmp_path: Path) -> None:
    result = write_synthetic(tmp_path / "run", "optimal")
    assert {path.stem for path in result.path.glob("*.parquet")} == set(DECLARED)
    for name, table in DECLARED.items():
        assert table.row
        schema = result.table(name).collect_schema()
        assert dict(schema) == {column: TABLES[name][column] for column in table.columns}
