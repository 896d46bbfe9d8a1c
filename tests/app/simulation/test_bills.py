"""Bills of a run: who draws what stands on exactly one of them, and an account may price the dispatch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.results.folder import Result
from app.results.run import store
from app.scenario import check_scenario
from app.scenario.describe import describe_scenario
from app.simulation import SimulationResult, simulate
from app.simulation.bills import bills
from grid.errors import ScenarioError

pytestmark = pytest.mark.slow

PEAK = {"name": "peak", "times": {"hours": ["16:00-21:00"]}, "price_per_mwh": 400.0}
BY_TIME: dict[str, Any] = {
    "name": "by time", "currency": "EUR", "sources": [{"title": "made up", "status": "unverified"}],
    "energy": [{"name": "energy", "periods": [PEAK, {"name": "rest", "price_per_mwh": 100.0}]}],
    "export": [{"name": "always", "price_per_mwh": 50.0}],
    "demand": [{"name": "peak", "price_per_mw_month": 500.0}],
    "percentages": [{"name": "tax", "percent": 20}],
}  # fmt: skip
ACCOUNTS = [
    {"name": "homes", "tariff": "german_household_2025", "sectors": ["I.6"], "kinds": ["pv"],
     "customers": 500},
    {"name": "cars", "tariff": "german_household_2025", "assets": ["homes' cars"], "module": 2, "customers": 400,
     "one_meter": False},
    {"name": "hall", "tariff": BY_TIME, "data_centres": ["north"], "contracted_mva": 1.0},
]  # fmt: skip
SCENARIO: dict[str, Any] = {
    "name": "bills",
    "city": {"network": "mv_oberrhein"},
    "period": {"start": "2030-01-31", "days": 2, "step_minutes": 60},
    "assets": [
        {"kind": "pv", "name": "roofs", "bus": "Bus 34", "p_peak_mw": 5.0},
        {"kind": "ev_fleet", "name": "homes' cars", "bus": "Bus 35", "vehicles": 400, "place": "home"},
        {"kind": "battery", "name": "store", "bus": "Bus 36", "p_rated_mw": 2.0, "e_rated_mwh": 8.0},
    ],
    "data_centres": [{"name": "north", "bus": "Bus 40", "p_it_rated_mw": 0.5, "deferrable_share": 0.2}],
}


def scenario(**tariff: Any) -> dict[str, Any]:
    return {**SCENARIO, "tariff": tariff}


@pytest.fixture(scope="module")
def outcome() -> SimulationResult:
    return simulate(check_scenario(scenario(accounts=ACCOUNTS), Path(), "bills"))


@pytest.fixture(scope="module")
def result(outcome: SimulationResult, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return store(outcome, tmp_path_factory.mktemp("bills") / "run")


def test_the_bills_sum_to_the_total(result: Result) -> None:
    table = result.table("bills").collect()
    by_account = dict(table.group_by(pl.col("account").cast(pl.String)).agg(pl.col("amount").sum()).iter_rows())
    assert result.summary["bills"] == pytest.approx(sum(by_account.values()))
    for name, amount in by_account.items():
        assert result.summary[f"bills.{name}.amount"] == pytest.approx(amount)
    assert set(by_account) == {"homes", "cars", "hall"}
    assert [each["account"] for each in result.manifest["tariffs"]] == ["homes", "cars", "hall"]
    assert all(source["status"] for each in result.manifest["tariffs"] for source in each["sources"])
    assert table["month"].dt.strftime("%Y-%m-%d").unique().sort().to_list() == ["2030-01-01", "2030-02-01"]


def test_meters_count_what_the_ledger_counts(outcome: SimulationResult) -> None:
    """Loads, cars and the hall draw what the energy ledger has as consumption, cars net at the meter."""
    homes, cars, hall = bills(outcome)
    hours = outcome.inputs.clock.step_hours
    roofs = -outcome.p_mw["roofs"].sum() * hours
    drawn = homes.drawn_mwh - homes.fed_in_mwh + roofs + cars.drawn_mwh - cars.fed_in_mwh + hall.drawn_mwh
    city = outcome.inputs.loaded.city
    generators = city.generators.p_mw()[:, city.network.buses.node[city.generators.bus] >= 0]
    assert generators.min() >= 0
    assert drawn == pytest.approx(outcome.accounts.energy.consumption_mwh.sum(), rel=1e-9)
    assert hall.drawn_mwh == pytest.approx(outcome.facilities["north"].p_total_mw.sum() * hours)
    energy = [line for line in cars.lines if line.item == "grid work price"]
    assert sum(line.amount for line in energy) == pytest.approx(0.4 * 86.2 * cars.drawn_mwh)


def test_a_scenario_without_accounts_has_no_bills_and_its_hash_is_as_before() -> None:
    plain = check_scenario(SCENARIO, Path(), "plain").scenario
    assert "accounts" not in plain.as_yaml()
    assert plain.sha256 == check_scenario(scenario(accounts=[]), Path(), "none").scenario.sha256


def test_check_says_who_pays_by_what() -> None:
    loaded = check_scenario(scenario(accounts=ACCOUNTS), Path(), "bills")
    words = "account    homes: 2 members by Household, low voltage of EWW Wanfried, 2025 (secondary, unverified)"
    assert words in describe_scenario(loaded)


def test_an_account_prices_the_dispatch() -> None:
    """The battery discharges at the tariff's peak, and `cost` is by the tariff, taxes included."""
    accounts = [{**ACCOUNTS[2], "data_centres": ["north"]}]
    raw = scenario(accounts=accounts, dispatch_account="hall") | {"dispatch": {"strategy": "optimal"}}
    raw |= {"assets": SCENARIO["assets"][2:]}
    found = simulate(check_scenario(raw, Path(), "priced"))
    at_peak = np.isin((np.arange(48) + 1) % 24, np.arange(16, 21))  # Berlin in winter
    np.testing.assert_allclose(found.inputs.import_price_per_mwh, np.where(at_peak, 480.0, 120.0))
    np.testing.assert_allclose(found.inputs.export_price_per_mwh, 50.0)
    assert found.inputs.prices.demand_per_mw_month == pytest.approx(600.0)
    assert found.p_mw["store"][at_peak].sum() < -6.0
    assert found.p_mw["store"][~at_peak].sum() > 6.0


