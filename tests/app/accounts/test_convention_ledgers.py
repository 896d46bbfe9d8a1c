from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.dashboard.convention_cards import origins_of
from app.dashboard.figures import conventions as figures
from app.dashboard.pages.emissions import content
from app.dashboard.view import View
from app.reports.consumers import car_fleets, city_consumers, read_consumer
from app.reports.inventory import city_inventory, consumer_statement, reconcile_run
from app.results.explain import recompute, why
from app.results.folder import Result
from app.results.run import run_scenario, store
from app.scenario import check_scenario
from app.scenario.loaded import LoadedScenario
from app.simulation.phases import BALANCE_TOLERANCE, SimulationResult, simulate
from carbon.tracing.convention_names import BEARERS, CONVENTIONS, LOSS_ENTRY, SENTENCES, Convention
from carbon.tracing.conventions import trace_conventions
from carbon.tracing.shares import load_shares_mw
from grid.errors import InputError

pytestmark = pytest.mark.slow

TANK = "water tank"
SCENARIO = {
    "name": "Oberrhein",
    "city": {"network": "mv_oberrhein"},
    "period": {"start": "2030-06-01", "days": 1, "step_minutes": 60},
    "assets": [
        {"kind": "pv", "name": "field", "bus": "Bus 60", "p_peak_mw": 4.0},
        {"kind": "battery", "name": "depot", "bus": "Bus 34", "p_rated_mw": 2, "e_rated_mwh": 6},
        {"kind": "ev_fleet", "name": "cars", "bus": "Bus 84", "vehicles": 60, "place": "home", "v2g_share": 0.5},
    ],
    "data_centres": [
        {"name": "north", "bus": "Bus 60", "p_it_rated_mw": 1.0, "cooling": {"kind": "water_economiser"},
         "power_chain": {"kind": "hvdc_240"}, "deferrable_share": 0.2}
    ],
    "dispatch": {"strategy": "optimal", "carbon_price_per_t": 80, "horizon_hours": 24, "look_ahead_hours": 0},
}  # fmt: skip


def loaded(**changes: object) -> LoadedScenario:
    return check_scenario({**SCENARIO, **changes}, Path(), "test")


@pytest.fixture(scope="module")
def outcome() -> SimulationResult:
    return simulate(loaded())


