"""The factors that a result names are those that it used: its emissions follow from them alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.results.explain import why
from app.results.folder import Result
from app.results.used_factors import unverified_words
from app.simulation.phases import SimulationResult
from carbon.factors import load_factor_set
from carbon.factors.used import published
from carbon.upstream import load_region
from carbon.upstream.market.factors import region_factors
from carbon.upstream.market.storage import DAY, carried_over, windows_of
from grid.arrays import Floats

pytestmark = pytest.mark.slow


def values_of(factors: list[Mapping[str, Any]], use: str) -> dict[str, float]:
    return {one["name"]: one["value_kg_per_mwh"] for one in factors if one["use"] == use}


def imported_ci(outcome: SimulationResult, listed: Mapping[str, float]) -> Floats:
    """Intensity of imports by the listed factors: what storage delivers carries what it took, day by day."""
    upstream = outcome.inputs.upstream
    kg_per_h, made_mw = np.zeros((2, upstream.clock.n_steps))
    delivered_mw = np.zeros(upstream.clock.n_steps)
    for name, p_mw in zip(upstream.technologies, upstream.p_mw.T, strict=True):
        if name in listed:
            kg_per_h, made_mw = kg_per_h + listed[name] * p_mw, made_mw + p_mw
        else:
            delivered_mw = delivered_mw + p_mw
    mix = kg_per_h / (made_mw + delivered_mw)
    stored = carried_over(mix, upstream.storage_charge_mw, delivered_mw, windows_of(upstream.clock, DAY))
    return (kg_per_h + delivered_mw * stored) / (made_mw + delivered_mw)


def test_the_emissions_of_a_run_follow_from_the_factors_that_it_lists(
    fuel_outcome: SimulationResult, fuel_result: Result
) -> None:
    listed = fuel_result.manifest["factors"]
    ci = imported_ci(fuel_outcome, values_of(listed, "imports"))
    np.testing.assert_allclose(ci, fuel_outcome.inputs.upstream.ci_kg_per_mwh, rtol=1e-12)
    local = values_of(listed, "local generation")
    assets = fuel_result.table("assets").with_columns(pl.col("asset").cast(pl.String)).collect()
    of_asset = {"works": "works", "farm": "biomass", "roofs": "solar", "hall: PV": "solar"}
    kg = 1000 * (fuel_result.table("ledger").select("import_mwh").collect().to_numpy().ravel() @ ci) / 1000
    for asset, factor in of_asset.items():
        fed_in = -float(assets.filter(pl.col("asset") == asset, pl.col("p_mw") < 0)["p_mw"].sum())
        assert fed_in > 0
        kg += fed_in * local[factor]
    assert fuel_result.summary["emissions_source_t"] == pytest.approx(kg / 1000, rel=1e-9)
    tests = fuel_result.table("fuels").filter(pl.col("use").cast(pl.String) == "generator tests")
    mwh, tests_kg = tests.select(pl.col("energy_mwh", "emissions_kg").sum()).collect().row(0)
    assert tests_kg == pytest.approx(mwh * values_of(listed, "generator tests")["hall"], rel=1e-9)


def test_what_was_not_used_is_not_listed(fuel_outcome: SimulationResult, fuel_result: Result) -> None:
    """Lignite and hard coal have the heat rates of the region's fleets, not the values of the set."""
    listed = fuel_result.manifest["factors"]
    assert {one["use"] for one in listed} == {"imports", "local generation", "generator tests"}
    by_name = {one["name"]: one for one in listed if one["use"] == "imports"}
    region = load_region("reference")
    for technology in region.technologies:
        if technology.fleet_efficiency is None:
            continue
        own = technology.fuel.co2_kg_per_mwh_th / technology.fleet_efficiency
        assert by_name[technology.name]["value_kg_per_mwh"] == pytest.approx(own, rel=1e-12)
        assert f"{technology.fleet_efficiency:g} net efficiency" in by_name[technology.name]["derivation"]
        assert by_name[technology.name]["status"] == "unverified"
        assert own != pytest.approx(fuel_outcome.inputs.factors.value(technology.factor), rel=1e-3)
    assert {round(by_name[name]["value_kg_per_mwh"], 1) for name in ("lignite", "hard_coal")} == {1061.3, 801.8}
    assert not {"petrol", "diesel", "grid", "nuclear"} & {one["technology"] for one in by_name.values()}
    told = [*fuel_result.manifest["notes"], *fuel_result.manifest["basis"]["caveats"]]
    assert not any("Unverified factors" in sentence for sentence in told)
    sources = {one["source"] for one in listed}
    assert {one["source"] for one in fuel_result.manifest["factor_sets"]} == sources
    assert why(fuel_result, "emissions_t").factors == tuple(listed)


def test_a_life_cycle_factor_of_a_fleet_is_its_heat_rate_and_the_chain_of_the_set() -> None:
    factors, region = load_factor_set(), load_region("reference")
    used = region_factors(region, factors, "lifecycle")
    lignite = next(one for one in used if one is not None and one.name == "lignite")
    assert lignite.value_kg_per_mwh == pytest.approx(407 / 0.3835 + 60, rel=1e-9)
    assert "+ 60 kg/MWh of the chain" in lignite.derivation
    assert lignite.gas == "CO2e"


def test_unverified_rows_that_were_used_are_told() -> None:
    factors = load_factor_set()
    rows = [published(name, "imports", factors.find(name)) for name in ("lignite", "solar")]
    assert unverified_words(tuple(rows), factors.name) == ("Unverified factors of germany_2023, used here: lignite.",)
    assert unverified_words(tuple(rows[1:]), factors.name) == ()
