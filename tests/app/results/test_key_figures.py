"""A key figure is declared once; summary, account, tiles, comparison and documentation follow from that."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from app.dashboard.pages.overview import content
from app.dashboard.view import View
from app.results import documentation, key_figures
from app.results.columns import TABLES
from app.results.explain import why
from app.results.key_figures import (
    Declarations,
    Declared,
    KeyFigure,
    WrittenTable,
    WrittenTables,
    declarations,
    evaluate,
    figure_named,
    summarise,
)
from app.studies.demo import print_comparison
from grid.sharing import sharing_preparation
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


def test_within_shared_runs_a_figure_is_computed_anew_where_a_table_that_it_reads_was_written_otherwise() -> None:
    read = list[str]()

    def written(sha256: str, p_it_mw: float) -> WrittenTables:
        def table() -> pl.LazyFrame:
            read.append(sha256)
            return pl.LazyFrame({"name": ["x"], "p_total_mw": [3.0], "p_it_mw": [p_it_mw]})

        return WrittenTables({"data_centres": WrittenTable(sha256, table)})

    pue = [figure_named("data_centres.x.pue")]
    with sharing_preparation():
        found = [evaluate(pue, written(*one))[pue[0].key] for one in (("a", 2.0), ("a", 2.0), ("b", 1.5), ("a", 2.0))]
    assert found == [1.5, 1.5, 2.0, 1.5]
    assert evaluate(pue, written("c", 1.0)) == {pue[0].key: 3.0}
    assert "c" in read


def test_within_shared_runs_other_columns_than_those_that_a_figure_reads_do_not_matter() -> None:
    read = list[str]()

    def written(sha256: str, *columns: object) -> WrittenTables:
        def table() -> pl.LazyFrame:
            read.append(sha256)
            return pl.LazyFrame({"name": ["x"], "p_total_mw": [3.0], "p_it_mw": [1.0], "ci_kg_per_mwh": [300.0]})

        names = ("name", "p_total_mw", "p_it_mw", "ci_kg_per_mwh")
        return WrittenTables({"data_centres": WrittenTable(sha256, table, dict(zip(names, columns, strict=True)))})

    name, power, of_it = (object() for _ in range(3))
    runs = [("a", name, power, of_it, object()), ("b", name, power, of_it, object()), ("c", name, power, object(), 1)]
    pue = [figure_named("data_centres.x.pue")]
    with sharing_preparation():
        assert [evaluate(pue, written(*one)) for one in runs] == [{pue[0].key: 3.0}] * 3
    assert read == ["a", "c"]


def test_formulae_name_every_column_that_they_read() -> None:
    families = declarations().families.values()
    of_members = [figure.of_member("x") for family in families for figure in family.figures.values()]
    for declared in (*declarations().figures.values(), *of_members):
        words = set(re.findall(r"\w+", declared.sql))
        named = {name: {column: dtype for column, dtype in TABLES[name].items() if column in words}
                 for name in declared.tables}  # fmt: skip
        evaluate([Declared("x", declared)], lambda name: pl.LazyFrame(schema=named[name] or TABLES[name]))  # noqa: B023
    known = declarations().figures
    assert known["cost"].shown_unit("JPY") == "JPY"
    assert known["violation_steps"].shown_unit("EUR") == ""
    assert known["renewable_share"].shown_unit("EUR") == "%"
    assert known["renewable_share"].shown_value(0.25) == 25.0
    assert known["cost"].shown_value(None) is None


def test_the_headline_stands_by_average_and_by_marginal_intensity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    results = {name: write_synthetic(tmp_path / name, name) for name in ("unmanaged", "optimal")}
    before, after = (results[name] for name in ("unmanaged", "optimal"))
    key = "emissions_marginal_not_in_inventory_t"
    nets = [
        result.table("ledger").select(pl.col("import_mwh") - pl.col("export_mwh")).collect()
        for result in (before, after)
    ]
    marginal = before.table("marginal").collect()["above_kg_per_mwh"]
    caused_t = float(((nets[1]["import_mwh"] - nets[0]["import_mwh"]) * marginal).sum()) / 1000
    assert after.summary[key] - before.summary[key] == pytest.approx(caused_t, rel=1e-9)
    average_t = after.summary["emissions_t"] - before.summary["emissions_t"]
    assert abs(average_t - caused_t) > 0.1  # the two are not the same, which is why both are shown
    percent = 100 * abs(caused_t) / before.summary["emissions_t"]
    print_comparison(before, after)
    printed = capsys.readouterr().out
    way = "less" if caused_t < 0 else "more"
    assert f"{abs(caused_t):.1f} t {way} ({percent:.1f} %)" in printed
    assert f"{abs(average_t):.1f} t" in printed
    assert f"{after.summary[key]:,.1f} t" not in printed  # a total by marginal intensity is none
    page = str(content(View.of(results, {"search": "?result=optimal"})))
    for words in (printed.replace("\n", " "), page, documentation.key_figures()):
        assert "By average intensity is for inventories and statements" in words
        assert "By marginal intensity is for decisions" in words
    assert "Emissions, marginal intensity" in page
    alone = str(content(View.of({"optimal": after}, {})))
    assert "only the difference from another result means something" in alone
    assert why(after, key).use.endswith("never for an inventory.")


def test_at_a_tie_the_mean_of_both_sides_counts_and_local_generation_by_its_own_emissions() -> None:
    time = pl.datetime_range(pl.datetime(2030, 1, 1), pl.datetime(2030, 1, 1, 1), "1h", eager=True)
    tables = {
        "ledger": pl.LazyFrame({"time": time, "import_mwh": [10.0, 0.0], "export_mwh": [0.0, 5.0]}),
        "marginal": pl.LazyFrame(
            {"time": time, "below_kg_per_mwh": [400.0, 600.0], "above_kg_per_mwh": [800.0, 600.0]}
        ),
        "sources": pl.LazyFrame({"source": ["import", "chp"], "emissions_kg": [9e9, 250.0]}),
    }
    found = figure_named("emissions_marginal_not_in_inventory_t")
    assert evaluate([found], tables.__getitem__)[found.key] == pytest.approx((10 * 600 - 5 * 600 + 250) / 1000)
