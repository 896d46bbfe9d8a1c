"""A key figure is declared once; summary, account, tiles, comparison and documentation follow from that."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from app.dashboard.pages.overview import content
from app.dashboard.view import View
from app.results import documentation, key_figures
from app.results.explain import why
from app.results.folder import TABLES
from app.results.key_figures import Declarations, KeyFigure, declarations, evaluate, figure_named, summarise
from app.studies.demo import print_comparison
from tests.app.synthetic_results import write_synthetic
from tests.places import ROOT

LOSS_SHARE = KeyFigure(
    label="share of losses",
    unit="1",
    sql="SELECT SUM(loss_mwh) / SUM(consumption_mwh + loss_mwh) FROM ledger",
    meaning="losses per consumption and loss",
    percent=True,
    compared="points",
    better="lower",
    shown=("demo", "overview"),
)


def with_figure(key: str, figure: KeyFigure) -> Declarations:
    known = declarations()
    return known.model_copy(update={"figures": {**known.figures, key: figure}})


def test_one_entry_is_in_summary_account_overview_comparison_and_documentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    extended = with_figure("loss_share", LOSS_SHARE)
    for module in (key_figures, documentation):
        monkeypatch.setattr(module, "declarations", lambda: extended)
    monkeypatch.setenv("COLUMNS", "120")
    results = {name: write_synthetic(tmp_path / name, name) for name in ("unmanaged", "optimal")}
    summary = results["optimal"].summary
    expected = summary["loss_mwh"] / (summary["consumption_mwh"] + summary["loss_mwh"])
    assert summary["loss_share"] == pytest.approx(expected, rel=1e-12)
    account = why(results["optimal"], "loss_share")
    assert account.formula == LOSS_SHARE.sql
    assert account.inputs == {"ledger": "ledger.parquet, 192 rows"}
    assert account.value == summary["loss_share"]
    page = str(content(View.of(results, {"search": "?result=optimal"})))
    assert "Share of losses" in page
    assert f"{100 * expected:.1f}" in page
    print_comparison(results["unmanaged"], results["optimal"])
    assert "share of losses" in capsys.readouterr().out
    assert "`loss_share`" in documentation.key_figures()


def test_the_documentation_is_current() -> None:
    for name, make in documentation.PAGES.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == make(), "python -m app.results.documentation"


def test_formulae_read_tables_of_the_result() -> None:
    known = declarations()
    figures = [*known.figures.values(), *(one for family in known.families.values() for one in family.figures.values())]
    assert len(figures) > 40
    for figure in figures:
        assert figure.tables
        assert set(figure.tables) <= set(TABLES), figure.sql
    for family in known.families.values():
        assert family.column in TABLES[family.table]
        assert all("{member}" in figure.sql for figure in family.figures.values())


def test_a_figure_without_rows_is_none_and_a_count_of_none_is_zero() -> None:
    summary = summarise(lambda name: pl.LazyFrame(schema=TABLES[name]))
    counts = {key: value for key, value in summary.items() if value is not None}
    assert counts == {"violation_steps": 0, "steps": 0, "failed_steps": 0}
    assert list(summary) == list(declarations().figures)


def test_members_may_be_called_anything(tmp_path: Path) -> None:
    name = "O'Hara 1.5"
    frame = pl.DataFrame({"name": [name, "x"], "p_total_mw": [3.0, 9.0], "p_it_mw": [2.0, 1.0]})
    found = figure_named(f"data_centres.{name}.pue")
    assert (found.family, found.member) == ("data_centres", name)
    assert evaluate([found], {"data_centres": frame.lazy()}.__getitem__) == {found.key: 1.5}


def test_units_and_values_as_shown() -> None:
    known = declarations().figures
    assert known["cost"].shown_unit("JPY") == "JPY"
    assert known["violation_steps"].shown_unit("EUR") == ""
    assert known["renewable_share"].shown_unit("EUR") == "%"
    assert known["renewable_share"].shown_value(0.25) == 25.0
    assert known["cost"].shown_value(None) is None
