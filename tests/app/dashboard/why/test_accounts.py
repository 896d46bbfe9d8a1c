"""Accounts of numbers: formula, inputs, factors used, certainty, the formula run again; wrong questions are told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.dashboard.view import View
from app.dashboard.why.account import account, band, computed, title_of
from app.dashboard.why.behind import Behind, button, read_behind
from app.dashboard.why.parts import with_links
from app.results.folder import Result
from app.results.key_figures import declarations
from app.studies.answers.certainty import FigureBand, FigureBands
from grid.errors import InputError


def view_of(results: dict[str, Result], name: str = "v2g") -> View:
    return View.of(results, {"search": f"?result={name}"})


def test_an_account_holds_what_the_command_says(three_results: dict[str, Result]) -> None:
    view = view_of(three_results)
    text = str(account(view, "emissions_t", None))
    manifest = three_results["v2g"].manifest
    assert declarations().figures["emissions_t"].sql in text
    assert "ledger.parquet" in text
    assert three_results["v2g"].scenario_hash in text
    assert f"gridcarbon {manifest['versions']['gridcarbon']}" in text
    assert "gridcarbon why " in text
    for one in manifest["factors"]:
        assert f"{one['value_kg_per_mwh']:.5g} kg/MWh" in text
    assert "There it is 59.0 t." in text


def test_a_figure_without_carbon_names_no_factor(three_results: dict[str, Result]) -> None:
    text = str(account(view_of(three_results), "peak_import_mw", None))
    assert "No emission factor is in this." in text
    assert "No carbon is in this figure." in text


@pytest.mark.parametrize("key", ["emissions_t", "cost", "data_centres.campus hall.pue", "ev_g_per_km", "hydrogen_kg"])
def test_the_formula_gives_what_was_kept(three_results: dict[str, Result], key: str) -> None:
    assert "equal to the value kept with the result" in str(computed(view_of(three_results), key))


def test_a_value_that_the_formula_does_not_give_is_told(three_results: dict[str, Result]) -> None:
    result = three_results["v2g"]
    other = replace(result, summary={**result.summary, "emissions_t": 1.0})
    assert "not the value kept with the result, 1.0" in str(computed(view_of({"v2g": other}), "emissions_t"))


def test_a_chart_names_its_tables_and_columns_with_units(three_results: dict[str, Result]) -> None:
    behind = Behind(("city",), ("import_mw",), "As it is.", "By averages.", ("peak_import_mw",))
    text = str(account(view_of(three_results), "chart:power", behind))
    assert "from the grid above [MW]" in text
    assert "Peak import: " in text
    assert "By averages." in text
    assert "no such chart any more" in str(account(view_of(three_results), "chart:none", None))
    assert (title_of("chart:x", "Power"), title_of("cost", "")) == ("Power", "Cost")


def test_what_a_page_carries_comes_back_and_nothing_else() -> None:
    behind = Behind(("city",), ("import_mw",), "As it is.")
    assert read_behind(behind.as_json()) == behind
    content = json.loads(behind.as_json())
    for wrong in ({**content, "tables": ["secrets"]}, {**content, "tables": "city"}, {**content, "more": 1},
                  {**content, "how": 5}, {**content, "how": "x" * 5000}, {}, [], None):  # fmt: skip
        assert read_behind(json.dumps(wrong)) is None
    assert read_behind("[" * 100_000) is None
    assert read_behind({"tables": []}) is None


def test_a_chart_cannot_be_made_from_what_is_not_there() -> None:
    with pytest.raises(InputError, match="did you mean 'city'"):
        Behind(("cty",), (), "")
    with pytest.raises(InputError, match="did you mean 'import_mw'"):
        Behind(("city",), ("import_mv",), "")


def test_unknown_figures_are_told_and_have_no_button(three_results: dict[str, Result]) -> None:
    view = view_of(three_results)
    with pytest.raises(InputError, match="no such key figure"):
        account(view, "emissions", None)
    assert "Button" not in str(button(view, "emissions"))
    assert "data-why='emissions_t'" in str(button(view, "emissions_t"))


def test_addresses_in_sources_are_links_that_tell_nothing() -> None:
    before, link, after = with_links("Zone DE (https://a.example/b_(c)?d=1). Read.")
    assert (before, after) == ("Zone DE (", "). Read.") or after == ". Read."
    assert link.href.startswith("https://a.example/b_(c")
    assert link.rel == "noreferrer noopener"


def test_without_a_sweep_it_says_how_to_get_a_band(three_results: dict[str, Result]) -> None:
    view = view_of(three_results)
    assert "gridcarbon batch" in str(band(view, "emissions_t", None))
    assert "gridcarbon batch" in str(band(view, "emissions_t", three_results["v2g"].path.parent))


def test_a_band_is_told_with_its_sweep_and_what_it_varies(
    three_results: dict[str, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = FigureBand("uncertainty", 64, ("weather",), 55.04, 58.5, 61.96, ("the runs are a sample",))
    bands = FigureBands((found,), ("Sweep few: needs more.",))
    monkeypatch.setattr("app.dashboard.why.account.figure_bands", lambda *_: bands)
    text = str(band(view_of(three_results), "emissions_t", three_results["v2g"].path.parent))
    told = "64 runs that vary weather: one in ten is below 55.0 t, half are below 58.5 t, one in ten is above 62.0 t."
    assert told in text
    assert "The runs are a sample." in text
    assert "Sweep few: needs more." in text
