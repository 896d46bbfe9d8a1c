"""The parts of the page Compare, on the synthetic city."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.cards import Sentence
from app.dashboard.catalogue import Catalogue, catalogue_of, open_catalogue
from app.dashboard.comparing import multiples
from app.dashboard.comparing.chosen import comparison_of, short_labels
from app.dashboard.comparing.explained_card import explanations
from app.dashboard.comparing.figure_groups import GROUPS, OTHERS, difference_of, grouped
from app.dashboard.comparing.frontier_card import frontier_rows
from app.dashboard.comparing.frontier_chart import frontier_chart
from app.dashboard.comparing.hourly_causes import hourly_causes, hourly_table
from app.dashboard.comparing.options import ResultChoice, choices_of, options_of
from app.dashboard.comparing.sentences import advice_on, frontier_sentences, tonnes
from app.dashboard.comparing.waterfall import causes_table, emission_waterfalls
from app.dashboard.pages import compare
from app.dashboard.view import View
from app.results.folder import Result
from app.results.key_figures import declarations
from app.results.store.records import FOLDER, SweepRecord
from app.results.store.states import NamedRun
from app.studies.differences.abatement import Option
from tests.app.dashboard.comparing.copies import copied


@pytest.fixture(scope="module")
def store(results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A folder of three results of one period and one of another, with a sweep of twelve runs beside them."""
    folder = tmp_path_factory.mktemp("compared")
    before, after = results["unmanaged"], results["optimal"]
    for name, result in results.items():
        shutil.copytree(result.path, folder / name)
    cost, emissions = (float(before.summary[key]) for key in ("cost", "emissions_marginal_not_in_inventory_t"))
    copied(after, folder / "dear", {"cost": cost + 900, "emissions_marginal_not_in_inventory_t": emissions - 9})
    copied(after, folder / "later", period={"start": "2031-06-03", "days": 2, "step_minutes": 15})
    runs = []
    for place in range(12):
        key = f"run-{place}"
        changed = {"cost": cost + 40 * place, "emissions_marginal_not_in_inventory_t": emissions - place % 4}
        copied(after, folder / key, changed)
        runs.append(NamedRun(f"run {place}", key, (), {"assets[depot].e_rated_mwh": 2.0 * place}))
    (folder / FOLDER).mkdir()
    record = SweepRecord.of("batteries", runs, {})
    (folder / FOLDER / record.file_name).write_text(record.as_json(), encoding="utf-8")
    return open_catalogue(folder)


def view_of(results: Any, search: str) -> View:
    return View.of(results, {"search": search})


def test_the_baseline_stands_first_and_others_of_the_period_join_unless_the_address_says_which(
    store: Catalogue,
) -> None:
    by_default = comparison_of(view_of(store, "?result=optimal"))
    assert by_default.reference.name == "unmanaged"
    assert [one.name for one in by_default.others] == ["optimal", "dear"]
    asked = comparison_of(view_of(store, "?result=optimal&with=later"))
    assert [(one.name, bool(one.reason)) for one in asked.others] == [("optimal", False), ("later", True)]
    assert asked.others[1].reason.startswith("is of another period: 2 days from 2031-06-03")
    alone = comparison_of(view_of(store, "?result=optimal&baseline=&with="))
    assert (alone.reference.name, alone.others) == ("optimal", ())


def test_labels_lose_what_all_have_in_common() -> None:
    assert short_labels(["Town, smart", "Town, optimal"]) == ["smart", "optimal"]
    assert short_labels(["Town, smart", "Village, smart"]) == ["Town", "Village"]
    assert short_labels(["Town: cap=47, e=8, optimal", "Town: cap=46, e=8, optimal"]) == ["cap=47", "cap=46"]
    assert short_labels(["Town", "Town, smart"]) == ["Town", "Town, smart"]
    assert short_labels(["Town, smart"]) == ["Town, smart"]


def test_every_key_figure_has_one_group(results: dict[str, Result]) -> None:
    keys = [key for group in GROUPS.values() for key in group]
    assert sorted(keys) == sorted(declarations().figures)
    found = grouped({name: one.summary for name, one in results.items()})
    assert OTHERS not in found
    shown = {one.key for figures in found.values() for one in figures}
    assert shown == {key for one in results.values() for key, value in one.summary.items() if value is not None}


