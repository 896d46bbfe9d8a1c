from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.dashboard.catalogue import catalogue_of
from app.dashboard.data_centres import (
    asking,
    callbacks,
    designs_card,
    hosting_card,
    measured,
    places_card,
    retrofit_card,
    rules_card,
    sentences,
    what_if,
)
from app.dashboard.data_centres.builder_links import build_link, of_design
from app.dashboard.data_centres.halls import NEW, new_hall, shown_hall
from app.dashboard.data_centres.work import Work
from app.dashboard.figures.data_centre_year import by_hour_and_day
from app.dashboard.pages import data_centres
from app.dashboard.view import View
from app.dashboard.why.account import account
from app.dashboard.why.behind import read_behind
from app.results.folder import Result
from app.studies.halls.study import HallStudy, study_hall
from carbon.data_centre import DataCentre
from grid.errors import InputError
from tests.app import synthetic_results
from tests.app.synthetic_results import DATA_CENTRE, DC_BUS, write_synthetic


def view_of(results: dict[str, Result], name: str, **query: str) -> View:
    return View.at(catalogue_of(results), {"result": name, **query})


@pytest.fixture(scope="module")
def view(results: dict[str, Result]) -> View:
    return view_of(results, "optimal")


@pytest.fixture(scope="module")
def study(view: View) -> HallStudy:
    return study_hall(view.result, shown_hall(view))


def text_of(component: Any) -> str:
    if isinstance(component, str):
        return component
    if isinstance(component, list | tuple):
        return " ".join(map(text_of, component))
    return text_of(getattr(component, "children", None) or "")


def test_the_table_of_the_run_has_the_figures_of_the_summary(view: View) -> None:
    row = measured.totals(view).row(0, named=True)
    assert row["Data centre"] == DATA_CENTRE
    for heading, key in (
        ("PUE [1]", "pue"),
        ("WUE [L/kWh]", "wue_l_per_kwh"),
        ("Energy [MWh]", "energy_mwh"),
        ("Emissions [t]", "emissions_t"),
    ):
        assert row[heading] == view.result.summary[f"data_centres.{DATA_CENTRE}.{key}"]


def test_days_below_hours_are_few_enough_for_a_narrow_screen(view: View) -> None:
    steps = [dt.datetime(2030, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hour) for hour in range(24 * 40)]
    rows = pl.DataFrame({"time": steps, "p_it_mw": 1.0, "p_total_mw": 1.2})
    axis = by_hour_and_day(rows, "Europe/Berlin", "light").layout.xaxis
    assert list(axis.ticktext) == ["1 Jan<br>2030", "12 Jan", "23 Jan", "3 Feb"]
    assert list(axis.tickvals) == ["1 Jan 2030", "12 Jan 2030", "23 Jan 2030", "3 Feb 2030"]


def test_a_result_without_a_data_centre_says_what_to_add_and_studies_a_hall(plain_results: dict[str, Result]) -> None:
    plain = view_of(plain_results, "plain")
    words = text_of(data_centres.content(plain))
    assert "There is no data centre in this result" in words
    assert "data_centres: [{name: north" in words
    hall = new_hall(plain.result)
    assert (hall.name, hall.bus) == (NEW, "MV Busbar")
    assert "build_set=data_centres.1.name:new%20hall" in build_link(plain, hall, {})


def test_the_sentences_say_whether_1_3_is_met_and_what_makes_it_meet_1_2(view: View, study: HallStudy) -> None:
    pue = study.now.value("pue") or 0.0
    met = sentences.of_limit(study).text
    assert ("does not meet 1.3" in met) == (pue > 1.3)
    assert f"{pue:.3f}" in met
    stricter = sentences.of_target(view, study, 1.2).text
    assert stricter.startswith("What makes it meet 1.2 at the least cost: ")
    assert "unverified" in stricter
    assert "as it is" in sentences.of_target(view, study, 1.9).text
    assert "No combination" in sentences.of_target(view, study, 1.001).text


