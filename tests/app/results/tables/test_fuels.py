"""All fuel burnt in a run: by electricity, heat and tests, in the tables, the inventory and the key figures."""

from __future__ import annotations

import polars as pl
import pytest

from app.reports.inventory import city_inventory
from app.results.folder import Result
from carbon.inventory import InventoryLine

pytestmark = pytest.mark.slow

GAS_KG_PER_MWH = 3.6 * 56.1
"""IPCC 2006, natural gas."""


@pytest.fixture(scope="module")
def result(fuel_result: Result) -> Result:
    return fuel_result


def burnt(result: Result, asset: str, use: str) -> tuple[float, float, float]:
    text = {name: pl.col(name).cast(pl.String) for name in ("asset", "use")}
    rows = result.table("fuels").with_columns(**text).filter(pl.col("asset") == asset, pl.col("use") == use)
    return rows.select(pl.col("energy_mwh", "emissions_kg", "biogenic_kg").sum()).collect().row(0)


def electricity_mwh(result: Result, asset: str) -> float:
    rows = result.table("assets").filter(pl.col("asset").cast(pl.String) == asset)
    return -float(rows.select(pl.col("p_mw").sum()).collect().item()) * result.summary["step_hours"]


def lines(result: Result) -> dict[str, list[InventoryLine]]:
    found: dict[str, list[InventoryLine]] = {}
    for line in city_inventory(result).lines:
        found.setdefault(line.code.code, []).append(line)
    return found


def test_both_uses_of_an_engine_sum_to_all_that_it_burns(result: Result) -> None:
    uses = [burnt(result, "works", use) for use in ("electricity", "heat")]
    fuel_mwh = electricity_mwh(result, "works") / 0.38
    assert fuel_mwh > 1
    assert sum(use[0] for use in uses) == pytest.approx(fuel_mwh, rel=1e-9)
    assert sum(use[1] for use in uses) == pytest.approx(fuel_mwh * GAS_KG_PER_MWH, rel=1e-9)
    assert uses[1][0] / fuel_mwh == pytest.approx(0.48 / 0.9)  # what the boiler would have burnt


def test_the_electricity_of_engines_has_the_carbon_of_its_source(result: Result) -> None:
    own = result.table("sources").filter(pl.col("source").cast(pl.String) == "gas")
    traced_kg = own.select(pl.col("emissions_kg").sum()).collect().item()
    assert burnt(result, "works", "electricity")[1] == pytest.approx(traced_kg, rel=1e-9)


def test_territorial_scope_1_holds_all_fuel_burnt(result: Result) -> None:
    table = result.table("fuels").select(pl.col("emissions_kg", "biogenic_kg").sum()).collect()
    inventory = city_inventory(result)
    assert inventory.territorial_kg == pytest.approx(table["emissions_kg"].item(), rel=1e-9)
    assert inventory.biogenic_kg == pytest.approx(table["biogenic_kg"].item(), rel=1e-9)
    assert inventory.basic_plus_kg == pytest.approx(
        1000 * result.summary["emissions_t"]
        + burnt(result, "works", "heat")[1]
        + burnt(result, "hall", "generator tests")[1],
        rel=1e-9,
    )


def test_heat_is_a_line_of_the_sector_that_uses_it(result: Result) -> None:
    by_code = lines(result)
    assert [line.name for line in by_code["I.1.1"]] == ["works: natural gas for heat"]
    assert [line.name for line in by_code["I.6.1"]] == ["farm: biogas for heat"]
    assert by_code["I.6.1"][0].co2e_kg == 0
    assert by_code["I.6.1"][0].biogenic_kg == pytest.approx(by_code["I.6.1"][0].activity * 3.6 * 54.6)


def test_tests_of_generators_are_in_the_books_and_in_both_cues(result: Result) -> None:
    hours = 2.0 * 24 / 730  # an hour a month
    litres = hours * 0.5 * 2.0 * 1000 * 0.27
    mwh, kg, _ = burnt(result, "hall", "generator tests")
    assert mwh == pytest.approx(litres * 0.01)
    assert kg == pytest.approx(litres * 2.66155)
    (line,) = lines(result)["I.2.1"]
    assert line.co2e_kg == pytest.approx(kg)
    metric = result.manifest["data_centre_metrics"]["hall"]
    assert result.summary["data_centres.hall.cue_kg_per_kwh"] == pytest.approx(metric["cue"]["value"], rel=1e-11)
    assert 1000 * result.summary["data_centres.hall.emissions_t"] == pytest.approx(
        metric["emissions"]["value"], rel=1e-11
    )