@pytest.mark.parametrize(("key", "value", "reference", "words", "tone"), [
    ("emissions_t", 8.0, 10.0, "−2.0 t, 20 % less", "better"),
    ("renewable_share", 0.5, 0.45, "+5.0 points", "better"),
    ("line_loading_max_percent", 60.1, 67.7, "−7.6 points, 11 % less", "better"),
    ("violation_steps", 5, 2, "+3", "worse"),
    ("consumption_mwh", 11.0, 10.0, "+1.0 MWh, 10 % more", ""),
    ("cost", 90.0, 90.0, "the same", ""),
    ("pue_mean", None, 1.2, "", ""),
    ("emissions_marginal_not_in_inventory_t", -5.0, 4.0, "−9.0 t", "better"),
])  # fmt: skip
def test_differences_are_told_with_sign_unit_and_side(
    key: str, value: float | None, reference: float | None, words: str, tone: str
) -> None:
    found = difference_of(declarations().figures[key], value, reference, "EUR")
    assert (found.words.replace("\u202f", " ").replace("\u00a0", " "), found.tone) == (words, tone)


def test_the_waterfall_and_its_table_sum_to_the_printed_difference(results: dict[str, Result]) -> None:
    compared = comparison_of(view_of(catalogue_of(results), "?result=optimal"))
    average, marginal, cost = explanations(compared, compared.others[0])
    for one, key in ((average, "emissions_t"), (marginal, "emissions_marginal_not_in_inventory_t"), (cost, "cost")):
        printed = results["optimal"].summary[key] - results["unmanaged"].summary[key]
        table = causes_table({"amount": one})
        kinds = table.filter(pl.col("Use of energy") == "", pl.col("Cause") != "Difference")
        assert kinds["amount"].sum() == pytest.approx(printed, rel=1e-9, abs=1e-9)
        assert table["amount"][-1] == pytest.approx(printed, rel=1e-12)
    hours = hourly_table(average, marginal)
    assert hours.height == 24
    for one, words in ((average, "average"), (marginal, "marginal")):
        timing = hours[f"Timing, {words} [t]"].sum()
        assert timing == pytest.approx(one.by_kind()["timing"], abs=1e-9)
    bars = hourly_causes(average, marginal, "light").data
    assert sum(sum(bar.y) for bar in bars) == pytest.approx(
        sum(amount for one in (average, marginal) for kind, amount in one.by_kind().items() if kind != "rest"), abs=1e-9
    )
    chart = emission_waterfalls(average, marginal, "light")
    for trace, one in zip(chart.data, (average, marginal), strict=True):
        assert sum(value for value in trace.y if value is not None) == pytest.approx(one.change, rel=1e-9)
        assert trace.measure[-1] == "total"


def test_panels_share_their_scale_and_name_each_series_once(results: dict[str, Result]) -> None:
    shown = {"a": results["unmanaged"], "b": results["optimal"]}
    chart = multiples.emissions_by_hour(shown, "Europe/Berlin", "light")
    assert chart.layout.yaxis2.matches == "y"
    named = [trace.name for trace in chart.data if trace.showlegend]
    assert len(named) == len(set(named))
    colours = {(trace.name, trace.marker.color) for trace in chart.data}
    assert len(colours) == len(named)


def test_duration_curves_fall_from_the_worst(results: dict[str, Result]) -> None:
    curve = multiples.duration_curve(results["unmanaged"])
    lines = results["unmanaged"].table("branches").filter(pl.col("kind").cast(pl.String) == "line").collect()
    assert curve[0] == lines["loading_percent"].max()
    assert np.all(np.diff(curve) <= 0)