def test_the_rules_are_all_there_and_failed_ones_come_first(view: View, study: HallStudy) -> None:
    words = text_of(rules_card.rules_card(view, study))
    rows = {verdict.rule.title: words.index(verdict.rule.title) for verdict in study.verdicts}
    by_outcome = {
        passed: [rows[one.rule.title] for one in study.verdicts if one.outcome.passed is passed]
        for passed in (False, True)
    }
    assert max(by_outcome[False]) < min(by_outcome[True])
    for verdict in study.verdicts:
        assert verdict.rule.title in words
        assert verdict.rule.source in words
    assert "unverified" in words


def test_every_card_of_a_study_tells_what_it_is_made_from(view: View, study: HallStudy) -> None:
    cards = (
        rules_card.rules_card(view, study), designs_card.designs_card(view, study, 1.3, None),
        designs_card.months_card(view, study, 1.3), retrofit_card.order_card(view, study, 1.3),
        retrofit_card.alone_card(view, study), places_card.buses_card(view, study, {}),
        places_card.weathers_card(view, study),
    )  # fmt: skip
    for card in cards:
        title, buttons = card.children[0].children
        why = buttons.children[0].to_plotly_json()["props"]
        behind = read_behind(why["data-behind"])
        assert behind is not None
        assert behind.how
        assert behind.headings
        assert [heading for heading, formula in behind.headings if not formula] == []
        told = text_of(account(view, why["data-why"], behind))
        assert behind.how in told, title.children
        assert "No table of the run" in told or "buses.parquet" in told


def test_the_table_of_designs_holds_every_combination(study: HallStudy) -> None:
    table = designs_card.table_of(study.years)
    assert table.height == len(study.years)
    assert table["name"].n_unique() == table.height
    alone = designs_card.plants_alone(study.years)
    assert alone[0] is study.now
    assert {len(year.design.changes) for year in alone[1:]} == {1}


def test_a_link_into_the_builder_sets_each_change(view: View, study: HallStudy) -> None:
    design = next(year.design for year in study.years if set(year.design.ids) == {"air_economiser", "led_lighting"})
    link = of_design(view, study.spec, design)
    assert link.startswith("/build?")
    assert "build_from=optimal" in link
    assert "data_centres.0.lighting_share:0.005,data_centres.0.cooling.kind:air_economiser" in link


def test_levers_left_alone_change_nothing_and_compute_the_year_again(study: HallStudy) -> None:
    lever = what_if.lever_of(study.spec)
    year, changes = what_if.try_out(study, lever)
    assert changes == {}
    assert year.value("pue") == study.now.value("pue")


@pytest.mark.parametrize("cooling", list(what_if.COOLING))
def test_every_cooling_can_be_tried_at_every_end_of_the_levers(study: HallStudy, cooling: str) -> None:
    chain = "panama"
    for supply in (20.0, what_if.SUPPLY_DEGC[1]):
        year, _ = what_if.try_out(study, what_if.Lever(2.0, 0.5, supply, cooling, chain))
        assert year.design.spec.cooling.kind == cooling
        assert (year.value("pue") or 0.0) > 1.0
        assert year.design.spec.power_chain.kind == chain


def test_a_supply_temperature_moves_the_pue_the_right_way(study: HallStudy) -> None:
    now = what_if.lever_of(study.spec)
    values = [
        what_if.try_out(study, what_if.Lever(now.p_it_mw, now.utilisation, t, now.cooling, now.power_chain))[0]
        for t in (18.0, 24.0, 30.0)
    ]
    pues = [year.value("pue") or 0.0 for year in values]
    assert pues == sorted(pues, reverse=True)


def finished(work: Work, key: str) -> Any:
    done = threading.Event()
    work.start(object(), "", lambda _tell: done.set())  # one study at a time: what came before has ended
    assert done.wait(5)
    return work.task(key)


def test_a_study_is_made_once_and_kept() -> None:
    work, made = Work(), []

    def make(_tell: Callable[[str, float], None]) -> int:
        made.append(1)
        return len(made)

    work.start("a", "a", make)
    assert finished(work, "a").value == 1
    assert work.start("a", "a", make).value == 1


def test_a_study_that_fails_says_why_and_may_be_tried_again() -> None:
    work = Work()

    def fails(_tell: object) -> None:
        raise InputError.single("weather", "is not there")

    def breaks(_tell: object) -> None:
        raise RuntimeError("inside")

    work.start("a", "a", fails)
    work.start("b", "b", breaks)
    assert "is not there" in finished(work, "a").reason
    assert "inside" in finished(work, "b").reason
    work.start("a", "a", lambda _tell: 3)
    assert finished(work, "a").value == 3


