from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from app.scenario import check_scenario
from app.twin.fault_rates import read_fault_rates, shipped_rates
from app.twin.maintenance import MaintenanceCase, maintenance_plan
from app.twin.reliability import ReliabilityCase, emergency_kg_per_mwh, supply_reliability
from grid.errors import InputError
from tests.app.command_line import gridcarbon, scenario

FEEDER = "name: feeder\ncity: {network: case33bw}\nperiod: {start: 2030-01-01, days: 1, step_minutes: 60}\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeder")
    content = {"name": "feeder", "city": {"network": "case33bw"}, "period": {"start": "2030-01-01", "days": 1}}
    return check_scenario(content, folder, "feeder")


def test_energy_not_supplied_is_that_of_the_branches_and_of_the_buses(loaded):
    found = supply_reliability(loaded)
    energy_mwh = found.indices.ens_mwh_per_year
    assert energy_mwh > 0
    assert found.branches["ens_mwh_per_year"].sum() == pytest.approx(energy_mwh, rel=1e-12)
    assert found.buses["ens_mwh_per_year"].sum() == pytest.approx(energy_mwh, rel=1e-12)
    assert found.branches["emergency_kg_per_year"].sum() == pytest.approx(
        energy_mwh * emergency_kg_per_mwh(), rel=1e-12
    )
    customers = found.buses["customers"].sum()
    assert found.branches["customer_hours_per_year"].sum() == pytest.approx(
        found.indices.saidi_h_per_year * customers, rel=1e-12
    )
    assert any("secondary" in note for note in found.notes)


def test_customers_weigh_what_is_stated(loaded, tmp_path):
    worst = supply_reliability(loaded).buses.row(0, named=True)
    path = tmp_path / "customers.csv"
    path.write_text(f"bus,customers\n{worst['bus']},40\n")
    found = supply_reliability(loaded, ReliabilityCase(customers=path))
    assert found.indices.saidi_h_per_year == pytest.approx(worst["hours_per_year"], rel=1e-12)


def test_the_shipped_rates_name_their_source():
    table = read_fault_rates(shipped_rates())
    assert table["source"].str.len_chars().min() > 5


def test_all_that_is_wrong_with_a_table_is_said(tmp_path):
    rates = tmp_path / "rates.csv"
    header = "kind,faults_per_km_year,faults_per_year,repair_h,source,status"
    rates.write_text(f"{header}\nline,-1,0,x,,guessed\nline,0,0,1,s,verified\n")
    with pytest.raises(InputError) as caught:
        read_fault_rates(rates)
    places = [fault.place for fault in caught.value.faults]
    assert places == ["faults_per_km_year", "repair_h", "source", "status", "kind"]


def test_the_command_says_indices_and_what_is_assumed(tmp_path):
    out = tmp_path / "buses.parquet"
    run = gridcarbon("twin", "reliability", scenario(tmp_path, FEEDER), "--by", "bus", "--out", out)
    assert run.returncode == 0, run
    assert "SAIFI" in run.stderr
    assert "each bus with demand counts as one customer" in run.stderr
    assert pl.read_parquet(out).height == 32


def test_a_plan_keeps_its_budget_and_old_equipment_comes_first(demo, tmp_path):
    result = demo[0]
    plan = maintenance_plan(result, MaintenanceCase(budget=100_000))
    taken = plan.elements.filter("replace")
    assert taken["cost"].sum() == pytest.approx(plan.spent)
    assert 0 < plan.spent <= 100_000
    told = gridcarbon("twin", "maintenance", result.path, "--budget", "100000", "--out", tmp_path / "plan.csv")
    assert f" for {plan.spent:,.0f} EUR: " in told.stderr
    assert plan.ens_avoided_mwh == pytest.approx(taken["ens_avoided_mwh"].sum())
    one = taken.row(-1, named=True)["element"]
    ages = tmp_path / "ages.csv"
    lines = (f"{name},{0 if name == one else 30}" for name in plan.elements["element"])
    ages.write_text("\n".join(("element,age_years", *lines)))
    older = maintenance_plan(result, MaintenanceCase(budget=100_000, ages=ages))
    assert older.elements.filter(element=one)["replace"].to_list() == [False]  # as good as new
    assert older.ens_avoided_mwh > plan.ens_avoided_mwh
    np.testing.assert_allclose(older.elements.filter(element=one)["health_percent"], 100)


def test_a_wrong_budget_and_wrong_ages_are_refused(demo, tmp_path):
    with pytest.raises(InputError, match=r"--budget.*\n.*--years"):
        maintenance_plan(demo[0], MaintenanceCase(budget=0, years=float("nan")))
    ages = tmp_path / "ages.csv"
    ages.write_text("element,age_years\nMV3.101 Line 94x,-3\n")
    with pytest.raises(InputError, match=r"did you mean 'MV3\.101 Line 94'"):
        maintenance_plan(demo[0], MaintenanceCase(budget=1, ages=ages))