def test_what_can_be_chosen_is_of_the_same_period_and_city(store: Catalogue) -> None:
    view = view_of(store, "?result=optimal")
    choices = choices_of(view, comparison_of(view))
    assert {one.name for one in choices if not one.group} == {"unmanaged", "optimal", "dear"}
    swept = [one for one in choices if one.group == "batteries"]
    assert [one.label for one in swept] == [f"run {place}" for place in range(12)]
    assert swept[3].parameters == {"assets[depot].e_rated_mwh": 6.0}
    reference = next(one for one in choices if one.name == "unmanaged")
    paid = view.results["unmanaged"].table("ledger").select(pl.col("carbon_cost").sum()).collect().item()
    assert reference.cost == pytest.approx(view.results["unmanaged"].summary["cost"] - paid)
    rows = {row["name"]: row for row in frontier_rows(choices, options_of(choices, reference, "marginal"))}
    assert rows["unmanaged"]["cost"] == rows["unmanaged"]["emissions"] == 0
    dear = rows["dear"]
    assert dear["per_tonne"] == pytest.approx(dear["cost"] / -dear["emissions"])
    (told,) = frontier_sentences(choices, comparison_of(view))
    kept = sum(row["frontier"] == "yes" for row in rows.values())
    assert told.text.startswith(f"Of 15 results of this city and period {kept} are bettered by no other: from the")
    assert (dear["frontier"], dear["against"]) == ("yes", "less carbon, more cost")
    assert all(row["per_tonne"] is None for row in rows.values() if row["against"] != "less carbon, more cost")


def test_names_of_points_at_one_place_do_not_lie_on_each_other_nor_beyond_the_chart() -> None:
    names = ("base", "twin", "mild", "clean", "far")
    options = [Option(name, cost, t) for name, cost, t in zip(names, (0.0, 1e-9, 40.0, 50.0, 100.0),
                                                              (0.0, 1e-9, -5.0, -7.0, -10.0), strict=True)]  # fmt: skip
    choices = [ResultChoice(name, name, "", "done", 0.0, {}) for name in names]
    chart = frontier_chart(choices, options, {name: name for name in names if name != "mild"}, ("t", "EUR"), "light")
    assert list(chart.data[0].textposition) == ["top left", "bottom left", "top center", "top center", "top right"]
    told = [row["against"] for row in frontier_rows(choices, options)]
    assert told[:3] == ["the reference", "the same carbon, the same cost", "less carbon, more cost"]


def test_the_advice_says_which_to_prefer_and_what_a_tonne_costs(results: dict[str, Result], tmp_path: Path) -> None:
    before = results["unmanaged"]
    cost, emissions = (float(before.summary[key]) for key in ("cost", "emissions_marginal_not_in_inventory_t"))
    made = {"unmanaged": before}
    for name, more, less in (("smart", -100.0, 1.0), ("v2g", 100.0, 3.0)):
        figures = {"cost": cost + more, "emissions_marginal_not_in_inventory_t": emissions - less,
                   "violation_steps": 0}  # fmt: skip
        made[name] = copied(before, tmp_path / name, figures)
    catalogue = catalogue_of(made)

    def advice(search: str) -> list[Sentence]:
        view = view_of(catalogue, search)
        return advice_on(view, comparison_of(view))

    found = {one.key: one.text for one in advice("?result=v2g&with=smart&baseline=unmanaged")}
    labels = ["unmanaged (smart)", "unmanaged (v2g)"]
    assert found["prefer"].startswith(f"At the scenario's carbon price of 80 EUR/t prefer {labels[0]}: against")
    assert "saves 1.00 t by marginal intensity" in found["prefer"]
    assert found["prefer"].endswith("and costs 100 EUR less.")
    assert found["by-price"] == f"At lower carbon prices {labels[0]} is best, {labels[1]} from 100 EUR/t."
    assert found["per-tonne"].endswith("a tonne costs 100 EUR/t: 2.00 t less for 200 EUR more.")
    assert [one.key for one in advice("?result=v2g&baseline=&with=")] == ["alone"]


def test_tonnes_have_digits_that_count() -> None:
    assert [tonnes(amount) for amount in (123.4, 12.34, 1.234, 0.01234)] == ["123 t", "12.3 t", "1.23 t", "0.0123 t"]


@pytest.mark.parametrize("search", [
    "?result=optimal", "?result=optimal&baseline=&with=", "?result=unmanaged&with=later", "?result=later",
    "?result=optimal&compare_by=average&compare_of=dear",
])  # fmt: skip
def test_the_page_can_be_made_whatever_is_compared(store: Catalogue, search: str) -> None:
    content = json.dumps(compare.content(view_of(store, search)), cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert "Europe/Berlin" in content
    if "later" in search:
        assert "is of another period" in content


def test_the_page_says_the_spread_of_a_sweep(store: Catalogue) -> None:
    content = json.dumps(compare.content(view_of(store, "?result=optimal")), cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert "Spread of the sweep batteries" in content
    assert "batteries: P10–P90" in content
