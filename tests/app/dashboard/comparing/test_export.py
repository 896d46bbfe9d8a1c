"""The comparison as files."""

from __future__ import annotations

import io

import openpyxl
import polars as pl
import pytest

from app.dashboard import create_app
from app.results.folder import Result
from app.results.key_figures import figure_named


@pytest.fixture(scope="module")
def client(results: dict[str, Result]):
    return create_app(results).server.test_client()


def test_the_workbook_holds_figures_inputs_causes_costs_and_provenance(client, results: dict[str, Result]) -> None:
    answer = client.get("/compare/comparison.xlsx?result=optimal&baseline=unmanaged")
    assert answer.status_code == 200
    assert "comparison-optimal.xlsx" in answer.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["Key figures", "Inputs that differ", "Causes 1, optimal", "Cost per tonne", "Provenance"]
    rows = {row[1]: row for row in book["Key figures"].iter_rows(values_only=True)}
    before, after = (results[name].summary["emissions_t"] for name in ("unmanaged", "optimal"))
    assert rows["figure"][4:] == ("unmanaged", "optimal", "optimal less unmanaged")
    assert rows["emissions_t"][4:] == pytest.approx((before, after, after - before))
    assert rows["emissions_marginal_not_in_inventory_t"][4:6] == (None, None)
    inputs = {row[0]: row[1:] for row in book["Inputs that differ"].iter_rows(values_only=True)}
    assert inputs["dispatch.strategy"] == ("unmanaged", "optimal")
    hashes = {row[0]: row for row in book["Provenance"].iter_rows(values_only=True)}
    assert results["optimal"].scenario_hash in hashes["optimal"]
    causes = pl.read_excel(io.BytesIO(answer.data), sheet_name="Causes 1, optimal", engine="openpyxl")
    assert causes.filter(what="difference")[causes.columns[2]].item() == pytest.approx(after - before)


def test_the_csv_holds_every_key_figure_once(client, results: dict[str, Result]) -> None:
    frame = pl.read_csv(io.BytesIO(client.get("/compare/comparison.csv?result=optimal").data))
    expected = {key for one in results.values() for key, value in one.summary.items() if value is not None}
    assert sorted(frame["figure"]) == sorted(expected)
    assert all(figure_named(key).figure.meaning for key in frame["figure"])


def test_other_files_and_unknown_results_are_not_found(client) -> None:
    assert client.get("/compare/comparison.pdf?result=optimal").status_code == 404
    answer = client.get("/compare/comparison.csv?result=optimum")
    assert answer.status_code == 404
    assert "did you mean 'optimal'?" in answer.text
