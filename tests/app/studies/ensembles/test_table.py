"""Results side by side: columns, conditions, order, formats."""

from __future__ import annotations

import io
import math
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from app.results.typed_column import typed_column
from app.studies.ensembles.files import check_files, check_table, markdown, table_bytes
from app.studies.ensembles.runs import Ensemble
from app.studies.ensembles.sources import differences
from app.studies.ensembles.table import results_table
from grid.errors import InputError

ROOFS = "assets[roofs].p_peak_mw"
PUE = "data_centres.north.pue"
RUNS = pl.DataFrame({
    "name": ["a", "b|c", "=1+1", "d"], "status": ["done", "failed", "infeasible", "done"],
    "tags": [["x", "y"], [], [], []],
    ROOFS: [1.0, 2.0, 3.0, 4.0], "cost": [30.5, None, 10.25, 20.0], "renewable_share": [0.25, None, 0.5, 0.125],
    PUE: [1.2, None, 1.3, 1.4], "steps": [24, None, 24, 24],
})  # fmt: skip
ENSEMBLE = Ensemble("store", RUNS, (ROOFS,), ("cost", "renewable_share", PUE, "steps"), "EUR")


def names(table: pl.DataFrame) -> list[str]:
    return table["name"].to_list()


def test_every_run_has_a_row_and_the_usual_columns() -> None:
    table = results_table(ENSEMBLE)
    assert table.columns == ["name", "status", ROOFS, "cost", "renewable_share"]
    assert table.height == 4
    assert results_table(ENSEMBLE, ("all",)).columns == RUNS.columns
    assert results_table(ENSEMBLE, ("cost", "name")).columns == ["cost", "name"]


def test_runs_without_a_value_are_last_in_either_order() -> None:
    assert names(results_table(ENSEMBLE, sort="cost")) == ["=1+1", "d", "a", "b|c"]
    assert names(results_table(ENSEMBLE, sort="cost", descending=True)) == ["a", "d", "=1+1", "b|c"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("cost < 25", ["=1+1", "d"]),
        (f"{ROOFS} >= 3 AND status = 'done'", ["d"]),
        (f'"{ROOFS}" >= 3', ["=1+1", "d"]),
        (f"{PUE} > 1.25", ["=1+1", "d"]),
        ("status IN ('failed', 'infeasible')", ["b|c", "=1+1"]),
        (f"name = '{PUE}' OR cost IS NULL", ["b|c"]),
        ("cost > 1e9", []),
    ],
)
def test_conditions(condition: str, expected: list[str]) -> None:
    assert names(results_table(ENSEMBLE, where=condition)) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ("name", "costs", "pue")}, "--columns: no such column; got 'costs'; did you mean 'cost'?"),
        ({"sort": "renewables"}, "--sort: no such column; got 'renewables'; did you mean 'renewable_share'?"),
        ({"where": "costs > 3"}, "--where: no such column; got 'costs'; did you mean 'cost'?"),
        ({"where": "cost >"}, "--where: must be a condition in SQL on the columns"),
        ({"where": "cost + 1"}, "--where: must be a condition in SQL on the columns"),
        ({"where": "cost > 'a'"}, "--where: must be a condition in SQL on the columns"),
        ({"where": ""}, "--where: must be a condition in SQL on the columns"),
    ],
)
def test_what_is_unknown_has_a_nearest_right_answer(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        results_table(ENSEMBLE, **arguments)  # type: ignore[arg-type]
    assert message in str(refused.value)


def test_all_unknown_columns_are_named_at_once() -> None:
    with pytest.raises(InputError, match="has 2 problems"):
        results_table(ENSEMBLE, ("costs", "name", "stat"))
    with pytest.raises(InputError, match="has 2 problems"):
        results_table(ENSEMBLE, ("costs",), sort="stat")


def test_formats_hold_the_same() -> None:
    table = results_table(ENSEMBLE, ("all",))
    assert pl.read_parquet(io.BytesIO(table_bytes(table, "parquet"))).equals(table)
    flat = table.with_columns(pl.col("tags").list.join(" "))
    csv = pl.read_csv(io.BytesIO(table_bytes(table, "csv")))
    assert csv.equals(flat)
    sheet = openpyxl.load_workbook(io.BytesIO(table_bytes(table, "xlsx"))).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == table.columns
    assert [row[4] for row in rows[1:]] == [30.5, None, 10.25, 20]
    assert sheet["A4"].data_type == "s"  # a name that begins with = is no formula
    assert sheet["A4"].value == "=1+1"


def test_markdown_is_aligned_and_keeps_its_columns() -> None:
    lines = markdown(results_table(ENSEMBLE, ("name", "cost", "renewable_share", "steps"))).splitlines()
    assert lines == [
        "| name | cost | renewable_share | steps |",
        "| ---- | ---: | --------------: | ----: |",
        "| a    |   30 |           0.250 |    24 |",
        "| b\\|c |      |                 |       |",
        "| =1+1 |   10 |           0.500 |    24 |",
        "| d    |   20 |           0.125 |    24 |",
    ]


def test_files_are_looked_at_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError) as refused:
        check_files([tmp_path / "a.pnf", tmp_path / "none" / "a.csv", tmp_path / "folder.csv"], ("csv", "png"))
    text = str(refused.value)
    assert "has 3 problems" in text
    assert "a.pnf'; did you mean '.png'?" in text
    assert "no such folder" in text
    assert "is a folder" in text
    assert check_table(None, None) == "md"
    assert check_table(None, tmp_path / "a.xlsx") == "xlsx"
    assert check_table("csv", tmp_path / "a.txt") == "csv"
    with pytest.raises(InputError, match="did you mean 'csv'"):
        check_table("cvs", None)
    with pytest.raises(InputError, match="is no text"):
        check_table("parquet", None)


def test_columns_have_the_type_of_their_values() -> None:
    assert typed_column([1, None]).dtype == pl.Int64
    assert typed_column([1, 2.5]).to_list() == [1.0, 2.5]
    assert typed_column([True, None]).dtype == pl.Boolean
    assert typed_column([1, "reference", None, True]).to_list() == ["1", "reference", None, "True"]
    assert typed_column([None, None]).null_count() == 2
    assert math.isnan(typed_column([math.nan])[0])


def test_results_outside_sweeps_differ_in_what_their_scenarios_do() -> None:
    base = {"name": "a", "period": {"days": 1}, "assets": [{"name": "roofs", "p_peak_mw": 2}, {"name": "depot"}]}
    other = {"name": "b", "period": {"days": 1}, "assets": [{"name": "roofs", "p_peak_mw": 3}], "seed": 4}
    found = differences([base, other])
    assert {path: values.to_list() for path, values in found.items()} == {
        ROOFS: [2, 3], "assets[depot].name": ["depot", None], "seed": [None, 4],
    }  # fmt: skip