@pytest.mark.parametrize(
    ("accounts", "messages"),
    [
        ([{**ACCOUNTS[0], "tariff": "german_houshold_2025"}],
         ["tariff.accounts[0].tariff: no such tariff", "did you mean 'german_household_2025'"]),
        ([{**ACCOUNTS[0], "sectors": ["III.9"]}], ["no sector called 'III.9' in this city"]),
        ([ACCOUNTS[0], {**ACCOUNTS[1], "kinds": ["pv"]}], ["asset 'roofs' is in account 'homes' too"]),
        ([{**ACCOUNTS[2], "module": 1}], ["the tariff has no reductions"]),
        ([{**ACCOUNTS[2], "tariff": "tokyo_c_2024", "contracted_mva": None}],
         ["is in JPY, the scenario in EUR", "contracted_mva: is required"]),
        ([{**ACCOUNTS[2], "tariff": {**BY_TIME, "energy": [{"name": "e", "periods": [PEAK]}]}}],
         ["has no price on monday 00:00"]),
        ([{"name": "x", "tariff": BY_TIME}], ["needs at least one of 'sectors'"]),
    ],
)  # fmt: skip
def test_all_faults_of_accounts_are_told(accounts: list[dict[str, Any]], messages: list[str]) -> None:
    with pytest.raises(ScenarioError) as error:
        check_scenario(scenario(accounts=accounts), Path(), "faulty")
    for message in messages:
        assert message in str(error.value)


def test_what_no_dispatch_can_follow_is_refused() -> None:
    accounts = [{**ACCOUNTS[2], "tariff": "industrial_time_of_use"}]
    with pytest.raises(ScenarioError) as error:
        check_scenario(scenario(accounts=accounts, dispatch_account="hall"), Path(), "faulty")
    assert "'highest of the month' has a ratchet" in str(error.value)
    assert "'highest in winter evenings' counts peaks of certain hours only" in str(error.value)


def test_faults_of_a_tariff_file_name_its_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\ncurrency: EUR\nsources: [{title: me, status: sure}]\nenergi: []\n")
    with pytest.raises(ScenarioError) as error:
        check_scenario(scenario(accounts=[{**ACCOUNTS[0], "tariff": "mine.yaml"}]), tmp_path, "faulty")
    assert "mine.yaml: line 3: sources[0].status: must be one of" in str(error.value)
    assert "mine.yaml: line 4: energi: unknown key; did you mean 'energy'" in str(error.value)
