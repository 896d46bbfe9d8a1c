"""Hydrogen stations of a run: the same carbon as in the ledger, and a kilogram by hand."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from app.reports.consumers import city_consumers, consumer_names
from app.reports.inventory import export_statement
from app.results.explain import recompute
from app.results.folder import Result
from app.results.run import run_scenario
from app.scenario import check_scenario

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two stations, one of them spread over several buses, and a battery, with steps of an hour."""
    station = {"kind": "hydrogen_station", "electrolyser_mw": 0.5, "tank_kg": 60}
    scenario = {
        "name": "hydrogen", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-01-14", "days": 2, "step_minutes": 60},
        "assets": [
            {"name": "depot", "bus": "Bus 34", "demand_kg_per_day": 120, **station},
            {"name": "works", "where": {"name": "Bus 6?"}, "demand_kg_per_day": 50, "fuel_cell_mw": 0.1, **station},
            {"kind": "battery", "name": "store", "bus": "Bus 60", "p_rated_mw": 1, "e_rated_mwh": 2},
        ],
    }  # fmt: skip
    loaded = check_scenario(scenario, Path(), "hydrogen")
    return run_scenario(loaded, tmp_path_factory.mktemp("hydrogen") / "run")


def test_stations_refuel_the_carbon_of_the_ledger_step_by_step(result: Result) -> None:
    by_step = result.table("hydrogen").group_by("time").agg(pl.col("emissions_kg").sum()).sort("time").collect()
    fuel = result.table("ledger").sort("time").collect()["fuel_kg"]
    assert fuel.sum() > 100
    assert by_step["emissions_kg"].to_list() == pytest.approx(fuel.to_list(), rel=1e-9, abs=1e-9)


def test_stations_refuel_what_is_asked_for(result: Result) -> None:
    stations = result.table("hydrogen_stations").sort("station").collect()
    kg = dict(zip(stations["station"].cast(pl.String), stations["refuelled_kg"], strict=True))
    assert kg == {"depot": pytest.approx(240, rel=0.1), "works": pytest.approx(100, rel=0.1)}
    assert sum(kg.values()) == pytest.approx(result.summary["hydrogen_kg"])
    assert result.summary["hydrogen_emissions_kg_per_kg"] == pytest.approx(
        recompute(result, "hydrogen_emissions_kg_per_kg")
    )


def test_electricity_is_that_of_the_asset(result: Result) -> None:
    assets = result.table("assets").filter(pl.col("asset").cast(pl.String) != "store").collect()
    hydrogen = result.table("hydrogen").collect()
    net = (hydrogen["electricity_mwh"] - hydrogen["fed_in_mwh"]).sum()
    assert net == pytest.approx(assets["p_mw"].sum() * result.summary["step_hours"], rel=1e-9)


def test_a_kilogram_carries_58_kwh_of_the_city_at_the_station(result: Result) -> None:
    """Within what the tank held at first and what half load makes better: 55 + 3 kWh at the intensity of the bus."""
    ci = result.table("assets").filter(pl.col("asset").cast(pl.String) == "depot").collect()
    drawn = ci.filter(pl.col("p_mw") > 0)
    mean = (drawn["p_mw"] * drawn["ci_kg_per_mwh"]).sum() / drawn["p_mw"].sum()
    depot = result.table("hydrogen_stations").filter(pl.col("station").cast(pl.String) == "depot").collect()
    assert depot["emissions_kg_per_kg"].item() == pytest.approx(0.058 * mean, rel=0.15)


def test_a_station_has_a_statement_of_what_it_draws_and_is_no_fleet(result: Result, tmp_path: Path) -> None:
    assert "depot" in consumer_names(result)
    assert "store" not in consumer_names(result)
    assert "depot" not in city_consumers(result)
    rows = result.table("assets").filter(pl.col("asset").cast(pl.String) == "depot", pl.col("p_mw") > 0).collect()
    drawn_kg = (rows["p_mw"] * rows["ci_kg_per_mwh"]).sum() * result.summary["step_hours"]
    document, _ = export_statement(result, "depot", None, tmp_path / "depot.json", "operator")
    assert json.loads(document.read_text())["location_based_kg"] == pytest.approx(drawn_kg, rel=1e-9)


def test_fuel_leaves_with_the_mix_of_the_tank(result: Result) -> None:
    """Where the tank held enough, what is refuelled carries what the tank held."""
    rows = result.table("hydrogen").filter((pl.col("refuelled_kg") > 0) & (pl.col("tank_kg") > 30)).collect()
    assert rows.height > 20
    depot = rows.filter(pl.col("station").cast(pl.String) == "depot")
    assert depot["emissions_kg_per_kg"].to_list() == pytest.approx(depot["tank_kg_per_kg"].to_list(), rel=1e-9)