def test_a_study_ends_where_it_next_tells_and_its_successor_is_left_alone() -> None:
    work, began, go_on = Work(), threading.Event(), threading.Event()

    def slow(tell: Callable[[str, float], None]) -> str:
        began.set()
        go_on.wait(5)
        tell("half", 0.5)
        return "old"

    work.start("a", "a", slow)
    assert began.wait(5)
    work.cancel("a")
    task = work.task("a")
    assert task is not None
    assert task.status == "cancelled"
    work.start("a", "a", lambda _tell: "new")
    go_on.set()
    assert finished(work, "a").value == "new"


def test_too_many_studies_are_refused() -> None:
    work, go_on = Work(most_waiting=1), threading.Event()
    work.start("a", "a", lambda _tell: go_on.wait(5))
    work.start("b", "b", lambda _tell: None)
    with pytest.raises(InputError, match="wait already"):
        work.start("c", "c", lambda _tell: None)
    go_on.set()


def test_a_grid_that_cannot_be_read_is_said(view: View) -> None:
    with pytest.raises(InputError, match="invented"):
        hosting_card.work_out(view.result, shown_hall(view), DC_BUS, False, lambda _words, _share: None)


@pytest.mark.slow
def test_the_hosting_capacity_of_a_bus_is_worked_out_in_the_city_of_the_result(fuel_result: Result) -> None:
    spec = DataCentre(name="new hall", bus="Bus 34", p_it_rated_mw=1.0)
    told: list[float] = []
    found = hosting_card.work_out(fuel_result, spec, "Bus 60", False, lambda _words, share: told.append(share))
    assert found.bus == "Bus 60"
    assert found.p_peak_mw > found.size >= 0.0
    assert told == sorted(told)
    asked = hosting_card.Asked(("key",), "Bus 60", False)
    table = hosting_card.table_of(fuel_result, [(asked, found)])
    assert table.select(pl.col("IT [MW]")).item() == found.size


def test_the_levers_of_any_hall_begin_where_it_is(study: HallStudy) -> None:
    for changes in ({"utilisation": 0.955}, {"p_it_rated_mw": 0.05}, {"cooling": {"kind": "immersion"}}):
        spec = study.spec.with_changes(changes)
        lever = what_if.lever_of(spec)
        shown = what_if.Lever(
            lever.p_it_mw,
            round(100 * lever.utilisation, 3) / 100,
            lever.t_supply_degc,
            lever.cooling,
            lever.power_chain,
        )
        assert what_if.changes_of(spec, shown) == {}


SECOND = (
    "- {name: 'south, old', bus: Bus 30, p_it_rated_mw: 0.5, power_chain: {kind: eco_mode}, deferrable_share: 0.2,\n"
    "   it_load: {cpu_utilisation: 0.4}, on_site: {pv_peak_mw: 1.0, generators: {p_rated_mw: 1.0}}}\n"
)


def test_each_of_several_data_centres_has_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = synthetic_results._scenario_yaml
    monkeypatch.setattr(
        synthetic_results, "_scenario_yaml",
        lambda strategy: alone(strategy).replace("data_centres:\n", f"data_centres:\n{SECOND}"),
    )  # fmt: skip
    both = {"both": write_synthetic(tmp_path / "both", "optimal")}
    for name in ("south, old", DATA_CENTRE):
        two = view_of(both, "both", dc_centre=name)
        spec = shown_hall(two)
        assert spec.name == name
        words = text_of(data_centres.content(two))
        assert "south, old" in words
        assert DATA_CENTRE in words
        study = study_hall(two.result, spec)
        who = asking.Asking(two, spec, Work(), Work())
        assert tuple(asking.PARTS) == callbacks.PARTS
        assert all(asking.part(place, who, study) for place in callbacks.PARTS)
        assert what_if.try_out(study, what_if.lever_of(spec))[1] == {}
    assert shown_hall(view_of(both, "both", dc_centre="none")).name == "south, old"