@pytest.fixture(scope="module")
def result(outcome: SimulationResult, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return store(outcome, tmp_path_factory.mktemp("conventions") / "optimal")


@pytest.fixture(scope="module")
def operator_only(tmp_path_factory: pytest.TempPathFactory) -> Result:
    alone = loaded(carbon={"conventions": ["operator"]}, assets=[], data_centres=[])
    return run_scenario(alone, tmp_path_factory.mktemp("alone") / "operator")


def table(result: Result, which: str, /, **chosen: str) -> pl.DataFrame:
    """Rows of a table with the names that are chosen."""
    frame = result.table(which).with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()
    return frame.filter(*(pl.col(column) == value for column, value in chosen.items()))


def test_every_book_closes_far_below_the_tolerance(outcome):
    books = outcome.accounts.conventions.ledgers
    assert [(book.convention, book.store_model) for book in books] == [
        (name, stores) for stores in (TANK, "carbon-free generator") for name in CONVENTIONS
    ]
    assert outcome.accounts.tracing.stocks is not None
    for book in books:
        assert book.closes(BALANCE_TOLERANCE / 10), (book.convention, book.store_model)


def test_carbon_that_enters_is_used_lost_exported_or_stored_in_every_convention(result):
    ledgers = table(result, "convention_ledgers")
    entered = ledgers["production_kg"] + ledgers["import_kg"] + ledgers["arriving_kg"]
    left = ledgers["emissions_kg"] + ledgers["export_kg"] + ledgers["stock_change_kg"]
    np.testing.assert_allclose(left, entered, rtol=1e-7)
    assert (ledgers.filter(pl.col("stores") != TANK)["stock_change_kg"] == 0).all()
    sums = (
        table(result, "conventions").group_by("convention", "stores", maintain_order=True).agg(pl.sum("emissions_kg"))
    )
    np.testing.assert_allclose(sums["emissions_kg"], ledgers["emissions_kg"], rtol=1e-9)


def test_the_operators_rows_are_those_of_the_run(result):
    own = table(result, "conventions", convention="operator", stores=TANK).sort("gpc_code")
    sectors = table(result, "sectors").group_by("gpc_code").agg(pl.sum("energy_mwh", "emissions_kg")).sort("gpc_code")
    for column in ("energy_mwh", "emissions_kg"):
        np.testing.assert_allclose(own[column], sectors[column], rtol=1e-12, atol=1e-12)
    ledger, kept = table(result, "ledger"), table(result, "convention_ledgers", convention="operator", stores=TANK)
    for term in ("source", "arriving", "consumption", "vehicle", "loss", "fuel", "standing", "export", "stock_change"):
        assert kept[f"{term}_kg"].item() == pytest.approx(ledger[f"{term}_kg"].sum(), rel=1e-12, abs=1e-9)


def test_generators_who_bear_losses_leave_uses_as_they_are(result):
    operator, generator = (
        table(result, "conventions", convention=name, stores=TANK).sort("gpc_code")
        for name in ("operator", "generator")
    )
    used = operator["gpc_code"].str.ends_with(".2")
    assert generator.filter(used).drop("convention").equals(operator.filter(used).drop("convention"))
    lost = generator.filter(~used, pl.col("emissions_kg") != 0)
    assert lost["gpc_code"].to_list() == ["I.4.3"]
    borne = table(result, "loss_bearers", convention="generator", stores=TANK)
    assert borne["emissions_kg"].sum() == pytest.approx(operator.filter(~used)["emissions_kg"].sum(), rel=1e-7)
    assert set(borne["bearer"]) == {"import", "solar", "stores"}


def test_loads_who_bear_losses_answer_for_all_that_is_lost_on_the_way(result):
    load = {row["bearer"]: row for row in table(result, "loss_bearers", convention="load", stores=TANK).to_dicts()}
    (operator,) = table(result, "loss_bearers", convention="operator", stores=TANK).to_dicts()
    lost = load["uses"]["lost_mwh"] + load["grid operator"]["lost_mwh"]
    assert lost == pytest.approx(operator["lost_mwh"], rel=1e-6)
    ledgers = {row["convention"]: row for row in table(result, "convention_ledgers", stores=TANK).to_dicts()}
    assert ledgers["load"]["consumption_kg"] > ledgers["operator"]["consumption_kg"]
    assert ledgers["load"]["loss_kg"] < ledgers["operator"]["loss_kg"]


def test_what_a_bus_makes_and_imports_it_uses_loses_and_exports(result):
    views = table(result, "views").filter(pl.col("level") != "sector")
    scale = views["import_kg"].max()
    entered = views["production_kg"] + views["import_kg"]
    left = views["consumption_kg"] + views["stores_kg"] + views["loss_kg"] + views["export_kg"]
    np.testing.assert_allclose(left, entered, atol=1e-7 * scale)
    of_sender = views.filter(pl.col("convention").is_in(["operator", "generator"]))
    entered = of_sender["production_mwh"] + of_sender["import_mwh"]
    left = sum(of_sender[f"{term}_mwh"] for term in ("consumption", "stores", "loss", "export"))
    np.testing.assert_allclose(left, entered, atol=1e-5)


def test_the_city_is_the_sum_of_its_buses_and_agrees_with_the_summary(result):
    for name in CONVENTIONS:
        rows = table(result, "views", convention=name, stores=TANK)
        (city,) = rows.filter(pl.col("level") == "city").to_dicts()
        buses = rows.filter(pl.col("level") == "bus")
        for term in ("production_mwh", "production_kg", "consumption_mwh", "consumption_kg"):
            assert buses[term].sum() == pytest.approx(city[term], rel=1e-9)
        assert city["import_mwh"] == pytest.approx(result.summary["import_mwh"], rel=1e-6)
        assert city["export_mwh"] == pytest.approx(result.summary["export_mwh"], abs=1e-9)
        assert city["production_mwh"] == pytest.approx(result.summary["generation_mwh"], rel=1e-9)
        assert city["consumption_mwh"] == pytest.approx(result.summary["consumption_mwh"], rel=1e-9)
        assert city["stores_mwh"] == pytest.approx(result.summary["storage_change_mwh"], abs=1e-9)
        if name in ("operator", "generator"):
            assert city["loss_mwh"] == pytest.approx(result.summary["loss_mwh"], rel=1e-6)
            answered = city["consumption_kg"] + city["loss_kg"]
            assert answered == pytest.approx(1000 * result.summary["emissions_t"], rel=1e-9)
        assert city["import_kg"] == pytest.approx(1000 * result.summary["emissions_import_t"], rel=1e-9)


def test_key_figures_of_the_conventions_follow_from_their_formulae(result):
    names = [name for name in result.summary if name.startswith("conventions.")]
    assert len(names) == 3 * len(CONVENTIONS)
    for name in ("emissions_production_t", "emissions_import_t", "convention_error_kg", *names):
        assert recompute(result, name) == pytest.approx(result.summary[name], rel=1e-9, abs=1e-12)
    summary = result.summary
    assert summary["conventions.operator.emissions_t"] == pytest.approx(summary["emissions_t"], rel=1e-12)
    account = why(result, "conventions.load.used_t")
    assert "loads bear losses" in account.convention
    assert list(account.inputs) == ["convention_ledgers"]
    assert account.factors


def test_sources_sum_to_what_each_sector_takes_and_answers_for(result):
    origins = table(result, "origins")
    sums = origins.group_by("consumer").agg(pl.sum("energy_mwh", "emissions_kg", "share"))
    own = table(result, "conventions", convention="operator", stores=TANK)
    both = sums.join(own, left_on="consumer", right_on="gpc_code").filter(~pl.col("consumer").str.starts_with("II"))
    assert len(both) >= 1
    for column in ("energy_mwh", "emissions_kg"):
        np.testing.assert_allclose(both[column], both[f"{column}_right"], rtol=1e-6, atol=1e-9)
    cars = sums.filter(pl.col("consumer") == "II.1.2")
    assert cars["energy_mwh"].item() == pytest.approx(result.summary["ev_energy_mwh"], rel=1e-6)
    assert cars["emissions_kg"].item() == pytest.approx(
        result.summary["ev_energy_mwh"] * result.summary["ev_ci_g_per_kwh"], rel=1e-6
    )
    assert cars["share"].item() == pytest.approx(1)
    views = table(result, "views", level="sector")
    left = views["consumption_kg"] + views["stores_kg"]
    np.testing.assert_allclose(left, views["production_kg"] + views["import_kg"], rtol=1e-12)


def test_origins_are_the_shares_of_the_tracing(outcome):
    accounts = outcome.accounts
    names = tuple(dict.fromkeys(accounts.inputs.source_names))
    groups = [names.index(name) for name in accounts.inputs.source_names]
    given = accounts.inputs.flows, accounts.inputs.sources, accounts.inputs.consumers
    operation = accounts.stores.operation
    answer = trace_conventions(*given, accounts.inputs.exports, 1.0, operation, conventions=("operator",))["operator"]
    parts_mw = load_shares_mw(*given, answer, groups, operation, step_hours=1.0)
    expected = np.einsum("tms,mk->ks", parts_mw, accounts.inputs.consumers.share)
    found = accounts.conventions.origins
    assert found.sources == (*names, "stores")
    at = [found.consumers.index(f"{sector}.2") for sector in accounts.inputs.consumers.sectors if sector != "II.1"]
    kept = [place for place, sector in enumerate(accounts.inputs.consumers.sectors) if sector != "II.1"]
    np.testing.assert_allclose(found.energy_mwh[at], expected[kept], rtol=1e-9, atol=1e-12)


def test_a_data_centre_knows_its_sources_hour_by_hour(result):
    hourly = table(result, "data_centre_origins", name="north")
    centre = table(result, "data_centres")
    by_hour = hourly.group_by("time").agg(pl.sum("energy_mwh", "emissions_kg")).sort("time")
    np.testing.assert_allclose(by_hour["energy_mwh"], centre["p_total_mw"], rtol=1e-6)
    np.testing.assert_allclose(by_hour["emissions_kg"], centre["p_total_mw"] * centre["ci_kg_per_mwh"], rtol=1e-6)
    sun = hourly.filter(pl.col("source") == "solar").sort("time")["energy_mwh"]
    assert sun.max() > 0
    assert sun[0] == pytest.approx(0, abs=1e-9)


# ---- books of the city and of its consumers --------------------------------------------------------------------------


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_tracing_inventory_and_scope_2_agree_in_every_convention(result, convention):
    books = reconcile_run(result, convention)
    assert books.difference_kg < 0.5  # to the kilogram; the flows of a power flow balance to its tolerance only
    own = table(result, "convention_ledgers", convention=convention, stores=TANK)
    assert books.totals["GPC"] == pytest.approx(own["emissions_kg"].item(), abs=1e-3)
    assert LOSS_ENTRY[convention] in {row.name for row in books.rows}
    if convention == "operator":
        assert city_inventory(result).basic_plus_kg == pytest.approx(books.totals["GPC"], abs=1e-3)
    else:
        with pytest.raises(InputError, match=r"--convention: an inventory by GPC.*did you mean 'operator'"):
            city_inventory(result, convention=convention)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_what_consumers_state_is_what_the_city_uses_in_every_convention(result, convention):
    own = table(result, "convention_ledgers", convention=convention, stores=TANK)
    stated = [read_consumer(result, name, convention=convention) for name in city_consumers(result)]
    net_kg = {one.name: (one.energy_mwh * one.ci_kg_per_mwh - one.returned_kg).sum() for one in stated}
    assert sum(net_kg.values()) == pytest.approx((own["consumption_kg"] + own["vehicle_kg"]).item(), abs=0.5)
    cars_kg = sum(net_kg[name] for name in car_fleets(result))
    assert cars_kg == pytest.approx(own["vehicle_kg"].item(), abs=1e-6 * own["emissions_kg"].item())


def test_a_statement_names_its_convention_and_counts_by_it(result):
    stated = {name: consumer_statement(result, "north", None, name)[0] for name in CONVENTIONS}
    for name, document in stated.items():
        rows = table(result, "consumer_carbon", convention=name, consumer="north")
        assert document["location_based_kg"] == pytest.approx(rows["emissions_kg"].sum(), rel=1e-9)
        assert BEARERS[name] in document["provenance"]["convention"]
    assert stated["load"]["location_based_kg"] != stated["operator"]["location_based_kg"]
    assert stated["generator"]["location_based_kg"] == pytest.approx(stated["operator"]["location_based_kg"], rel=1e-12)
    sector = consumer_statement(result, "I.6.2", None, "load")[0]
    own = table(result, "conventions", convention="load", stores=TANK, gpc_code="I.6.2")
    assert sector["location_based_kg"] == pytest.approx(own["emissions_kg"].item(), rel=1e-9)


def test_commands_take_a_convention_and_refuse_one_that_was_not_traced(result, operator_only, tmp_path):
    runner = CliRunner()
    book, paper = str(tmp_path / "city.xlsx"), str(tmp_path / "n.json")
    with pytest.raises(InputError, match="must be 'operator'; got 'load'"):
        runner.invoke(app, ["inventory", str(result.path), book, "--convention", "load"], catch_exceptions=False)
    assert not Path(book).exists()
    command = ["statement", str(result.path), paper, "--consumer", "north", "--convention", "load"]
    assert runner.invoke(app, command, catch_exceptions=False).exit_code == 0
    command = ["statement", str(result.path), paper, "--consumer", "north", "--convention", "loda"]
    with pytest.raises(InputError, match=r"this run traced operator, load, generator, average.*did you mean 'load'"):
        runner.invoke(app, command, catch_exceptions=False)
    with pytest.raises(InputError, match="this run traced operator; got 'load'"):
        reconcile_run(operator_only, "load")


def test_a_run_of_one_convention_holds_only_that(operator_only):
    assert set(table(operator_only, "conventions")["convention"]) == {"operator"}
    assert set(operator_only.manifest["conventions"]) == {"operator"}
    assert set(table(operator_only, "origins")["source"]) == set(table(operator_only, "sources")["source"])
    assert set(table(operator_only, "conventions")["stores"]) == {TANK}  # there are none
    assert reconcile_run(operator_only).difference_kg < 1e-3


@pytest.mark.parametrize(
    ("names", "message"),
    [(["load"], "must hold 'operator'"), (["operator", "load", "load"], "must not name a convention twice"),
     (["operator", "lode"], "'operator', 'load', 'generator' or 'average'")],
)  # fmt: skip
def test_a_scenario_must_name_conventions_that_there_are(names, message):
    with pytest.raises(InputError, match=message):
        loaded(carbon={"conventions": names})


def test_words_exist_for_every_convention_of_the_tracing():
    assert get_args(Convention) == CONVENTIONS
    for words in (BEARERS, SENTENCES, LOSS_ENTRY):
        assert tuple(words) == CONVENTIONS


# ---- the page -------------------------------------------------------------------------------------------------------


def test_bars_and_table_hold_every_convention_and_all_emissions(result):
    lines = figures.by_line(table(result, "conventions"))
    wide = figures.side_by_side(lines)
    ledgers = table(result, "convention_ledgers", stores=TANK)
    for name, kg in ledgers.select("convention", "emissions_kg").iter_rows():
        assert 1000 * wide[f"{name} [t]"].sum() == pytest.approx(kg, rel=1e-9)
    chart = figures.convention_bars(lines, "light")
    assert [trace.name.split(":")[0] for trace in chart.data if trace.showlegend] == list(CONVENTIONS)
    beyond = [trace for trace in chart.data if not trace.showlegend]
    assert max(np.abs(beyond[0].x)) == 0  # the operator's differs from itself by nothing
    totals = dict(ledgers.select("convention", "emissions_kg").iter_rows())
    assert sum(beyond[1].x) == pytest.approx((totals["load"] - totals["operator"]) / 1000, abs=5e-3)


def test_the_bridge_from_production_to_consumption_adds_up(result):
    rows = table(result, "views", level="city", convention="operator", stores=TANK)
    bridges = figures.two_views(rows, "dark").data
    assert len(bridges) > 0
    for bridge in bridges:
        assert sum(bridge.y[:-1]) == pytest.approx(bridge.y[-1], rel=1e-6)


def test_the_page_shows_conventions_views_and_origins(result):
    view = View.of({"optimal": result}, {"search": "?result=optimal"})
    words = str(content(view))
    for sentence in SENTENCES.values():
        assert sentence in words
    for title in ("Who bears the losses", "Two views of the city", "Where the power of each sector comes from"):
        assert title in words
    bars = figures.origin_bars(origins_of(view), "light").data
    assert {trace.name for trace in bars} >= {"solar", "import", "stores"}
    assert "Data centre north" in bars[0].y
